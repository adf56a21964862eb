//! Webhook endpoints. To add or remove one is a transaction.

use crate::{
    PostgresStore,
    error::{Ended, refused},
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
use diesel_async::{AsyncConnection, RunQueryDsl};
use futures_util::{FutureExt, TryFutureExt};

webhook_endpoint_store! { PostgresStore { find, all, execute, insert_endpoint, remove_endpoint } }

impl PostgresStore {
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
            let work = connection.transaction(async move |connection| {
                if let Err(error) = endpoint.execute(connection).await {
                    return Err(Ended(refused::<Failure<WebhookRefusal>>(error)));
                }
                lane.execute(connection).await?;
                Ok(())
            });
            work.map_err(|Ended(failure)| failure).boxed()
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
            let work = connection.transaction(async move |connection| {
                let mut removed = 0;
                for text in REMOVE {
                    let delete = diesel::sql_query(text)
                        .bind::<Binary, _>(account)
                        .bind::<Binary, _>(id);
                    removed = delete.execute(connection).await?;
                }
                Unwritten::unless(Ok(removed)).map_err(Ended)
            });
            work.map_err(|Ended(why)| why).boxed()
        });
        Ok(Unwritten::<StoreError>::rows(removed.await)? > 0)
    }
}
