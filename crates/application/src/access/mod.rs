//! Who may call: accounts, their API keys, and authentication.

mod account;
mod api_key;
mod authentication;
mod caller;

pub use account::Accounts;
pub use api_key::{ApiKeys, Issued, ListedKey};
pub use authentication::{Authentication, KeysMet, Known, LookUp, Recalled};
pub use caller::{Actor, Caller, RequestId};

use crate::{Commits, System};
use chatgrow_ports::Stores;

/// The use cases of this context.
pub struct Access {
    /// Authentication of requests.
    pub authentication: Authentication,
    /// Accounts, for operators.
    pub accounts: Accounts,
    /// API keys.
    pub api_keys: ApiKeys,
}

impl Access {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        let api_keys = stores.access.api_keys.clone();
        Self {
            authentication: Authentication::new(api_keys, system.clock.clone()),
            accounts: Accounts::new(stores, system),
            api_keys: ApiKeys::new(stores, system, commits),
        }
    }
}
