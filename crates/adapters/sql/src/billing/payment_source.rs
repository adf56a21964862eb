//! Payment sources.

use crate::{
    RowId,
    columns::{RowReader, rows_for, versioned},
    guards::{Guard, GuardedRefusal},
    schema::payment_sources::{self, dsl},
};
use chatgrow_domain::{
    AccountId, CurrencyPlace, HeaderName, HmacFormat, HmacTypes, InboundToken, Invalid, JsonPointer,
    NoticeFormat, NoticeKind, NoticeType, PaymentSource, PaymentSourceId, PaymentSourceRefusal, Provider,
    SealedSecret, SourceName,
};
use chatgrow_ports::{PageRequest, StoreError};
use diesel::{
    backend::Backend,
    dsl::{AsSelect, Find, auto_type},
    prelude::*,
};
use serde::{Deserialize, Serialize};

/// A source as it is stored.
#[derive(Debug, Clone, Hash, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = payment_sources)]
#[diesel(primary_key(account_id, id))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct SourceRow {
    account_id: RowId,
    id: RowId,
    token: String,
    name: String,
    provider: String,
    kind: String,
    hmac: Option<String>,
    secret: Vec<u8>,
    previous_secret: Option<Vec<u8>>,
    previous_until: Option<i64>,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

impl TryFrom<&PaymentSource> for SourceRow {
    type Error = StoreError;

    fn try_from(source: &PaymentSource) -> Result<Self, StoreError> {
        let previous = source.previous_secret.as_ref();
        let hmac = match &source.format {
            NoticeFormat::Stripe | NoticeFormat::StandardWebhooks => None,
            NoticeFormat::Hmac(format) => {
                Some(serde_json::to_string(&StoredFormat::from(&**format)).map_err(StoreError::failed)?)
            }
        };
        Ok(Self {
            account_id: source.account_id.as_bytes().into(),
            id: source.id.as_bytes().into(),
            token: source.token.reveal().to_owned(),
            name: source.name.as_str().to_owned(),
            provider: source.provider.as_str().to_owned(),
            kind: source.format.kind().as_str().to_owned(),
            hmac,
            secret: source.secret.as_bytes().to_vec(),
            previous_secret: previous.map(|(secret, _)| secret.as_bytes().to_vec()),
            previous_until: previous.map(|(_, until)| until.as_millis()),
            created_at: source.created_at.as_millis(),
            updated_at: source.updated_at.as_millis(),
            version: source.version.get(),
        })
    }
}

impl TryFrom<SourceRow> for PaymentSource {
    type Error = StoreError;

    fn try_from(row: SourceRow) -> Result<Self, StoreError> {
        let read = RowReader {
            table: "payment_sources",
            id: row.id,
        };
        let until = read.optional_timestamp("previous_until", row.previous_until)?;
        let format = match read.get("kind", row.kind.parse())? {
            NoticeKind::Stripe => NoticeFormat::Stripe,
            NoticeKind::StandardWebhooks => NoticeFormat::StandardWebhooks,
            NoticeKind::Hmac => {
                let stored = row.hmac.unwrap_or_default();
                let stored = read.get("hmac", serde_json::from_str::<StoredFormat>(&stored))?;
                NoticeFormat::Hmac(Box::new(read.get("hmac", stored.try_into())?))
            }
        };
        Ok(Self {
            id: PaymentSourceId::new(row.id.object_id()),
            account_id: AccountId::new(row.account_id.object_id()),
            token: read.get("token", InboundToken::parse(&row.token).ok_or(()))?,
            name: read.get("name", SourceName::new(row.name))?,
            provider: read.get("provider", Provider::new(row.provider))?,
            format,
            secret: SealedSecret::new(row.secret),
            previous_secret: row.previous_secret.map(SealedSecret::new).zip(until),
            created_at: read.timestamp("created_at", row.created_at)?,
            updated_at: read.timestamp("updated_at", row.updated_at)?,
            version: read.version(row.version)?,
        })
    }
}

/// An [`HmacFormat`] in the column `hmac`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredFormat {
    header: String,
    encoding: String,
    event_id: Option<String>,
    r#type: String,
    succeeded: Vec<String>,
    failed: Vec<String>,
    refunded: Vec<String>,
    reference: Option<String>,
    external_id: String,
    refund_id: Option<String>,
    amount: String,
    unit: String,
    currency: String,
}

impl From<&HmacFormat> for StoredFormat {
    fn from(format: &HmacFormat) -> Self {
        let pointer = |pointer: &JsonPointer| pointer.as_str().to_owned();
        let names = |types: &[NoticeType]| types.iter().map(|name| name.as_str().to_owned()).collect();
        Self {
            header: format.header.as_str().to_owned(),
            encoding: format.encoding.as_str().to_owned(),
            event_id: format.event_id.as_ref().map(pointer),
            r#type: pointer(&format.kind),
            succeeded: names(&format.types.succeeded),
            failed: names(&format.types.failed),
            refunded: names(&format.types.refunded),
            reference: format.reference.as_ref().map(pointer),
            external_id: pointer(&format.external_id),
            refund_id: format.refund_id.as_ref().map(pointer),
            amount: pointer(&format.amount),
            unit: format.unit.as_str().to_owned(),
            currency: format.currency.as_str().to_owned(),
        }
    }
}

