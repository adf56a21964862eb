//! What changes show of a user. It has no path of its own.

use crate::value::Shown;
use chatgrow_domain as domain;
use chatgrow_domain::Timestamp;
use serde::Serialize;

/// A person who signs in to the console.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User<'a> {
    id: String,
    email: &'a str,
    role: &'static str,
    language: Option<&'static str>,
    /// Whether the user may sign in.
    active: bool,
    disabled_at: Shown<Option<Timestamp>>,
    created_at: Shown<Timestamp>,
    updated_at: Shown<Timestamp>,
}

impl<'a> From<&'a domain::User> for User<'a> {
    fn from(user: &'a domain::User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.as_str(),
            role: user.role.as_str(),
            language: user.language.map(domain::Language::as_str),
            active: user.is_active(),
            disabled_at: Shown(user.disabled_at),
            created_at: Shown(user.created_at),
            updated_at: Shown(user.updated_at),
        }
    }
}
