//! Serving: sockets, signals, and the chores beside requests.

use crate::{Configuration, Failure, LogFormat};
use actix_web::{HttpServer, rt};
use chatgrow_application::Application;
use chatgrow_domain::{ApiKeyName, PlainApiKey};
use chatgrow_http::{Api, BASE_PATH};
use std::{
    io::{IsTerminal, Write},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};
use tracing_subscriber::EnvFilter;

/// How often key uses are written down, and idle clients and expired records forgotten.
const CHORES_EVERY: Duration = Duration::from_secs(10);

/// Sends the log to standard error.
pub(crate) fn start_log(configuration: &Configuration) -> Result<(), Failure> {
    // actix reports what is no HTTP as an error: then any stranger could fill the log.
    let filter = EnvFilter::builder().parse(format!("actix_http=off,{}", configuration.log_level))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match configuration.log_format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    }
    .map_err(|error| error as Failure)
}

/// Serves until a signal says to stop, then finishes what was accepted.
pub(crate) async fn serve(
    configuration: &Configuration,
    application: Arc<Application>,
) -> Result<(), Failure> {
    let api = Api::new(application.clone(), configuration.http.clone());
    let (host, port) = (configuration.host.as_str(), configuration.port);
    let app = api.clone();
    let server = HttpServer::new(move || app.app())
        .disable_signals()
        .shutdown_timeout(
            configuration
                .shutdown_timeout
                .as_millis()
                .div_ceil(1000)
                .try_into()?,
        )
        .bind((host, port))
        .map_err(|error| format!("can't listen on {host}:{port} (HOST, PORT): {error}"))?;
    let addresses = server.addrs();

    let first_key = application
        .api_keys
        .create_first(ApiKeyName::new("First key")?)
        .await?;
    let server = server.run();
    let handle = server.handle();
    if let Err(error) = greet(host, &addresses, first_key.as_ref()) {
        tracing::warn!(%error, "the greeting can't be shown; a first key in it is lost: `chatgrow keys create` makes another");
    }
    rt::spawn(async move {
        stop_signal().await;
        tracing::info!("stopping: finishing what was accepted");
        handle.stop(true).await;
    });
    let chores = rt::spawn(chores(application.clone(), api));

    server.await?;
    chores.abort();
    if let Err(error) = application.authentication.flush_key_uses().await {
        tracing::warn!(%error, "the last uses of keys could not be written");
    }
    tracing::info!("stopped");
    Ok(())
}

/// Tells the operator where to go. The key goes to the terminal, never to the log.
fn greet(host: &str, addresses: &[SocketAddr], first_key: Option<&PlainApiKey>) -> std::io::Result<()> {
    let port = addresses.first().map_or(0, SocketAddr::port);
    let host = match host {
        "0.0.0.0" | "::" => "localhost".to_owned(),
        host if host.contains(':') => format!("[{host}]"),
        host => host.to_owned(),
    };
    let origin = format!("http://{host}:{port}");
    let mut out = std::io::stdout();
    writeln!(
        out,
        "ChatGrow is ready.\n  API      {origin}{BASE_PATH}\n  Docs     {origin}/api-docs"
    )?;
    if let Some(key) = first_key {
        writeln!(
            out,
            "  API key  {}\n           Keep it: it is shown only this once.",
            key.reveal()
        )?;
    }
    tracing::info!(?addresses, "listening");
    Ok(())
}

async fn chores(application: Arc<Application>, api: Api) {
    let mut ticks = tokio::time::interval(CHORES_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        api.forget_idle_clients();
        if let Err(error) = application.idempotency.sweep().await {
            tracing::warn!(%error, "expired records of requests could not be forgotten; the next attempt follows");
        }
        if let Err(error) = application.authentication.flush_key_uses().await {
            tracing::warn!(%error, "the last uses of keys could not be written; the next attempt follows");
        }
    }
}

/// Ctrl-C, or SIGTERM where there is one.
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
    // An error here means that no signal can be caught: then the process dies by the first one, as is the custom.
    let _ = tokio::signal::ctrl_c().await;
}
