//! The encryption of secrets that are stored: with AES-256-GCM-SIV, under a key that is not in the database.

use crate::{sealing::AesGcmSivSeal, system::OsRandomness};
use base64::{Engine, prelude::BASE64_STANDARD};
use chatgrow_ports::{Randomness, Seal, SecretBox, StoreError};
use sha2::{Digest, Sha256};
use std::{
    fmt, fs,
    io::{self, Write},
    path::{Path, PathBuf},
    str::FromStr,
    sync::OnceLock,
};

/// How many bytes of a key's digest name it in what was encrypted under it.
const ID: usize = 8;

/// A key for secrets: 32 bytes, written in base64 (`SECRETS_KEY`).
#[derive(Clone, PartialEq, Eq)]
pub struct SecretsKey([u8; 32]);

impl FromStr for SecretsKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = BASE64_STANDARD.decode(text).ok();
        let key = bytes.and_then(|bytes| bytes.try_into().ok());
        key.map(Self)
            .ok_or("must be 32 random bytes in base64, such as `openssl rand -base64 32` prints")
    }
}

impl fmt::Debug for SecretsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretsKey")
    }
}

impl SecretsKey {
    /// The key in a file, if there is one.
    fn in_file(path: &Path) -> io::Result<Option<Self>> {
        match fs::read_to_string(path) {
            Ok(text) => {
                let key = text.trim().parse().map(Some);
                key.map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The key in a file. If there is none, it is made, and only the file's owner can read it.
    fn made_in_file(path: &Path) -> io::Result<Self> {
        if let Some(key) = Self::in_file(path)? {
            return Ok(key);
        }
        let key = Self(OsRandomness.secret());
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = match options.open(path) {
            // Another process has just made it.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Self::made_in_file(path),
            opened => opened?,
        };
        writeln!(file, "{}", BASE64_STANDARD.encode(key.0))?;
        file.sync_all()?;
        Ok(key)
    }

    fn id(&self) -> [u8; ID] {
        let digest = Sha256::digest(self.0);
        let mut id = [0; ID];
        id.copy_from_slice(&digest[..ID]);
        id
    }
}

/// Encrypts with the present key, and reads with this one and the one before.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    /// The key, if the operator gives one.
    pub(crate) given: Option<SecretsKey>,
    /// Otherwise it is in this file, which is made when the first secret is encrypted.
    pub(crate) file: Option<PathBuf>,
    /// The key before.
    pub(crate) previous: Option<SecretsKey>,
    /// The key in the file, once it was read.
    pub(crate) read: OnceLock<SecretsKey>,
}

impl Secrets {
    /// The present key. If there is none, `find` reads or makes the file.
    fn key(
        &self,
        find: impl FnOnce(&Path) -> io::Result<Option<SecretsKey>>,
    ) -> io::Result<Option<&SecretsKey>> {
        if let Some(key) = self.given.as_ref().or_else(|| self.read.get()) {
            return Ok(Some(key));
        }
        let Some(path) = &self.file else {
            return Ok(None);
        };
        let key = find(path)?;
        Ok(key.map(|key| self.read.get_or_init(|| key)))
    }
}

impl SecretBox for Secrets {
    fn close(&self, context: &[u8], secret: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let key = self
            .key(|path| SecretsKey::made_in_file(path).map(Some))
            .map_err(|error| {
                StoreError::unavailable(format!("the file with the key for secrets: {error}"))
            })?;
        Ok(key.map(|key| {
            let mut closed = key.id().to_vec();
            closed.extend(AesGcmSivSeal.seal(&key.0, context, secret));
            closed
        }))
    }

    fn read(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (id, sealed) = sealed.split_at_checked(ID)?;
        let present = self.key(SecretsKey::in_file).unwrap_or_else(|error| {
            tracing::warn!(%error, "the file with the key for secrets can't be read");
            None
        });
        let key = present
            .into_iter()
            .chain(&self.previous)
            .find(|key| key.id() == id)?;
        AesGcmSivSeal.open(&key.0, context, sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    #[test]
    fn a_secret_outlives_one_change_of_the_key() {
        let with = |key: u8, previous: Option<u8>| Secrets {
            given: Some(SecretsKey([key; 32])),
            previous: previous.map(|byte| SecretsKey([byte; 32])),
            ..Secrets::default()
        };
        let closed = with(1, None).close(b"endpoint", b"secret").unwrap().unwrap();
        assert_eq!(with(1, None).read(b"endpoint", &closed).unwrap(), b"secret");
        assert_eq!(with(2, Some(1)).read(b"endpoint", &closed).unwrap(), b"secret");
        assert_eq!(with(2, None).read(b"endpoint", &closed), None);
        assert_eq!(with(1, None).read(b"another", &closed), None);
        assert_eq!(with(1, None).read(b"endpoint", b"short"), None);
        assert_eq!(Secrets::default().close(b"endpoint", b"secret").unwrap(), None);
    }

    #[test]
    fn a_file_keeps_the_key_for_its_owner_alone() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("secrets.key");
        let secrets = || Secrets {
            file: Some(path.clone()),
            ..Secrets::default()
        };
        assert_eq!(secrets().read(b"endpoint", &[0; 40]), None);
        assert!(!path.exists(), "it is made when it is needed");
        let closed = secrets().close(b"endpoint", b"secret").unwrap().unwrap();
        assert_eq!(secrets().read(b"endpoint", &closed).unwrap(), b"secret");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(&path, "not a key").unwrap();
        assert!(secrets().close(b"endpoint", b"secret").is_err());
        assert_eq!(secrets().read(b"endpoint", &closed), None);
    }
}
