//! The requests for API keys.

use crate::{
    error::ApiError,
    fields::{Changeable, ChangeableList, Element, Field, Fields, List, Required},
    query::Parameter,
    value::Cursor,
};
use chatgrow_domain as domain;
use chatgrow_domain::{
    AllowedAddresses, ApiKeyId, ApiKeyName, ApiKeyTerms, Invalid, KeyRateLimit, Network, Overlap, PageLimit,
    Scope, Scopes, Timestamp,
};
use chatgrow_ports::PageRequest;
use paperclip::actix::Apiv2Schema;
use serde::Deserialize;

impl Element for Required<Scope> {
    const MOST: usize = Scope::ALL.len();
    const LEAST: usize = 1;
}

impl Element for Required<Network> {
    const MOST: usize = AllowedAddresses::MAX;
    const LEAST: usize = 1;
}

/// A new API key. It can't do more than the one that the request comes with.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CreateApiKey {
    /// What the key is for.
    name: Required<ApiKeyName>,
    /// What it may do; `full` if it is omitted.
    scopes: ChangeableList<Required<Scope>>,
    /// The instant from which it is no longer accepted; never, if it is omitted.
    expires_at: Field<Timestamp>,
    /// The addresses and networks (in CIDR notation) that it may be used from; everywhere, if it is omitted.
    allowed_addresses: List<Required<Network>>,
    /// How many requests it may make in the server's window, if that is fewer than the server says.
    rate_limit: Field<KeyRateLimit>,
}

impl CreateApiKey {
    pub(super) fn into_domain(self) -> Result<ApiKeyTerms, ApiError> {
        let mut fields = Fields::default();
        let name = fields.required("name", self.name);
        let scopes = fields.changeable_list("scopes", self.scopes, Fields::element);
        let scopes = scopes.and_then(|given| self::scopes(&mut fields, given));
        let expires_at = fields.optional("expiresAt", not_blank(self.expires_at));
        let allowed = fields.list("allowedAddresses", self.allowed_addresses, Fields::element);
        let allowed = allowed.and_then(|given| addresses(&mut fields, given));
        let rate_limit = fields.optional("rateLimit", self.rate_limit);
        let (Some(name), Some(scopes), Some(expires_at), Some(allowed_addresses), Some(rate_limit)) =
            (name, scopes, expires_at, allowed, rate_limit)
        else {
            return Err(fields.into_error_requiring("Name is required"));
        };
        Ok(ApiKeyTerms {
            name,
            scopes: scopes.unwrap_or(Scopes::FULL),
            expires_at,
            allowed_addresses,
            rate_limit,
        })
    }
}

/// An expiry that is blank is no expiry that is left out: the key would never expire.
fn not_blank(expiry: Field<Timestamp>) -> Field<Timestamp> {
    match expiry {
        Field::Invalid(Invalid::Missing) => Field::Invalid(Invalid::Instant),
        expiry => expiry,
    }
}

/// The scopes that are given, if any are.
fn scopes(fields: &mut Fields, given: Option<Vec<Scope>>) -> Option<Option<Scopes>> {
    match given.map(Scopes::new).transpose() {
        Ok(scopes) => Some(scopes),
        Err(_) => fields.refuse("scopes", "must have an item"),
    }
}

/// The networks that are given, if any are.
fn addresses(fields: &mut Fields, given: Option<Vec<Network>>) -> Option<Option<AllowedAddresses>> {
    match given.map(AllowedAddresses::new).transpose() {
        Ok(allowed) => Some(allowed),
        Err(Invalid::Missing) => fields.refuse("allowedAddresses", "must have an item, or be null"),
        Err(why) => fields.refuse("allowedAddresses", why),
    }
}

/// A change of some of an API key's fields.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct EditApiKey {
    /// Another name.
    name: Changeable<ApiKeyName>,
    /// What it may do from now on.
    scopes: ChangeableList<Required<Scope>>,
    /// Another expiry; `null` is never.
    expires_at: Field<Timestamp>,
    /// Other addresses and networks that it may be used from; `null` is everywhere.
    allowed_addresses: List<Required<Network>>,
    /// Another rate limit; `null` is that of the server.
    rate_limit: Field<KeyRateLimit>,
}

impl EditApiKey {
    pub(super) fn into_domain(self) -> Result<domain::ApiKeyEdit, ApiError> {
        let mut fields = Fields::default();
        let name = fields.changeable("name", self.name);
        let scopes = fields.changeable_list("scopes", self.scopes, Fields::element);
        let scopes = scopes.and_then(|given| self::scopes(&mut fields, given));
        let expires_at = fields.clearable("expiresAt", not_blank(self.expires_at));
        let allowed = fields.clearable_list("allowedAddresses", self.allowed_addresses, Fields::element);
        let allowed = allowed.and_then(|change| match change {
            None => Some(None),
            Some(given) => addresses(&mut fields, given).map(Some),
        });
        let rate_limit = fields.clearable("rateLimit", self.rate_limit);
        let (Some(name), Some(scopes), Some(expires_at), Some(allowed_addresses), Some(rate_limit)) =
            (name, scopes, expires_at, allowed, rate_limit)
        else {
            return Err(fields.into_error());
        };
        Ok(domain::ApiKeyEdit {
            name,
            scopes,
            expires_at,
            allowed_addresses,
            rate_limit,
        })
    }
}

/// How to rotate an API key.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RotateApiKey {
    /// For how many hours the key works beside its successor; 24 if it is omitted.
    overlap_hours: Field<Overlap>,
}

impl RotateApiKey {
    pub(super) fn into_domain(self) -> Result<Overlap, ApiError> {
        let mut fields = Fields::default();
        let overlap = fields.optional("overlapHours", self.overlap_hours);
        let overlap = overlap.ok_or_else(|| fields.into_error())?;
        Ok(overlap.unwrap_or(Overlap::DEFAULT))
    }
}

/// Which API keys are wanted.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct ListApiKeys {
    /// The most keys in this answer.
    limit: Parameter<PageLimit>,
    /// The `nextCursor` of the answer before.
    cursor: Parameter<Cursor>,
}

impl ListApiKeys {
    pub(super) fn into_domain(self) -> Result<PageRequest<ApiKeyId>, ApiError> {
        let mut fields = Fields::default();
        let page = fields.page(self.limit, self.cursor);
        page.ok_or_else(|| fields.into_error())
    }
}
