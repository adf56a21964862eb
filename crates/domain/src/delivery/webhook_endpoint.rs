//! Webhook endpoints: where an account is told of its changes, and of which.

use crate::{
    AccountId, ChangeRefusal, ChangeTypes, Invalid, ReceiverUrl, Refusal, Revised, Revision, Scopes,
    Timestamp, Version, choice::choice, ids::id_type, text::text_type,
};
use std::fmt;

id_type! {
    /// The id of a [`WebhookEndpoint`].
    WebhookEndpointId
}

text_type! {
    /// What an endpoint is for.
    WebhookDescription, 200, single line
}

/// The types of which an endpoint is told, as patterns. A pattern also stands for the types that later versions add.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TypePatterns(Vec<String>);

impl TypePatterns {
    /// The most patterns.
    pub const MAX: usize = 50;

    /// These patterns: names of types, such as `appointment.created`, names of kinds and `.*`, or `*`.
    ///
    /// # Errors
    /// [`Invalid::Missing`] if there is none, [`Invalid::TooMany`], or [`Invalid::ChangeType`] if one selects nothing.
    pub fn new(patterns: Vec<String>) -> Result<Self, Invalid> {
        if patterns.is_empty() {
            return Err(Invalid::Missing);
        }
        if patterns.len() > Self::MAX {
            return Err(Invalid::TooMany { max: Self::MAX });
        }
        for pattern in &patterns {
            ChangeTypes::matching(pattern)?;
        }
        Ok(Self(patterns))
    }

    /// Patterns with a space between them, as they are stored. One of a later version selects nothing.
    ///
    /// # Errors
    /// [`Invalid::Missing`] if there is none.
    pub fn stored(text: &str) -> Result<Self, Invalid> {
        let patterns: Vec<_> = text.split(' ').filter(|pattern| !pattern.is_empty()).collect();
        if patterns.is_empty() {
            return Err(Invalid::Missing);
        }
        Ok(Self(patterns.into_iter().map(str::to_owned).collect()))
    }

    /// The patterns.
    #[must_use]
    pub fn patterns(&self) -> &[String] {
        &self.0
    }

    /// The types that they select.
    #[must_use]
    pub fn types(&self) -> ChangeTypes {
        let selected = self
            .0
            .iter()
            .filter_map(|pattern| ChangeTypes::matching(pattern).ok());
        selected.fold(ChangeTypes::NONE, ChangeTypes::or)
    }
}

/// The patterns with a space between them.
impl fmt::Display for TypePatterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

choice! {
    /// Why the server sends no more webhooks to an endpoint.
    Disabling {
        /// The receiver answered 410: it wants no more.
        Gone = "gone",
        /// For five days, everything has failed.
        Failing = "failing",
    }
}

choice! {
    /// With which change an endpoint goes on that is switched on again.
    Continuation {
        /// With the first one that it has not tried.
        WhereItStopped = "where_it_stopped",
        /// With the oldest one that is kept. Some between, of whatever type, are not kept any more.
        OldestKept = "oldest_kept",
    }
}

/// A secret, encrypted. Only the program that has the key can read it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SealedSecret(Vec<u8>);

impl SealedSecret {
    /// Wraps an encrypted secret.
    #[must_use]
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedSecret")
    }
}

/// Where an account is told of its changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookEndpoint {
    /// The endpoint's id.
    pub id: WebhookEndpointId,
    /// The account.
    pub account_id: AccountId,
    /// Its number in the account, from 1 to [`MAX`](Self::MAX), which no other has.
    pub place: i64,
    /// What its owner decides.
    pub terms: WebhookTerms,
    /// What its creator might do. It is told of what these scopes may read.
    pub scopes: Scopes,
    /// The secret with which webhooks are signed.
    pub secret: SealedSecret,
    /// The secret before, and until when webhooks are signed with it, too.
    pub previous_secret: Option<(SealedSecret, Timestamp)>,
    /// Why the server has stopped sending, if it has.
    pub disabled: Option<Disabling>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Incremented by every change.
    pub version: Version,
}

/// What the owner of an endpoint decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookTerms {
    /// Where webhooks go.
    pub url: ReceiverUrl,
    /// Of which changes it is told.
    pub types: TypePatterns,
    /// What it is for.
    pub description: Option<WebhookDescription>,
    /// Whether webhooks are sent.
    pub active: bool,
    /// Whether a change waits until the one before it has arrived.
    pub ordered: bool,
}

