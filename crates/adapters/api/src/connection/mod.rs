//! The layer between the API and the network: which connections are admitted, what is read from a client and when, and
//! what is waiting to be sent.

pub(crate) mod client;
pub(crate) mod connections;
pub(crate) mod in_flight;
pub(crate) mod listen;
pub(crate) mod pieces;
pub(crate) mod stream;
pub(crate) mod turn;
