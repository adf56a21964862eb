//! Who may call: accounts and their API keys.

pub(crate) mod account;
pub(crate) mod api_key;

pub use account::*;
pub use api_key::*;
