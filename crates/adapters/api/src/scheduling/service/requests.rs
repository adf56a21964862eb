//! The requests for services.

use crate::{
    error::ApiError,
    fields::{Changeable, ChangeableList, Element, Field, Fields, List, Object, Required, RequiredList},
    query::Parameter,
    value::{Cursor, Flag},
};
use chatgrow_domain as domain;
use chatgrow_domain::{
    Buffer, Count, Currency, Duration, InvalidNeed, InvalidNeeds, Money, Needs, Notes, PageLimit, Price,
    ResourceId, ServiceId, ServiceName, ServiceType,
};
use chatgrow_ports::{PageRequest, ServiceFilter};
use paperclip::actix::Apiv2Schema;
use serde::Deserialize;

/// Why a currency is refused.
pub(super) const WITHOUT_PRICE: &str = "must not be given without a price";

/// Resources that can stand in for each other.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct NeedInput {
    /// The ids of active resources of the account. A resource is in one group only.
    resources: RequiredList<Required<ResourceId>>,
    /// How many of them an appointment takes; one if it is omitted.
    count: Field<Count>,
}

impl Element for Object<NeedInput> {
    const MOST: usize = Needs::MAX_RESOURCES;
}

impl Element for Required<ResourceId> {
    const MOST: usize = Needs::MAX_RESOURCES;
}

impl NeedInput {
    fn into_domain(self, fields: &mut Fields) -> Option<domain::Need> {
        let resources = fields.required_list("resources", self.resources, Fields::element);
        let count = fields.optional("count", self.count);
        Some(domain::Need {
            resources: resources?,
            count: count?.unwrap_or(Count::Exactly(1)),
        })
    }
}

/// Names the field of a group that is to blame.
pub(super) fn refuse_need(fields: &mut Fields, InvalidNeeds { group, why }: InvalidNeeds) -> Option<()> {
    let field = match why {
        InvalidNeed::Count => "count",
        InvalidNeed::Empty | InvalidNeed::Twice | InvalidNeed::TooMany | InvalidNeed::Unknown => "resources",
    };
    fields.refuse_in("needs", group, field, why)
}

/// The needs of these groups.
fn checked(fields: &mut Fields, groups: Vec<domain::Need>) -> Option<Needs> {
    match Needs::new(groups) {
        Ok(needs) => Some(needs),
        Err(errors) => {
            for error in errors {
                refuse_need(fields, error);
            }
            None
        }
    }
}

fn need(fields: &mut Fields, item: Object<NeedInput>) -> Option<domain::Need> {
    fields.object(item)?.into_domain(fields)
}

/// A new service.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CreateService {
    /// What it is called.
    name: Required<ServiceName>,
    /// What its appointments are for.
    service_type: Required<ServiceType>,
    /// The length of its appointments in minutes; 60 if it is omitted.
    duration: Field<Duration>,
    /// The minutes before an appointment that are kept free; none if it is omitted.
    buffer_before: Field<Buffer>,
    /// The minutes after an appointment that are kept free; none if it is omitted.
    buffer_after: Field<Buffer>,
    /// The minutes between two starts that are offered; the schedule's if it is omitted.
    slot_step: Field<Duration>,
    /// What it costs, with at most two decimals.
    price: Field<Money>,
    /// The currency of the price, by its code in ISO 4217.
    currency: Field<Currency>,
    /// Free notes.
    notes: Field<Notes>,
    /// Whether it can be booked; `true` if it is omitted.
    active: Field<bool>,
    /// The groups of resources that an appointment takes; none if it is omitted, which takes the account's own schedule.
    needs: List<Object<NeedInput>>,
}

impl CreateService {
    pub(super) fn into_domain(self) -> Result<domain::ServiceTerms, ApiError> {
        let mut fields = Fields::default();
        self.terms(&mut fields)
            .ok_or_else(|| fields.into_error_requiring("Name and serviceType are required"))
    }

