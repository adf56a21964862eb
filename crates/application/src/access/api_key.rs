//! API keys. The operator creates, lists, rotates and revokes those of all accounts. A caller manages those of its own
//! account, within what it may do itself.

use crate::{Caller, Commits, Effect, Outcome, Request, System};
use chatgrow_domain::{
    AccountId, AccountSlug, Actor, ApiKey, ApiKeyEdit, ApiKeyId, ApiKeyName, ApiKeyRefusal, ApiKeyTerms,
    Overlap, PlainApiKey, Scope, User,
};
use chatgrow_ports::{
    AccountStore, ApiKeyStore, Commit, Failure, Page, PageRequest, StoreError, Stores, UserStore,
};
use std::sync::Arc;

/// An API key as it is listed for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// The key.
    pub key: ApiKey,
    /// The slug of the account that the key belongs to.
    pub account: AccountSlug,
}

/// The outcome of a request for a new key. The secret is not a part of what is stored for a repetition of the request.
#[derive(Debug)]
pub struct Issued {
    /// The outcome. Its resource is the new key.
    pub outcome: Outcome<ApiKey>,
    /// The new key in plain text. It works if the outcome is [`Outcome::Done`].
    pub secret: PlainApiKey,
}

/// The use cases of API keys.
pub struct ApiKeys {
    accounts: Arc<dyn AccountStore>,
    api_keys: Arc<dyn ApiKeyStore>,
    users: Arc<dyn UserStore>,
    system: System,
    commits: Commits,
}

