//! The end-to-end tests: black-box tests over HTTP, one file per subject.

#![expect(clippy::unwrap_used, reason = "test code: what goes wrong fails the test")]
#![expect(clippy::too_many_lines, reason = "a test tells its story in one piece")]

mod api;
mod authentication;
mod console;
mod dispatcher;
mod documents;
mod failover;
mod garbage;
mod hostile;
mod http;
mod linearizability;
mod machine;
mod metrics;
mod openapi;
mod operators;
mod power_cut;
mod process;
mod proof;
mod rate_limits;
mod servers;
mod shared_limits;
mod strangers;
mod tenants;
