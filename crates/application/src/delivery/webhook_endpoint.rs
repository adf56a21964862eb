//! Webhook endpoints: create, read, change, rotate, remove; try out, replay, retry and skip.

mod standing;
mod trial;

pub use standing::{SentDelivery, Standing};

use super::receivers::LEASE;
use crate::{Caller, Commits, Effect, Outcome, Request, System};
use chatgrow_domain::{
    AccountId, ChangeId, ChangeTypes, Continuation, Delivery, Scope, SealedSecret, Timestamp, TypePatterns,
    Version, WebhookDescription, WebhookEdit, WebhookEndpoint, WebhookEndpointId, WebhookRefusal,
    WebhookSecret, WebhookTerms,
};
use chatgrow_ports::{
    ChangeFilter, ChangeStore, DueLane, Failure, Lane, LaneStore, PlacedDelivery, StoreError, Stores,
    WebhookEndpointStore,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

/// By how many milliseconds the clocks of two servers may differ. So a change can have a time that is this much later than
/// that of a change behind it in the log.
const CLOCKS_DIFFER_MILLIS: i64 = 60_000;

/// What a caller provides for a new endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWebhookEndpoint {
    /// Where webhooks go, as text.
    pub url: String,
    /// Of which changes it is told.
    pub types: TypePatterns,
    /// What it is for.
    pub description: Option<WebhookDescription>,
    /// Whether webhooks are sent.
    pub active: bool,
    /// Whether a change waits until the one before it has arrived.
    pub ordered: bool,
}

/// A change of some terms, with the URL as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookEndpointEdit {
    /// Another URL.
    pub url: Option<String>,
    /// The other terms. Its own URL doesn't count.
    pub terms: WebhookEdit,
}

/// The outcome of a change of terms.
#[derive(Debug)]
pub struct Edited {
    /// The outcome.
    pub outcome: Outcome<WebhookEndpoint>,
    /// With which change the endpoint goes on, if this has switched it on.
    pub continues: Option<Continuation>,
}

/// The outcome of a request for a new secret. The secret is not a part of what is stored for a repetition.
#[derive(Debug)]
pub struct WithSecret {
    /// The outcome.
    pub outcome: Outcome<WebhookEndpoint>,
    /// The new secret. It counts if the outcome is [`Outcome::Done`].
    pub secret: WebhookSecret,
}

/// The use cases of webhook endpoints.
pub struct WebhookEndpoints {
    endpoints: Arc<dyn WebhookEndpointStore>,
    lanes: Arc<dyn LaneStore>,
    changes: Arc<dyn ChangeStore>,
    system: System,
    commits: Commits,
    /// When the last test pings of each endpoint were sent, in milliseconds.
    tests: Mutex<HashMap<WebhookEndpointId, Vec<i64>>>,
}

