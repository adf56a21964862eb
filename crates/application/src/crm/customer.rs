//! Customers: create, read, edit, create-or-replace, list.

use crate::{
    ATTEMPTS, System,
    commit::{Admits, With, unchanged},
    contended,
};
use chatgrow_domain::{AccountId, Customer, CustomerEdit, CustomerId, EmailKey, NewCustomer};
use chatgrow_ports::{
    Companions, CustomerFilter, CustomerStore, IdempotencyStore, InsertCustomerError, Page, PageRequest,
    StoreError, Stores, UpdateCustomerError,
};
use std::sync::Arc;

/// Why a customer's use case failed.
#[derive(Debug, thiserror::Error)]
pub enum CustomerError {
    /// The account has no customer with that address.
    #[error("there is no such customer")]
    NotFound,
    /// Another customer of the account has the address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// What is there now is not what the caller would change.
    #[error("it has changed")]
    VersionMismatch,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What [`Customers::put`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// There was no such customer; now there is this one.
    Created(Customer),
    /// The customer is now so.
    Replaced(Customer),
}

/// Use cases of customers.
pub struct Customers {
    customers: Arc<dyn CustomerStore>,
    idempotency: Arc<dyn IdempotencyStore>,
    system: System,
}

impl Customers {
    pub(crate) fn new(stores: &Stores, system: &System) -> Self {
        Self {
            customers: stores.crm.customers.clone(),
            idempotency: stores.idempotency.clone(),
            system: system.clone(),
        }
    }

    /// Makes a customer.
    ///
    /// # Errors
    /// [`CustomerError::EmailTaken`], or the store fails.
    pub async fn create(
        &self,
        account: AccountId,
        new: NewCustomer,
        with: With<'_, Customer>,
    ) -> Result<Customer, CustomerError> {
        let customer = self.new_customer(new);
        match self.customers.insert(account, &customer, with(&customer)).await {
            Ok(()) => Ok(customer),
            Err(InsertCustomerError::EmailTaken) => Err(CustomerError::EmailTaken),
            Err(InsertCustomerError::Store(error)) => Err(error.into()),
        }
    }

    /// The customer with that address.
    ///
    /// # Errors
    /// [`CustomerError::NotFound`], or the store fails.
    pub async fn get(&self, account: AccountId, email: &EmailKey) -> Result<Customer, CustomerError> {
        self.customers
            .by_email(account, email)
            .await?
            .ok_or(CustomerError::NotFound)
    }

    /// The customers that pass the filter, oldest first.
    ///
    /// # Errors
    /// The store fails.
    pub async fn list(
        &self,
        account: AccountId,
        filter: &CustomerFilter,
        page: PageRequest<CustomerId>,
    ) -> Result<Page<Customer, CustomerId>, CustomerError> {
        Ok(self.customers.list(account, filter, page).await?)
    }

    /// Changes the fields that `edit` names.
    ///
    /// # Errors
    /// [`CustomerError::NotFound`], [`CustomerError::EmailTaken`], or the store fails.
    pub async fn edit(
        &self,
        account: AccountId,
        email: &EmailKey,
        edit: CustomerEdit,
        admits: Admits<'_, Customer>,
        with: With<'_, Customer>,
    ) -> Result<Customer, CustomerError> {
        for _ in 0..ATTEMPTS {
            let current = self.get(account, email).await?;
            if !admits(Some(&current)) {
                return Err(CustomerError::VersionMismatch);
            }
            let next = current.edited(edit.clone(), self.system.clock.now());
            if self.replace(account, &current, &next, with(&next)).await? {
                return Ok(next);
            }
        }
        Err(contended().into())
    }

