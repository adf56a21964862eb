//! Signing in: from a link or a password to a session, and from a session to the caller.

use crate::{Caller, Commits, Effect, Recorded, RequestId, System, commit::SWEEP};
use chatgrow_domain::{
    Account, AccountId, AccountName, AccountSlug, Actor, EmailAddress, EmailKey, Language, Link, LinkRefusal,
    PlainPassword, PlainToken, Role, Schedule, ScheduleRules, Session, SessionId, TimeZoneName, Timestamp,
    User, UserEdit, UserId,
};
use chatgrow_ports::{
    AccountStore, Commit, Failure, LinkStore, ScheduleStore, SessionStore, StoreError, Stores, UserStore,
};
use std::sync::Arc;

/// How old the record of a session's last use may become, in milliseconds.
const USE_MILLIS: i64 = 5 * 60_000;

/// The most accounts that a sign-in checks for one address.
const MOST_ACCOUNTS: usize = 8;

/// What the first owner of an account chooses.
#[derive(Debug, Clone)]
pub struct SetUp {
    /// The owner's address.
    pub email: EmailAddress,
    /// The owner's password.
    pub password: PlainPassword,
    /// The owner's language.
    pub language: Language,
    /// The name of the business.
    pub business: AccountName,
    /// The time zone of the business. A zone that the account has already stays.
    pub time_zone: TimeZoneName,
}

/// A user who has just signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// The token of the new session.
    pub token: PlainToken,
    /// The user.
    pub user: User,
}

/// The outcome of signing in with a password.
#[derive(Debug)]
pub enum SignInOutcome {
    /// It is the password.
    SignedIn(Box<SignedIn>),
    /// Several accounts have a user with this address and password; one of them must be named.
    WhichAccount(Vec<Account>),
    /// Nobody has this address and password, or the user is disabled.
    Refused,
}

/// A user with a session, who makes a request.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The user, as the caller of use cases.
    pub caller: Caller,
    /// The user.
    pub user: User,
    /// The session.
    pub session: SessionId,
}

/// The use cases of signing in.
pub struct SignIn {
    accounts: Arc<dyn AccountStore>,
    users: Arc<dyn UserStore>,
    sessions: Arc<dyn SessionStore>,
    links: Arc<dyn LinkStore>,
    schedules: Arc<dyn ScheduleStore>,
    system: System,
    commits: Commits,
}

