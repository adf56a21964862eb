//! The log of notices.

use crate::{
    RowId,
    columns::{RowReader, rows_for},
    schema::payment_notices::{self, dsl},
};
use chatgrow_domain::{
    AccountId, Currency, Money, NoticeKey, NoticeProblem, NoticeReference, NoticeType, PaymentId,
    PaymentNotice, PaymentNoticeId, PaymentSourceId,
};
use chatgrow_ports::{PageRequest, StoreError};
use diesel::{
    backend::Backend,
    dsl::{AsSelect, auto_type},
    prelude::*,
};
use std::cmp::Reverse;

/// A notice as it is stored.
#[derive(Debug, Clone, Hash, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = payment_notices)]
#[diesel(primary_key(account_id, source_id, key))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct NoticeRow {
    account_id: RowId,
    id: RowId,
    source_id: RowId,
    key: String,
    kind: Option<String>,
    outcome: String,
    payment_id: Option<RowId>,
    reference: Option<String>,
    amount_minor: Option<i64>,
    currency: Option<String>,
    problem: Option<String>,
    received_at: i64,
}

impl From<(AccountId, PaymentNotice)> for NoticeRow {
    fn from((account, notice): (AccountId, PaymentNotice)) -> Self {
        Self {
            account_id: account.as_bytes().into(),
            id: notice.id.as_bytes().into(),
            source_id: notice.source.as_bytes().into(),
            key: notice.key.as_str().to_owned(),
            kind: notice.kind.map(|kind| kind.as_str().to_owned()),
            outcome: notice.outcome.as_str().to_owned(),
            payment_id: notice.payment.map(|id| id.as_bytes().into()),
            reference: notice.reference.map(|text| text.as_str().to_owned()),
            amount_minor: notice.amount.map(|(amount, _)| amount.as_minor()),
            currency: notice.amount.map(|(_, currency)| currency.code().to_owned()),
            problem: notice.problem.map(|text| text.as_str().to_owned()),
            received_at: notice.received_at.as_millis(),
        }
    }
}

impl TryFrom<NoticeRow> for PaymentNotice {
    type Error = StoreError;

    fn try_from(row: NoticeRow) -> Result<Self, StoreError> {
        let read = RowReader {
            table: "payment_notices",
            id: row.id,
        };
        let amount = read.optional("amount_minor", row.amount_minor, Money::from_minor)?;
        let currency = |code: String| code.parse::<Currency>();
        Ok(Self {
            id: PaymentNoticeId::new(row.id.object_id()),
            source: PaymentSourceId::new(row.source_id.object_id()),
            key: read.get("key", NoticeKey::new(row.key))?,
            kind: read.optional("kind", row.kind, NoticeType::new)?,
            outcome: read.get("outcome", row.outcome.parse())?,
            payment: row.payment_id.map(|id| PaymentId::new(id.object_id())),
            reference: read.optional("reference", row.reference, NoticeReference::new)?,
            amount: amount.zip(read.optional("currency", row.currency, currency)?),
            problem: read.optional("problem", row.problem, NoticeProblem::new)?,
            received_at: read.timestamp("received_at", row.received_at)?,
        })
    }
}

/// A page of a source's notices, the newest first.
pub fn list<DB: Backend>(
    account: AccountId,
    source: PaymentSourceId,
    page: &PageRequest<Reverse<PaymentNoticeId>>,
) -> list_before<DB> {
    let before = page
        .after
        .map_or(RowId::from(&[u8::MAX; 12]), |Reverse(id)| id.as_bytes().into());
    list_before(
        account.as_bytes().into(),
        source.as_bytes().into(),
        before,
        rows_for(page),
    )
}

#[auto_type]
fn list_before<DB: Backend>(account: RowId, source: RowId, before: RowId, rows: i64) -> _ {
    let row: AsSelect<NoticeRow, DB> = NoticeRow::as_select();
    payment_notices::table
        .filter(dsl::account_id.eq(account))
        .filter(dsl::source_id.eq(source))
        .filter(dsl::id.lt(before))
        .order(dsl::id.desc())
        .limit(rows)
        .select(row)
}

/// Deletes notices that came at `$1` or earlier, at most `$2` of them, those that came first.
pub const SWEEP: &str = "DELETE FROM payment_notices WHERE (account_id, source_id, id) IN
    (SELECT account_id, source_id, id FROM payment_notices WHERE received_at <= $1 ORDER BY received_at LIMIT $2)";

/// The upsert that writes a notice. If there is another of that source with that key whose outcome is final, it changes no
/// row.
#[macro_export]
macro_rules! insert_notice {
    ($notice:expr) => {{
        use $crate::{
            port::{
                ExpressionMethods,
                diesel::{self, query_dsl::methods::FilterDsl},
            },
            schema::payment_notices::{dsl, table},
        };
        let row = $crate::billing::payment_notice::NoticeRow::from($notice);
        let insert = diesel::insert_into(table)
            .values(row.clone())
            .on_conflict((dsl::account_id, dsl::source_id, dsl::key))
            .do_update()
            .set(row);
        FilterDsl::filter(insert, dsl::outcome.eq_any(["ignored", "unreadable"]))
    }};
}

/// Implements [`PaymentNoticeStore`](chatgrow_ports::PaymentNoticeStore) with methods of the store, named in this order.
/// [`port`](crate::port) says what they do.
#[macro_export]
macro_rules! payment_notice_store {
    ($store:ty { $page:ident, $execute:ident }) => {
        const _: () = {
            use std::cmp::Reverse;
            use $crate::{
                billing::payment_notice::{self, NoticeRow},
                port::*,
            };

            #[async_trait]
            impl PaymentNoticeStore for $store {
                async fn list(
                    &self,
                    account: AccountId,
                    source: PaymentSourceId,
                    request: PageRequest<Reverse<PaymentNoticeId>>,
                ) -> Result<Page<PaymentNotice, Reverse<PaymentNoticeId>>, StoreError> {
                    self.$page::<NoticeRow, _>(payment_notice::list(account, source, &request), request)
                        .await
                }

                async fn sweep(&self, before: Timestamp, most: u32) -> Result<usize, StoreError> {
                    use diesel::sql_types::BigInt;
                    let sweep = diesel::sql_query(payment_notice::SWEEP)
                        .bind::<BigInt, _>(before.as_millis())
                        .bind::<BigInt, _>(i64::from(most));
                    self.$execute(Commit::default(), sweep).await
                }
            }
        };
    };
}
