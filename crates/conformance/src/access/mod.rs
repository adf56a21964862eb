//! Who may call: accounts and their API keys.

pub(crate) mod account;
pub(crate) mod api_key;
pub(crate) mod session;
pub(crate) mod user;

pub use account::*;
pub use api_key::*;
pub use session::*;
pub use user::*;
