//! Webhook endpoints.

use crate::{
    RowId,
    columns::{RowReader, versioned},
    guards::{Guard, GuardedRefusal},
    schema::webhook_endpoints::{self, dsl},
};
use chatgrow_domain::{
    AccountId, Disabling, ReceiverUrl, Scopes, SealedSecret, TypePatterns, WebhookDescription,
    WebhookEndpoint, WebhookEndpointId, WebhookRefusal, WebhookTerms,
};
use chatgrow_ports::StoreError;
use diesel::{
    backend::Backend,
    dsl::{AsSelect, Find, auto_type},
    prelude::*,
};

/// An endpoint as it is stored.
#[derive(Debug, Clone, Hash, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = webhook_endpoints)]
#[diesel(primary_key(account_id, id))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct EndpointRow {
    account_id: RowId,
    id: RowId,
    place: i64,
    url: String,
    types: String,
    description: Option<String>,
    active: i64,
    ordered: i64,
    scopes: String,
    secret: Vec<u8>,
    previous_secret: Option<Vec<u8>>,
    previous_until: Option<i64>,
    disabled: Option<String>,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

impl From<&WebhookEndpoint> for EndpointRow {
    fn from(endpoint: &WebhookEndpoint) -> Self {
        let terms = &endpoint.terms;
        let previous = endpoint.previous_secret.as_ref();
        Self {
            account_id: endpoint.account_id.as_bytes().into(),
            id: endpoint.id.as_bytes().into(),
            place: endpoint.place,
            url: terms.url.as_str().to_owned(),
            types: terms.types.to_string(),
            description: terms.description.as_ref().map(|text| text.as_str().to_owned()),
            active: terms.active.into(),
            ordered: terms.ordered.into(),
            scopes: endpoint.scopes.to_string(),
            secret: endpoint.secret.as_bytes().to_vec(),
            previous_secret: previous.map(|(secret, _)| secret.as_bytes().to_vec()),
            previous_until: previous.map(|(_, until)| until.as_millis()),
            disabled: endpoint.disabled.map(|why| why.as_str().to_owned()),
            created_at: endpoint.created_at.as_millis(),
            updated_at: endpoint.updated_at.as_millis(),
            version: endpoint.version.get(),
        }
    }
}

impl TryFrom<EndpointRow> for WebhookEndpoint {
    type Error = StoreError;

    fn try_from(row: EndpointRow) -> Result<Self, StoreError> {
        let read = RowReader {
            table: "webhook_endpoints",
            id: row.id,
        };
        let until = read.optional_timestamp("previous_until", row.previous_until)?;
        let disabled = |why: String| why.parse::<Disabling>();
        Ok(Self {
            id: WebhookEndpointId::new(row.id.object_id()),
            account_id: AccountId::new(row.account_id.object_id()),
            place: row.place,
            terms: WebhookTerms {
                url: read.get("url", ReceiverUrl::stored(&row.url))?,
                types: read.get("types", TypePatterns::stored(&row.types))?,
                description: read.optional("description", row.description, WebhookDescription::new)?,
                active: read.flag("active", row.active)?,
                ordered: read.flag("ordered", row.ordered)?,
            },
            scopes: read.get("scopes", Scopes::parse(&row.scopes))?,
            secret: SealedSecret::new(row.secret),
            previous_secret: row.previous_secret.map(SealedSecret::new).zip(until),
            disabled: read.optional("disabled", row.disabled, disabled)?,
            created_at: read.timestamp("created_at", row.created_at)?,
            updated_at: read.timestamp("updated_at", row.updated_at)?,
            version: read.version(row.version)?,
        })
    }
}

/// The account's endpoint with that id.
#[auto_type]
pub fn by_id<DB: Backend>(account: RowId, id: RowId) -> _ {
    let row: AsSelect<EndpointRow, DB> = EndpointRow::as_select();
    let endpoint: Find<webhook_endpoints::table, (RowId, RowId)> =
        webhook_endpoints::table.find((account, id));
    endpoint.select(row)
}

/// The account's endpoints, oldest first.
#[auto_type]
pub fn of_account<DB: Backend>(account: RowId) -> _ {
    let row: AsSelect<EndpointRow, DB> = EndpointRow::as_select();
    webhook_endpoints::table
        .filter(dsl::account_id.eq(account))
        .order((dsl::created_at, dsl::id))
        .select(row)
}

versioned!(before: webhook_endpoints, WebhookEndpoint);

impl GuardedRefusal for WebhookRefusal {
    fn of(guard: Guard) -> Option<Self> {
        (guard == Guard::WebhookPlace).then_some(Self::PlaceTaken)
    }
}

/// Implements [`WebhookEndpointStore`](chatgrow_ports::WebhookEndpointStore) with methods of the store, named in this
/// order. [`port`](crate::port) says what the first three do. The last two take more than one statement, so each of
/// them implements the port's method of that name.
#[macro_export]
macro_rules! webhook_endpoint_store {
    ($store:ty { $find:ident, $all:ident, $execute:ident, $insert:ident, $remove:ident }) => {
        const _: () = {
            use $crate::{
                delivery::webhook_endpoint::{self, EndpointRow},
                port::*,
            };

            #[async_trait]
            impl WebhookEndpointStore for $store {
                async fn insert(
                    &self,
                    endpoint: &WebhookEndpoint,
                    from: ChangePosition,
                    commit: Commit,
                ) -> Result<(), Failure<WebhookRefusal>> {
                    self.$insert(endpoint, from, commit).await
                }

                async fn by_id(
                    &self,
                    account: AccountId,
                    id: WebhookEndpointId,
                ) -> Result<Option<WebhookEndpoint>, StoreError> {
                    let endpoint = webhook_endpoint::by_id(account.as_bytes().into(), id.as_bytes().into());
                    self.$find::<EndpointRow, _>(endpoint).await
                }

                async fn all(&self, account: AccountId) -> Result<Vec<WebhookEndpoint>, StoreError> {
                    let endpoints = webhook_endpoint::of_account(account.as_bytes().into());
                    self.$all::<EndpointRow, _>(endpoints).await
                }

                async fn update(
                    &self,
                    endpoint: &WebhookEndpoint,
                    commit: Commit,
                ) -> Result<(), Failure<WebhookRefusal>> {
                    let before = webhook_endpoint::before(endpoint.account_id, endpoint);
                    let update = diesel::update(before).set(EndpointRow::from(endpoint));
                    match self
                        .$execute::<Failure<WebhookRefusal>>(commit, update)
                        .await?
                    {
                        0 => Err(Failure::Refused(WebhookRefusal::VersionMismatch)),
                        _ => Ok(()),
                    }
                }

                async fn remove(
                    &self,
                    account: AccountId,
                    id: WebhookEndpointId,
                    commit: Commit,
                ) -> Result<bool, StoreError> {
                    self.$remove(account, id, commit).await
                }
            }
        };
    };
}
