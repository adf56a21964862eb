//! Why a slot can't be booked, over HTTP: the error, and what helps to find another slot.

use crate::{
    error::{ApiError, Help, Problem},
    scheduling::times::{Start, later},
    value::Shown,
};
use chatgrow_domain::{
    AppointmentId, BrokenRule, LocalMinute, NotFree, Obstruction, OccupancyKind, Suggestions, Unbookable,
};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// What is in the way of a booking.
#[derive(Serialize)]
struct Conflict {
    #[serde(flatten)]
    start: Start,
    /// When it ends, in civil time.
    until: Shown<Option<LocalMinute>>,
    /// What it is.
    kind: &'static str,
    /// The id of an appointment; nobody needs that of anything else.
    id: Shown<Option<AppointmentId>>,
}

impl From<Obstruction> for Conflict {
    fn from(obstruction: Obstruction) -> Self {
        let is_appointment = obstruction.kind == OccupancyKind::Appointment;
        Self {
            start: obstruction.start.into(),
            until: Shown(later(obstruction.start, obstruction.minutes)),
            kind: obstruction.kind.as_str(),
            id: Shown(is_appointment.then(|| AppointmentId::new(obstruction.id))),
        }
    }
}

impl Help {
    /// The help of a refusal.
    pub(crate) fn new(obstruction: Option<Obstruction>, suggestions: Suggestions) -> Self {
        let start = |start: LocalMinute| shown(Start::from(start));
        Self {
            conflict: obstruction.and_then(|obstruction| shown(Conflict::from(obstruction))),
            next_free: suggestions.next_free.into_iter().filter_map(start).collect(),
            previous_free: suggestions.previous_free.and_then(start),
        }
    }
}

/// The value as JSON. Structs of strings always serialize.
fn shown(value: impl Serialize) -> Option<Box<RawValue>> {
    to_raw_value(&value).ok()
}

impl From<Unbookable> for ApiError {
    fn from(unbookable: Unbookable) -> Self {
        match unbookable {
            Unbookable::ServiceNotFound => Problem::ServiceNotFound.into(),
            Unbookable::ServiceInactive => Self::of_field("serviceId", "must be a service that is active"),
            Unbookable::UnknownResource => Self::of_field("resourceIds", UNKNOWN),
            Unbookable::Resources(invalid) => Self::of_field("resourceIds", invalid.to_string()),
            Unbookable::Differs(field) => {
                Self::of_field(field, "must be that of the service or the hold, or be omitted")
            }
            Unbookable::Gap { before, after } => Self::of_field("time", in_a_gap(before, after)),
            Unbookable::NotFree(not_free) => {
                let NotFree {
                    rule,
                    obstruction,
                    suggestions,
                } = *not_free;
                let problem = match rule {
                    BrokenRule::Busy => Problem::TimeConflict,
                    BrokenRule::Closed => Problem::OutsideHours,
                    BrokenRule::TooSoon => Problem::TooSoon,
                    BrokenRule::TooFar => Problem::TooFar,
                };
                Self::from(problem).with_help(Help::new(obstruction, suggestions))
            }
        }
    }
}

/// Why resources are refused. What is missing is as wrong as what is too much.
const UNKNOWN: &str = "must name active resources of this account, and all that the service needs";

fn in_a_gap(before: LocalMinute, after: LocalMinute) -> String {
    let time = |minute: LocalMinute| {
        let time = minute.to_date_time();
        format!("{} {:02}:{:02}", time.date(), time.hour(), time.minute())
    };
    format!(
        "must be a time that exists: the clocks are put forward, and the nearest times are {} and {}",
        time(before),
        time(after)
    )
}

/// The errors that a slot which can't be booked may have.
pub(crate) const UNBOOKABLE: [Problem; 5] = [
    Problem::ServiceNotFound,
    Problem::TimeConflict,
    Problem::OutsideHours,
    Problem::TooSoon,
    Problem::TooFar,
];

#[cfg(test)]
mod tests {
    use super::*;
    use chatgrow_domain::{InvalidDemand, ObjectId, ResourceId};
    use serde_json::{Value, json};

    fn minute(minutes: i64) -> LocalMinute {
        LocalMinute::from_minutes(minutes).unwrap()
    }

    fn body(unbookable: Unbookable) -> Value {
        serde_json::from_str(&ApiError::from(unbookable).body("1")).unwrap()
    }

    #[test]
    fn a_conflict_tells_what_is_in_the_way_and_what_is_free() {
        let obstruction = Obstruction {
            resource: None,
            kind: OccupancyKind::Appointment,
            id: ObjectId::from_bytes([1; 12]),
            start: minute(600),
            minutes: 60,
        };
        let suggestions = Suggestions {
            next_free: vec![minute(660)],
            previous_free: None,
        };
        let not_free = NotFree {
            rule: BrokenRule::Busy,
            obstruction: Some(obstruction),
            suggestions,
        };
        assert_eq!(
            body(Unbookable::NotFree(Box::new(not_free))),
            json!({
                "success": false,
                "message": "Time slot is already booked",
                "error": "TIME_CONFLICT",
                "conflict": {
                    "date": "1970-01-01T00:00:00.000Z",
                    "time": "10:00",
                    "until": "1970-01-01T11:00",
                    "kind": "appointment",
                    "id": "010101010101010101010101",
                },
                "nextFree": [{ "date": "1970-01-01T00:00:00.000Z", "time": "11:00" }],
                "previousFree": null,
                "requestId": "1",
            })
        );
    }

    #[test]
    fn bad_fields_are_named() {
        let resource = ResourceId::new(ObjectId::from_bytes([1; 12]));
        let gap = Unbookable::Gap {
            before: minute(119),
            after: minute(180),
        };
        for (unbookable, field, words) in [
            (Unbookable::ServiceInactive, "serviceId", "active"),
            (Unbookable::UnknownResource, "resourceIds", "active resources"),
            (
                Unbookable::Resources(InvalidDemand::Twice(resource)),
                "resourceIds",
                "twice",
            ),
            (Unbookable::Differs("duration"), "duration", "omitted"),
            (gap, "time", "1970-01-01 01:59 and 1970-01-01 03:00"),
        ] {
            let body = body(unbookable);
            assert_eq!(body["details"][0]["field"], field);
            assert!(body["message"].as_str().unwrap().contains(words), "{body}");
        }
    }
}
