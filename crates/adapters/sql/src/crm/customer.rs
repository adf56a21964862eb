//! Customers.

use crate::{
    RowId,
    arrays::in_columns,
    columns::{RowReader, rows_for, versioned},
    guards::{Guard, GuardedRefusal},
    schema::customers::{self, dsl},
};
use chatgrow_domain::{
    AccountId, Customer, CustomerId, CustomerName, CustomerRefusal, CustomerSummary, EmailAddress, Notes,
    Phone, SearchWord,
};
use chatgrow_ports::{PageRequest, StoreError};
use diesel::{
    backend::Backend,
    dsl::{AsSelect, Find, auto_type},
    prelude::*,
};

/// A customer as it is stored.
#[derive(Debug, Clone, Hash, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = customers)]
#[diesel(primary_key(account_id, id))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct CustomerRow {
    account_id: RowId,
    id: RowId,
    name: String,
    email: String,
    email_key: String,
    phone: Option<String>,
    notes: Option<String>,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

in_columns!(
    CustomerRow,
    customers {
        account_id,
        id,
        name,
        email,
        email_key,
        phone,
        notes,
        created_at,
        updated_at,
        version
    }
);

impl CustomerRow {
    /// The row of an account's customer.
    #[must_use]
    pub fn new(account: AccountId, customer: &Customer) -> Self {
        Self {
            account_id: account.as_bytes().into(),
            id: customer.id.as_bytes().into(),
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

    /// The account that has it.
    #[must_use]
    pub fn account(&self) -> RowId {
        self.account_id
    }
}

impl TryFrom<CustomerRow> for Customer {
    type Error = StoreError;

    fn try_from(row: CustomerRow) -> Result<Self, StoreError> {
        let read = RowReader {
            table: "customers",
            id: row.id,
        };
        Ok(Self {
            id: CustomerId::new(row.id.object_id()),
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
pub struct CustomerSummaryRow {
    id: RowId,
    name: String,
    email: String,
    version: i64,
}

impl TryFrom<CustomerSummaryRow> for CustomerSummary {
    type Error = StoreError;

    fn try_from(row: CustomerSummaryRow) -> Result<Self, StoreError> {
        let read = RowReader {
            table: "customers",
            id: row.id,
        };
        Ok(Self {
            id: CustomerId::new(row.id.object_id()),
            name: read.get("name", CustomerName::new(row.name))?,
            email: read.get("email", EmailAddress::new(row.email))?,
            version: read.version(row.version)?,
        })
    }
}

/// The account's customer with that id.
#[auto_type]
pub fn by_id<DB: Backend>(account: RowId, id: RowId) -> _ {
    let row: AsSelect<CustomerRow, DB> = CustomerRow::as_select();
    let customer: Find<customers::table, (RowId, RowId)> = customers::table.find((account, id));
    customer.select(row)
}

/// The customer with that address, found by its key.
#[auto_type]
pub fn by_email<DB: Backend>(account: RowId, email_key: String) -> _ {
    let row: AsSelect<CustomerRow, DB> = CustomerRow::as_select();
    customers::table
        .filter(dsl::account_id.eq(account))
        .filter(dsl::email_key.eq(email_key))
        .select(row)
}

/// A page of the customers, ordered by id. The implementation of the port adds the filter, because a query whose shape
/// changes has to name its backend.
pub fn list<DB: Backend>(account: AccountId, page: &PageRequest<CustomerId>) -> list_after<DB> {
    let after = page.after.map_or(RowId::FIRST, |id| id.as_bytes().into());
    list_after(account.as_bytes().into(), after, rows_for(page))
}

#[auto_type]
fn list_after<DB: Backend>(account: RowId, after: RowId, rows: i64) -> _ {
    let row: AsSelect<CustomerRow, DB> = CustomerRow::as_select();
    customers::table
        .filter(dsl::account_id.eq(account))
        .filter(dsl::id.gt(after))
        .order(dsl::id)
        .limit(rows)
        .select(row)
}

/// How a store's dialect says what the search needs. No index helps the search, and none could without making every
/// write dearer: a look at a hundred thousand customers takes ten to forty milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct SearchDialect {
    /// The condition that the text `$column` has the text `$word`, which is in lowercase; ASCII letters without case.
    pub has_word: &'static str,
    /// The function that returns the position of its second argument in its first; 0 is nowhere.
    pub position: &'static str,
}

/// The phone number without [separators](chatgrow_domain::SearchWord::SEPARATORS). (PostgreSQL's `translate` takes
/// twice as long.)
const DIGITS: &str = "replace(replace(replace(replace(replace(replace(replace(phone, ' ', ''), '-', ''), '(', ''), ')', ''), \
    '.', ''), '/', ''), '+', '')";

impl SearchDialect {
    /// The condition that a customer has a word: the pieces of SQL around it. The word stands there three times.
    #[must_use]
    pub fn condition(self, word: &SearchWord) -> [String; 4] {
        let has_digits = format!("{}({DIGITS}, $word) > 0", self.position);
        let has_phone = if word.digits().is_some() {
            &has_digits
        } else {
            self.has_word
        };
        let texts = [
            (self.has_word, "name"),
            (self.has_word, "email"),
            (has_phone, "phone"),
        ];
        let [name, email, phone] = texts.map(|(condition, column)| {
            let condition = condition.replace("$column", column);
            let (before, after) = condition.split_once("$word").unwrap_or((&condition, ""));
            (before.to_owned(), after.to_owned())
        });
        [
            format!("({}", name.0),
            format!("{} OR {}", name.1, email.0),
            format!("{} OR {}", email.1, phone.0),
            format!("{})", phone.1),
        ]
    }
}

versioned!(before: customers, Customer);

/// The stored row that this one replaces: the one with its id, in the version before.
pub fn row_before(next: &CustomerRow) -> in_version {
    in_version(next.account_id, next.id, next.version - 1)
}

impl GuardedRefusal for CustomerRefusal {
    fn of(guard: Guard) -> Option<Self> {
        (guard == Guard::CustomerEmail).then_some(Self::EmailTaken)
    }
}

/// Implements [`CustomerStore`](chatgrow_ports::CustomerStore) with methods of the store, named in this order.
/// [`port`](crate::port) says what they do.
#[macro_export]
macro_rules! customer_store {
    ($store:ty { $find:ident, $page:ident, $search:ident, $insert:ident, $execute:ident }, $dialect:expr) => {
        const _: () = {
            use $crate::{
                crm::customer::{self, CustomerRow},
                port::{
                    diesel::{
                        dsl::sql,
                        sql_types::{Bool, Text},
                    },
                    *,
                },
                schema::customers::{dsl, table},
            };

            #[async_trait]
            impl CustomerStore for $store {
                async fn insert(
                    &self,
                    account: AccountId,
                    customer: &Customer,
                    commit: Commit,
                ) -> Result<(), Failure<CustomerRefusal>> {
                    self.$insert(CustomerRow::new(account, customer), commit)
                        .await
                }

                async fn by_id(
                    &self,
                    account: AccountId,
                    id: CustomerId,
                ) -> Result<Option<Customer>, StoreError> {
                    let customer = customer::by_id(account.as_bytes().into(), id.as_bytes().into());
                    self.$find::<CustomerRow, _>(customer).await
                }

                async fn by_email(
                    &self,
                    account: AccountId,
                    email: &EmailKey,
                ) -> Result<Option<Customer>, StoreError> {
                    let email = email.as_str().to_owned();
                    self.$find::<CustomerRow, _>(customer::by_email(account.as_bytes().into(), email))
                        .await
                }

                async fn list(
                    &self,
                    account: AccountId,
                    filter: &CustomerFilter,
                    request: PageRequest<CustomerId>,
                ) -> Result<Page<Customer, CustomerId>, StoreError> {
                    let mut query = customer::list(account, &request).into_boxed();
                    if let Some(email) = &filter.email {
                        query = query.filter(dsl::email_key.eq(email.as_str().to_owned()));
                    }
                    for word in filter.search.iter().flat_map(SearchTerm::words) {
                        let [in_name, in_email, in_phone, end] = $dialect.condition(word);
                        let folded = word.folded();
                        let has_word = sql::<Bool>(&in_name)
                            .bind::<Text, _>(folded.to_owned())
                            .sql(&in_email)
                            .bind::<Text, _>(folded.to_owned())
                            .sql(&in_phone)
                            .bind::<Text, _>(word.digits().unwrap_or(folded).to_owned())
                            .sql(&end);
                        query = query.filter(has_word);
                    }
                    if let Some(since) = filter.updated_since {
                        query = query.filter(dsl::updated_at.ge(since.as_millis()));
                    }
                    // No index covers the search or the last change.
                    if filter.search.is_some() || filter.updated_since.is_some() {
                        self.$search::<CustomerRow, _>(query, request).await
                    } else {
                        self.$page::<CustomerRow, _>(query, request).await
                    }
                }

                async fn update(
                    &self,
                    account: AccountId,
                    customer: &Customer,
                    commit: Commit,
                ) -> Result<(), Failure<CustomerRefusal>> {
                    let update = diesel::update(customer::before(account, customer))
                        .set(CustomerRow::new(account, customer));
                    match self
                        .$execute::<Failure<CustomerRefusal>>(commit, update)
                        .await?
                    {
                        0 => Err(Failure::Refused(CustomerRefusal::VersionMismatch)),
                        _ => Ok(()),
                    }
                }
            }
        };
    };
}
