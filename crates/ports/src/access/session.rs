//! Sessions, and links that are followed once. A request's account is found through its session or link, so the
//! look-ups by digest don't take an account.

use crate::{Commit, Failure, StoreError};
use async_trait::async_trait;
use chatgrow_domain::{
    AccountId, Link, LinkRefusal, Session, SessionId, Timestamp, TokenDigest, User, UserId,
};

/// Stores sessions.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Adds a session to its user.
    async fn insert(&self, session: &Session) -> Result<(), StoreError>;

    /// The session with that digest, of any account, with its user in the present state. It may be too old.
    async fn by_digest(&self, digest: &TokenDigest) -> Result<Option<(Session, User)>, StoreError>;

    /// The user's sessions. They MUST be ordered by `created_at`, then by id.
    async fn of_user(&self, account: AccountId, user: UserId) -> Result<Vec<Session>, StoreError>;

    /// Records that a session was used. Its last use MUST NOT move back in time. A session that the account doesn't
    /// have is ignored.
    async fn record_use(&self, account: AccountId, id: SessionId, at: Timestamp) -> Result<(), StoreError>;

    /// Ends a session of the user, and returns whether there was one.
    async fn end(&self, account: AccountId, user: UserId, id: SessionId) -> Result<bool, StoreError>;

    /// Ends all sessions of the user but that one.
    async fn end_others(
        &self,
        account: AccountId,
        user: UserId,
        kept: Option<SessionId>,
    ) -> Result<(), StoreError>;

    /// Deletes sessions that were last used at `before` or earlier, at most that many, and returns how many.
    async fn sweep_sessions(&self, before: Timestamp, most: u32) -> Result<usize, StoreError>;
}

/// Stores links.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait LinkStore: Send + Sync {
    /// Adds a link to its account.
    async fn insert(&self, link: &Link) -> Result<(), StoreError>;

    /// The link with that digest, of any account. It may have expired.
    async fn by_digest(&self, digest: &TokenDigest) -> Result<Option<Link>, StoreError>;

    /// Uses a link up, in one write. If the link sets an account up, the user is added, and MUST be the first of its
    /// account; then the account's other links of that kind go too. Otherwise the user replaces the state of the
    /// version before, all its sessions end, and its other links go too.
    ///
    /// If the link is not there or has expired at `now`, if the account has a user already, or if the user is not in
    /// the version before, it MUST return [`LinkRefusal::Gone`] and write nothing. Of any number of concurrent calls
    /// for links of one account or of one user, one MUST succeed.
    async fn follow(
        &self,
        link: &Link,
        user: &User,
        now: Timestamp,
        commit: Commit,
    ) -> Result<(), Failure<LinkRefusal>>;

    /// Deletes the links with which the user could choose a password.
    async fn end(&self, account: AccountId, user: UserId) -> Result<(), StoreError>;

    /// Deletes links that have expired at `now`, at most that many, and returns how many.
    async fn sweep_links(&self, now: Timestamp, most: u32) -> Result<usize, StoreError>;
}
