//! Who may call the API, and how often.

pub(crate) mod authentication;
pub(crate) mod rate_limits;
