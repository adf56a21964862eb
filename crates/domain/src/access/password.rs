//! Passwords, in plain text and as they are stored.

use crate::{Invalid, text};
use std::fmt;

/// A password in plain text. It is never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainPassword(String);

impl PlainPassword {
    /// The fewest characters. (NIST SP 800-63B asks for length, not for kinds of characters.)
    pub const MIN_CHARS: usize = 10;
    /// The most characters, so that nobody keeps the server busy with a long one.
    pub const MAX_CHARS: usize = 200;

    /// A new password, which must be long enough. (What is given at sign-in is not checked: see
    /// [`given`](Self::given).)
    ///
    /// # Errors
    /// [`Invalid::Missing`], [`Invalid::TooShort`] or [`Invalid::TooLong`].
    pub fn chosen(password: impl Into<String>) -> Result<Self, Invalid> {
        let password = password.into();
        text::check(&password, Self::MAX_CHARS)?;
        if password.chars().count() < Self::MIN_CHARS {
            return Err(Invalid::TooShort { min: Self::MIN_CHARS });
        }
        Ok(Self(password))
    }

    /// What somebody gives to sign in. Returns `None` if it is longer than every password.
    #[must_use]
    pub fn given(password: impl Into<String>) -> Option<Self> {
        let password = password.into();
        (password.chars().count() <= Self::MAX_CHARS).then_some(Self(password))
    }

    /// The password in plain text, to be hashed.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PlainPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainPassword(…)")
    }
}

/// A password as it is stored: an Argon2id hash in the PHC string format, which has its salt and its parameters.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps an Argon2id hash. Returns `None` for any other text.
    #[must_use]
    pub fn new(hash: impl Into<String>) -> Option<Self> {
        let hash = hash.into();
        hash.starts_with("$argon2id$").then_some(Self(hash))
    }

    /// The PHC string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_enough_and_not_too_long() {
        assert_eq!(PlainPassword::chosen("  "), Err(Invalid::Missing));
        assert_eq!(
            PlainPassword::chosen("123456789"),
            Err(Invalid::TooShort { min: 10 })
        );
        assert!(PlainPassword::chosen("סיסמה ארוכה").is_ok());
        assert_eq!(
            PlainPassword::chosen("x".repeat(201)),
            Err(Invalid::TooLong { max: 200 })
        );
        assert!(PlainPassword::given("short").is_some());
        assert!(PlainPassword::given("x".repeat(201)).is_none());
    }

    #[test]
    fn debug_shows_nothing() {
        let shown = format!(
            "{:?} {:?}",
            PlainPassword::given("secret"),
            PasswordHash::new("$argon2id$secret")
        );
        assert_eq!(shown, "Some(PlainPassword(…)) Some(PasswordHash(…))");
        assert!(PasswordHash::new("$2b$12$secret").is_none());
    }
}
