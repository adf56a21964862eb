//! Appointments: what a customer books. Every appointment that is not cancelled occupies its slot.

use crate::{
    Booking, ChangeRefusal, Customer, CustomerSummary, Duration, Hold, LocalMinute, Notes, Refusal,
    ResourceId, Revised, Revision, ServiceType, TimeSlot, Timestamp, Unbookable, Version, choice::choice,
    ids::id_type,
};
use time::{Date, Time};

id_type! {
    /// The id of an [`Appointment`].
    AppointmentId
}

choice! {
    /// An appointment's status, which decides whether it occupies its slot.
    AppointmentStatus {
        /// It will take place.
        Confirmed = "confirmed",
        /// It has taken place.
        Completed = "completed",
        /// The customer didn't come.
        NoShow = "no_show",
        /// It doesn't occupy its slot, and never will again.
        Cancelled = "cancelled",
    }
}

impl AppointmentStatus {
    /// Whether an appointment in this status occupies its slot, so that no other one may overlap it. The stores' guards
    /// enforce the same rule.
    #[must_use]
    pub const fn occupies(self) -> bool {
        match self {
            Self::Confirmed | Self::Completed | Self::NoShow => true,
            Self::Cancelled => false,
        }
    }

    /// Whether an appointment in this status may get that one. Only from `confirmed` there is a way to another status.
    #[must_use]
    pub fn becomes(self, next: Self) -> bool {
        self == next || self == Self::Confirmed
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
    /// An appointment that is not confirmed keeps its status.
    #[error("the status can't change this way")]
    InvalidStatus,
    /// A cancelled appointment can't be moved: its slot may belong to another one by now.
    #[error("the appointment is cancelled")]
    Cancelled,
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
            created_at: now,
            updated_at: now,
            version: hold.version.next(),
        }
    }

    /// The state after `edit`. If nothing changes, the result equals `self`, version included.
    ///
    /// # Errors
    /// [`AppointmentRefusal::InvalidStatus`] if there is no way to the status, or [`AppointmentRefusal::Cancelled`] if
    /// the edit would move a cancelled appointment.
    pub fn edited(&self, edit: AppointmentEdit, now: Timestamp) -> Result<Self, AppointmentRefusal> {
        let start = self.booking.slot.start.to_date_time();
        let mut next = self.clone();
        if let Some(status) = edit.status {
            if !self.status.becomes(status) {
                return Err(AppointmentRefusal::InvalidStatus);
            }
            next.status = status;
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
            return Err(AppointmentRefusal::Cancelled);
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
mod tests {
    use super::*;
    use crate::{CustomerId, CustomerName, EmailAddress, NewCustomer, ObjectId};
    use time::macros::{date, time};

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis).unwrap()
    }

    fn appointment() -> Appointment {
        let id = ObjectId::from_bytes([1; 12]);
        let new = NewCustomer {
            name: CustomerName::new("Dana").unwrap(),
            email: EmailAddress::new("dana@example.com").unwrap(),
            phone: None,
            notes: None,
        };
        let slot = TimeSlot {
            start: LocalMinute::new(date!(2025 - 12 - 25), time!(14:30)),
            duration: Duration::DEFAULT,
        };
        let new_appointment = NewAppointment {
            booking: Booking::plain(slot, ServiceType::Lesson),
            notes: None,
        };
        Appointment::new(
            AppointmentId::new(id),
            &Customer::new(CustomerId::new(id), new, at(1)),
            new_appointment,
            at(1),
        )
    }

    #[test]
    fn moving_one_part_keeps_the_others() {
        let moved = appointment()
            .edited(
                AppointmentEdit {
                    time: Some(time!(09:00)),
                    ..AppointmentEdit::default()
                },
                at(2),
            )
            .unwrap();
        assert_eq!(
            moved.booking.slot.start.to_date_time(),
            time::macros::datetime!(2025-12-25 09:00)
        );
        assert_eq!(moved.booking.slot.duration, Duration::DEFAULT);
        assert_eq!((moved.updated_at, moved.version), (at(2), Version::FIRST.next()));
    }

    #[test]
    fn resources_in_another_order_are_the_same() {
        let resource = |byte| ResourceId::new(ObjectId::from_bytes([byte; 12]));
        let mut before = appointment();
        before.booking.resources = vec![resource(2), resource(1)];
        let edit = |resources| AppointmentEdit {
            resources: Some(resources),
            ..AppointmentEdit::default()
        };
        let same = edit(vec![resource(1), resource(2)]);
        assert_eq!(before.edited(same, at(2)), Ok(before.clone()));
        let other = before.edited(edit(vec![resource(1)]), at(2)).unwrap();
        assert!(other.is_elsewhere_than(&before));
    }

    #[test]
    fn a_cancelled_one_keeps_its_slot_but_takes_notes() {
        let cancelled = appointment().cancelled(at(2)).unwrap();
        let move_it = AppointmentEdit {
            date: Some(date!(2026 - 01 - 01)),
            ..AppointmentEdit::default()
        };
        assert_eq!(
            cancelled.edited(move_it, at(3)),
            Err(AppointmentRefusal::Cancelled)
        );
        let same_slot = AppointmentEdit {
            date: Some(date!(2025 - 12 - 25)),
            notes: Some(Some(Notes::new("no show").unwrap())),
            ..AppointmentEdit::default()
        };
        assert_eq!(
            cancelled
                .edited(same_slot, at(3))
                .unwrap()
                .notes
                .unwrap()
                .as_str(),
            "no show"
        );
    }

    #[test]
    fn cancelling_again_changes_nothing() {
        let cancelled = appointment().cancelled(at(2)).unwrap();
        assert_eq!(cancelled.status, AppointmentStatus::Cancelled);
        assert_eq!(cancelled.cancelled(at(3)), Ok(cancelled));
    }

    #[test]
    fn only_a_confirmed_one_gets_another_status() {
        for from in AppointmentStatus::ALL {
            for to in AppointmentStatus::ALL {
                let before = Appointment {
                    status: *from,
                    ..appointment()
                };
                let edit = AppointmentEdit {
                    status: Some(*to),
                    ..AppointmentEdit::default()
                };
                let after = before.edited(edit, at(2)).map(|after| after.status);
                if from == to || *from == AppointmentStatus::Confirmed {
                    assert_eq!(after, Ok(*to));
                } else {
                    assert_eq!(after, Err(AppointmentRefusal::InvalidStatus));
                }
            }
        }
    }
}
