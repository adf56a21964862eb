//! Sealing with AES-256-GCM-SIV (RFC 8452).

use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use chatgrow_ports::Seal;

/// Seals bytes. With this cipher, a nonce that is used again reveals no more than that the same bytes were sealed, which
/// is what the port promises. So it is always the same.
pub(crate) struct AesGcmSivSeal;

fn cipher(key: &[u8; 32]) -> (Aes256GcmSiv, Nonce) {
    (Aes256GcmSiv::new(key.into()), Nonce::default())
}

impl Seal for AesGcmSivSeal {
    #[expect(clippy::expect_used, reason = "only texts of many gigabytes can't be sealed")]
    fn seal(&self, key: &[u8; 32], context: &[u8], bytes: &[u8]) -> Vec<u8> {
        let (cipher, nonce) = cipher(key);
        let payload = Payload {
            msg: bytes,
            aad: context,
        };
        cipher.encrypt(&nonce, payload).expect("it is short")
    }

    fn open(&self, key: &[u8; 32], context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (cipher, nonce) = cipher(key);
        let payload = Payload {
            msg: sealed,
            aad: context,
        };
        cipher.decrypt(&nonce, payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_and_context_only() {
        let (key, other) = ([1; 32], [2; 32]);
        let sealed = AesGcmSivSeal.seal(&key, b"account", b"place");
        assert_eq!(sealed.len(), 5 + 16);
        assert_eq!(sealed, AesGcmSivSeal.seal(&key, b"account", b"place"));
        assert_eq!(AesGcmSivSeal.open(&key, b"account", &sealed).unwrap(), b"place");
        assert_eq!(AesGcmSivSeal.open(&other, b"account", &sealed), None);
        assert_eq!(AesGcmSivSeal.open(&key, b"another", &sealed), None);
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert_eq!(AesGcmSivSeal.open(&key, b"account", &changed), None, "{index}");
        }
    }
}
