//! Appointments.

use super::{MemoryStore, Tables};
use crate::defects::{Defect, List, Method};
use async_trait::async_trait;
use chatgrow_domain::{
    AccountId, Appointment, AppointmentId, AppointmentRefusal, Customer, HoldId, Timestamp, Version,
};
use chatgrow_ports::{
    AppointmentFilter, AppointmentStore, Commit, CustomerWrite, Failure, Page, PageRequest, StartPosition,
    StoreError, UnpaidAppointment,
};
use tokio::task::yield_now;

impl MemoryStore {
    /// Whether `version` follows the stored version, `before`.
    pub(super) fn follows(&self, method: Method, before: Option<Version>, version: Version) -> bool {
        if self.has(Defect::IgnoresVersion(method)) {
            return before.is_some();
        }
        before.is_some() && before == version.previous()
    }

    /// Whether the slot of an appointment is taken.
    fn slot_is_taken(&self, tables: &Tables, account: AccountId, appointment: &Appointment) -> bool {
        let occupies = appointment.status.occupies() || self.has(Defect::CancelledOccupies);
        let id = appointment.id.object_id();
        occupies && self.is_taken(tables, account, id, &self.occupancy(&appointment.booking))
    }

    /// Refuses an update of an appointment that is not in the version before, or can't have its slot.
    pub(super) fn check_move(
        &self,
        method: Method,
        tables: &Tables,
        account: AccountId,
        appointment: &Appointment,
    ) -> Result<(), Failure<AppointmentRefusal>> {
        let before = tables.appointments.get(account, appointment.id);
        let hold = tables
            .holds
            .get(account, HoldId::new(appointment.id.object_id()))
            .filter(|_| self.has(Defect::UpdateConfirms));
        let before = before
            .map(|before| before.version)
            .or(hold.map(|hold| hold.version));
        let unguarded = self.has(Defect::MovesUnguarded)
            || method == Method::RecordPayment && self.has(Defect::ComesBackUnguarded);
        let taken = self.slot_is_taken(tables, account, appointment) && !unguarded;
        if taken && self.has(Defect::StaleLast(method)) {
            return Err(Failure::Refused(AppointmentRefusal::SlotTaken));
        }
        if !self.follows(method, before, appointment.version) {
            return Err(Failure::Refused(AppointmentRefusal::VersionMismatch));
        }
        if taken {
            return Err(Failure::Refused(AppointmentRefusal::SlotTaken));
        }
        self.keeps(tables, account, appointment, None)?;
        Ok(())
    }

    /// Replaces an appointment.
    pub(super) fn put_appointment(
        &self,
        tables: &mut Tables,
        account: AccountId,
        mut appointment: Appointment,
    ) {
        let before = tables.appointments.get(account, appointment.id);
        if let Some(before) = before
            && self.has(Defect::MovesFirstOnly)
        {
            let first = appointment.booking.resources.iter().take(1);
            let rest = before.booking.resources.iter().skip(1);
            appointment.booking.resources = first.chain(rest).copied().collect();
        }
        tables.appointments.put(account, appointment.id, appointment);
    }

    /// Whether a booking is told as unpaid. `due` says whether it is.
    pub(super) fn is_unpaid(&self, due: bool, held_until: Option<Timestamp>, now: Timestamp) -> bool {
        match self.defect {
            Some(Defect::UnpaidEarly) => held_until.is_some(),
            Some(Defect::UnpaidLate) => due && held_until.is_some_and(|until| until < now),
            Some(Defect::UnpaidAgain) => held_until.is_some_and(|until| until <= now),
            _ => due,
        }
    }

    /// How many unpaid bookings are told at most.
    pub(super) fn most_unpaid(&self, most: u32) -> usize {
        if self.has(Defect::UnpaidWithoutLimit) {
            usize::MAX
        } else {
            usize::try_from(most).unwrap_or(usize::MAX)
        }
    }

