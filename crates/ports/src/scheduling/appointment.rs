//! Appointments. The store guards that nothing that occupies a resource overlaps.

use crate::{Commit, Failure, Listed, Page, PageRequest, StartPosition, StoreError};
use async_trait::async_trait;
use chatgrow_domain::{
    AccountId, Appointment, AppointmentId, AppointmentRefusal, AppointmentStatus, Customer, EmailKey,
    LocalMinute, Timestamp,
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

/// A customer that is written together with an appointment: before it, and in the same write. If the appointment is
/// refused, the customer stays as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomerWrite {
    /// Adds this customer.
    Insert(Customer),
    /// Replaces the customer with this id by this state, if the stored version is the one before.
    Update(Customer),
}

/// An appointment that was not paid in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnpaidAppointment {
    /// The appointment's account.
    pub account: AccountId,
    /// The appointment.
    pub appointment: Appointment,
}

impl Listed for Appointment {
    type Position = StartPosition<AppointmentId>;

    fn position(&self) -> StartPosition<AppointmentId> {
        StartPosition {
            start: self.booking.slot.start,
            id: self.id,
        }
    }
}

/// Stores appointments.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AppointmentStore: Send + Sync {
    /// Adds an appointment of a customer. If the account doesn't have the customer, a resource or the service, the
    /// result is [`StoreError::Failed`].
    ///
    /// Under any concurrency it MUST be impossible that two occupancies of one account overlap, as
    /// [`Occupancy::overlaps`](chatgrow_domain::Occupancy::overlaps) defines it. Appointments occupy if their
    /// [status](AppointmentStatus::occupies) does, holds until they are released, and blocks always. Of any number of
    /// concurrent writes of overlapping occupancies at most one succeeds, with all of its resources. The others MUST
    /// return [`AppointmentRefusal::SlotTaken`].
    ///
    /// If `customer` can't be written, because it has changed or another one has its address, the result is
    /// [`AppointmentRefusal::CustomerChanged`].
    async fn book(
        &self,
        account: AccountId,
        appointment: &Appointment,
        customer: Option<CustomerWrite>,
        commit: Commit,
    ) -> Result<(), Failure<AppointmentRefusal>>;

    /// Turns the hold with this id into this appointment, if the hold was not released, and its stored version is the
    /// one before `appointment.version`. The slot MUST NOT be free in between. Otherwise it MUST return
    /// [`AppointmentRefusal::HoldGone`]. Of any number of concurrent calls one MUST succeed. `customer` is written as
    /// in [`book`](Self::book).
    async fn confirm(
        &self,
        account: AccountId,
        appointment: &Appointment,
        customer: Option<CustomerWrite>,
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

    /// Replaces the appointment with this id by this state (moved, edited, with another status), if the stored version
    /// is the one before `appointment.version`. Otherwise it MUST return [`AppointmentRefusal::VersionMismatch`], also
    /// if there is no such appointment, and whether or not the slot is taken. Of any number of concurrent updates of
    /// one version one MUST succeed.
    ///
    /// The slot is guarded as in [`book`](Self::book); an appointment never conflicts with itself. If an update keeps
    /// the slot and the resources, others can't make it fail: it MUST succeed, even while they try to take the slot.
    async fn update(
        &self,
        account: AccountId,
        appointment: &Appointment,
        commit: Commit,
    ) -> Result<(), Failure<AppointmentRefusal>>;

    /// Appointments that are pending and should have been paid, with their accounts: those whose `held_until` is `now`
    /// or earlier, `most` of them at most, of all accounts or of one.
    async fn unpaid(
        &self,
        account: Option<AccountId>,
        now: Timestamp,
        most: u32,
    ) -> Result<Vec<UnpaidAppointment>, StoreError>;
}
