//! The requests for resources.

use crate::{
    error::ApiError,
    fields::{Changeable, Field, Fields, Required},
    query::Parameter,
    value::{Cursor, Flag},
};
use chatgrow_domain as domain;
use chatgrow_domain::{PageLimit, ResourceId, ResourceKind, ResourceName};
use chatgrow_ports::{PageRequest, ResourceFilter};
use paperclip::actix::Apiv2Schema;
use serde::Deserialize;

/// A new resource.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct CreateResource {
    /// The resource's name.
    name: Required<ResourceName>,
    /// What it is; `staff` if it is omitted.
    kind: Field<ResourceKind>,
    /// Whether it can be booked; `true` if it is omitted.
    active: Field<bool>,
}

impl CreateResource {
    pub(super) fn into_domain(self) -> Result<domain::NewResource, ApiError> {
        let mut fields = Fields::default();
        let name = fields.required("name", self.name);
        let kind = fields.optional("kind", self.kind);
        let active = fields.optional("active", self.active);
        let (Some(name), Some(kind), Some(active)) = (name, kind, active) else {
            return Err(fields.into_error_requiring("Name is required"));
        };
        Ok(domain::NewResource {
            name,
            kind: kind.unwrap_or(ResourceKind::Staff),
            active: active.unwrap_or(true),
        })
    }
}

/// A change of some of a resource's fields.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct EditResource {
    /// Another name.
    name: Changeable<ResourceName>,
    /// What it is now.
    kind: Changeable<ResourceKind>,
    /// Whether it can be booked from now on.
    active: Changeable<bool>,
}

impl EditResource {
    pub(super) fn into_domain(self) -> Result<domain::ResourceEdit, ApiError> {
        let mut fields = Fields::default();
        let name = fields.changeable("name", self.name);
        let kind = fields.changeable("kind", self.kind);
        let active = fields.changeable("active", self.active);
        let (Some(name), Some(kind), Some(active)) = (name, kind, active) else {
            return Err(fields.into_error());
        };
        Ok(domain::ResourceEdit {
            name,
            kind,
            active,
            hours: None,
        })
    }
}

/// How to take a resource out of use.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct HowToDeactivate {
    /// Whether to do it even if the resource is booked in the future. The bookings stay.
    force: Parameter<Flag>,
}

impl HowToDeactivate {
    pub(super) fn forced(self) -> Result<bool, ApiError> {
        let mut fields = Fields::default();
        let force = fields.flag("force", self.force);
        let force = force.ok_or_else(|| fields.into_error())?;
        Ok(force.unwrap_or(false))
    }
}

/// Which resources are wanted.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct ListResources {
    /// Those of this kind.
    kind: Parameter<ResourceKind>,
    /// Those that can be booked, or those that can't.
    active: Parameter<Flag>,
    /// The most resources in this answer.
    limit: Parameter<PageLimit>,
    /// The `nextCursor` of the answer before.
    cursor: Parameter<Cursor>,
}

impl ListResources {
    pub(super) fn into_domain(self) -> Result<(ResourceFilter, PageRequest<ResourceId>), ApiError> {
        let mut fields = Fields::default();
        let kind = fields.parameter("kind", self.kind);
        let active = fields.flag("active", self.active);
        let page = fields.page(self.limit, self.cursor);
        let (Some(kind), Some(active), Some(page)) = (kind, active, page) else {
            return Err(fields.into_error());
        };
        Ok((ResourceFilter { kind, active }, page))
    }
}
