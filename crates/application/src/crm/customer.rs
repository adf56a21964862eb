//! Customers: create, read, edit, create-or-replace, list.

use crate::{
    Caller, System,
    commit::{Commits, Effect, Outcome, Request},
};
use chatgrow_domain::{Customer, CustomerEdit, CustomerId, CustomerRefusal, EmailKey, NewCustomer};
use chatgrow_ports::{CustomerFilter, CustomerStore, Failure, Page, PageRequest, StoreError, Stores};
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
        let attempt = async || self.insert(request, new.clone()).await.map(Some);
        self.commits.run(request, attempt).await
    }

    /// The customer with that address.
    ///
    /// # Errors
    /// [`CustomerRefusal::NotFound`], or [`Failure::Store`] if the store fails.
    pub async fn get(&self, caller: &Caller, email: &EmailKey) -> Result<Customer, Failure<CustomerRefusal>> {
        let found = self.customers.by_email(caller.account, email).await?;
        Ok(found.ok_or(CustomerRefusal::NotFound)?)
    }

    /// The customers that match the filter, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: &CustomerFilter,
        page: PageRequest<CustomerId>,
    ) -> Result<Page<Customer, CustomerId>, StoreError> {
        self.customers.list(caller.account, filter, page).await
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
mod tests {
    use super::*;
    use crate::commit::ATTEMPTS;
    use crate::fixtures::{Mocks, account, at, customer, new_customer, request};
    use chatgrow_domain::{CustomerName, Version};
    use mockall::predicate::eq;

    fn renaming(name: &str) -> CustomerEdit {
        CustomerEdit {
            name: Some(CustomerName::new(name).unwrap()),
            ..CustomerEdit::default()
        }
    }

    #[tokio::test]
    async fn create_inserts_with_fresh_id_and_time() {
        let mut mocks = Mocks::at(1000);
        mocks
            .customers
            .expect_insert()
            .with(eq(account()), eq(customer()), mockall::predicate::always())
            .times(1)
            .returning(|_, _, _| Ok(()));
        assert_eq!(
            mocks
                .build()
                .crm
                .customers
                .create(&request(), new_customer())
                .await
                .unwrap(),
            Outcome::Done(Effect::Created(customer()))
        );
    }

    #[tokio::test]
    async fn create_tells_a_taken_email() {
        let mut mocks = Mocks::at(1000);
        mocks
            .customers
            .expect_insert()
            .returning(|_, _, _| Err(CustomerRefusal::EmailTaken.into()));
        let outcome = mocks
            .build()
            .crm
            .customers
            .create(&request(), new_customer())
            .await;
        assert!(matches!(
            outcome,
            Err(Failure::Refused(CustomerRefusal::EmailTaken))
        ));
    }

    #[tokio::test]
    async fn edit_of_nobody_is_not_found() {
        let mut mocks = Mocks::at(1000);
        mocks.customers.expect_by_email().returning(|_, _| Ok(None));
        let outcome = mocks
            .build()
            .crm
            .customers
            .edit(&request(), &customer().email.key(), renaming("Noa"))
            .await;
        assert!(matches!(
            outcome,
            Err(Failure::Refused(CustomerRefusal::NotFound))
        ));
    }

    #[tokio::test]
    async fn edit_that_changes_nothing_writes_nothing() {
        let mut mocks = Mocks::at(2000);
        mocks
            .customers
            .expect_by_email()
            .returning(|_, _| Ok(Some(customer())));
        let same = renaming(customer().name.as_str());
        let edited = mocks
            .build()
            .crm
            .customers
            .edit(&request(), &customer().email.key(), same)
            .await
            .unwrap();
        assert_eq!(edited, Outcome::Done(Effect::Unchanged(customer())));
    }

    #[tokio::test]
    async fn edit_begins_again_with_what_is_now_true() {
        let mut mocks = Mocks::at(2000);
        let meanwhile = Customer {
            phone: None,
            version: Version::FIRST.next(),
            ..customer()
        };
        let expected = Customer {
            updated_at: at(2000),
            version: meanwhile.version.next(),
            ..meanwhile.clone()
        }
        .edited(renaming("Noa"), at(2000));
        let expected = Customer {
            version: meanwhile.version.next(),
            ..expected
        };
        mocks
            .customers
            .expect_by_email()
            .times(1)
            .returning(|_, _| Ok(Some(customer())));
        mocks
            .customers
            .expect_update()
            .times(1)
            .returning(|_, _, _| Err(CustomerRefusal::VersionMismatch.into()));
        mocks.customers.expect_by_email().times(1).returning({
            let meanwhile = meanwhile.clone();
            move |_, _| Ok(Some(meanwhile.clone()))
        });
        mocks
            .customers
            .expect_update()
            .with(eq(account()), eq(expected.clone()), mockall::predicate::always())
            .times(1)
            .returning(|_, _, _| Ok(()));
        let edited = mocks
            .build()
            .crm
            .customers
            .edit(&request(), &customer().email.key(), renaming("Noa"))
            .await
            .unwrap();
        let effect = Effect::Changed {
            before: meanwhile,
            after: expected,
        };
        assert_eq!(edited, Outcome::Done(effect));
    }

    #[tokio::test]
    async fn edit_gives_up_where_it_always_loses() {
        let mut mocks = Mocks::at(2000);
        mocks
            .customers
            .expect_by_email()
            .times(ATTEMPTS)
            .returning(|_, _| Ok(Some(customer())));
        mocks
            .customers
            .expect_update()
            .times(ATTEMPTS)
            .returning(|_, _, _| Err(CustomerRefusal::VersionMismatch.into()));
        let outcome = mocks
            .build()
            .crm
            .customers
            .edit(&request(), &customer().email.key(), renaming("Noa"))
            .await;
        assert!(matches!(outcome, Err(Failure::Store(StoreError::Unavailable(_)))));
    }

    #[tokio::test]
    async fn put_replaces_what_somebody_else_has_just_created() {
        let mut mocks = Mocks::at(2000);
        mocks
            .customers
            .expect_by_email()
            .times(1)
            .returning(|_, _| Ok(None));
        mocks
            .customers
            .expect_insert()
            .times(1)
            .returning(|_, _, _| Err(CustomerRefusal::EmailTaken.into()));
        mocks
            .customers
            .expect_by_email()
            .times(1)
            .returning(|_, _| Ok(Some(customer())));
        let put = mocks
            .build()
            .crm
            .customers
            .put(&request(), new_customer())
            .await
            .unwrap();
        let as_wanted = Outcome::Done(Effect::Unchanged(customer()));
        assert_eq!(put, as_wanted, "and it is as wanted already");
    }

    #[tokio::test]
    async fn put_creates() {
        let mut mocks = Mocks::at(1000);
        mocks.customers.expect_by_email().returning(|_, _| Ok(None));
        mocks
            .customers
            .expect_insert()
            .times(1)
            .returning(|_, _, _| Ok(()));
        let put = mocks
            .build()
            .crm
            .customers
            .put(&request(), new_customer())
            .await
            .unwrap();
        assert_eq!(put, Outcome::Done(Effect::Created(customer())));
    }
}
