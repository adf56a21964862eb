//! Passwords are hashed with Argon2id.

use argon2::{
    Argon2, PasswordHasher, PasswordVerifier,
    password_hash::phc::{self, Salt},
};
use async_trait::async_trait;
use chatgrow_domain::{PasswordHash, PlainPassword};
use chatgrow_ports::{Passwords, Randomness, StoreError};
use std::{
    panic,
    sync::{Arc, LazyLock},
};
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::system::OsRandomness;

/// How many hashes are computed at once. Each takes 19 MiB and some 30 ms of a processor.
const AT_ONCE: usize = 2;

/// How many may be computed or wait. A further one is refused, so that guesses can't make others wait for long.
const MOST: usize = 16;

/// What a password is compared with if there is no hash: that of a password that nobody knows.
static NOBODY: LazyLock<PasswordHash> = LazyLock::new(|| hash(&random_bytes()));

/// Argon2id with the parameters that OWASP recommends (the crate's default): 19 MiB, two passes, one lane.
pub(crate) struct Argon2Passwords {
    computing: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
}

impl Default for Argon2Passwords {
    fn default() -> Self {
        Self {
            computing: Arc::new(Semaphore::new(AT_ONCE)),
            admitted: Arc::new(Semaphore::new(MOST)),
        }
    }
}

impl Argon2Passwords {
    /// Computes on a thread for blocking work. The computation goes on if the caller's future is dropped, so it keeps
    /// the permits.
    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let admitted = self.admitted.clone().try_acquire_owned();
        let admitted =
            admitted.map_err(|_| StoreError::unavailable("too many passwords are being checked"))?;
        let permit = self.computing.clone().acquire_owned().await;
        let computed = spawn_blocking(move || {
            let _permits = (admitted, permit);
            work()
        });
        match computed.await {
            Ok(computed) => Ok(computed),
            // The runtime doesn't cancel it, so it has panicked.
            Err(error) => panic::resume_unwind(error.into_panic()),
        }
    }
}

#[async_trait]
impl Passwords for Argon2Passwords {
    async fn hash(&self, password: PlainPassword) -> Result<PasswordHash, StoreError> {
        self.compute(move || hash(password.reveal().as_bytes())).await
    }

    async fn verify(
        &self,
        password: PlainPassword,
        stored: Option<PasswordHash>,
    ) -> Result<bool, StoreError> {
        self.compute(move || {
            let compared = stored.as_ref().unwrap_or(&NOBODY);
            let parsed = phc::PasswordHash::new(compared.as_str());
            let same = parsed.is_ok_and(|parsed| {
                Argon2::default()
                    .verify_password(password.reveal().as_bytes(), &parsed)
                    .is_ok()
            });
            same && stored.is_some()
        })
        .await
    }
}

#[expect(
    clippy::expect_used,
    reason = "it fails for passwords of gigabytes and for salts of other lengths only"
)]
fn hash(password: &[u8]) -> PasswordHash {
    let salt: [u8; 16] = *random_bytes().first_chunk().expect("16 of 32 bytes");
    let salt = Salt::new(&salt).expect("a salt may have 16 bytes");
    let hashed = Argon2::default()
        .hash_password_with_salt(password, &salt)
        .expect("the parameters are valid");
    PasswordHash::new(hashed.to_string()).expect("Argon2id is the default")
}

fn random_bytes() -> [u8; 32] {
    OsRandomness.secret()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> PlainPassword {
        PlainPassword::chosen(text).unwrap()
    }

    #[tokio::test]
    async fn a_password_is_verified_by_its_hash_alone() {
        let passwords = Argon2Passwords::default();
        let one = passwords.hash(password("correct horse")).await.unwrap();
        let another = passwords.hash(password("correct horse")).await.unwrap();
        assert_ne!(one, another, "each hash has a salt of its own");
        assert!(
            one.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{}",
            one.as_str()
        );
        let verify = async |given: &str, stored| passwords.verify(password(given), stored).await.unwrap();
        assert!(verify("correct horse", Some(one.clone())).await);
        assert!(!verify("correct horses", Some(one)).await);
        assert!(!verify("correct horse", None).await);
        assert!(!verify("correct horse", PasswordHash::new("$argon2id$v=19$damaged")).await);
    }

    #[tokio::test]
    async fn too_many_at_once_are_refused() {
        let passwords = Argon2Passwords::default();
        let attempts = (0..MOST + 3).map(|_| passwords.verify(password("correct horse"), None));
        let outcomes = futures_util::future::join_all(attempts).await;
        let refused = outcomes.iter().filter(|outcome| outcome.is_err());
        assert_eq!(refused.count(), 3);
        assert!(passwords.hash(password("correct horse")).await.is_ok());
    }
}
