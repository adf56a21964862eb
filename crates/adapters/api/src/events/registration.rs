//! Registrations for events over HTTP.

use crate::{
    access::authentication::Authenticated,
    billing::booking::{BookingPayment, Cancellation, PaymentTermsInput},
    body::Body,
    commit::{Reply, Write},
    crm::customer,
    error::{ApiError, Problem},
    events::event::named,
    fields::{Field, Fields, Part, Required},
    pages::{Items, Pages, ShownPage},
    query::{Parameter, Query},
    responses::{Created, Done, Located},
    value::{Count, Cursor, Resource, Shown, Success},
};
use actix_web::web::{Data, Path};
use chatgrow_application::{Application, Effect};
use chatgrow_domain as domain;
use chatgrow_domain::{
    CustomerId, CustomerName, EmailAddress, EmailKey, EventId, Notes, PageLimit, PaymentTerms,
    RegistrationId, RegistrationRefusal, RegistrationStatus, Timestamp,
};
use chatgrow_ports::PageRequest;
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use serde::{Deserialize, Serialize};

/// A customer's place at an event.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Registration {
    /// The registration's id.
    id: Shown<RegistrationId>,
    /// The event's id.
    event_id: Shown<EventId>,
    /// The customer's id.
    customer_id: Shown<CustomerId>,
    /// The customer's present name.
    customer_name: Shown<CustomerName>,
    /// The customer's present e-mail address.
    customer_email: Shown<EmailAddress>,
    /// Free notes.
    notes: Shown<Option<Notes>>,
    /// Whether it takes a place.
    status: Shown<RegistrationStatus>,
    /// How it is paid.
    payment: Resource<BookingPayment>,
    /// When it was made.
    created_at: Shown<Timestamp>,
}

impl From<domain::Registration> for Registration {
    fn from(registration: domain::Registration) -> Self {
        Self {
            id: Shown(registration.id),
            event_id: Shown(registration.event_id),
            customer_id: Shown(registration.customer.id),
            customer_name: Shown(registration.customer.name),
            customer_email: Shown(registration.customer.email),
            notes: Shown(registration.notes),
            status: Shown(registration.status),
            payment: Resource(BookingPayment::new(registration.bill, registration.held_until)),
            created_at: Shown(registration.created_at),
        }
    }
}

/// One registration.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct RegistrationResponse {
    /// Always `true`.
    success: Success,
    /// The registration.
    registration: Resource<Registration>,
}

impl From<domain::Registration> for RegistrationResponse {
    fn from(registration: domain::Registration) -> Self {
        Self {
            success: Success,
            registration: Resource(registration.into()),
        }
    }
}

/// A page of the registrations for an event or of a customer, in the order in which they came.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RegistrationList {
    /// Always `true`.
    success: Success,
    /// How many registrations this answer holds.
    count: Shown<Count>,
    /// The registrations.
    registrations: Items<Registration>,
    /// Where the next page begins: send it back as `cursor`. `null` on the last page.
    next_cursor: Shown<Option<Cursor>>,
}

/// A new registration.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Register {
    /// The e-mail address of an existing customer.
    customer_email: Required<EmailAddress>,
    /// Free notes.
    notes: Field<Notes>,
    /// What has to be paid for it. It is pending until then.
    payment: Part<PaymentTermsInput>,
}

impl Register {
    fn into_domain(self) -> Result<(EmailKey, Option<Notes>, Option<PaymentTerms>), ApiError> {
        let mut fields = Fields::default();
        let email = fields.required("customerEmail", self.customer_email);
        let notes = fields.optional("notes", self.notes);
        let payment = fields.part("payment", self.payment, |fields, part| part.into_domain(fields));
        let (Some(email), Some(notes), Some(payment)) = (email, notes, payment) else {
            return Err(fields.into_error_requiring("customerEmail is required"));
        };
        Ok((email.key(), notes, payment))
    }
}

/// Which registrations are wanted.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct ListRegistrations {
    /// The most registrations in this answer.
    limit: Parameter<PageLimit>,
    /// The `nextCursor` of the answer before.
    cursor: Parameter<Cursor>,
}

impl ListRegistrations {
    fn into_domain(self) -> Result<PageRequest<RegistrationId>, ApiError> {
        let mut fields = Fields::default();
        fields
            .page(self.limit, self.cursor)
            .ok_or_else(|| fields.into_error())
    }
}

