//! Verifies and reads the notices of payment systems: one module for each [kind](chatgrow_domain::NoticeKind).
//!
//! A notice is verified over the bytes as they came, and only then read.

mod hmac_notice;
mod json;
mod signature;
mod standard_webhooks;
mod stripe;

use chatgrow_domain::{
    ExternalId, NoticeFormat, NoticeKey, NoticeSecret, NoticeType, PaymentSource, ReadNotice, Timestamp,
    ToldNotice,
};
use chatgrow_ports::{Message, NoticeFault, NoticeReader};
use json::{Json, Problem};

/// The type of the notices that [`sample`](NoticeReader::sample) makes.
const TEST: &str = "chatgrow.test";

/// By how many seconds the time of a notice may differ from the server's. Stripe's libraries, and those of Standard
/// Webhooks, take as much.
const TOLERANCE_SECONDS: i64 = 300;

/// Reads notices of every kind.
#[derive(Debug, Clone, Copy)]
pub struct PaymentSystems;

impl NoticeReader for PaymentSystems {
    fn read(
        &self,
        source: &PaymentSource,
        secrets: &[NoticeSecret],
        message: &Message,
        now: Timestamp,
    ) -> Result<ReadNotice, NoticeFault> {
        match &source.format {
            NoticeFormat::Stripe => stripe::read(source, secrets, message, now),
            NoticeFormat::StandardWebhooks => standard_webhooks::read(source, secrets, message, now),
            NoticeFormat::Hmac(format) => hmac_notice::read(source, format, secrets, message),
        }
    }

    fn sample(
        &self,
        source: &PaymentSource,
        secret: &NoticeSecret,
        key: &NoticeKey,
        now: Timestamp,
    ) -> Message {
        let seconds = now.as_millis() / 1000;
        match &source.format {
            NoticeFormat::Stripe => stripe::sample(secret, key, seconds),
            NoticeFormat::StandardWebhooks => standard_webhooks::sample(secret, key, seconds),
            NoticeFormat::Hmac(format) => hmac_notice::sample(format, secret, key),
        }
    }
}

/// Refuses a notice that was signed long ago, so that nobody can send again what was overheard.
fn check_time(seconds: i64, now: Timestamp) -> Result<(), NoticeFault> {
    let now = now.as_millis() / 1000;
    if now.abs_diff(seconds) <= TOLERANCE_SECONDS.unsigned_abs() {
        Ok(())
    } else {
        Err(NoticeFault::Unverified("its time is more than 5 minutes away"))
    }
}

/// What is read of a notice before what it tells.
struct Head {
    key: Result<NoticeKey, Problem>,
    kind: Result<NoticeType, Problem>,
}

impl Head {
    /// The notice, with what `told` reads of its type.
    fn read(
        self,
        message: &Message,
        told: impl FnOnce(&NoticeKey, &NoticeType) -> Result<Option<ToldNotice>, Problem>,
    ) -> Result<ReadNotice, NoticeFault> {
        let unreadable = |key: Option<NoticeKey>, kind, problem: Problem| NoticeFault::Unreadable {
            key: key.unwrap_or_else(|| NoticeKey::digest(&message.body)),
            kind,
            problem: problem.into(),
        };
        let (key, kind) = match (self.key, self.kind) {
            (Ok(key), Ok(kind)) => (key, kind),
            (Err(problem), kind) => return Err(unreadable(None, kind.ok(), problem)),
            (key, Err(problem)) => return Err(unreadable(key.ok(), None, problem)),
        };
        match told(&key, &kind) {
            Ok(told) => Ok(ReadNotice { key, kind, told }),
            Err(problem) => Err(unreadable(Some(key), Some(kind), problem)),
        }
    }
}

/// The id of a refund that has none of its own: its notice's. One that is too long for that is digested.
fn own_id(key: &NoticeKey) -> Result<ExternalId, Problem> {
    ExternalId::new(key.as_str())
        .or_else(|_| ExternalId::new(NoticeKey::digest(key.as_str().as_bytes()).as_str()))
        .map_err(|why| Problem::new(why.to_string()))
}

/// The JSON of a body. A notice whose body is none has neither id nor type.
fn json(message: &Message) -> Result<Json<'_>, NoticeFault> {
    Json::parse(&message.body).ok_or_else(|| NoticeFault::Unreadable {
        key: NoticeKey::digest(&message.body),
        kind: None,
        problem: Problem::new("the body is not JSON").into(),
    })
}

#[cfg(test)]
mod tests;
