//! Connections to receivers. Every address is checked here, in one place: nothing else in the crate connects.

use crate::{failure::NotConnected, outside::Outside};
use chatgrow_domain::{Reachable, SendFailure};
use futures_util::{
    future::BoxFuture,
    stream::{FuturesUnordered, StreamExt},
};
use hyper::{
    Uri,
    rt::{Read, ReadBufCursor, Write},
};
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use rustls::{ClientConfig, pki_types::ServerName};
use std::{
    io::{self, IoSlice},
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use tower_service::Service;

/// How many addresses of a name are tried. A name can have hundreds, which may belong to others.
const MOST_TRIED: usize = 8;

/// How long an address is tried before the next one is tried besides (RFC 8305).
const HEAD_START: Duration = Duration::from_millis(250);

/// Opens connections, to permitted addresses only.
#[derive(Clone)]
pub(crate) struct Connector(Arc<Inner>);

struct Inner {
    reachable: Reachable,
    outside: Arc<dyn Outside>,
    tls: TlsConnector,
    patience: Duration,
    most_kept: usize,
    /// Each open connection has a clone.
    open: Arc<()>,
}

impl Connector {
    pub(crate) fn new(
        reachable: Reachable,
        outside: Arc<dyn Outside>,
        tls: Arc<ClientConfig>,
        patience: Duration,
        most_kept: usize,
    ) -> Self {
        Self(Arc::new(Inner {
            reachable,
            outside,
            tls: tls.into(),
            patience,
            most_kept,
            open: Arc::new(()),
        }))
    }
}

impl Service<Uri> for Connector {
    type Response = Receiver;
    type Error = NotConnected;
    type Future = BoxFuture<'static, Result<Receiver, NotConnected>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NotConnected>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.0.clone();
        Box::pin(async move {
            let connected = timeout(connector.patience, connector.connect(&uri)).await;
            connected
                .unwrap_or(Err(SendFailure::TimedOut))
                .map_err(NotConnected)
        })
    }
}

impl Inner {
    async fn connect(&self, uri: &Uri) -> Result<Receiver, SendFailure> {
        let is_https = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let host = uri.host().unwrap_or_default();
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);

        let addresses = self.permitted(host).await?;
        let addresses = addresses.into_iter().take(MOST_TRIED);
        let addresses: Vec<_> = addresses.map(|address| SocketAddr::new(address, port)).collect();
        let (address, stream) = self
            .first_to_answer(&addresses)
            .await
            .ok_or(SendFailure::CannotConnect)?;
        // A request is written at once, so there is nothing to collect.
        stream.set_nodelay(true).map_err(|_| SendFailure::CannotConnect)?;

        let stream: Box<dyn Stream> = if is_https {
            // The name in a certificate has no full stop at the end.
            let name = host.strip_suffix('.').unwrap_or(host).to_owned();
            let name = ServerName::try_from(name).map_err(|_| SendFailure::Tls)?;
            let stream = self.tls.connect(name, stream).await;
            Box::new(stream.map_err(|_| SendFailure::Tls)?)
        } else {
            Box::new(stream)
        };
        Ok(Receiver {
            stream: TokioIo::new(stream),
            peer: Peer {
                is_exception: self.reachable.is_exception(address),
            },
            // The connector has one clone itself.
            is_kept: Arc::strong_count(&self.open) <= self.most_kept,
            _open: self.open.clone(),
        })
    }

    /// The addresses of a host. If any is not permitted, none is.
    async fn permitted(&self, host: &str) -> Result<Vec<IpAddr>, SendFailure> {
        let addresses = if let Ok(address) = host.parse() {
            vec![address]
        } else {
            let found = self.outside.addresses(host).await;
            found.map_err(|_| SendFailure::NameNotResolved)?
        };
        if addresses.is_empty() {
            Err(SendFailure::NameNotResolved)
        } else if addresses.iter().all(|address| self.reachable.permits(*address)) {
            Ok(addresses)
        } else {
            Err(SendFailure::ForbiddenAddress)
        }
    }

    /// Connects to the first address that answers. Each is tried a little after the one before, or as soon as that
    /// fails.
    async fn first_to_answer(&self, addresses: &[SocketAddr]) -> Option<(IpAddr, TcpStream)> {
        let attempt = async |address: &SocketAddr| {
            let stream = self.outside.connect(*address).await;
            stream.map(|stream| (address.ip(), stream))
        };
        let mut waiting = addresses.iter();
        let mut attempts = FuturesUnordered::new();
        loop {
            if let Some(address) = waiting.next() {
                attempts.push(attempt(address));
            } else if attempts.is_empty() {
                return None;
            }
            let patience = match waiting.len() {
                0 => Duration::MAX,
                _ => HEAD_START,
            };
            if let Ok(Some(Ok(connected))) = timeout(patience, attempts.next()).await {
                return Some(connected);
            }
        }
    }
}

/// Who is at the other end. Each answer carries it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    /// Whether it may be called only because the operator permits it.
    pub(crate) is_exception: bool,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// An open connection to a receiver.
pub(crate) struct Receiver {
    stream: TokioIo<Box<dyn Stream>>,
    peer: Peer,
    /// Whether it may serve further webhooks.
    is_kept: bool,
    _open: Arc<()>,
}

impl Connection for Receiver {
    fn connected(&self) -> Connected {
        let connected = Connected::new().extra(self.peer);
        if !self.is_kept {
            connected.poison();
        }
        connected
    }
}

impl Read for Receiver {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl Write for Receiver {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }
}
