//! Who may call: accounts and their API keys.

mod account;
mod api_key;

pub use account::AccountStore;
pub use api_key::{ApiKeyStore, KeyUse};

#[cfg(feature = "mocks")]
pub use {account::MockAccountStore, api_key::MockApiKeyStore};

use std::sync::Arc;

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
    pub fn of<S: AccountStore + ApiKeyStore + 'static>(store: &Arc<S>) -> Self {
        Self {
            accounts: store.clone(),
            api_keys: store.clone(),
        }
    }
}
