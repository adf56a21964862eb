//! Who may call: accounts, their API keys, and their users.

mod account;
mod addresses;
mod api_key;
mod api_key_terms;
mod password;
mod plain_api_key;
mod scope;
mod session;
mod user;

pub use account::{Account, AccountId, AccountName, AccountRefusal, AccountSlug};
pub use addresses::{AllowedAddresses, Network};
pub use api_key::{ApiKey, ApiKeyEdit, ApiKeyId, ApiKeyName, ApiKeyRefusal};
pub use api_key_terms::{ApiKeyTerms, KeyRateLimit, Overlap};
pub use password::{PasswordHash, PlainPassword};
pub use plain_api_key::{ApiKeyDigest, PlainApiKey};
pub use scope::{Scope, Scopes};
pub use session::{Link, LinkRefusal, PlainToken, Session, SessionId, TokenDigest};
pub use user::{Language, Role, User, UserEdit, UserId, UserRefusal};
