//! Registrations: register, list, read, unregister.

use crate::{
    Caller, System,
    commit::{Commits, Effect, Outcome, Request},
    events::UnpaidPlaces,
};
use chatgrow_domain::{
    AccountId, EmailKey, EventId, Notes, PaymentTerms, Registration, RegistrationId, RegistrationRefusal,
    Scope,
};
use chatgrow_ports::{
    CustomerStore, EventStore, Failure, Page, PageRequest, RegistrationStore, StoreError, Stores,
};
use std::sync::Arc;

/// The use cases of registrations.
pub struct Registrations {
    customers: Arc<dyn CustomerStore>,
    events: Arc<dyn EventStore>,
    registrations: Arc<dyn RegistrationStore>,
    unpaid: UnpaidPlaces,
    system: System,
    commits: Commits,
}

impl Registrations {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        Self {
            customers: stores.crm.customers.clone(),
            events: stores.events.events.clone(),
            registrations: stores.events.registrations.clone(),
            unpaid: UnpaidPlaces::new(stores, system, commits),
            system: system.clone(),
            commits: commits.clone(),
        }
    }

    /// Gives the customer with that address a place at the event. If it has to be paid, it waits for its payment.
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
        payment: Option<PaymentTerms>,
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
            let mut place = Registration::new(id, event, &customer, notes.clone(), now);
            if let Some(terms) = &payment {
                place = place.to_be_paid(terms);
            }
            let effect = Effect::Created(place);
            let commit = self.commits.of(request, &effect);
            let registered = self
                .registrations
                .register(account, effect.resource(), commit)
                .await;
            let Err(failure) = registered else {
                return Ok(Some(effect));
            };
            // One that was not paid in time may have the place.
            let taken = matches!(
                failure,
                Failure::Refused(RegistrationRefusal::Full | RegistrationRefusal::AlreadyRegistered)
            );
            if taken && self.unpaid.make_room(account).await? {
                return Ok(None);
            }
            Err(failure)
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

    /// The registration with that id, for whichever event.
    ///
    /// # Errors
    /// [`RegistrationRefusal::NotFound`], or [`Failure::Store`] if the store fails.
    pub async fn anywhere(
        &self,
        caller: &Caller,
        id: RegistrationId,
    ) -> Result<Registration, Failure<RegistrationRefusal>> {
        caller.require(Scope::EventsRead)?;
        let found = self.registrations.anywhere(caller.account, id).await?;
        Ok(found.ok_or(RegistrationRefusal::NotFound)?)
    }

    /// Frees a place. A registration that has to be paid, or was, is kept as cancelled, with what was paid; any other
    /// one is removed. Repeating it changes nothing if it is kept.
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
            let account = request.caller.account;
            if current.bill.is_some() {
                let cancelled = current.cancelled();
                let write = async |after: &Registration, commit| {
                    self.registrations.update(account, after, commit).await
                };
                return self.commits.replace(request, current, cancelled, write).await;
            }
            let effect = Effect::Removed(current);
            let commit = self.commits.of(request, &effect);
            let place = effect.resource();
            // If another request has freed the place in between, the next attempt doesn't find it.
            let freed = self.registrations.unregister(account, place, commit).await?;
            Ok(freed.then_some(effect))
        };
        self.commits.run(request, attempt).await
    }

    /// Lets registrations expire that were not paid in time.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn sweep(&self) -> Result<(), StoreError> {
        self.unpaid.expire_all().await
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
mod tests;
