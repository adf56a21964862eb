//! Payment sources: create, read, change, rotate, remove.

use crate::{
    Caller, System,
    commit::{Commits, Effect, Outcome, Request},
};
use chatgrow_domain::{
    InboundToken, NoticeFormat, NoticeSecret, PaymentSource, PaymentSourceEdit, PaymentSourceId,
    PaymentSourceRefusal, Provider, Scope, SealedSecret, SourceName, Timestamp, Version,
};
use chatgrow_ports::{Failure, Page, PageRequest, PaymentSourceStore, Stores};
use std::sync::Arc;

/// What a caller provides for a new source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPaymentSource {
    /// What it is called.
    pub name: SourceName,
    /// The name of the payment system in the ledger.
    pub provider: Provider,
    /// How its notices are read.
    pub format: NoticeFormat,
    /// The secret that it signs with, as text. Without one, a secret is made.
    pub secret: Option<String>,
}

/// The outcome of a request that sets a secret. The secret is not a part of what is stored for a repetition.
#[derive(Debug)]
pub struct WithNoticeSecret {
    /// The outcome.
    pub outcome: Outcome<PaymentSource>,
    /// The secret that was made. It counts if the outcome is [`Outcome::Done`]. `None` if the caller gave one.
    pub made: Option<NoticeSecret>,
}

/// The use cases of payment sources.
pub struct PaymentSources {
    sources: Arc<dyn PaymentSourceStore>,
    system: System,
    commits: Commits,
}

