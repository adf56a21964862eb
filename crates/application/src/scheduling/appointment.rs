//! Appointments: book, read, move or edit, cancel, list.

use crate::{
    Caller, System,
    commit::{Commits, Effect, Outcome, Request},
};
use chatgrow_domain::{
    Appointment, AppointmentEdit, AppointmentId, AppointmentRefusal, EmailKey, NewAppointment, Timestamp,
};
use chatgrow_ports::{
    AppointmentFilter, AppointmentStore, CustomerStore, Failure, Page, PageRequest, StartPosition,
    StoreError, Stores,
};
use std::sync::Arc;

/// The use cases of appointments.
pub struct Appointments {
    appointments: Arc<dyn AppointmentStore>,
    customers: Arc<dyn CustomerStore>,
    system: System,
    commits: Commits,
}

impl Appointments {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        Self {
            appointments: stores.scheduling.appointments.clone(),
            customers: stores.crm.customers.clone(),
            system: system.clone(),
            commits: commits.clone(),
        }
    }

    /// Books a slot for the customer with that address.
    ///
    /// # Errors
    /// [`AppointmentRefusal::CustomerNotFound`], [`AppointmentRefusal::SlotTaken`], or [`Failure::Store`] if the store
    /// fails.
    pub async fn book(
        &self,
        request: &Request<Appointment>,
        customer: &EmailKey,
        new: NewAppointment,
    ) -> Result<Outcome<Appointment>, Failure<AppointmentRefusal>> {
        let account = request.caller.account;
        let attempt = async || {
            // Customers are never deleted, so this one still exists when the appointment is written.
            let customer = self.customers.by_email(account, customer).await?;
            let customer = customer.ok_or(AppointmentRefusal::CustomerNotFound)?;
            let id = AppointmentId::new(self.system.ids.next_id());
            let booked = Appointment::new(id, &customer, new.clone(), self.system.clock.now());
            let effect = Effect::Created(booked);
            let commit = self.commits.of(request, &effect);
            self.appointments
                .book(account, effect.resource(), None, commit)
                .await?;
            Ok(Some(effect))
        };
        self.commits.run(request, attempt).await
    }

    /// The appointment with that id.
    ///
    /// # Errors
    /// [`AppointmentRefusal::NotFound`], or [`Failure::Store`] if the store fails.
    pub async fn get(
        &self,
        caller: &Caller,
        id: AppointmentId,
    ) -> Result<Appointment, Failure<AppointmentRefusal>> {
        let found = self.appointments.by_id(caller.account, id).await?;
        Ok(found.ok_or(AppointmentRefusal::NotFound)?)
    }

    /// The appointments that match the filter, ordered by start, then by id.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: &AppointmentFilter,
        page: PageRequest<StartPosition<AppointmentId>>,
    ) -> Result<Page<Appointment, StartPosition<AppointmentId>>, StoreError> {
        self.appointments.list(caller.account, filter, page).await
    }

    /// Moves the appointment, or changes the other fields that `edit` sets.
    ///
    /// # Errors
    /// [`AppointmentRefusal::NotFound`], [`AppointmentRefusal::VersionMismatch`] if the precondition doesn't hold,
    /// [`AppointmentRefusal::SlotTaken`], [`AppointmentRefusal::Cancelled`] if the edit would move a cancelled
    /// appointment, or [`Failure::Store`] if the store fails.
    pub async fn edit(
        &self,
        request: &Request<Appointment>,
        id: AppointmentId,
        edit: AppointmentEdit,
    ) -> Result<Outcome<Appointment>, Failure<AppointmentRefusal>> {
        self.change(request, id, |before, now| before.edited(edit.clone(), now))
            .await
    }

    /// Cancels the appointment, which frees its slot. Repeating it changes nothing.
    ///
    /// # Errors
    /// [`AppointmentRefusal::NotFound`], [`AppointmentRefusal::VersionMismatch`] if the precondition doesn't hold, or
    /// [`Failure::Store`] if the store fails.
    pub async fn cancel(
        &self,
        request: &Request<Appointment>,
        id: AppointmentId,
    ) -> Result<Outcome<Appointment>, Failure<AppointmentRefusal>> {
        self.change(request, id, |before, now| before.cancelled(now))
            .await
    }

    async fn change(
        &self,
        request: &Request<Appointment>,
        id: AppointmentId,
        rule: impl Fn(&Appointment, Timestamp) -> Result<Appointment, AppointmentRefusal>,
    ) -> Result<Outcome<Appointment>, Failure<AppointmentRefusal>> {
        let attempt = async || {
            let before = self.get(&request.caller, id).await?;
            request.precondition.check::<AppointmentRefusal>(Some(&before))?;
            let after = rule(&before, self.system.clock.now())?;
            let write = async |after: &Appointment, commit| {
                self.appointments
                    .update(request.caller.account, after, commit)
                    .await
            };
            self.commits.replace(request, before, after, write).await
        };
        self.commits.run(request, attempt).await
    }
}

#[cfg(test)]
mod tests;
