//! Edits of what is booked: resources, services, and the schedule.

use super::{kept, maybe, notes, number, start, text, with_edits};
use crate::{
    new_account,
    scheduling::{
        resource::{new_resource, resource},
        service::service,
    },
};
use chatgrow_domain::{
    Buffer, Count, Currency, DayException, Duration, Horizon, Hours, Money, Need, Needs, Notice, Opening,
    Resource, ResourceEdit, ResourceId, ResourceKind, ResourceName, Schedule, ScheduleRules, Service,
    ServiceEdit, ServiceName, ServiceType, TimeZoneName, WeeklyOpening,
};
use chatgrow_ports::{Commit, Stores};
use proptest::{
    arbitrary::any,
    collection::vec,
    option, prop_oneof,
    sample::select,
    strategy::{Just, Strategy},
};
use time::{Date, Weekday};

fn duration() -> impl Strategy<Value = Duration> {
    number((Duration::MIN_MINUTES, Duration::MAX_MINUTES), |minutes| {
        Duration::from_minutes(minutes).ok()
    })
}

fn date() -> impl Strategy<Value = Date> {
    start().prop_map(|start| start.to_date_time().date())
}

fn opening() -> impl Strategy<Value = Opening> {
    (number((0, 1439), Some), number((1, Opening::LAST), Some))
        .prop_filter_map("the domain refuses it", |(opens, closes)| {
            Opening::new(opens, closes).ok()
        })
}

/// Some rules. Those that the domain refuses are left out.
fn hours() -> impl Strategy<Value = Hours> {
    let limit = || option::weighted(0.3, date());
    let weekly =
        (0_u8..7, opening(), limit(), limit()).prop_map(|(day, opening, valid_from, valid_until)| {
            WeeklyOpening {
                day: Weekday::Monday.nth_next(day),
                opening,
                valid_from,
                valid_until,
            }
        });
    let exception =
        (date(), vec(opening(), 0..3)).prop_map(|(date, openings)| DayException { date, openings });
    (option::weighted(0.8, vec(weekly, 0..8)), vec(exception, 0..4)).prop_map(|(weekly, exceptions)| {
        let mut hours = Hours::new(weekly.as_ref().map(|_| vec![]), vec![]).unwrap();
        for rule in weekly.into_iter().flatten() {
            let more = hours.weekly().unwrap_or_default().iter().copied().chain([rule]);
            hours = Hours::new(Some(more.collect()), vec![]).unwrap_or(hours);
        }
        for exception in exceptions {
            let more = hours.exceptions().iter().cloned().chain([exception]);
            let weekly = hours.weekly().map(<[_]>::to_vec);
            hours = Hours::new(weekly, more.collect()).unwrap_or(hours);
        }
        hours
    })
}

fn resource_edit() -> impl Strategy<Value = ResourceEdit> {
    (
        maybe(text(ResourceName::MAX_CHARS, |text| ResourceName::new(text).ok())),
        maybe(select(ResourceKind::ALL)),
        maybe(any::<bool>()),
        maybe(hours()),
    )
        .prop_map(|(name, kind, active, hours)| ResourceEdit {
            name,
            kind,
            active,
            hours,
        })
}

/// An edit, and groups of needs: for each resource the group in which it stands, and for each group how many are taken.
type ServiceEdits = (ServiceEdit, Option<(Vec<Option<usize>>, [Option<usize>; GROUPS])>);

const GROUPS: usize = 3;
const RESOURCES: usize = 6;

fn service_edit() -> impl Strategy<Value = ServiceEdits> {
    let buffer = || {
        number((0, Buffer::MAX_MINUTES), |minutes| {
            Buffer::from_minutes(minutes).ok()
        })
    };
    let amount = number((0, Money::MAX_MINOR), |minor| Money::from_minor(minor).ok());
    let currency = select(vec!["ILS", "EUR", "JPY"]).prop_map(|code| code.parse::<Currency>().unwrap());
    let groups = vec(option::weighted(0.7, 0..GROUPS), RESOURCES);
    let count = || option::weighted(0.7, 1_usize..4);
    let needs = (groups, [count(), count(), count()]);
    (
        (
            maybe(text(ServiceName::MAX_CHARS, |text| ServiceName::new(text).ok())),
            maybe(select(ServiceType::ALL)),
            maybe(duration()),
            (maybe(buffer()), maybe(buffer())),
            maybe(option::weighted(0.8, duration())),
        ),
        (
            maybe(option::weighted(0.8, amount)),
            maybe(option::weighted(0.8, currency)),
            maybe(option::weighted(0.8, notes())),
            maybe(any::<bool>()),
        ),
        maybe(needs),
    )
        .prop_map(
            |(
                (name, service_type, duration, (buffer_before, buffer_after), slot_step),
                (amount, currency, notes, active),
                needs,
            )| {
                let edit = ServiceEdit {
                    name,
                    service_type,
                    duration,
                    buffer_before,
                    buffer_after,
                    slot_step,
                    amount,
                    currency,
                    notes,
                    active,
                    needs: None,
                };
                (edit, needs)
            },
        )
}

