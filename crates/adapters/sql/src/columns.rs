//! Conversion between columns and values of the domain. A value that can't be parsed is a [`StoreError::Corrupt`],
//! never a panic.

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

/// An id as it is stored: twelve bytes. The CHECK constraints of the tables allow no other length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Binary)]
pub struct RowId([u8; 12]);

impl RowId {
    /// The all-zero id, which is smaller than every generated one. Every list starts after it.
    pub const FIRST: Self = Self([0; 12]);

    /// The id as the domain has it, before it is the id of a particular resource.
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
    /// The value of a column, or [`StoreError::Corrupt`] if it is not valid.
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

    pub(crate) fn optional_timestamp(
        &self,
        column: &'static str,
        millis: Option<i64>,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.optional(column, millis, |millis| Timestamp::from_millis(millis).ok_or(()))
    }

    pub(crate) fn minute(&self, column: &'static str, minutes: i64) -> Result<LocalMinute, StoreError> {
        self.get(column, LocalMinute::from_minutes(minutes).ok_or(()))
    }

    /// The value of a column that is 0 or 1.
    pub(crate) fn flag(&self, column: &'static str, number: i64) -> Result<bool, StoreError> {
        let flag = match number {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(()),
        };
        self.get(column, flag)
    }

    pub(crate) fn version(&self, number: i64) -> Result<Version, StoreError> {
        self.get("version", Version::new(number).ok_or(()))
    }
}

/// Defines the function `$before`, which selects the row that an update replaces: the one with this id and the previous
/// version.
macro_rules! versioned {
    ($before:ident: $table:ident, $resource:ty) => {
        /// The stored row that this state replaces.
        pub fn $before(account: chatgrow_domain::AccountId, next: &$resource) -> in_version {
            // There is no state before the first version, so this compares with a version that no row has.
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

        #[diesel::dsl::auto_type]
        fn in_version(account: $crate::RowId, id: $crate::RowId, version: i64) -> _ {
            let row: diesel::dsl::Find<$table::table, ($crate::RowId, $crate::RowId)> =
                $table::table.find((account, id));
            row.filter($table::version.eq(version))
        }
    };
}
pub(crate) use versioned;

/// The part of a list from which a page is taken. The list is ordered by start, then by id. The part holds the starts
/// from `from` to before `before`, after the position of `start` and `id`.
pub(crate) struct Window {
    pub(crate) from: i64,
    pub(crate) before: i64,
    pub(crate) start: i64,
    pub(crate) id: RowId,
}

impl Window {
    /// Without a position, the page starts at the beginning of the list.
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

/// How many rows to query. One more than the limit shows whether there is a next page.
pub(crate) fn rows_for<P>(page: &PageRequest<P>) -> i64 {
    i64::from(page.limit.get()) + 1
}

/// Makes a page of the rows that a list's query returned.
///
/// # Errors
/// [`StoreError::Corrupt`] if a row is not a valid item.
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