impl SignIn {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        let access = &stores.access;
        Self {
            accounts: access.accounts.clone(),
            users: access.users.clone(),
            sessions: access.sessions.clone(),
            links: access.links.clone(),
            schedules: stores.scheduling.schedules.clone(),
            system: system.clone(),
            commits: commits.clone(),
        }
    }

    /// Follows a link that sets an account up: adds its first owner, names the business, and signs the owner in.
    ///
    /// # Errors
    /// [`LinkRefusal::Gone`] if the link can't be followed (any more), [`LinkRefusal::UnknownTimeZone`], or
    /// [`Failure::Store`] if the store fails. If it fails after the owner was added, the owner can sign in and repeat
    /// the rest in the settings.
    pub async fn set_up(&self, token: &PlainToken, chosen: SetUp) -> Result<SignedIn, Failure<LinkRefusal>> {
        let link = self.link(token).await?;
        if link.user.is_some() {
            return Err(LinkRefusal::Gone.into());
        }
        let zone = self.system.zones.find(&chosen.time_zone);
        let zone = zone.ok_or(LinkRefusal::UnknownTimeZone)?.name().clone();
        let password = self.system.passwords.hash(chosen.password).await?;
        let now = self.system.clock.now();
        let id = UserId::new(self.system.ids.next_id());
        let owner = User {
            password: Some(password),
            language: Some(chosen.language),
            ..User::new(id, link.account_id, chosen.email, Role::Owner, now)
        };
        let effect = Effect::Created(owner);
        let (owner, commit) = (effect.resource(), self.by(id, link.account_id, &effect));
        self.links.follow(&link, owner, now, commit).await?;
        self.name_business(id, link.account_id, chosen.business).await?;
        self.choose_zone(id, link.account_id, zone).await?;
        let owner = owner.clone();
        Ok(self.begin(owner).await?.ok_or(LinkRefusal::Gone)?)
    }

    /// What commits with what a user does who is not signed in yet.
    fn by<T: Recorded>(&self, user: UserId, account: AccountId, effect: &Effect<T>) -> Commit {
        self.commits.without_request(account, Actor::User(user), effect)
    }

    /// Names the business, if it has another name.
    async fn name_business(
        &self,
        by: UserId,
        account: AccountId,
        name: AccountName,
    ) -> Result<(), StoreError> {
        let Some(before) = self.accounts.by_id(account).await? else {
            return Ok(());
        };
        if before.name == name {
            return Ok(());
        }
        let after = Account {
            name,
            ..before.clone()
        };
        let effect = Effect::Changed { before, after };
        let commit = self.by(by, account, &effect);
        self.accounts
            .rename(account, &effect.resource().name, commit)
            .await?;
        Ok(())
    }

    /// Sets the account's zone, unless it has one or changes at the same moment.
    async fn choose_zone(
        &self,
        by: UserId,
        account: AccountId,
        zone: TimeZoneName,
    ) -> Result<(), StoreError> {
        let before = self.schedules.of(account).await?;
        if before.rules.time_zone.is_some() {
            return Ok(());
        }
        let rules = ScheduleRules {
            time_zone: Some(zone),
            ..before.rules.clone()
        };
        let after: Schedule = match before.replaced(rules, self.system.clock.now()) {
            Ok(after) => after,
            Err(refusal) => return Err(StoreError::failed(refusal)),
        };
        let effect = Effect::Changed { before, after };
        let commit = self.by(by, account, &effect);
        match self.schedules.replace(account, effect.resource(), commit).await {
            Ok(()) | Err(Failure::Refused(_)) => Ok(()),
            Err(Failure::Store(error)) => Err(error),
            Err(failure @ Failure::NotAllowed(_)) => Err(StoreError::failed(failure)),
        }
    }

    /// Follows a link of a user who was invited, or whose password is reset: the user chooses a password, and is signed
    /// in. All other sessions of the user end.
    ///
    /// # Errors
    /// [`LinkRefusal::Gone`] if the link can't be followed (any more), or [`Failure::Store`] if the store fails.
    pub async fn choose_password(
        &self,
        token: &PlainToken,
        password: PlainPassword,
        language: Language,
    ) -> Result<SignedIn, Failure<LinkRefusal>> {
        let link = self.link(token).await?;
        let id = link.user.ok_or(LinkRefusal::Gone)?;
        let user = self.users.by_id(link.account_id, id).await?;
        let before = user.filter(|user| user.disabled_at.is_none());
        let before = before.ok_or(LinkRefusal::Gone)?;
        let edit = UserEdit {
            password: Some(self.system.passwords.hash(password).await?),
            language: Some(before.language.unwrap_or(language)),
            ..UserEdit::default()
        };
        let now = self.system.clock.now();
        let after = before.edited(edit, now);
        let effect = Effect::Changed { before, after };
        let (after, commit) = (effect.resource(), self.by(id, link.account_id, &effect));
        self.links.follow(&link, after, now, commit).await?;
        Ok(self.begin(after.clone()).await?.ok_or(LinkRefusal::Gone)?)
    }

    async fn link(&self, token: &PlainToken) -> Result<Link, Failure<LinkRefusal>> {
        let now = self.system.clock.now();
        let link = self.links.by_digest(&token.digest()).await?;
        let link = link.filter(|link| link.expires_at > now);
        Ok(link.ok_or(LinkRefusal::Gone)?)
    }

    /// Signs in with a password, in the account with that slug if one is named. For an unknown address it takes as long
    /// as for one that a single account knows.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn sign_in(
        &self,
        email: &EmailKey,
        password: PlainPassword,
        account: Option<&AccountSlug>,
    ) -> Result<SignInOutcome, StoreError> {
        let named = match account {
            Some(slug) => self.accounts.by_slug(slug).await?.map(|account| account.id),
            None => None,
        };
        let mut users = self.users.by_email(email).await?;
        users.retain(|user| user.is_active() && (account.is_none() || Some(user.account_id) == named));
        users.truncate(MOST_ACCOUNTS);
        if users.is_empty() {
            self.system.passwords.verify(password, None).await?;
            return Ok(SignInOutcome::Refused);
        }
        let mut matching = Vec::new();
        for user in users {
            let hash = user.password.clone();
            if self.system.passwords.verify(password.clone(), hash).await? {
                matching.push(user);
            }
        }
        match matching.len() {
            0 => Ok(SignInOutcome::Refused),
            1 => Ok(match self.begin(matching.remove(0)).await? {
                Some(signed_in) => SignInOutcome::SignedIn(Box::new(signed_in)),
                None => SignInOutcome::Refused,
            }),
            _ => {
                let mut accounts = self.accounts.list().await?;
                accounts.retain(|account| matching.iter().any(|user| user.account_id == account.id));
                Ok(SignInOutcome::WhichAccount(accounts))
            }
        }
    }

    /// Begins a session of the user. Returns `None` if the user has another password by now, or is disabled.
    ///
    /// A new password ends all sessions that are there. So the session is written first, and then the user is read
    /// again: a change before that is seen here, and one after it ends this session, too.
    async fn begin(&self, user: User) -> Result<Option<SignedIn>, StoreError> {
        let token = PlainToken::from_random(self.system.randomness.secret());
        let now = self.system.clock.now();
        let (account, id) = (user.account_id, SessionId::new(self.system.ids.next_id()));
        let session = Session {
            id,
            account_id: account,
            user: user.id,
            digest: token.digest(),
            created_at: now,
            used_at: now,
        };
        self.sessions.insert(&session).await?;
        let present = self.users.by_id(account, user.id).await?;
        if present.is_some_and(|present| present.is_active() && present.password == user.password) {
            return Ok(Some(SignedIn { token, user }));
        }
        self.sessions.end(account, user.id, id).await?;
        Ok(None)
    }

    /// Finds who makes a request. Returns `None` if the session is unknown or too old, or if its user is disabled. It
    /// asks the store each time, so a session ends at once, on every server.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn authenticate(
        &self,
        token: &PlainToken,
        request: &RequestId,
    ) -> Result<Option<Visitor>, StoreError> {
        let now = self.system.clock.now();
        let Some((session, user)) = self.sessions.by_digest(&token.digest()).await? else {
            return Ok(None);
        };
        if !session.is_valid_at(now) || !user.is_active() {
            return Ok(None);
        }
        if now.as_millis() - session.used_at.as_millis() > USE_MILLIS {
            // A store that takes no writes can still be read. Then the session is not prolonged.
            let _ = self
                .sessions
                .record_use(session.account_id, session.id, now)
                .await;
        }
        let caller = Caller {
            account: user.account_id,
            actor: Actor::User(user.id),
            scopes: user.role.scopes(),
            request_id: request.clone(),
        };
        Ok(Some(Visitor {
            caller,
            user,
            session: session.id,
        }))
    }

    /// Deletes links that have expired and sessions that were not used for too long, in small batches.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        let now = self.system.clock.now();
        while self.links.sweep_links(now, SWEEP).await? == SWEEP as usize {}
        let Some(long_ago) = Timestamp::from_millis(now.as_millis() - Session::LIFETIME_MILLIS) else {
            return Ok(());
        };
        while self.sessions.sweep_sessions(long_ago, SWEEP).await? == SWEEP as usize {}
        Ok(())
    }
}

#[cfg(test)]
mod tests;
