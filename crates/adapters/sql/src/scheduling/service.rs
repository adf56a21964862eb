//! Services.
//!
//! What a service needs is stored as JSON in one column: `[{"resources": ["507f1f77bcf86cd799439011"], "count": 1}]`. A
//! group without `count` is taken whole. Fields that are not known here are ignored, so a later version may add some.

use crate::{
    RowId,
    columns::{RowReader, rows_for, versioned},
    guards::{Guard, GuardedRefusal},
    schema::services::{self, dsl},
};
use chatgrow_domain::{
    AccountId, Buffer, Count, Duration, Money, Need, Needs, Notes, Price, Service, ServiceId, ServiceName,
    ServiceRefusal, ServiceTerms,
};
use chatgrow_ports::{PageRequest, StoreError};
use diesel::{
    backend::Backend,
    dsl::{AsSelect, auto_type},
    prelude::*,
};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct StoredNeed {
    resources: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
}

fn write_needs(needs: &Needs) -> String {
    let stored = |need: &Need| StoredNeed {
        resources: need.resources.iter().map(ToString::to_string).collect(),
        count: match need.count {
            Count::Exactly(count) => Some(count),
            Count::All => None,
        },
    };
    let stored: Vec<_> = needs.groups().iter().map(stored).collect();
    // Structs of strings and numbers always serialize.
    serde_json::to_string(&stored).unwrap_or_default()
}

/// The needs of a column. `None` if the value is not valid.
fn read_needs(json: &str) -> Option<Needs> {
    let stored: Vec<StoredNeed> = serde_json::from_str(json).ok()?;
    let need = |stored: StoredNeed| {
        Some(Need {
            resources: stored
                .resources
                .iter()
                .map(|id| id.parse().ok())
                .collect::<Option<_>>()?,
            count: stored.count.map_or(Count::All, Count::Exactly),
        })
    };
    let needs = stored.into_iter().map(need).collect::<Option<_>>()?;
    Needs::new(needs).ok()
}

/// A service as it is stored.
#[derive(Debug, Clone, Hash, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = services)]
#[diesel(primary_key(account_id, id))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct ServiceRow {
    account_id: RowId,
    id: RowId,
    name: String,
    service_type: String,
    duration: i64,
    buffer_before: i64,
    buffer_after: i64,
    slot_step: Option<i64>,
    price_minor: Option<i64>,
    currency: Option<String>,
    notes: Option<String>,
    active: i64,
    needs: String,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

impl ServiceRow {
    /// The row of an account's service.
    #[must_use]
    pub fn new(account: AccountId, service: &Service) -> Self {
        let terms = &service.terms;
        let currency = terms.price.and_then(|price| price.currency);
        Self {
            account_id: account.as_bytes().into(),
            id: service.id.as_bytes().into(),
            name: terms.name.as_str().to_owned(),
            service_type: terms.service_type.as_str().to_owned(),
            duration: terms.duration.as_minutes(),
            buffer_before: terms.buffer_before.as_minutes(),
            buffer_after: terms.buffer_after.as_minutes(),
            slot_step: terms.slot_step.map(Duration::as_minutes),
            price_minor: terms.price.map(|price| price.amount.as_minor()),
            currency: currency.map(|currency| currency.code().to_owned()),
            notes: terms.notes.as_ref().map(|notes| notes.as_str().to_owned()),
            active: terms.active.into(),
            needs: write_needs(&terms.needs),
            created_at: service.created_at.as_millis(),
            updated_at: service.updated_at.as_millis(),
            version: service.version.get(),
        }
    }

    fn terms(self, read: &RowReader) -> Result<ServiceTerms, StoreError> {
        let amount = read.optional("price_minor", self.price_minor, Money::from_minor)?;
        let currency = read.optional("currency", self.currency, |code| code.parse())?;
        let price = match (amount, currency) {
            (Some(amount), currency) => Ok(Some(Price { amount, currency })),
            (None, None) => Ok(None),
            (None, Some(_)) => Err(()),
        };
        Ok(ServiceTerms {
            name: read.get("name", ServiceName::new(self.name))?,
            service_type: read.get("service_type", self.service_type.parse())?,
            duration: read.get("duration", Duration::from_minutes(self.duration))?,
            buffer_before: read.get("buffer_before", Buffer::from_minutes(self.buffer_before))?,
            buffer_after: read.get("buffer_after", Buffer::from_minutes(self.buffer_after))?,
            slot_step: read.optional("slot_step", self.slot_step, Duration::from_minutes)?,
            price: read.get("currency", price)?,
            notes: read.optional("notes", self.notes, Notes::new)?,
            active: read.flag("active", self.active)?,
            needs: read.get("needs", read_needs(&self.needs).ok_or(()))?,
        })
    }
}

impl TryFrom<ServiceRow> for Service {
    type Error = StoreError;

