//! The types of changes.

use crate::{Invalid, Scope, Scopes, choice::choice};

choice! {
    /// The kinds of resources of which changes tell.
    SubjectKind {
        /// A customer.
        Customer = "customer",
        /// An appointment.
        Appointment = "appointment",
        /// A hold.
        Hold = "hold",
        /// An event.
        Event = "event",
        /// A registration.
        Registration = "registration",
        /// A resource.
        Resource = "resource",
        /// A service.
        Service = "service",
        /// A block.
        Block = "block",
        /// The account's schedule.
        Schedule = "schedule",
        /// An API key.
        ApiKey = "api_key",
        /// A user.
        User = "user",
        /// The account itself.
        Account = "account",
        /// A webhook endpoint.
        WebhookEndpoint = "webhook_endpoint",
        /// A payment or a refund.
        Payment = "payment",
        /// A payment source.
        PaymentSource = "payment_source",
    }
}

impl SubjectKind {
    /// The scope that a reader of its changes needs, besides [`Scope::ChangesRead`].
    #[must_use]
    pub const fn scope(self) -> Scope {
        match self {
            Self::Customer => Scope::CustomersRead,
            Self::Appointment | Self::Hold => Scope::AppointmentsRead,
            Self::Event | Self::Registration => Scope::EventsRead,
            Self::Resource | Self::Service | Self::Block | Self::Schedule => Scope::ScheduleRead,
            Self::ApiKey => Scope::KeysManage,
            Self::User | Self::Account => Scope::Full,
            Self::WebhookEndpoint => Scope::WebhooksRead,
            Self::Payment | Self::PaymentSource => Scope::PaymentsRead,
        }
    }
}

choice! {
    /// What was done, and to what kind of resource: the kind's name, a full stop, and a verb.
    ChangeType {
        /// A customer was created.
        CustomerCreated = "customer.created",
        /// Fields of a customer have changed.
        CustomerUpdated = "customer.updated",
        /// An appointment was booked.
        AppointmentCreated = "appointment.created",
        /// Fields of an appointment have changed, but not when it takes place or what it takes.
        AppointmentUpdated = "appointment.updated",
        /// An appointment was moved.
        AppointmentRescheduled = "appointment.rescheduled",
        /// An appointment was cancelled.
        AppointmentCancelled = "appointment.cancelled",
        /// An appointment took place.
        AppointmentCompleted = "appointment.completed",
        /// The customer did not come to an appointment.
        AppointmentNoShow = "appointment.no_show",
        /// A slot was held.
        HoldCreated = "hold.created",
        /// A hold was let go.
        HoldReleased = "hold.released",
        /// A hold has expired, and its slot is free. It may be told a little later.
        HoldExpired = "hold.expired",
        /// An event was published.
        EventCreated = "event.created",
        /// Fields of an event have changed.
        EventUpdated = "event.updated",
        /// An event was cancelled.
        EventCancelled = "event.cancelled",
        /// An event took place.
        EventCompleted = "event.completed",
        /// A customer got a place at an event.
        RegistrationCreated = "registration.created",
        /// A customer's place at an event was freed.
        RegistrationCancelled = "registration.cancelled",
        /// A resource was created.
        ResourceCreated = "resource.created",
        /// Fields of a resource have changed.
        ResourceUpdated = "resource.updated",
        /// A service was created.
        ServiceCreated = "service.created",
        /// Fields of a service have changed.
        ServiceUpdated = "service.updated",
        /// Time was taken off.
        BlockCreated = "block.created",
        /// Time off was ended.
        BlockRemoved = "block.removed",
        /// The account's schedule has changed.
        ScheduleUpdated = "schedule.updated",
        /// An API key was created.
        ApiKeyCreated = "api_key.created",
        /// Terms of an API key have changed.
        ApiKeyUpdated = "api_key.updated",
        /// An API key got a successor.
        ApiKeyRotated = "api_key.rotated",
        /// An API key was revoked.
        ApiKeyRevoked = "api_key.revoked",
        /// A user was added.
        UserCreated = "user.created",
        /// Fields of a user have changed, or the password.
        UserUpdated = "user.updated",
        /// A user was shut out.
        UserDisabled = "user.disabled",
        /// A user may sign in again.
        UserEnabled = "user.enabled",
        /// The business was renamed.
        AccountUpdated = "account.updated",
        /// A webhook endpoint was created.
        WebhookEndpointCreated = "webhook_endpoint.created",
        /// Fields of a webhook endpoint have changed, or its secret.
        WebhookEndpointUpdated = "webhook_endpoint.updated",
        /// A webhook endpoint gets no more webhooks.
        WebhookEndpointDisabled = "webhook_endpoint.disabled",
        /// A webhook endpoint was removed.
        WebhookEndpointRemoved = "webhook_endpoint.removed",
        /// A webhook endpoint is tried out. It is sent, and never recorded.
        WebhookEndpointTest = "webhook_endpoint.test",
        /// An appointment was paid, and will take place.
        AppointmentConfirmed = "appointment.confirmed",
        /// An appointment was not paid in time, and its slot is free. It may be told a little later.
        AppointmentExpired = "appointment.expired",
        /// Fields of a registration have changed: what was paid for it.
        RegistrationUpdated = "registration.updated",
        /// A registration was paid, and the place is the customer's.
        RegistrationConfirmed = "registration.confirmed",
        /// A registration was not paid in time, and its place is free. It may be told a little later.
        RegistrationExpired = "registration.expired",
        /// A payment or a refund was recorded.
        PaymentCreated = "payment.created",
        /// A payment or a refund got on, was given back, or was matched with a booking.
        PaymentUpdated = "payment.updated",
        /// A payment source was created.
        PaymentSourceCreated = "payment_source.created",
        /// Fields of a payment source have changed, or its secret.
        PaymentSourceUpdated = "payment_source.updated",
        /// A payment source was removed.
        PaymentSourceRemoved = "payment_source.removed",
    }
}

