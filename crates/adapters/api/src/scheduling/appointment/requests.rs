//! The requests for appointments.

use crate::{
    billing::booking::PaymentTermsInput,
    error::ApiError,
    fields::{Changeable, ChangeableList, Field, Fields, List, Part, Required},
    query::{Parameter, days},
    scheduling::slot::{SlotFields, policies},
    value::{Cursor, Flag},
};
use chatgrow_application::{CustomerDetails, Order, OrderCustomer, OrderItem};
use chatgrow_domain as domain;
use chatgrow_domain::{
    AppointmentId, AppointmentStatus, CustomerName, Duration, EmailAddress, HoldId, Notes, PageLimit, Phone,
    Policies, ResourceId, ServiceId, ServiceType, Timestamp,
};
use chatgrow_ports::{AppointmentFilter, PageRequest, StartPosition};
use paperclip::actix::Apiv2Schema;
use serde::Deserialize;
use time::{Date, Time};

/// A customer who is created with the appointment, or of whom the fields that are given are updated.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct BookingCustomer {
    /// The customer's name; a new customer needs one.
    name: Changeable<CustomerName>,
    /// The customer's e-mail address.
    email: Required<EmailAddress>,
    /// The customer's phone number; `null` clears it.
    phone: Field<Phone>,
    /// Free notes on the customer; `null` clears them.
    notes: Field<Notes>,
}

impl BookingCustomer {
    fn into_domain(self, fields: &mut Fields) -> Option<OrderCustomer> {
        let name = fields.changeable("name", self.name);
        let email = fields.required("email", self.email);
        let phone = fields.clearable("phone", self.phone);
        let notes = fields.clearable("notes", self.notes);
        Some(OrderCustomer {
            email: email?,
            details: Some(CustomerDetails {
                name: name?,
                phone: phone?,
                notes: notes?,
            }),
        })
    }
}

/// A new appointment. It needs a customer (`customerEmail` or `customer`), and `date`, `time` and `serviceType`.
/// `serviceId` stands for `serviceType` and `duration`, and `holdId` for all but the customer.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BookAppointment {
    /// The e-mail address of an existing customer.
    customer_email: Field<EmailAddress>,
    /// The customer, who is created or updated in the same step, instead of `customerEmail`.
    customer: Part<BookingCustomer>,
    /// The hold that becomes the appointment.
    hold_id: Field<HoldId>,
    /// The civil date; the API's own output form is accepted too.
    date: Field<Date>,
    /// The time of day, in the business's own time.
    time: Field<Time>,
    /// The service that is booked.
    service_id: Field<ServiceId>,
    /// What it is for.
    service_type: Field<ServiceType>,
    /// Its length in minutes; 60 if it is omitted. It may run past midnight.
    duration: Field<Duration>,
    /// The resources that it takes. Those of a service that are not named are chosen. Without a service, none is the
    /// account's own schedule.
    resource_ids: List<Required<ResourceId>>,
    /// Free notes.
    notes: Field<Notes>,
    /// What has to be paid for it. It is pending until then.
    payment: Part<PaymentTermsInput>,
    /// Whether to book outside of the opening hours, and whatever notice and horizon say.
    r#override: Field<bool>,
}

const REQUIRED: &str = "customerEmail, date, time and serviceType are required";

impl BookAppointment {
    pub(super) fn into_domain(self) -> Result<Order, ApiError> {
        let mut fields = Fields::default();
        self.order(&mut fields)
            .ok_or_else(|| fields.into_error_requiring(REQUIRED))
    }

    fn order(self, fields: &mut Fields) -> Option<Order> {
        let customer = fields.part("customer", self.customer, |fields, part| part.into_domain(fields));
        let given = !matches!(customer, Some(None));
        let email = fields.required_unless(given, "customerEmail", self.customer_email);
        let notes = fields.optional("notes", self.notes);
        let payment = fields.part("payment", self.payment, |fields, part| part.into_domain(fields));
        let slot = SlotFields {
            date: self.date,
            time: self.time,
            service_id: self.service_id,
            service_type: self.service_type,
            duration: self.duration,
            resource_ids: self.resource_ids,
            r#override: self.r#override,
        };
        let item = match fields.optional("holdId", self.hold_id) {
            Some(Some(hold)) => slot.given(fields).map(|given| OrderItem::Hold(hold, given)),
            Some(None) => slot.wish(fields).map(OrderItem::Wish),
            // Every bad field is told, whichever the hold should have been.
            None => slot.given(fields).and(None),
        };
        let customer = match (customer?, email?) {
            (Some(customer), Some(email)) if email.key() != customer.email.key() => {
                fields.refuse("customerEmail", "must be that of customer, or be omitted")?
            }
            (Some(customer), _) => customer,
            (None, email) => OrderCustomer {
                email: email?,
                details: None,
            },
        };
        Some(Order {
            customer,
            item: item?,
            notes: notes?,
            payment: payment?,
        })
    }
}

