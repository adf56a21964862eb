//! How endpoints and their deliveries stand.

use super::{WebhookEndpoints, lane_of};
use crate::{Caller, delivery::receivers::signing_secrets};
use chatgrow_domain::{
    Change, ChangeId, ChangeTypes, Delivery, Scope, Timestamp, WebhookEndpoint, WebhookEndpointId,
    WebhookRefusal,
};
use chatgrow_ports::{ChangeFilter, DeliveryPage, Failure};

/// How an endpoint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Since when nothing but failures has come.
    pub failing_since: Option<Timestamp>,
    /// How many deliveries have failed and are not given up.
    pub open: u64,
    /// When the oldest change was made that has not been tried yet. `None` if there is none.
    pub waiting_since: Option<Timestamp>,
    /// Whether no new changes are sent: an ordered endpoint waits for one, or too many deliveries have failed.
    pub blocked: bool,
    /// The change for which an ordered endpoint waits.
    pub waits_for: Option<ChangeId>,
    /// Whether webhooks can be signed. If not, none is sent until the secret is rotated.
    pub can_sign: bool,
}

/// A delivery with what is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentDelivery {
    /// The delivery.
    pub delivery: Delivery,
    /// Its change, if it is kept and the caller may read it.
    pub change: Option<Change>,
    /// The body of the webhook, if the change is there.
    pub body: Option<Vec<u8>>,
}

impl WebhookEndpoints {
    /// Whether the operator has given a key for secrets. Without one, no endpoint can be created, and no secret rotated.
    #[must_use]
    pub fn can_keep_secrets(&self) -> bool {
        matches!(self.system.secrets.close(b"", b""), Ok(Some(_)))
    }

    /// How an endpoint stands.
    ///
    /// # Errors
    /// [`WebhookRefusal::NotFound`], or [`Failure::Store`] if the store fails.
    pub async fn standing(
        &self,
        caller: &Caller,
        endpoint: &WebhookEndpoint,
    ) -> Result<Standing, Failure<WebhookRefusal>> {
        caller.require(Scope::WebhooksRead)?;
        let due = lane_of(caller.account, endpoint.id);
        let lane = self.lanes.lane(due).await?.ok_or(WebhookRefusal::NotFound)?;
        let (open, first) = self.lanes.open(due, lane.position).await?;
        let wanted = ChangeFilter::of_types(endpoint.types());
        let ahead = self
            .changes
            .read(caller.account, lane.position, wanted, 1)
            .await?;
        let secrets = signing_secrets(&*self.system.secrets, endpoint, self.system.clock.now());
        Ok(Standing {
            failing_since: lane.failing_since,
            open,
            waiting_since: ahead.changes.first().map(|logged| logged.change.at),
            blocked: lane.blocked,
            waits_for: first
                .filter(|_| lane.blocked && endpoint.terms.ordered)
                .map(|placed| placed.delivery.change),
            can_sign: secrets.is_ok(),
        })
    }

    /// The endpoint's deliveries, newest change first.
    ///
    /// # Errors
    /// [`WebhookRefusal::NotFound`], or [`Failure::Store`] if the store fails.
    pub async fn deliveries(
        &self,
        caller: &Caller,
        id: WebhookEndpointId,
        page: DeliveryPage,
    ) -> Result<Vec<Delivery>, Failure<WebhookRefusal>> {
        caller.require(Scope::WebhooksRead)?;
        let lane = self.lane(caller, id).await?;
        Ok(self.lanes.deliveries(lane, page).await?)
    }

    /// One delivery of an endpoint, with what is sent.
    ///
    /// # Errors
    /// [`WebhookRefusal::NotFound`], [`WebhookRefusal::DeliveryNotFound`], or [`Failure::Store`] if the store fails.
    pub async fn delivery(
        &self,
        caller: &Caller,
        id: WebhookEndpointId,
        change: ChangeId,
    ) -> Result<SentDelivery, Failure<WebhookRefusal>> {
        caller.require(Scope::WebhooksRead)?;
        let lane = self.lane(caller, id).await?;
        let placed = self.lanes.delivery(lane, change).await?;
        let placed = placed.ok_or(WebhookRefusal::DeliveryNotFound)?;
        let logged = self.changes.at(caller.account, placed.position).await?;
        let readable = ChangeTypes::readable(caller.scopes);
        let change = logged
            .map(|logged| logged.change)
            .filter(|change| readable.has(change.kind));
        let body = change
            .as_ref()
            .map(|change| self.system.representation.webhook(change));
        Ok(SentDelivery {
            delivery: placed.delivery,
            change,
            body,
        })
    }
}
