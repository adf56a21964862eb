//! The requests of the search.

use crate::{
    error::ApiError,
    fields::Fields,
    query::{Parameter, days},
    value::{Cursor, Flag},
};
use chatgrow_application::{Search, Sought};
use chatgrow_domain::{Duration, Interval, LocalMinute, PageLimit, ResourceId, ServiceId};
use chatgrow_ports::PageRequest;
use paperclip::actix::Apiv2Schema;
use serde::Deserialize;
use std::ops::Range;
use time::{Date, macros::time};

/// The most days of one request.
const MOST_DAYS: i64 = 62;

/// What is to be booked, and when.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SearchSlots {
    /// The first civil date; required.
    from: Parameter<Date>,
    /// The last civil date; required. At most 62 days are searched.
    to: Parameter<Date>,
    /// The service that is to be booked.
    service_id: Parameter<ServiceId>,
    /// The minutes that are to be booked, if it is not a service.
    duration: Parameter<Minutes>,
    /// A resource that has to be taken.
    resource_id: Parameter<ResourceId>,
    /// Whether to tell of starts that can't be booked, too, and why.
    explain: Parameter<Flag>,
    /// The most slots in this answer. With `explain`, it counts those that can't be booked as well.
    limit: Parameter<PageLimit>,
    /// The `nextCursor` of the answer before.
    cursor: Parameter<Cursor>,
}

impl SearchSlots {
    pub(super) fn into_domain(self) -> Result<Search, ApiError> {
        let mut fields = Fields::default();
        self.search(&mut fields)
            .ok_or_else(|| fields.into_error_requiring("from and to are required"))
    }

    fn search(self, fields: &mut Fields) -> Option<Search> {
        let starts = range(fields, self.from, self.to);
        let service = fields.parameter("serviceId", self.service_id);
        let duration = fields.parameter("duration", self.duration);
        let resource = fields.parameter("resourceId", self.resource_id);
        let explain = fields.flag("explain", self.explain);
        let page: Option<PageRequest<LocalMinute>> = fields.page(self.limit, self.cursor);
        let what = match (service?, duration?) {
            (Some(service), None) => Sought::Service(service),
            (None, Some(Minutes(duration))) => Sought::Time(duration),
            (None, None) => fields.refuse("serviceId", "is required, unless there is duration")?,
            (Some(_), Some(_)) => fields.refuse("duration", "must not be given with serviceId")?,
        };
        let page = page?;
        Some(Search {
            what,
            resource: resource?,
            starts: starts?,
            after: page.after,
            limit: page.limit,
            explain: explain?.unwrap_or(false),
        })
    }
}

/// When a resource's busy times are wanted.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct BusyTimes {
    /// The first civil date; required.
    from: Parameter<Date>,
    /// The last civil date; required. At most 62 days are told.
    to: Parameter<Date>,
}

impl BusyTimes {
    pub(super) fn into_domain(self) -> Result<Interval, ApiError> {
        let mut fields = Fields::default();
        let minutes = range(&mut fields, self.from, self.to);
        let minutes = minutes.ok_or_else(|| fields.into_error_requiring("from and to are required"))?;
        Ok(Interval {
            from: minutes.start.as_minutes(),
            until: minutes.end.as_minutes(),
        })
    }
}

/// The minutes of two dates and of those between.
fn range(fields: &mut Fields, from: Parameter<Date>, to: Parameter<Date>) -> Option<Range<LocalMinute>> {
    let from = fields.required_parameter("from", from);
    let to = fields.required_parameter("to", to);
    let (first, last) = (from?, to?);
    if last < first {
        return fields.refuse("to", "must not be before from");
    }
    if (last - first).whole_days() >= MOST_DAYS {
        return fields.refuse(
            "to",
            format_args!("must be at most {MOST_DAYS} days after from, both included"),
        );
    }
    let (from, until) = days(Some(first), Some(last));
    // The last day of the calendar has no next one; then its last minute is left out.
    let until = until.unwrap_or_else(|| LocalMinute::new(last, time!(23:59)));
    Some(from?..until)
}

/// A length in the query string, and therefore a text.
pub(crate) struct Minutes(Duration);

impl crate::value::Described for Minutes {
    fn schema() -> serde_json::Value {
        Duration::schema()
    }
}

impl crate::value::Input for Minutes {
    type Json = String;

    fn parse(text: String) -> Result<Self, chatgrow_domain::Invalid> {
        // A text that is not a whole number counts as out of range.
        Duration::from_minutes(text.parse().unwrap_or(i64::MIN)).map(Self)
    }
}
