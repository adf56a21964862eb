//! What a booking would take.

use super::windows::{DAY, day_of};
use crate::{Buffers, Count, Duration, Interval, LocalMinute, Needs, ResourceId, Service, TimeSlot};
use std::ops::Range;

/// What a booking would take: a length of time, the buffers around it, and resources. Without a group it takes the
/// account's own schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    duration: Duration,
    buffers: Buffers,
    groups: Vec<Group>,
}

/// Resources that can stand in for each other. The named ones must be taken, the rest up to `count` is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub named: Vec<ResourceId>,
    /// None if the named ones are enough.
    pub others: Vec<ResourceId>,
    /// [`Count::All`] is all that are active, but at least one.
    pub count: Count,
}

/// Why a service can't be booked with the resources that a caller names. It displays as the predicate of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDemand {
    /// That resource is named twice.
    #[error("must not name a resource twice")]
    Twice(ResourceId),
    /// That resource stands in no group of the service.
    #[error("must name only resources that the service needs")]
    NotNeeded(ResourceId),
    /// A booking doesn't take as many resources of a group; that one is too much.
    #[error("must not name more resources of a group than a booking takes")]
    TooMany(ResourceId),
    /// More resources are named than one booking may take.
    #[error("must not name more than {max} resources", max = Needs::MAX_RESOURCES)]
    TooManyNamed,
}

impl Demand {
    /// A demand for the account's own schedule, without buffers.
    #[must_use]
    pub const fn own(duration: Duration) -> Self {
        Self {
            duration,
            buffers: Buffers::NONE,
            groups: Vec::new(),
        }
    }

    /// A demand for all of these resources, without buffers. None of them is the account's own schedule.
    ///
    /// # Errors
    /// [`InvalidDemand::Twice`] if a resource is named twice, or [`InvalidDemand::TooManyNamed`].
    pub fn of_resources(duration: Duration, resources: &[ResourceId]) -> Result<Self, InvalidDemand> {
        check_named(resources)?;
        let all = Group {
            named: resources.to_vec(),
            others: Vec::new(),
            count: Count::Exactly(resources.len()),
        };
        Ok(Self {
            groups: if resources.is_empty() {
                Vec::new()
            } else {
                vec![all]
            },
            ..Self::own(duration)
        })
    }

    /// What a booking of the service takes. It must take the named resources; the rest is chosen.
    ///
    /// # Errors
    /// [`InvalidDemand`] unless the service can be booked with the named resources.
    pub fn of_service(service: &Service, named: &[ResourceId]) -> Result<Self, InvalidDemand> {
        check_named(named)?;
        let terms = &service.terms;
        if let Some(stranger) = named
            .iter()
            .find(|&&named| terms.needs.resources().all(|needed| needed != named))
        {
            return Err(InvalidDemand::NotNeeded(*stranger));
        }
        let group = |(resources, count): (&[ResourceId], Count)| {
            let of_group = |id: &&ResourceId| resources.contains(id);
            let chosen: Vec<_> = named.iter().filter(of_group).copied().collect();
            let mut others = resources.to_vec();
            others.retain(|other| !chosen.contains(other));
            if let Count::Exactly(count) = count {
                if let Some(excess) = chosen.get(count) {
                    return Err(InvalidDemand::TooMany(*excess));
                }
                if chosen.len() == count {
                    others.clear();
                }
            }
            Ok(Group {
                named: chosen,
                others,
                count,
            })
        };
        let needs = terms.needs.groups().iter();
        let groups = needs.map(|need| group((&need.resources, need.count)));
        Ok(Self {
            duration: terms.duration,
            buffers: terms.buffers(),
            groups: groups.collect::<Result<_, _>>()?,
        })
    }

    /// The same demand with other buffers, such as those of a booking that moves.
    #[must_use]
    pub fn with_buffers(self, buffers: Buffers) -> Self {
        Self { buffers, ..self }
    }

    /// Whether a booking can take different resources, so that it has to choose.
    #[must_use]
    pub fn has_choice(&self) -> bool {
        self.groups.iter().any(|group| !group.others.is_empty())
    }

    /// Whether the named resources are all that a booking takes, given which resources are active.
    #[must_use]
    pub fn is_complete(&self, active: impl Fn(ResourceId) -> bool) -> bool {
        self.groups.iter().all(|group| match group.count {
            Count::Exactly(count) => group.named.len() == count,
            Count::All => !group.named.is_empty() && !group.others.iter().any(|other| active(*other)),
        })
    }

    /// Whether it takes the account's own schedule.
    #[must_use]
    pub const fn is_own(&self) -> bool {
        self.groups.is_empty()
    }

    /// All resources that could be taken, the named ones included. None of them is the account's own schedule.
    pub fn resources(&self) -> impl Iterator<Item = ResourceId> {
        let of_group = |group: &Group| [group.named.clone(), group.others.clone()].concat();
        self.groups.iter().flat_map(of_group)
    }

    /// The resources that must be taken.
    pub fn named(&self) -> impl Iterator<Item = ResourceId> {
        self.groups.iter().flat_map(|group| group.named.iter().copied())
    }

    /// The slot of a booking with that start.
    #[must_use]
    pub const fn slot(&self, start: LocalMinute) -> TimeSlot {
        TimeSlot {
            start,
            duration: self.duration,
        }
    }

    /// What a booking with that start occupies: its slot and its buffers.
    #[must_use]
    pub const fn blocks(&self, start: LocalMinute) -> Interval {
        Interval::around(self.slot(start), self.buffers)
    }

    /// The stretch whose busy times must be read to decide about those starts.
    ///
    /// What *overlaps* the stretch is enough. The demand's own buffers and length are in it, and what is booked already
    /// is read with its own buffers, whatever its length. The stretch also has the whole day of every start, because
    /// the choice between resources depends on how much of that day is booked.
    #[must_use]
    pub fn stretch(&self, starts: &Range<LocalMinute>) -> Interval {
        let (first, end) = (starts.start.as_minutes(), starts.end.as_minutes());
        let last = (end - 1).max(first);
        let from = first - self.buffers.before.as_minutes();
        let until = last + self.duration.as_minutes() + self.buffers.after.as_minutes();
        Interval {
            from: from.min(day_of(first) * DAY),
            until: until.max((day_of(last) + 1) * DAY),
        }
    }

    pub(super) const fn duration(&self) -> Duration {
        self.duration
    }

    pub(super) fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// What must be open, and what must be free.
    pub(super) const fn spans(&self, start: LocalMinute) -> (Interval, Interval) {
        (
            Interval::around(self.slot(start), Buffers::NONE),
            self.blocks(start),
        )
    }
}

fn check_named(named: &[ResourceId]) -> Result<(), InvalidDemand> {
    if named.len() > Needs::MAX_RESOURCES {
        return Err(InvalidDemand::TooManyNamed);
    }
    let again = |(position, id): (usize, &ResourceId)| named[..position].contains(id).then_some(*id);
    match named.iter().enumerate().find_map(again) {
        Some(twice) => Err(InvalidDemand::Twice(twice)),
        None => Ok(()),
    }
}
