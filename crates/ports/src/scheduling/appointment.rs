//! Appointments. The store guards that no two confirmed appointments of an account overlap.

use crate::{Commit, Failure, Listed, Page, PageRequest, StartPosition, StoreError};
use async_trait::async_trait;
use chatgrow_domain::{
    AccountId, Appointment, AppointmentId, AppointmentRefusal, AppointmentStatus, EmailKey, LocalMinute,
    Timestamp,
};

/// Which appointments to list. A field that is `None` matches all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppointmentFilter {
    /// Appointments that start at this minute or later.
    pub from: Option<LocalMinute>,
    /// Appointments that start before this minute.
    pub before: Option<LocalMinute>,
    /// Appointments in this status.
    pub status: Option<AppointmentStatus>,
    /// Appointments of the customer with this address.
    pub customer: Option<EmailKey>,
    /// Appointments that last changed at this instant or later.
    pub updated_since: Option<Timestamp>,
}

impl Listed for Appointment {
    type Position = StartPosition<AppointmentId>;

    fn position(&self) -> StartPosition<AppointmentId> {
        StartPosition {
            start: self.slot.start,
            id: self.id,
        }
    }
}

/// Stores appointments.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AppointmentStore: Send + Sync {
    /// Adds a confirmed appointment of a customer. If the account doesn't have the customer, the result is
    /// [`StoreError::Failed`].
    ///
    /// Under any concurrency it MUST be impossible that two confirmed appointments of one account overlap, as
    /// [`TimeSlot::overlaps`](chatgrow_domain::TimeSlot::overlaps) defines it. Of any number of concurrent bookings of
    /// overlapping slots at most one succeeds. The others MUST return [`AppointmentRefusal::SlotTaken`].
    async fn book(
        &self,
        account: AccountId,
        appointment: &Appointment,
        commit: Commit,
    ) -> Result<(), Failure<AppointmentRefusal>>;

    /// The appointment with that id. Here and in [`list`](Self::list) its customer MUST be shown in its present state,
    /// not as it was when the appointment was booked.
    async fn by_id(&self, account: AccountId, id: AppointmentId) -> Result<Option<Appointment>, StoreError>;

    /// The appointments that match the filter, ordered by start, then by id.
    async fn list(
        &self,
        account: AccountId,
        filter: &AppointmentFilter,
        page: PageRequest<StartPosition<AppointmentId>>,
    ) -> Result<Page<Appointment, StartPosition<AppointmentId>>, StoreError>;

    /// Replaces the appointment with this id by this state (moved, edited or cancelled), if the stored version is the
    /// one before `appointment.version`. Otherwise it MUST return [`AppointmentRefusal::VersionMismatch`], also if
    /// there is no such appointment, and whether or not the slot is taken. Of any number of concurrent updates of one
    /// version one MUST succeed.
    ///
    /// The slot is guarded as in [`book`](Self::book); an appointment never conflicts with itself. An update that
    /// leaves a confirmed appointment in its slot MUST succeed, even if others try to move there at the same time.
    async fn update(
        &self,
        account: AccountId,
        appointment: &Appointment,
        commit: Commit,
    ) -> Result<(), Failure<AppointmentRefusal>>;
}