impl WebhookEndpoints {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        let delivery = &stores.delivery;
        Self {
            endpoints: delivery.webhook_endpoints.clone(),
            lanes: delivery.lanes.clone(),
            changes: delivery.changes.clone(),
            system: system.clone(),
            commits: commits.clone(),
            tests: Mutex::default(),
        }
    }

    /// Creates an endpoint. It is told of what changes from now on.
    ///
    /// # Errors
    /// [`WebhookRefusal::Url`], [`WebhookRefusal::TooMany`], [`WebhookRefusal::NoSecretsKey`], or [`Failure::Store`] if
    /// the store fails.
    pub async fn create(
        &self,
        request: &Request<WebhookEndpoint>,
        new: NewWebhookEndpoint,
    ) -> Result<WithSecret, Failure<WebhookRefusal>> {
        request.caller.require(Scope::WebhooksWrite)?;
        let account = request.caller.account;
        let id = WebhookEndpointId::new(self.system.ids.next_id());
        let secret = WebhookSecret::from_random(self.system.randomness.secret());
        let terms = WebhookTerms {
            url: self.system.receivers.url(&new.url)?,
            types: new.types,
            description: new.description,
            active: new.active,
            ordered: new.ordered,
        };
        let sealed = self.seal(id, &secret)?;
        let attempt = async || {
            let taken: Vec<_> = self
                .endpoints
                .all(account)
                .await?
                .iter()
                .map(|other| other.place)
                .collect();
            let place = (1..=WebhookEndpoint::MAX).find(|place| !taken.contains(place));
            let now = self.system.clock.now();
            let effect = Effect::Created(WebhookEndpoint {
                id,
                account_id: account,
                place: place.ok_or(WebhookRefusal::TooMany)?,
                terms: terms.clone(),
                scopes: request.caller.scopes,
                secret: sealed.clone(),
                previous_secret: None,
                disabled: None,
                created_at: now,
                updated_at: now,
                version: Version::FIRST,
            });
            let from = self.changes.horizon().await?;
            let commit = self.commits.of(request, &effect);
            match self.endpoints.insert(effect.resource(), from, commit).await {
                Err(Failure::Refused(WebhookRefusal::PlaceTaken)) => Ok(None),
                inserted => inserted.map(|()| Some(effect)),
            }
        };
        let outcome = self.commits.run(request, attempt).await?;
        Ok(WithSecret { outcome, secret })
    }

    fn seal(
        &self,
        id: WebhookEndpointId,
        secret: &WebhookSecret,
    ) -> Result<SealedSecret, Failure<WebhookRefusal>> {
        let sealed = self.system.secrets.close(id.as_bytes(), secret.as_bytes())?;
        Ok(SealedSecret::new(sealed.ok_or(WebhookRefusal::NoSecretsKey)?))
    }

    /// The account's endpoint with that id.
    ///
    /// # Errors
    /// [`WebhookRefusal::NotFound`], or [`Failure::Store`] if the store fails.
    pub async fn get(
        &self,
        caller: &Caller,
        id: WebhookEndpointId,
    ) -> Result<WebhookEndpoint, Failure<WebhookRefusal>> {
        caller.require(Scope::WebhooksRead)?;
        let found = self.endpoints.by_id(caller.account, id).await?;
        Ok(found.ok_or(WebhookRefusal::NotFound)?)
    }

    /// The account's endpoints, oldest first.
    ///
    /// # Errors
    /// [`Failure::Store`] if the store fails.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<WebhookEndpoint>, Failure<WebhookRefusal>> {
        caller.require(Scope::WebhooksRead)?;
        Ok(self.endpoints.all(caller.account).await?)
    }

    /// Changes the terms that `edit` sets. An endpoint that is switched on continues with the first change that it has not
    /// tried, or with the oldest change that is kept, if some of those between were deleted.
    ///
    /// # Errors
    /// [`WebhookRefusal::NotFound`], [`WebhookRefusal::VersionMismatch`] if the precondition doesn't hold,
    /// [`WebhookRefusal::Url`], or [`Failure::Store`] if the store fails.
    pub async fn edit(
        &self,
        request: &Request<WebhookEndpoint>,
        id: WebhookEndpointId,
        edit: WebhookEndpointEdit,
    ) -> Result<Edited, Failure<WebhookRefusal>> {
        request.caller.require(Scope::WebhooksWrite)?;
        let url = edit.url.map(|url| self.system.receivers.url(&url)).transpose()?;
        let terms = WebhookEdit { url, ..edit.terms };
        // Once the endpoint is active, a server may move its lane. (A sweep between this and the write isn't seen.)
        let continues = match terms.active {
            Some(true) => self.continuation(lane_of(request.caller.account, id)).await?,
            _ => None,
        };
        let change = |before: &WebhookEndpoint, now| before.edited(terms.clone(), now);
        let outcome = self.replace(request, id, change).await?;
        let switched_on =
            matches!(&outcome, Outcome::Done(Effect::Changed { before, .. }) if !before.terms.active);
        Ok(Edited {
            outcome,
            continues: continues.filter(|_| switched_on),
        })
    }

    async fn continuation(&self, lane: DueLane) -> Result<Option<Continuation>, StoreError> {
        let Some(Lane { position, .. }) = self.lanes.lane(lane).await? else {
            return Ok(None);
        };
        let all = ChangeFilter::of_types(ChangeTypes::ALL);
        let ahead = self.changes.read(lane.account, position, all, 1).await?;
        Ok(Some(if position < ahead.swept_to {
            Continuation::OldestKept
        } else {
            Continuation::WhereItStopped
        }))
    }

    /// Gives the endpoint another secret. The present one counts for another day.
    ///
    /// # Errors
    /// [`WebhookRefusal::NotFound`], [`WebhookRefusal::VersionMismatch`] if the precondition doesn't hold,
    /// [`WebhookRefusal::NoSecretsKey`], or [`Failure::Store`] if the store fails.
    pub async fn rotate(
        &self,
        request: &Request<WebhookEndpoint>,
        id: WebhookEndpointId,
    ) -> Result<WithSecret, Failure<WebhookRefusal>> {
        request.caller.require(Scope::WebhooksWrite)?;
        let secret = WebhookSecret::from_random(self.system.randomness.secret());
        let sealed = self.seal(id, &secret)?;
        let outcome = self
            .replace(request, id, |before, now| before.rotated(sealed.clone(), now))
            .await?;
        Ok(WithSecret { outcome, secret })
    }

    async fn replace(
        &self,
        request: &Request<WebhookEndpoint>,
        id: WebhookEndpointId,
        change: impl Fn(&WebhookEndpoint, Timestamp) -> WebhookEndpoint,
    ) -> Result<Outcome<WebhookEndpoint>, Failure<WebhookRefusal>> {
        let attempt = async || {
            let before = self.get(&request.caller, id).await?;
            // The endpoint goes on being told what its creator might read, wherever its webhooks go now.
            for scope in before.scopes.iter() {
                request.caller.require(scope)?;
            }
            request.precondition.check::<WebhookRefusal>(Some(&before))?;
            let after = change(&before, self.system.clock.now());
            let write = async |after: &WebhookEndpoint, commit| self.endpoints.update(after, commit).await;
            self.commits.replace(request, before, after, write).await
        };
        self.commits.run(request, attempt).await
    }

    /// Removes an endpoint, with its deliveries.
    ///
    /// # Errors
    /// [`WebhookRefusal::NotFound`], [`WebhookRefusal::VersionMismatch`] if the precondition doesn't hold, or
    /// [`Failure::Store`] if the store fails.
    pub async fn remove(
        &self,
        request: &Request<WebhookEndpoint>,
        id: WebhookEndpointId,
    ) -> Result<Outcome<WebhookEndpoint>, Failure<WebhookRefusal>> {
        request.caller.require(Scope::WebhooksWrite)?;
        let attempt = async || {
            let current = self.get(&request.caller, id).await?;
            request.precondition.check::<WebhookRefusal>(Some(&current))?;
            let effect = Effect::Removed(current);
            let commit = self.commits.of(request, &effect);
            if self.endpoints.remove(request.caller.account, id, commit).await? {
                Ok(Some(effect))
            } else {
                Err(WebhookRefusal::NotFound.into())
            }
        };
        self.commits.run(request, attempt).await
    }

    /// Sends every change again that was made since then and is kept, also those that have arrived, and perhaps some of the
    /// minute before.
    ///
    /// # Errors
    /// [`WebhookRefusal::NotFound`], or [`Failure::Store`] if the store fails.
    pub async fn replay(
        &self,
        caller: &Caller,
        id: WebhookEndpointId,
        since: Timestamp,
    ) -> Result<(), Failure<WebhookRefusal>> {
        caller.require(Scope::WebhooksWrite)?;
        let lane = self.lane(caller, id).await?;
        let earlier = since.as_millis().saturating_sub(CLOCKS_DIFFER_MILLIS);
        let earlier = Timestamp::from_millis(earlier).unwrap_or(since);
        let position = self.lanes.place_before(caller.account, earlier).await?;
        let Some(present) = self.lanes.lane(lane).await? else {
            return Err(WebhookRefusal::NotFound.into());
        };
        // Never forward: what was not tried yet would be left out.
        let position = position.min(present.position);
        if !self.lanes.move_to(lane, position).await? {
            return Err(WebhookRefusal::NotFound.into());
        }
        self.commits.announce();
        Ok(())
    }

    async fn lane(&self, caller: &Caller, id: WebhookEndpointId) -> Result<DueLane, Failure<WebhookRefusal>> {
        Ok(lane_of(caller.account, self.get(caller, id).await?.id))
    }

    /// Gives up the change for which an ordered endpoint waits, and goes on behind it. With `only`, it gives up no other
    /// change than that one. Returns the delivery.
    ///
    /// # Errors
    /// [`WebhookRefusal::NotFound`], [`WebhookRefusal::NothingToSkip`] if it waits for none or for another, or
    /// [`Failure::Store`] if the store fails.
    pub async fn skip(
        &self,
        caller: &Caller,
        id: WebhookEndpointId,
        only: Option<ChangeId>,
    ) -> Result<Delivery, Failure<WebhookRefusal>> {
        caller.require(Scope::WebhooksWrite)?;
        let lane = self.lane(caller, id).await?;
        // If somebody holds the lane, the change may just be on its way.
        let Some(mut held) = self.lanes.claim(lane, LEASE).await? else {
            return Err(WebhookRefusal::NothingToSkip.into());
        };
        let (_, first) = self.lanes.open(lane, held.position).await?;
        let meant =
            |first: &PlacedDelivery| held.blocked && only.is_none_or(|only| only == first.delivery.change);
        let Some(PlacedDelivery { position, delivery }) = first.filter(meant) else {
            self.lanes.settle(lane, &held, Vec::new(), None).await?;
            return Err(WebhookRefusal::NothingToSkip.into());
        };
        let delivery = delivery.skipped();
        held.position = position;
        held.blocked = false;
        let skipped = PlacedDelivery {
            position,
            delivery: delivery.clone(),
        };
        if !self.lanes.settle(lane, &held, vec![skipped], None).await? {
            return Err(WebhookRefusal::NothingToSkip.into());
        }
        self.commits.announce();
        Ok(delivery)
    }

    /// Has a delivery tried again at once, however it stands.
    ///
    /// # Errors
    /// [`WebhookRefusal::NotFound`], [`WebhookRefusal::DeliveryNotFound`], or [`Failure::Store`] if the store fails.
    pub async fn retry(
        &self,
        caller: &Caller,
        id: WebhookEndpointId,
        change: ChangeId,
    ) -> Result<Delivery, Failure<WebhookRefusal>> {
        caller.require(Scope::WebhooksWrite)?;
        let lane = self.lane(caller, id).await?;
        if !self.lanes.retry(lane, change, self.system.clock.now()).await? {
            return Err(WebhookRefusal::DeliveryNotFound.into());
        }
        self.commits.announce();
        let delivery = self.lanes.delivery(lane, change).await?;
        Ok(delivery.ok_or(WebhookRefusal::DeliveryNotFound)?.delivery)
    }
}

pub(super) fn lane_of(account: AccountId, endpoint: WebhookEndpointId) -> DueLane {
    DueLane { account, endpoint }
}

#[cfg(test)]
mod tests;
