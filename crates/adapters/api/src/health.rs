//! Liveness and readiness of the process. They need no key, and are outside of the API's paths.

use actix_web::{
    HttpResponse,
    web::{self, Data, ServiceConfig},
};
use chatgrow_application::Application;
use serde_json::json;
use std::{
    fmt::Display,
    time::{Duration, Instant},
};
use tokio::{sync::Mutex, time::timeout};

/// How long the result of a check is reused, so that frequent probes don't keep the store busy.
const FRESH: Duration = Duration::from_secs(1);

/// How long a check of the store may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether the store was ready when it was last checked, and when that was.
#[derive(Default)]
pub(crate) struct Readiness(Mutex<Option<(Instant, bool)>>);

impl Readiness {
    /// Checks the store, unless a recent result exists. Concurrent callers wait for the same result.
    async fn ask<E: Display>(&self, check: impl Future<Output = Result<(), E>>) -> bool {
        let mut last = self.0.lock().await;
        if let Some((asked, ready)) = *last
            && asked.elapsed() < FRESH
        {
            return ready;
        }
        let ready = match timeout(PATIENCE, check).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::warn!(%error, "not ready");
                false
            }
            Err(_) => {
                tracing::warn!("not ready: the store doesn't answer");
                false
            }
        };
        *last = Some((Instant::now(), ready));
        ready
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
    if readiness.ask(application.check()).await {
        HttpResponse::Ok().json(json!({ "status": "ok", "timeZones": application.time_zones() }))
    } else {
        HttpResponse::ServiceUnavailable().json(json!({ "status": "unavailable" }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[actix_web::test]
    async fn the_store_is_asked_once_for_all_that_ask_within_a_second() {
        let (readiness, asked) = (Readiness::default(), Cell::new(0));
        let ask = || {
            readiness.ask(async {
                asked.set(asked.get() + 1);
                tokio::task::yield_now().await;
                Err("away")
            })
        };
        let (one, other) = futures_util::join!(ask(), ask());
        assert!(!one && !other && !ask().await);
        assert_eq!(asked.get(), 1);
        let long_ago = Instant::now().checked_sub(FRESH).unwrap();
        *readiness.0.lock().await = Some((long_ago, true));
        assert!(!ask().await);
        assert_eq!(asked.get(), 2);
    }
}
