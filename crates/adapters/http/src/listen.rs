//! Listening: actix's server, with the limits that it doesn't have by itself.

use crate::{connections::Connections, pieces::PIECE};
use actix_http::Request;
use actix_service::IntoServiceFactory;
use actix_web::{
    Error, HttpServer,
    body::MessageBody,
    dev::{AppConfig, Response, Server, Service, ServiceFactory},
    rt::net::TcpStream,
};
use std::{
    fmt, io,
    net::{SocketAddr, ToSocketAddrs},
    num::NonZeroUsize,
    sync::Arc,
    time::Duration,
};

/// How often the server looks for connections that have waited for too long.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How a server runs.
#[derive(Debug, Clone, Copy)]
pub struct Listen {
    /// How many threads serve requests.
    pub workers: NonZeroUsize,
    /// How long accepted requests may take after a signal to stop; counted in whole seconds.
    pub shutdown_timeout: Duration,
}

/// A server with its sockets: clients may connect, and are served from [`run`](Self::run) on.
pub struct Bound {
    addresses: Vec<SocketAddr>,
    run: Box<dyn FnOnce() -> Server>,
}

impl Bound {
    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Serves; the returned future ends with the server.
    pub fn run(self) -> Server {
        (self.run)()
    }
}

/// Binds a server of these applications. A client that takes nothing of its answer for `unread_timeout` loses its connection.
pub(crate) fn bind<F, I, S, B>(
    app: F,
    addresses: impl ToSocketAddrs,
    listen: Listen,
    connections: Arc<Connections>,
    unread_timeout: Duration,
) -> io::Result<Bound>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request> + 'static,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    let watched = Arc::downgrade(&connections);
    let shutdown_timeout = listen.shutdown_timeout.as_millis().div_ceil(1000);
    let server = HttpServer::new(app)
        .workers(listen.workers.get())
        // Further ones wait in the system's queue.
        .max_connections(connections.most().div_ceil(listen.workers.get()))
        .h1_write_buffer_size(PIECE)
        .on_connect(move |stream, extensions| {
            if let Some(stream) = stream.downcast_ref::<TcpStream>()
                && let Err(error) = limit_unread(stream, unread_timeout)
            {
                tracing::debug!(%error, "no limits for a client that doesn't read");
            }
            connections.connected(stream, extensions);
        })
        .disable_signals()
        .shutdown_timeout(shutdown_timeout.try_into().unwrap_or(u64::MAX))
        .bind(addresses)?;
    let addresses = server.addrs();
    let run = move || {
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(LOOK_EVERY);
            loop {
                ticks.tick().await;
                match watched.upgrade() {
                    Some(connections) => connections.tidy(),
                    None => break,
                }
            }
        });
        server.run()
    };
    Ok(Bound {
        addresses,
        run: Box::new(run),
    })
}

/// The most bytes of an answer that the system keeps before it has begun to send them.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 64 << 10;

/// On Linux, ends the connection of a client that has taken nothing of its answer for so long: actix would keep it for ever. And lets the
/// system keep no more than a little of what can't be sent yet: by default it takes megabytes for each client that reads nothing.
#[cfg_attr(
    not(target_os = "linux"),
    expect(clippy::unnecessary_wraps, reason = "other systems have no such options")
)]
fn limit_unread(stream: &TcpStream, timeout: Duration) -> io::Result<()> {
    let socket = socket2::SockRef::from(stream);
    #[cfg(target_os = "linux")]
    {
        socket.set_tcp_user_timeout(Some(timeout))?;
        socket.set_tcp_notsent_lowat(UNSENT)?;
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (socket, timeout);
    Ok(())
}
