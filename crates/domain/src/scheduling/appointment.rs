//! Appointments: a customer's slot in the schedule of an account, which has one schedule. Only confirmed appointments
//! occupy it.

use crate::{
    ChangeRefusal, Customer, CustomerSummary, Duration, LocalMinute, Notes, Refusal, Revised, Revision,
    TimeSlot, Timestamp, Version, choice::choice, ids::id_type,
};
use time::{Date, Time};

id_type! {
    /// The id of an [`Appointment`].
    AppointmentId
}

choice! {
    /// The service that the customer books.
    ServiceType {
        /// Advice.
        Consultation = "consultation",
        /// A treatment.
        Treatment = "treatment",
        /// A lesson.
        Lesson = "lesson",
        /// A workshop.
        Workshop = "workshop",
        /// Anything else.
        Other = "other",
    }
}

choice! {
    /// An appointment's status, which decides whether it occupies its slot.
    AppointmentStatus {
        /// It occupies its slot.
        Confirmed = "confirmed",
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
            Self::Confirmed => true,
            Self::Cancelled => false,
        }
    }
}

/// A customer's slot in the account's schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appointment {
    /// The appointment's id.
    pub id: AppointmentId,
    /// The customer, in its present state.
    pub customer: CustomerSummary,
    /// When it takes place.
    pub slot: TimeSlot,
    /// The service that is booked.
    pub service_type: ServiceType,
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
    /// See [`Appointment::slot`].
    pub slot: TimeSlot,
    /// See [`Appointment::service_type`].
    pub service_type: ServiceType,
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
    /// A new service.
    pub service_type: Option<ServiceType>,
    /// New notes, or `Some(None)` to clear them.
    pub notes: Option<Option<Notes>>,
}

impl Revised for Appointment {
    fn revision(&self) -> Revision {
        Revision::of(self.id, [self.version, self.customer.version])
    }
}

/// Why an appointment can't be found, booked or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppointmentRefusal {
    /// The account has no such appointment.
    #[error("there is no such appointment")]
    NotFound,
    /// The account has no customer with that address.
    #[error("there is no such customer")]
    CustomerNotFound,
    /// Another confirmed appointment overlaps the slot.
    #[error("the slot is taken")]
    SlotTaken,
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
        let NewAppointment {
            slot,
            service_type,
            notes,
        } = new;
        Self {
            id,
            customer: customer.summary(),
            slot,
            service_type,
            notes,
            status: AppointmentStatus::Confirmed,
            created_at: now,
            updated_at: now,
            version: Version::FIRST,
        }
    }

    /// The state after `edit`. If nothing changes, the result equals `self`, version included.
    ///
    /// # Errors
    /// [`AppointmentRefusal::Cancelled`] if the edit would move a cancelled appointment.
    pub fn edited(&self, edit: AppointmentEdit, now: Timestamp) -> Result<Self, AppointmentRefusal> {
        let start = self.slot.start.to_date_time();
        let mut next = self.clone();
        next.slot = TimeSlot {
            start: LocalMinute::new(
                edit.date.unwrap_or(start.date()),
                edit.time.unwrap_or(start.time()),
            ),
            duration: edit.duration.unwrap_or(self.slot.duration),
        };
        if !self.status.occupies() && next.slot != self.slot {
            return Err(AppointmentRefusal::Cancelled);
        }
        if let Some(service_type) = edit.service_type {
            next.service_type = service_type;
        }
        if let Some(notes) = edit.notes {
            next.notes = notes;
        }
        Ok(self.followed_by(next, now))
    }

    /// The cancelled state. If the appointment is cancelled already, the result equals `self`, version included.
    #[must_use]
    pub fn cancelled(&self, now: Timestamp) -> Self {
        self.followed_by(
            Self {
                status: AppointmentStatus::Cancelled,
                ..self.clone()
            },
            now,
        )
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
            slot,
            service_type: ServiceType::Lesson,
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
            moved.slot.start.to_date_time(),
            time::macros::datetime!(2025-12-25 09:00)
        );
        assert_eq!(moved.slot.duration, Duration::DEFAULT);
        assert_eq!((moved.updated_at, moved.version), (at(2), Version::FIRST.next()));
    }

    #[test]
    fn a_cancelled_one_keeps_its_slot_but_takes_notes() {
        let cancelled = appointment().cancelled(at(2));
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
        let cancelled = appointment().cancelled(at(2));
        assert_eq!(cancelled.status, AppointmentStatus::Cancelled);
        assert_eq!(cancelled.cancelled(at(3)), cancelled);
    }
}
