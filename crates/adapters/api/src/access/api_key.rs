//! API keys over HTTP.

mod requests;

use crate::{
    access::authentication::Authenticated,
    body::Body,
    commit::{Reply, Write},
    error::{ApiError, Problem},
    pages::{Items, Pages, ShownPage},
    query::Query,
    responses::{Confirmation, Created, Done, Located},
    value::{Count, Cursor, Resource, Several, Shown, Success},
};
use actix_web::web::{Data, Path};
use chatgrow_application::{Application, Effect, Issued};
use chatgrow_domain as domain;
use chatgrow_domain::{
    ApiKeyId, ApiKeyName, ApiKeyRefusal, KeyRateLimit, Network, PlainApiKey, Scope, Timestamp,
};
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use requests::{CreateApiKey, EditApiKey, ListApiKeys, RotateApiKey};
use serde::Serialize;

/// An API key.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiKey {
    /// The key's id, which is not secret.
    id: Shown<ApiKeyId>,
    /// What the key is for.
    name: Shown<ApiKeyName>,
    /// What it may do.
    scopes: Vec<Shown<Scope>>,
    /// The instant from which it is no longer accepted; `null` is never.
    expires_at: Shown<Option<Timestamp>>,
    /// The networks that it may be used from; `null` is everywhere.
    allowed_addresses: Several<Shown<Network>>,
    /// How many requests it may make in the server's window; `null` is what the server says.
    rate_limit: Shown<Option<KeyRateLimit>>,
    /// When it was created.
    created_at: Shown<Timestamp>,
    /// When it was last changed, rotated or revoked.
    updated_at: Shown<Timestamp>,
    /// When it was last accepted, within some seconds.
    last_used_at: Shown<Option<Timestamp>>,
    /// When it was revoked.
    revoked_at: Shown<Option<Timestamp>>,
    /// The key that takes its place, if it was rotated.
    successor_id: Shown<Option<ApiKeyId>>,
    /// The key itself. It is shown only once, when it is made; otherwise `null`.
    key: Shown<Option<PlainApiKey>>,
}

impl From<domain::ApiKey> for ApiKey {
    fn from(key: domain::ApiKey) -> Self {
        let terms = key.terms;
        let networks = terms.allowed_addresses;
        let networks = networks.map(|allowed| allowed.networks().iter().copied().map(Shown).collect());
        Self {
            id: Shown(key.id),
            name: Shown(terms.name),
            scopes: terms.scopes.iter().map(Shown).collect(),
            expires_at: Shown(terms.expires_at),
            allowed_addresses: Several(networks),
            rate_limit: Shown(terms.rate_limit),
            created_at: Shown(key.created_at),
            updated_at: Shown(key.updated_at),
            last_used_at: Shown(key.last_used_at),
            revoked_at: Shown(key.revoked_at),
            successor_id: Shown(key.successor),
            key: Shown(None),
        }
    }
}

/// One API key.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiKeyResponse {
    /// Always `true`.
    success: Success,
    /// The key.
    api_key: Resource<ApiKey>,
}

impl From<domain::ApiKey> for ApiKeyResponse {
    fn from(key: domain::ApiKey) -> Self {
        Self {
            success: Success,
            api_key: Resource(key.into()),
        }
    }
}

/// A page of API keys, oldest first.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiKeyList {
    /// Always `true`.
    success: Success,
    /// How many keys this answer holds.
    count: Shown<Count>,
    /// The keys.
    api_keys: Items<ApiKey>,
    /// Where the next page begins: send it back as `cursor`. `null` on the last page.
    next_cursor: Shown<Option<Cursor>>,
}

impl From<ShownPage<ApiKey>> for ApiKeyList {
    fn from(shown: ShownPage<ApiKey>) -> Self {
        Self {
            success: Success,
            count: shown.count,
            api_keys: shown.items,
            next_cursor: shown.next_cursor,
        }
    }
}

/// The key that a path names. A path segment that is not an id names no key.
fn named(path: &str) -> Result<ApiKeyId, ApiError> {
    path.parse().map_err(|_| Problem::ApiKeyNotFound.into())
}

impl Located for domain::ApiKey {
    fn location(&self) -> String {
        format!("/api-keys/{}", self.id)
    }
}

impl From<&Effect<domain::ApiKey>> for Done<Confirmation> {
    fn from(_: &Effect<domain::ApiKey>) -> Self {
        Confirmation::new("API key revoked successfully")
    }
}

impl From<ApiKeyRefusal> for ApiError {
    fn from(refusal: ApiKeyRefusal) -> Self {
        match refusal {
            ApiKeyRefusal::NotFound | ApiKeyRefusal::AccountNotFound => Problem::ApiKeyNotFound.into(),
            ApiKeyRefusal::ExpiryPassed => Self::of_field("expiresAt", "must be in the future"),
            ApiKeyRefusal::Expired => Problem::ApiKeyExpired.into(),
            ApiKeyRefusal::Revoked => Problem::ApiKeyRevoked.into(),
            ApiKeyRefusal::Rotated(successor) => Self::from(Problem::ApiKeyRotated).with_message(format!(
                "The API key was rotated already; its successor is {successor}"
            )),
            ApiKeyRefusal::Exceeds => Problem::KeyExceedsCaller.into(),
            ApiKeyRefusal::VersionMismatch => Problem::VersionMismatch.into(),
        }
    }
}

