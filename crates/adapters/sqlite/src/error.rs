//! What a failed statement means to a caller.

use chatgrow_ports::StoreError;
use chatgrow_sql::{Guard, Guarded};
use diesel::result::Error;

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

/// What `SQLite` says of a unique constraint: its columns, not its name.
const UNIQUE: [(Guard, &str); 2] = [
    (Guard::AccountSlug, "UNIQUE constraint failed: accounts.slug"),
    (
        Guard::CustomerEmail,
        "UNIQUE constraint failed: customers.account_id, customers.email_key",
    ),
];

/// The guard that refused the row. A trigger says its name alone, a CHECK behind its kind.
fn guard(error: &Error) -> Option<Guard> {
    let Error::DatabaseError(_, information) = error else {
        return None;
    };
    let message = information.message();
    let unique = UNIQUE.into_iter().find(|(_, text)| *text == message);
    unique.map(|(guard, _)| guard).or_else(|| {
        Guard::named(
            message
                .strip_prefix("CHECK constraint failed: ")
                .unwrap_or(message),
        )
    })
}

/// Sorts the error of a write that a guard may have refused.
pub(crate) fn refused<E: Guarded>(error: Error) -> E {
    guard(&error)
        .and_then(E::refused_by)
        .unwrap_or_else(|| store_error(error).into())
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