/// How to book.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct HowToBook {
    /// Whether only to tell what would be booked: 200, `dryRun` is `true`, and the `appointment` has neither an id nor
    /// times of its making. Nothing is written, and `Idempotency-Key` is ignored.
    dry_run: Parameter<Flag>,
}

impl HowToBook {
    pub(super) fn dry_run(self) -> Result<bool, ApiError> {
        let mut fields = Fields::default();
        let dry_run = fields.flag("dryRun", self.dry_run);
        let dry_run = dry_run.ok_or_else(|| fields.into_error())?;
        Ok(dry_run.unwrap_or(false))
    }
}

/// A change of some of an appointment's fields: of its slot, which moves it, of its status, or of what is said of it.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct EditAppointment {
    /// Another civil date; the API's own output form is accepted too.
    date: Changeable<Date>,
    /// Another time of day.
    time: Changeable<Time>,
    /// Another length in minutes.
    duration: Changeable<Duration>,
    /// Other resources, which must be what the service needs.
    resource_ids: ChangeableList<Required<ResourceId>>,
    /// Another purpose.
    service_type: Changeable<ServiceType>,
    /// Other notes; `null` clears them.
    notes: Field<Notes>,
    /// Another status. Only a confirmed appointment gets one; a pending one can be cancelled.
    status: Changeable<AppointmentStatus>,
    /// Whether to move it outside of the opening hours, and whatever notice and horizon say.
    r#override: Field<bool>,
}

impl EditAppointment {
    pub(super) fn into_domain(self) -> Result<(domain::AppointmentEdit, Policies), ApiError> {
        let mut fields = Fields::default();
        self.edit(&mut fields).ok_or_else(|| fields.into_error())
    }

    fn edit(self, fields: &mut Fields) -> Option<(domain::AppointmentEdit, Policies)> {
        let date = fields.changeable("date", self.date);
        let time = fields.changeable("time", self.time);
        let duration = fields.changeable("duration", self.duration);
        let resources = fields.changeable_list("resourceIds", self.resource_ids, Fields::element);
        let service_type = fields.changeable("serviceType", self.service_type);
        let notes = fields.clearable("notes", self.notes);
        let status = fields.changeable("status", self.status);
        let policies = policies(fields, self.r#override);
        let edit = domain::AppointmentEdit {
            date: date?,
            time: time?,
            duration: duration?,
            resources: resources?,
            service_type: service_type?,
            notes: notes?,
            status: status?,
        };
        Some((edit, policies?))
    }
}

/// Which appointments are wanted.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ListAppointments {
    /// Those on this civil date or later.
    from: Parameter<Date>,
    /// Those on this civil date or earlier.
    to: Parameter<Date>,
    /// Those in this status.
    status: Parameter<AppointmentStatus>,
    /// Those of the customer with this e-mail address.
    customer_email: Parameter<EmailAddress>,
    /// Those that last changed at this instant or later.
    updated_since: Parameter<Timestamp>,
    /// The most appointments in this answer.
    limit: Parameter<PageLimit>,
    /// The `nextCursor` of the answer before.
    cursor: Parameter<Cursor>,
}

impl ListAppointments {
    pub(super) fn into_domain(
        self,
    ) -> Result<(AppointmentFilter, PageRequest<StartPosition<AppointmentId>>), ApiError> {
        let mut fields = Fields::default();
        let from = fields.parameter("from", self.from);
        let to = fields.parameter("to", self.to);
        let status = fields.parameter("status", self.status);
        let customer = fields.parameter("customerEmail", self.customer_email);
        let updated_since = fields.parameter("updatedSince", self.updated_since);
        let page = fields.page(self.limit, self.cursor);
        let (Some(from), Some(to), Some(status), Some(customer), Some(updated_since), Some(page)) =
            (from, to, status, customer, updated_since, page)
        else {
            return Err(fields.into_error());
        };
        let (from, before) = days(from, to);
        let filter = AppointmentFilter {
            from,
            before,
            status,
            customer: customer.map(|email| email.key()),
            updated_since,
        };
        Ok((filter, page))
    }
}
