//! Payment systems, and the ids that they give.

use crate::{Invalid, text::text_type};

text_type! {
    /// The id that a payment system has given to a payment or a refund.
    ExternalId, 200, single line
}

/// The name of a payment system, such as `stripe` or `cash`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Provider(String);

impl Provider {
    /// The maximum length in characters.
    pub const MAX_CHARS: usize = 40;

    /// Accepts a name.
    ///
    /// # Errors
    /// [`Invalid::Missing`] if it is blank, or [`Invalid::Provider`] unless it is 1 to 40 lowercase letters, digits,
    /// hyphens or underscores.
    pub fn new(name: impl Into<String>) -> Result<Self, Invalid> {
        let name = name.into();
        crate::text::not_blank(&name)?;
        let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        if name.len() <= Self::MAX_CHARS && name.bytes().all(fits) {
            Ok(Self(name))
        } else {
            Err(Invalid::Provider)
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_a_short_word() {
        assert!(Provider::new("grow-il_2").is_ok());
        for name in ["Stripe", "a b", "é", "x".repeat(41).as_str()] {
            assert_eq!(Provider::new(name), Err(Invalid::Provider), "{name}");
        }
        assert_eq!(Provider::new(" "), Err(Invalid::Missing));
    }
}
