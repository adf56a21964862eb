//! Listening: actix's server, on connections with limits that it doesn't have by itself.

use crate::{
    connection::connections::{Connections, Place},
    connection::pieces::PIECE,
    connection::stream::ClientStream,
};
use actix_http::{HttpService, error::DispatchError};
use actix_server::Server;
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::{
    Error,
    body::MessageBody,
    dev::{AppConfig, Response},
    rt::net::TcpStream,
};
use socket2::{Domain, SockRef, Socket, Type};
use std::{
    fmt, io,
    net::{SocketAddr, TcpListener, ToSocketAddrs},
    num::NonZeroUsize,
    sync::Arc,
    time::Duration,
};

/// How often the server checks for connections that have waited too long.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long the first head of a connection may take. After that the answer is 408.
const FIRST_HEAD: Duration = Duration::from_secs(5);

/// How long a connection may be idle between requests.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// How long a client may take to close a connection after the server has.
const DISCONNECT: Duration = Duration::from_secs(1);

/// How many connections may wait in the system's queue to be accepted.
const BACKLOG: i32 = 1024;

/// The most unsent bytes of an answer that the system buffers.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 16 << 10;

/// How a server runs.
#[derive(Debug, Clone, Copy)]
pub struct Listen {
    /// How many threads serve requests.
    pub workers: NonZeroUsize,
    /// How long accepted requests may take after a signal to stop. It is counted in whole seconds.
    pub shutdown_timeout: Duration,
}

/// A server with bound sockets. Clients can connect already, and are served once [`run`](Self::run) is called.
pub struct Bound {
    addresses: Vec<SocketAddr>,
    run: Box<dyn FnOnce() -> Server>,
}

impl Bound {
    /// The addresses that it listens on.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Starts the server. The returned future completes when the server has stopped.
    pub fn run(self) -> Server {
        (self.run)()
    }
}

/// Binds a server of these applications. A client must acknowledge what was sent of its answer within `unread_timeout`.
pub(crate) fn bind<F, I, S, B>(
    app: F,
    addresses: impl ToSocketAddrs,
    listen: Listen,
    connections: &Arc<Connections>,
    unread_timeout: Duration,
) -> io::Result<Bound>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, actix_http::Request>,
    S: ServiceFactory<actix_http::Request, Config = AppConfig, Error = Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>>,
    B: MessageBody + 'static,
{
    let sockets = sockets(addresses)?;
    let addresses: io::Result<_> = sockets.iter().map(TcpListener::local_addr).collect();
    let shutdown_timeout = listen.shutdown_timeout.as_millis().div_ceil(1000);
    let mut server = Server::build()
        .workers(listen.workers.get())
        // Further connections wait in the system's queue.
        .max_concurrent_connections(connections.most().div_ceil(listen.workers.get()))
        .disable_signals()
        .shutdown_timeout(shutdown_timeout.try_into().unwrap_or(u64::MAX));
    let stopping = server.graceful_shutdown_signal();
    let watched = Arc::downgrade(connections);
    for socket in sockets {
        let (app, connections, stopping) = (app.clone(), connections.clone(), stopping.clone());
        server = server.listen("chatgrow", socket, move || {
            let app = app().into_factory().map_err(|error| error.error_response());
            let stopping = stopping.clone();
            let http = HttpService::build()
                .graceful_shutdown_signal(move || {
                    let stopping = stopping.clone();
                    async move { stopping.notified().await }
                })
                .keep_alive(KEEP_ALIVE)
                .client_request_timeout(FIRST_HEAD)
                .client_disconnect_timeout(DISCONNECT)
                .h1_write_buffer_size(2 * PIECE)
                .on_connect_ext(|stream: &ClientStream, extensions| {
                    extensions.insert(stream.connection());
                })
                .h1(map_config(app, |()| AppConfig::default()));
            let connections = connections.clone();
            let admit = move |stream: TcpStream| {
                let admitted = admit(stream, &connections, unread_timeout).map_err(DispatchError::Io);
                async { admitted }
            };
            fn_service(admit).and_then(http)
        })?;
    }
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
        addresses: addresses?,
        run: Box::new(run),
    })
}

/// Listens on each of the addresses that can be bound.
fn sockets(addresses: impl ToSocketAddrs) -> io::Result<Vec<TcpListener>> {
    let listen = |address: SocketAddr| {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        // A restarted server must be able to bind its port again. On Windows the option would let two servers share it.
        #[cfg(not(windows))]
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(TcpListener::from(socket))
    };
    let (mut sockets, mut fault) = (Vec::new(), None);
    for address in addresses.to_socket_addrs()? {
        match listen(address) {
            Ok(socket) => sockets.push(socket),
            Err(error) => fault = Some(error),
        }
    }
    match fault {
        Some(error) if sockets.is_empty() => Err(error),
        _ => Ok(sockets),
    }
}

/// Serves a connection, if it is admitted.
fn admit(
    stream: TcpStream,
    connections: &Arc<Connections>,
    unread_timeout: Duration,
) -> io::Result<(ClientStream, Option<SocketAddr>)> {
    let peer = stream.peer_addr()?;
    let place: Option<Place> = connections.admit(peer.ip());
    let place = place.ok_or(io::ErrorKind::ConnectionRefused)?;
    if let Err(error) = set_up(&stream, unread_timeout) {
        tracing::debug!(%error, "a connection's options can't be set");
    }
    Ok((ClientStream::new(stream, place), Some(peer)))
}

/// Disables Nagle's algorithm. On Linux, also ends the connection of a client that has acknowledged nothing for
/// `timeout`, and keeps the system's buffer of unsent data small. By default that buffer takes megabytes for each
/// client that reads nothing.
fn set_up(stream: &TcpStream, timeout: Duration) -> io::Result<()> {
    // Otherwise an answer in several pieces would wait for the client's delayed acknowledgement.
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    #[cfg(target_os = "linux")]
    {
        socket.set_tcp_user_timeout(Some(timeout))?;
        socket.set_tcp_notsent_lowat(UNSENT)?;
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (socket, timeout);
    Ok(())
}
