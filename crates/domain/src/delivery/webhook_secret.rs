//! The secret with which the webhooks of an endpoint are signed, as Standard Webhooks says
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).

use crate::{Invalid, text::not_blank};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;

const PREFIX: &str = "whsec_";

/// A secret that is shared with a receiver. It is written as `whsec_` and its bytes in base64.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Vec<u8>);

impl WebhookSecret {
    /// The fewest bytes of a secret.
    pub const MIN_BYTES: usize = 24;

    /// The most bytes of a secret.
    pub const MAX_BYTES: usize = 64;

    /// Makes a secret from 32 random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(bytes.to_vec())
    }

    /// Wraps the bytes of a secret, such as stored ones.
    ///
    /// # Errors
    /// [`Invalid::WebhookSecret`] unless there are 24 to 64 bytes.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, Invalid> {
        if (Self::MIN_BYTES..=Self::MAX_BYTES).contains(&bytes.len()) {
            Ok(Self(bytes))
        } else {
            Err(Invalid::WebhookSecret)
        }
    }

    /// Parses a secret as [`reveal`](Self::reveal) writes it.
    ///
    /// # Errors
    /// [`Invalid::Missing`] if the text is blank, or [`Invalid::WebhookSecret`] if it is no secret of 24 to 64 bytes.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        not_blank(text)?;
        let bytes = text
            .strip_prefix(PREFIX)
            .and_then(|text| STANDARD.decode(text).ok());
        Self::from_bytes(bytes.ok_or(Invalid::WebhookSecret)?)
    }

    /// The secret as it is shown to its owner.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The signature of a webhook: `v1,` and the HMAC-SHA256 of `{id}.{timestamp}.{body}` in base64. The id must have
    /// no full stop, so that no other webhook has the same signature.
    #[must_use]
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "HMAC takes a key of any length"
    )]
    pub fn sign(&self, id: &str, timestamp_seconds: i64, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key");
        mac.update(format!("{id}.{timestamp_seconds}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_published_library_makes_the_same_signature() {
        // The example of the libraries of Standard Webhooks.
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = secret.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn the_format_is_fixed() {
        // Receivers keep secrets for years, so this literal may not change.
        let secret = WebhookSecret::from_random([7; 32]);
        assert_eq!(
            secret.reveal(),
            "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="
        );
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        let of = |length: usize| format!("whsec_{}", STANDARD.encode(vec![7; length]));
        assert_eq!(WebhookSecret::parse(" "), Err(Invalid::Missing));
        for text in [
            of(23),
            of(65),
            of(32).replace("whsec_", ""),
            of(32).replace("whsec_", "whpk_"),
            of(32).replace('=', ""),
            format!("{} ", of(24)),
            "whsec_".to_owned(),
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-_".to_owned(),
        ] {
            assert_eq!(WebhookSecret::parse(&text), Err(Invalid::WebhookSecret), "{text}");
        }
        assert!(WebhookSecret::parse(&of(24)).is_ok() && WebhookSecret::parse(&of(64)).is_ok());
    }

    proptest! {
        #[test]
        fn a_secret_is_read_back(bytes in prop::collection::vec(any::<u8>(), 24..=64)) {
            let secret = WebhookSecret::from_bytes(bytes.clone()).unwrap();
            prop_assert_eq!(WebhookSecret::parse(&secret.reveal()), Ok(secret.clone()));
            prop_assert_eq!(secret.as_bytes(), bytes);
            prop_assert_eq!(format!("{secret:?}"), "WebhookSecret(…)");
        }

        #[test]
        fn the_published_library_agrees(
            bytes in any::<[u8; 32]>(),
            id in "[A-Za-z0-9_-]{1,40}",
            timestamp in 0_i64..=i64::from(u32::MAX),
            body in any::<String>(),
        ) {
            let secret = WebhookSecret::from_random(bytes);
            let published = standardwebhooks::Webhook::new(&secret.reveal()).unwrap();
            let expected = published.sign(&id, timestamp, body.as_bytes()).unwrap();
            prop_assert_eq!(secret.sign(&id, timestamp, body.as_bytes()), expected);
        }

        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = WebhookSecret::parse(&text);
        }
    }
}
