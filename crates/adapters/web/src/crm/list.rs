//! The list of customers, with its search. It is a page of its own, and stands beside a customer.

use crate::{
    Shared,
    form::Form,
    page::{PageError, query},
    visit::SignedIn,
};
use chatgrow_domain::{Customer, CustomerId, PageLimit, Phone, SearchTerm};
use chatgrow_ports::{CustomerFilter, Page, PageRequest};
use std::collections::HashMap;

/// One page of the list.
pub(super) struct CustomerList {
    pub(super) form: Form,
    pub(super) customers: Vec<Listed>,
    /// How many there are, in words, if that is known.
    pub(super) count: Option<String>,
    /// The query of the next page.
    pub(super) next: Option<String>,
    /// The query of this page.
    pub(super) query: String,
    /// Whether it is a search.
    pub(super) searched: bool,
}

/// A customer in the list.
pub(super) struct Listed {
    pub(super) id: CustomerId,
    pub(super) name: String,
    /// The phone number, or else the e-mail address.
    pub(super) contact: String,
}

impl CustomerList {
    /// Reads the page for which the query asks: `q` is what to search, `after` the last customer of the page before.
    pub(super) async fn read(
        shared: &Shared,
        signed_in: &SignedIn,
        asked: &HashMap<String, String>,
    ) -> Result<Self, PageError> {
        let t = signed_in.words();
        let asked = |name| asked.get(name).map_or("", String::as_str).trim().to_owned();
        let (q, after) = (asked("q"), asked("after"));
        let mut form = Form::of([("q", q.clone())]);
        let search = form.read_optional(t, "q", SearchTerm::new);
        let page = match search {
            // What can't be searched is found nowhere.
            None => Page {
                items: Vec::new(),
                next: None,
            },
            Some(search) => {
                let filter = CustomerFilter {
                    search,
                    ..CustomerFilter::default()
                };
                let request = PageRequest {
                    limit: PageLimit::DEFAULT,
                    after: match after.as_str() {
                        "" => None,
                        after => Some(after.parse().map_err(|_| PageError::NotFound)?),
                    },
                };
                let customers = &shared.application.crm.customers;
                customers.list(signed_in.caller(), &filter, request).await?
            }
        };
        let count = page.items.len();
        let counted = after.is_empty() && page.next.is_none() && count > 0;
        let key = if q.is_empty() {
            "customers-count"
        } else {
            "customers-found"
        };
        Ok(Self {
            form,
            customers: page.items.into_iter().map(Listed::from).collect(),
            count: counted.then(|| t.count(key, count)),
            next: page
                .next
                .map(|next| query([("q", &q), ("after", &next.to_string())])),
            query: query([("q", &q), ("after", &after)]),
            searched: !q.is_empty(),
        })
    }
}

impl From<Customer> for Listed {
    fn from(customer: Customer) -> Self {
        let contact = customer.phone.as_ref().map(Phone::as_str);
        Self {
            id: customer.id,
            name: customer.name.as_str().to_owned(),
            contact: contact.unwrap_or(customer.email.as_str()).to_owned(),
        }
    }
}
