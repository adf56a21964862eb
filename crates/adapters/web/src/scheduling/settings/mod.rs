//! To come.

use actix_web::Resource;

pub(crate) fn routes() -> Vec<Resource> {
    Vec::new()
}
