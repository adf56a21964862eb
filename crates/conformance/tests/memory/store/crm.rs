//! Customers.

use super::{MemoryStore, Tables};
use crate::defects::{Defect, List, Method};
use async_trait::async_trait;
use chatgrow_domain::{AccountId, Customer, CustomerId, CustomerRefusal, EmailKey, SearchTerm, SearchWord};
use chatgrow_ports::{Commit, CustomerFilter, CustomerStore, Failure, Page, PageRequest, StoreError};

impl MemoryStore {
    /// Whether another customer of the account has the address.
    fn email_is_taken(&self, tables: &Tables, account: AccountId, customer: &Customer) -> bool {
        let key = customer.email.key();
        let taken = |other: &Customer| {
            let same = if self.has(Defect::EmailWithCase) {
                other.email == customer.email
            } else {
                other.email.key() == key
            };
            same && (other.id != customer.id || self.has(Defect::EmailOfItself))
        };
        if self.has(Defect::EmailOfAnyAccount) {
            return tables.customers.all().any(|(_, other)| taken(other));
        }
        tables.customers.of(account).any(taken)
    }

    fn kept(&self, customer: &Customer) -> Result<Customer, StoreError> {
        let long = |phone: &chatgrow_domain::Phone| phone.as_str().chars().count() > 20;
        if self.has(Defect::ShortPhones) && customer.phone.as_ref().is_some_and(long) {
            return Err(StoreError::failed("CHECK"));
        }
        let phone = customer.phone.clone().filter(|_| !self.has(Defect::ForgetsPhone));
        Ok(Customer {
            phone,
            ..customer.clone()
        })
    }
}

impl MemoryStore {
    /// Whether the search finds the customer.
    fn finds(&self, search: &SearchTerm, customer: &Customer) -> bool {
        let phone = customer.phone.as_ref().map_or("", |phone| phone.as_str());
        let word_is_in = |word: &SearchWord| {
            let name = customer.name.as_str();
            match self.defect {
                Some(Defect::SearchesNames) => name.to_ascii_lowercase().contains(word.folded()),
                Some(Defect::SearchesWithCase) => name.contains(word.folded()),
                _ => phone.contains(word.folded()),
            }
        };
        let mut words = search.words().iter();
        match self.defect {
            Some(Defect::SearchesNames | Defect::SearchesWithCase) => words.all(word_is_in),
            Some(Defect::SearchesPhonesAsWritten) if search.words()[0].digits().is_some() => {
                words.all(word_is_in)
            }
            Some(Defect::SearchesAnyWord) => {
                words.any(|word| SearchTerm::new(word.folded()).is_ok_and(|term| term.matches(customer)))
            }
            _ => search.matches(customer),
        }
    }
}

#[async_trait]
impl CustomerStore for MemoryStore {
    async fn insert(
        &self,
        account: AccountId,
        customer: &Customer,
        commit: Commit,
    ) -> Result<(), Failure<CustomerRefusal>> {
        let method = Method::InsertCustomer;
        let check = |tables: &Tables| {
            self.account(tables, account)?;
            if self.email_is_taken(tables, account, customer) {
                return Err(Failure::Refused(CustomerRefusal::EmailTaken));
            }
            self.vacant(method, tables.customers.get(account, customer.id).is_some())?;
            Ok(Some(self.kept(customer)?))
        };
        let change = |tables: &mut Tables, customer: Customer| {
            tables.customers.put(account, customer.id, customer);
        };
        self.write(method, commit, check, change).await.map(drop)
    }

    async fn by_id(&self, account: AccountId, id: CustomerId) -> Result<Option<Customer>, StoreError> {
        self.read(|tables| {
            Ok(if self.has(Defect::CustomerFoundAnywhere) {
                let mut all = tables.customers.all().map(|(_, customer)| customer);
                all.find(|customer| customer.id == id).cloned()
            } else {
                tables.customers.get(account, id).cloned()
            })
        })
        .await
    }

    async fn by_email(&self, account: AccountId, email: &EmailKey) -> Result<Option<Customer>, StoreError> {
        let named = |customer: &&Customer| customer.email.key() == *email;
        self.read(|tables| {
            Ok(if self.has(Defect::EmailFoundAnywhere) {
                tables
                    .customers
                    .all()
                    .map(|(_, customer)| customer)
                    .find(named)
                    .cloned()
            } else {
                tables.customers.of(account).find(named).cloned()
            })
        })
        .await
    }

    async fn list(
        &self,
        account: AccountId,
        filter: &CustomerFilter,
        page: PageRequest<CustomerId>,
    ) -> Result<Page<Customer, CustomerId>, StoreError> {
        let list = List::Customers;
        self.read(|tables| {
            let customers = self.listed(list, &tables.customers, account).into_iter();
            let passing = customers.map(|(_, customer)| customer).filter(|customer| {
                let email = filter.email.as_ref().filter(|_| !self.has(Defect::IgnoresEmail));
                let since = filter
                    .updated_since
                    .filter(|_| !self.has(Defect::IgnoresSince(list)));
                let search = filter
                    .search
                    .as_ref()
                    .filter(|_| !self.has(Defect::IgnoresSearch));
                email.is_none_or(|email| customer.email.key() == *email)
                    && search.is_none_or(|search| self.finds(search, customer))
                    && since.is_none_or(|since| customer.updated_at >= since)
            });
            Ok(self.page(list, passing.cloned(), &page))
        })
        .await
    }

    async fn update(
        &self,
        account: AccountId,
        customer: &Customer,
        commit: Commit,
    ) -> Result<(), Failure<CustomerRefusal>> {
        let method = Method::UpdateCustomer;
        let check = |tables: &Tables| {
            let before = tables.customers.get(account, customer.id);
            let before = before.map(|before| before.version);
            let taken = self.email_is_taken(tables, account, customer);
            if taken && self.has(Defect::StaleLast(method)) {
                return Err(Failure::Refused(CustomerRefusal::EmailTaken));
            }
            if !self.follows(method, before, customer.version) {
                return Err(Failure::Refused(CustomerRefusal::VersionMismatch));
            }
            if taken {
                return Err(Failure::Refused(CustomerRefusal::EmailTaken));
            }
            Ok(Some(self.kept(customer)?))
        };
        let change = |tables: &mut Tables, customer: Customer| {
            tables.customers.put(account, customer.id, customer);
        };
        self.write(method, commit, check, change).await.map(drop)
    }
}
