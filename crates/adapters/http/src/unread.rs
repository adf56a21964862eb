//! Clients that never end their body.
//!
//! actix answers a request whose body nobody reads, and then, where the body is chunked, reads on for as long as the client
//! likes: the connection would stay open for ever. It closes one, after a moment of lingering, whose body somebody still
//! holds. So the answer to a chunked request holds what is left of its body until it is sent.

use actix_web::{
    HttpMessage,
    body::{BodySize, BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::PayloadError,
    http::header,
    web::Bytes,
};
use futures_core::Stream;
use std::{
    cell::RefCell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

/// What is left of a chunked body.
#[derive(Clone)]
pub(crate) struct Unread(Rc<RefCell<Payload>>);

impl Unread {
    /// Puts a handle of the body in its place; `None` where it is not chunked.
    pub(crate) fn of(request: &mut ServiceRequest) -> Option<Self> {
        request
            .headers()
            .contains_key(header::TRANSFER_ENCODING)
            .then(|| {
                let unread = Self(Rc::new(RefCell::new(request.take_payload())));
                request.set_payload(Payload::Stream {
                    payload: Box::pin(unread.clone()),
                });
                unread
            })
    }

    /// The answer, holding the body.
    pub(crate) fn until_sent(self, response: ServiceResponse) -> ServiceResponse {
        response.map_body(|_, body| BoxBody::new(Holding { body, _unread: self }))
    }
}

impl Stream for Unread {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(context)
    }
}

struct Holding {
    body: BoxBody,
    _unread: Unread,
}

impl MessageBody for Holding {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}
