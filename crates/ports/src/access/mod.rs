//! Who may call: accounts and their API keys.

mod account;
mod api_key;

pub use account::AccountStore;
pub use api_key::{ApiKeyStore, KeyUse};

#[cfg(feature = "mocks")]
pub use {account::MockAccountStore, api_key::MockApiKeyStore};

use std::sync::Arc;

/// A store that honours all ports of this context.
pub trait AccessPorts: AccountStore + ApiKeyStore + 'static {}

impl<S: AccountStore + ApiKeyStore + 'static> AccessPorts for S {}

/// The stores of this context.
#[derive(Clone)]
pub struct AccessStores {
    /// Accounts.
    pub accounts: Arc<dyn AccountStore>,
    /// API keys.
    pub api_keys: Arc<dyn ApiKeyStore>,
}

impl AccessStores {
    /// Views one store through each of this context's ports.
    pub fn of<S: AccessPorts>(store: &Arc<S>) -> Self {
        Self {
            accounts: store.clone(),
            api_keys: store.clone(),
        }
    }
}
