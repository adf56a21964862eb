use super::*;
use actix_web::{
    HttpMessage,
    http::StatusCode,
    test::{TestRequest, call_service, init_service},
};
use chatgrow_application::RequestId;

#[actix_web::test]
async fn a_handler_that_panics_costs_its_own_request_only() {
    async fn handler(path: actix_web::web::Path<String>) -> HttpResponse {
        assert_ne!(path.as_str(), "panic", "a defect in a handler");
        HttpResponse::Ok().finish()
    }
    let resource = actix_web::web::resource("/{what}").route(actix_web::web::get().to(handler));
    let app = init_service(App::new().service(resource.wrap(from_fn(handle)))).await;
    for (path, status) in [
        ("/panic", StatusCode::INTERNAL_SERVER_ERROR),
        ("/other", StatusCode::OK),
    ] {
        let request = TestRequest::with_uri(path).to_request();
        request.extensions_mut().insert(Begun {
            id: RequestId::new("request"),
            deadline: Deadline::after(std::time::Instant::now(), Duration::from_secs(5)),
        });
        assert_eq!(call_service(&app, request).await.status(), status, "{path}");
    }
}
