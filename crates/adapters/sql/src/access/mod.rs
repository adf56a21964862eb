//! Who may call the API: accounts and their API keys.

pub mod account;
pub mod api_key;
pub mod link;
pub mod session;
pub mod user;
