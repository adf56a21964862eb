//! Users. Owners manage those of their account, all users their own password, language and sessions, and the operator
//! helps with the rest.

use crate::{Caller, Commits, Effect, Outcome, Request, System};
use chatgrow_domain::{
    AccountId, AccountSlug, Actor, EmailAddress, Language, Link, PlainPassword, PlainToken, Role, Scope,
    Session, SessionId, Timestamp, User, UserEdit, UserId, UserRefusal,
};
use chatgrow_ports::{AccountStore, Failure, LinkStore, SessionStore, StoreError, Stores, UserStore};
use std::sync::Arc;

/// For how long a link works that sets an account up: 30 minutes.
const SET_UP_MILLIS: i64 = 30 * 60_000;

/// For how long a link works that resets a password: a day.
const RESET_MILLIS: i64 = 86_400_000;

/// For how long an invitation works: a week.
const INVITATION_MILLIS: i64 = 7 * 86_400_000;

/// A user as it is listed for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedUser {
    /// The user.
    pub user: User,
    /// The slug of the user's account.
    pub account: AccountSlug,
}

/// The outcome of an invitation.
#[derive(Debug)]
pub struct Invited {
    /// The outcome. Its resource is the new user.
    pub outcome: Outcome<User>,
    /// The token of the link with which the user chooses a password.
    pub link: PlainToken,
}

/// The use cases of users.
pub struct Users {
    accounts: Arc<dyn AccountStore>,
    users: Arc<dyn UserStore>,
    sessions: Arc<dyn SessionStore>,
    links: Arc<dyn LinkStore>,
    system: System,
    commits: Commits,
}