impl TryFrom<StoredFormat> for HmacFormat {
    type Error = Invalid;

    fn try_from(stored: StoredFormat) -> Result<Self, Invalid> {
        let types = |names: Vec<String>| {
            names
                .into_iter()
                .map(NoticeType::new)
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            header: HeaderName::new(&stored.header)?,
            encoding: stored.encoding.parse()?,
            event_id: stored.event_id.map(JsonPointer::new).transpose()?,
            kind: JsonPointer::new(stored.r#type)?,
            types: HmacTypes {
                succeeded: types(stored.succeeded)?,
                failed: types(stored.failed)?,
                refunded: types(stored.refunded)?,
            },
            reference: stored.reference.map(JsonPointer::new).transpose()?,
            external_id: JsonPointer::new(stored.external_id)?,
            refund_id: stored.refund_id.map(JsonPointer::new).transpose()?,
            amount: JsonPointer::new(stored.amount)?,
            unit: stored.unit.parse()?,
            currency: CurrencyPlace::parse(&stored.currency)?,
        })
    }
}

/// The account's source with that id.
#[auto_type]
pub fn by_id<DB: Backend>(account: RowId, id: RowId) -> _ {
    let row: AsSelect<SourceRow, DB> = SourceRow::as_select();
    let source: Find<payment_sources::table, (RowId, RowId)> = payment_sources::table.find((account, id));
    source.select(row)
}

/// The source with that token.
#[auto_type]
pub fn by_token<DB: Backend>(token: String) -> _ {
    let row: AsSelect<SourceRow, DB> = SourceRow::as_select();
    payment_sources::table.filter(dsl::token.eq(token)).select(row)
}

/// A page of the account's sources, ordered by id.
pub fn list<DB: Backend>(account: AccountId, page: &PageRequest<PaymentSourceId>) -> list_after<DB> {
    let after = page.after.map_or(RowId::FIRST, |id| id.as_bytes().into());
    list_after(account.as_bytes().into(), after, rows_for(page))
}

#[auto_type]
fn list_after<DB: Backend>(account: RowId, after: RowId, rows: i64) -> _ {
    let row: AsSelect<SourceRow, DB> = SourceRow::as_select();
    payment_sources::table
        .filter(dsl::account_id.eq(account))
        .filter(dsl::id.gt(after))
        .order(dsl::id)
        .limit(rows)
        .select(row)
}

versioned!(before: payment_sources, PaymentSource);

impl GuardedRefusal for PaymentSourceRefusal {
    fn of(_: Guard) -> Option<Self> {
        None
    }
}

/// Implements [`PaymentSourceStore`](chatgrow_ports::PaymentSourceStore) with methods of the store, named in this order.
/// [`port`](crate::port) says what they do.
#[macro_export]
macro_rules! payment_source_store {
    ($store:ty { $find:ident, $page:ident, $execute:ident }) => {
        const _: () = {
            use $crate::{
                RowId,
                billing::payment_source::{self, SourceRow},
                port::*,
                schema::payment_sources::table,
            };

            #[async_trait]
            impl PaymentSourceStore for $store {
                async fn insert(&self, source: &PaymentSource, commit: Commit) -> Result<(), StoreError> {
                    let insert = diesel::insert_into(table).values(SourceRow::try_from(source)?);
                    self.$execute(commit, insert).await.map(drop)
                }

                async fn by_id(
                    &self,
                    account: AccountId,
                    id: PaymentSourceId,
                ) -> Result<Option<PaymentSource>, StoreError> {
                    let source = payment_source::by_id(account.as_bytes().into(), id.as_bytes().into());
                    self.$find::<SourceRow, _>(source).await
                }

                async fn by_token(&self, token: &InboundToken) -> Result<Option<PaymentSource>, StoreError> {
                    let source = payment_source::by_token(token.reveal().to_owned());
                    self.$find::<SourceRow, _>(source).await
                }

                async fn list(
                    &self,
                    account: AccountId,
                    request: PageRequest<PaymentSourceId>,
                ) -> Result<Page<PaymentSource, PaymentSourceId>, StoreError> {
                    self.$page::<SourceRow, _>(payment_source::list(account, &request), request)
                        .await
                }

                async fn update(
                    &self,
                    source: &PaymentSource,
                    commit: Commit,
                ) -> Result<(), Failure<PaymentSourceRefusal>> {
                    let before = payment_source::before(source.account_id, source);
                    let update = diesel::update(before).set(SourceRow::try_from(source)?);
                    match self
                        .$execute::<Failure<PaymentSourceRefusal>>(commit, update)
                        .await?
                    {
                        0 => Err(Failure::Refused(PaymentSourceRefusal::VersionMismatch)),
                        _ => Ok(()),
                    }
                }

                async fn remove(
                    &self,
                    account: AccountId,
                    id: PaymentSourceId,
                    commit: Commit,
                ) -> Result<bool, StoreError> {
                    let row: (RowId, RowId) = (account.as_bytes().into(), id.as_bytes().into());
                    let removed = self.$execute(commit, diesel::delete(table.find(row))).await;
                    removed.map(|rows: usize| rows > 0)
                }
            }
        };
    };
}
