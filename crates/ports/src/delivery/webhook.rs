//! Webhook endpoints, their lanes, and what came of each delivery.
//!
//! A lane is an endpoint's place in the log of changes. Any number of servers share the lanes: one at a time holds a
//! lane, by a lease of the database's clock, and only who holds it can settle it.

use crate::{ChangePosition, Commit, Failure, StoreError};
use async_trait::async_trait;
use chatgrow_domain::{
    AccountId, ChangeId, Delivery, DeliveryStatus, Timestamp, WebhookEndpoint, WebhookEndpointId,
    WebhookRefusal,
};
use std::{num::NonZeroU16, time::Duration};

/// Stores webhook endpoints.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait WebhookEndpointStore: Send + Sync {
    /// Adds an endpoint to its account, and its lane, which begins after `from`. If another endpoint of the account has
    /// its place, it MUST return [`WebhookRefusal::PlaceTaken`].
    async fn insert(
        &self,
        endpoint: &WebhookEndpoint,
        from: ChangePosition,
        commit: Commit,
    ) -> Result<(), Failure<WebhookRefusal>>;

    /// The account's endpoint with that id.
    async fn by_id(
        &self,
        account: AccountId,
        id: WebhookEndpointId,
    ) -> Result<Option<WebhookEndpoint>, StoreError>;

    /// The account's endpoints, ordered by `created_at`, then by id. There are at most [`WebhookEndpoint::MAX`].
    async fn all(&self, account: AccountId) -> Result<Vec<WebhookEndpoint>, StoreError>;

    /// Replaces the endpoint with this id by this state, if the stored version is the one before `endpoint.version`.
    /// Otherwise it MUST return [`WebhookRefusal::VersionMismatch`], also if there is no such endpoint. Of any number
    /// of concurrent updates of one version one MUST succeed.
    async fn update(&self, endpoint: &WebhookEndpoint, commit: Commit)
    -> Result<(), Failure<WebhookRefusal>>;

    /// Removes an endpoint, its lane and its deliveries. Returns whether it was there.
    async fn remove(
        &self,
        account: AccountId,
        id: WebhookEndpointId,
        commit: Commit,
    ) -> Result<bool, StoreError>;
}

/// A lane that has something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DueLane {
    /// The account.
    pub account: AccountId,
    /// The endpoint.
    pub endpoint: WebhookEndpointId,
}

/// A lane that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// Proves that it is still held by the one that claimed it.
    pub fence: i64,
    /// Every change up to this place was tried.
    pub position: ChangePosition,
    /// Since when nothing but failures has come.
    pub failing_since: Option<Timestamp>,
    /// Whether no new changes are read: an ordered lane waits for one, or too many have failed.
    pub blocked: bool,
}

/// A delivery, and the place of its change in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedDelivery {
    /// The place.
    pub position: ChangePosition,
    /// The delivery.
    pub delivery: Delivery,
}

/// Which deliveries to list: newest changes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryPage {
    /// Only those that stand so.
    pub status: Option<DeliveryStatus>,
    /// Only those of changes before this one.
    pub before: Option<ChangeId>,
    /// How many.
    pub limit: NonZeroU16,
}

/// Stores lanes and deliveries.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait LaneStore: Send + Sync {
    /// Lanes of active endpoints that nobody holds and that have something to do: a delivery is to be tried again; there are
    /// changes after its place and up to the horizon, and it is not blocked; or it is blocked, and its endpoint [has failed
    /// too long](WebhookEndpoint::has_failed_too_long). At most that many.
    async fn due(&self, most: u32) -> Result<Vec<DueLane>, StoreError>;

    /// When the first change was made that a lane of an active endpoint has not tried to send, of whatever type it is.
    /// `None` if there is no such change.
    async fn waiting_since(&self) -> Result<Option<Timestamp>, StoreError>;

    /// A lane as it stands, for people who look at it. It is not taken.
    async fn lane(&self, lane: DueLane) -> Result<Option<Lane>, StoreError>;

    /// Takes a lane for that time, unless somebody holds it. Of any number of concurrent calls one MUST succeed. A
    /// former holder can't settle it any more.
    async fn claim(&self, lane: DueLane, lease: Duration) -> Result<Option<Lane>, StoreError>;

    /// Writes the lane's new state and what came of deliveries, in one write, if nobody has claimed or moved the lane since
    /// it got that fence. Returns whether that is so. Otherwise it MUST change nothing. The lane is held for `lease` from
    /// now on, or given back.
    async fn settle(
        &self,
        lane: DueLane,
        state: &Lane,
        deliveries: Vec<PlacedDelivery>,
        lease: Option<Duration>,
    ) -> Result<bool, StoreError>;

    /// Moves a lane to another place, and takes it from its holder. It is blocked no more. Returns whether there
    /// is such a lane.
    async fn move_to(&self, lane: DueLane, position: ChangePosition) -> Result<bool, StoreError>;

    /// The place of the account's last change that was made before that instant, or the place before all that are kept.
    /// It MUST NOT be behind the horizon: a lane that is moved there would miss what may still come before it.
    async fn place_before(
        &self,
        account: AccountId,
        instant: Timestamp,
    ) -> Result<ChangePosition, StoreError>;

    /// Deliveries that are to be tried again by now, those that are due longest first.
    async fn retries(&self, lane: DueLane, most: u32) -> Result<Vec<PlacedDelivery>, StoreError>;

    /// How many deliveries are pending or have failed, and the one of the earliest change after that place.
    async fn open(
        &self,
        lane: DueLane,
        after: ChangePosition,
    ) -> Result<(u64, Option<PlacedDelivery>), StoreError>;

    /// The endpoint's delivery of that change.
    async fn delivery(&self, lane: DueLane, change: ChangeId) -> Result<Option<PlacedDelivery>, StoreError>;

    /// The endpoint's deliveries, newest change first.
    async fn deliveries(&self, lane: DueLane, page: DeliveryPage) -> Result<Vec<Delivery>, StoreError>;

    /// Has a delivery tried again as soon as possible, however it stands. Returns whether there is one.
    async fn retry(&self, lane: DueLane, change: ChangeId, now: Timestamp) -> Result<bool, StoreError>;

    /// Deletes deliveries that are not to be tried again: those that were last tried at `before` or earlier, and of
    /// each endpoint's successes all but the last [`KEPT_SUCCESSES`]. Lanes go on that waited for them. Returns how many.
    async fn sweep_deliveries(&self, before: Timestamp) -> Result<usize, StoreError>;
}

/// How many successes of each endpoint are kept.
pub const KEPT_SUCCESSES: i64 = 1000;
