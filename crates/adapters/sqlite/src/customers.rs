//! Customers: the unique index on `(account_id, email_key)` is the guard.

use crate::{
    SqliteStore,
    columns::{RowReader, page, rows_for, version_before},
    error::{is_unique_violation, store_error},
    schema::customers,
};
use async_trait::async_trait;
use chatgrow_domain::{
    AccountId, Customer, CustomerId, CustomerName, CustomerSummary, EmailAddress, EmailKey, Notes, Phone,
};
use chatgrow_ports::{
    CustomerStore, InsertCustomerError, Page, PageRequest, StoreError, UpdateCustomerError,
};
use diesel::prelude::*;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = customers)]
#[diesel(primary_key(account_id, id))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
struct CustomerRow {
    account_id: Vec<u8>,
    id: Vec<u8>,
    name: String,
    email: String,
    email_key: String,
    phone: Option<String>,
    notes: Option<String>,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

impl CustomerRow {
    fn new(account: AccountId, customer: &Customer) -> Self {
        Self {
            account_id: account.as_bytes().to_vec(),
            id: customer.id.as_bytes().to_vec(),
            name: customer.name.as_str().to_owned(),
            email: customer.email.as_str().to_owned(),
            email_key: customer.email.key().as_str().to_owned(),
            phone: customer.phone.as_ref().map(|phone| phone.as_str().to_owned()),
            notes: customer.notes.as_ref().map(|notes| notes.as_str().to_owned()),
            created_at: customer.created_at.as_millis(),
            updated_at: customer.updated_at.as_millis(),
            version: customer.version.get(),
        }
    }
}

impl TryFrom<CustomerRow> for Customer {
    type Error = StoreError;

    fn try_from(row: CustomerRow) -> Result<Self, StoreError> {
        let read = RowReader {
            table: "customers",
            id: &row.id,
        };
        Ok(Self {
            id: read.id("id", &row.id, CustomerId::new)?,
            name: read.get("name", CustomerName::new(row.name))?,
            email: read.get("email", EmailAddress::new(row.email))?,
            phone: read.optional("phone", row.phone, Phone::new)?,
            notes: read.optional("notes", row.notes, Notes::new)?,
            created_at: read.timestamp("created_at", row.created_at)?,
            updated_at: read.timestamp("updated_at", row.updated_at)?,
            version: read.version(row.version)?,
        })
    }
}

/// The columns of a customer that appointments and registrations show.
#[derive(Queryable, Selectable)]
#[diesel(table_name = customers)]
pub(crate) struct CustomerSummaryRow {
    id: Vec<u8>,
    name: String,
    email: String,
}

impl TryFrom<CustomerSummaryRow> for CustomerSummary {
    type Error = StoreError;

    fn try_from(row: CustomerSummaryRow) -> Result<Self, StoreError> {
        let read = RowReader {
            table: "customers",
            id: &row.id,
        };
        Ok(Self {
            id: read.id("id", &row.id, CustomerId::new)?,
            name: read.get("name", CustomerName::new(row.name))?,
            email: read.get("email", EmailAddress::new(row.email))?,
        })
    }
}

#[async_trait]
impl CustomerStore for SqliteStore {
    async fn insert(&self, account: AccountId, customer: &Customer) -> Result<(), InsertCustomerError> {
        let row = CustomerRow::new(account, customer);
        self.write(move |connection| {
            match diesel::insert_into(customers::table)
                .values(row)
                .execute(connection)
            {
                Ok(_) => Ok(()),
                Err(error) if is_unique_violation(&error) => Err(InsertCustomerError::EmailTaken),
                Err(error) => Err(store_error(error).into()),
            }
        })
        .await
    }

    async fn by_email(&self, account: AccountId, email: &EmailKey) -> Result<Option<Customer>, StoreError> {
        let email = email.as_str().to_owned();
        self.read(move |connection| {
            let row = customers::table
                .filter(customers::account_id.eq(account.as_bytes().as_slice()))
                .filter(customers::email_key.eq(email))
                .select(CustomerRow::as_select())
                .first(connection);
            row.optional()
                .map_err(store_error)?
                .map(Customer::try_from)
                .transpose()
        })
        .await
    }

    async fn list(
        &self,
        account: AccountId,
        request: PageRequest<CustomerId>,
    ) -> Result<Page<Customer, CustomerId>, StoreError> {
        self.read(move |connection| {
            let mut query = customers::table
                .filter(customers::account_id.eq(account.as_bytes().as_slice()))
                .order(customers::id)
                .limit(rows_for(&request))
                .select(CustomerRow::as_select())
                .into_boxed();
            if let Some(after) = &request.after {
                query = query.filter(customers::id.gt(after.as_bytes().as_slice()));
            }
            page(
                query.load(connection).map_err(store_error)?,
                &request,
                |customer: &Customer| customer.id,
            )
        })
        .await
    }

    async fn update(&self, account: AccountId, customer: &Customer) -> Result<(), UpdateCustomerError> {
        let row = CustomerRow::new(account, customer);
        let before = version_before(customer.version);
        self.write(move |connection| {
            let stored = customers::table
                .find((&row.account_id, &row.id))
                .filter(customers::version.eq(before));
            match diesel::update(stored).set(&row).execute(connection) {
                Ok(1) => Ok(()),
                Ok(_) => Err(UpdateCustomerError::Stale),
                Err(error) if is_unique_violation(&error) => Err(UpdateCustomerError::EmailTaken),
                Err(error) => Err(store_error(error).into()),
            }
        })
        .await
    }
}
