//! A cache of lists that are requested again while nothing was written.
//!
//! A web site requests the same events for every page that it shows. Each worker keeps its answers for as long as the
//! store's mark stays the same, that is until the next write by anybody. An answer is never older than the last
//! acknowledged write. (ADR 0011 has the measured gain.)

use crate::access::authentication::Authenticated;
use actix_web::{
    Error, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, StatusCode},
    middleware::Next,
    web::{Bytes, Data, ReqData},
};
use chatgrow_application::Application;
use chatgrow_domain::{AccountId, Scope};
use chatgrow_ports::Mark;
use std::{cell::RefCell, collections::HashMap};

/// The most that a worker keeps, in bytes of bodies and of their request targets.
const MOST: usize = 4 << 20;

/// The size of the largest entry that is kept, in bytes.
const LARGEST: usize = MOST / 16;

/// The scope that a caller needs to be answered from the cache.
#[derive(Clone, Copy)]
pub(crate) struct ReadScope(pub(crate) Scope);

/// The cache of one worker.
#[derive(Default)]
pub(crate) struct Kept {
    /// The store's mark when the cache was last cleared.
    mark: Option<Mark>,
    bodies: HashMap<(AccountId, String), Bytes>,
    bytes: usize,
}

impl Kept {
    /// Clears the cache if the mark has changed.
    fn since(&mut self, mark: Mark) -> &mut Self {
        if self.mark != Some(mark) {
            *self = Self {
                mark: Some(mark),
                ..Self::default()
            };
        }
        self
    }

    fn keep(&mut self, key: (AccountId, String), body: Bytes) {
        let bytes = key.1.len() + body.len() + size_of::<((AccountId, String), Bytes)>();
        if bytes > LARGEST {
            return;
        }
        if self.bytes + bytes > MOST {
            // This frees the capacity as well, which the removed entries had needed.
            self.bodies = HashMap::new();
            self.bytes = 0;
        }
        self.bytes += bytes;
        self.bodies.insert(key, body);
    }
}

/// The middleware. It is for resources whose GET answers only a body that depends on nothing but the account, the
/// target and the stored data.
pub(crate) async fn keep(
    caller: ReqData<Authenticated>,
    application: Data<Application>,
    kept: Data<RefCell<Kept>>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let scope = request.app_data::<ReadScope>();
    let read = request.method() == Method::GET && scope.is_some_and(|scope| caller.0.scopes.permit(scope.0));
    let Some(mark) = read.then(|| application.mark()).flatten() else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let key = (caller.account(), request.uri().to_string());
    let found = kept.borrow_mut().since(mark).bodies.get(&key).cloned();
    if let Some(body) = found {
        return Ok(request.into_response(json(body)));
    }
    let (request, response) = next.call(request).await?.into_parts();
    if response.status() != StatusCode::OK {
        return Ok(ServiceResponse::new(request, response.map_into_boxed_body()));
    }
    let (head, body) = response.into_parts();
    let response = match body.try_into_bytes() {
        Ok(body) => {
            // The data was read after the mark, so it is at least as new.
            kept.borrow_mut().since(mark).keep(key, body.clone());
            json(body)
        }
        Err(body) => head.set_body(BoxBody::new(body)),
    };
    Ok(ServiceResponse::new(request, response))
}

fn json(body: Bytes) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatgrow_domain::ObjectId;

    #[test]
    fn long_targets_count_as_well_as_bodies() {
        let account = AccountId::new(ObjectId::from_bytes([1; 12]));
        let (mut kept, body) = (Kept::default(), Bytes::from_static(b"{}"));
        let mut most = 0;
        for number in 0..4 * MOST / 8000 {
            kept.keep((account, format!("{number:08000}")), body.clone());
            let held: usize = kept
                .bodies
                .iter()
                .map(|(key, body)| key.1.len() + body.len())
                .sum();
            assert!(held <= MOST && held <= kept.bytes, "{held}");
            most = most.max(held);
        }
        assert!(most > MOST / 2, "it keeps nothing");
        kept.keep((account, "x".repeat(LARGEST)), body);
        assert!(!kept.bodies.keys().any(|key| key.1.len() == LARGEST));
    }
}
