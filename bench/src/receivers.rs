//! Receivers of webhooks, good and bad, which tell how old the changes were that came to the good ones.

use actix_web::{
    App, HttpResponse, HttpServer,
    web::{self, Bytes, Data},
};
use chatgrow_domain::Timestamp;
use std::{
    error::Error,
    future,
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// How long a slow receiver takes.
const SLOW: Duration = Duration::from_secs(2);

/// The ages of the changes, in milliseconds.
#[derive(Default)]
struct Ages(Mutex<Vec<i64>>);

pub async fn serve(port: u16) -> Result<(), Box<dyn Error>> {
    let ages = Data::new(Ages::default());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(ages.clone())
            .route("/good/{number}", web::post().to(good))
            .route("/slow/{number}", web::post().to(slow))
            .route(
                "/fails/{number}",
                web::post().to(HttpResponse::InternalServerError),
            )
            .route("/hangs/{number}", web::post().to(future::pending::<HttpResponse>))
            .route("/ages", web::get().to(taken))
    });
    server.workers(1).bind(("127.0.0.1", port))?.run().await?;
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "this measures the real server, which has the same clock"
)]
async fn good(body: Bytes, ages: Data<Ages>) -> HttpResponse {
    let made = str::from_utf8(&body).unwrap_or_default().split_once("\"at\":\"");
    let made = made.and_then(|(_, rest)| Timestamp::parse(rest.get(..24)?).ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (Some(made), Ok(now)) = (made, i64::try_from(now.as_millis())) else {
        return HttpResponse::BadRequest().finish();
    };
    let mut ages = ages.0.lock().unwrap_or_else(PoisonError::into_inner);
    ages.push(now - made.as_millis());
    HttpResponse::NoContent().finish()
}

async fn slow() -> HttpResponse {
    actix_web::rt::time::sleep(SLOW).await;
    HttpResponse::NoContent().finish()
}

/// How many came to the good receivers since this was last asked, and their age: the median, 99 of a hundred, the most.
async fn taken(ages: Data<Ages>) -> HttpResponse {
    let mut ages = std::mem::take(&mut *ages.0.lock().unwrap_or_else(PoisonError::into_inner));
    ages.sort_unstable();
    let share = |percent: usize| {
        let place = (ages.len() * percent / 100).min(ages.len().saturating_sub(1));
        ages.get(place).copied().unwrap_or_default()
    };
    let (count, p50, p99, most) = (ages.len(), share(50), share(99), share(100));
    HttpResponse::Ok().body(format!(
        r#"{{"count": {count}, "p50": {p50}, "p99": {p99}, "most": {most}}}"#
    ))
}
