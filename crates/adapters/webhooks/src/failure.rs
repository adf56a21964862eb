//! Tells a failure of the client in the fixed words.

use chatgrow_domain::SendFailure;
use hyper_util::client::legacy;
use std::{error::Error, io, iter};

/// Why there is no connection, as an error that passes through the client.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.as_str())]
pub(crate) struct NotConnected(pub(crate) SendFailure);

/// The word for an error of the client, or of a body.
pub(crate) fn failure(error: &(dyn Error + 'static)) -> SendFailure {
    let mut never_connected = false;
    for cause in iter::successors(Some(error), |&error| error.source()) {
        if let Some(NotConnected(why)) = cause.downcast_ref() {
            return *why;
        }
        if is_tls(cause) {
            return SendFailure::Tls;
        }
        never_connected |= cause.downcast_ref().is_some_and(legacy::Error::is_connect);
    }
    if never_connected {
        SendFailure::CannotConnect
    } else {
        SendFailure::BrokenAnswer
    }
}

/// Whether TLS failed after the connection was there: with TLS 1.3, a receiver can refuse the client that late.
fn is_tls(cause: &(dyn Error + 'static)) -> bool {
    let inner = cause.downcast_ref().and_then(io::Error::get_ref);
    inner.is_some_and(<dyn Error + Send + Sync>::is::<rustls::Error>)
}
