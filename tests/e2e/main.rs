//! The end-to-end tests: black box over HTTP, one file a subject.

#![expect(clippy::unwrap_used, reason = "test code: what goes wrong fails the test")]

#[path = "api/mod.rs"]
#[expect(clippy::duplicate_mod, reason = "the same tests on another store")]
mod postgres;
#[path = "api/mod.rs"]
mod sqlite;

mod authentication;
mod documents;
mod garbage;
mod hostile;
mod http;
mod linearizability;
mod machine;
mod metrics;
mod openapi;
mod operators;
mod process;
mod proof;
mod rate_limits;
mod servers;
mod strangers;
mod tenants;
