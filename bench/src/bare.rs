//! The limit that HTTP sets: actix-web, configured like the server, which answers bytes from memory.

use actix_web::{
    App, HttpResponse, HttpResponseBuilder, HttpServer,
    http::{StatusCode, header::ContentType},
    web::{self, Bytes, ServiceConfig},
};
use chatgrow_api::BASE_PATH;
use std::{error::Error, fs, path::Path};

/// The server's own answers, byte for byte.
#[derive(Clone)]
struct Answers {
    customer: Bytes,
    events: Bytes,
    new_customer: Bytes,
    booking: Bytes,
    unauthorized: Bytes,
    /// Only there while the search is measured.
    availability: Bytes,
}

impl Answers {
    fn read(folder: &Path) -> std::io::Result<Self> {
        let read = |name: &str| fs::read(folder.join(name)).map(Bytes::from);
        Ok(Self {
            customer: read("customer")?,
            events: read("events")?,
            new_customer: read("new-customer")?,
            booking: read("booking")?,
            unauthorized: read("unknown-key")?,
            availability: read("availability").unwrap_or_default(),
        })
    }

    /// The API's paths. The list of customers stands for a wrong key, because this server can't tell keys apart.
    fn routes(&self, config: &mut ServiceConfig) {
        let get = |status: StatusCode, body: &Bytes| {
            let body = body.clone();
            web::get().to(move || {
                let body = body.clone();
                async move { answer(status, body) }
            })
        };
        let post = |body: &Bytes| {
            let body = body.clone();
            web::post().to(move |_read: Bytes| {
                let body = body.clone();
                async move { answer(StatusCode::CREATED, body) }
            })
        };
        let api = web::scope(BASE_PATH)
            .route("/customers/{email}", get(StatusCode::OK, &self.customer))
            .route("/customers", get(StatusCode::UNAUTHORIZED, &self.unauthorized))
            .route("/customers", post(&self.new_customer))
            .route("/events", get(StatusCode::OK, &self.events))
            .route("/availability", get(StatusCode::OK, &self.availability))
            .route("/appointments", post(&self.booking));
        config.service(api);
    }
}

fn answer(status: StatusCode, body: Bytes) -> HttpResponse {
    HttpResponseBuilder::new(status)
        .content_type(ContentType::json())
        .body(body)
}

pub async fn serve(port: u16, folder: &Path) -> Result<(), Box<dyn Error>> {
    let answers = Answers::read(folder)?;
    HttpServer::new(move || App::new().configure(|config| answers.routes(config)))
        .bind(("127.0.0.1", port))?
        .run()
        .await?;
    Ok(())
}
