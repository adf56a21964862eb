//! What is committed together with a write: the records of requests.

use crate::{
    RowId,
    arrays::in_columns,
    columns::RowReader,
    schema::idempotency_records::{self, dsl},
};
use chatgrow_domain::AccountId;
use chatgrow_ports::{IdempotencyKey, IdempotencyRecord, StoreError, StoredAnswer};
use diesel::{
    backend::Backend,
    dsl::{AsSelect, auto_type},
    prelude::*,
};

/// An idempotency record as it is stored.
#[derive(Debug, Clone, Hash, Queryable, Selectable, Insertable)]
#[diesel(table_name = idempotency_records)]
#[diesel(primary_key(account_id, key))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct IdempotencyRow {
    account_id: RowId,
    key: Vec<u8>,
    fingerprint: Vec<u8>,
    answer_format: i64,
    answer: Vec<u8>,
    created_at: i64,
    expires_at: i64,
}

in_columns!(
    IdempotencyRow,
    idempotency_records {
        account_id,
        key,
        fingerprint,
        answer_format,
        answer,
        created_at,
        expires_at
    }
);

impl From<IdempotencyRecord> for IdempotencyRow {
    fn from(record: IdempotencyRecord) -> Self {
        Self {
            account_id: record.account.as_bytes().into(),
            key: record.key.0.to_vec(),
            fingerprint: record.fingerprint.to_vec(),
            answer_format: record.answer.format.into(),
            answer: record.answer.bytes,
            created_at: record.created_at.as_millis(),
            expires_at: record.expires_at.as_millis(),
        }
    }
}

impl TryFrom<IdempotencyRow> for IdempotencyRecord {
    type Error = StoreError;

    fn try_from(row: IdempotencyRow) -> Result<Self, StoreError> {
        let read = RowReader {
            table: "idempotency_records",
            id: row.account_id,
        };
        Ok(Self {
            account: AccountId::new(row.account_id.object_id()),
            key: IdempotencyKey(read.get("key", row.key.as_slice().try_into())?),
            fingerprint: read.get("fingerprint", row.fingerprint.as_slice().try_into())?,
            answer: StoredAnswer {
                format: read.get("answer_format", u16::try_from(row.answer_format))?,
                bytes: row.answer,
            },
            created_at: read.timestamp("created_at", row.created_at)?,
            expires_at: read.timestamp("expires_at", row.expires_at)?,
        })
    }
}

/// The account's record with that key.
#[auto_type]
pub fn by_key<DB: Backend>(account: RowId, key: Vec<u8>) -> _ {
    let row: AsSelect<IdempotencyRow, DB> = IdempotencyRow::as_select();
    idempotency_records::table
        .filter(dsl::account_id.eq(account))
        .filter(dsl::key.eq(key))
        .select(row)
}

/// Deletes records that have expired at `$1`, at most `$2` of them, those that expired first.
pub const SWEEP: &str = "DELETE FROM idempotency_records WHERE (account_id, key) IN
    (SELECT account_id, key FROM idempotency_records WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";

/// The upsert that writes a record. If there is a record with that key that has not expired when this one is made, it
/// changes no row. Every value is bound once.
#[macro_export]
macro_rules! insert_record {
    ($row:expr) => {{
        use $crate::{
            port::{
                ExpressionMethods,
                diesel::{self, query_dsl::methods::FilterDsl, upsert::excluded},
            },
            schema::idempotency_records::{dsl, table},
        };
        let row: $crate::commit::IdempotencyRow = $row;
        let insert = diesel::insert_into(table)
            .values(row)
            .on_conflict((dsl::account_id, dsl::key))
            .do_update()
            .set((
                dsl::fingerprint.eq(excluded(dsl::fingerprint)),
                dsl::answer_format.eq(excluded(dsl::answer_format)),
                dsl::answer.eq(excluded(dsl::answer)),
                dsl::created_at.eq(excluded(dsl::created_at)),
                dsl::expires_at.eq(excluded(dsl::expires_at)),
            ));
        FilterDsl::filter(insert, dsl::expires_at.le(excluded(dsl::created_at)))
    }};
}

/// Implements [`IdempotencyStore`](chatgrow_ports::IdempotencyStore) with methods of the store, named in this order.
/// [`port`](crate::port) says what they do.
#[macro_export]
macro_rules! idempotency_store {
    ($store:ty { $find:ident, $commit_alone:ident, $execute:ident }) => {
        const _: () = {
            use $crate::{
                commit::{self, IdempotencyRow},
                port::*,
            };

            #[async_trait]
            impl IdempotencyStore for $store {
                async fn find(
                    &self,
                    account: AccountId,
                    key: IdempotencyKey,
                ) -> Result<Option<IdempotencyRecord>, StoreError> {
                    let record = commit::by_key(account.as_bytes().into(), key.0.to_vec());
                    self.$find::<IdempotencyRow, _>(record).await
                }

                async fn write(&self, commit: Commit) -> Result<(), StoreError> {
                    self.$commit_alone(commit).await
                }

                async fn sweep(&self, now: Timestamp, most: u32) -> Result<usize, StoreError> {
                    use diesel::sql_types::BigInt;
                    let sweep = diesel::sql_query(commit::SWEEP)
                        .bind::<BigInt, _>(now.as_millis())
                        .bind::<BigInt, _>(i64::from(most));
                    self.$execute(Commit::default(), sweep).await
                }
            }
        };
    };
}
