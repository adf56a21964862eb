//! Serving: sockets, signals and background tasks.

use crate::{
    Configuration, Database, Failure, LogFormat,
    system::OsRandomness,
    tasks::{self, Tasks},
    webhooks::Dispatcher,
};
use actix_web::rt;
use chatgrow_api::{Api, BASE_PATH, Bound, ConnectionLimits, Listen};
use chatgrow_application::Application;
use chatgrow_domain::{AccountSlug, ApiKeyName, PlainApiKey};
use chatgrow_ports::Randomness;
use chatgrow_web::{Address, Console, LinkTo};
use prometheus_client::{metrics::counter::Counter, registry::Registry};
use std::{
    io::{IsTerminal, Write},
    net::SocketAddr,
    num::NonZeroUsize,
    panic::{self, PanicHookInfo},
    sync::Arc,
};
use tracing_subscriber::EnvFilter;

/// The number of open files reserved for everything but connections: databases, listeners, the runtime.
const OTHER_FILES: u64 = 512;

/// Sends the log to standard error.
pub(crate) fn start_log(configuration: &Configuration) -> Result<(), Failure> {
    // actix logs a malformed request as an error, so anybody could fill the log. hyper's client logs whom it calls.
    let filter = format!("actix_http=off,hyper_util=off,{}", configuration.log_level);
    let filter = EnvFilter::builder().parse(filter)?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match configuration.log_format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    }
    .map_err(|error| error as Failure)
}

/// Serves until a signal to stop, then finishes the accepted requests.
pub(crate) async fn serve(
    configuration: &Configuration,
    application: Arc<Application>,
    mut metrics: Registry,
) -> Result<(), Failure> {
    count_panics(&mut metrics);
    let task_metrics = tasks::Metrics::register(metrics.sub_registry_with_prefix("chatgrow"));
    let mut http = configuration.http.clone();
    limit_to_files(&mut http.connections);
    let console = configuration
        .console
        .then(|| Console::new(application.clone(), configuration.console_url.clone()));
    let mut api = Api::new(application.clone(), metrics, http);
    if let Some(console) = &console {
        api = api.with_pages(console.pages());
    }
    let (metrics_server, server) = bind(&api, configuration)?;
    let addresses = server.addresses().to_vec();

    let first_key = application
        .access
        .api_keys
        .create_first(ApiKeyName::new("First key")?)
        .await?;
    keep_reserve(&configuration.database);
    let mut server = server.run();
    let handle = server.handle();
    let metrics_server = metrics_server.map(|server| rt::spawn(server.run()));
    let greeting = greeting(configuration, &addresses, first_key.as_ref(), &application).await?;
    tracing::info!(?addresses, "listening");
    if let Err(error) = std::io::stdout().write_all(greeting.as_bytes()) {
        tracing::warn!(%error, "the greeting can't be shown; a first key in it is lost: `chatgrow keys create` makes another");
    }
    let remembering = rt::spawn(remember_keys(application.clone()));
    if let Err(error) = application.access.quotas.meet().await {
        tracing::warn!(%error, "the servers that share the rate limits could not be counted; the next attempt follows");
    }
    let tasks = tasks::all(&application, &api, console.as_ref(), configuration);
    let randomness: Arc<dyn Randomness> = Arc::new(OsRandomness);
    let tasks = Tasks::start(tasks, &task_metrics, &randomness);
    let webhooks = Dispatcher::start(application.clone());

    tokio::select! {
        ended = &mut server => ended?,
        () = stop_signal() => {
            tracing::info!("stopping: finishing what was accepted");
            api.end_streams();
            // At the same time, so that both together take no longer than `SHUTDOWN_TIMEOUT_MS`.
            let stop_tasks = tasks.stop(configuration.shutdown_timeout);
            let stop_webhooks = webhooks.stop(configuration.shutdown_timeout);
            let (ended, (), (), ()) = tokio::join!(&mut server, handle.stop(true), stop_tasks, stop_webhooks);
            ended?;
        }
    }
    remembering.abort();
    if let Some(metrics) = metrics_server {
        metrics.abort();
    }
    // The task's last run was before the last request.
    if let Err(error) = application.access.authentication.flush_key_uses().await {
        tracing::warn!(%error, "the last uses of keys could not be written");
    }
    tracing::info!("stopped");
    Ok(())
}

/// Binds the server of the API, and the server of the metrics if they have an address of their own.
fn bind(api: &Api, configuration: &Configuration) -> Result<(Option<Bound>, Bound), Failure> {
    let (host, port) = (configuration.host.as_str(), configuration.port);
    let listen = |workers| Listen {
        workers,
        shutdown_timeout: configuration.shutdown_timeout,
    };
    let metrics_server = match configuration.metrics_addr {
        None => None,
        Some(address) => {
            let server = api
                .bind_metrics(address, listen(NonZeroUsize::MIN))
                .map_err(|error| format!("can't listen on {address} (METRICS_ADDR): {error}"))?;
            tracing::info!(addresses = ?server.addresses(), "metrics");
            Some(server)
        }
    };
    let server = api
        .bind((host, port), listen(crate::workers().try_into()?))
        .map_err(|error| format!("can't listen on {host}:{port} (HOST, PORT): {error}"))?;
    Ok((metrics_server, server))
}

