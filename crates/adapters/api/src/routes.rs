//! The paths of the API. Each context lists its own, with what the OpenAPI document can't derive from the handlers'
//! types.

use crate::{Route, error::Problem, value::Described};
use actix_web::{FromRequest, Handler, Responder, http::Method};
use chatgrow_domain::Scope;
use paperclip::{actix::web, v2::schema::Apiv2Operation};
use serde_json::Value;

macro_rules! base_path {
    () => {
        "/api/webhooks"
    };
}
pub(crate) use base_path;

/// The prefix of the API's paths.
pub const BASE_PATH: &str = base_path!();

/// An endpoint at a path under [`BASE_PATH`].
macro_rules! endpoint {
    ($path:literal) => {
        $crate::routes::Endpoint::new($path, concat!($crate::routes::base_path!(), $path))
    };
}
pub(crate) use endpoint;

/// The part of the API that one context adds.
pub(crate) struct Context {
    /// The subjects of its operations: a name, as in the operations' `tags`, and a sentence.
    pub(crate) tags: Vec<(&'static str, &'static str)>,
    pub(crate) endpoints: Vec<Endpoint>,
}

/// A path and its operations.
pub(crate) struct Endpoint {
    /// The whole path, including [`BASE_PATH`].
    pub(crate) path: &'static str,
    /// The parameters in the path, in braces.
    pub(crate) parameters: Vec<PathParameter>,
    /// The scope of GET, and that of every other operation. The use case asks the caller for it.
    scopes: (Scope, Scope),
    /// The errors of each operation, besides those that many operations have in common.
    pub(crate) errors: Vec<(Method, &'static [Problem])>,
    /// Whether its lists are cached until the next write.
    pub(crate) kept: bool,
    pub(crate) resource: web::Resource,
}

/// A parameter of a path.
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
            scopes: (Scope::Full, Scope::Full),
            errors: Vec::new(),
            kept: false,
            resource: web::resource(path).app_data(Route(whole)),
        }
    }

    /// Describes a parameter of the path.
    pub(crate) fn names<T: Described>(mut self, name: &'static str, description: &'static str) -> Self {
        let schema = T::schema();
        self.parameters.push(PathParameter {
            name,
            description,
            schema,
        });
        self
    }

    /// Tells which scope GET needs, and which every other operation.
    pub(crate) fn needs(self, reading: Scope, writing: Scope) -> Self {
        let scopes = (reading, writing);
        Self { scopes, ..self }
    }

    /// The scope that an operation needs.
    pub(crate) fn scope(&self, method: &Method) -> Scope {
        let (reading, writing) = self.scopes;
        if *method == Method::GET { reading } else { writing }
    }

    /// Adds an operation, with the errors that are listed beside its handler.
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

    /// Caches the answers to GET until the next write. They must be only a body that depends on nothing but the
    /// account, the target and the stored data.
    pub(crate) fn kept(self) -> Self {
        Self { kept: true, ..self }
    }
}
