//! What a caller wants to book.

use chatgrow_domain::{
    Appointment, Booking, CustomerName, Duration, EmailAddress, HoldId, LocalMinute, Notes, PaymentTerms,
    Phone, Policies, ResourceId, ServiceId, ServiceType, Unbookable,
};
use time::{Date, Time};

/// What a caller wants to book, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Who comes.
    pub customer: OrderCustomer,
    /// What is booked.
    pub item: OrderItem,
    /// Free notes.
    pub notes: Option<Notes>,
    /// What has to be paid for it, if it has to be paid.
    pub payment: Option<PaymentTerms>,
}

impl Order {
    /// The new appointment of this order, which waits for its payment if the order has terms.
    pub(crate) fn to_be_paid(&self, appointment: Appointment) -> Appointment {
        match &self.payment {
            Some(terms) => appointment.to_be_paid(terms),
            None => appointment,
        }
    }
}

/// The customer of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderCustomer {
    /// The customer's address.
    pub email: EmailAddress,
    /// What the order says about the customer. `None`: nothing, so the customer must exist.
    pub details: Option<CustomerDetails>,
}

/// What an order says about its customer. It creates the customer, or updates the fields that are given. The outer
/// `None` leaves a field unchanged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerDetails {
    /// The name, which a new customer needs.
    pub name: Option<CustomerName>,
    /// The phone number.
    pub phone: Option<Option<Phone>>,
    /// Notes on the customer.
    pub notes: Option<Option<Notes>>,
}

/// What an order books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderItem {
    /// A slot.
    Wish(Wish),
    /// What is held.
    Hold(HoldId, GivenSlot),
}

/// What a caller wants to book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// When it starts.
    pub start: LocalMinute,
    /// What is booked.
    pub what: Booked,
    /// The resources that it must take. Those of a service that are not named are chosen.
    pub resources: Vec<ResourceId>,
    /// Whether opening hours, notice and horizon count.
    pub policies: Policies,
}

/// What is booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Booked {
    /// A length of time for something.
    Time(ServiceType, Duration),
    /// A service. If its type or its length is said as well, it must be the service's.
    Service(ServiceId, Option<ServiceType>, Option<Duration>),
}

/// What a caller says of a slot that is held already. It must be so; what is `None` is not said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GivenSlot {
    /// The date.
    pub date: Option<Date>,
    /// The time of day.
    pub time: Option<Time>,
    /// The service.
    pub service: Option<ServiceId>,
    /// The type of the service.
    pub service_type: Option<ServiceType>,
    /// The length.
    pub duration: Option<Duration>,
    /// The resources, in any order.
    pub resources: Option<Vec<ResourceId>>,
}

impl GivenSlot {
    /// Compares it with what is held.
    pub(crate) fn check(&self, held: &Booking) -> Result<(), Unbookable> {
        let start = held.slot.start.to_date_time();
        let sorted = |resources: &[ResourceId]| {
            let mut resources = resources.to_vec();
            resources.sort_unstable();
            resources
        };
        let resources = self.resources.as_deref();
        for (field, differs) in [
            ("date", self.date.is_some_and(|date| date != start.date())),
            ("time", self.time.is_some_and(|time| time != start.time())),
            (
                "serviceId",
                self.service.is_some_and(|service| Some(service) != held.service),
            ),
            (
                "serviceType",
                self.service_type.is_some_and(|given| given != held.service_type),
            ),
            (
                "duration",
                self.duration
                    .is_some_and(|duration| duration != held.slot.duration),
            ),
            (
                "resourceIds",
                resources.is_some_and(|given| sorted(given) != sorted(&held.resources)),
            ),
        ] {
            if differs {
                return Err(Unbookable::Differs(field));
            }
        }
        Ok(())
    }
}