/// Reserves the disk space at start-up. Later a background task does so.
fn keep_reserve(database: &Database) {
    if let Err(error) = database.keep_reserve() {
        tracing::warn!(%error, "no room is kept for revoking keys on a full disk; the next attempt follows");
    }
}

/// Loads the keys at start-up, so that the first requests don't wait for it.
async fn remember_keys(application: Arc<Application>) {
    match application.access.api_keys.list_all().await {
        Ok(keys) => application
            .access
            .authentication
            .remember_all(keys.into_iter().map(|listed| listed.key)),
        Err(error) => tracing::warn!(%error, "the keys could not be read beforehand"),
    }
}

/// Counts panics anywhere in the process, and logs them. The message of a panic may contain personal data, so only text
/// that is part of the program is logged.
fn count_panics(metrics: &mut Registry) {
    let panics = Counter::<u64>::default();
    metrics.sub_registry_with_prefix("chatgrow").register(
        "panics",
        "Defects that were contained",
        panics.clone(),
    );
    panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
        panics.inc();
        let location = info.location().map(tracing::field::display);
        let message = info.payload().downcast_ref::<&'static str>();
        tracing::error!(location, message, "a panic");
    }));
}

/// Lowers the limit of connections to what the limit of open files allows.
fn limit_to_files(limits: &mut ConnectionLimits) {
    let files = |limits: ConnectionLimits| (limits.most() as u64).saturating_add(OTHER_FILES);
    let wanted = files(*limits);
    let allowed = match rlimit::increase_nofile_limit(wanted) {
        Ok(allowed) if allowed < wanted => allowed,
        Ok(_) => return,
        Err(error) => return tracing::warn!(%error, "the limit of open files is not known"),
    };
    while limits.all > 1 && files(*limits) > allowed {
        limits.all -= limits.all.div_ceil(16).min(limits.all - 1);
    }
    tracing::warn!(
        allowed = limits.all,
        "the limit of open files (ulimit -n) allows fewer than MAX_CONNECTIONS"
    );
}

/// What tells the operator where to go. Its secrets are printed to the terminal, and never logged.
async fn greeting(
    configuration: &Configuration,
    addresses: &[SocketAddr],
    first_key: Option<&PlainApiKey>,
    application: &Application,
) -> Result<String, Failure> {
    let port = addresses.first().map_or(0, SocketAddr::port);
    let own = own_address(&configuration.host, port);
    let mut lines = vec![
        "ChatGrow is ready.".to_owned(),
        format!("  API      {own}{BASE_PATH}"),
    ];
    if configuration.http.api_docs {
        lines.push(format!("  Docs     {own}/api-docs"));
    }
    if configuration.console {
        let console = configuration.console_url.clone().unwrap_or(own);
        lines.push(format!("  Console  {console}/console"));
        let users = &application.access.users;
        if let Some(token) = users.set_up_link(&AccountSlug::default()).await? {
            let link = console.link(LinkTo::SetUp, &token);
            lines.push(format!("  Set up   {link}"));
            lines.push(format!(
                "           It works once, within 30 minutes. (In a browser without JavaScript the code is {}.)",
                token.reveal()
            ));
        }
    }
    if let Some(key) = first_key {
        lines.push(format!("  API key  {}", key.reveal()));
        lines.push("           Keep it: it is shown only this once.".to_owned());
    }
    lines.push(String::new());
    Ok(lines.join("\n"))
}

/// The address of this server, as a browser on this machine reaches it.
pub(crate) fn own_address(host: &str, port: u16) -> Address {
    match host {
        "0.0.0.0" | "::" => Address::of_server("localhost", port),
        host if host.contains(':') => Address::of_server(&format!("[{host}]"), port),
        host => Address::of_server(host, port),
    }
}

/// Waits for Ctrl-C, or SIGTERM on systems that have it.
async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    // An error means that Ctrl-C can't be caught. Then it ends the process, which is the default.
    let _ = tokio::signal::ctrl_c().await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text;
    use std::thread;

    #[test]
    fn panics_are_counted_wherever_they_are() {
        let before = panic::take_hook();
        let mut metrics = Registry::default();
        count_panics(&mut metrics);
        let panicked = thread::spawn(|| panic!("a defect")).join().is_err();
        // Restores the hook that other tests in this process expect.
        panic::set_hook(before);
        let mut told = String::new();
        text::encode(&mut told, &metrics).unwrap();
        assert!(panicked && told.contains("\nchatgrow_panics_total 1\n"), "{told}");
    }
}
