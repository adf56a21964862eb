//! Room on the disk that is kept for the operator: on a full one a key can still be revoked.

use std::{
    ffi::OsString,
    fs,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

/// How much is kept, in bytes: a revocation takes some pages of the log, and of the database once the log is taken in.
const RESERVE: usize = 4 << 20;

/// A disk with less room than this is full.
pub(crate) const LEAST_ROOM: u64 = 1 << 20;

/// The room is only taken from a disk that has many times as much.
const PLENTY: u64 = 16 * RESERVE as u64;

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
    let kept = fs::metadata(&path).is_ok_and(|file| file.len() == RESERVE as u64);
    if kept || room(database)? < PLENTY {
        return Ok(());
    }
    let mut file = private(&path)?;
    // Not zeros, which some file systems don't store.
    file.write_all(&vec![0x55; RESERVE])?;
    file.sync_all()
}

/// Gives the room back, if the disk is full.
///
/// # Errors
/// The disk can't be asked, or the file not be removed.
pub fn free_if_full(database: &Path) -> io::Result<()> {
    if room(database)? >= LEAST_ROOM {
        return Ok(());
    }
    match fs::remove_file(file_of(database)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Opens a file for writing, which nobody else may read; creates it if it isn't there.
pub(crate) fn private(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    #[test]
    fn room_is_kept_once_and_only_given_back_on_a_full_disk() {
        let folder = TempDir::new().unwrap();
        let database = folder.path().join("test.db");
        keep(&database).unwrap();
        keep(&database).unwrap();
        let reserve = fs::metadata(folder.path().join("test.db-reserve")).unwrap();
        assert_eq!(reserve.len(), RESERVE as u64);
        free_if_full(&database).unwrap();
        assert!(file_of(&database).exists(), "this disk is not full");
    }
}
