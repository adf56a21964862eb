//! What is known about a request from its start, and when its time is up.

use crate::error::{ApiError, Problem};
use chatgrow_application::RequestId;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// What is known about a request from its start.
#[derive(Clone)]
pub struct Begun {
    /// The request's id.
    pub id: RequestId,
    /// When its time is up.
    pub deadline: Deadline,
}

/// The instant at which a request's time is up.
#[derive(Clone, Copy)]
pub struct Deadline(pub(crate) Instant);

impl Deadline {
    pub(crate) fn after(started: std::time::Instant, timeout: Duration) -> Self {
        Self(Instant::from_std(started) + timeout)
    }

    /// The future's output, if it is ready before the deadline.
    pub async fn limit<T>(self, future: impl Future<Output = T>) -> Option<T> {
        timeout_at(self.0, future).await.ok()
    }

    /// The same, with the answer if the time is up.
    pub(crate) async fn wait_for<T>(self, future: impl Future<Output = T>) -> Result<T, ApiError> {
        let timed_out = || ApiError::from(Problem::Unavailable).because("the request timed out");
        self.limit(future).await.ok_or_else(timed_out)
    }
}
