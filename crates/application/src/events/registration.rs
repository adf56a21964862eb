//! Registrations: take a place at an event, list the places, free one.

use crate::{
    System,
    commit::{Admits, With},
};
use chatgrow_domain::{
    AccountId, EmailKey, EventId, Notes, Registration, RegistrationId, RegistrationRefused,
};
use chatgrow_ports::{
    Companions, CustomerStore, EventStore, Page, PageRequest, RegisterError, RegistrationStore, StoreError,
    Stores,
};
use std::sync::Arc;

/// Why a registration's use case failed.
#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    /// The account has no such event.
    #[error("there is no such event")]
    EventNotFound,
    /// The account has no customer with that address.
    #[error("there is no such customer")]
    CustomerNotFound,
    /// The event has no such registration.
    #[error("there is no such registration")]
    NotFound,
    /// The customer has a place already.
    #[error("the customer is registered already")]
    AlreadyRegistered,
    /// What is there now is not what the caller would change.
    #[error("it has changed")]
    VersionMismatch,
    /// The event takes nobody.
    #[error(transparent)]
    Refused(#[from] RegistrationRefused),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Use cases of registrations.
pub struct Registrations {
    customers: Arc<dyn CustomerStore>,
    events: Arc<dyn EventStore>,
    registrations: Arc<dyn RegistrationStore>,
    system: System,
}

impl Registrations {
    pub(crate) fn new(stores: &Stores, system: &System) -> Self {
        Self {
            customers: stores.crm.customers.clone(),
            events: stores.events.events.clone(),
            registrations: stores.events.registrations.clone(),
            system: system.clone(),
        }
    }

    /// Gives the customer with that address a place at the event.
    ///
    /// # Errors
    /// [`RegistrationError`]: no such event or customer, registered already, not active, full, or the store fails.
    pub async fn register(
        &self,
        account: AccountId,
        event: EventId,
        customer: &EmailKey,
        notes: Option<Notes>,
        with: With<'_, Registration>,
    ) -> Result<Registration, RegistrationError> {
        let Some(customer) = self.customers.by_email(account, customer).await? else {
            // A wrong event outweighs a wrong customer: the path comes before the body.
            self.must_exist(account, event).await?;
            return Err(RegistrationError::CustomerNotFound);
        };
        let id = RegistrationId::new(self.system.ids.next_id());
        let registration = Registration::new(id, event, &customer, notes, self.system.clock.now());
        let companions = with(&registration);
        match self
            .registrations
            .register(account, &registration, companions)
            .await
        {
            Ok(()) => Ok(registration),
            Err(RegisterError::EventNotFound) => Err(RegistrationError::EventNotFound),
            Err(RegisterError::AlreadyRegistered) => Err(RegistrationError::AlreadyRegistered),
            Err(RegisterError::Refused(refused)) => Err(refused.into()),
            Err(RegisterError::Store(error)) => Err(error.into()),
        }
    }

    /// The event's registrations in the order in which they came.
    ///
    /// # Errors
    /// [`RegistrationError::EventNotFound`], or the store fails.
    pub async fn list(
        &self,
        account: AccountId,
        event: EventId,
        page: PageRequest<RegistrationId>,
    ) -> Result<Page<Registration, RegistrationId>, RegistrationError> {
        self.must_exist(account, event).await?;
        Ok(self.registrations.list(account, event, page).await?)
    }

    /// The registrations of the customer with that address, in the order in which they came.
    ///
    /// # Errors
    /// [`RegistrationError::CustomerNotFound`], or the store fails.
    pub async fn of_customer(
        &self,
        account: AccountId,
        customer: &EmailKey,
        page: PageRequest<RegistrationId>,
    ) -> Result<Page<Registration, RegistrationId>, RegistrationError> {
        let customer = self.customers.by_email(account, customer).await?;
        let customer = customer.ok_or(RegistrationError::CustomerNotFound)?;
        Ok(self.registrations.of_customer(account, customer.id, page).await?)
    }

    /// One of the event's registrations.
    ///
    /// # Errors
    /// [`RegistrationError::EventNotFound`], [`RegistrationError::NotFound`], or the store fails.
    pub async fn get(
        &self,
        account: AccountId,
        event: EventId,
        id: RegistrationId,
    ) -> Result<Registration, RegistrationError> {
        if let Some(registration) = self.registrations.by_id(account, event, id).await? {
            return Ok(registration);
        }
        self.must_exist(account, event).await?;
        Err(RegistrationError::NotFound)
    }

    /// Frees a place.
    ///
    /// # Errors
    /// [`RegistrationError::EventNotFound`], [`RegistrationError::NotFound`], [`RegistrationError::VersionMismatch`], or the store
    /// fails.
    pub async fn unregister(
        &self,
        account: AccountId,
        event: EventId,
        id: RegistrationId,
        admits: Admits<'_, Registration>,
        companions: Companions,
    ) -> Result<(), RegistrationError> {
        let current = self.get(account, event, id).await?;
        if !admits(Some(&current)) {
            return Err(RegistrationError::VersionMismatch);
        }
        // Somebody else may have freed it in between. The event is still there: none is ever deleted.
        let freed = self.registrations.unregister(account, event, id, companions);
        freed.await?.then_some(()).ok_or(RegistrationError::NotFound)
    }

    async fn must_exist(&self, account: AccountId, event: EventId) -> Result<(), RegistrationError> {
        self.events
            .by_id(account, event)
            .await?
            .map(|_| ())
            .ok_or(RegistrationError::EventNotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{Mocks, account, alone, anything, at, customer, event, id};

    #[tokio::test]
    async fn registers_a_known_customer() {
        let mut mocks = Mocks::at(1000);
        mocks
            .customers
            .expect_by_email()
            .returning(|_, _| Ok(Some(customer())));
        mocks
            .registrations
            .expect_register()
            .times(1)
            .returning(|_, _, _| Ok(()));
        let registration = mocks
            .build()
            .events
            .registrations
            .register(account(), event().id, &customer().email.key(), None, &alone)
            .await
            .unwrap();
        let expected = Registration::new(
            RegistrationId::new(id(1)),
            event().id,
            &customer(),
            None,
            at(1000),
        );
        assert_eq!(registration, expected);
    }

    #[tokio::test]
    async fn a_wrong_event_outweighs_a_wrong_customer() {
        for (found, not_found) in [
            (None, "there is no such event"),
            (Some(event()), "there is no such customer"),
        ] {
            let mut mocks = Mocks::at(1000);
            mocks.customers.expect_by_email().returning(|_, _| Ok(None));
            mocks
                .events
                .expect_by_id()
                .returning(move |_, _| Ok(found.clone()));
            let email = customer().email.key();
            let outcome = mocks
                .build()
                .events
                .registrations
                .register(account(), event().id, &email, None, &alone)
                .await;
            assert_eq!(outcome.unwrap_err().to_string(), not_found);
        }
    }

    #[tokio::test]
    async fn the_stores_refusals_are_told() {
        for (refusal, told) in [
            (RegisterError::EventNotFound, "there is no such event"),
            (
                RegisterError::AlreadyRegistered,
                "the customer is registered already",
            ),
            (RegistrationRefused::Full.into(), "the event is full"),
            (RegistrationRefused::NotActive.into(), "the event is not active"),
        ] {
            let mut mocks = Mocks::at(1000);
            mocks
                .customers
                .expect_by_email()
                .returning(|_, _| Ok(Some(customer())));
            let mut refusal = Some(refusal);
            mocks
                .registrations
                .expect_register()
                .times(1)
                .returning(move |_, _, _| Err(refusal.take().unwrap()));
            let email = customer().email.key();
            let outcome = mocks
                .build()
                .events
                .registrations
                .register(account(), event().id, &email, None, &alone)
                .await;
            assert_eq!(outcome.unwrap_err().to_string(), told);
        }
    }

    #[tokio::test]
    async fn freeing_nothing_tells_what_is_missing() {
        for (found, missing) in [
            (None, "there is no such event"),
            (Some(event()), "there is no such registration"),
        ] {
            let mut mocks = Mocks::at(1000);
            mocks.registrations.expect_by_id().returning(|_, _, _| Ok(None));
            mocks
                .events
                .expect_by_id()
                .returning(move |_, _| Ok(found.clone()));
            let id = RegistrationId::new(id(5));
            let outcome = mocks
                .build()
                .events
                .registrations
                .unregister(account(), event().id, id, &anything, Companions::default())
                .await;
            assert_eq!(outcome.unwrap_err().to_string(), missing);
        }
    }

    #[tokio::test]
    async fn frees_what_the_caller_has_seen_and_is_still_there() {
        for (admitted, freed, told) in [
            (true, Some(true), None),
            (true, Some(false), Some("there is no such registration")),
            (false, None, Some("it has changed")),
        ] {
            let mut mocks = Mocks::at(1000);
            let place = RegistrationId::new(id(5));
            mocks.registrations.expect_by_id().returning(move |_, event, _| {
                Ok(Some(Registration::new(place, event, &customer(), None, at(1))))
            });
            if let Some(freed) = freed {
                mocks
                    .registrations
                    .expect_unregister()
                    .times(1)
                    .returning(move |_, _, _, _| Ok(freed));
            }
            let outcome = mocks
                .build()
                .events
                .registrations
                .unregister(account(), event().id, place, &|_| admitted, Companions::default())
                .await;
            assert_eq!(outcome.err().map(|error| error.to_string()).as_deref(), told);
        }
    }
}
