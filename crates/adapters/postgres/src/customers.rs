//! Customers. The unique constraint on the address's key is the guard.

use crate::PostgresStore;
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Customer, CustomerId, EmailKey};
use chatgrow_ports::{
    CustomerStore, InsertCustomerError, Page, PageRequest, StoreError, UpdateCustomerError,
};
use chatgrow_sql::{
    customers::{self, CustomerRow},
    schema::customers::table,
};

#[async_trait]
impl CustomerStore for PostgresStore {
    async fn insert(&self, account: AccountId, customer: &Customer) -> Result<(), InsertCustomerError> {
        let insert = diesel::insert_into(table).values(CustomerRow::new(account, customer));
        self.execute(insert).await.map(|_| ())
    }

    async fn by_email(&self, account: AccountId, email: &EmailKey) -> Result<Option<Customer>, StoreError> {
        let email = email.as_str().to_owned();
        self.find::<CustomerRow, _>(customers::by_email(account.as_bytes().into(), email))
            .await
    }

    async fn list(
        &self,
        account: AccountId,
        request: PageRequest<CustomerId>,
    ) -> Result<Page<Customer, CustomerId>, StoreError> {
        self.page::<CustomerRow, _>(customers::list(account, &request), request)
            .await
    }

    async fn update(&self, account: AccountId, customer: &Customer) -> Result<(), UpdateCustomerError> {
        let update =
            diesel::update(customers::before(account, customer)).set(CustomerRow::new(account, customer));
        match self.execute::<UpdateCustomerError>(update).await? {
            0 => Err(UpdateCustomerError::Stale),
            _ => Ok(()),
        }
    }
}