impl From<ShownPage<Registration>> for RegistrationList {
    fn from(shown: ShownPage<Registration>) -> Self {
        Self {
            success: Success,
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

impl From<&Effect<domain::Registration>> for Done<Cancellation> {
    fn from(effect: &Effect<domain::Registration>) -> Self {
        Cancellation::new("Registration cancelled successfully", effect.resource().bill)
    }
}

impl From<RegistrationRefusal> for ApiError {
    fn from(refusal: RegistrationRefusal) -> Self {
        match refusal {
            RegistrationRefusal::EventNotFound => Problem::EventNotFound,
            RegistrationRefusal::CustomerNotFound => Problem::CustomerNotFound,
            RegistrationRefusal::NotFound => Problem::RegistrationNotFound,
            RegistrationRefusal::NotActive => Problem::EventNotActive,
            RegistrationRefusal::AlreadyRegistered => Problem::AlreadyRegistered,
            RegistrationRefusal::Full => Problem::EventFull,
            RegistrationRefusal::VersionMismatch => Problem::VersionMismatch,
        }
        .into()
    }
}

/// The errors of [`register`].
pub(crate) const REGISTER_ERRORS: &[Problem] = &[
    Problem::EventNotFound,
    Problem::CustomerNotFound,
    Problem::EventNotActive,
    Problem::AlreadyRegistered,
    Problem::EventFull,
];

/// Register a customer for an event
///
/// However many register at once, the participants never pass the maximum. With `payment`, the registration is pending
/// until that is paid, and expires if it isn't.
#[api_v2_operation(operation_id = "registerForEvent", tags("Registrations"))]
pub(crate) async fn register(
    application: Data<Application>,
    path: Path<String>,
    write: Write<Created<RegistrationResponse>>,
    body: Body<Register>,
) -> Result<Reply<Created<RegistrationResponse>>, ApiError> {
    let ((customer, notes, payment), event) = (body.0.into_domain()?, named(&path)?);
    let (request, replies) = write.request()?;
    let registrations = &application.events.registrations;
    let registered = registrations
        .register(&request, event, &customer, notes, payment)
        .await?;
    replies.to(registered)
}

/// The errors of [`list`].
pub(crate) const LIST_ERRORS: &[Problem] = &[Problem::EventNotFound];

/// List an event's registrations
///
/// In the order in which they came.
#[api_v2_operation(operation_id = "listRegistrations", tags("Registrations"))]
pub(crate) async fn list(
    caller: Authenticated,
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

/// The errors of [`list_of_customer`].
pub(crate) const LIST_OF_CUSTOMER_ERRORS: &[Problem] = &[Problem::CustomerNotFound];

/// List a customer's registrations
///
/// For whichever events, in the order in which they came.
#[api_v2_operation(operation_id = "listCustomerRegistrations", tags("Registrations"))]
pub(crate) async fn list_of_customer(
    caller: Authenticated,
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

/// The errors of [`get`].
pub(crate) const GET_ERRORS: &[Problem] = &[Problem::EventNotFound, Problem::RegistrationNotFound];

/// Get a registration
///
/// With its customer's present name and e-mail address.
#[api_v2_operation(operation_id = "getRegistration", tags("Registrations"))]
pub(crate) async fn get(
    caller: Authenticated,
    application: Data<Application>,
    path: Path<(String, String)>,
) -> Result<Done<RegistrationResponse>, ApiError> {
    let (event, id) = both(&path)?;
    let registration = application.events.registrations.get(&caller.0, event, id).await?;
    Ok(Done::of(registration))
}

/// The errors of [`unregister`].
pub(crate) const UNREGISTER_ERRORS: &[Problem] = &[
    Problem::EventNotFound,
    Problem::RegistrationNotFound,
    Problem::VersionMismatch,
];

/// Cancel a registration
///
/// Frees the place at once. One that had to be paid, or was, can still be read: the answer shows what was paid, and
/// nothing is refunded.
#[api_v2_operation(operation_id = "cancelRegistration", tags("Registrations"))]
pub(crate) async fn unregister(
    application: Data<Application>,
    path: Path<(String, String)>,
    write: Write<Done<Cancellation>>,
) -> Result<Reply<Done<Cancellation>>, ApiError> {
    let (event, id) = both(&path)?;
    let (request, replies) = write.request()?;
    let registrations = &application.events.registrations;
    replies.to(registrations.unregister(&request, event, id).await?)
}
