//! The paths of the API. Each context lists its own, with what the OpenAPI document can't know from the types of their handlers.

use crate::{Route, error::Problem, value::Described};
use actix_web::{FromRequest, Handler, Responder, http::Method};
use paperclip::{actix::web, v2::schema::Apiv2Operation};
use serde_json::Value;

macro_rules! base_path {
    () => {
        "/api/webhooks"
    };
}
pub(crate) use base_path;

/// Where the API's paths begin.
pub const BASE_PATH: &str = base_path!();

/// An endpoint at a path under [`BASE_PATH`].
macro_rules! endpoint {
    ($path:literal) => {
        $crate::routes::Endpoint::new($path, concat!($crate::routes::base_path!(), $path))
    };
}
pub(crate) use endpoint;

/// What one context adds to the API.
pub(crate) struct Context {
    /// What its operations are about: a name, as in the operations' `tags`, and a sentence.
    pub(crate) tags: Vec<(&'static str, &'static str)>,
    pub(crate) endpoints: Vec<Endpoint>,
}

/// A path, and the operations that it has.
pub(crate) struct Endpoint {
    /// The whole path, from [`BASE_PATH`] on.
    pub(crate) path: &'static str,
    /// What the path names, in braces.
    pub(crate) parameters: Vec<PathParameter>,
    /// The errors of each operation, beside those that many operations can answer.
    pub(crate) errors: Vec<(Method, &'static [Problem])>,
    /// Whether its lists are kept until the next write.
    pub(crate) kept: bool,
    pub(crate) resource: web::Resource,
}

/// Something that a path names.
pub(crate) struct PathParameter {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) schema: Value,
}

impl Endpoint {
    /// Use [`endpoint!`], which knows both paths.
    pub(crate) fn new(path: &str, whole: &'static str) -> Self {
        Self {
            path: whole,
            parameters: Vec::new(),
            errors: Vec::new(),
            kept: false,
            resource: web::resource(path).app_data(Route(whole)),
        }
    }

    /// Says what a parameter of the path is.
    pub(crate) fn names<T: Described>(mut self, name: &'static str, description: &'static str) -> Self {
        let schema = T::schema();
        self.parameters.push(PathParameter {
            name,
            description,
            schema,
        });
        self
    }

    /// Adds an operation, with the errors that stand beside its handler.
    pub(crate) fn on<F, Args>(mut self, method: Method, handler: F, errors: &'static [Problem]) -> Self
    where
        F: Handler<Args, Output: Responder, Future: Apiv2Operation>,
        Args: FromRequest + 'static,
    {
        let route = web::method(method.clone()).to(handler);
        self.resource = self.resource.route(route);
        self.errors.push((method, errors));
        self
    }

    /// Keeps what GET answers until the next write. It must answer nothing but a body that follows from the account, the target and what is
    /// stored.
    pub(crate) fn kept(self) -> Self {
        Self { kept: true, ..self }
    }
}
