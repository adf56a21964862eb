//! Classification of the errors of failed statements and connections.

use chatgrow_ports::StoreError;
use chatgrow_sql::{Guard, Guarded};
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::pooled_connection::deadpool::PoolError;

/// The guard that refused the row.
fn guard(error: &Error) -> Option<Guard> {
    match error {
        Error::DatabaseError(_, information) => Guard::named(information.constraint_name()?),
        _ => None,
    }
}

/// Classifies the error of a write that a guard may have refused.
pub(crate) fn refused<E: Guarded>(error: Error) -> E {
    guard(&error)
        .and_then(E::refused_by)
        .unwrap_or_else(|| store_error(error).into())
}

/// Whether the database itself refused the statement, so that nothing of it was written.
pub(crate) fn is_refusal(error: &Error) -> bool {
    use DatabaseErrorKind::{ClosedConnection, UnableToSendCommand};
    matches!(error, Error::DatabaseError(kind, _) if !matches!(kind, ClosedConnection | UnableToSendCommand))
}

/// Classifies an error that no guard accounts for.
///
/// Diesel doesn't pass on the SQLSTATE. It reports every state without a kind of its own as `Unknown`. Of these, a
/// correct program can meet time-outs, locks that are not available, shut-down, start-up, too many connections, a full
/// disk and deadlocks. Each of them is worth a retry.
pub(crate) fn store_error(error: Error) -> StoreError {
    use DatabaseErrorKind::{
        ClosedConnection, ReadOnlyTransaction, SerializationFailure, UnableToSendCommand, Unknown,
    };
    let temporary = match &error {
        Error::DatabaseError(kind, _) => matches!(
            kind,
            ClosedConnection | ReadOnlyTransaction | SerializationFailure | UnableToSendCommand | Unknown
        ),
        Error::BrokenTransactionManager => true,
        _ => false,
    };
    if temporary {
        StoreError::unavailable(error)
    } else {
        StoreError::failed(error)
    }
}

/// Classifies the failure to get a connection: the server can't be reached, or all connections are in use.
pub(crate) fn no_connection(error: PoolError) -> StoreError {
    StoreError::unavailable(error)
}

/// Why a transaction was not committed. Diesel requires that its own errors convert into this type.
pub(crate) struct Ended<E>(pub(crate) E);

impl<E: From<StoreError>> From<Error> for Ended<E> {
    fn from(error: Error) -> Self {
        Self(store_error(error).into())
    }
}
