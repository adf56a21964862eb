//! Classification of the errors of failed statements.

use chatgrow_ports::StoreError;
use chatgrow_sql::{Guard, Guarded};
use diesel::result::Error;

/// SQLite's messages (`sqlite3_errstr`) for errors after which the same call may succeed later: once the operator has
/// freed space, or another process has released its lock. Diesel passes on the text only, not the code.
const TEMPORARY: [&str; 6] = [
    "database is locked",
    "database table is locked",
    "database or disk is full",
    "attempt to write a readonly database",
    "disk I/O error",
    "unable to open database file",
];

/// SQLite's messages for violated unique constraints. They name the columns, not the constraint.
const UNIQUE: [(Guard, &str); 4] = [
    (Guard::AccountSlug, "UNIQUE constraint failed: accounts.slug"),
    (
        Guard::UserEmail,
        "UNIQUE constraint failed: users.account_id, users.email_key",
    ),
    (
        Guard::CustomerEmail,
        "UNIQUE constraint failed: customers.account_id, customers.email_key",
    ),
    (
        Guard::WebhookPlace,
        "UNIQUE constraint failed: webhook_endpoints.account_id, webhook_endpoints.place",
    ),
];

/// The guard that refused the row. A trigger's message is its name alone; a CHECK constraint's name follows a prefix.
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

/// Classifies the error of a write that a guard may have refused.
pub(crate) fn refused<E: Guarded>(error: Error) -> E {
    guard(&error)
        .and_then(E::refused_by)
        .unwrap_or_else(|| store_error(error).into())
}

/// Classifies an error that no guard accounts for.
pub(crate) fn store_error(error: Error) -> StoreError {
    match &error {
        Error::DatabaseError(_, information) if TEMPORARY.contains(&information.message()) => {
            StoreError::unavailable(error)
        }
        _ => StoreError::failed(error),
    }
}
