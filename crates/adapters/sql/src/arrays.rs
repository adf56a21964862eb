//! Rows as arrays of columns, so that one statement of PostgreSQL, always with the same text, takes any number of rows:
//! `SELECT … FROM unnest($1, $2, …)`.

use diesel::{
    pg::Pg,
    query_builder::{AstPass, QueryFragment},
    result::QueryResult,
    serialize::ToSql,
    sql_types::{Array, HasSqlType},
};
use std::marker::PhantomData;

/// The bound values of one column.
pub type ColumnArray = Box<dyn QueryFragment<Pg> + Send + Sync>;

/// A row whose columns can be bound as arrays.
pub trait InColumns: Sized + 'static {
    /// The columns that an insert names.
    const COLUMNS: &'static [&'static str];

    /// The values of these columns, in this order.
    fn arrays(rows: Vec<Self>) -> Vec<ColumnArray>;
}

/// Values of the SQL type `ST`.
struct Values<ST, T> {
    values: Vec<T>,
    sql_type: PhantomData<fn() -> ST>,
}

/// Binds the values as one array.
pub fn array_of<ST, T>(values: Vec<T>) -> ColumnArray
where
    ST: 'static,
    T: Send + Sync + 'static,
    Pg: HasSqlType<Array<ST>>,
    Vec<T>: ToSql<Array<ST>, Pg>,
{
    Box::new(Values::<ST, T> {
        values,
        sql_type: PhantomData,
    })
}

impl<ST, T> QueryFragment<Pg> for Values<ST, T>
where
    ST: 'static,
    Pg: HasSqlType<Array<ST>>,
    Vec<T>: ToSql<Array<ST>, Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_bind_param::<Array<ST>, _>(&self.values)
    }
}

/// Implements [`InColumns`] for a row of a table. It names every field of the row, so that none can be forgotten, first
/// those that an insert names.
macro_rules! in_columns {
    ($row:ty, $table:ident { $($column:ident),+ $(; $($chosen_by_database:ident),+)? }) => {
        impl $crate::arrays::InColumns for $row {
            const COLUMNS: &'static [&'static str] = &[$(stringify!($column)),+];

            fn arrays(rows: Vec<Self>) -> Vec<$crate::arrays::ColumnArray> {
                type SqlType<C> = <C as diesel::Expression>::SqlType;
                let _ = |row: Self| {
                    let Self { $($column: _,)+ $($($chosen_by_database: _,)+)? } = row;
                };
                $(let mut $column = Vec::with_capacity(rows.len());)+
                for row in rows {
                    $($column.push(row.$column);)+
                }
                vec![$($crate::arrays::array_of::<SqlType<$table::$column>, _>($column)),+]
            }
        }
    };
}
pub(crate) use in_columns;