    /// Makes the customer with `new`'s address be `new`, whether it was there or not. Repeating it changes nothing.
    ///
    /// # Errors
    /// The store fails.
    pub async fn put(
        &self,
        account: AccountId,
        new: NewCustomer,
        admits: Admits<'_, Customer>,
        with: With<'_, Put>,
    ) -> Result<Put, CustomerError> {
        let email = new.email.key();
        for _ in 0..ATTEMPTS {
            let current = self.customers.by_email(account, &email).await?;
            if !admits(current.as_ref()) {
                return Err(CustomerError::VersionMismatch);
            }
            if let Some(current) = current {
                let next = current.replaced(new.clone(), self.system.clock.now());
                let put = Put::Replaced(next.clone());
                if self.replace(account, &current, &next, with(&put)).await? {
                    return Ok(put);
                }
            } else {
                let customer = self.new_customer(new.clone());
                let put = Put::Created(customer.clone());
                match self.customers.insert(account, &customer, with(&put)).await {
                    Ok(()) => return Ok(put),
                    // Somebody else has created it meanwhile: then it is to be replaced.
                    Err(InsertCustomerError::EmailTaken) => {}
                    Err(InsertCustomerError::Store(error)) => return Err(error.into()),
                }
            }
        }
        Err(contended().into())
    }

    fn new_customer(&self, new: NewCustomer) -> Customer {
        Customer::new(
            CustomerId::new(self.system.ids.next_id()),
            new,
            self.system.clock.now(),
        )
    }

    /// Returns whether `next` holds; `false` where `current` no longer did.
    async fn replace(
        &self,
        account: AccountId,
        current: &Customer,
        next: &Customer,
        companions: Companions,
    ) -> Result<bool, CustomerError> {
        if next == current {
            unchanged(&*self.idempotency, companions).await?;
            return Ok(true);
        }
        match self.customers.update(account, next, companions).await {
            Ok(()) => Ok(true),
            Err(UpdateCustomerError::Stale) => Ok(false),
            Err(UpdateCustomerError::EmailTaken) => Err(CustomerError::EmailTaken),
            Err(UpdateCustomerError::Store(error)) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{Mocks, account, alone, anything, at, customer, new_customer};
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
                .create(account(), new_customer(), &alone)
                .await
                .unwrap(),
            customer()
        );
    }

    #[tokio::test]
    async fn create_tells_a_taken_email() {
        let mut mocks = Mocks::at(1000);
        mocks
            .customers
            .expect_insert()
            .returning(|_, _, _| Err(InsertCustomerError::EmailTaken));
        let outcome = mocks
            .build()
            .crm
            .customers
            .create(account(), new_customer(), &alone)
            .await;
        assert!(matches!(outcome, Err(CustomerError::EmailTaken)));
    }

    #[tokio::test]
    async fn edit_of_nobody_is_not_found() {
        let mut mocks = Mocks::at(1000);
        mocks.customers.expect_by_email().returning(|_, _| Ok(None));
        let outcome = mocks
            .build()
            .crm
            .customers
            .edit(
                account(),
                &customer().email.key(),
                renaming("Noa"),
                &anything,
                &alone,
            )
            .await;
        assert!(matches!(outcome, Err(CustomerError::NotFound)));
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
            .edit(account(), &customer().email.key(), same, &anything, &alone)
            .await
            .unwrap();
        assert_eq!(edited, customer());
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
            .returning(|_, _, _| Err(UpdateCustomerError::Stale));
        mocks
            .customers
            .expect_by_email()
            .times(1)
            .returning(move |_, _| Ok(Some(meanwhile.clone())));
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
            .edit(
                account(),
                &customer().email.key(),
                renaming("Noa"),
                &anything,
                &alone,
            )
            .await
            .unwrap();
        assert_eq!(edited, expected);
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
            .returning(|_, _, _| Err(UpdateCustomerError::Stale));
        let outcome = mocks
            .build()
            .crm
            .customers
            .edit(
                account(),
                &customer().email.key(),
                renaming("Noa"),
                &anything,
                &alone,
            )
            .await;
        assert!(matches!(
            outcome,
            Err(CustomerError::Store(StoreError::Unavailable(_)))
        ));
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
            .returning(|_, _, _| Err(InsertCustomerError::EmailTaken));
        mocks
            .customers
            .expect_by_email()
            .times(1)
            .returning(|_, _| Ok(Some(customer())));
        let put = mocks
            .build()
            .crm
            .customers
            .put(account(), new_customer(), &anything, &alone)
            .await
            .unwrap();
        assert_eq!(put, Put::Replaced(customer()), "and it is as wanted already");
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
            .put(account(), new_customer(), &anything, &alone)
            .await
            .unwrap();
        assert_eq!(put, Put::Created(customer()));
    }
}
