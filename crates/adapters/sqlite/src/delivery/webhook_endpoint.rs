//! Webhook endpoints. To add or remove one is a single write of several statements.

use crate::{
    SqliteStore,
    error::{refused, store_error},
    statements,
};
use chatgrow_domain::{AccountId, WebhookEndpoint, WebhookEndpointId, WebhookRefusal};
use chatgrow_ports::{ChangePosition, Commit, Failure, StoreError};
use chatgrow_sql::{
    RowId, Unwritten,
    delivery::{
        lane::{LaneRow, REMOVE},
        webhook_endpoint::EndpointRow,
    },
    schema::{webhook_endpoints, webhook_lanes},
    webhook_endpoint_store,
};
use diesel::sql_types::Binary;

webhook_endpoint_store! { SqliteStore { find, all, execute, insert_endpoint, remove_endpoint } }

impl SqliteStore {
    /// Adds an endpoint, and its lane.
    async fn insert_endpoint(
        &self,
        endpoint: &WebhookEndpoint,
        from: ChangePosition,
        commit: Commit,
    ) -> Result<(), Failure<WebhookRefusal>> {
        let lane = LaneRow::new(endpoint.account_id, endpoint.id, from);
        let endpoint = diesel::insert_into(webhook_endpoints::table).values(EndpointRow::from(endpoint));
        let lane = diesel::insert_into(webhook_lanes::table).values(lane);
        self.write(commit, move |connection| {
            statements::execute(connection, endpoint).map_err(refused::<Failure<WebhookRefusal>>)?;
            statements::execute(connection, lane).map_err(store_error)?;
            Ok(())
        })
        .await
    }

    /// Removes an endpoint, with everything that belongs to it.
    async fn remove_endpoint(
        &self,
        account: AccountId,
        id: WebhookEndpointId,
        commit: Commit,
    ) -> Result<bool, StoreError> {
        let (account, id) = (RowId::from(account.as_bytes()), RowId::from(id.as_bytes()));
        let removed = self.write(commit, move |connection| {
            let mut removed = 0;
            for text in REMOVE {
                let delete = diesel::sql_query(text)
                    .bind::<Binary, _>(account)
                    .bind::<Binary, _>(id);
                removed = statements::execute(connection, delete).map_err(store_error)?;
            }
            Unwritten::unless(Ok(removed))
        });
        Ok(Unwritten::<StoreError>::rows(removed.await)? > 0)
    }
}
