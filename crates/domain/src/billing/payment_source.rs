//! Payment sources: payment systems that tell of payments themselves, and the secrets with which they sign.

use crate::{
    AccountId, ChangeRefusal, HmacFormat, Invalid, PlainToken, Provider, Refusal, Revised, Revision,
    SealedSecret, Timestamp, Version, WebhookSecret,
    choice::choice,
    ids::id_type,
    text::{not_blank, text_type},
};
use std::fmt;

id_type! {
    /// The id of a [`PaymentSource`].
    PaymentSourceId
}

text_type! {
    /// What a source is called.
    SourceName, 100, single line
}

choice! {
    /// How a source signs its notices, and what is in them.
    NoticeKind {
        /// As Stripe does.
        Stripe = "stripe",
        /// As Standard Webhooks says.
        StandardWebhooks = "standard-webhooks",
        /// With an HMAC of the body in a header field.
        Hmac = "hmac",
    }
}

impl NoticeKind {
    /// The provider of a source of this kind, if nothing else is said. Only Stripe signs as Stripe does.
    #[must_use]
    pub fn provider(self) -> Option<Provider> {
        match self {
            Self::Stripe => Provider::new("stripe").ok(),
            Self::StandardWebhooks | Self::Hmac => None,
        }
    }
}

/// How the notices of a source are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeFormat {
    /// As Stripe's.
    Stripe,
    /// As Standard Webhooks with a body of our own.
    StandardWebhooks,
    /// As described.
    Hmac(Box<HmacFormat>),
}

impl NoticeFormat {
    /// The kind of this format.
    #[must_use]
    pub const fn kind(&self) -> NoticeKind {
        match self {
            Self::Stripe => NoticeKind::Stripe,
            Self::StandardWebhooks => NoticeKind::StandardWebhooks,
            Self::Hmac(_) => NoticeKind::Hmac,
        }
    }
}

/// The last segment of the path to which a source sends its notices. Nobody guesses it. It is stored, because its owner
/// has to see it again, and because whoever knows it still has to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundToken(PlainToken);

impl InboundToken {
    /// Makes a token from 32 random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(PlainToken::from_random(bytes))
    }

    /// Parses a segment of a path. Returns `None` if it can't be a token.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        PlainToken::parse(text).map(Self)
    }

    /// The token, for those who may see the source.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

/// The secret that a source signs with, in plain text: 8 to 255 characters.
#[derive(Clone, PartialEq, Eq)]
pub struct NoticeSecret(String);

impl NoticeSecret {
    /// The fewest characters.
    pub const MIN_CHARS: usize = 8;

    /// The most characters.
    pub const MAX_CHARS: usize = 255;

    /// Makes a secret that any kind of source can use, from 32 random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 32]) -> Self {
        Self(WebhookSecret::from_random(bytes).reveal())
    }

    /// Accepts the secret of a source of that kind, as its payment system shows it.
    ///
    /// # Errors
    /// [`Invalid::Missing`], [`Invalid::TooShort`], [`Invalid::TooLong`], [`Invalid::ControlCharacter`], or
    /// [`Invalid::WebhookSecret`] if Standard Webhooks doesn't know such secrets.
    pub fn parse(kind: NoticeKind, text: &str) -> Result<Self, Invalid> {
        not_blank(text)?;
        if kind == NoticeKind::StandardWebhooks {
            WebhookSecret::parse(text)?;
        }
        match text.chars().count() {
            count if count < Self::MIN_CHARS => Err(Invalid::TooShort { min: Self::MIN_CHARS }),
            count if count > Self::MAX_CHARS => Err(Invalid::TooLong { max: Self::MAX_CHARS }),
            _ if text.chars().any(char::is_control) => Err(Invalid::ControlCharacter),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// Wraps a stored secret. Returns `None` if it is not text.
    #[must_use]
    pub fn stored(bytes: Vec<u8>) -> Option<Self> {
        String::from_utf8(bytes).ok().map(Self)
    }

    /// The secret, for its owner.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for NoticeSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NoticeSecret(…)")
    }
}

/// A payment system that tells the account of payments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentSource {
    /// The source's id.
    pub id: PaymentSourceId,
    /// The account.
    pub account_id: AccountId,
    /// Where it sends its notices.
    pub token: InboundToken,
    /// What it is called.
    pub name: SourceName,
    /// The name of the payment system in the ledger.
    pub provider: Provider,
    /// How its notices are read.
    pub format: NoticeFormat,
    /// The secret that it signs with.
    pub secret: SealedSecret,
    /// The secret before, and until when what is signed with it is accepted.
    pub previous_secret: Option<(SealedSecret, Timestamp)>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Incremented by every change.
    pub version: Version,
}

/// A change of some fields; `None` leaves a field unchanged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaymentSourceEdit {
    /// Another name.
    pub name: Option<SourceName>,
    /// Another description of its notices.
    pub hmac: Option<Box<HmacFormat>>,
}

impl Revised for PaymentSource {
    fn revision(&self) -> Revision {
        Revision::of(self.id, [self.version])
    }
}

/// Why a source can't be found, created or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PaymentSourceRefusal {
    /// The account has no such source.
    #[error("there is no such payment source")]
    NotFound,
    /// The operator has given no key under which its secret could be kept.
    #[error("there is no key for secrets")]
    NoSecretsKey,
    /// No source of its kind has such a secret.
    #[error("the secret {0}")]
    Secret(Invalid),
    /// Only the notices of a source of the kind `hmac` are described.
    #[error("a source of this kind has no description of its notices")]
    NotHmac,
    /// The source is no longer in the version that the change is based on, or doesn't satisfy the precondition.
    #[error("it has changed")]
    VersionMismatch,
}

