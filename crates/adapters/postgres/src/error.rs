//! What a failed statement or connection means to a caller.

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

/// Sorts the error of a write that a guard may have refused.
pub(crate) fn refused<E: Guarded>(error: Error) -> E {
    guard(&error)
        .and_then(E::refused_by)
        .unwrap_or_else(|| store_error(error).into())
}

/// Sorts an error that no method expects.
///
/// Diesel doesn't hand on the SQLSTATE, but `Unknown` is what it calls every state that it has no name for, and those that a
/// correct program can meet (time-outs, a lock not given, shut-down, start-up, too many connections, a full disk, a deadlock) are
/// each worth another try.
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

/// No connection: the server can't be reached, or all are in use.
pub(crate) fn no_connection(error: PoolError) -> StoreError {
    StoreError::unavailable(error)
}

/// How a transaction ended that was not committed. (Diesel's own errors have to become one by themselves.)
pub(crate) struct Ended<E>(pub(crate) E);

impl<E: From<StoreError>> From<Error> for Ended<E> {
    fn from(error: Error) -> Self {
        Self(store_error(error).into())
    }
}
