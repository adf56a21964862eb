//! Resources.

use super::hours;
use crate::{
    RowId,
    columns::{RowReader, rows_for, versioned},
    guards::{Guard, GuardedRefusal},
    schema::resources::{self, dsl},
};
use chatgrow_domain::{AccountId, Resource, ResourceId, ResourceName, ResourceRefusal};
use chatgrow_ports::{PageRequest, StoreError};
use diesel::{
    backend::Backend,
    dsl::{AsSelect, auto_type},
    prelude::*,
};

/// A resource as it is stored.
#[derive(Debug, Clone, Hash, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = resources)]
#[diesel(primary_key(account_id, id))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct ResourceRow {
    account_id: RowId,
    id: RowId,
    name: String,
    kind: String,
    active: i64,
    hours: Option<String>,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

impl ResourceRow {
    /// The row of an account's resource.
    #[must_use]
    pub fn new(account: AccountId, resource: &Resource) -> Self {
        Self {
            account_id: account.as_bytes().into(),
            id: resource.id.as_bytes().into(),
            name: resource.name.as_str().to_owned(),
            kind: resource.kind.as_str().to_owned(),
            active: resource.active.into(),
            hours: hours::write(&resource.hours),
            created_at: resource.created_at.as_millis(),
            updated_at: resource.updated_at.as_millis(),
            version: resource.version.get(),
        }
    }
}

impl TryFrom<ResourceRow> for Resource {
    type Error = StoreError;

    fn try_from(row: ResourceRow) -> Result<Self, StoreError> {
        let read = RowReader {
            table: "resources",
            id: row.id,
        };
        Ok(Self {
            id: ResourceId::new(row.id.object_id()),
            name: read.get("name", ResourceName::new(row.name))?,
            kind: read.get("kind", row.kind.parse())?,
            active: read.flag("active", row.active)?,
            hours: read.get("hours", hours::read(row.hours.as_deref()).ok_or(()))?,
            created_at: read.timestamp("created_at", row.created_at)?,
            updated_at: read.timestamp("updated_at", row.updated_at)?,
            version: read.version(row.version)?,
        })
    }
}

/// The resource with that id.
#[auto_type]
pub fn by_id<DB: Backend>(account: RowId, id: RowId) -> _ {
    let row: AsSelect<ResourceRow, DB> = ResourceRow::as_select();
    resources::table
        .filter(dsl::account_id.eq(account))
        .filter(dsl::id.eq(id))
        .select(row)
}

/// The resources with these ids.
#[auto_type]
pub fn by_ids<DB: Backend>(account: RowId, ids: Vec<RowId>) -> _ {
    let row: AsSelect<ResourceRow, DB> = ResourceRow::as_select();
    resources::table
        .filter(dsl::account_id.eq(account))
        .filter(dsl::id.eq_any(ids))
        .select(row)
}

/// A page of the resources, ordered by id. The implementation of the port adds the filter, because a query whose shape
/// changes has to name its backend.
pub fn list<DB: Backend>(account: AccountId, page: &PageRequest<ResourceId>) -> list_after<DB> {
    let after = page.after.map_or(RowId::FIRST, |id| id.as_bytes().into());
    list_after(account.as_bytes().into(), after, rows_for(page))
}

#[auto_type]
fn list_after<DB: Backend>(account: RowId, after: RowId, rows: i64) -> _ {
    let row: AsSelect<ResourceRow, DB> = ResourceRow::as_select();
    resources::table
        .filter(dsl::account_id.eq(account))
        .filter(dsl::id.gt(after))
        .order(dsl::id)
        .limit(rows)
        .select(row)
}

versioned!(before: resources, Resource);

impl GuardedRefusal for ResourceRefusal {
    /// No guard refuses a resource.
    fn of(_: Guard) -> Option<Self> {
        None
    }
}

/// Implements [`ResourceStore`](chatgrow_ports::ResourceStore) with methods of the store, named in this order.
/// [`port`](crate::port) says what they do.
#[macro_export]
macro_rules! resource_store {
    ($store:ty { $find:ident, $few:ident, $page:ident, $search:ident, $execute:ident }) => {
        const _: () = {
            use $crate::{
                port::*,
                scheduling::resource::{self, ResourceRow},
                schema::resources::{dsl, table},
            };

            #[async_trait]
            impl ResourceStore for $store {
                async fn insert(
                    &self,
                    account: AccountId,
                    resource: &Resource,
                    commit: Commit,
                ) -> Result<(), StoreError> {
                    let insert = diesel::insert_into(table).values(ResourceRow::new(account, resource));
                    self.$execute(commit, insert).await.map(|_| ())
                }

                async fn by_id(
                    &self,
                    account: AccountId,
                    id: ResourceId,
                ) -> Result<Option<Resource>, StoreError> {
                    self.$find::<ResourceRow, _>(resource::by_id(
                        account.as_bytes().into(),
                        id.as_bytes().into(),
                    ))
                    .await
                }

                async fn by_ids(
                    &self,
                    account: AccountId,
                    ids: &[ResourceId],
                ) -> Result<Vec<Resource>, StoreError> {
                    let ids = ids.iter().map(|id| id.as_bytes().into()).collect();
                    let resources = resource::by_ids(account.as_bytes().into(), ids);
                    self.$few::<ResourceRow, _>($crate::PreparedQuery(resources))
                        .await
                }

                async fn list(
                    &self,
                    account: AccountId,
                    filter: ResourceFilter,
                    request: PageRequest<ResourceId>,
                ) -> Result<Page<Resource, ResourceId>, StoreError> {
                    let mut query = resource::list(account, &request).into_boxed();
                    if let Some(kind) = filter.kind {
                        query = query.filter(dsl::kind.eq(kind.as_str()));
                    }
                    if let Some(active) = filter.active {
                        query = query.filter(dsl::active.eq(i64::from(active)));
                    }
                    if filter == ResourceFilter::default() {
                        self.$page::<ResourceRow, _>(query, request).await
                    } else {
                        // No index covers the filters.
                        self.$search::<ResourceRow, _>(query, request).await
                    }
                }

                async fn update(
                    &self,
                    account: AccountId,
                    resource: &Resource,
                    commit: Commit,
                ) -> Result<(), Failure<ResourceRefusal>> {
                    let update = diesel::update(resource::before(account, resource))
                        .set(ResourceRow::new(account, resource));
                    match self
                        .$execute::<Failure<ResourceRefusal>>(commit, update)
                        .await?
                    {
                        0 => Err(Failure::Refused(ResourceRefusal::VersionMismatch)),
                        _ => Ok(()),
                    }
                }
            }
        };
    };
}