impl Refusal for PaymentSourceRefusal {}

impl ChangeRefusal for PaymentSourceRefusal {
    const VERSION_MISMATCH: Self = Self::VersionMismatch;
}

impl PaymentSource {
    /// For how long what is signed with the secret before is accepted, in milliseconds: a day.
    const OVERLAP_MILLIS: i64 = 86_400_000;

    /// The state after `edit`. If nothing changes, the result equals `self`, version included.
    ///
    /// # Errors
    /// [`PaymentSourceRefusal::NotHmac`].
    pub fn edited(&self, edit: PaymentSourceEdit, now: Timestamp) -> Result<Self, PaymentSourceRefusal> {
        let mut next = self.clone();
        if let Some(name) = edit.name {
            next.name = name;
        }
        if let Some(hmac) = edit.hmac {
            if self.format.kind() != NoticeKind::Hmac {
                return Err(PaymentSourceRefusal::NotHmac);
            }
            next.format = NoticeFormat::Hmac(hmac);
        }
        Ok(self.followed_by(next, now))
    }

    /// The state with another secret. What is signed with the present one is accepted for another day, or not any more.
    #[must_use]
    pub fn rotated(&self, secret: SealedSecret, revoked: bool, now: Timestamp) -> Self {
        let until = now.as_millis().saturating_add(Self::OVERLAP_MILLIS);
        let until = Timestamp::from_millis(until).unwrap_or(Timestamp::MAX);
        let mut next = self.clone();
        next.previous_secret = (!revoked).then(|| (self.secret.clone(), until));
        next.secret = secret;
        self.followed_by(next, now)
    }

    /// The secrets that count at that instant, the newest first.
    pub fn secrets(&self, now: Timestamp) -> impl Iterator<Item = &SealedSecret> {
        let previous = self.previous_secret.iter().filter(move |(_, until)| *until > now);
        std::iter::once(&self.secret).chain(previous.map(|(secret, _)| secret))
    }

    fn followed_by(&self, next: Self, now: Timestamp) -> Self {
        if next == *self {
            return next;
        }
        Self {
            updated_at: now,
            version: self.version.next(),
            ..next
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis).unwrap()
    }

    fn source() -> PaymentSource {
        let id = "507f1f77bcf86cd799439011".parse().unwrap();
        PaymentSource {
            id: PaymentSourceId::new(id),
            account_id: AccountId::new(id),
            token: InboundToken::from_random([7; 32]),
            name: SourceName::new("Stripe").unwrap(),
            provider: Provider::new("stripe").unwrap(),
            format: NoticeFormat::Stripe,
            secret: SealedSecret::new(vec![1]),
            previous_secret: None,
            created_at: at(0),
            updated_at: at(0),
            version: Version::FIRST,
        }
    }

    #[test]
    fn a_token_is_long_and_secret() {
        let token = InboundToken::from_random([255; 32]);
        assert_eq!(InboundToken::parse(token.reveal()), Some(token.clone()));
        assert_eq!(InboundToken::parse("short"), None);
        assert!(!format!("{token:?}").contains(token.reveal()));
    }

    #[test]
    fn a_secret_fits_its_kind() {
        let made = NoticeSecret::from_random([7; 32]);
        for kind in NoticeKind::ALL {
            assert_eq!(NoticeSecret::parse(*kind, made.reveal()), Ok(made.clone()));
        }
        assert_eq!(format!("{made:?}"), "NoticeSecret(…)");
        let refused = |kind, text: &str| NoticeSecret::parse(kind, text).unwrap_err();
        assert_eq!(refused(NoticeKind::Stripe, " "), Invalid::Missing);
        assert_eq!(
            refused(NoticeKind::Stripe, "1234567"),
            Invalid::TooShort { min: 8 }
        );
        assert_eq!(
            refused(NoticeKind::Hmac, &"x".repeat(256)),
            Invalid::TooLong { max: 255 }
        );
        assert_eq!(refused(NoticeKind::Hmac, "12345678\n"), Invalid::ControlCharacter);
        assert_eq!(
            refused(NoticeKind::StandardWebhooks, "12345678"),
            Invalid::WebhookSecret
        );
        assert!(NoticeSecret::parse(NoticeKind::Hmac, "12345678").is_ok());
    }

    #[test]
    fn the_secret_before_counts_for_a_day_unless_it_is_revoked() {
        let rotated = source().rotated(SealedSecret::new(vec![2]), false, at(0));
        let counting =
            |source: &PaymentSource, millis| source.secrets(at(millis)).cloned().collect::<Vec<_>>();
        let [new, old] = [2, 1].map(|byte| SealedSecret::new(vec![byte]));
        assert_eq!(counting(&rotated, 86_399_999), [new.clone(), old]);
        assert_eq!(counting(&rotated, 86_400_000), [new]);
        let again = rotated.rotated(SealedSecret::new(vec![3]), true, at(1));
        assert_eq!(counting(&again, 1), [SealedSecret::new(vec![3])]);
        assert_eq!(again.version, Version::FIRST.next().next());
    }

    #[test]
    fn an_edit_changes_what_it_names() {
        let name = SourceName::new("Cards").unwrap();
        let edit = PaymentSourceEdit {
            name: Some(name.clone()),
            hmac: None,
        };
        let edited = source().edited(edit.clone(), at(5)).unwrap();
        assert_eq!((edited.name.clone(), edited.updated_at), (name, at(5)));
        assert_eq!(edited.edited(edit, at(9)), Ok(edited.clone()));
        let hmac = PaymentSourceEdit {
            name: None,
            hmac: Some(Box::new(HmacFormat::example())),
        };
        assert_eq!(source().edited(hmac, at(5)), Err(PaymentSourceRefusal::NotHmac));
    }
}
