mod oracle;

use super::*;
use crate::{
    Count, Hours, Need, Needs, NewResource, ObjectId, Resource, ResourceKind, ResourceName, Service,
    ServiceId, ServiceName, ServiceTerms, ServiceType, TimeZoneName, Zoned,
};

/// A zone whose offset changes at given instants. All is in whole minutes.
#[derive(Debug)]
struct TestZone {
    name: TimeZoneName,
    /// Instants in order, with the offset from then on. Before the first it is 0.
    changes: Vec<(i64, i64)>,
}

impl TestZone {
    fn new(mut changes: Vec<(i64, i64)>) -> Self {
        changes.sort_unstable();
        Self {
            name: TimeZoneName::new("Test/Zone").unwrap(),
            changes,
        }
    }

    fn offset_at(&self, instant: i64) -> i64 {
        let before = self.changes.iter().rev().find(|(at, _)| *at <= instant);
        before.map_or(0, |(_, offset)| *offset)
    }

    fn zoned(&self, instant: i64) -> Zoned {
        Zoned {
            instant: Timestamp::from_millis(instant * 60_000).unwrap(),
            offset: i32::try_from(self.offset_at(instant) * 60).unwrap(),
        }
    }

    /// The first instant at which the clock shows that minute.
    fn first_instant(&self, local: i64) -> Option<i64> {
        let offsets = self.changes.iter().map(|(_, offset)| *offset).chain([0]);
        let instants = offsets.map(|offset| local - offset);
        instants
            .filter(|instant| instant + self.offset_at(*instant) == local)
            .min()
    }
}

impl Zone for TestZone {
    fn name(&self) -> &TimeZoneName {
        &self.name
    }

    fn meaning(&self, local: LocalMinute) -> Meaning {
        let wanted = local.as_minutes();
        if let Some(instant) = self.first_instant(wanted) {
            return Meaning::At(self.zoned(instant));
        }
        let shown = |minute: &i64| self.first_instant(*minute).is_some();
        let before = (0..wanted).rev().find(shown).unwrap();
        let after = (wanted..).find(shown).unwrap();
        Meaning::Gap {
            before: minute(before),
            after: minute(after),
            change: self.zoned(self.first_instant(after).unwrap()),
        }
    }

    fn local(&self, instant: Timestamp) -> Option<LocalMinute> {
        let instant = instant.as_millis().div_euclid(60_000);
        LocalMinute::from_minutes(instant + self.offset_at(instant))
    }
}

impl<T: Copy> Calendar<T> {
    /// The calendar with those busy times only that overlap a stretch.
    fn only(&self, stretch: &Range<i64>) -> Self {
        let mut only = self.clone();
        for agenda in only.agendas.values_mut() {
            *agenda = agenda.only(stretch);
        }
        only
    }
}

fn minute(minutes: i64) -> LocalMinute {
    LocalMinute::from_minutes(minutes).unwrap()
}

fn id(number: usize) -> ResourceId {
    ResourceId::new(ObjectId::from_bytes([u8::try_from(number).unwrap(); 12]))
}

fn resource(id: ResourceId, active: bool, hours: Hours) -> Resource {
    let new = NewResource {
        name: ResourceName::new("Resource").unwrap(),
        kind: ResourceKind::Staff,
        active,
    };
    let mut resource = Resource::new(id, new, Timestamp::from_millis(0).unwrap());
    resource.hours = hours;
    resource
}

fn service(minutes: i64, needs: Vec<Need>) -> Service {
    let terms = ServiceTerms {
        name: ServiceName::new("Massage").unwrap(),
        service_type: ServiceType::Treatment,
        duration: Duration::from_minutes(minutes).unwrap(),
        buffer_before: crate::Buffer::NONE,
        buffer_after: crate::Buffer::NONE,
        slot_step: None,
        price: None,
        notes: None,
        active: true,
        needs: Needs::new(needs).unwrap(),
    };
    let id = ServiceId::new(ObjectId::from_bytes([200; 12]));
    Service::new(id, terms, Timestamp::from_millis(0).unwrap())
}
