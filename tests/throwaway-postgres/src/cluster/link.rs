//! A way to a port that can be cut.

use std::{io::Error, net::Ipv4Addr};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// Opens a port that leads to another one. While `cut` is true, its connections stay open and carry nothing, as if no packet
/// arrived.
pub(super) async fn link(to: u16, cut: watch::Receiver<bool>) -> u16 {
    let listener = TcpListener::bind((HERE, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let mut cut = cut.clone();
            tokio::spawn(async move {
                restored(&mut cut).await;
                if let Ok(far) = TcpStream::connect((HERE, to)).await {
                    let _ = join(near, far, cut).await;
                }
            });
        }
    });
    port
}

/// Returns when the link is not cut, or is gone for good.
async fn restored(cut: &mut watch::Receiver<bool>) {
    let _ = cut.wait_for(|cut| !cut).await;
}

async fn join(near: TcpStream, far: TcpStream, cut: watch::Receiver<bool>) -> Result<(), Error> {
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
    tokio::join!(
        carry(from_near, to_far, cut.clone()),
        carry(from_far, to_near, cut)
    );
    Ok(())
}

/// Carries bytes until either side ends.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut cut: watch::Receiver<bool>) {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut bytes).await.unwrap_or(0);
        // The end is not seen either.
        restored(&mut cut).await;
        if read == 0 || to.write_all(&bytes[..read]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}
