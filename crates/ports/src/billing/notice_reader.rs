//! Reading what payment systems send.

use chatgrow_domain::{
    NoticeKey, NoticeProblem, NoticeSecret, NoticeType, PaymentSource, ReadNotice, Timestamp,
};

/// A notice as it comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The header fields: each name in lowercase, and its value. Those whose values are not text are left out.
    pub headers: Vec<(String, String)>,
    /// The body, byte by byte as it was sent.
    pub body: Vec<u8>,
}

impl Message {
    /// The value of the header field with that name in lowercase, if it is there once.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name);
        let (_, value) = values.next()?;
        values.next().is_none().then_some(value)
    }
}

/// Why a notice can't be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeFault {
    /// It doesn't prove that it comes from its source.
    Unverified(&'static str),
    /// It is signed well, but something is missing in it or wrong.
    Unreadable {
        /// Its id in the payment system or, if that can't be read, a digest of the body.
        key: NoticeKey,
        /// Its type, if that can be read.
        kind: Option<NoticeType>,
        /// What is wrong.
        problem: NoticeProblem,
    },
}

/// Verifies and reads what payment systems send. It knows their formats.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait NoticeReader: Send + Sync {
    /// Reads a notice of that source. Any of the secrets may have signed it. It MUST verify the signature before it reads
    /// anything else, in a time that doesn't depend on how much of it is right.
    ///
    /// # Errors
    /// [`NoticeFault`].
    fn read(
        &self,
        source: &PaymentSource,
        secrets: &[NoticeSecret],
        message: &Message,
        now: Timestamp,
    ) -> Result<ReadNotice, NoticeFault>;

    /// A notice as the source would send it now, which tells nothing of money.
    fn sample(
        &self,
        source: &PaymentSource,
        secret: &NoticeSecret,
        key: &NoticeKey,
        now: Timestamp,
    ) -> Message;
}
