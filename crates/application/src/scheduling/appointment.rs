//! Appointments: book, read, move or edit, cancel, list.

use crate::{
    ATTEMPTS, System,
    commit::{Admits, With, unchanged},
    contended,
};
use chatgrow_domain::{
    AccountId, Appointment, AppointmentCancelled, AppointmentEdit, AppointmentId, EmailKey, NewAppointment,
    Timestamp,
};
use chatgrow_ports::{
    AppointmentFilter, AppointmentStore, BookError, CustomerStore, IdempotencyStore, Page, PageRequest,
    StartPosition, StoreError, Stores, UpdateAppointmentError,
};
use std::sync::Arc;

/// Why an appointment's use case failed.
#[derive(Debug, thiserror::Error)]
pub enum AppointmentError {
    /// The account has no such appointment.
    #[error("there is no such appointment")]
    NotFound,
    /// The account has no customer with that address.
    #[error("there is no such customer")]
    CustomerNotFound,
    /// Another confirmed appointment overlaps the slot.
    #[error("the slot is taken")]
    SlotTaken,
    /// A cancelled appointment can't be moved.
    #[error(transparent)]
    Cancelled(#[from] AppointmentCancelled),
    /// What is there now is not what the caller would change.
    #[error("it has changed")]
    VersionMismatch,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Use cases of appointments.
pub struct Appointments {
    appointments: Arc<dyn AppointmentStore>,
    customers: Arc<dyn CustomerStore>,
    idempotency: Arc<dyn IdempotencyStore>,
    system: System,
}

impl Appointments {
    pub(crate) fn new(stores: &Stores, system: &System) -> Self {
        Self {
            appointments: stores.scheduling.appointments.clone(),
            customers: stores.crm.customers.clone(),
            idempotency: stores.idempotency.clone(),
            system: system.clone(),
        }
    }

    /// Books a slot for the customer with that address.
    ///
    /// # Errors
    /// [`AppointmentError::CustomerNotFound`], [`AppointmentError::SlotTaken`], or the store fails.
    pub async fn book(
        &self,
        account: AccountId,
        customer: &EmailKey,
        new: NewAppointment,
        with: With<'_, Appointment>,
    ) -> Result<Appointment, AppointmentError> {
        // Customers are never deleted, so the one that is read here is there when the appointment is written.
        let customer = self
            .customers
            .by_email(account, customer)
            .await?
            .ok_or(AppointmentError::CustomerNotFound)?;
        let id = AppointmentId::new(self.system.ids.next_id());
        let appointment = Appointment::new(id, &customer, new, self.system.clock.now());
        let companions = with(&appointment);
        match self.appointments.book(account, &appointment, companions).await {
            Ok(()) => Ok(appointment),
            Err(BookError::SlotTaken) => Err(AppointmentError::SlotTaken),
            Err(BookError::Store(error)) => Err(error.into()),
        }
    }

    /// The appointment with that id.
    ///
    /// # Errors
    /// [`AppointmentError::NotFound`], or the store fails.
    pub async fn get(&self, account: AccountId, id: AppointmentId) -> Result<Appointment, AppointmentError> {
        self.appointments
            .by_id(account, id)
            .await?
            .ok_or(AppointmentError::NotFound)
    }

    /// The appointments that pass the filter, by start, then id.
    ///
    /// # Errors
    /// The store fails.
    pub async fn list(
        &self,
        account: AccountId,
        filter: &AppointmentFilter,
        page: PageRequest<StartPosition<AppointmentId>>,
    ) -> Result<Page<Appointment, StartPosition<AppointmentId>>, AppointmentError> {
        Ok(self.appointments.list(account, filter, page).await?)
    }

    /// Moves the appointment, or changes the other fields that `edit` names.
    ///
    /// # Errors
    /// [`AppointmentError::NotFound`], [`AppointmentError::SlotTaken`], [`AppointmentError::Cancelled`], or the store
    /// fails.
    pub async fn edit(
        &self,
        account: AccountId,
        id: AppointmentId,
        edit: AppointmentEdit,
        admits: Admits<'_, Appointment>,
        with: With<'_, Appointment>,
    ) -> Result<Appointment, AppointmentError> {
        self.change(account, id, admits, with, |current, now| {
            Ok(current.edited(edit.clone(), now)?)
        })
        .await
    }

    /// Cancels the appointment, which frees its slot. Repeating it changes nothing.
    ///
    /// # Errors
    /// [`AppointmentError::NotFound`], or the store fails.
    pub async fn cancel(
        &self,
        account: AccountId,
        id: AppointmentId,
        admits: Admits<'_, Appointment>,
        with: With<'_, Appointment>,
    ) -> Result<Appointment, AppointmentError> {
        self.change(account, id, admits, with, |current, now| {
            Ok(current.cancelled(now))
        })
        .await
    }

    async fn change(
        &self,
        account: AccountId,
        id: AppointmentId,
        admits: Admits<'_, Appointment>,
        with: With<'_, Appointment>,
        rule: impl Fn(&Appointment, Timestamp) -> Result<Appointment, AppointmentError>,
    ) -> Result<Appointment, AppointmentError> {
        for _ in 0..ATTEMPTS {
            let current = self.get(account, id).await?;
            if !admits(Some(&current)) {
                return Err(AppointmentError::VersionMismatch);
            }
            let next = rule(&current, self.system.clock.now())?;
            let companions = with(&next);
            if next == current {
                unchanged(&*self.idempotency, companions).await?;
                return Ok(next);
            }
            match self.appointments.update(account, &next, companions).await {
                Ok(()) => return Ok(next),
                Err(UpdateAppointmentError::Stale) => {}
                Err(UpdateAppointmentError::SlotTaken) => return Err(AppointmentError::SlotTaken),
                Err(UpdateAppointmentError::Store(error)) => return Err(error.into()),
            }
        }
        Err(contended().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{Mocks, account, alone, anything, appointment, at, customer, new_appointment};
    use chatgrow_domain::AppointmentStatus;
    use mockall::predicate::eq;
    use time::macros::date;

    fn to_another_day() -> AppointmentEdit {
        AppointmentEdit {
            date: Some(date!(2026 - 01 - 01)),
            ..AppointmentEdit::default()
        }
    }

    #[tokio::test]
    async fn books_for_a_known_customer() {
        let mut mocks = Mocks::at(1000);
        let email = customer().email.key();
        mocks
            .customers
            .expect_by_email()
            .with(eq(account()), eq(email.clone()))
            .returning(|_, _| Ok(Some(customer())));
        mocks
            .appointments
            .expect_book()
            .with(eq(account()), eq(appointment()), mockall::predicate::always())
            .times(1)
            .returning(|_, _, _| Ok(()));
        assert_eq!(
            mocks
                .build()
                .scheduling
                .appointments
                .book(account(), &email, new_appointment(), &alone)
                .await
                .unwrap(),
            appointment()
        );
    }

    #[tokio::test]
    async fn books_nothing_for_a_stranger() {
        let mut mocks = Mocks::at(1000);
        mocks.customers.expect_by_email().returning(|_, _| Ok(None));
        let outcome = mocks
            .build()
            .scheduling
            .appointments
            .book(account(), &customer().email.key(), new_appointment(), &alone)
            .await;
        assert!(matches!(outcome, Err(AppointmentError::CustomerNotFound)));
    }

    #[tokio::test]
    async fn tells_a_taken_slot() {
        let mut mocks = Mocks::at(1000);
        mocks
            .customers
            .expect_by_email()
            .returning(|_, _| Ok(Some(customer())));
        mocks
            .appointments
            .expect_book()
            .returning(|_, _, _| Err(BookError::SlotTaken));
        let outcome = mocks
            .build()
            .scheduling
            .appointments
            .book(account(), &customer().email.key(), new_appointment(), &alone)
            .await;
        assert!(matches!(outcome, Err(AppointmentError::SlotTaken)));
    }

    #[tokio::test]
    async fn a_cancelled_one_is_not_moved() {
        let mut mocks = Mocks::at(2000);
        mocks
            .appointments
            .expect_by_id()
            .returning(|_, _| Ok(Some(appointment().cancelled(at(1500)))));
        let outcome = mocks
            .build()
            .scheduling
            .appointments
            .edit(account(), appointment().id, to_another_day(), &anything, &alone)
            .await;
        assert!(matches!(outcome, Err(AppointmentError::Cancelled(_))));
    }

    #[tokio::test]
    async fn a_move_that_loses_to_a_cancellation_is_refused() {
        let mut mocks = Mocks::at(2000);
        mocks
            .appointments
            .expect_by_id()
            .times(1)
            .returning(|_, _| Ok(Some(appointment())));
        mocks
            .appointments
            .expect_update()
            .times(1)
            .returning(|_, _, _| Err(UpdateAppointmentError::Stale));
        mocks
            .appointments
            .expect_by_id()
            .times(1)
            .returning(|_, _| Ok(Some(appointment().cancelled(at(1500)))));
        let outcome = mocks
            .build()
            .scheduling
            .appointments
            .edit(account(), appointment().id, to_another_day(), &anything, &alone)
            .await;
        assert!(matches!(outcome, Err(AppointmentError::Cancelled(_))));
    }

    #[tokio::test]
    async fn tells_a_taken_slot_of_a_move() {
        let mut mocks = Mocks::at(2000);
        mocks
            .appointments
            .expect_by_id()
            .returning(|_, _| Ok(Some(appointment())));
        mocks
            .appointments
            .expect_update()
            .times(1)
            .returning(|_, _, _| Err(UpdateAppointmentError::SlotTaken));
        let outcome = mocks
            .build()
            .scheduling
            .appointments
            .edit(account(), appointment().id, to_another_day(), &anything, &alone)
            .await;
        assert!(matches!(outcome, Err(AppointmentError::SlotTaken)));
    }

    #[tokio::test]
    async fn cancelling_again_writes_nothing() {
        let mut mocks = Mocks::at(2000);
        mocks
            .appointments
            .expect_by_id()
            .returning(|_, _| Ok(Some(appointment().cancelled(at(1500)))));
        let cancelled = mocks
            .build()
            .scheduling
            .appointments
            .cancel(account(), appointment().id, &anything, &alone)
            .await
            .unwrap();
        assert_eq!(
            (cancelled.status, cancelled.updated_at),
            (AppointmentStatus::Cancelled, at(1500))
        );
    }

    #[tokio::test]
    async fn an_unknown_one_is_not_found() {
        let mut mocks = Mocks::at(2000);
        mocks.appointments.expect_by_id().returning(|_, _| Ok(None));
        let application = mocks.build();
        let outcome = application
            .scheduling
            .appointments
            .cancel(account(), appointment().id, &anything, &alone)
            .await;
        assert!(matches!(outcome, Err(AppointmentError::NotFound)));
    }
}
