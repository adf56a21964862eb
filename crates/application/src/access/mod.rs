//! Who may call: accounts, their API keys, and authentication.

mod account;
mod api_key;
mod authentication;
mod caller;

pub use account::Accounts;
pub use api_key::{ApiKeys, ListedKey};
pub use authentication::{Authentication, KeysMet, LookUp, Recalled};
pub use caller::{Actor, Caller, RequestId, Scopes};

use crate::System;
use chatgrow_ports::Stores;

/// The use cases of this context.
pub struct Access {
    /// Authentication of requests.
    pub authentication: Authentication,
    /// Accounts, for operators.
    pub accounts: Accounts,
    /// API keys, for operators.
    pub api_keys: ApiKeys,
}

impl Access {
    pub(crate) fn new(stores: &Stores, system: &System) -> Self {
        let api_keys = stores.access.api_keys.clone();
        Self {
            authentication: Authentication::new(api_keys, system.clock.clone()),
            accounts: Accounts::new(stores, system),
            api_keys: ApiKeys::new(stores, system),
        }
    }
}
