//! Accounts: one account is one business. Every API key and every row belongs to exactly one.

use crate::{AccountId, Invalid, Refusal, Timestamp, text::text_type};

text_type! {
    /// What people call the business.
    AccountName, 200, single line
}

/// What operators type to name an account: 1 to 63 lowercase letters, digits and hyphens, as in a DNS label (RFC 1123).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AccountSlug(String);

impl AccountSlug {
    /// Takes the slug as it is.
    ///
    /// # Errors
    /// [`Invalid::Slug`] where it is none.
    pub fn new(slug: impl Into<String>) -> Result<Self, Invalid> {
        let slug = slug.into();
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=63).contains(&slug.len())
            && !slug.starts_with('-')
            && !slug.ends_with('-')
            && slug.bytes().all(allowed)
        {
            Ok(Self(slug))
        } else {
            Err(Invalid::Slug)
        }
    }

    /// The slug.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `default`: the account that the first start creates.
impl Default for AccountSlug {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

/// A business with its own data and its own keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Unique in the store.
    pub slug: AccountSlug,
    /// What people call it.
    pub name: AccountName,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Why an account is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccountRefusal {
    /// Another account has the slug.
    #[error("the slug is taken")]
    SlugTaken,
}

impl Refusal for AccountRefusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_a_dns_label() {
        for slug in ["default", "a", "studio-7", "7"] {
            assert!(AccountSlug::new(slug).is_ok(), "{slug}");
        }
        for slug in ["", "-a", "a-", "A", "a b", "סטודיו", "a_b", &"a".repeat(64)] {
            assert_eq!(AccountSlug::new(slug), Err(Invalid::Slug), "{slug}");
        }
    }
}
