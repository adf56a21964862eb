//! The requests for blocks.

use crate::{
    error::ApiError,
    fields::{Field, Fields, Required},
    query::{Parameter, days},
    value::Cursor,
};
use chatgrow_domain as domain;
use chatgrow_domain::{BlockId, LocalMinute, Notes, PageLimit, ResourceId};
use chatgrow_ports::{BlockFilter, PageRequest, StartPosition};
use paperclip::actix::Apiv2Schema;
use serde::Deserialize;
use time::Date;

/// Time off.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CreateBlock {
    /// The resource that is off; the account's own schedule if it is omitted.
    resource_id: Field<ResourceId>,
    /// When it begins, in civil time. A date alone is its midnight.
    from: Required<LocalMinute>,
    /// When it ends, in civil time. A date alone is its midnight.
    until: Required<LocalMinute>,
    /// Why.
    reason: Field<Notes>,
}

impl CreateBlock {
    pub(super) fn into_domain(self) -> Result<domain::BlockTerms, ApiError> {
        let mut fields = Fields::default();
        self.terms(&mut fields)
            .ok_or_else(|| fields.into_error_requiring("from and until are required"))
    }

    fn terms(self, fields: &mut Fields) -> Option<domain::BlockTerms> {
        let resource = fields.optional("resourceId", self.resource_id);
        let from = fields.required("from", self.from);
        let until = fields.required("until", self.until);
        let reason = fields.optional("reason", self.reason);
        let terms = domain::BlockTerms {
            resource: resource?,
            from: from?,
            until: until?,
            reason: reason?,
        };
        match terms.checked() {
            Ok(terms) => Some(terms),
            Err(why) => fields.refuse("until", why),
        }
    }
}

/// Which blocks are wanted.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ListBlocks {
    /// Those that begin on this civil date or later.
    from: Parameter<Date>,
    /// Those that begin on this civil date or earlier.
    to: Parameter<Date>,
    /// Those of this resource.
    resource_id: Parameter<ResourceId>,
    /// The most blocks in this answer.
    limit: Parameter<PageLimit>,
    /// The `nextCursor` of the answer before.
    cursor: Parameter<Cursor>,
}

impl ListBlocks {
    pub(super) fn into_domain(self) -> Result<(BlockFilter, PageRequest<StartPosition<BlockId>>), ApiError> {
        let mut fields = Fields::default();
        let from = fields.parameter("from", self.from);
        let to = fields.parameter("to", self.to);
        let resource = fields.parameter("resourceId", self.resource_id);
        let page = fields.page(self.limit, self.cursor);
        let (Some(from), Some(to), Some(resource), Some(page)) = (from, to, resource, page) else {
            return Err(fields.into_error());
        };
        let (from, before) = days(from, to);
        Ok((
            BlockFilter {
                from,
                before,
                resource,
            },
            page,
        ))
    }
}
