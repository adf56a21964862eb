//! Who may call: accounts, their API keys and users, authentication and signing in.

mod account;
mod api_key;
mod authentication;
mod caller;
mod quotas;
mod sign_in;
mod user;

pub use account::Accounts;
pub use api_key::{ApiKeys, Issued, ListedKey};
pub use authentication::{Authentication, KeysMet, Known, LookUp, Recalled};
pub use caller::{Caller, RequestId};
pub use quotas::{Permit, Quotas, QuotasUsed};
pub use sign_in::{SetUp, SignIn, SignInOutcome, SignedIn, Visitor};
pub use user::{Invited, ListedUser, Users};

use crate::{Commits, System};
use chatgrow_ports::Stores;

/// The use cases of this context.
pub struct Access {
    /// Authentication of requests.
    pub authentication: Authentication,
    /// Accounts.
    pub accounts: Accounts,
    /// API keys.
    pub api_keys: ApiKeys,
    /// Users.
    pub users: Users,
    /// Signing in.
    pub sign_in: SignIn,
    /// Quotas that servers share.
    pub quotas: Quotas,
}

impl Access {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        let api_keys = stores.access.api_keys.clone();
        Self {
            authentication: Authentication::new(api_keys, system.clock.clone()),
            accounts: Accounts::new(stores, system, commits),
            api_keys: ApiKeys::new(stores, system, commits),
            users: Users::new(stores, system, commits),
            sign_in: SignIn::new(stores, system, commits),
            quotas: Quotas::new(stores.access.quotas.clone(), system.ids.clone()),
        }
    }
}
