//! The end-to-end tests: black box over HTTP, one file a subject.

#![expect(clippy::unwrap_used, reason = "test code: what goes wrong fails the test")]

mod appointments;
mod authentication;
mod customers;
mod documents;
mod events;
mod garbage;
mod http;
mod openapi;
mod operators;
mod process;
mod races;
mod rate_limits;
mod registrations;
