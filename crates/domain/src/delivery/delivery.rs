//! Deliveries: one change on its way to one endpoint.

use crate::{ChangeId, ChangeType, SendFailure, Timestamp, WebhookEndpointId, choice::choice};

choice! {
    /// How a delivery stands.
    DeliveryStatus {
        /// It has failed, and will be tried again.
        Pending = "pending",
        /// The receiver has taken it in.
        Succeeded = "succeeded",
        /// All tries have failed. It is tried again only if somebody asks for it.
        Failed = "failed",
        /// Somebody has given it up.
        Skipped = "skipped",
    }
}

/// A change that was sent to an endpoint, or will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The endpoint.
    pub endpoint: WebhookEndpointId,
    /// The change.
    pub change: ChangeId,
    /// The change's type.
    pub kind: ChangeType,
    /// How it stands.
    pub status: DeliveryStatus,
    /// How often it was tried.
    pub attempts: u32,
    /// What came of the last try.
    pub last: LastAttempt,
    /// When it is tried again, if it is.
    pub next_at: Option<Timestamp>,
}

/// What came of the last try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastAttempt {
    /// When it began.
    pub at: Timestamp,
    /// The status that the receiver answered, or why there is none.
    pub outcome: Result<u16, SendFailure>,
    /// The beginning of the answer, if it is kept.
    pub answer: Option<String>,
    /// How many milliseconds it took.
    pub took_millis: i64,
}

impl LastAttempt {
    /// Whether the receiver has taken the webhook in.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        matches!(self.outcome, Ok(200..=299))
    }

    /// Whether the receiver wants no more webhooks.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.outcome == Ok(410)
    }
}

impl Delivery {
    /// How long after each failed try the next one comes, in seconds. After the last one, the delivery has failed.
    const PAUSES: [i64; 9] = [
        5,
        5 * 60,
        30 * 60,
        2 * 3600,
        5 * 3600,
        10 * 3600,
        14 * 3600,
        20 * 3600,
        24 * 3600,
    ];

    /// The longest pause that a receiver can ask for, in milliseconds: a day.
    const MOST_ASKED: i64 = 86_400_000;

    /// The delivery after a try. `before` is the delivery, unless this was the first one. `asked` is how many
    /// milliseconds the receiver asks to be left alone. `luck` is a number from 0 to 1, by which receivers that were
    /// away are not called by everybody at once.
    #[must_use]
    pub fn attempted(
        endpoint: WebhookEndpointId,
        change: ChangeId,
        kind: ChangeType,
        before: Option<&Self>,
        last: LastAttempt,
        asked: Option<i64>,
        luck: f64,
    ) -> Self {
        let attempts = before.map_or(0, |before| before.attempts) + 1;
        let pause = Self::PAUSES
            .get(attempts as usize - 1)
            .filter(|_| !last.succeeded());
        // 20 % sooner or later.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "a pause is at most a day"
        )]
        let pause = pause.map(|seconds| ((*seconds * 1000) as f64 * (0.8 + 0.4 * luck)) as i64);
        let pause = pause.map(|pause| pause.max(asked.unwrap_or(0).min(Self::MOST_ASKED)));
        let next_at = pause.and_then(|pause| Timestamp::from_millis(last.at.as_millis() + pause));
        let status = match next_at {
            _ if last.succeeded() => DeliveryStatus::Succeeded,
            Some(_) => DeliveryStatus::Pending,
            None => DeliveryStatus::Failed,
        };
        Self {
            endpoint,
            change,
            kind,
            status,
            attempts,
            last,
            next_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ObjectId;

    fn attempt(
        before: Option<&Delivery>,
        outcome: Result<u16, SendFailure>,
        asked: Option<i64>,
        luck: f64,
    ) -> Delivery {
        let last = LastAttempt {
            at: Timestamp::from_millis(0).unwrap(),
            outcome,
            answer: None,
            took_millis: 1,
        };
        let id = ObjectId::from_bytes([1; 12]);
        Delivery::attempted(
            WebhookEndpointId::new(id),
            ChangeId::new(id),
            ChangeType::HoldCreated,
            before,
            last,
            asked,
            luck,
        )
    }

    fn pause(delivery: &Delivery) -> Option<i64> {
        delivery.next_at.map(Timestamp::as_millis)
    }

    #[test]
    fn tries_come_at_growing_intervals_and_then_no_more() {
        let mut delivery = attempt(None, Ok(500), None, 0.5);
        for seconds in Delivery::PAUSES {
            assert_eq!(pause(&delivery), Some(seconds * 1000));
            assert_eq!(delivery.status, DeliveryStatus::Pending);
            delivery = attempt(Some(&delivery), Err(SendFailure::TimedOut), None, 0.5);
        }
        assert_eq!(
            (delivery.status, delivery.attempts, pause(&delivery)),
            (DeliveryStatus::Failed, 10, None)
        );
        let by_hand = attempt(Some(&delivery), Ok(204), None, 0.5);
        assert_eq!(
            (by_hand.status, by_hand.attempts),
            (DeliveryStatus::Succeeded, 11)
        );
    }

    #[test]
    fn a_receiver_may_ask_for_a_longer_pause_of_at_most_a_day() {
        assert_eq!(pause(&attempt(None, Ok(503), Some(60_000), 0.0)), Some(60_000));
        assert_eq!(pause(&attempt(None, Ok(503), Some(1), 0.0)), Some(4000));
        assert_eq!(
            pause(&attempt(None, Ok(429), Some(i64::MAX), 1.0)),
            Some(86_400_000)
        );
        assert_eq!(pause(&attempt(None, Ok(500), None, 1.0)), Some(6000));
    }

    #[test]
    fn only_2xx_is_success() {
        for (status, succeeded) in [(199, false), (200, true), (299, true), (300, false), (410, false)] {
            let delivery = attempt(None, Ok(status), None, 0.5);
            assert_eq!(
                delivery.status == DeliveryStatus::Succeeded,
                succeeded,
                "{status}"
            );
        }
    }
}
