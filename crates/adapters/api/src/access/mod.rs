//! Who may call the API, and how often: API keys, authentication and rate limits.

pub(crate) mod account;
pub(crate) mod api_key;
pub(crate) mod authentication;
pub(crate) mod rate_limits;
pub(crate) mod user;
mod values;

use crate::routes::{Context, endpoint};
use actix_web::http::Method;
use chatgrow_domain::{ApiKeyId, Scope};

const ID: &str = "The key's id, which is not secret.";

/// The paths of API keys.
pub(crate) fn routes() -> Context {
    let keys = endpoint!("/api-keys")
        .needs(Scope::KeysManage, Scope::KeysManage)
        .on(Method::POST, api_key::create, api_key::CREATE_ERRORS)
        .on(Method::GET, api_key::list, api_key::LIST_ERRORS);
    let key = endpoint!("/api-keys/{id}")
        .needs(Scope::KeysManage, Scope::KeysManage)
        .names::<ApiKeyId>("id", ID)
        .on(Method::GET, api_key::get, api_key::GET_ERRORS)
        .on(Method::PATCH, api_key::edit, api_key::EDIT_ERRORS)
        .on(Method::DELETE, api_key::revoke, api_key::REVOKE_ERRORS);
    let rotation = endpoint!("/api-keys/{id}/rotate")
        .needs(Scope::KeysManage, Scope::KeysManage)
        .names::<ApiKeyId>("id", ID)
        .on(Method::POST, api_key::rotate, api_key::ROTATE_ERRORS);
    Context {
        tags: vec![(
            "API keys",
            "What outside systems may do, from where, and for how long.",
        )],
        endpoints: vec![keys, key, rotation],
    }
}
