//! To whom webhooks may go, and how they are signed and told of.

use chatgrow_domain::{
    LastAttempt, Reachable, ReceiverUrl, Timestamp, WebhookEndpoint, WebhookRefusal, WebhookSecret,
};
use chatgrow_ports::{SecretBox, SentWebhook, StoreError};
use std::time::Duration;

/// For how long a lane is held. A pass begins to send for 10 seconds, and nothing takes longer than 15.
pub(super) const LEASE: Duration = Duration::from_secs(30);

/// To which receivers webhooks may go.
#[derive(Debug, Clone, Default)]
pub struct ReceiverRules {
    /// Whether `http` is allowed.
    pub allow_http: bool,
    /// Which addresses may be called.
    pub reachable: Reachable,
}

impl ReceiverRules {
    pub(super) fn url(&self, text: &str) -> Result<ReceiverUrl, WebhookRefusal> {
        ReceiverUrl::parse(text, self.allow_http, &self.reachable).map_err(WebhookRefusal::Url)
    }
}

/// The secrets with which webhooks to the endpoint are signed, or an error if the present one can't be read.
pub(super) fn signing_secrets(
    secrets: &dyn SecretBox,
    endpoint: &WebhookEndpoint,
    now: Timestamp,
) -> Result<Vec<WebhookSecret>, StoreError> {
    let mut readable = Vec::new();
    for (nth, sealed) in endpoint.secrets(now).enumerate() {
        let secret = secrets.read(endpoint.id.as_bytes(), sealed.as_bytes());
        let secret = secret.and_then(|bytes| WebhookSecret::from_bytes(bytes).ok());
        // The former one may be lost with its key.
        if nth == 0 && secret.is_none() {
            return Err(StoreError::unavailable(
                "the endpoint's secret can't be read: rotate it, or give the key with which it was encrypted",
            ));
        }
        readable.extend(secret);
    }
    Ok(readable)
}

/// A try, and what came of it.
pub(super) fn attempt(at: Timestamp, sent: SentWebhook) -> LastAttempt {
    LastAttempt {
        at,
        outcome: sent.outcome,
        answer: sent.answer,
        took_millis: millis(sent.took),
    }
}

pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
