//! Accounts: one account is one business. Every API key and every row belongs to exactly one.

use crate::{Invalid, Refusal, Timestamp, ids::id_type, text::text_type};

id_type! {
    /// The id of an [`Account`].
    AccountId
}

text_type! {
    /// The display name of a business.
    AccountName, 200, single line
}

/// The name by which operators refer to an account: 1 to 63 lowercase letters, digits and hyphens, as in a DNS label
/// (RFC 1123).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AccountSlug(String);

impl AccountSlug {
    /// Accepts a slug, unchanged.
    ///
    /// # Errors
    /// [`Invalid::Slug`] if the text is not a slug.
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

    /// The slug as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `default`: the account that is created on the first start.
impl Default for AccountSlug {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

/// A business with its own data and its own keys: the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The account's id.
    pub id: AccountId,
    /// Unique in the store.
    pub slug: AccountSlug,
    /// The display name.
    pub name: AccountName,
    /// When it was created.
    pub created_at: Timestamp,
}

/// Why an account can't be created.
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
