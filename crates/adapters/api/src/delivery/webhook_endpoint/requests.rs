//! The requests for webhook endpoints.

use crate::{
    delivery::webhook_values::{Pattern, UrlText},
    error::ApiError,
    fields::{Changeable, ChangeableList, Element, Field, Fields, List, Required},
};
use chatgrow_application::{NewWebhookEndpoint, WebhookEndpointEdit};
use chatgrow_domain::{Timestamp, TypePatterns, WebhookDescription, WebhookEdit};
use paperclip::actix::Apiv2Schema;
use serde::Deserialize;

impl Element for Required<Pattern> {
    const MOST: usize = TypePatterns::MAX;
    const LEAST: usize = 1;
}

/// The patterns that are given, if any are.
fn patterns(fields: &mut Fields, given: Option<Vec<Pattern>>) -> Option<Option<TypePatterns>> {
    let texts = given.map(|given| given.into_iter().map(|pattern| pattern.0).collect());
    match texts.map(TypePatterns::new).transpose() {
        Ok(patterns) => Some(patterns),
        Err(why) => fields.refuse("types", why),
    }
}

/// A new webhook endpoint.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct CreateWebhookEndpoint {
    /// Where webhooks go: an absolute URL with https, without a user name.
    url: Required<UrlText>,
    /// Of which changes it is told: names of types, or patterns such as `appointment.*`; all, if it is omitted.
    types: List<Required<Pattern>>,
    /// What it is for.
    description: Field<WebhookDescription>,
    /// Whether webhooks are sent; they are, if it is omitted.
    active: Field<bool>,
    /// Whether a change waits until the one before it has arrived; it doesn't, if it is omitted.
    ordered: Field<bool>,
}

impl CreateWebhookEndpoint {
    pub(super) fn into_domain(self) -> Result<NewWebhookEndpoint, ApiError> {
        let mut fields = Fields::default();
        let url = fields.required("url", self.url);
        let types = fields.list("types", self.types, Fields::element);
        let types = types.and_then(|given| patterns(&mut fields, given));
        let description = fields.optional("description", self.description);
        let active = fields.optional("active", self.active);
        let ordered = fields.optional("ordered", self.ordered);
        let everything = || TypePatterns::new(vec!["*".to_owned()]).ok();
        let (Some(url), Some(types), Some(description), Some(active), Some(ordered)) = (
            url,
            types.and_then(|types| types.or_else(everything)),
            description,
            active,
            ordered,
        ) else {
            return Err(fields.into_error_requiring("Url is required"));
        };
        Ok(NewWebhookEndpoint {
            url: url.0,
            types,
            description,
            active: active.unwrap_or(true),
            ordered: ordered.unwrap_or(false),
        })
    }
}

/// A change of some of a webhook endpoint's fields.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct EditWebhookEndpoint {
    /// Another URL.
    url: Changeable<UrlText>,
    /// Of which changes it is told from now on.
    types: ChangeableList<Required<Pattern>>,
    /// What it is for.
    description: Field<WebhookDescription>,
    /// Whether webhooks are sent.
    active: Changeable<bool>,
    /// Whether a change waits until the one before it has arrived.
    ordered: Changeable<bool>,
}

impl EditWebhookEndpoint {
    pub(super) fn into_domain(self) -> Result<WebhookEndpointEdit, ApiError> {
        let mut fields = Fields::default();
        let url = fields.changeable("url", self.url);
        let types = fields.changeable_list("types", self.types, Fields::element);
        let types = types.and_then(|given| patterns(&mut fields, given));
        let description = fields.clearable("description", self.description);
        let active = fields.changeable("active", self.active);
        let ordered = fields.changeable("ordered", self.ordered);
        let (Some(url), Some(types), Some(description), Some(active), Some(ordered)) =
            (url, types, description, active, ordered)
        else {
            return Err(fields.into_error());
        };
        Ok(WebhookEndpointEdit {
            url: url.map(|url| url.0),
            terms: WebhookEdit {
                url: None,
                types,
                description,
                active,
                ordered,
            },
        })
    }
}

/// Which changes to send again.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct ReplayWebhooks {
    /// The instant since which they were made.
    since: Required<Timestamp>,
}

impl ReplayWebhooks {
    pub(super) fn into_domain(self) -> Result<Timestamp, ApiError> {
        let mut fields = Fields::default();
        let since = fields.required("since", self.since);
        since.ok_or_else(|| fields.into_error_requiring("Since is required"))
    }
}
