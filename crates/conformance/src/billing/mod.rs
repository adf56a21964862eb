//! Cases for what is paid for.

pub(crate) mod payment;
mod races;
mod unpaid;

pub use payment::*;
pub use races::*;
pub use unpaid::*;
