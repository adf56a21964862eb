//! From columns to values of the domain and back. What doesn't parse is a [`StoreError::Corrupt`], never a panic.

use chatgrow_domain::{LocalMinute, ObjectId, Timestamp, Version};
use chatgrow_ports::{Listed, Page, PageRequest, StartPosition, StoreError};
use diesel::{
    backend::Backend,
    deserialize::{FromSql, FromSqlRow},
    expression::AsExpression,
    serialize::{Output, ToSql},
    sql_types::Binary,
};
use std::fmt;

/// An id as it is stored: twelve bytes. The stores' CHECKs admit no other length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Binary)]
pub struct RowId([u8; 12]);

impl RowId {
    /// Smaller than any id that was ever made, but for that of nobody: the start of every list.
    pub const FIRST: Self = Self([0; 12]);

    /// The id of the domain, before it is said of what.
    #[must_use]
    pub const fn object_id(self) -> ObjectId {
        ObjectId::from_bytes(self.0)
    }
}

impl From<&[u8; 12]> for RowId {
    fn from(bytes: &[u8; 12]) -> Self {
        Self(*bytes)
    }
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.object_id().fmt(f)
    }
}

impl<DB: Backend> ToSql<Binary, DB> for RowId
where
    [u8]: ToSql<Binary, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> diesel::serialize::Result {
        self.0.as_slice().to_sql(out)
    }
}

impl<DB: Backend> FromSql<Binary, DB> for RowId
where
    Vec<u8>: FromSql<Binary, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
        let bytes = Vec::<u8>::from_sql(bytes)?;
        let bytes = bytes.as_slice().try_into();
        Ok(Self(bytes.map_err(|_| "an id that is not twelve bytes long")?))
    }
}

/// Reads the columns of one row, and names the row in errors.
pub(crate) struct RowReader {
    pub(crate) table: &'static str,
    pub(crate) id: RowId,
}

impl RowReader {
    /// The value of a column, where it is one.
    pub(crate) fn get<T, E>(&self, column: &'static str, value: Result<T, E>) -> Result<T, StoreError> {
        value.map_err(|_| StoreError::Corrupt {
            table: self.table,
            column,
            id: self.id.to_string(),
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

/// Defines `before`, the row that an update replaces: the one with this id, if its version is the one before.
macro_rules! versioned {
    ($table:ident, $resource:ty) => {
        /// The stored state that this one follows.
        pub fn before(account: AccountId, next: &$resource) -> in_version {
            // The first version follows none, so it is compared with a number that no row has.
            let version = next
                .version
                .previous()
                .map_or(0, chatgrow_domain::Version::get);
            in_version(
                account.as_bytes().into(),
                next.id.as_bytes().into(),
                version,
            )
        }

        #[auto_type]
        fn in_version(account: RowId, id: RowId, version: i64) -> _ {
            let row: diesel::dsl::Find<$table::table, (RowId, RowId)> = $table::table.find((account, id));
            row.filter(dsl::version.eq(version))
        }
    };
}
pub(crate) use versioned;

/// Which part of a list that is ordered by start, then id, a page may show: starts from `from` to before `before`, after a place in it.
pub(crate) struct Window {
    pub(crate) from: i64,
    pub(crate) before: i64,
    pub(crate) start: i64,
    pub(crate) id: RowId,
}

impl Window {
    /// Without a position, the page begins where the list does.
    pub(crate) fn new<Id>(
        from: Option<LocalMinute>,
        before: Option<LocalMinute>,
        after: Option<&StartPosition<Id>>,
        bytes: fn(&Id) -> &[u8; 12],
    ) -> Self {
        let start = after.map_or(i64::MIN, |after| after.start.as_minutes());
        Self {
            from: from.map_or(i64::MIN, LocalMinute::as_minutes).max(start),
            before: before.map_or(i64::MAX, LocalMinute::as_minutes),
            start,
            id: after.map_or(RowId::FIRST, |after| bytes(&after.id).into()),
        }
    }
}

/// How many rows to ask for: one more than wanted tells whether there is a next page.
pub(crate) fn rows_for<P>(page: &PageRequest<P>) -> i64 {
    i64::from(page.limit.get()) + 1
}

/// The page in the rows of a list's query.
///
/// # Errors
/// [`StoreError::Corrupt`] where a row is no valid item.
pub fn page<R, T: TryFrom<R, Error = StoreError> + Listed>(
    mut rows: Vec<R>,
    request: &PageRequest<T::Position>,
) -> Result<Page<T, T::Position>, StoreError> {
    let limit = usize::from(request.limit.get());
    let more = rows.len() > limit;
    rows.truncate(limit);
    let items = rows.into_iter().map(T::try_from).collect::<Result<Vec<_>, _>>()?;
    let next = items.last().filter(|_| more).map(T::position);
    Ok(Page { items, next })
}