impl PaymentSources {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        Self {
            sources: stores.billing.sources.clone(),
            system: system.clone(),
            commits: commits.clone(),
        }
    }

    /// Creates a source, with a path of its own.
    ///
    /// # Errors
    /// [`PaymentSourceRefusal::Secret`], [`PaymentSourceRefusal::NoSecretsKey`], or [`Failure::Store`] if the store
    /// fails.
    pub async fn create(
        &self,
        request: &Request<PaymentSource>,
        new: NewPaymentSource,
    ) -> Result<WithNoticeSecret, Failure<PaymentSourceRefusal>> {
        request.caller.require(Scope::PaymentsWrite)?;
        let id = PaymentSourceId::new(self.system.ids.next_id());
        let (sealed, made) = self.seal(id, &new.format, new.secret.as_deref())?;
        let now = self.system.clock.now();
        let source = PaymentSource {
            id,
            account_id: request.caller.account,
            token: InboundToken::from_random(self.system.randomness.secret()),
            name: new.name,
            provider: new.provider,
            format: new.format,
            secret: sealed,
            previous_secret: None,
            created_at: now,
            updated_at: now,
            version: Version::FIRST,
        };
        let attempt = async || {
            let effect = Effect::Created(source.clone());
            let commit = self.commits.of(request, &effect);
            self.sources.insert(&source, commit).await?;
            Ok(Some(effect))
        };
        let outcome = self.commits.run(request, attempt).await?;
        Ok(WithNoticeSecret { outcome, made })
    }

    /// Encrypts the secret that is given, or one that is made, and returns that.
    fn seal(
        &self,
        id: PaymentSourceId,
        format: &NoticeFormat,
        given: Option<&str>,
    ) -> Result<(SealedSecret, Option<NoticeSecret>), Failure<PaymentSourceRefusal>> {
        let (secret, made) = if let Some(text) = given {
            let secret = NoticeSecret::parse(format.kind(), text).map_err(PaymentSourceRefusal::Secret)?;
            (secret, None)
        } else {
            let secret = NoticeSecret::from_random(self.system.randomness.secret());
            (secret.clone(), Some(secret))
        };
        let sealed = self
            .system
            .secrets
            .close(id.as_bytes(), secret.reveal().as_bytes())?;
        let sealed = sealed.ok_or(PaymentSourceRefusal::NoSecretsKey)?;
        Ok((SealedSecret::new(sealed), made))
    }

    /// The account's source with that id.
    ///
    /// # Errors
    /// [`PaymentSourceRefusal::NotFound`], or [`Failure::Store`] if the store fails.
    pub async fn get(
        &self,
        caller: &Caller,
        id: PaymentSourceId,
    ) -> Result<PaymentSource, Failure<PaymentSourceRefusal>> {
        caller.require(Scope::PaymentsRead)?;
        let found = self.sources.by_id(caller.account, id).await?;
        Ok(found.ok_or(PaymentSourceRefusal::NotFound)?)
    }

    /// The account's sources, in the order in which they were created.
    ///
    /// # Errors
    /// [`Failure::Store`] if the store fails.
    pub async fn list(
        &self,
        caller: &Caller,
        page: PageRequest<PaymentSourceId>,
    ) -> Result<Page<PaymentSource, PaymentSourceId>, Failure<PaymentSourceRefusal>> {
        caller.require(Scope::PaymentsRead)?;
        Ok(self.sources.list(caller.account, page).await?)
    }

    /// Changes the fields that `edit` sets.
    ///
    /// # Errors
    /// [`PaymentSourceRefusal::NotFound`], [`PaymentSourceRefusal::VersionMismatch`] if the precondition doesn't hold,
    /// [`PaymentSourceRefusal::NotHmac`], or [`Failure::Store`] if the store fails.
    pub async fn edit(
        &self,
        request: &Request<PaymentSource>,
        id: PaymentSourceId,
        edit: PaymentSourceEdit,
    ) -> Result<Outcome<PaymentSource>, Failure<PaymentSourceRefusal>> {
        let change = |before: &PaymentSource, now| Ok(before.edited(edit.clone(), now)?);
        self.replace(request, id, change).await
    }

    /// Gives the source another secret: that one, or one that is made. What is signed with the present one is accepted
    /// for another day, unless it is `revoked`.
    ///
    /// # Errors
    /// [`PaymentSourceRefusal::NotFound`], [`PaymentSourceRefusal::VersionMismatch`] if the precondition doesn't hold,
    /// [`PaymentSourceRefusal::Secret`], [`PaymentSourceRefusal::NoSecretsKey`], or [`Failure::Store`] if the store
    /// fails.
    pub async fn rotate(
        &self,
        request: &Request<PaymentSource>,
        id: PaymentSourceId,
        secret: Option<&str>,
        revoked: bool,
    ) -> Result<WithNoticeSecret, Failure<PaymentSourceRefusal>> {
        request.caller.require(Scope::PaymentsWrite)?;
        // The format never changes its kind, on which it depends what is a secret.
        let format = self.get(&request.caller, id).await?.format;
        let (sealed, made) = self.seal(id, &format, secret)?;
        let change = |before: &PaymentSource, now| Ok(before.rotated(sealed.clone(), revoked, now));
        let outcome = self.replace(request, id, change).await?;
        Ok(WithNoticeSecret { outcome, made })
    }

    async fn replace(
        &self,
        request: &Request<PaymentSource>,
        id: PaymentSourceId,
        change: impl Fn(&PaymentSource, Timestamp) -> Result<PaymentSource, Failure<PaymentSourceRefusal>>,
    ) -> Result<Outcome<PaymentSource>, Failure<PaymentSourceRefusal>> {
        request.caller.require(Scope::PaymentsWrite)?;
        let attempt = async || {
            let before = self.get(&request.caller, id).await?;
            request
                .precondition
                .check::<PaymentSourceRefusal>(Some(&before))?;
            let after = change(&before, self.system.clock.now())?;
            let write = async |after: &PaymentSource, commit| self.sources.update(after, commit).await;
            self.commits.replace(request, before, after, write).await
        };
        self.commits.run(request, attempt).await
    }

    /// Removes a source. What it sends is not taken any more. Its payments stay.
    ///
    /// # Errors
    /// [`PaymentSourceRefusal::NotFound`], [`PaymentSourceRefusal::VersionMismatch`] if the precondition doesn't hold, or
    /// [`Failure::Store`] if the store fails.
    pub async fn remove(
        &self,
        request: &Request<PaymentSource>,
        id: PaymentSourceId,
    ) -> Result<Outcome<PaymentSource>, Failure<PaymentSourceRefusal>> {
        request.caller.require(Scope::PaymentsWrite)?;
        let attempt = async || {
            let current = self.get(&request.caller, id).await?;
            request
                .precondition
                .check::<PaymentSourceRefusal>(Some(&current))?;
            let effect = Effect::Removed(current);
            let commit = self.commits.of(request, &effect);
            if self.sources.remove(request.caller.account, id, commit).await? {
                Ok(Some(effect))
            } else {
                Err(PaymentSourceRefusal::NotFound.into())
            }
        };
        self.commits.run(request, attempt).await
    }
}
