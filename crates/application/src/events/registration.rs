//! Registrations: register, list, read, unregister.

use crate::{
    Caller, System,
    commit::{Commits, Effect, Outcome, Request},
};
use chatgrow_domain::{
    AccountId, EmailKey, EventId, Notes, Registration, RegistrationId, RegistrationRefusal, Scope,
};
use chatgrow_ports::{CustomerStore, EventStore, Failure, Page, PageRequest, RegistrationStore, Stores};
use std::sync::Arc;

/// The use cases of registrations.
pub struct Registrations {
    customers: Arc<dyn CustomerStore>,
    events: Arc<dyn EventStore>,
    registrations: Arc<dyn RegistrationStore>,
    system: System,
    commits: Commits,
}

impl Registrations {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        Self {
            customers: stores.crm.customers.clone(),
            events: stores.events.events.clone(),
            registrations: stores.events.registrations.clone(),
            system: system.clone(),
            commits: commits.clone(),
        }
    }

    /// Gives the customer with that address a place at the event.
    ///
    /// # Errors
    /// [`RegistrationRefusal::EventNotFound`], [`RegistrationRefusal::CustomerNotFound`],
    /// [`RegistrationRefusal::NotActive`], [`RegistrationRefusal::AlreadyRegistered`], [`RegistrationRefusal::Full`],
    /// or [`Failure::Store`] if the store fails.
    pub async fn register(
        &self,
        request: &Request<Registration>,
        event: EventId,
        customer: &EmailKey,
        notes: Option<Notes>,
    ) -> Result<Outcome<Registration>, Failure<RegistrationRefusal>> {
        request.caller.require(Scope::EventsWrite)?;
        let account = request.caller.account;
        let attempt = async || {
            let Some(customer) = self.customers.by_email(account, customer).await? else {
                // If neither exists, the refusal names the event: the path comes before the body.
                self.must_exist(account, event).await?;
                return Err(RegistrationRefusal::CustomerNotFound.into());
            };
            let (id, now) = (
                RegistrationId::new(self.system.ids.next_id()),
                self.system.clock.now(),
            );
            let effect = Effect::Created(Registration::new(id, event, &customer, notes.clone(), now));
            let commit = self.commits.of(request, &effect);
            self.registrations
                .register(account, effect.resource(), commit)
                .await?;
            Ok(Some(effect))
        };
        self.commits.run(request, attempt).await
    }

    /// The event's registrations, oldest first.
    ///
    /// # Errors
    /// [`RegistrationRefusal::EventNotFound`], or [`Failure::Store`] if the store fails.
    pub async fn list(
        &self,
        caller: &Caller,
        event: EventId,
        page: PageRequest<RegistrationId>,
    ) -> Result<Page<Registration, RegistrationId>, Failure<RegistrationRefusal>> {
        caller.require(Scope::EventsRead)?;
        self.must_exist(caller.account, event).await?;
        Ok(self.registrations.list(caller.account, event, page).await?)
    }

    /// The registrations of the customer with that address, oldest first.
    ///
    /// # Errors
    /// [`RegistrationRefusal::CustomerNotFound`], or [`Failure::Store`] if the store fails.
    pub async fn of_customer(
        &self,
        caller: &Caller,
        customer: &EmailKey,
        page: PageRequest<RegistrationId>,
    ) -> Result<Page<Registration, RegistrationId>, Failure<RegistrationRefusal>> {
        caller.require(Scope::EventsRead)?;
        let account = caller.account;
        let customer = self.customers.by_email(account, customer).await?;
        let customer = customer.ok_or(RegistrationRefusal::CustomerNotFound)?;
        Ok(self.registrations.of_customer(account, customer.id, page).await?)
    }

    /// The event's registration with that id.
    ///
    /// # Errors
    /// [`RegistrationRefusal::EventNotFound`], [`RegistrationRefusal::NotFound`], or [`Failure::Store`] if the store
    /// fails.
    pub async fn get(
        &self,
        caller: &Caller,
        event: EventId,
        id: RegistrationId,
    ) -> Result<Registration, Failure<RegistrationRefusal>> {
        caller.require(Scope::EventsRead)?;
        if let Some(registration) = self.registrations.by_id(caller.account, event, id).await? {
            return Ok(registration);
        }
        self.must_exist(caller.account, event).await?;
        Err(RegistrationRefusal::NotFound.into())
    }

    /// Frees a place.
    ///
    /// # Errors
    /// [`RegistrationRefusal::EventNotFound`], [`RegistrationRefusal::NotFound`],
    /// [`RegistrationRefusal::VersionMismatch`] if the precondition doesn't hold, or [`Failure::Store`] if the store
    /// fails.
    pub async fn unregister(
        &self,
        request: &Request<Registration>,
        event: EventId,
        id: RegistrationId,
    ) -> Result<Outcome<Registration>, Failure<RegistrationRefusal>> {
        request.caller.require(Scope::EventsWrite)?;
        let attempt = async || {
            let current = self.get(&request.caller, event, id).await?;
            request
                .precondition
                .check::<RegistrationRefusal>(Some(&current))?;
            let effect = Effect::Removed(current);
            let commit = self.commits.of(request, &effect);
            let account = request.caller.account;
            // Another request may have freed the place in between. The event still exists, because events are never
            // deleted.
            if self.registrations.unregister(account, event, id, commit).await? {
                Ok(Some(effect))
            } else {
                Err(RegistrationRefusal::NotFound.into())
            }
        };
        self.commits.run(request, attempt).await
    }

    async fn must_exist(
        &self,
        account: AccountId,
        event: EventId,
    ) -> Result<(), Failure<RegistrationRefusal>> {
        let found = self.events.by_id(account, event).await?;
        Ok(found.map(drop).ok_or(RegistrationRefusal::EventNotFound)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{Mocks, at, customer, event, id, request, request_for_another_state};

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
            .register(&request(), event().id, &customer().email.key(), None)
            .await
            .unwrap();
        let expected = Registration::new(
            RegistrationId::new(id(1)),
            event().id,
            &customer(),
            None,
            at(1000),
        );
        assert_eq!(registration, Outcome::Done(Effect::Created(expected)));
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
                .register(&request(), event().id, &email, None)
                .await;
            assert_eq!(outcome.unwrap_err().to_string(), not_found);
        }
    }

    #[tokio::test]
    async fn the_stores_refusals_are_told() {
        for (refusal, told) in [
            (RegistrationRefusal::EventNotFound, "there is no such event"),
            (
                RegistrationRefusal::AlreadyRegistered,
                "the customer is registered already",
            ),
            (RegistrationRefusal::Full, "the event is full"),
            (RegistrationRefusal::NotActive, "the event is not active"),
        ] {
            let mut mocks = Mocks::at(1000);
            mocks
                .customers
                .expect_by_email()
                .returning(|_, _| Ok(Some(customer())));
            mocks
                .registrations
                .expect_register()
                .times(1)
                .returning(move |_, _, _| Err(refusal.into()));
            let email = customer().email.key();
            let outcome = mocks
                .build()
                .events
                .registrations
                .register(&request(), event().id, &email, None)
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
                .unregister(&request(), event().id, id)
                .await;
            assert_eq!(outcome.unwrap_err().to_string(), missing);
        }
    }

    #[tokio::test]
    async fn frees_what_the_caller_has_seen_and_is_still_there() {
        for (request, freed, told) in [
            (request(), Some(true), None),
            (request(), Some(false), Some("there is no such registration")),
            (request_for_another_state(), None, Some("it has changed")),
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
                .unregister(&request, event().id, place)
                .await;
            assert_eq!(outcome.err().map(|error| error.to_string()).as_deref(), told);
        }
    }
}
