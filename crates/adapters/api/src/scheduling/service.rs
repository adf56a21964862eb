//! Services over HTTP.

mod requests;

use crate::{
    access::authentication::Authenticated,
    body::Body,
    commit::{Reply, Write},
    error::{ApiError, Problem},
    fields::Fields,
    pages::{Items, Pages, ShownPage},
    query::Query,
    responses::{Confirmation, Created, Done, Located},
    value::{self, Cursor, Resource, Shown, Success},
};
use actix_web::web::{Data, Path};
use chatgrow_application::{Application, Effect};
use chatgrow_domain as domain;
use chatgrow_domain::{
    Buffer, Count, Currency, Duration, Money, Notes, ResourceId, ServiceId, ServiceName, ServiceRefusal,
    ServiceType, Timestamp,
};
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use requests::{CreateService, EditService, ListServices};
use serde::Serialize;

/// What customers book.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Service {
    /// The service's id.
    id: Shown<ServiceId>,
    /// What it is called.
    name: Shown<ServiceName>,
    /// What its appointments are for.
    service_type: Shown<ServiceType>,
    /// The length of its appointments in minutes.
    duration: Shown<Duration>,
    /// The minutes before an appointment that are kept free.
    buffer_before: Shown<Buffer>,
    /// The minutes after an appointment that are kept free.
    buffer_after: Shown<Buffer>,
    /// The minutes between two starts that are offered; `null` is the schedule's.
    slot_step: Shown<Option<Duration>>,
    /// What it costs, exactly.
    price: Shown<Option<Money>>,
    /// The currency of the price.
    currency: Shown<Option<Currency>>,
    /// Free notes.
    notes: Shown<Option<Notes>>,
    /// Whether it can be booked. What is booked already stays so.
    active: Shown<bool>,
    /// The groups of resources that an appointment takes.
    needs: Vec<Resource<Need>>,
    /// When it was created.
    created_at: Shown<Timestamp>,
    /// When it last changed.
    updated_at: Shown<Timestamp>,
}

/// Resources that can stand in for each other.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct Need {
    /// The ids of the resources.
    resources: Vec<Shown<ResourceId>>,
    /// How many of them an appointment takes.
    count: Shown<Count>,
}

impl From<&domain::Need> for Need {
    fn from(need: &domain::Need) -> Self {
        Self {
            resources: need.resources.iter().copied().map(Shown).collect(),
            count: Shown(need.count),
        }
    }
}

impl From<domain::Service> for Service {
    fn from(service: domain::Service) -> Self {
        let terms = service.terms;
        let needs = terms.needs.groups().iter();
        Self {
            id: Shown(service.id),
            name: Shown(terms.name),
            service_type: Shown(terms.service_type),
            duration: Shown(terms.duration),
            buffer_before: Shown(terms.buffer_before),
            buffer_after: Shown(terms.buffer_after),
            slot_step: Shown(terms.slot_step),
            price: Shown(terms.price.map(|price| price.amount)),
            currency: Shown(terms.price.and_then(|price| price.currency)),
            notes: Shown(terms.notes),
            active: Shown(terms.active),
            needs: needs.map(|need| Resource(need.into())).collect(),
            created_at: Shown(service.created_at),
            updated_at: Shown(service.updated_at),
        }
    }
}

/// One service.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct ServiceResponse {
    /// Always `true`.
    success: Success,
    /// The service.
    service: Resource<Service>,
}

impl From<domain::Service> for ServiceResponse {
    fn from(service: domain::Service) -> Self {
        Self {
            success: Success,
            service: Resource(service.into()),
        }
    }
}

/// A page of services, oldest first.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServiceList {
    /// Always `true`.
    success: Success,
    /// How many services this answer holds.
    count: Shown<value::Count>,
    /// The services.
    services: Items<Service>,
    /// Where the next page begins: send it back as `cursor`. `null` on the last page.
    next_cursor: Shown<Option<Cursor>>,
}

impl From<ShownPage<Service>> for ServiceList {
    fn from(shown: ShownPage<Service>) -> Self {
        Self {
            success: Success,
            count: shown.count,
            services: shown.items,
            next_cursor: shown.next_cursor,
        }
    }
}

/// The service that a path names. A path segment that is not an id names no service.
fn named(path: &str) -> Result<ServiceId, ApiError> {
    path.parse().map_err(|_| Problem::ServiceNotFound.into())
}

