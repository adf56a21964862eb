//! Whether the process lives and whether it can serve. Without a key, outside the API's paths.

use actix_web::{
    HttpResponse,
    web::{self, Data, ServiceConfig},
};
use chatgrow_application::Application;
use serde_json::json;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/health/live").route(web::get().to(live)))
        .service(web::resource("/health/ready").route(web::get().to(ready)));
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

async fn ready(application: Data<Application>) -> HttpResponse {
    match application.check().await {
        Ok(()) => HttpResponse::Ok().json(json!({ "status": "ok" })),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            HttpResponse::ServiceUnavailable().json(json!({ "status": "unavailable" }))
        }
    }
}