impl ChangeType {
    /// The kind of resource.
    #[must_use]
    pub const fn subject(self) -> SubjectKind {
        match self {
            Self::CustomerCreated | Self::CustomerUpdated => SubjectKind::Customer,
            Self::AppointmentCreated
            | Self::AppointmentUpdated
            | Self::AppointmentRescheduled
            | Self::AppointmentCancelled
            | Self::AppointmentCompleted
            | Self::AppointmentNoShow
            | Self::AppointmentConfirmed
            | Self::AppointmentExpired => SubjectKind::Appointment,
            Self::HoldCreated | Self::HoldReleased | Self::HoldExpired => SubjectKind::Hold,
            Self::EventCreated | Self::EventUpdated | Self::EventCancelled | Self::EventCompleted => {
                SubjectKind::Event
            }
            Self::RegistrationCreated
            | Self::RegistrationCancelled
            | Self::RegistrationUpdated
            | Self::RegistrationConfirmed
            | Self::RegistrationExpired => SubjectKind::Registration,
            Self::ResourceCreated | Self::ResourceUpdated => SubjectKind::Resource,
            Self::ServiceCreated | Self::ServiceUpdated => SubjectKind::Service,
            Self::BlockCreated | Self::BlockRemoved => SubjectKind::Block,
            Self::ScheduleUpdated => SubjectKind::Schedule,
            Self::ApiKeyCreated | Self::ApiKeyUpdated | Self::ApiKeyRotated | Self::ApiKeyRevoked => {
                SubjectKind::ApiKey
            }
            Self::UserCreated | Self::UserUpdated | Self::UserDisabled | Self::UserEnabled => {
                SubjectKind::User
            }
            Self::AccountUpdated => SubjectKind::Account,
            Self::WebhookEndpointCreated
            | Self::WebhookEndpointUpdated
            | Self::WebhookEndpointDisabled
            | Self::WebhookEndpointRemoved
            | Self::WebhookEndpointTest => SubjectKind::WebhookEndpoint,
            Self::PaymentCreated | Self::PaymentUpdated => SubjectKind::Payment,
            Self::PaymentSourceCreated | Self::PaymentSourceUpdated | Self::PaymentSourceRemoved => {
                SubjectKind::PaymentSource
            }
        }
    }

