//! The requests for events.

use crate::{
    error::ApiError,
    fields::{Changeable, Field, Fields, Required},
    query::{Parameter, days},
    value::Cursor,
};
use chatgrow_domain as domain;
use chatgrow_domain::{
    Capacity, EventDescription, EventId, EventLocation, EventStatus, EventTitle, LocalMinute, Money,
    PageLimit,
};
use chatgrow_ports::{EventFilter, PageRequest, StartPosition};
use paperclip::actix::Apiv2Schema;
use serde::Deserialize;
use time::{Date, Time};

/// A new event.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CreateEvent {
    /// What it is called.
    title: Required<EventTitle>,
    /// What it is about.
    description: Field<EventDescription>,
    /// The civil date; the API's own output form is accepted too.
    date: Required<Date>,
    /// The time of day, in the business's own time.
    time: Required<Time>,
    /// Where it is.
    location: Field<EventLocation>,
    /// How many may take part; any number if it is omitted.
    max_participants: Field<Capacity>,
    /// What it costs, with at most two decimals.
    price: Field<Money>,
}

impl CreateEvent {
    pub(super) fn into_domain(self) -> Result<domain::NewEvent, ApiError> {
        let mut fields = Fields::default();
        let title = fields.required("title", self.title);
        let description = fields.optional("description", self.description);
        let date = fields.required("date", self.date);
        let time = fields.required("time", self.time);
        let location = fields.optional("location", self.location);
        let capacity = fields.optional("maxParticipants", self.max_participants);
        let price = fields.optional("price", self.price);
        let (
            Some(title),
            Some(description),
            Some(date),
            Some(time),
            Some(location),
            Some(capacity),
            Some(price),
        ) = (title, description, date, time, location, capacity, price)
        else {
            return Err(fields.into_error_requiring("Title, date and time are required"));
        };
        Ok(domain::NewEvent {
            title,
            description,
            start: LocalMinute::new(date, time),
            location,
            capacity,
            price,
        })
    }
}

/// A change of some of an event's fields.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct EditEvent {
    /// Another title.
    title: Changeable<EventTitle>,
    /// Another description; `null` clears it.
    description: Field<EventDescription>,
    /// Another civil date; the API's own output form is accepted too.
    date: Changeable<Date>,
    /// Another time of day.
    time: Changeable<Time>,
    /// Another place; `null` clears it.
    location: Field<EventLocation>,
    /// Another maximum, not under the present count; `null` is any number.
    max_participants: Field<Capacity>,
    /// Another price, with at most two decimals; `null` clears it.
    price: Field<Money>,
    /// From `active` to `completed` or `cancelled`, never back.
    status: Changeable<EventStatus>,
}

impl EditEvent {
    pub(super) fn into_domain(self) -> Result<domain::EventEdit, ApiError> {
        let mut fields = Fields::default();
        let title = fields.changeable("title", self.title);
        let description = fields.clearable("description", self.description);
        let date = fields.changeable("date", self.date);
        let time = fields.changeable("time", self.time);
        let location = fields.clearable("location", self.location);
        let capacity = fields.clearable("maxParticipants", self.max_participants);
        let price = fields.clearable("price", self.price);
        let status = fields.changeable("status", self.status);
        let (Some(title), Some(description), Some(date), Some(time)) = (title, description, date, time)
        else {
            return Err(fields.into_error());
        };
        let (Some(location), Some(capacity), Some(price), Some(status)) = (location, capacity, price, status)
        else {
            return Err(fields.into_error());
        };
        Ok(domain::EventEdit {
            title,
            description,
            date,
            time,
            location,
            capacity,
            price,
            status,
        })
    }
}

/// Which events are wanted.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct ListEvents {
    /// Those on this civil date or later.
    from: Parameter<Date>,
    /// Those on this civil date or earlier.
    to: Parameter<Date>,
    /// Those in this status.
    status: Parameter<EventStatus>,
    /// The most events in this answer.
    limit: Parameter<PageLimit>,
    /// The `nextCursor` of the answer before.
    cursor: Parameter<Cursor>,
}

impl ListEvents {
    pub(super) fn into_domain(self) -> Result<(EventFilter, PageRequest<StartPosition<EventId>>), ApiError> {
        let mut fields = Fields::default();
        let from = fields.parameter("from", self.from);
        let to = fields.parameter("to", self.to);
        let status = fields.parameter("status", self.status);
        let page = fields.page(self.limit, self.cursor);
        let (Some(from), Some(to), Some(status), Some(page)) = (from, to, status, page) else {
            return Err(fields.into_error());
        };
        let (from, before) = days(from, to);
        Ok((EventFilter { from, before, status }, page))
    }
}
