//! What changes show of an account. It has no path of its own.

use crate::value::Shown;
use chatgrow_domain as domain;
use serde::Serialize;

/// A business.
#[derive(Serialize)]
pub(crate) struct Account<'a> {
    id: String,
    slug: &'a str,
    name: &'a str,
    #[serde(rename = "createdAt")]
    created_at: Shown<domain::Timestamp>,
}

impl<'a> From<&'a domain::Account> for Account<'a> {
    fn from(account: &'a domain::Account) -> Self {
        Self {
            id: account.id.to_string(),
            slug: account.slug.as_str(),
            name: account.name.as_str(),
            created_at: Shown(account.created_at),
        }
    }
}