    fn keeps(
        &self,
        tables: &Tables,
        account: AccountId,
        appointment: &Appointment,
        customer: Option<&CustomerWrite>,
    ) -> Result<(), StoreError> {
        if self.has(Defect::ShortDays) && appointment.booking.slot.duration.as_minutes() > 720 {
            return Err(StoreError::failed("CHECK"));
        }
        let inserted =
            matches!(customer, Some(CustomerWrite::Insert(new)) if new.id == appointment.customer.id);
        if !inserted && !self.has(Defect::UnknownCustomers) {
            tables.customer(account, appointment.customer.id)?;
        }
        self.booking_refers(tables, account, &appointment.booking)
    }

    /// Refuses a customer that can't be written.
    fn check_customer(
        &self,
        tables: &Tables,
        account: AccountId,
        customer: Option<&CustomerWrite>,
    ) -> Result<(), Failure<AppointmentRefusal>> {
        let (customer, stale) = match customer {
            None => return Ok(()),
            Some(CustomerWrite::Insert(customer)) => {
                (customer, tables.customers.get(account, customer.id).is_some())
            }
            Some(CustomerWrite::Update(customer)) => {
                let before = tables.customers.get(account, customer.id);
                (
                    customer,
                    before.map(|before| before.version) != customer.version.previous(),
                )
            }
        };
        let same_address = |other: &Customer| {
            other.id != customer.id
                && other.email.key() == customer.email.key()
                && !self.has(Defect::TakenAddressBooks)
        };
        let written =
            self.has(Defect::CustomerAnyway) && tables.customers.get(account, customer.id) == Some(customer);
        let stale = stale && !written && !self.has(Defect::StaleCustomerBooks);
        if stale || tables.customers.of(account).any(same_address) {
            return Err(Failure::Refused(AppointmentRefusal::CustomerChanged));
        }
        Ok(())
    }

    /// Writes the customer before anything is checked, as a defect does.
    fn customer_anyway(&self, account: AccountId, customer: Option<&CustomerWrite>) {
        let mut tables = self.lock();
        if self.has(Defect::CustomerAnyway) && self.check_customer(&tables, account, customer).is_ok() {
            tables.put_customer(account, customer.cloned());
        }
    }

    /// The appointment as it is read: with its customer in the present state.
    fn shown(
        &self,
        tables: &Tables,
        account: AccountId,
        stored: &Appointment,
    ) -> Result<Appointment, StoreError> {
        let customer = if self.has(Defect::CustomerAsBooked) || self.has(Defect::UnknownCustomers) {
            stored.customer.clone()
        } else {
            tables.customer(account, stored.customer.id)?
        };
        Ok(Appointment {
            customer,
            booking: self.shown_booking(&stored.booking),
            ..stored.clone()
        })
    }

    fn passes(&self, filter: &AppointmentFilter, appointment: &Appointment) -> bool {
        let start = appointment.booking.slot.start;
        let before = |before| start < before || self.has(Defect::BeforeIncluded) && start == before;
        let since = filter
            .updated_since
            .filter(|_| !self.has(Defect::IgnoresSince(List::Appointments)));
        since.is_none_or(|since| appointment.updated_at >= since)
            && (self.has(Defect::IgnoresFrom) || filter.from.is_none_or(|from| start >= from))
            && filter.before.is_none_or(before)
            && (self.has(Defect::IgnoresStatus)
                || filter.status.is_none_or(|status| appointment.status == status))
            && (self.has(Defect::IgnoresCustomer)
                || filter
                    .customer
                    .as_ref()
                    .is_none_or(|email| appointment.customer.email.key() == *email))
    }
}

#[async_trait]
impl AppointmentStore for MemoryStore {
    async fn book(
        &self,
        account: AccountId,
        appointment: &Appointment,
        customer: Option<CustomerWrite>,
        commit: Commit,
    ) -> Result<(), Failure<AppointmentRefusal>> {
        let method = Method::Book;
        self.customer_anyway(account, customer.as_ref());
        let check = |tables: &Tables| {
            self.check_customer(tables, account, customer.as_ref())?;
            if self.slot_is_taken(tables, account, appointment) {
                return Err(Failure::Refused(AppointmentRefusal::SlotTaken));
            }
            self.keeps(tables, account, appointment, customer.as_ref())?;
            self.vacant(method, tables.appointments.get(account, appointment.id).is_some())?;
            Ok(Some(appointment.clone()))
        };
        let change = |tables: &mut Tables, appointment: Appointment| {
            if !self.has(Defect::CustomerForgotten) {
                tables.put_customer(account, customer.clone());
            }
            tables.appointments.put(account, appointment.id, appointment);
        };
        self.write(method, commit, check, change).await.map(drop)
    }

