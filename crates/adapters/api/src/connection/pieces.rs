//! Bodies of answers. They are sent in pieces, so that an answer that nobody reads takes little memory. They also hold
//! a value until they are sent.

use actix_web::{
    body::{BodySize, BoxBody, MessageBody},
    dev::ServiceResponse,
    web::Bytes,
};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

/// The most bytes that are passed on at once. actix copies a piece into the connection's buffer, which takes at most as
/// much again.
pub(crate) const PIECE: usize = 16 * 1024;

/// Splits the body of an answer into pieces. `held` is dropped when the last piece has been passed on, or the
/// connection has ended.
pub(crate) fn until_sent<H>(response: ServiceResponse, held: H) -> ServiceResponse<Pieces<H>> {
    response.map_body(|_, body| Pieces {
        body,
        rest: Bytes::new(),
        _held: held,
    })
}

/// A body in pieces, with a value that lives as long as the body.
pub(crate) struct Pieces<H> {
    body: BoxBody,
    /// The rest of the chunk that the body returned last.
    rest: Bytes,
    _held: H,
}

impl<H: Unpin> MessageBody for Pieces<H> {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        while self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_next(context)) {
                Some(Ok(bytes)) => self.rest = bytes,
                end => return Poll::Ready(end),
            }
        }
        let piece = PIECE.min(self.rest.len());
        Poll::Ready(Some(Ok(self.rest.split_to(piece))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::{HttpResponse, test::TestRequest};
    use std::{future::poll_fn, rc::Rc};

    #[actix_web::test]
    async fn a_body_goes_in_pieces_and_holds_something_until_the_last() {
        let whole: Vec<u8> = (0..u8::MAX).cycle().take(PIECE * 2 + 1).collect();
        let response = HttpResponse::Ok().body(whole.clone());
        let response = ServiceResponse::new(TestRequest::default().to_http_request(), response);
        let held = Rc::new(());
        let mut body = until_sent(response, held.clone()).into_body();
        assert_eq!(body.size(), BodySize::Sized(whole.len() as u64));
        let mut sent = Vec::new();
        while let Some(piece) = poll_fn(|context| Pin::new(&mut body).poll_next(context)).await {
            let piece = piece.unwrap();
            assert!(piece.len() <= PIECE);
            sent.extend_from_slice(&piece);
            assert_eq!(Rc::strong_count(&held), 2);
        }
        assert_eq!(sent, whole);
        drop(body);
        assert_eq!(Rc::strong_count(&held), 1);
    }
}
