//! What the log tells of each kind of resource.

use crate::{Dated, Effect};
use chatgrow_domain::{
    Account, ApiKey, Appointment, AppointmentStatus, Block, Change, ChangeData, ChangeType, Customer,
    CustomerId, Event, EventStatus, Hold, ObjectId, Payment, PaymentSource, Registration, RegistrationStatus,
    Resource, Schedule, Service, User, Version, WebhookEndpoint,
};

/// One state of a resource, of any kind.
#[derive(Debug, Clone, Copy)]
pub enum Snapshot<'a> {
    /// An account.
    Account(&'a Account),
    /// An API key.
    ApiKey(&'a ApiKey),
    /// An appointment.
    Appointment(&'a Dated<Appointment>),
    /// A block.
    Block(&'a Block),
    /// A customer.
    Customer(&'a Customer),
    /// An event.
    Event(&'a Event),
    /// A payment or a refund.
    Payment(&'a Payment),
    /// A payment source.
    PaymentSource(&'a PaymentSource),
    /// A hold.
    Hold(&'a Dated<Hold>),
    /// A registration.
    Registration(&'a Registration),
    /// A resource.
    Resource(&'a Resource),
    /// A schedule.
    Schedule(&'a Schedule),
    /// A service.
    Service(&'a Service),
    /// A user.
    User(&'a User),
    /// A webhook endpoint.
    WebhookEndpoint(&'a WebhookEndpoint),
}

/// Renders what a change shows. The adapter that shows resources implements it, so that a change shows a resource as it
/// is read. No secret may be in it.
#[cfg_attr(test, mockall::automock)]
pub trait Representation: Send + Sync {
    /// The states of a resource that was created, changed (with the state before) or removed.
    fn data<'a>(&self, before: Option<Snapshot<'a>>, object: Snapshot<'a>) -> ChangeData;

    /// The body of the webhook that tells of a change.
    fn webhook(&self, change: &Change) -> Vec<u8>;
}

/// A resource whose changes are recorded.
pub trait Recorded: Sized {
    /// The type of the change that an effect is. `None` if it changes nothing.
    fn change(effect: &Effect<Self>) -> Option<ChangeType>;

    /// What a change tells of this state.
    fn subject(&self) -> Subject<'_>;
}

/// What a change tells of one state of a resource.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The resource's id.
    pub id: ObjectId,
    /// The version of this state, if the resource counts its versions.
    pub version: Option<Version>,
    /// The customer whom it is about.
    pub customer: Option<CustomerId>,
    /// This state.
    pub snapshot: Snapshot<'a>,
}

/// The type of a change, if an effect changes something: `created` for a new resource, and otherwise what `changed`
/// says of the state before.
fn of<T>(
    effect: &Effect<T>,
    created: ChangeType,
    changed: impl FnOnce(Option<&T>, &T) -> ChangeType,
) -> Option<ChangeType> {
    match effect {
        Effect::Created(_) => Some(created),
        Effect::Changed { before, after } => Some(changed(Some(before), after)),
        Effect::Removed(last) => Some(changed(None, last)),
        Effect::Unchanged(_) => None,
    }
}

/// Implements [`Recorded`]: the kind, the id, the version, the customer, and the types, as in [`of`].
macro_rules! recorded {
    ($($type:ty as $kind:ident {
        $resource:ident: $id:expr, $version:expr, $customer:expr;
        $created:ident, $changed:expr
    })+) => {$(
        impl Recorded for $type {
            fn change(effect: &Effect<Self>) -> Option<ChangeType> {
                of(effect, ChangeType::$created, $changed)
            }

            fn subject(&self) -> Subject<'_> {
                let $resource = self;
                Subject {
                    id: $id.object_id(),
                    version: $version,
                    customer: $customer,
                    snapshot: Snapshot::$kind(self),
                }
            }
        }
    )+};
}

recorded! {
    Customer as Customer {
        customer: customer.id, Some(customer.version), Some(customer.id);
        CustomerCreated, |_, _| ChangeType::CustomerUpdated
    }
    Dated<Appointment> as Appointment {
        dated: dated.value.id, Some(dated.value.version), Some(dated.value.customer.id);
        AppointmentCreated, |before, after| of_appointment(before.map(|before| &before.value), &after.value)
    }
    Dated<Hold> as Hold {
        dated: dated.value.id, Some(dated.value.version), None;
        HoldCreated,
        |_, last| if last.value.released { ChangeType::HoldExpired } else { ChangeType::HoldReleased }
    }
    Event as Event {
        event: event.id, Some(event.version), None;
        EventCreated, of_event
    }
    Registration as Registration {
        registration: registration.id, Some(registration.version), Some(registration.customer.id);
        RegistrationCreated, of_registration
    }
    Payment as Payment {
        payment: payment.id, Some(payment.version), None;
        PaymentCreated, |_, _| ChangeType::PaymentUpdated
    }
    PaymentSource as PaymentSource {
        source: source.id, Some(source.version), None;
        PaymentSourceCreated, of_source
    }
    Resource as Resource {
        resource: resource.id, Some(resource.version), None;
        ResourceCreated, |_, _| ChangeType::ResourceUpdated
    }
    Service as Service {
        service: service.id, Some(service.version), None;
        ServiceCreated, |_, _| ChangeType::ServiceUpdated
    }
    Block as Block {
        block: block.id, Some(Version::FIRST), None;
        BlockCreated, |_, _| ChangeType::BlockRemoved
    }
    Schedule as Schedule {
        schedule: schedule.account, Some(schedule.version), None;
        ScheduleUpdated, |_, _| ChangeType::ScheduleUpdated
    }
    ApiKey as ApiKey {
        key: key.id, Some(key.version), None;
        ApiKeyCreated, of_key
    }
    User as User {
        user: user.id, Some(user.version), None;
        UserCreated, of_user
    }
    WebhookEndpoint as WebhookEndpoint {
        endpoint: endpoint.id, Some(endpoint.version), None;
        WebhookEndpointCreated, of_endpoint
    }
    Account as Account {
        account: account.id, None, None;
        AccountUpdated, |_, _| ChangeType::AccountUpdated
    }
}

fn of_appointment(before: Option<&Appointment>, after: &Appointment) -> ChangeType {
    match after.status {
        status if before.is_some_and(|before| before.status == status) => match before {
            Some(before) if after.is_elsewhere_than(before) => ChangeType::AppointmentRescheduled,
            _ => ChangeType::AppointmentUpdated,
        },
        AppointmentStatus::Confirmed if before.is_some() => ChangeType::AppointmentConfirmed,
        AppointmentStatus::Pending | AppointmentStatus::Confirmed => ChangeType::AppointmentUpdated,
        AppointmentStatus::Expired => ChangeType::AppointmentExpired,
        AppointmentStatus::Cancelled => ChangeType::AppointmentCancelled,
        AppointmentStatus::Completed => ChangeType::AppointmentCompleted,
        AppointmentStatus::NoShow => ChangeType::AppointmentNoShow,
    }
}

/// One that is removed has no state before.
fn of_registration(before: Option<&Registration>, after: &Registration) -> ChangeType {
    let Some(before) = before else {
        return ChangeType::RegistrationCancelled;
    };
    match after.status {
        status if before.status == status => ChangeType::RegistrationUpdated,
        RegistrationStatus::Pending => ChangeType::RegistrationUpdated,
        RegistrationStatus::Confirmed => ChangeType::RegistrationConfirmed,
        RegistrationStatus::Cancelled => ChangeType::RegistrationCancelled,
        RegistrationStatus::Expired => ChangeType::RegistrationExpired,
    }
}

fn of_source(before: Option<&PaymentSource>, _: &PaymentSource) -> ChangeType {
    match before {
        Some(_) => ChangeType::PaymentSourceUpdated,
        None => ChangeType::PaymentSourceRemoved,
    }
}

fn of_event(before: Option<&Event>, after: &Event) -> ChangeType {
    match after.status {
        status if before.is_some_and(|before| before.status == status) => ChangeType::EventUpdated,
        EventStatus::Active => ChangeType::EventUpdated,
        EventStatus::Completed => ChangeType::EventCompleted,
        EventStatus::Cancelled => ChangeType::EventCancelled,
    }
}

fn of_key(before: Option<&ApiKey>, after: &ApiKey) -> ChangeType {
    match before {
        Some(before) if before.revoked_at != after.revoked_at => ChangeType::ApiKeyRevoked,
        Some(before) if before.successor != after.successor => ChangeType::ApiKeyRotated,
        _ => ChangeType::ApiKeyUpdated,
    }
}

fn of_user(before: Option<&User>, after: &User) -> ChangeType {
    match (before.and_then(|before| before.disabled_at), after.disabled_at) {
        (None, Some(_)) => ChangeType::UserDisabled,
        (Some(_), None) => ChangeType::UserEnabled,
        _ => ChangeType::UserUpdated,
    }
}

fn of_endpoint(before: Option<&WebhookEndpoint>, after: &WebhookEndpoint) -> ChangeType {
    match before {
        None => ChangeType::WebhookEndpointRemoved,
        Some(before) if before.disabled.is_none() && after.disabled.is_some() => {
            ChangeType::WebhookEndpointDisabled
        }
        Some(_) => ChangeType::WebhookEndpointUpdated,
    }
}