/// A change of some terms; `None` leaves a term unchanged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookEdit {
    /// Another receiver.
    pub url: Option<ReceiverUrl>,
    /// Other types.
    pub types: Option<TypePatterns>,
    /// Another description.
    pub description: Option<Option<WebhookDescription>>,
    /// Whether webhooks are sent.
    pub active: Option<bool>,
    /// Whether they are sent in order.
    pub ordered: Option<bool>,
}

impl Revised for WebhookEndpoint {
    fn revision(&self) -> Revision {
        Revision::of(self.id, [self.version])
    }
}

/// Why an endpoint can't be found, created or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookRefusal {
    /// The account has no such endpoint.
    #[error("there is no such webhook endpoint")]
    NotFound,
    /// The account has as many as it may have.
    #[error("there are too many webhook endpoints")]
    TooMany,
    /// Another endpoint has its place.
    #[error("the place is taken")]
    PlaceTaken,
    /// The operator has given no key under which its secret could be kept.
    #[error("there is no key for secrets")]
    NoSecretsKey,
    /// The URL may not be called.
    #[error("the URL {0}")]
    Url(Invalid),
    /// The endpoint has no such delivery, or its change is not kept any more.
    #[error("there is no such delivery")]
    DeliveryNotFound,
    /// Nothing waits.
    #[error("nothing is to be skipped")]
    NothingToSkip,
    /// Too many test pings in a minute.
    #[error("there are too many tests")]
    TooManyTests,
    /// The endpoint is no longer in the version that the change is based on, or doesn't satisfy the precondition.
    #[error("it has changed")]
    VersionMismatch,
}

impl Refusal for WebhookRefusal {}

impl ChangeRefusal for WebhookRefusal {
    const VERSION_MISMATCH: Self = Self::VersionMismatch;
}

impl WebhookEndpoint {
    /// The most endpoints of an account.
    pub const MAX: i64 = 50;

    /// For how long everything may fail before the server disables an endpoint, in milliseconds: 5 days.
    pub const FAILING_MILLIS: i64 = 5 * 86_400_000;

    /// For how long webhooks are signed with the secret before, too: a day.
    const OVERLAP_MILLIS: i64 = 86_400_000;

    /// The types of which it is told: those that it wants, as far as its creator might read them.
    #[must_use]
    pub fn types(&self) -> ChangeTypes {
        self.terms.types.types().and(ChangeTypes::readable(self.scopes))
    }

    /// The state after `edit`. If nothing changes, the result equals `self`, version included. An endpoint that is
    /// switched on, or gets another URL, is disabled no more.
    #[must_use]
    pub fn edited(&self, edit: WebhookEdit, now: Timestamp) -> Self {
        let mut next = self.clone();
        let switched_on = edit.active == Some(true) && !self.terms.active;
        let moved = edit.url.as_ref().is_some_and(|url| *url != self.terms.url);
        if let Some(url) = edit.url {
            next.terms.url = url;
        }
        if let Some(types) = edit.types {
            next.terms.types = types;
        }
        if let Some(description) = edit.description {
            next.terms.description = description;
        }
        if let Some(active) = edit.active {
            next.terms.active = active;
        }
        if let Some(ordered) = edit.ordered {
            next.terms.ordered = ordered;
        }
        if switched_on || moved && next.terms.active {
            next.disabled = None;
        }
        self.followed_by(next, now)
    }

    /// Whether the server is to disable it because nothing but failures has come since then. If its owner has changed it, the
    /// days are counted anew.
    #[must_use]
    pub fn has_failed_too_long(&self, failing_since: Option<Timestamp>, now: Timestamp) -> bool {
        failing_since.is_some_and(|since| {
            now.as_millis() - since.max(self.updated_at).as_millis() >= Self::FAILING_MILLIS
        })
    }

    /// The state in which the server sends nothing more.
    #[must_use]
    pub fn disabled(&self, why: Disabling, now: Timestamp) -> Self {
        let mut next = self.clone();
        next.terms.active = false;
        next.disabled = Some(why);
        self.followed_by(next, now)
    }

    /// The state with another secret. The present one is used for another day.
    #[must_use]
    pub fn rotated(&self, secret: SealedSecret, now: Timestamp) -> Self {
        let until = now.as_millis().saturating_add(Self::OVERLAP_MILLIS);
        let until = Timestamp::from_millis(until).unwrap_or(Timestamp::MAX);
        let mut next = self.clone();
        next.previous_secret = Some((self.secret.clone(), until));
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
mod tests;