impl ApiKeys {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        Self {
            accounts: stores.access.accounts.clone(),
            api_keys: stores.access.api_keys.clone(),
            users: stores.access.users.clone(),
            system: system.clone(),
            commits: commits.clone(),
        }
    }

    /// Creates a key of an account, for the operator. The plain key is returned, and not stored anywhere.
    ///
    /// # Errors
    /// [`ApiKeyRefusal::AccountNotFound`], [`ApiKeyRefusal::ExpiryPassed`] if the expiry is not in the future, or
    /// [`Failure::Store`] if the store fails.
    pub async fn create_for(
        &self,
        account: &AccountSlug,
        terms: ApiKeyTerms,
    ) -> Result<PlainApiKey, Failure<ApiKeyRefusal>> {
        let (secret, id) = self.secret();
        let key = self.key(id, self.account(account).await?, terms, &secret)?;
        let effect = Effect::Created(key);
        self.api_keys
            .insert(effect.resource(), self.by_operator(&effect))
            .await?;
        Ok(secret)
    }

    /// Creates the first key of the account `default`. Returns `None` if the account has ever had a key.
    ///
    /// # Errors
    /// [`ApiKeyRefusal::AccountNotFound`], or [`Failure::Store`] if the store fails.
    pub async fn create_first(
        &self,
        name: ApiKeyName,
    ) -> Result<Option<PlainApiKey>, Failure<ApiKeyRefusal>> {
        let (secret, id) = self.secret();
        let account = self.account(&AccountSlug::default()).await?;
        let key = self.key(id, account, ApiKeyTerms::full(name), &secret)?;
        let effect = Effect::Created(key);
        let commit = self.by_operator(&effect);
        let inserted = self.api_keys.insert_first(effect.resource(), commit).await?;
        Ok(inserted.then_some(secret))
    }

    fn by_operator(&self, effect: &Effect<ApiKey>) -> Commit {
        let account = effect.resource().account_id;
        self.commits.without_request(account, Actor::System, effect)
    }

    async fn account(&self, slug: &AccountSlug) -> Result<AccountId, Failure<ApiKeyRefusal>> {
        let account = self.accounts.by_slug(slug).await?;
        Ok(account.ok_or(ApiKeyRefusal::AccountNotFound)?.id)
    }

    fn secret(&self) -> (PlainApiKey, ApiKeyId) {
        let secret = PlainApiKey::from_random(self.system.randomness.secret());
        (secret, ApiKeyId::new(self.system.ids.next_id()))
    }

    fn key(
        &self,
        id: ApiKeyId,
        account: AccountId,
        terms: ApiKeyTerms,
        secret: &PlainApiKey,
    ) -> Result<ApiKey, ApiKeyRefusal> {
        ApiKey::new(id, account, terms, secret.digest(), self.system.clock.now())
    }

    /// All keys of all accounts, including those that are revoked or expired. They are ordered by the age of the
    /// account, then by that of the key.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn list_all(&self) -> Result<Vec<ListedKey>, StoreError> {
        let mut listed = Vec::new();
        for account in self.accounts.list().await? {
            for key in self.api_keys.all(account.id).await? {
                listed.push(ListedKey {
                    key,
                    account: account.slug.clone(),
                });
            }
        }
        Ok(listed)
    }

    /// Revokes a key of any account for good, for the operator. Every server refuses the key within a second. Revoking it
    /// again changes nothing.
    ///
    /// # Errors
    /// [`ApiKeyRefusal::NotFound`], or [`Failure::Store`] if the store fails.
    pub async fn revoke_any(&self, id: ApiKeyId) -> Result<(), Failure<ApiKeyRefusal>> {
        loop {
            let before = self.find_any(id).await?;
            let after = before.revoked(self.system.clock.now());
            match self.update_any(before, after).await {
                // Another change of the key was faster.
                Err(Failure::Refused(ApiKeyRefusal::VersionMismatch)) => {}
                revoked => return revoked,
            }
        }
    }

    /// Changes the terms of a key of any account, for the operator.
    ///
    /// # Errors
    /// [`ApiKeyRefusal::NotFound`], [`ApiKeyRefusal::Revoked`], [`ApiKeyRefusal::ExpiryPassed`] if the new expiry is
    /// not in the future, [`ApiKeyRefusal::VersionMismatch`] if the key was changed meanwhile, or [`Failure::Store`] if
    /// the store fails.
    pub async fn edit_any(&self, id: ApiKeyId, edit: ApiKeyEdit) -> Result<(), Failure<ApiKeyRefusal>> {
        let before = self.find_any(id).await?;
        let after = before.edited(edit, self.system.clock.now())?;
        self.update_any(before, after).await
    }

    async fn update_any(&self, before: ApiKey, after: ApiKey) -> Result<(), Failure<ApiKeyRefusal>> {
        if after == before {
            return Ok(());
        }
        let effect = Effect::Changed { before, after };
        let commit = self.by_operator(&effect);
        self.api_keys.update(effect.resource(), commit).await
    }

    async fn find_any(&self, id: ApiKeyId) -> Result<ApiKey, Failure<ApiKeyRefusal>> {
        let mut all = self.list_all().await?.into_iter();
        let listed = all.find(|listed| listed.key.id == id);
        Ok(listed.ok_or(ApiKeyRefusal::NotFound)?.key)
    }

    /// Makes a successor of a key of any account, for the operator. The key itself stops working after the overlap.
    ///
    /// # Errors
    /// [`ApiKeyRefusal::NotFound`], [`ApiKeyRefusal::Revoked`], [`ApiKeyRefusal::Rotated`] if it has a successor,
    /// [`ApiKeyRefusal::Expired`] if it has expired, [`ApiKeyRefusal::VersionMismatch`] if it was changed meanwhile, or
    /// [`Failure::Store`] if the store fails.
    pub async fn rotate_any(
        &self,
        id: ApiKeyId,
        overlap: Overlap,
    ) -> Result<PlainApiKey, Failure<ApiKeyRefusal>> {
        let before = self.find_any(id).await?;
        let (secret, id) = self.secret();
        let (after, successor) = before.rotated(id, secret.digest(), overlap, self.system.clock.now())?;
        let (rotated, created) = (Effect::Changed { before, after }, Effect::Created(successor));
        let mut commit = self.by_operator(&rotated);
        commit.changes.extend(self.by_operator(&created).changes);
        self.api_keys
            .rotate(rotated.resource(), created.resource(), commit)
            .await?;
        Ok(secret)
    }

    /// Creates a key of the caller's account.
    ///
    /// # Errors
    /// [`ApiKeyRefusal::Exceeds`] if it could do more than the caller, [`ApiKeyRefusal::ExpiryPassed`] if the expiry
    /// is not in the future, or [`Failure::Store`] if the store fails.
    pub async fn create(
        &self,
        request: &Request<ApiKey>,
        terms: ApiKeyTerms,
    ) -> Result<Issued, Failure<ApiKeyRefusal>> {
        request.caller.require(Scope::KeysManage)?;
        let (secret, id) = self.secret();
        let attempt = async || {
            let key = self.key(id, request.caller.account, terms.clone(), &secret)?;
            self.check_within(&request.caller, Some(&key.terms)).await?;
            let effect = Effect::Created(key);
            let commit = self.commits.of(request, &effect);
            self.api_keys.insert(effect.resource(), commit).await?;
            Ok(Some(effect))
        };
        let outcome = self.commits.run(request, attempt).await?;
        Ok(Issued { outcome, secret })
    }

    /// The account's key with that id.
    ///
    /// # Errors
    /// [`ApiKeyRefusal::NotFound`], or [`Failure::Store`] if the store fails.
    pub async fn get(&self, caller: &Caller, id: ApiKeyId) -> Result<ApiKey, Failure<ApiKeyRefusal>> {
        caller.require(Scope::KeysManage)?;
        let found = self.api_keys.by_id(caller.account, id).await?;
        Ok(found.ok_or(ApiKeyRefusal::NotFound)?)
    }

    /// The account's keys, oldest first, including those that are revoked or expired.
    ///
    /// # Errors
    /// [`Failure::Store`] if the store fails.
    pub async fn list(
        &self,
        caller: &Caller,
        page: PageRequest<ApiKeyId>,
    ) -> Result<Page<ApiKey, ApiKeyId>, Failure<ApiKeyRefusal>> {
        caller.require(Scope::KeysManage)?;
        Ok(self.api_keys.list(caller.account, page).await?)
    }

    /// Changes the terms that `edit` sets. Every server applies them within a second.
    ///
    /// # Errors
    /// [`ApiKeyRefusal::NotFound`], [`ApiKeyRefusal::VersionMismatch`] if the precondition doesn't hold,
    /// [`ApiKeyRefusal::Exceeds`] if the key could do more than the caller, [`ApiKeyRefusal::Revoked`],
    /// [`ApiKeyRefusal::ExpiryPassed`] if the new expiry is not in the future, or [`Failure::Store`] if the store
    /// fails.
    pub async fn edit(
        &self,
        request: &Request<ApiKey>,
        id: ApiKeyId,
        edit: ApiKeyEdit,
    ) -> Result<Outcome<ApiKey>, Failure<ApiKeyRefusal>> {
        request.caller.require(Scope::KeysManage)?;
        let attempt = async || {
            let before = self.get(&request.caller, id).await?;
            request.precondition.check::<ApiKeyRefusal>(Some(&before))?;
            let after = before.edited(edit.clone(), self.system.clock.now())?;
            self.check_within(&request.caller, Some(&after.terms)).await?;
            self.replace(request, before, after).await
        };
        self.commits.run(request, attempt).await
    }

    /// Revokes a key of the account for good. Every server refuses the key within a second. Repeating it changes
    /// nothing.
    ///
    /// # Errors
    /// [`ApiKeyRefusal::NotFound`], [`ApiKeyRefusal::VersionMismatch`] if the precondition doesn't hold,
    /// [`ApiKeyRefusal::Exceeds`] if the caller may not manage keys any more, or [`Failure::Store`] if the store
    /// fails.
    pub async fn revoke(
        &self,
        request: &Request<ApiKey>,
        id: ApiKeyId,
    ) -> Result<Outcome<ApiKey>, Failure<ApiKeyRefusal>> {
        request.caller.require(Scope::KeysManage)?;
        let attempt = async || {
            let before = self.get(&request.caller, id).await?;
            request.precondition.check::<ApiKeyRefusal>(Some(&before))?;
            self.check_within(&request.caller, None).await?;
            let after = before.revoked(self.system.clock.now());
            self.replace(request, before, after).await
        };
        self.commits.run(request, attempt).await
    }

    /// Makes a successor with the terms of a key. The key itself stops working after the overlap.
    ///
    /// # Errors
    /// [`ApiKeyRefusal::NotFound`], [`ApiKeyRefusal::VersionMismatch`] if the precondition doesn't hold,
    /// [`ApiKeyRefusal::Exceeds`] if the key can do more than the caller, [`ApiKeyRefusal::Revoked`],
    /// [`ApiKeyRefusal::Rotated`] if it has a successor, [`ApiKeyRefusal::Expired`] if it has expired, or
    /// [`Failure::Store`] if the store fails.
    pub async fn rotate(
        &self,
        request: &Request<ApiKey>,
        id: ApiKeyId,
        overlap: Overlap,
    ) -> Result<Issued, Failure<ApiKeyRefusal>> {
        request.caller.require(Scope::KeysManage)?;
        let (secret, id_of_new) = self.secret();
        let attempt = async || {
            let before = self.get(&request.caller, id).await?;
            request.precondition.check::<ApiKeyRefusal>(Some(&before))?;
            let now = self.system.clock.now();
            let (after, successor) = before.rotated(id_of_new, secret.digest(), overlap, now)?;
            self.check_within(&request.caller, Some(&before.terms)).await?;
            let (rotated, effect) = (Effect::Changed { before, after }, Effect::Created(successor));
            let mut commit = self.commits.of(request, &effect);
            let change = self.commits.change(&request.caller, &rotated);
            commit.changes.splice(..0, change);
            match self
                .api_keys
                .rotate(rotated.resource(), effect.resource(), commit)
                .await
            {
                Ok(()) => Ok(Some(effect)),
                Err(Failure::Refused(ApiKeyRefusal::VersionMismatch)) => Ok(None),
                Err(failure) => Err(failure),
            }
        };
        let outcome = self.commits.run(request, attempt).await?;
        Ok(Issued { outcome, secret })
    }

    async fn replace(
        &self,
        request: &Request<ApiKey>,
        before: ApiKey,
        after: ApiKey,
    ) -> Result<Option<Effect<ApiKey>>, Failure<ApiKeyRefusal>> {
        let write = async |after: &ApiKey, commit| self.api_keys.update(after, commit).await;
        self.commits.replace(request, before, after, write).await
    }

    /// Checks that the caller may manage keys, and may do everything that a key with these terms could. The server's
    /// memory of the caller may be half a second old, and what is done to keys lasts. So the caller is read anew.
    async fn check_within(
        &self,
        caller: &Caller,
        terms: Option<&ApiKeyTerms>,
    ) -> Result<(), Failure<ApiKeyRefusal>> {
        let (scopes, includes) = match caller.actor {
            Actor::ApiKey(own) => {
                let own = self.api_keys.by_id(caller.account, own).await?;
                let now = self.system.clock.now();
                let own = own.filter(|own| own.is_valid_at(now));
                let own = own.ok_or(ApiKeyRefusal::Exceeds)?.terms;
                (own.scopes, terms.is_none_or(|terms| own.include(terms)))
            }
            Actor::User(own) => {
                let own = self.users.by_id(caller.account, own).await?;
                let own = own.filter(User::is_active).ok_or(ApiKeyRefusal::Exceeds)?;
                let scopes = own.role.scopes();
                (scopes, terms.is_none_or(|terms| scopes.include(terms.scopes)))
            }
            // The operator and the server make no requests.
            Actor::System => return Err(ApiKeyRefusal::Exceeds.into()),
        };
        if scopes.permit(Scope::KeysManage) && includes {
            Ok(())
        } else {
            Err(ApiKeyRefusal::Exceeds.into())
        }
    }
}

#[cfg(test)]
mod tests;
