//! What surrounds every page: requests from other sites are refused, header fields protect the page, and errors become
//! pages.

use crate::{
    Shared,
    page::{PageError, error_page},
    visit::Visit,
};
use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::{Data, ReqData},
};
use chatgrow_api::Begun;
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The content security policy: nothing inline, and nothing from other hosts.
pub(crate) fn content_policy() -> (HeaderName, HeaderValue) {
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY))
}

/// Surrounds a page: refuses forms of other sites before it, and protects its answer.
pub(crate) async fn guard(
    shared: Data<Shared>,
    begun: ReqData<Begun>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let visit = Visit::of(request.request(), &shared);
    let given_up = request.request().clone();
    let (secure, language) = (
        visit.secure,
        visit.asked.map(|language| visit.language_cookie(language)),
    );
    request.extensions_mut().insert(visit);
    let mut response = if from_elsewhere(&request, &shared) {
        page_of(given_up, &PageError::CrossSite)
    } else {
        // Unwind safety: whatever state the handler leaves behind belongs to its own request.
        let answered = AssertUnwindSafe(begun.deadline.limit(next.call(request))).catch_unwind();
        match answered.await {
            Ok(Some(Ok(response))) => response.map_into_boxed_body(),
            Ok(Some(Err(error))) => page_of(given_up, error.as_error().unwrap_or(&PageError::Internal)),
            Ok(None) => page_of(given_up, &PageError::TimedOut),
            Err(_) => page_of(given_up, &PageError::Internal),
        }
    };
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        let (request, _) = response.into_parts();
        response = page_of(request, &PageError::MethodNotAllowed);
    }
    let failed = response.response().error();
    if let Some(error) = failed {
        let page = error
            .as_error::<PageError>()
            .cloned()
            .unwrap_or(PageError::Internal);
        let (request, _) = response.into_parts();
        response = page_of(request, &page);
    }
    if let Some(cookie) = language {
        // A cookie of this program's own letters is always a valid header.
        let _ = response.response_mut().add_cookie(&cookie);
    }
    protect(response.headers_mut(), secure);
    Ok(response)
}

fn page_of(request: actix_web::HttpRequest, error: &PageError) -> ServiceResponse<BoxBody> {
    let page: HttpResponse = error_page(&request, error);
    ServiceResponse::new(request, page)
}

fn protect(headers: &mut HeaderMap, secure: bool) {
    let (name, value) = content_policy();
    headers.insert(name, value);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // With `no-referrer`, browsers would send `Origin: null`.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(
        header::CROSS_ORIGIN_OPENER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    if secure {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
}

/// Whether a request that may change something was not made by a page of this console. A browser says so itself
/// (Fetch Metadata), unless the page came over plain HTTP; then the origin must be the console's.
fn from_elsewhere(request: &ServiceRequest, shared: &Shared) -> bool {
    if [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method()) {
        return false;
    }
    let text = |name: &str| {
        let value = request.headers().get(name)?;
        Some(value.to_str().unwrap_or_default())
    };
    if let Some(site) = text("sec-fetch-site") {
        return site != "same-origin";
    }
    let Some(origin) = text("origin") else { return true };
    if let Some(address) = &shared.address {
        return origin != address.to_string();
    }
    let host = text("host").unwrap_or_default();
    let origin = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    host.is_empty() || origin != Some(host)
}
