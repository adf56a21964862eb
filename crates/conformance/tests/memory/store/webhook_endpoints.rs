//! Webhook endpoints.

use super::{MemoryStore, Tables, lanes::HeldLane};
use crate::defects::{Defect, Method};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, WebhookEndpoint, WebhookEndpointId, WebhookRefusal};
use chatgrow_ports::{ChangePosition, Commit, Failure, StoreError, WebhookEndpointStore};

#[async_trait]
impl WebhookEndpointStore for MemoryStore {
    async fn insert(
        &self,
        endpoint: &WebhookEndpoint,
        from: ChangePosition,
        commit: Commit,
    ) -> Result<(), Failure<WebhookRefusal>> {
        let method = Method::InsertEndpoint;
        let check = |tables: &Tables| {
            self.account(tables, endpoint.account_id)?;
            if !(1..=WebhookEndpoint::MAX).contains(&endpoint.place) && !self.has(Defect::AnyWebhookPlace) {
                return Err(Failure::Store(StoreError::failed("there is no such place")));
            }
            let mut rivals = tables
                .webhook_endpoints
                .all()
                .filter(|(owner, _)| *owner == endpoint.account_id || self.has(Defect::WebhookPlacesOfAll));
            let taken = rivals.any(|(_, other)| other.place == endpoint.place && other.id != endpoint.id);
            if taken && !self.has(Defect::WebhookPlacesShared) {
                return Err(Failure::Refused(WebhookRefusal::PlaceTaken));
            }
            let there = tables.webhook_endpoints.get(endpoint.account_id, endpoint.id);
            self.vacant(method, there.is_some())?;
            Ok(Some(self.kept_endpoint(endpoint)))
        };
        let change = |tables: &mut Tables, endpoint: WebhookEndpoint| {
            let from = if self.has(Defect::LanesBeginAtStart) {
                ChangePosition::START
            } else {
                from
            };
            tables
                .lanes
                .put(endpoint.account_id, endpoint.id, HeldLane::new(from));
            put(tables, endpoint);
        };
        self.write(method, commit, check, change).await.map(drop)
    }

    async fn by_id(
        &self,
        account: AccountId,
        id: WebhookEndpointId,
    ) -> Result<Option<WebhookEndpoint>, StoreError> {
        self.read(|tables| {
            Ok(if self.has(Defect::EndpointFoundAnywhere) {
                let mut all = tables.webhook_endpoints.all().map(|(_, endpoint)| endpoint);
                all.find(|endpoint| endpoint.id == id).cloned()
            } else {
                tables.webhook_endpoints.get(account, id).cloned()
            })
        })
        .await
    }

    async fn all(&self, account: AccountId) -> Result<Vec<WebhookEndpoint>, StoreError> {
        let mut endpoints: Vec<_> = self
            .read(|tables| {
                let all = tables.webhook_endpoints.all();
                all.filter(|(owner, _)| *owner == account || self.has(Defect::EndpointsOfAll))
                    .map(|(_, endpoint)| endpoint.clone())
                    .collect()
            })
            .await;
        match self.defect {
            Some(Defect::EndpointsById) => {}
            Some(Defect::EndpointsByCreationOnly) => {
                endpoints.reverse();
                endpoints.sort_by_key(|endpoint| endpoint.created_at);
            }
            _ => endpoints.sort_by_key(|endpoint| (endpoint.created_at, endpoint.id)),
        }
        Ok(endpoints)
    }

    async fn update(
        &self,
        endpoint: &WebhookEndpoint,
        commit: Commit,
    ) -> Result<(), Failure<WebhookRefusal>> {
        let method = Method::UpdateEndpoint;
        let check = |tables: &Tables| {
            let before = tables.webhook_endpoints.get(endpoint.account_id, endpoint.id);
            if !self.follows(method, before.map(|before| before.version), endpoint.version) {
                return Err(Failure::Refused(WebhookRefusal::VersionMismatch));
            }
            Ok(Some(self.kept_endpoint(endpoint)))
        };
        self.write(method, commit, check, put).await.map(drop)
    }

    async fn remove(
        &self,
        account: AccountId,
        id: WebhookEndpointId,
        commit: Commit,
    ) -> Result<bool, StoreError> {
        let check = |tables: &Tables| {
            let mut owners = tables
                .webhook_endpoints
                .all()
                .map(|(owner, endpoint)| (owner, endpoint.id));
            let mine = |(owner, of): &(AccountId, WebhookEndpointId)| {
                *of == id && (*owner == account || self.has(Defect::EndpointRemovedAnywhere))
            };
            Ok::<_, StoreError>(owners.find(mine))
        };
        let change = |tables: &mut Tables, (account, id): (AccountId, WebhookEndpointId)| {
            tables.webhook_endpoints.remove(account, id);
            if !self.has(Defect::LaneOutlivesEndpoint) {
                tables.lanes.remove(account, id);
            }
            let of_endpoint = |of| of == id || self.has(Defect::RemovesDeliveriesOfAll);
            let deliveries = tables.deliveries.of(account).map(|placed| &placed.delivery);
            let deliveries = deliveries.filter(|delivery| of_endpoint(delivery.endpoint));
            let keys: Vec<_> = deliveries
                .map(|delivery| (delivery.endpoint, delivery.change))
                .collect();
            for key in keys
                .into_iter()
                .filter(|_| !self.has(Defect::DeliveriesOutliveEndpoint))
            {
                tables.deliveries.remove(account, key);
            }
        };
        self.write(Method::RemoveEndpoint, commit, check, change).await
    }
}

fn put(tables: &mut Tables, endpoint: WebhookEndpoint) {
    tables
        .webhook_endpoints
        .put(endpoint.account_id, endpoint.id, endpoint);
}

impl MemoryStore {
    /// The endpoint as it is kept.
    fn kept_endpoint(&self, endpoint: &WebhookEndpoint) -> WebhookEndpoint {
        let mut kept = endpoint.clone();
        match self.defect {
            Some(Defect::ForgetsPreviousSecret) => kept.previous_secret = None,
            Some(Defect::ForgetsDisabling) => kept.disabled = None,
            Some(Defect::ForgetsWebhookDescription) => kept.terms.description = None,
            _ => {}
        }
        kept
    }
}