    async fn confirm(
        &self,
        account: AccountId,
        appointment: &Appointment,
        customer: Option<CustomerWrite>,
        commit: Commit,
    ) -> Result<(), Failure<AppointmentRefusal>> {
        let method = Method::Confirm;
        let hold = HoldId::new(appointment.id.object_id());
        self.customer_anyway(account, customer.as_ref());
        if self.has(Defect::ConfirmFreesSlot) {
            let removed = {
                let mut tables = self.lock();
                let removed = tables.holds.get(account, hold).cloned();
                tables.holds.remove(account, hold);
                removed
            };
            yield_now().await;
            if let Some(removed) = removed {
                self.lock().holds.put(account, hold, removed);
            }
        }
        let check = |tables: &Tables| {
            self.check_customer(tables, account, customer.as_ref())?;
            let kept = tables
                .holds
                .get(account, hold)
                .filter(|hold| !hold.released || self.has(Defect::ConfirmsReleased));
            let before = kept.map(|before| before.version);
            if !self.follows(method, before, appointment.version) {
                return Err(Failure::Refused(AppointmentRefusal::HoldGone));
            }
            self.keeps(tables, account, appointment, customer.as_ref())?;
            Ok(Some(appointment.clone()))
        };
        let change = |tables: &mut Tables, appointment: Appointment| {
            if !self.has(Defect::CustomerForgotten) {
                tables.put_customer(account, customer.clone());
            }
            if !self.has(Defect::ConfirmKeepsHold) {
                tables.holds.remove(account, hold);
            }
            tables.appointments.put(account, appointment.id, appointment);
        };
        self.write(method, commit, check, change).await.map(drop)
    }

    async fn by_id(&self, account: AccountId, id: AppointmentId) -> Result<Option<Appointment>, StoreError> {
        self.read(|tables| {
            let stored = tables.appointments.get(account, id);
            stored
                .map(|stored| self.shown(tables, account, stored))
                .transpose()
        })
        .await
    }

    async fn list(
        &self,
        account: AccountId,
        filter: &AppointmentFilter,
        page: PageRequest<StartPosition<AppointmentId>>,
    ) -> Result<Page<Appointment, StartPosition<AppointmentId>>, StoreError> {
        let list = List::Appointments;
        self.read(|tables| {
            let mut shown = Vec::new();
            for (owner, stored) in self.listed(list, &tables.appointments, account) {
                shown.push(self.shown(tables, owner, stored)?);
            }
            let passing = shown
                .into_iter()
                .filter(|appointment| self.passes(filter, appointment));
            Ok(self.page(list, passing, &page))
        })
        .await
    }

    async fn update(
        &self,
        account: AccountId,
        appointment: &Appointment,
        commit: Commit,
    ) -> Result<(), Failure<AppointmentRefusal>> {
        let method = Method::UpdateAppointment;
        let check = |tables: &Tables| {
            self.check_move(method, tables, account, appointment)?;
            Ok(Some(appointment.clone()))
        };
        let change = |tables: &mut Tables, appointment| self.put_appointment(tables, account, appointment);
        self.write(method, commit, check, change).await.map(drop)
    }

    async fn unpaid(
        &self,
        account: Option<AccountId>,
        now: Timestamp,
        most: u32,
    ) -> Result<Vec<UnpaidAppointment>, StoreError> {
        self.read(|tables| {
            let mut unpaid = Vec::new();
            for (owner, stored) in tables.appointments.all() {
                let due = self.is_unpaid(stored.expired(now).is_some(), stored.held_until, now);
                let of_account = account.is_none_or(|account| account == owner);
                if due && (of_account || self.has(Defect::UnpaidOfAll)) {
                    unpaid.push(UnpaidAppointment {
                        account: owner,
                        appointment: self.shown(tables, owner, stored)?,
                    });
                }
            }
            unpaid.truncate(self.most_unpaid(most));
            Ok(unpaid)
        })
        .await
    }
}
