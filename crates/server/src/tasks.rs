//! What a server does beside requests: the list of its background tasks, and how often each of them runs.

mod driver;

pub(crate) use driver::{Metrics, Task, Tasks};

use crate::Database;
use chatgrow_api::Api;
use chatgrow_application::Application;
use std::{convert::Infallible, sync::Arc, time::Duration};

/// All tasks.
///
/// Every server runs each of them, and none has to wait for its turn: two tasks forget or write what is in the memory of their own
/// process, a reserve that exists already is left alone, and a record that one server has swept is not found by another.
pub(crate) fn all(application: &Arc<Application>, api: &Api, database: &Database) -> Vec<Task> {
    let seconds = Duration::from_secs;
    vec![
        Task::new("forget_idle_clients", seconds(10), api, |api| async move {
            api.forget_idle_clients();
            Ok::<_, Infallible>(())
        }),
        Task::new(
            "flush_key_uses",
            seconds(10),
            application,
            |application| async move { application.access.authentication.flush_key_uses().await },
        ),
        Task::new("keep_reserve", seconds(10), database, |database| async move {
            database.keep_reserve()
        }),
        Task::new(
            "sweep_idempotency_records",
            seconds(10),
            application,
            |application| async move { application.idempotency.sweep().await },
        ),
    ]
}
