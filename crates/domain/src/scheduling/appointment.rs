//! Appointments: what a customer books. Every appointment that is not cancelled occupies its slot.

use crate::{
    Bill, Booking, ChangeRefusal, Customer, CustomerSummary, Duration, Hold, LocalMinute, Notes,
    PaymentTerms, Refusal, ResourceId, Revised, Revision, ServiceType, TimeSlot, Timestamp, Unbookable,
    Version, choice::choice, ids::id_type,
};
use time::{Date, Time};

id_type! {
    /// The id of an [`Appointment`].
    AppointmentId
}

choice! {
    /// An appointment's status, which decides whether it occupies its slot.
    AppointmentStatus {
        /// It waits for its payment, and has its slot until then.
        Pending = "pending",
        /// It will take place.
        Confirmed = "confirmed",
        /// It has taken place.
        Completed = "completed",
        /// The customer didn't come.
        NoShow = "no_show",
        /// It doesn't occupy its slot, and never will again.
        Cancelled = "cancelled",
        /// It was not paid in time, and doesn't occupy its slot. A late payment can bring it back.
        Expired = "expired",
    }
}

impl AppointmentStatus {
    /// Whether an appointment in this status occupies its slot, so that no other one may overlap it. The stores' guards
    /// enforce the same rule.
    #[must_use]
    pub const fn occupies(self) -> bool {
        match self {
            Self::Pending | Self::Confirmed | Self::Completed | Self::NoShow => true,
            Self::Cancelled | Self::Expired => false,
        }
    }

    /// Whether a caller may give that status to an appointment in this one. Only payments confirm a pending one, and
    /// only time lets it expire.
    #[must_use]
    pub fn becomes(self, next: Self) -> bool {
        self == next
            || match self {
                Self::Confirmed => !matches!(next, Self::Pending | Self::Expired),
                Self::Pending => next == Self::Cancelled,
                Self::Completed | Self::NoShow | Self::Cancelled | Self::Expired => false,
            }
    }
}

/// What a customer has booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appointment {
    /// The appointment's id.
    pub id: AppointmentId,
    /// The customer, in its present state.
    pub customer: CustomerSummary,
    /// What is booked, and when.
    pub booking: Booking,
    /// Free notes.
    pub notes: Option<Notes>,
    /// The status.
    pub status: AppointmentStatus,
    /// Until when it waits, or has waited, for its payment. Only a pending or an expired one has it.
    pub held_until: Option<Timestamp>,
    /// What it costs and what was paid for it, if it has terms of payment or was paid for.
    pub bill: Option<Bill>,
    /// When it was booked.
    pub created_at: Timestamp,
    /// When the appointment last changed.
    pub updated_at: Timestamp,
    /// Incremented by every change.
    pub version: Version,
}

/// The fields of an appointment that a caller provides, except the customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAppointment {
    /// See [`Appointment::booking`].
    pub booking: Booking,
    /// See [`Appointment::notes`].
    pub notes: Option<Notes>,
}

/// A change of some fields. The outer `None` leaves a field unchanged; `Some(None)` clears it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppointmentEdit {
    /// A new date.
    pub date: Option<Date>,
    /// A new time of day.
    pub time: Option<Time>,
    /// A new length.
    pub duration: Option<Duration>,
    /// Other resources.
    pub resources: Option<Vec<ResourceId>>,
    /// A new type of service.
    pub service_type: Option<ServiceType>,
    /// New notes, or `Some(None)` to clear them.
    pub notes: Option<Option<Notes>>,
    /// A new status.
    pub status: Option<AppointmentStatus>,
}

impl Revised for Appointment {
    fn revision(&self) -> Revision {
        Revision::of(self.id, [self.version, self.customer.version])
    }
}

/// Why an appointment can't be found, booked or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppointmentRefusal {
    /// The account has no such appointment.
    #[error("there is no such appointment")]
    NotFound,
    /// The account has no customer with that address.
    #[error("there is no such customer")]
    CustomerNotFound,
    /// Something else occupies a resource, or the account's own schedule, in the slot.
    #[error("the slot is taken")]
    SlotTaken,
    /// The customer that is written together with the appointment is not in the version that the write is based on, or
    /// another one got its address.
    #[error("the customer has changed")]
    CustomerChanged,
    /// The hold that becomes an appointment is not there any more, or has changed.
    #[error("the hold has gone")]
    HoldGone,
    /// The account has no such hold.
    #[error("there is no such hold")]
    HoldNotFound,
    /// The hold has expired.
    #[error("the hold has expired")]
    HoldExpired,
    /// A new customer needs a name.
    #[error("a new customer needs a name")]
    CustomerNameNeeded,
    /// It can't be booked, or not moved there.
    #[error(transparent)]
    Unbookable(#[from] Unbookable),
    /// There is no way from its status to the new one.
    #[error("the status can't change this way")]
    InvalidStatus,
    /// A cancelled appointment can't be moved: its slot may belong to another one by now.
    #[error("the appointment is cancelled")]
    Cancelled,
    /// An appointment that has expired can't be moved, for the same reason.
    #[error("the appointment has expired")]
    Expired,
    /// The appointment is no longer in the version that the change is based on, or doesn't satisfy the precondition.
    #[error("it has changed")]
    VersionMismatch,
}

impl Refusal for AppointmentRefusal {}

impl ChangeRefusal for AppointmentRefusal {
    const VERSION_MISMATCH: Self = Self::VersionMismatch;
}