impl Users {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        let access = &stores.access;
        Self {
            accounts: access.accounts.clone(),
            users: access.users.clone(),
            sessions: access.sessions.clone(),
            links: access.links.clone(),
            system: system.clone(),
            commits: commits.clone(),
        }
    }

    /// Makes a link that sets the account up, for the operator. Returns `None` if the account has a user already.
    ///
    /// # Errors
    /// [`UserRefusal::AccountNotFound`], or [`Failure::Store`] if the store fails.
    pub async fn set_up_link(
        &self,
        account: &AccountSlug,
    ) -> Result<Option<PlainToken>, Failure<UserRefusal>> {
        let account = self.accounts.by_slug(account).await?;
        let account = account.ok_or(UserRefusal::AccountNotFound)?.id;
        if !self.users.all(account).await?.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.link(account, None, SET_UP_MILLIS).await?))
    }

    /// All users of all accounts, for the operator. They are ordered by the age of the account, then by that of the
    /// user.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn list_all(&self) -> Result<Vec<ListedUser>, StoreError> {
        let mut listed = Vec::new();
        for account in self.accounts.list().await? {
            for user in self.users.all(account.id).await? {
                listed.push(ListedUser {
                    user,
                    account: account.slug.clone(),
                });
            }
        }
        Ok(listed)
    }

    /// Makes a link with which a user of any account chooses a password, for the operator.
    ///
    /// # Errors
    /// [`UserRefusal::NotFound`], [`UserRefusal::Disabled`], or [`Failure::Store`] if the store fails.
    pub async fn reset_any(&self, id: UserId) -> Result<PlainToken, Failure<UserRefusal>> {
        self.reset_link(&self.find_any(id).await?).await
    }

    /// Disables a user of any account, for the operator. The user's sessions and links end at once, on every server.
    /// Repeating it changes nothing.
    ///
    /// # Errors
    /// [`UserRefusal::NotFound`], [`UserRefusal::LastOwner`], [`UserRefusal::VersionMismatch`] if the user was changed
    /// meanwhile, or [`Failure::Store`] if the store fails.
    pub async fn disable_any(&self, id: UserId) -> Result<(), Failure<UserRefusal>> {
        let before = self.find_any(id).await?;
        let after = before.edited(with_disabled(true), self.system.clock.now());
        let account = before.account_id;
        if after != before {
            let effect = Effect::Changed { before, after };
            let commit = self.commits.without_request(account, Actor::System, &effect);
            self.users.update(effect.resource(), commit).await?;
        }
        Ok(self.shut_out(account, id).await?)
    }

    /// Ends the sessions and links of a disabled user.
    async fn shut_out(&self, account: AccountId, id: UserId) -> Result<(), StoreError> {
        self.links.end(account, id).await?;
        self.sessions.end_others(account, id, None).await
    }

    async fn find_any(&self, id: UserId) -> Result<User, Failure<UserRefusal>> {
        let mut all = self.list_all().await?.into_iter();
        let listed = all.find(|listed| listed.user.id == id);
        Ok(listed.ok_or(UserRefusal::NotFound)?.user)
    }

    /// The account's users, oldest first.
    ///
    /// # Errors
    /// [`Failure::Store`] if the store fails.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<User>, Failure<UserRefusal>> {
        caller.require(Scope::Full)?;
        Ok(self.users.all(caller.account).await?)
    }

    /// The account's user with that id.
    ///
    /// # Errors
    /// [`UserRefusal::NotFound`], or [`Failure::Store`] if the store fails.
    pub async fn get(&self, caller: &Caller, id: UserId) -> Result<User, Failure<UserRefusal>> {
        caller.require(Scope::Full)?;
        self.find(caller.account, id).await
    }

    async fn find(&self, account: AccountId, id: UserId) -> Result<User, Failure<UserRefusal>> {
        let found = self.users.by_id(account, id).await?;
        Ok(found.ok_or(UserRefusal::NotFound)?)
    }

    /// Adds a user without a password, and makes a link with which the user chooses one.
    ///
    /// # Errors
    /// [`UserRefusal::EmailTaken`], or [`Failure::Store`] if the store fails.
    pub async fn invite(
        &self,
        request: &Request<User>,
        email: EmailAddress,
        role: Role,
    ) -> Result<Invited, Failure<UserRefusal>> {
        request.caller.require(Scope::Full)?;
        let account = request.caller.account;
        let id = UserId::new(self.system.ids.next_id());
        let attempt = async || {
            let now = self.system.clock.now();
            let effect = Effect::Created(User::new(id, account, email.clone(), role, now));
            let commit = self.commits.of(request, &effect);
            self.users.insert(effect.resource(), commit).await?;
            Ok(Some(effect))
        };
        let outcome = self.commits.run(request, attempt).await?;
        let link = self.link(account, Some(id), INVITATION_MILLIS).await?;
        Ok(Invited { outcome, link })
    }

    /// Makes a link with which a user of the account chooses a password.
    ///
    /// # Errors
    /// [`UserRefusal::NotFound`], [`UserRefusal::Disabled`], or [`Failure::Store`] if the store fails.
    pub async fn reset(&self, caller: &Caller, id: UserId) -> Result<PlainToken, Failure<UserRefusal>> {
        self.reset_link(&self.get(caller, id).await?).await
    }

    async fn reset_link(&self, user: &User) -> Result<PlainToken, Failure<UserRefusal>> {
        if user.disabled_at.is_some() {
            return Err(UserRefusal::Disabled.into());
        }
        Ok(self.link(user.account_id, Some(user.id), RESET_MILLIS).await?)
    }

    async fn link(
        &self,
        account: AccountId,
        user: Option<UserId>,
        lifetime: i64,
    ) -> Result<PlainToken, StoreError> {
        let token = PlainToken::from_random(self.system.randomness.secret());
        let expiry = self.system.clock.now().as_millis() + lifetime;
        let link = Link {
            digest: token.digest(),
            account_id: account,
            user,
            expires_at: Timestamp::from_millis(expiry).unwrap_or(Timestamp::MAX),
        };
        self.links.insert(&link).await?;
        Ok(token)
    }

    /// Changes a user's role.
    ///
    /// # Errors
    /// [`UserRefusal::NotFound`], [`UserRefusal::VersionMismatch`] if the precondition doesn't hold,
    /// [`UserRefusal::LastOwner`], or [`Failure::Store`] if the store fails.
    pub async fn change_role(
        &self,
        request: &Request<User>,
        id: UserId,
        role: Role,
    ) -> Result<Outcome<User>, Failure<UserRefusal>> {
        request.caller.require(Scope::Full)?;
        let role = UserEdit {
            role: Some(role),
            ..UserEdit::default()
        };
        self.edit(request, id, &role).await
    }

    /// Disables a user, or lets the user sign in again. The sessions and links from before end at once, on every
    /// server.
    ///
    /// # Errors
    /// [`UserRefusal::NotFound`], [`UserRefusal::VersionMismatch`] if the precondition doesn't hold,
    /// [`UserRefusal::LastOwner`], or [`Failure::Store`] if the store fails.
    pub async fn disable(
        &self,
        request: &Request<User>,
        id: UserId,
        disabled: bool,
    ) -> Result<Outcome<User>, Failure<UserRefusal>> {
        request.caller.require(Scope::Full)?;
        let account = request.caller.account;
        if !disabled {
            // Otherwise a session or a link that a crash has left would work again.
            self.shut_out(account, id).await?;
        }
        let outcome = self.edit(request, id, &with_disabled(disabled)).await?;
        if disabled {
            self.shut_out(account, id).await?;
        }
        Ok(outcome)
    }

    /// Chooses the language in which the console speaks to the caller.
    ///
    /// # Errors
    /// [`UserRefusal::NotFound`] if the caller is no user, or [`Failure::Store`] if the store fails.
    pub async fn choose_language(
        &self,
        request: &Request<User>,
        language: Language,
    ) -> Result<Outcome<User>, Failure<UserRefusal>> {
        let language = UserEdit {
            language: Some(language),
            ..UserEdit::default()
        };
        self.edit(request, own(&request.caller)?, &language).await
    }

    /// Changes the caller's password, and ends all of the caller's sessions but that one, and links that reset it.
    ///
    /// # Errors
    /// [`UserRefusal::NotFound`] if the caller is no user, [`UserRefusal::WrongPassword`] if `old` is not the present
    /// one, or [`Failure::Store`] if the store fails.
    pub async fn change_password(
        &self,
        request: &Request<User>,
        old: PlainPassword,
        new: PlainPassword,
        session: SessionId,
    ) -> Result<Outcome<User>, Failure<UserRefusal>> {
        let (account, id) = (request.caller.account, own(&request.caller)?);
        let present = self.find(account, id).await?.password;
        if !self.system.passwords.verify(old, present.clone()).await? {
            return Err(UserRefusal::WrongPassword.into());
        }
        let password = UserEdit {
            password: Some(self.system.passwords.hash(new).await?),
            ..UserEdit::default()
        };
        let attempt = async || {
            let before = self.find(account, id).await?;
            if before.password != present {
                // A link has set another one meanwhile.
                return Err(UserRefusal::WrongPassword.into());
            }
            self.replace(request, before, &password).await
        };
        let outcome = self.commits.run(request, attempt).await?;
        self.links.end(account, id).await?;
        self.sessions.end_others(account, id, Some(session)).await?;
        Ok(outcome)
    }

    /// The caller's sessions, oldest first, without those that were not used for too long.
    ///
    /// # Errors
    /// [`UserRefusal::NotFound`] if the caller is no user, or [`Failure::Store`] if the store fails.
    pub async fn sessions(&self, caller: &Caller) -> Result<Vec<Session>, Failure<UserRefusal>> {
        let mut sessions = self.sessions.of_user(caller.account, own(caller)?).await?;
        let now = self.system.clock.now();
        sessions.retain(|session| session.is_valid_at(now));
        Ok(sessions)
    }

    /// Ends a session of the caller. Repeating it changes nothing.
    ///
    /// # Errors
    /// [`UserRefusal::NotFound`] if the caller is no user, or [`Failure::Store`] if the store fails.
    pub async fn end_session(&self, caller: &Caller, id: SessionId) -> Result<(), Failure<UserRefusal>> {
        self.sessions.end(caller.account, own(caller)?, id).await?;
        Ok(())
    }

    async fn edit(
        &self,
        request: &Request<User>,
        id: UserId,
        edit: &UserEdit,
    ) -> Result<Outcome<User>, Failure<UserRefusal>> {
        let attempt = async || {
            let before = self.find(request.caller.account, id).await?;
            self.replace(request, before, edit).await
        };
        self.commits.run(request, attempt).await
    }

    async fn replace(
        &self,
        request: &Request<User>,
        before: User,
        edit: &UserEdit,
    ) -> Result<Option<Effect<User>>, Failure<UserRefusal>> {
        request.precondition.check::<UserRefusal>(Some(&before))?;
        let after = before.edited(edit.clone(), self.system.clock.now());
        let write = async |after: &User, commit| self.users.update(after, commit).await;
        self.commits.replace(request, before, after, write).await
    }
}

fn with_disabled(disabled: bool) -> UserEdit {
    UserEdit {
        disabled: Some(disabled),
        ..UserEdit::default()
    }
}

/// The caller's own id, if the caller is a user.
fn own(caller: &Caller) -> Result<UserId, UserRefusal> {
    match caller.actor {
        Actor::User(id) => Ok(id),
        Actor::ApiKey(_) | Actor::System => Err(UserRefusal::NotFound),
    }
}

#[cfg(test)]
mod tests;