/// Those of the groups that the domain allows.
fn needs_of(ids: &[ResourceId], (groups, counts): (Vec<Option<usize>>, [Option<usize>; GROUPS])) -> Needs {
    let group = |number: usize| {
        let of_group = ids
            .iter()
            .zip(&groups)
            .filter(|(_, group)| **group == Some(number));
        let resources: Vec<_> = of_group.map(|(id, _)| *id).collect();
        let count = counts[number].map_or(Count::All, |count| Count::Exactly(count.min(resources.len())));
        (!resources.is_empty()).then_some(Need { resources, count })
    };
    Needs::new((0..GROUPS).filter_map(group).collect()).unwrap()
}

fn rules() -> impl Strategy<Value = ScheduleRules> {
    let zone = prop_oneof![
        Just("Asia/Jerusalem".to_owned()),
        Just("Z".repeat(TimeZoneName::MAX_CHARS)),
        Just("GMT+0".to_owned())
    ];
    let zone = zone.prop_map(|name| TimeZoneName::new(name).unwrap());
    let notice = number((0, Notice::MAX_MINUTES), |minutes| {
        Notice::from_minutes(minutes).ok()
    });
    let horizon = number((1, Horizon::MAX_DAYS), |days| Horizon::from_days(days).ok());
    (
        option::weighted(0.9, zone),
        hours(),
        option::of(notice),
        option::of(horizon),
        duration(),
    )
        .prop_map(
            |(time_zone, hours, min_notice, horizon, slot_step)| ScheduleRules {
                time_zone,
                hours,
                min_notice,
                horizon,
                slot_step,
            },
        )
}

/// The store keeps every state of a resource that the domain allows.
#[expect(clippy::unused_async, reason = "the suite awaits every case")]
pub async fn every_edit_of_a_resource_is_kept(stores: &Stores) {
    with_edits(resource_edit(), async |edits| {
        let account = new_account(stores).await;
        let resources = &stores.scheduling.resources;
        let mut present: Resource = resource();
        let outcome = resources.insert(account, &present, Commit::default()).await;
        kept(&present, outcome, resources.by_id(account, present.id).await)?;
        for (edit, now) in edits {
            let next = present.edited(edit, now);
            if next != present {
                let outcome = resources.update(account, &next, Commit::default()).await;
                kept(&next, outcome, resources.by_id(account, next.id).await)?;
                present = next;
            }
        }
        Ok(())
    });
}

/// The store keeps every state of a service that the domain allows.
#[expect(clippy::unused_async, reason = "the suite awaits every case")]
pub async fn every_edit_of_a_service_is_kept(stores: &Stores) {
    with_edits(service_edit(), async |edits| {
        let account = new_account(stores).await;
        let mut ids = Vec::new();
        for _ in 0..RESOURCES {
            ids.push(new_resource(stores, account).await.id);
        }
        let services = &stores.scheduling.services;
        let mut present: Service = service();
        let outcome = services.insert(account, &present, Commit::default()).await;
        kept(&present, outcome, services.by_id(account, present.id).await)?;
        for ((edit, needs), now) in edits {
            let needs = needs.map(|needs| needs_of(&ids, needs));
            if let Ok(next) = present.edited(ServiceEdit { needs, ..edit }, now)
                && next != present
            {
                let outcome = services.update(account, &next, Commit::default()).await;
                kept(&next, outcome, services.by_id(account, next.id).await)?;
                present = next;
            }
        }
        Ok(())
    });
}

/// The store keeps every schedule that the domain allows.
#[expect(clippy::unused_async, reason = "the suite awaits every case")]
pub async fn every_schedule_is_kept(stores: &Stores) {
    with_edits(rules(), async |edits| {
        let account = new_account(stores).await;
        let schedules = &stores.scheduling.schedules;
        let mut present = Schedule::untouched(account);
        for (rules, now) in edits {
            if let Ok(next) = present.replaced(rules, now)
                && next != present
            {
                let outcome = schedules.replace(account, &next, Commit::default()).await;
                kept(&next, outcome, schedules.of(account).await.map(Some))?;
                present = next;
            }
        }
        Ok(())
    });
}
