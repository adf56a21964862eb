//! What a change shows of a resource: what `GET` shows of it.

use crate::{access, billing, crm, delivery, events, scheduling};
use chatgrow_application::{Representation, Snapshot};
use chatgrow_domain::{Change, ChangeData};
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Shows resources as the API does.
pub struct ApiRepresentation;

impl Representation for ApiRepresentation {
    fn data<'a>(&self, before: Option<Snapshot<'a>>, object: Snapshot<'a>) -> ChangeData {
        let object = json(object);
        let previous = before.map(|before| previous(&json(before), &object));
        bounded(object, previous)
    }

    fn webhook(&self, change: &Change) -> Vec<u8> {
        text(&delivery::change::Change::new(change.clone(), None)).into_bytes()
    }
}

/// Both texts, unless they are too long together.
fn bounded(object: String, previous: Option<String>) -> ChangeData {
    if object.len() + previous.as_ref().map_or(0, String::len) > ChangeData::MAX_BYTES {
        return ChangeData::default();
    }
    ChangeData {
        object: Some(object),
        previous,
    }
}

/// The fields of `before` that differ in `after`.
fn previous(before: &str, after: &str) -> String {
    let (mut before, after) = (fields(before), fields(after));
    before.retain(|name, value| after.get(name).is_none_or(|after| after.get() != value.get()));
    text(&before)
}

#[expect(clippy::expect_used, reason = "it was written as an object a moment ago")]
fn fields(object: &str) -> BTreeMap<&str, &RawValue> {
    serde_json::from_str(object).expect("an object")
}

#[expect(
    clippy::expect_used,
    reason = "structs of strings and numbers always serialize"
)]
fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("it serializes")
}

/// A resource as `GET` shows it.
fn json(snapshot: Snapshot<'_>) -> String {
    match snapshot {
        Snapshot::Account(account) => text(&access::account::Account::from(account)),
        Snapshot::ApiKey(key) => text(&access::api_key::ApiKey::from(key.clone())),
        Snapshot::Appointment(dated) => text(&scheduling::appointment::Appointment::from(dated.clone())),
        Snapshot::Block(block) => text(&scheduling::block::Block::from(block.clone())),
        Snapshot::Customer(customer) => text(&crm::customer::Customer::from(customer.clone())),
        Snapshot::Event(event) => text(&events::event::Event::from(event.clone())),
        Snapshot::Hold(dated) => text(&scheduling::hold::Hold::from(dated.clone())),
        Snapshot::Payment(payment) => text(&billing::payment::Payment::from(payment.clone())),
        Snapshot::PaymentSource(source) => {
            text(&billing::payment_source::PaymentSource::from(source.clone()))
        }
        Snapshot::Registration(registration) => {
            text(&events::registration::Registration::from(registration.clone()))
        }
        Snapshot::Resource(resource) => text(&scheduling::resource::Resource::from(resource.clone())),
        Snapshot::Schedule(schedule) => text(&scheduling::schedule::Schedule::from(schedule.clone())),
        Snapshot::Service(service) => text(&scheduling::service::Service::from(service.clone())),
        Snapshot::WebhookEndpoint(endpoint) => text(&delivery::webhook_endpoint::WebhookEndpoint::from(
            endpoint.clone(),
        )),
        Snapshot::User(user) => text(&access::user::User::from(user)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatgrow_domain::{
        Customer, CustomerEdit, CustomerId, CustomerName, EmailAddress, NewCustomer, Notes, ObjectId,
        Timestamp,
    };
    use serde_json::Value;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis).unwrap()
    }

    fn customer(notes: &str) -> Customer {
        let new = NewCustomer {
            name: CustomerName::new("Dana").unwrap(),
            email: EmailAddress::new("dana@example.com").unwrap(),
            phone: None,
            notes: Some(Notes::new(notes).unwrap()),
        };
        Customer::new(CustomerId::new(ObjectId::from_bytes([1; 12])), new, at(0))
    }

    #[test]
    fn a_change_tells_what_was_different() {
        let before = customer("VIP");
        let edit = CustomerEdit {
            notes: Some(None),
            ..CustomerEdit::default()
        };
        let after = before.edited(edit, at(1000));
        let data = ApiRepresentation.data(Some(Snapshot::Customer(&before)), Snapshot::Customer(&after));
        let read = |text: Option<String>| serde_json::from_str::<Value>(&text.unwrap()).unwrap();
        assert_eq!(
            read(data.previous),
            serde_json::json!({ "notes": "VIP", "updatedAt": "1970-01-01T00:00:00.000Z" })
        );
        let object = read(data.object);
        assert_eq!(
            (&object["name"], &object["notes"]),
            (&"Dana".into(), &Value::Null)
        );
    }

    #[test]
    fn what_is_too_long_is_left_out() {
        let half = "x".repeat(ChangeData::MAX_BYTES / 2);
        let fits = bounded(half.clone(), Some(half.clone()));
        assert!(fits.object.is_some() && fits.previous.is_some());
        assert_eq!(bounded(format!("{half}x"), Some(half)), ChangeData::default());
    }
}
