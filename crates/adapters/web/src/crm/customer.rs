//! The page of customers, and that of one customer.

use super::{list::CustomerList, visits::Visits};
use crate::{
    Shared,
    page::{self, PageError, Section, Shell, found, title},
    visit::SignedIn,
    words::Words,
};
use actix_web::{
    HttpResponse,
    web::{Data, Path, Query},
};
use askama::Template;
use chatgrow_domain::{Customer, CustomerId};
use std::collections::HashMap;

#[derive(Template)]
#[template(path = "crm/customers.html")]
struct CustomersPage {
    t: Words,
    shell: Shell,
    list: CustomerList,
    open: Option<Open>,
}

/// The customer that is shown beside the list.
struct Open {
    id: CustomerId,
    name: String,
    since: String,
    phone: Option<String>,
    /// What a telephone dials.
    dial: Option<String>,
    email: String,
    /// The address of a new message.
    mail: String,
    notes: Option<String>,
    visits: Visits,
}

pub(crate) async fn list(
    shared: Data<Shared>,
    signed_in: SignedIn,
    query: Query<HashMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    let t = signed_in.words();
    let list = CustomerList::read(&shared, &signed_in, &query).await?;
    let title = title(t, &list.form, "nav-customers");
    let valid = list.form.is_valid();
    let page = CustomersPage {
        t,
        shell: Shell::new(&signed_in, Section::Customers, title),
        list,
        open: None,
    };
    if valid {
        page::ok(&page)
    } else {
        page::refused(&page)
    }
}

pub(crate) async fn show(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
    query: Query<HashMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    let customer = customer(&shared, &signed_in, &id).await?;
    let t = signed_in.words();
    let clock = signed_in.wall_clock(&shared).await?;
    let name = customer.name.as_str().to_owned();
    let phone = customer.phone.as_ref().map(|phone| phone.as_str().to_owned());
    let since = clock.at(customer.created_at).to_date_time().date();
    let open = Open {
        id: customer.id,
        name: name.clone(),
        since: t.date(since),
        dial: phone.as_deref().and_then(dialled),
        phone,
        email: customer.email.as_str().to_owned(),
        mail: mail(customer.email.as_str()),
        notes: customer.notes.as_ref().map(|notes| notes.as_str().to_owned()),
        visits: Visits::read(&shared, &signed_in, &customer, &clock).await?,
    };
    page::ok(&CustomersPage {
        t,
        shell: Shell::new(&signed_in, Section::Customers, name),
        list: CustomerList::read(&shared, &signed_in, &query).await?,
        open: Some(open),
    })
}

pub(super) async fn customer(shared: &Shared, signed_in: &SignedIn, id: &str) -> Result<Customer, PageError> {
    let id: CustomerId = id.parse().map_err(|_| PageError::NotFound)?;
    let customers = &shared.application.crm.customers;
    found(customers.by_id(signed_in.caller(), id).await)
}

/// The number for a `tel:` link (RFC 3966): digits, and what else a telephone can dial. An extension, as in `ext. 3`,
/// is left out. `None` if no digit stands before it.
pub(crate) fn dialled(phone: &str) -> Option<String> {
    let number = phone.split(char::is_alphabetic).next().unwrap_or_default();
    let number: String = number
        .chars()
        .filter(|letter| letter.is_ascii_digit() || ['+', '*', '#'].contains(letter))
        .collect();
    let digits = number.bytes().any(|byte| byte.is_ascii_digit());
    digits.then(|| number.replace('#', "%23"))
}

/// The address for a `mailto:` link (RFC 6068): what isn't allowed before the `@` is encoded.
pub(crate) fn mail(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let local = serde_urlencoded::to_string([("", local)]).unwrap_or_default();
    format!("{}@{domain}", local.trim_start_matches('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telephone_dials_what_it_can() {
        for (phone, dial) in [
            ("050-555-0142", Some("0505550142")),
            ("+972 (50) 123-4567 ext. 3", Some("+972501234567")),
            ("*6050", Some("*6050")),
            ("#31#050", Some("%2331%23050")),
            ("office 3", None),
        ] {
            assert_eq!(dialled(phone).as_deref(), dial, "{phone}");
        }
    }

    #[test]
    fn an_address_stays_one_in_a_link() {
        assert_eq!(mail("noa+a?b=c@example.com"), "noa%2Ba%3Fb%3Dc@example.com");
    }
}
