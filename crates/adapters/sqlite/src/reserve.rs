//! Room on the disk that is kept for the operator: on a full one a key can still be revoked.

use std::{
    ffi::OsString,
    fs,
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
};

/// How much is kept, in bytes: a revocation takes some pages of the log, and of the database once the log is taken in.
const RESERVE: u64 = 4 << 20;

/// A disk with less room than this is full.
pub(crate) const LEAST_ROOM: u64 = 1 << 20;

/// The room is only taken from a disk that has several times as much.
const PLENTY: u64 = 4 * RESERVE;

/// `chatgrow.db-reserve`, beside the database.
fn file_of(database: &Path) -> PathBuf {
    let mut name = OsString::from(database);
    name.push("-reserve");
    name.into()
}

/// How many bytes the database's disk has room for.
pub(crate) fn room(database: &Path) -> io::Result<u64> {
    let folder = match database.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    fs4::available_space(folder)
}

/// Keeps the room, if it isn't kept already and the disk has plenty.
///
/// # Errors
/// The file can't be written.
pub fn keep(database: &Path) -> io::Result<()> {
    let path = file_of(database);
    let kept = fs::metadata(&path).is_ok_and(|file| file.len() == RESERVE);
    if kept || room(database)? < PLENTY {
        return Ok(());
    }
    let mut file = private().create(true).truncate(true).open(&path)?;
    // Not zeros, which some file systems don't store.
    io::copy(&mut io::repeat(0x55).take(RESERVE), &mut file)?;
    file.sync_all()
}

/// Gives the room back; returns whether there was any.
///
/// # Errors
/// The file can't be removed.
pub fn free(database: &Path) -> io::Result<bool> {
    match fs::remove_file(file_of(database)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// How a file is opened for writing that nobody else may read, if it is made by that.
pub(crate) fn private() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    #[test]
    fn room_is_kept_once_and_given_back_once() {
        let folder = TempDir::new().unwrap();
        let database = folder.path().join("test.db");
        keep(&database).unwrap();
        keep(&database).unwrap();
        let reserve = fs::metadata(folder.path().join("test.db-reserve")).unwrap();
        assert_eq!(reserve.len(), RESERVE);
        assert!(free(&database).unwrap());
        assert!(!free(&database).unwrap());
    }
}