impl Appointment {
    /// A new appointment of `customer`: confirmed, in its first version.
    #[must_use]
    pub fn new(id: AppointmentId, customer: &Customer, new: NewAppointment, now: Timestamp) -> Self {
        let NewAppointment { booking, notes } = new;
        Self {
            id,
            customer: customer.summary(),
            booking,
            notes,
            status: AppointmentStatus::Confirmed,
            held_until: None,
            bill: None,
            created_at: now,
            updated_at: now,
            version: Version::FIRST,
        }
    }

    /// The appointment that a hold becomes. It has the hold's id and the hold's next version.
    #[must_use]
    pub fn of_hold(hold: &Hold, customer: &Customer, notes: Option<Notes>, now: Timestamp) -> Self {
        Self {
            id: AppointmentId::new(hold.id.object_id()),
            customer: customer.summary(),
            booking: hold.booking.clone(),
            notes,
            status: AppointmentStatus::Confirmed,
            held_until: None,
            bill: None,
            created_at: now,
            updated_at: now,
            version: hold.version.next(),
        }
    }

    /// The same new appointment, if it has to be paid: it waits for its payment.
    #[must_use]
    pub fn to_be_paid(self, terms: &PaymentTerms) -> Self {
        Self {
            status: AppointmentStatus::Pending,
            held_until: Some(self.created_at.minutes_later(terms.time.as_minutes())),
            bill: Some(Bill::of(terms)),
            ..self
        }
    }

    /// The state after it was not paid in time. `None` unless it has waited long enough at `now`.
    #[must_use]
    pub fn expired(&self, now: Timestamp) -> Option<Self> {
        let due =
            self.status == AppointmentStatus::Pending && self.held_until.is_some_and(|until| until <= now);
        due.then(|| {
            let next = Self {
                status: AppointmentStatus::Expired,
                ..self.clone()
            };
            self.followed_by(next, now)
        })
    }

    /// The state with that bill. If enough is paid, a pending appointment is confirmed, whenever that is, and an
    /// expired one if `returns`.
    #[must_use]
    pub fn billed(&self, bill: Bill, returns: bool, now: Timestamp) -> Self {
        let waits = match self.status {
            AppointmentStatus::Pending => true,
            AppointmentStatus::Expired => returns,
            _ => false,
        };
        let mut next = Self {
            bill: Some(bill),
            ..self.clone()
        };
        if waits && bill.is_secured() {
            next.status = AppointmentStatus::Confirmed;
            next.held_until = None;
        }
        self.followed_by(next, now)
    }

    /// The state after `edit`. If nothing changes, the result equals `self`, version included.
    ///
    /// # Errors
    /// [`AppointmentRefusal::InvalidStatus`] if there is no way to the status, or [`AppointmentRefusal::Cancelled`] or
    /// [`AppointmentRefusal::Expired`] if the edit would move an appointment that doesn't occupy its slot.
    pub fn edited(&self, edit: AppointmentEdit, now: Timestamp) -> Result<Self, AppointmentRefusal> {
        let start = self.booking.slot.start.to_date_time();
        let mut next = self.clone();
        if let Some(status) = edit.status {
            if !self.status.becomes(status) {
                return Err(AppointmentRefusal::InvalidStatus);
            }
            next.status = status;
            if status == AppointmentStatus::Cancelled {
                next.held_until = None;
            }
        }
        let booking = &mut next.booking;
        booking.slot = TimeSlot {
            start: LocalMinute::new(
                edit.date.unwrap_or(start.date()),
                edit.time.unwrap_or(start.time()),
            ),
            duration: edit.duration.unwrap_or(booking.slot.duration),
        };
        // In another order they are the same resources.
        if let Some(resources) = edit.resources
            && sorted(&resources) != sorted(&booking.resources)
        {
            booking.resources = resources;
        }
        if !next.status.occupies() && next.is_elsewhere_than(self) {
            return Err(match next.status {
                AppointmentStatus::Expired => AppointmentRefusal::Expired,
                _ => AppointmentRefusal::Cancelled,
            });
        }
        if let Some(service_type) = edit.service_type {
            next.booking.service_type = service_type;
        }
        if let Some(notes) = edit.notes {
            next.notes = notes;
        }
        Ok(self.followed_by(next, now))
    }

    /// The cancelled state. If the appointment is cancelled already, the result equals `self`, version included.
    ///
    /// # Errors
    /// [`AppointmentRefusal::InvalidStatus`] if there is no way to this status.
    pub fn cancelled(&self, now: Timestamp) -> Result<Self, AppointmentRefusal> {
        let edit = AppointmentEdit {
            status: Some(AppointmentStatus::Cancelled),
            ..AppointmentEdit::default()
        };
        self.edited(edit, now)
    }

    /// Whether it takes another slot or other resources than `other`, a state of the same appointment.
    #[must_use]
    pub fn is_elsewhere_than(&self, other: &Self) -> bool {
        self.booking.slot != other.booking.slot || self.booking.resources != other.booking.resources
    }

    fn followed_by(&self, next: Self, now: Timestamp) -> Self {
        if next == *self {
            next
        } else {
            Self {
                updated_at: now,
                version: self.version.next(),
                ..next
            }
        }
    }
}

fn sorted(resources: &[ResourceId]) -> Vec<ResourceId> {
    let mut resources = resources.to_vec();
    resources.sort_unstable();
    resources
}

#[cfg(test)]
mod tests;
