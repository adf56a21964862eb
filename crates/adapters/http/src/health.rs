//! Whether the process lives and whether it can serve. Without a key, outside the API's paths.

use actix_web::{
    HttpResponse,
    web::{self, Data, ServiceConfig},
};
use chatgrow_application::Application;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// For how long what the store said holds, so that nobody keeps it busy by asking.
const FRESH: Duration = Duration::from_secs(1);

/// Whether the store was ready when it was last asked, and when that was.
#[derive(Default)]
pub(crate) struct Readiness(Mutex<Option<(Instant, bool)>>);

impl Readiness {
    /// Asks the store, if nobody has a moment ago. Those who ask meanwhile wait for the same answer.
    async fn ask(&self, application: &Application) -> bool {
        let mut last = self.0.lock().await;
        if let Some((asked, ready)) = *last
            && asked.elapsed() < FRESH
        {
            return ready;
        }
        let checked = application.check().await;
        if let Err(error) = &checked {
            tracing::warn!(%error, "not ready");
        }
        *last = Some((Instant::now(), checked.is_ok()));
        checked.is_ok()
    }
}

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource("/health/live").route(web::get().to(live)))
        .service(web::resource("/health/ready").route(web::get().to(ready)));
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

async fn ready(application: Data<Application>, readiness: Data<Readiness>) -> HttpResponse {
    if readiness.ask(&application).await {
        HttpResponse::Ok().json(json!({ "status": "ok" }))
    } else {
        HttpResponse::ServiceUnavailable().json(json!({ "status": "unavailable" }))
    }
}