    const fn bit(self) -> u64 {
        1 << self as u64
    }
}

/// A set of types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChangeTypes(u64);

impl ChangeTypes {
    /// Every type.
    pub const ALL: Self = Self((1 << ChangeType::ALL.len()) - 1);

    /// No type.
    pub const NONE: Self = Self(0);

    /// The types that a pattern selects: a type's name, a kind's name and `.*`, or `*`.
    ///
    /// # Errors
    /// [`Invalid::ChangeType`] if it selects none.
    pub fn matching(pattern: &str) -> Result<Self, Invalid> {
        if pattern == "*" {
            return Ok(Self::ALL);
        }
        let selected = |kind: ChangeType| match pattern.strip_suffix(".*") {
            Some(subject) => kind.subject().as_str() == subject,
            None => kind.as_str() == pattern,
        };
        match Self::of(selected) {
            Self(0) => Err(Invalid::ChangeType),
            types => Ok(types),
        }
    }

    /// The types that several patterns select, with commas between them.
    ///
    /// # Errors
    /// [`Invalid::ChangeType`] if one of them selects none.
    pub fn parse(patterns: &str) -> Result<Self, Invalid> {
        patterns.split(',').try_fold(Self::NONE, |types, pattern| {
            Ok(types.or(Self::matching(pattern.trim())?))
        })
    }

    /// The types of which a caller with these scopes may read.
    #[must_use]
    pub fn readable(scopes: Scopes) -> Self {
        Self::of(|kind| scopes.permit(kind.subject().scope()))
    }

    /// The types that are in both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The types that are in either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the type is in the set.
    #[must_use]
    pub const fn has(self, kind: ChangeType) -> bool {
        self.0 & kind.bit() != 0
    }

    /// The types, in the order in which they are declared.
    pub fn iter(self) -> impl Iterator<Item = ChangeType> {
        ChangeType::ALL
            .iter()
            .copied()
            .filter(move |kind| self.has(*kind))
    }

    fn of(is_in: impl Fn(ChangeType) -> bool) -> Self {
        let types = ChangeType::ALL.iter().filter(|kind| is_in(**kind));
        Self(types.fold(0, |bits, kind| bits | kind.bit()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_named_after_its_subject() {
        for kind in ChangeType::ALL {
            let (subject, _) = kind.as_str().split_once('.').unwrap();
            assert_eq!(kind.subject().as_str(), subject);
        }
    }

    #[test]
    fn a_pattern_is_a_type_or_a_kind_or_everything() {
        let only = |kind: ChangeType| ChangeTypes::of(|other| other == kind);
        assert_eq!(ChangeTypes::parse("*"), Ok(ChangeTypes::ALL));
        assert_eq!(
            ChangeTypes::parse("hold.expired"),
            Ok(only(ChangeType::HoldExpired))
        );
        let holds = ChangeTypes::parse("customer.created, hold.*").unwrap();
        let names: Vec<_> = holds.iter().map(ChangeType::as_str).collect();
        assert_eq!(
            names,
            [
                "customer.created",
                "hold.created",
                "hold.released",
                "hold.expired"
            ]
        );
        for pattern in [
            "",
            "hold",
            "hold.",
            "hold.*.*",
            ".*",
            "**",
            "hold.gone",
            "*,",
            "Hold.*",
        ] {
            assert_eq!(ChangeTypes::parse(pattern), Err(Invalid::ChangeType), "{pattern}");
        }
    }

    #[test]
    fn a_reader_sees_what_its_scopes_permit() {
        let readable = |scopes: &str| ChangeTypes::readable(Scopes::parse(scopes).unwrap());
        assert_eq!(readable("full"), ChangeTypes::ALL);
        assert_eq!(readable("changes:read").iter().count(), 0);
        assert_eq!(
            readable("customers:write"),
            ChangeTypes::parse("customer.*").unwrap()
        );
        let read = readable("read");
        assert!(!read.has(ChangeType::ApiKeyCreated) && !read.has(ChangeType::UserCreated));
        assert!(read.has(ChangeType::RegistrationCreated));
    }
}
