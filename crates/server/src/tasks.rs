//! The list of a server's background tasks, and how often each of them runs.

mod driver;

pub(crate) use driver::{Metrics, Task, Tasks};

use crate::Configuration;
use chatgrow_api::Api;
use chatgrow_application::Application;
use chatgrow_web::Console;
use std::{convert::Infallible, sync::Arc, time::Duration};

/// All tasks.
///
/// Every server runs every task, and no task needs to be coordinated between servers. Three tasks clear, flush or fill
/// the memory of their own process. One tells the others that this server is there. A reserve that exists is left alone. A record that one server has swept is not
/// found by another.
pub(crate) fn all(
    application: &Arc<Application>,
    api: &Api,
    console: Option<&Console>,
    Configuration {
        database,
        changes_ttl,
        ..
    }: &Configuration,
) -> Vec<Task> {
    let seconds = Duration::from_secs;
    let mut tasks = vec![
        Task::new(
            "forget_idle_clients",
            seconds(10),
            &(api.clone(), console.cloned()),
            |(api, console)| async move {
                api.forget_idle_clients();
                if let Some(console) = console {
                    console.forget_idle_visitors();
                }
                Ok::<_, Infallible>(())
            },
        ),
        Task::new(
            "flush_key_uses",
            seconds(10),
            application,
            |application| async move { application.access.authentication.flush_key_uses().await },
        ),
        Task::new(
            "meet_servers",
            seconds(10),
            application,
            |application| async move { application.access.quotas.meet().await },
        ),
        Task::new("keep_reserve", seconds(10), database, |database| async move {
            database.keep_reserve()
        }),
        Task::new("measure_lag", seconds(5), application, |application| async move {
            application.delivery.lanes.measure_lag().await
        }),
    ];
    tasks.extend(sweeps(application, *changes_ttl));
    tasks
}

/// The tasks that let rows go whose time is up.
fn sweeps(application: &Arc<Application>, changes_ttl: Duration) -> Vec<Task> {
    let seconds = Duration::from_secs;
    let kept_millis = i64::try_from(changes_ttl.as_millis()).unwrap_or(i64::MAX);
    vec![
        Task::new(
            "sweep_holds",
            seconds(10),
            application,
            |application| async move {
                application.scheduling.holds.sweep().await?;
                application.scheduling.appointments.sweep().await?;
                application.events.registrations.sweep().await
            },
        ),
        Task::new(
            "sweep_sessions",
            seconds(600),
            application,
            |application| async move { application.access.sign_in.sweep().await },
        ),
        Task::new(
            "sweep_idempotency_records",
            seconds(10),
            application,
            |application| async move { application.idempotency.sweep().await },
        ),
        Task::new(
            "sweep_payment_notices",
            seconds(600),
            application,
            |application| async move { application.billing.notices.sweep().await },
        ),
        Task::new(
            "sweep_changes",
            seconds(60),
            application,
            move |application| async move {
                application.delivery.lanes.sweep(kept_millis).await?;
                application.delivery.feed.sweep(kept_millis).await
            },
        ),
    ]
}
