//! Who may call: accounts, their API keys, and who is calling.

mod account;
mod api_key;
mod authentication;

pub use account::{Accounts, CreateAccountError};
pub use api_key::{ApiKeys, CreateKeyError, ListedKey};
pub use authentication::{Authentication, Caller, KeysMet, LookUp, Recalled};

use crate::System;
use chatgrow_ports::Stores;

/// The use cases of this context.
pub struct Access {
    /// Who is calling.
    pub authentication: Authentication,
    /// For operators: accounts.
    pub accounts: Accounts,
    /// For operators: keys.
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
