//! Resources over HTTP, and their opening hours.

mod requests;

use super::hours::{Hours, PutHours};
use crate::{
    access::authentication::Authenticated,
    body::Body,
    commit::{Reply, Write},
    error::{ApiError, Problem},
    pages::{Items, Pages, ShownPage},
    query::Query,
    responses::{Confirmation, Created, Done, Located},
    value::{self, Count, Cursor, Shown, Success},
};
use actix_web::web::{Data, Path};
use chatgrow_application::{Application, Effect};
use chatgrow_domain as domain;
use chatgrow_domain::{ResourceId, ResourceKind, ResourceName, ResourceRefusal, Timestamp};
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use requests::{CreateResource, EditResource, HowToDeactivate, ListResources};
use serde::Serialize;

/// Who or what a booking takes.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Resource {
    /// The resource's id.
    id: Shown<ResourceId>,
    /// The resource's name.
    name: Shown<ResourceName>,
    /// What it is.
    kind: Shown<ResourceKind>,
    /// Whether it can be booked. What is booked already stays so.
    active: Shown<bool>,
    /// When it was created.
    created_at: Shown<Timestamp>,
    /// When it, or its opening hours, last changed.
    updated_at: Shown<Timestamp>,
}

impl From<domain::Resource> for Resource {
    fn from(resource: domain::Resource) -> Self {
        Self {
            id: Shown(resource.id),
            name: Shown(resource.name),
            kind: Shown(resource.kind),
            active: Shown(resource.active),
            created_at: Shown(resource.created_at),
            updated_at: Shown(resource.updated_at),
        }
    }
}

/// One resource.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct ResourceResponse {
    /// Always `true`.
    success: Success,
    /// The resource.
    resource: value::Resource<Resource>,
}

impl From<domain::Resource> for ResourceResponse {
    fn from(resource: domain::Resource) -> Self {
        Self {
            success: Success,
            resource: value::Resource(resource.into()),
        }
    }
}

/// A page of resources, oldest first.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResourceList {
    /// Always `true`.
    success: Success,
    /// How many resources this answer holds.
    count: Shown<Count>,
    /// The resources.
    resources: Items<Resource>,
    /// Where the next page begins: send it back as `cursor`. `null` on the last page.
    next_cursor: Shown<Option<Cursor>>,
}

impl From<ShownPage<Resource>> for ResourceList {
    fn from(shown: ShownPage<Resource>) -> Self {
        Self {
            success: Success,
            count: shown.count,
            resources: shown.items,
            next_cursor: shown.next_cursor,
        }
    }
}

/// The opening hours of a resource.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct HoursResponse {
    /// Always `true`.
    success: Success,
    /// The opening hours.
    hours: value::Resource<Hours>,
}

impl From<domain::Resource> for HoursResponse {
    fn from(resource: domain::Resource) -> Self {
        Self {
            success: Success,
            hours: value::Resource(Hours::from(&resource.hours)),
        }
    }
}

/// The resource that a path names. A path segment that is not an id names no resource.
fn named(path: &str) -> Result<ResourceId, ApiError> {
    path.parse().map_err(|_| Problem::ResourceNotFound.into())
}

impl Located for domain::Resource {
    fn location(&self) -> String {
        format!("/resources/{}", self.id)
    }
}

impl From<&Effect<domain::Resource>> for Done<Confirmation> {
    fn from(_: &Effect<domain::Resource>) -> Self {
        Confirmation::new("Resource deactivated successfully")
    }
}

impl From<ResourceRefusal> for ApiError {
    fn from(refusal: ResourceRefusal) -> Self {
        match refusal {
            ResourceRefusal::NotFound => Problem::ResourceNotFound.into(),
            ResourceRefusal::Booked(_) => {
                Self::from(Problem::ResourceBooked).with_message(refusal.to_string())
            }
            ResourceRefusal::VersionMismatch => Problem::VersionMismatch.into(),
        }
    }
}

/// The errors of [`create`].
pub(crate) const CREATE_ERRORS: &[Problem] = &[];

/// Create a resource
///
/// Which is open as the account is, until it gets hours of its own.
#[api_v2_operation(operation_id = "createResource", tags("Resources"))]
pub(crate) async fn create(
    application: Data<Application>,
    write: Write<Created<ResourceResponse>>,
    body: Body<CreateResource>,
) -> Result<Reply<Created<ResourceResponse>>, ApiError> {
    let new = body.0.into_domain()?;
    let (request, replies) = write.request()?;
    let resources = &application.scheduling.resources;
    replies.to(resources.create(&request, new).await?)
}

