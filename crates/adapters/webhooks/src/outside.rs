//! What is outside: the addresses of names, and connections to addresses.

use async_trait::async_trait;
use std::{
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    sync::Arc,
    thread,
};
use tokio::{
    net::TcpStream,
    sync::{Semaphore, oneshot},
};

/// How many names are resolved at once. Further ones wait.
const AT_ONCE: usize = 32;

/// The network, as the connector needs it. It decides nothing: what may be connected to is for the connector.
#[async_trait]
pub(crate) trait Outside: Send + Sync {
    /// The addresses of a name, in the order in which they should be tried.
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>>;

    /// Connects to exactly that address.
    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream>;
}

/// The system's network. Names are resolved as for every other program: with the hosts file and the name service of the
/// operator.
///
/// The system's resolver blocks its thread, for many seconds if the name service doesn't answer, and can't be stopped.
/// So it has threads of its own: the runtime's threads for blocking work stay free for others, and the runtime can end
/// without waiting for a name.
pub(crate) struct System {
    turns: Arc<Semaphore>,
}

impl System {
    pub(crate) fn new() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

#[async_trait]
impl Outside for System {
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let turn = self.turns.clone().acquire_owned().await;
        let turn = turn.map_err(io::Error::other)?;
        let (tell, told) = oneshot::channel();
        let name = name.to_owned();
        // The thread keeps the turn until it has ended, even if nobody waits for it any more.
        thread::Builder::new().name("resolve".to_owned()).spawn(move || {
            let found = (name.as_str(), 0).to_socket_addrs();
            drop(turn);
            // If nobody waits any more, the answer is of no use.
            let _ = tell.send(found.map(|found| found.map(|address| address.ip()).collect()));
        })?;
        told.await.map_err(io::Error::other)?
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::connect(address).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_system_knows_localhost() {
        let system = System::new();
        let addresses = system.addresses("localhost").await.unwrap();
        assert!(!addresses.is_empty() && addresses.iter().all(IpAddr::is_loopback));
        assert!(system.addresses("a.invalid").await.is_err());
        assert_eq!(system.turns.available_permits(), AT_ONCE);
    }
}
