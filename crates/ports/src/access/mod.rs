//! Who may call, and how often: accounts, their API keys and users, and quotas.

mod account;
mod api_key;
mod quota;
mod session;
mod user;

pub use account::AccountStore;
pub use api_key::{ApiKeyStore, KeyUse};
pub use quota::{Lease, Quota, QuotaOf, QuotaStore};
pub use session::{LinkStore, SessionStore};
pub use user::UserStore;

#[cfg(feature = "mocks")]
pub use {
    account::MockAccountStore,
    api_key::MockApiKeyStore,
    quota::MockQuotaStore,
    session::{MockLinkStore, MockSessionStore},
    user::MockUserStore,
};

use std::sync::Arc;

/// A store that honours all ports of this context.
pub trait AccessPorts: AccountStore + ApiKeyStore + UserStore + SessionStore + LinkStore + 'static {}

impl<S: AccountStore + ApiKeyStore + UserStore + SessionStore + LinkStore + 'static> AccessPorts for S {}

/// The stores of this context.
#[derive(Clone)]
pub struct AccessStores {
    /// Accounts.
    pub accounts: Arc<dyn AccountStore>,
    /// API keys.
    pub api_keys: Arc<dyn ApiKeyStore>,
    /// Users.
    pub users: Arc<dyn UserStore>,
    /// Sessions of users.
    pub sessions: Arc<dyn SessionStore>,
    /// Links that are followed once.
    pub links: Arc<dyn LinkStore>,
    /// Quotas, if servers share the store.
    pub quotas: Option<Arc<dyn QuotaStore>>,
}

impl AccessStores {
    /// Views one store through each of this context's ports.
    pub fn of<S: AccessPorts>(store: &Arc<S>) -> Self {
        Self {
            accounts: store.clone(),
            api_keys: store.clone(),
            users: store.clone(),
            sessions: store.clone(),
            links: store.clone(),
            quotas: None,
        }
    }
}
