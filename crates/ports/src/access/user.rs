//! Users. The store guards that an e-mail address is unique within an account, and that an account keeps an owner.

use crate::{Commit, Failure, StoreError};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, EmailKey, User, UserId, UserRefusal};

/// Stores users.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait UserStore: Send + Sync {
    /// Adds a user to its account. Of any number of concurrent inserts with the same address, compared by
    /// [key](chatgrow_domain::EmailAddress::key), exactly one MUST succeed. The others MUST return
    /// [`UserRefusal::EmailTaken`].
    async fn insert(&self, user: &User, commit: Commit) -> Result<(), Failure<UserRefusal>>;

    /// The account's user with that id.
    async fn by_id(&self, account: AccountId, id: UserId) -> Result<Option<User>, StoreError>;

    /// The users with that address, of all accounts, in any order. Whoever signs in has named no account yet.
    async fn by_email(&self, email: &EmailKey) -> Result<Vec<User>, StoreError>;

    /// The account's users. They MUST be ordered by `created_at`, then by id.
    async fn all(&self, account: AccountId) -> Result<Vec<User>, StoreError>;

    /// Replaces the user with this id by this state, if the stored version is the one before `user.version`. Otherwise
    /// it MUST return [`UserRefusal::VersionMismatch`], also if there is no such user. The address MUST stay as it was.
    ///
    /// If the user was the only [active owner](User::is_active_owner) of the account and would not be one any more, it
    /// MUST return [`UserRefusal::LastOwner`], even if several owners are changed at once.
    async fn update(&self, user: &User, commit: Commit) -> Result<(), Failure<UserRefusal>>;
}
