//! Cases for what is paid for.

pub(crate) mod payment;
mod races;
pub(crate) mod sources;
mod unpaid;

pub use payment::*;
pub use races::*;
pub use sources::*;
pub use unpaid::*;
