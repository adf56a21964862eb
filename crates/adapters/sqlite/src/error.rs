//! What a failed statement means to a caller.

use chatgrow_ports::StoreError;
use diesel::result::{DatabaseErrorKind, Error};

/// What `SQLite` says (`sqlite3_errstr`) when the same call may succeed later, once the operator has made room or another
/// process has let go. Diesel hands on the text only, not the code.
const TEMPORARY: [&str; 6] = [
    "database is locked",
    "database table is locked",
    "database or disk is full",
    "attempt to write a readonly database",
    "disk I/O error",
    "unable to open database file",
];

/// Whether a unique or primary key refused the row.
pub(crate) fn is_unique_violation(error: &Error) -> bool {
    matches!(error, Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _))
}

/// Sorts an error that no method expects.
pub(crate) fn store_error(error: Error) -> StoreError {
    match &error {
        Error::DatabaseError(_, information) if TEMPORARY.contains(&information.message()) => {
            StoreError::unavailable(error)
        }
        _ => StoreError::failed(error),
    }
}