/// The errors of [`list`].
pub(crate) const LIST_ERRORS: &[Problem] = &[];

/// List resources
///
/// Oldest first.
#[api_v2_operation(operation_id = "listResources", tags("Resources"))]
pub(crate) async fn list(
    caller: Authenticated,
    application: Data<Application>,
    query: Query<ListResources>,
    pages: Pages,
) -> Result<Done<ResourceList>, ApiError> {
    let (filter, page) = query.0.into_domain()?;
    let resources = &application.scheduling.resources;
    let list = async |page| resources.list(&caller.0, filter, page).await;
    Ok(Done::new(pages.page(page, list).await?.into()))
}

/// The errors of [`get`].
pub(crate) const GET_ERRORS: &[Problem] = &[Problem::ResourceNotFound];

/// Get a resource
///
/// One that is not active too.
#[api_v2_operation(operation_id = "getResource", tags("Resources"))]
pub(crate) async fn get(
    caller: Authenticated,
    application: Data<Application>,
    path: Path<String>,
) -> Result<Done<ResourceResponse>, ApiError> {
    let resources = &application.scheduling.resources;
    Ok(Done::of(resources.get(&caller.0, named(&path)?).await?))
}

/// The errors of [`edit`].
pub(crate) const EDIT_ERRORS: &[Problem] = &[
    Problem::ResourceNotFound,
    Problem::ResourceBooked,
    Problem::VersionMismatch,
];

/// Update a resource
///
/// Changes only the fields that are sent.
#[api_v2_operation(operation_id = "updateResource", tags("Resources"))]
pub(crate) async fn edit(
    application: Data<Application>,
    path: Path<String>,
    query: Query<HowToDeactivate>,
    write: Write<Done<ResourceResponse>>,
    body: Body<EditResource>,
) -> Result<Reply<Done<ResourceResponse>>, ApiError> {
    let force = query.0.forced()?;
    let (edit, id) = (body.0.into_domain()?, named(&path)?);
    let (request, replies) = write.request()?;
    let resources = &application.scheduling.resources;
    replies.to(resources.edit(&request, id, edit, force).await?)
}

/// The errors of [`deactivate`].
pub(crate) const DEACTIVATE_ERRORS: &[Problem] = EDIT_ERRORS;

/// Deactivate a resource
///
/// It can't be booked any more, and can still be read, because bookings refer to it. If it is booked in the future, only
/// `force=true` does it, which leaves the bookings as they are. Safe to repeat.
#[api_v2_operation(operation_id = "deactivateResource", tags("Resources"))]
pub(crate) async fn deactivate(
    application: Data<Application>,
    path: Path<String>,
    query: Query<HowToDeactivate>,
    write: Write<Done<Confirmation>>,
) -> Result<Reply<Done<Confirmation>>, ApiError> {
    let (force, id) = (query.0.forced()?, named(&path)?);
    let (request, replies) = write.request()?;
    let resources = &application.scheduling.resources;
    replies.to(resources.deactivate(&request, id, force).await?)
}

/// Get the opening hours of a resource
///
/// If it has none, the account's hours apply.
#[api_v2_operation(operation_id = "getResourceHours", tags("Resources"))]
pub(crate) async fn get_hours(
    caller: Authenticated,
    application: Data<Application>,
    path: Path<String>,
) -> Result<Done<HoursResponse>, ApiError> {
    let resources = &application.scheduling.resources;
    Ok(Done::of(resources.get(&caller.0, named(&path)?).await?))
}

/// The errors of [`put_hours`].
pub(crate) const PUT_HOURS_ERRORS: &[Problem] = &[Problem::ResourceNotFound, Problem::VersionMismatch];

/// Replace the opening hours of a resource
///
/// What is omitted is left to the account's hours. What is booked already stays so. Safe to repeat.
#[api_v2_operation(operation_id = "putResourceHours", tags("Resources"))]
pub(crate) async fn put_hours(
    application: Data<Application>,
    path: Path<String>,
    write: Write<Done<HoursResponse>>,
    body: Body<PutHours>,
) -> Result<Reply<Done<HoursResponse>>, ApiError> {
    let (hours, id) = (body.0.into_domain()?, named(&path)?);
    let (request, replies) = write.request()?;
    let resources = &application.scheduling.resources;
    replies.to(resources.set_hours(&request, id, hours).await?)
}
