//! HMAC-SHA256, made and compared.

use chatgrow_domain::NoticeSecret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The HMAC of several parts, one after the other.
fn mac(key: &[u8], parts: &[&[u8]]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key");
    for part in parts {
        mac.update(part);
    }
    mac
}

/// The bytes of the HMAC of several parts.
pub(crate) fn sign(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    mac(key, parts).finalize().into_bytes().to_vec()
}

/// Whether one of the keys has made one of the signatures. How long that takes doesn't tell how much of one is right.
pub(crate) fn is_signed(
    mut keys: impl Iterator<Item = Vec<u8>>,
    parts: &[&[u8]],
    signatures: &[Vec<u8>],
) -> bool {
    keys.any(|key| {
        // Once for each key: there may be thousands of signatures.
        let mac = mac(&key, parts);
        signatures
            .iter()
            .any(|signature| mac.clone().verify_slice(signature).is_ok())
    })
}

/// The keys of secrets whose text is the key.
pub(crate) fn text_keys(secrets: &[NoticeSecret]) -> impl Iterator<Item = Vec<u8>> {
    secrets.iter().map(|secret| secret.reveal().as_bytes().to_vec())
}