/// Shows the new key in its first answer. The stored answer doesn't have it.
fn reveal(reply: Reply<Created<ApiKeyResponse>>, secret: PlainApiKey) -> Reply<Created<ApiKeyResponse>> {
    reply.once(|created| created.with(|body| body.api_key.0.key = Shown(Some(secret))))
}

/// The errors of [`create`].
pub(crate) const CREATE_ERRORS: &[Problem] = &[Problem::KeyExceedsCaller];

/// Create an API key
///
/// The answer shows the key, this once: a repetition with the same `Idempotency-Key` shows `null` in its place.
#[api_v2_operation(operation_id = "createApiKey", tags("API keys"))]
pub(crate) async fn create(
    application: Data<Application>,
    write: Write<Created<ApiKeyResponse>>,
    body: Body<CreateApiKey>,
) -> Result<Reply<Created<ApiKeyResponse>>, ApiError> {
    let terms = body.0.into_domain()?;
    let (request, replies) = write.request()?;
    let Issued { outcome, secret } = application.access.api_keys.create(&request, terms).await?;
    Ok(reveal(replies.to(outcome)?, secret))
}

/// The errors of [`list`].
pub(crate) const LIST_ERRORS: &[Problem] = &[];

/// List API keys
///
/// Oldest first, also those that are revoked or have expired.
#[api_v2_operation(operation_id = "listApiKeys", tags("API keys"))]
pub(crate) async fn list(
    caller: Authenticated,
    application: Data<Application>,
    query: Query<ListApiKeys>,
    pages: Pages,
) -> Result<Done<ApiKeyList>, ApiError> {
    let page = query.0.into_domain()?;
    let keys = &application.access.api_keys;
    let list = async |page| keys.list(&caller.0, page).await;
    Ok(Done::new(pages.page(page, list).await?.into()))
}

/// The errors of [`get`].
pub(crate) const GET_ERRORS: &[Problem] = &[Problem::ApiKeyNotFound];

/// Get an API key
///
/// One that is revoked or has expired too. The entity tag doesn't tell when it was last used.
#[api_v2_operation(operation_id = "getApiKey", tags("API keys"))]
pub(crate) async fn get(
    caller: Authenticated,
    application: Data<Application>,
    path: Path<String>,
) -> Result<Done<ApiKeyResponse>, ApiError> {
    let keys = &application.access.api_keys;
    Ok(Done::of(keys.get(&caller.0, named(&path)?).await?))
}

/// The errors of [`edit`].
pub(crate) const EDIT_ERRORS: &[Problem] = &[
    Problem::KeyExceedsCaller,
    Problem::ApiKeyNotFound,
    Problem::ApiKeyRevoked,
    Problem::VersionMismatch,
];

/// Update an API key
///
/// Changes only the fields that are sent. Every server applies them within a second.
#[api_v2_operation(operation_id = "updateApiKey", tags("API keys"))]
pub(crate) async fn edit(
    application: Data<Application>,
    path: Path<String>,
    write: Write<Done<ApiKeyResponse>>,
    body: Body<EditApiKey>,
) -> Result<Reply<Done<ApiKeyResponse>>, ApiError> {
    let (edit, id) = (body.0.into_domain()?, named(&path)?);
    let (request, replies) = write.request()?;
    replies.to(application.access.api_keys.edit(&request, id, edit).await?)
}

/// The errors of [`revoke`].
pub(crate) const REVOKE_ERRORS: &[Problem] = &[Problem::ApiKeyNotFound, Problem::VersionMismatch];

/// Revoke an API key
///
/// For good: every server refuses it within a second. It can still be read. Safe to repeat.
#[api_v2_operation(operation_id = "revokeApiKey", tags("API keys"))]
pub(crate) async fn revoke(
    application: Data<Application>,
    path: Path<String>,
    write: Write<Done<Confirmation>>,
) -> Result<Reply<Done<Confirmation>>, ApiError> {
    let id = named(&path)?;
    let (request, replies) = write.request()?;
    replies.to(application.access.api_keys.revoke(&request, id).await?)
}

/// The errors of [`rotate`].
pub(crate) const ROTATE_ERRORS: &[Problem] = &[
    Problem::KeyExceedsCaller,
    Problem::ApiKeyNotFound,
    Problem::ApiKeyRevoked,
    Problem::ApiKeyExpired,
    Problem::ApiKeyRotated,
    Problem::VersionMismatch,
];

/// Rotate an API key
///
/// Makes a successor with the same settings, and shows it as a new key is shown. The old key works until the overlap is
/// over.
#[api_v2_operation(operation_id = "rotateApiKey", tags("API keys"))]
pub(crate) async fn rotate(
    application: Data<Application>,
    path: Path<String>,
    write: Write<Created<ApiKeyResponse>>,
    body: Body<RotateApiKey>,
) -> Result<Reply<Created<ApiKeyResponse>>, ApiError> {
    let (overlap, id) = (body.0.into_domain()?, named(&path)?);
    let (request, replies) = write.request()?;
    let Issued { outcome, secret } = application.access.api_keys.rotate(&request, id, overlap).await?;
    Ok(reveal(replies.to(outcome)?, secret))
}
