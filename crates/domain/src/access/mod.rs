//! Who may call: accounts and their API keys.

mod account;
mod api_key;

pub use account::{Account, AccountId, AccountName, AccountRefusal, AccountSlug};
pub use api_key::{ApiKey, ApiKeyDigest, ApiKeyId, ApiKeyName, ApiKeyRefusal, PlainApiKey};
