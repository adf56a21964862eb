//! Swagger UI and the OpenAPI document, served from the binary. They need neither a key nor a network. All answers
//! share the same bytes.

use crate::{
    error::{ApiError, Problem},
    openapi,
};
use actix_web::{
    HttpResponse,
    http::header,
    web::{self, Bytes, Path, ServiceConfig},
};
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};
use utoipa_swagger_ui::Config;

/// The prefix of the pages.
pub(crate) const PATH: &str = "/api-docs";
const DOCUMENT: &str = "/api-docs/openapi.json";

/// The page. Swagger UI's own page has neither this API's name nor a viewport that suits a phone.
const INDEX: &str = include_str!("swagger/index.html");
const ICON: &str = include_str!("swagger/icon.svg");

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource(DOCUMENT).route(web::get().to(document)))
        // The links in the pages are relative to a folder.
        .service(web::redirect(PATH, "/api-docs/").permanent())
        .service(web::resource("/api-docs/{file:.*}").route(web::get().to(file)));
}

async fn document() -> HttpResponse {
    static JSON: LazyLock<Bytes> = LazyLock::new(|| openapi::document().to_string().into());
    HttpResponse::Ok()
        .content_type("application/json")
        .body(JSON.clone())
}

/// The content of a file, and its media type.
type File = (Bytes, String);

async fn file(path: Path<String>) -> Result<HttpResponse, ApiError> {
    let (bytes, content_type) = match path.as_str() {
        "" | "index.html" => (
            Bytes::from_static(INDEX.as_bytes()),
            "text/html; charset=utf-8".to_owned(),
        ),
        "icon.svg" => (Bytes::from_static(ICON.as_bytes()), "image/svg+xml".to_owned()),
        name => embedded(name)?,
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, content_type))
        .body(bytes))
}

/// A file of Swagger UI. It is extracted from the binary only once, because the library copies it each time.
fn embedded(name: &str) -> Result<File, ApiError> {
    static FILES: LazyLock<Mutex<HashMap<String, File>>> = LazyLock::new(Mutex::default);
    static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
        let config = Config::new([DOCUMENT])
            .use_base_layout()
            .try_it_out_enabled(true)
            // A key that was entered is lost when the page is closed, so that the next user of the browser doesn't find
            // it.
            .persist_authorization(false)
            .display_request_duration(true)
            .validator_url("none");
        Arc::new(config)
    });
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(file) = files.get(name) {
        return Ok(file.clone());
    }
    match utoipa_swagger_ui::serve(name, CONFIG.clone()) {
        Ok(Some(found)) => {
            let file = (Bytes::from(found.bytes.into_owned()), found.content_type);
            files.insert(name.to_owned(), file.clone());
            Ok(file)
        }
        Ok(None) => Err(Problem::PathNotFound.into()),
        Err(error) => Err(ApiError::from(Problem::Internal).because(error)),
    }
}
