//! Registrations for events over HTTP.

use crate::{
    access::authentication::Caller,
    body::Body,
    commit::{Reply, Write, reply},
    crm::customer,
    error::{ApiError, Problem},
    events::event::named,
    fields::{Field, Fields, Required},
    pages::{Items, Pages, Shown},
    query::Query,
    responses::{Confirmation, Created, Done, Located, instant},
};
use actix_web::web::{Data, Path};
use chatgrow_application::{Application, Effect};
use chatgrow_domain as domain;
use chatgrow_domain::{EmailAddress, EmailKey, EventId, Notes, RegistrationId, RegistrationRefusal};
use chatgrow_ports::PageRequest;
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use serde::{Deserialize, Serialize};

/// A customer's place at an event.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Registration {
    /// The registration's id.
    id: String,
    /// The event's id.
    event_id: String,
    /// The customer's id.
    customer_id: String,
    /// The customer's present name.
    customer_name: String,
    /// The customer's present e-mail address.
    customer_email: String,
    /// Free notes.
    notes: Option<String>,
    /// When it was made.
    created_at: String,
}

impl From<domain::Registration> for Registration {
    fn from(registration: domain::Registration) -> Self {
        Self {
            id: registration.id.to_string(),
            event_id: registration.event_id.to_string(),
            customer_id: registration.customer.id.to_string(),
            customer_name: registration.customer.name.as_str().to_owned(),
            customer_email: registration.customer.email.as_str().to_owned(),
            notes: registration.notes.map(|notes| notes.as_str().to_owned()),
            created_at: instant(registration.created_at),
        }
    }
}

/// One registration.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct RegistrationResponse {
    /// Always `true`.
    success: bool,
    /// The registration.
    registration: Registration,
}

impl From<domain::Registration> for RegistrationResponse {
    fn from(registration: domain::Registration) -> Self {
        Self {
            success: true,
            registration: registration.into(),
        }
    }
}

/// A page of the registrations for an event or of a customer, in the order in which they came.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RegistrationList {
    /// Always `true`.
    success: bool,
    /// How many registrations this answer holds.
    count: usize,
    /// The registrations.
    registrations: Items<Registration>,
    /// Where the next page begins: send it back as `cursor`. `null` on the last page.
    next_cursor: Option<String>,
}

/// A new registration.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Register {
    /// The e-mail address of an existing customer.
    customer_email: Required<String>,
    /// Free notes.
    notes: Field<String>,
}

impl Register {
    fn into_domain(self) -> Result<(EmailKey, Option<Notes>), ApiError> {
        let mut fields = Fields::default();
        let email = fields.required("customerEmail", self.customer_email, EmailAddress::new);
        let notes = fields.optional("notes", self.notes, Notes::new);
        let (Some(email), Some(notes)) = (email, notes) else {
            return Err(fields.into_error_requiring("customerEmail is required"));
        };
        Ok((email.key(), notes))
    }
}

/// Which registrations are wanted.
#[derive(Deserialize, Apiv2Schema)]
pub(crate) struct ListRegistrations {
    /// The most registrations in this answer.
    limit: Option<String>,
    /// The `nextCursor` of the answer before.
    cursor: Option<String>,
}

impl ListRegistrations {
    fn into_domain(self) -> Result<PageRequest<RegistrationId>, ApiError> {
        let mut fields = Fields::default();
        fields
            .page(self.limit.as_deref(), self.cursor.as_deref())
            .ok_or_else(|| fields.into_error())
    }
}

impl From<Shown<Registration>> for RegistrationList {
    fn from(shown: Shown<Registration>) -> Self {
        Self {
            success: true,
            count: shown.count,
            registrations: shown.items,
            next_cursor: shown.next_cursor,
        }
    }
}

/// The event and the registration that a path names.
fn both((event, registration): &(String, String)) -> Result<(EventId, RegistrationId), ApiError> {
    let registration = registration.parse();
    Ok((
        named(event)?,
        registration.map_err(|_| Problem::RegistrationNotFound)?,
    ))
}

