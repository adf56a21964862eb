//! Customers: create, read, edit, create-or-replace, list.

use crate::{
    Caller, System,
    commit::{Commits, Effect, Outcome, Request},
};
use chatgrow_domain::{Customer, CustomerEdit, CustomerId, CustomerRefusal, EmailKey, NewCustomer, Scope};
use chatgrow_ports::{CustomerFilter, CustomerStore, Failure, Page, PageRequest, Stores};
use std::sync::Arc;

/// The use cases of customers.
pub struct Customers {
    customers: Arc<dyn CustomerStore>,
    system: System,
    commits: Commits,
}

impl Customers {
    pub(crate) fn new(stores: &Stores, system: &System, commits: &Commits) -> Self {
        Self {
            customers: stores.crm.customers.clone(),
            system: system.clone(),
            commits: commits.clone(),
        }
    }

    /// Creates a customer.
    ///
    /// # Errors
    /// [`CustomerRefusal::EmailTaken`], or [`Failure::Store`] if the store fails.
    pub async fn create(
        &self,
        request: &Request<Customer>,
        new: NewCustomer,
    ) -> Result<Outcome<Customer>, Failure<CustomerRefusal>> {
        request.caller.require(Scope::CustomersWrite)?;
        let attempt = async || self.insert(request, new.clone()).await.map(Some);
        self.commits.run(request, attempt).await
    }

    /// The customer with that address.
    ///
    /// # Errors
    /// [`CustomerRefusal::NotFound`], or [`Failure::Store`] if the store fails.
    pub async fn get(&self, caller: &Caller, email: &EmailKey) -> Result<Customer, Failure<CustomerRefusal>> {
        caller.require(Scope::CustomersRead)?;
        let found = self.customers.by_email(caller.account, email).await?;
        Ok(found.ok_or(CustomerRefusal::NotFound)?)
    }

    /// The customer with that id.
    ///
    /// # Errors
    /// [`CustomerRefusal::NotFound`], or [`Failure::Store`] if the store fails.
    pub async fn by_id(&self, caller: &Caller, id: CustomerId) -> Result<Customer, Failure<CustomerRefusal>> {
        caller.require(Scope::CustomersRead)?;
        let found = self.customers.by_id(caller.account, id).await?;
        Ok(found.ok_or(CustomerRefusal::NotFound)?)
    }

    /// The customers that match the filter, oldest first.
    ///
    /// # Errors
    /// [`Failure::Store`] if the store fails.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: &CustomerFilter,
        page: PageRequest<CustomerId>,
    ) -> Result<Page<Customer, CustomerId>, Failure<CustomerRefusal>> {
        caller.require(Scope::CustomersRead)?;
        Ok(self.customers.list(caller.account, filter, page).await?)
    }

    /// Changes the fields that `edit` sets.
    ///
    /// # Errors
    /// [`CustomerRefusal::NotFound`], [`CustomerRefusal::VersionMismatch`] if the precondition doesn't hold,
    /// [`CustomerRefusal::EmailTaken`], or [`Failure::Store`] if the store fails.
    pub async fn edit(
        &self,
        request: &Request<Customer>,
        email: &EmailKey,
        edit: CustomerEdit,
    ) -> Result<Outcome<Customer>, Failure<CustomerRefusal>> {
        request.caller.require(Scope::CustomersWrite)?;
        let attempt = async || {
            let before = self.get(&request.caller, email).await?;
            request.precondition.check::<CustomerRefusal>(Some(&before))?;
            let after = before.edited(edit.clone(), self.system.clock.now());
            self.replace(request, before, after).await
        };
        self.commits.run(request, attempt).await
    }

    /// Upserts the customer with `new`'s address. Repeating it changes nothing.
    ///
    /// # Errors
    /// [`CustomerRefusal::VersionMismatch`] if the precondition doesn't hold, or [`Failure::Store`] if the store fails.
    pub async fn put(
        &self,
        request: &Request<Customer>,
        new: NewCustomer,
    ) -> Result<Outcome<Customer>, Failure<CustomerRefusal>> {
        request.caller.require(Scope::CustomersWrite)?;
        let email = new.email.key();
        let attempt = async || {
            let before = self.customers.by_email(request.caller.account, &email).await?;
            request.precondition.check::<CustomerRefusal>(before.as_ref())?;
            let Some(before) = before else {
                return match self.insert(request, new.clone()).await {
                    // Another request has just created the customer: the next attempt replaces it.
                    Err(Failure::Refused(CustomerRefusal::EmailTaken)) => Ok(None),
                    created => created.map(Some),
                };
            };
            let after = before.replaced(new.clone(), self.system.clock.now());
            self.replace(request, before, after).await
        };
        self.commits.run(request, attempt).await
    }

    async fn insert(
        &self,
        request: &Request<Customer>,
        new: NewCustomer,
    ) -> Result<Effect<Customer>, Failure<CustomerRefusal>> {
        let id = CustomerId::new(self.system.ids.next_id());
        let effect = Effect::Created(Customer::new(id, new, self.system.clock.now()));
        let commit = self.commits.of(request, &effect);
        self.customers
            .insert(request.caller.account, effect.resource(), commit)
            .await?;
        Ok(effect)
    }

    async fn replace(
        &self,
        request: &Request<Customer>,
        before: Customer,
        after: Customer,
    ) -> Result<Option<Effect<Customer>>, Failure<CustomerRefusal>> {
        let write = async |after: &Customer, commit| {
            self.customers.update(request.caller.account, after, commit).await
        };
        self.commits.replace(request, before, after, write).await
    }
}

#[cfg(test)]
mod tests;
