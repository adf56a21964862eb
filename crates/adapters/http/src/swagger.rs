//! Swagger UI and the OpenAPI document, from the binary: no key, no network.

use crate::{
    error::{ApiError, Problem},
    openapi,
};
use actix_web::{
    HttpResponse,
    http::header,
    web::{self, Bytes, Path, ServiceConfig},
};
use std::sync::{Arc, LazyLock};
use utoipa_swagger_ui::Config;

/// Where the pages begin.
pub(crate) const PATH: &str = "/api-docs";
const DOCUMENT: &str = "/api-docs/openapi.json";

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

async fn file(path: Path<String>) -> Result<HttpResponse, ApiError> {
    static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
        let config = Config::new([DOCUMENT])
            .use_base_layout()
            .try_it_out_enabled(true)
            .persist_authorization(true)
            .display_request_duration(true)
            .validator_url("none");
        Arc::new(config)
    });
    let file = if path.is_empty() {
        "index.html"
    } else {
        path.as_str()
    };
    match utoipa_swagger_ui::serve(file, CONFIG.clone()) {
        Ok(Some(file)) => {
            let response = HttpResponse::Ok()
                .insert_header((header::CONTENT_TYPE, file.content_type))
                .body(file.bytes.into_owned());
            Ok(response)
        }
        Ok(None) => Err(Problem::PathNotFound.into()),
        Err(error) => Err(ApiError::from(Problem::Internal).because(error)),
    }
}
