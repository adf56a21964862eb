//! What others are told: the feed of changes.

pub(crate) mod change;
mod representation;
pub(crate) mod stream;
mod values;

pub use representation::ApiRepresentation;

use crate::routes::{Context, endpoint};
use actix_web::http::Method;
use chatgrow_domain::Scope;

/// The paths of changes.
pub(crate) fn routes() -> Context {
    let changes = endpoint!("/changes")
        .needs(Scope::ChangesRead, Scope::ChangesRead)
        .on(Method::GET, change::list, change::LIST_ERRORS);
    let stream = endpoint!("/changes/stream")
        .needs(Scope::ChangesRead, Scope::ChangesRead)
        .on(Method::GET, stream::stream, stream::STREAM_ERRORS);
    Context {
        tags: vec![(
            "Changes",
            "What was done to the account's data, by whom, in an order without gaps.",
        )],
        endpoints: vec![changes, stream],
    }
}