impl Located for domain::Service {
    fn location(&self) -> String {
        format!("/services/{}", self.id)
    }
}

impl From<&Effect<domain::Service>> for Done<Confirmation> {
    fn from(_: &Effect<domain::Service>) -> Self {
        Confirmation::new("Service deactivated successfully")
    }
}

impl From<ServiceRefusal> for ApiError {
    fn from(refusal: ServiceRefusal) -> Self {
        let mut fields = Fields::default();
        match refusal {
            ServiceRefusal::NotFound => return Problem::ServiceNotFound.into(),
            ServiceRefusal::VersionMismatch => return Problem::VersionMismatch.into(),
            ServiceRefusal::Needs(why) => requests::refuse_need(&mut fields, why),
            ServiceRefusal::CurrencyWithoutPrice => fields.refuse("currency", requests::WITHOUT_PRICE),
        };
        fields.into_error()
    }
}

/// The errors of [`create`].
pub(crate) const CREATE_ERRORS: &[Problem] = &[];

/// Create a service
///
/// It needs active resources of the account, or none. A resource is in one group only.
#[api_v2_operation(operation_id = "createService", tags("Services"))]
pub(crate) async fn create(
    application: Data<Application>,
    write: Write<Created<ServiceResponse>>,
    body: Body<CreateService>,
) -> Result<Reply<Created<ServiceResponse>>, ApiError> {
    let terms = body.0.into_domain()?;
    let (request, replies) = write.request()?;
    let services = &application.scheduling.services;
    replies.to(services.create(&request, terms).await?)
}

/// The errors of [`list`].
pub(crate) const LIST_ERRORS: &[Problem] = &[];

/// List services
///
/// Oldest first.
#[api_v2_operation(operation_id = "listServices", tags("Services"))]
pub(crate) async fn list(
    caller: Authenticated,
    application: Data<Application>,
    query: Query<ListServices>,
    pages: Pages,
) -> Result<Done<ServiceList>, ApiError> {
    let (filter, page) = query.0.into_domain()?;
    let services = &application.scheduling.services;
    let list = async |page| services.list(&caller.0, filter, page).await;
    Ok(Done::new(pages.page(page, list).await?.into()))
}

/// The errors of [`get`].
pub(crate) const GET_ERRORS: &[Problem] = &[Problem::ServiceNotFound];

/// Get a service
///
/// One that is not active too.
#[api_v2_operation(operation_id = "getService", tags("Services"))]
pub(crate) async fn get(
    caller: Authenticated,
    application: Data<Application>,
    path: Path<String>,
) -> Result<Done<ServiceResponse>, ApiError> {
    let services = &application.scheduling.services;
    Ok(Done::of(services.get(&caller.0, named(&path)?).await?))
}

/// The errors of [`edit`].
pub(crate) const EDIT_ERRORS: &[Problem] = &[Problem::ServiceNotFound, Problem::VersionMismatch];

/// Update a service
///
/// Changes only the fields that are sent. What is booked already stays as it was booked.
#[api_v2_operation(operation_id = "updateService", tags("Services"))]
pub(crate) async fn edit(
    application: Data<Application>,
    path: Path<String>,
    write: Write<Done<ServiceResponse>>,
    body: Body<EditService>,
) -> Result<Reply<Done<ServiceResponse>>, ApiError> {
    let (edit, id) = (body.0.into_domain()?, named(&path)?);
    let (request, replies) = write.request()?;
    let services = &application.scheduling.services;
    replies.to(services.edit(&request, id, edit).await?)
}

/// The errors of [`deactivate`].
pub(crate) const DEACTIVATE_ERRORS: &[Problem] = &[Problem::ServiceNotFound, Problem::VersionMismatch];

/// Deactivate a service
///
/// It can't be booked any more, and can still be read, because bookings refer to it. Safe to repeat.
#[api_v2_operation(operation_id = "deactivateService", tags("Services"))]
pub(crate) async fn deactivate(
    application: Data<Application>,
    path: Path<String>,
    write: Write<Done<Confirmation>>,
) -> Result<Reply<Done<Confirmation>>, ApiError> {
    let id = named(&path)?;
    let (request, replies) = write.request()?;
    let services = &application.scheduling.services;
    replies.to(services.deactivate(&request, id).await?)
}
