//! Sending webhooks to their receivers.

use async_trait::async_trait;
use chatgrow_domain::{ReceiverUrl, SendFailure, Timestamp, WebhookSecret};
use std::time::Duration;

/// A webhook to be sent once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingWebhook {
    /// Where it goes.
    pub url: ReceiverUrl,
    /// `webhook-id`, the same at every try, so that the receiver can tell a repetition. It is of ASCII letters, digits,
    /// `_` and `-`. A full stop would make the signature ambiguous.
    pub id: String,
    /// When this try begins: `webhook-timestamp`, in whole seconds. Receivers refuse one that is minutes off.
    pub sent_at: Timestamp,
    /// The endpoint's secrets, the newest first: one, or two while a rotation lasts. The webhook is signed with each.
    pub secrets: Vec<WebhookSecret>,
    /// The JSON, exactly as it is signed and sent.
    pub body: Vec<u8>,
}

/// What came of a try to send a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentWebhook {
    /// The status that the receiver answered, whatever it is, or why there is no whole answer. Whether a status is a
    /// success (2xx) is for the caller to decide.
    pub outcome: Result<u16, SendFailure>,
    /// How long the receiver asks to be left alone (`Retry-After`), from now on. Only with the statuses 429 and 503,
    /// and of any length: the caller sets the bounds.
    pub retry_after: Option<Duration>,
    /// The beginning of the answer's body, as text. `None` if there is no whole answer, or it is not kept.
    pub answer: Option<String>,
    /// How long it took.
    pub took: Duration,
}

/// Sends webhooks.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait WebhookSender: Send + Sync {
    /// Sends a webhook once, as Standard Webhooks says, and waits for the answer.
    ///
    /// - It MUST NOT connect to an address that [`Reachable`](chatgrow_domain::Reachable) doesn't permit. If the host
    ///   is a name, it is resolved once for each connection. If any of its addresses is not permitted, nothing is sent,
    ///   and otherwise it MUST connect to one of exactly these addresses. An address in the URL is judged by the same
    ///   rule.
    /// - It MUST refuse `http` unless the operator allows it, even if it was allowed when the URL was stored.
    /// - It MUST NOT follow redirects: a status of 3xx is reported like any other.
    /// - It MUST NOT send a webhook again on its own, unless no byte of it has been sent. So a receiver takes it in at
    ///   most once, and not at all if the failure says that nothing was sent.
    /// - It MUST end within 15 seconds, the answer's body included, and spend at most 5 of them on a connection.
    /// - It MUST bound what it reads: about 64 KiB of the body, of which at most 1 KiB is kept, cut at the end of a
    ///   character. A longer body is no failure. What is not UTF-8, and U+0000, which not every store can keep, MUST be
    ///   replaced by U+FFFD.
    /// - The answer of a receiver that only the operator's networks permit MUST NOT be kept.
    /// - It MUST NOT log addresses, URLs, or anything of an answer.
    ///
    /// If the future is dropped, the connection is closed, and the receiver may have taken the webhook in.
    async fn send(&self, webhook: OutgoingWebhook) -> SentWebhook;
}
