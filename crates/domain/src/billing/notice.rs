//! Notices: what payment systems send by themselves, and the log of what came of it.

use crate::{
    Currency, Money, PaymentId, PaymentSourceId, Refusal, Timestamp, ToldPayment, choice::choice,
    ids::id_type, text::text_type,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

id_type! {
    /// The id of a [`PaymentNotice`].
    PaymentNoticeId
}

text_type! {
    /// What a notice tells of, in its payment system's words, such as `payment_intent.succeeded`.
    NoticeType, 100, single line
}

text_type! {
    /// What a notice names as paid for. It is meant to be the id of a booking.
    NoticeReference, 200, single line
}

text_type! {
    /// What is wrong with a notice.
    NoticeProblem, 300, single line
}

text_type! {
    /// The id that a payment system has given to a notice. A notice that comes again has the same one.
    NoticeKey, 255, single line
}

impl NoticeKey {
    /// A key for a notice without an id of its own, or with one that is too long.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    #[expect(clippy::expect_used, reason = "43 letters and digits are a key")]
    pub fn digest(bytes: &[u8]) -> Self {
        Self::new(URL_SAFE_NO_PAD.encode(Sha256::digest(bytes))).expect("a key")
    }
}

/// A notice that was verified and read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadNotice {
    /// Its id in the payment system.
    pub key: NoticeKey,
    /// Its type.
    pub kind: NoticeType,
    /// What it tells. `None` if it tells nothing of money.
    pub told: Option<ToldNotice>,
}

/// What a notice tells of a payment or a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldNotice {
    /// The payment or the refund. Its target is not known yet.
    pub payment: ToldPayment,
    /// What it names as paid for.
    pub reference: Option<NoticeReference>,
}

choice! {
    /// What came of a notice.
    NoticeOutcome {
        /// It told something new, which is in the ledger now.
        Recorded = "recorded",
        /// The ledger had it already.
        Known = "known",
        /// It tells nothing of money.
        Ignored = "ignored",
        /// It contradicts what was told of the same payment before. The ledger keeps what it had.
        Mismatch = "mismatch",
        /// It is signed well, but something is missing in it or wrong.
        Unreadable = "unreadable",
    }
}

impl NoticeOutcome {
    /// Whether a notice that comes again is passed over. One that was ignored, or could not be read, is read anew: its
    /// source may be described in another way since.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Ignored | Self::Unreadable)
    }
}

/// A notice in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentNotice {
    /// Its id here.
    pub id: PaymentNoticeId,
    /// The source that sent it.
    pub source: PaymentSourceId,
    /// Its id in the payment system.
    pub key: NoticeKey,
    /// Its type, if it could be read.
    pub kind: Option<NoticeType>,
    /// What came of it.
    pub outcome: NoticeOutcome,
    /// The payment or refund that it tells of.
    pub payment: Option<PaymentId>,
    /// What it names as paid for.
    pub reference: Option<NoticeReference>,
    /// The amount that it tells.
    pub amount: Option<(Money, Currency)>,
    /// What is wrong with it.
    pub problem: Option<NoticeProblem>,
    /// When it came.
    pub received_at: Timestamp,
}

/// Why a notice is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoticeRefusal {
    /// It doesn't prove that it comes from the source.
    #[error("it is not signed by its source: {0}")]
    Unverified(&'static str),
    /// It is signed well, but something is missing in it or wrong.
    #[error("{}", .0.as_str())]
    Unreadable(NoticeProblem),
}

impl Refusal for NoticeRefusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_a_key() {
        let empty = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
        assert_eq!(NoticeKey::digest(b"").as_str(), empty);
        assert_ne!(NoticeKey::digest(b"a"), NoticeKey::digest(b"b"));
    }
}