impl Located for domain::Registration {
    fn location(&self) -> String {
        format!("/events/{}/registrations/{}", self.event_id, self.id)
    }
}

impl From<&Effect<domain::Registration>> for Done<Confirmation> {
    fn from(_: &Effect<domain::Registration>) -> Self {
        Confirmation::new("Registration cancelled successfully")
    }
}

impl From<RegistrationRefusal> for Problem {
    fn from(refusal: RegistrationRefusal) -> Self {
        match refusal {
            RegistrationRefusal::EventNotFound => Self::EventNotFound,
            RegistrationRefusal::CustomerNotFound => Self::CustomerNotFound,
            RegistrationRefusal::NotFound => Self::RegistrationNotFound,
            RegistrationRefusal::NotActive => Self::EventNotActive,
            RegistrationRefusal::AlreadyRegistered => Self::AlreadyRegistered,
            RegistrationRefusal::Full => Self::EventFull,
            RegistrationRefusal::VersionMismatch => Self::VersionMismatch,
        }
    }
}

/// Register a customer for an event
///
/// However many register at once, the participants never pass the maximum.
#[api_v2_operation(operation_id = "registerForEvent", tags("Registrations"))]
pub(crate) async fn register(
    application: Data<Application>,
    path: Path<String>,
    write: Write<Created<RegistrationResponse>>,
    body: Body<Register>,
) -> Result<Reply<Created<RegistrationResponse>>, ApiError> {
    let ((customer, notes), event) = (body.0.into_domain()?, named(&path)?);
    let request = write.request()?;
    let registrations = &application.events.registrations;
    reply(registrations.register(&request, event, &customer, notes).await?)
}

/// List an event's registrations
///
/// In the order in which they came.
#[api_v2_operation(operation_id = "listRegistrations", tags("Registrations"))]
pub(crate) async fn list(
    caller: Caller,
    application: Data<Application>,
    path: Path<String>,
    query: Query<ListRegistrations>,
    pages: Pages,
) -> Result<Done<RegistrationList>, ApiError> {
    let (page, event) = (query.0.into_domain()?, named(&path)?);
    let registrations = &application.events.registrations;
    let list = async |page| registrations.list(&caller.0, event, page).await;
    Ok(Done::new(pages.page(page, list).await?.into()))
}

/// List a customer's registrations
///
/// For whichever events, in the order in which they came.
#[api_v2_operation(operation_id = "listCustomerRegistrations", tags("Registrations"))]
pub(crate) async fn list_of_customer(
    caller: Caller,
    application: Data<Application>,
    path: Path<String>,
    query: Query<ListRegistrations>,
    pages: Pages,
) -> Result<Done<RegistrationList>, ApiError> {
    let (page, customer) = (query.0.into_domain()?, customer::named(&path)?);
    let registrations = &application.events.registrations;
    let list = async |page| registrations.of_customer(&caller.0, &customer, page).await;
    Ok(Done::new(pages.page(page, list).await?.into()))
}

/// Get a registration
///
/// With its customer's present name and e-mail address.
#[api_v2_operation(operation_id = "getRegistration", tags("Registrations"))]
pub(crate) async fn get(
    caller: Caller,
    application: Data<Application>,
    path: Path<(String, String)>,
) -> Result<Done<RegistrationResponse>, ApiError> {
    let (event, id) = both(&path)?;
    let registration = application.events.registrations.get(&caller.0, event, id).await?;
    Ok(Done::of(registration))
}

/// Cancel a registration
///
/// Frees the place at once.
#[api_v2_operation(operation_id = "cancelRegistration", tags("Registrations"))]
pub(crate) async fn unregister(
    application: Data<Application>,
    path: Path<(String, String)>,
    write: Write<Done<Confirmation>>,
) -> Result<Reply<Done<Confirmation>>, ApiError> {
    let (event, id) = both(&path)?;
    let request = write.request()?;
    let registrations = &application.events.registrations;
    reply(registrations.unregister(&request, event, id).await?)
}