    fn try_from(row: ServiceRow) -> Result<Self, StoreError> {
        let read = RowReader {
            table: "services",
            id: row.id,
        };
        Ok(Self {
            id: ServiceId::new(row.id.object_id()),
            created_at: read.timestamp("created_at", row.created_at)?,
            updated_at: read.timestamp("updated_at", row.updated_at)?,
            version: read.version(row.version)?,
            terms: row.terms(&read)?,
        })
    }
}

/// The service with that id.
#[auto_type]
pub fn by_id<DB: Backend>(account: RowId, id: RowId) -> _ {
    let row: AsSelect<ServiceRow, DB> = ServiceRow::as_select();
    services::table
        .filter(dsl::account_id.eq(account))
        .filter(dsl::id.eq(id))
        .select(row)
}

/// A page of the services, ordered by id. The implementation of the port adds the filter, because a query whose shape
/// changes has to name its backend.
pub fn list<DB: Backend>(account: AccountId, page: &PageRequest<ServiceId>) -> list_after<DB> {
    let after = page.after.map_or(RowId::FIRST, |id| id.as_bytes().into());
    list_after(account.as_bytes().into(), after, rows_for(page))
}

#[auto_type]
fn list_after<DB: Backend>(account: RowId, after: RowId, rows: i64) -> _ {
    let row: AsSelect<ServiceRow, DB> = ServiceRow::as_select();
    services::table
        .filter(dsl::account_id.eq(account))
        .filter(dsl::id.gt(after))
        .order(dsl::id)
        .limit(rows)
        .select(row)
}

versioned!(before: services, Service);

impl GuardedRefusal for ServiceRefusal {
    /// No guard refuses a service.
    fn of(_: Guard) -> Option<Self> {
        None
    }
}

/// Implements [`ServiceStore`](chatgrow_ports::ServiceStore) with methods of the store, named in this order.
/// [`port`](crate::port) says what they do.
#[macro_export]
macro_rules! service_store {
    ($store:ty { $find:ident, $page:ident, $search:ident, $execute:ident }) => {
        const _: () = {
            use $crate::{
                port::*,
                scheduling::service::{self, ServiceRow},
                schema::services::{dsl, table},
            };

            #[async_trait]
            impl ServiceStore for $store {
                async fn insert(
                    &self,
                    account: AccountId,
                    service: &Service,
                    commit: Commit,
                ) -> Result<(), StoreError> {
                    let insert = diesel::insert_into(table).values(ServiceRow::new(account, service));
                    self.$execute(commit, insert).await.map(|_| ())
                }

                async fn by_id(
                    &self,
                    account: AccountId,
                    id: ServiceId,
                ) -> Result<Option<Service>, StoreError> {
                    self.$find::<ServiceRow, _>(service::by_id(
                        account.as_bytes().into(),
                        id.as_bytes().into(),
                    ))
                    .await
                }

                async fn list(
                    &self,
                    account: AccountId,
                    filter: ServiceFilter,
                    request: PageRequest<ServiceId>,
                ) -> Result<Page<Service, ServiceId>, StoreError> {
                    let mut query = service::list(account, &request).into_boxed();
                    match filter.active {
                        None => self.$page::<ServiceRow, _>(query, request).await,
                        // No index covers the filter.
                        Some(active) => {
                            query = query.filter(dsl::active.eq(i64::from(active)));
                            self.$search::<ServiceRow, _>(query, request).await
                        }
                    }
                }

                async fn update(
                    &self,
                    account: AccountId,
                    service: &Service,
                    commit: Commit,
                ) -> Result<(), Failure<ServiceRefusal>> {
                    let update = diesel::update(service::before(account, service))
                        .set(ServiceRow::new(account, service));
                    match self
                        .$execute::<Failure<ServiceRefusal>>(commit, update)
                        .await?
                    {
                        0 => Err(Failure::Refused(ServiceRefusal::VersionMismatch)),
                        _ => Ok(()),
                    }
                }
            }
        };
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_have_the_documented_form() {
        let json = r#"[{"resources":["507f1f77bcf86cd799439011","507f1f77bcf86cd799439012"],"count":1},{"resources":["507f1f77bcf86cd799439013"]}]"#;
        let needs = read_needs(json).unwrap();
        assert_eq!(write_needs(&needs), json);
        assert_eq!(needs.groups()[1].count, Count::All);
        assert_eq!(write_needs(&Needs::default()), "[]");
        let later = r#"[{"resources":["507f1f77bcf86cd799439011"],"count":1,"label":"rooms"}]"#;
        assert!(read_needs(later).is_some());
        for json in ["", "{}", r#"[{"resources":[]}]"#, r#"[{"resources":["x"]}]"#] {
            assert_eq!(read_needs(json), None, "{json}");
        }
    }
}
