//! Swagger UI and the OpenAPI document, from the binary: no key, no network. Every answer shares the same bytes.

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

/// Where the pages begin.
pub(crate) const PATH: &str = "/api-docs";
const DOCUMENT: &str = "/api-docs/openapi.json";

/// The page: what Swagger UI brings along has neither this API's name nor a size that suits a phone.
const INDEX: &str = include_str!("swagger/index.html");
const ICON: &str = include_str!("swagger/icon.svg");

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(web::resource(DOCUMENT).route(web::get().to(document)))
        // The pages' links are relative to a folder.
        .service(web::redirect(PATH, "/api-docs/").permanent())
        .service(web::resource("/api-docs/{file:.*}").route(web::get().to(file)));
}

async fn document() -> HttpResponse {
    static JSON: LazyLock<Bytes> = LazyLock::new(|| openapi::document().to_string().into());
    HttpResponse::Ok()
        .content_type("application/json")
        .body(JSON.clone())
}

/// A file, and its type.
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

/// A file of Swagger UI. It is taken out of the binary once: the library makes a copy each time.
fn embedded(name: &str) -> Result<File, ApiError> {
    static FILES: LazyLock<Mutex<HashMap<String, File>>> = LazyLock::new(Mutex::default);
    static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
        let config = Config::new([DOCUMENT])
            .use_base_layout()
            .try_it_out_enabled(true)
            // A key stays in the page, and goes with it: whoever uses the browser next doesn't find it.
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
