//! API keys in plain text: `cg_live_`, 256 random bits in base62, and a checksum. The checksum lets the server refuse a
//! typo or a foreign string without a look-up. The fixed format lets secret scanners find a leaked key.
//!
//! The plain key and its digest are different types: only the digest can be stored, and `Debug` of the plain key shows
//! nothing. A plain SHA-256 is enough, because 256-bit random values can't be found with a dictionary.

use sha2::{Digest, Sha256};
use std::fmt;

const PREFIX: &str = "cg_live_";
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 62^43 > 2^256, so 43 digits hold every secret.
const SECRET_CHARS: usize = 43;
/// 62^6 > 2^32, so 6 digits hold every checksum.
const CHECKSUM_CHARS: usize = 6;

/// An API key in plain text. It is shown to its owner once and never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainApiKey(String);

impl PlainApiKey {
    /// Makes a key from 32 random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 32]) -> Self {
        let mut key = format!("{PREFIX}{}", base62::<SECRET_CHARS>(&bytes));
        key.push_str(&checksum(&key));
        Self(key)
    }

    /// Parses what a client sent. Returns `None` if it can't be a key: the format is wrong, or the checksum doesn't
    /// match.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (key, sum) = text.split_at_checked(PREFIX.len() + SECRET_CHARS)?;
        let secret = key.strip_prefix(PREFIX)?;
        (secret.bytes().all(|byte| byte.is_ascii_alphanumeric()) && checksum(key) == sum)
            .then(|| Self(text.to_owned()))
    }

    /// The digest, which is what the store keeps.
    #[must_use]
    pub fn digest(&self) -> ApiKeyDigest {
        ApiKeyDigest(Sha256::digest(&self.0).into())
    }

    /// The key in plain text, to be shown to its owner.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PlainApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainApiKey(…)")
    }
}

fn checksum(key: &str) -> String {
    base62::<CHECKSUM_CHARS>(&crc32fast::hash(key.as_bytes()).to_be_bytes())
}

/// Writes the big-endian number `bytes` in `WIDTH` base62 digits. `WIDTH` must be large enough for every number of that
/// length.
pub(super) fn base62<const WIDTH: usize>(bytes: &[u8]) -> String {
    let mut number = bytes.to_vec();
    let mut digits = [b'0'; WIDTH];
    for digit in digits.iter_mut().rev() {
        let remainder = number.iter_mut().fold(0_u16, |carry, byte| {
            let value = carry << 8 | u16::from(*byte);
            *byte = (value / 62).to_le_bytes()[0];
            value % 62
        });
        *digit = BASE62[usize::from(remainder)];
    }
    digits.iter().copied().map(char::from).collect()
}

/// The SHA-256 digest of a [`PlainApiKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ApiKeyDigest([u8; 32]);

impl ApiKeyDigest {
    /// Wraps a stored digest.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_format_is_fixed() {
        // A key that was handed out must stay valid for ever, so this literal may not change.
        assert_eq!(
            PlainApiKey::from_random([7; 32]).reveal(),
            "cg_live_1fJjkkpe9PiTw9KSulA8Ghct30vZz4HpdQ5c5b9cPF10k1n8m"
        );
    }

    #[test]
    fn debug_shows_nothing() {
        let key = PlainApiKey::from_random([7; 32]);
        assert_eq!(format!("{key:?}"), "PlainApiKey(…)");
    }

    proptest! {
        #[test]
        fn a_fresh_key_is_read_back(bytes in any::<[u8; 32]>()) {
            let key = PlainApiKey::from_random(bytes);
            let again = PlainApiKey::parse(key.reveal()).unwrap();
            prop_assert_eq!(again.digest(), key.digest());
        }

        #[test]
        fn one_changed_character_is_noticed(bytes in any::<[u8; 32]>(), at in 0_usize..57, to in "[0-9A-Za-z_]") {
            let key = PlainApiKey::from_random(bytes);
            let mut typo = key.reveal().to_owned();
            typo.replace_range(at..=at, &to);
            prop_assert_eq!(PlainApiKey::parse(&typo).is_some(), typo == key.reveal());
        }

        #[test]
        fn a_foreign_string_is_no_key(text in any::<String>()) {
            prop_assert!(PlainApiKey::parse(&text).is_none());
        }
    }
}