    fn terms(self, fields: &mut Fields) -> Option<domain::ServiceTerms> {
        let name = fields.required("name", self.name);
        let service_type = fields.required("serviceType", self.service_type);
        let duration = fields.optional("duration", self.duration);
        let buffer_before = fields.optional("bufferBefore", self.buffer_before);
        let buffer_after = fields.optional("bufferAfter", self.buffer_after);
        let slot_step = fields.optional("slotStep", self.slot_step);
        let price = fields.optional("price", self.price);
        let currency = fields.optional("currency", self.currency);
        let price = match (price, currency) {
            (Some(None), Some(Some(_))) => fields.refuse("currency", WITHOUT_PRICE),
            (Some(amount), Some(currency)) => Some(amount.map(|amount| Price { amount, currency })),
            _ => None,
        };
        let notes = fields.optional("notes", self.notes);
        let active = fields.optional("active", self.active);
        let groups = fields.list("needs", self.needs, need);
        let needs = groups.and_then(|groups| checked(fields, groups.unwrap_or_default()));
        Some(domain::ServiceTerms {
            name: name?,
            service_type: service_type?,
            duration: duration?.unwrap_or(Duration::DEFAULT),
            buffer_before: buffer_before?.unwrap_or_default(),
            buffer_after: buffer_after?.unwrap_or_default(),
            slot_step: slot_step?,
            price: price?,
            notes: notes?,
            active: active?.unwrap_or(true),
            needs: needs?,
        })
    }
}

/// A change of some of a service's fields.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct EditService {
    /// Another name.
    name: Changeable<ServiceName>,
    /// Another purpose.
    service_type: Changeable<ServiceType>,
    /// Another length in minutes.
    duration: Changeable<Duration>,
    /// Other minutes before an appointment that are kept free.
    buffer_before: Changeable<Buffer>,
    /// Other minutes after an appointment that are kept free.
    buffer_after: Changeable<Buffer>,
    /// Other minutes between two starts that are offered; `null` is the schedule's.
    slot_step: Field<Duration>,
    /// Another price, with at most two decimals; `null` clears it, and its currency.
    price: Field<Money>,
    /// Another currency, by its code in ISO 4217; `null` clears it.
    currency: Field<Currency>,
    /// Other notes; `null` clears them.
    notes: Field<Notes>,
    /// Whether it can be booked from now on.
    active: Changeable<bool>,
    /// Other groups of resources, instead of all that there were.
    needs: ChangeableList<Object<NeedInput>>,
}

impl EditService {
    pub(super) fn into_domain(self) -> Result<domain::ServiceEdit, ApiError> {
        let mut fields = Fields::default();
        self.edit(&mut fields).ok_or_else(|| fields.into_error())
    }

    fn edit(self, fields: &mut Fields) -> Option<domain::ServiceEdit> {
        let name = fields.changeable("name", self.name);
        let service_type = fields.changeable("serviceType", self.service_type);
        let duration = fields.changeable("duration", self.duration);
        let buffer_before = fields.changeable("bufferBefore", self.buffer_before);
        let buffer_after = fields.changeable("bufferAfter", self.buffer_after);
        let slot_step = fields.clearable("slotStep", self.slot_step);
        let amount = fields.clearable("price", self.price);
        let currency = fields.clearable("currency", self.currency);
        let notes = fields.clearable("notes", self.notes);
        let active = fields.changeable("active", self.active);
        let needs = match fields.changeable_list("needs", self.needs, need) {
            Some(Some(groups)) => checked(fields, groups).map(Some),
            unchanged => unchanged.map(|_| None),
        };
        Some(domain::ServiceEdit {
            name: name?,
            service_type: service_type?,
            duration: duration?,
            buffer_before: buffer_before?,
            buffer_after: buffer_after?,
            slot_step: slot_step?,
            amount: amount?,
            currency: currency?,
            notes: notes?,
            active: active?,
            needs: needs?,
        })
    }
}

/// Which services are wanted.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct ListServices {
    /// Those that can be booked, or those that can't.
    active: Parameter<Flag>,
    /// The most services in this answer.
    limit: Parameter<PageLimit>,
    /// The `nextCursor` of the answer before.
    cursor: Parameter<Cursor>,
}

impl ListServices {
    pub(super) fn into_domain(self) -> Result<(ServiceFilter, PageRequest<ServiceId>), ApiError> {
        let mut fields = Fields::default();
        let active = fields.flag("active", self.active);
        let page = fields.page(self.limit, self.cursor);
        let (Some(active), Some(page)) = (active, page) else {
            return Err(fields.into_error());
        };
        Ok((ServiceFilter { active }, page))
    }
}
