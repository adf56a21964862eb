//! What a change shows of a resource: what `GET` shows of it.

use crate::{access, crm, events, scheduling};
use chatgrow_application::{Representation, Snapshot};
use chatgrow_domain::ChangeData;
use serde_json::{Map, Value};

/// Shows resources as the API does.
pub struct ApiRepresentation;

impl Representation for ApiRepresentation {
    fn data<'a>(&self, before: Option<Snapshot<'a>>, object: Snapshot<'a>) -> ChangeData {
        let object = fields(object);
        let previous = before.map(|before| {
            let mut previous = fields(before);
            previous.retain(|name, value| object.get(name) != Some(value));
            previous
        });
        let (object, previous) = (text(object), previous.map(text));
        if object.len() + previous.as_ref().map_or(0, String::len) > ChangeData::MAX_BYTES {
            return ChangeData::default();
        }
        ChangeData {
            object: Some(object),
            previous,
        }
    }
}

fn text(fields: Map<String, Value>) -> String {
    Value::Object(fields).to_string()
}

/// The fields of a resource.
fn fields(snapshot: Snapshot<'_>) -> Map<String, Value> {
    match snapshot {
        Snapshot::Account(account) => shown(access::account::Account::from(account)),
        Snapshot::ApiKey(key) => shown(access::api_key::ApiKey::from(key.clone())),
        Snapshot::Appointment(dated) => shown(scheduling::appointment::Appointment::from(dated.clone())),
        Snapshot::Block(block) => shown(scheduling::block::Block::from(block.clone())),
        Snapshot::Customer(customer) => shown(crm::customer::Customer::from(customer.clone())),
        Snapshot::Event(event) => shown(events::event::Event::from(event.clone())),
        Snapshot::Hold(dated) => shown(scheduling::hold::Hold::from(dated.clone())),
        Snapshot::Registration(registration) => {
            shown(events::registration::Registration::from(registration.clone()))
        }
        Snapshot::Resource(resource) => shown(scheduling::resource::Resource::from(resource.clone())),
        Snapshot::Schedule(schedule) => shown(scheduling::schedule::Schedule::from(schedule.clone())),
        Snapshot::Service(service) => shown(scheduling::service::Service::from(service.clone())),
        Snapshot::User(user) => shown(access::user::User::from(user)),
    }
}

#[expect(
    clippy::expect_used,
    reason = "structs of strings and numbers always serialize"
)]
fn shown(resource: impl serde::Serialize) -> Map<String, Value> {
    match serde_json::to_value(resource).expect("the resource serializes") {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatgrow_domain::{
        Customer, CustomerEdit, CustomerId, CustomerName, EmailAddress, NewCustomer, Notes, ObjectId,
        Timestamp,
    };

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
        // As JSON, each of these characters takes six bytes.
        let long = customer(&"\u{1}".repeat(Notes::MAX_CHARS));
        let both = |before| ApiRepresentation.data(before, Snapshot::Customer(&long));
        assert!(both(None).object.is_some());
        let other = customer(&"\u{2}".repeat(Notes::MAX_CHARS));
        assert_eq!(both(Some(Snapshot::Customer(&other))), {
            let together = 2 * 6 * Notes::MAX_CHARS;
            if together > ChangeData::MAX_BYTES {
                ChangeData::default()
            } else {
                both(Some(Snapshot::Customer(&other)))
            }
        });
    }
}
