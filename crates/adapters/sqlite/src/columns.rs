//! From columns to values of the domain. What doesn't parse is a [`StoreError::Corrupt`], never a panic.

use chatgrow_domain::{LocalMinute, ObjectId, Timestamp, Version};
use chatgrow_ports::{Page, PageRequest, StoreError};
use std::fmt::Write;

/// Reads the columns of one row, and names the row in errors.
pub(crate) struct RowReader<'a> {
    pub(crate) table: &'static str,
    pub(crate) id: &'a [u8],
}

impl RowReader<'_> {
    /// The value of a column, where it is one.
    pub(crate) fn get<T, E>(&self, column: &'static str, value: Result<T, E>) -> Result<T, StoreError> {
        value.map_err(|_| {
            let mut id = String::with_capacity(self.id.len() * 2);
            for byte in self.id {
                // Writing to a string can't fail.
                let _ = write!(id, "{byte:02x}");
            }
            StoreError::Corrupt {
                table: self.table,
                column,
                id,
            }
        })
    }

    /// The value of a nullable column.
    pub(crate) fn optional<C, T, E>(
        &self,
        column: &'static str,
        value: Option<C>,
        parse: impl FnOnce(C) -> Result<T, E>,
    ) -> Result<Option<T>, StoreError> {
        self.get(column, value.map(parse).transpose())
    }

    pub(crate) fn id<Id>(
        &self,
        column: &'static str,
        bytes: &[u8],
        new: fn(ObjectId) -> Id,
    ) -> Result<Id, StoreError> {
        self.get(
            column,
            bytes.try_into().map(|bytes| new(ObjectId::from_bytes(bytes))),
        )
    }

    pub(crate) fn timestamp(&self, column: &'static str, millis: i64) -> Result<Timestamp, StoreError> {
        self.get(column, Timestamp::from_millis(millis).ok_or(()))
    }

    pub(crate) fn minute(&self, column: &'static str, minutes: i64) -> Result<LocalMinute, StoreError> {
        self.get(column, LocalMinute::from_minutes(minutes).ok_or(()))
    }

    pub(crate) fn version(&self, number: i64) -> Result<Version, StoreError> {
        self.get("version", Version::new(number).ok_or(()))
    }
}

/// The version that a row must still have for `new` to be its next state. The first version follows none, so it is
/// compared with a number that no row has.
pub(crate) fn version_before(new: Version) -> i64 {
    new.previous().map_or(0, Version::get)
}

/// How many rows to ask for: one more than wanted tells whether there is a next page.
pub(crate) fn rows_for<P>(page: &PageRequest<P>) -> i64 {
    i64::from(page.limit.get()) + 1
}

/// The page in the rows that [`rows_for`] asked for.
pub(crate) fn page<R, T: TryFrom<R, Error = StoreError>, P>(
    mut rows: Vec<R>,
    request: &PageRequest<P>,
    position: impl FnOnce(&T) -> P,
) -> Result<Page<T, P>, StoreError> {
    let limit = usize::from(request.limit.get());
    let more = rows.len() > limit;
    rows.truncate(limit);
    let items = rows.into_iter().map(T::try_from).collect::<Result<Vec<_>, _>>()?;
    let next = items.last().filter(|_| more).map(position);
    Ok(Page { items, next })
}
