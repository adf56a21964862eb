//! Who may call: accounts and their API keys.

mod account;
mod addresses;
mod api_key;
mod api_key_terms;
mod plain_api_key;
mod scope;

pub use account::{Account, AccountId, AccountName, AccountRefusal, AccountSlug};
pub use addresses::{AllowedAddresses, Network};
pub use api_key::{ApiKey, ApiKeyEdit, ApiKeyId, ApiKeyName, ApiKeyRefusal};
pub use api_key_terms::{ApiKeyTerms, KeyRateLimit, Overlap};
pub use plain_api_key::{ApiKeyDigest, PlainApiKey};
pub use scope::{Scope, Scopes};
