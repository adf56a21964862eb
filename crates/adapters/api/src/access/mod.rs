//! Who may call, and how often.

pub(crate) mod authentication;
pub(crate) mod rate_limits;
