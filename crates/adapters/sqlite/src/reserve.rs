//! Disk space reserved for the operator, so that a key can be revoked even if the disk is full.

use std::{
    ffi::OsString,
    fs,
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
};

/// The size of the reserve, in bytes. A revocation writes some pages to the WAL, and to the database at the next
/// checkpoint.
const RESERVE: u64 = 4 << 20;

/// A disk with less free space than this, in bytes, counts as full.
pub(crate) const LEAST_ROOM: u64 = 1 << 20;

/// The reserve is only created if the disk has at least this much free space, in bytes.
const PLENTY: u64 = 4 * RESERVE;

/// The path of the reserve: `chatgrow.db-reserve`, beside the database.
fn file_of(database: &Path) -> PathBuf {
    let mut name = OsString::from(database);
    name.push("-reserve");
    name.into()
}

/// The folder of the database.
pub(crate) fn folder_of(database: &Path) -> &Path {
    match database.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// The free space on the database's disk, in bytes.
pub(crate) fn room(database: &Path) -> io::Result<u64> {
    fs4::available_space(folder_of(database))
}

/// Creates the reserve, unless it exists or the disk has too little space for it.
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

/// Deletes the reserve, and returns whether it existed.
///
/// # Errors
/// The file can't be deleted.
pub fn free(database: &Path) -> io::Result<bool> {
    match fs::remove_file(file_of(database)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Options to open a file for writing. If it is created, only its owner can access it.
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
