//! What occupies the schedule besides appointments: holds and blocks; and what is occupied.

use super::{MemoryStore, Tables};
use crate::defects::{Defect, List, Method};
use async_trait::async_trait;
use chatgrow_domain::{
    AccountId, AppointmentStatus, Block, BlockId, BlockRefusal, Booking, Hold, HoldId, HoldRefusal, Interval,
    LocalMinute, ObjectId, Obstruction, Occupancy, OccupancyKind, ResourceId, Timestamp, conflict,
};
use chatgrow_ports::{
    BlockFilter, BlockStore, Busy, Commit, CustomerWrite, ExpiredHold, Failure, HoldStore, OccupancyStore,
    Page, PageRequest, StartPosition, StoreError,
};

/// Something that occupies the schedule.
struct Occupier {
    id: ObjectId,
    kind: OccupancyKind,
    occupancy: Occupancy,
    start: LocalMinute,
    minutes: i64,
    held_until: Option<Timestamp>,
}

impl Occupier {
    fn of_booking(id: ObjectId, kind: OccupancyKind, booking: &Booking) -> Self {
        Self {
            id,
            kind,
            occupancy: booking.occupancy(),
            start: booking.slot.start,
            minutes: booking.slot.duration.as_minutes(),
            held_until: None,
        }
    }

    fn of_block(block: &Block) -> Self {
        let occupancy = block.occupancy();
        Self {
            id: block.id.object_id(),
            kind: OccupancyKind::Block,
            start: block.terms.from,
            minutes: occupancy.interval.until - occupancy.interval.from,
            occupancy,
            held_until: None,
        }
    }

    /// Without the first resource.
    fn legs_only(mut self) -> Option<Self> {
        (self.occupancy.resources.len() > 1).then(|| {
            self.occupancy.resources.remove(0);
            self
        })
    }
}

impl Tables {
    /// What occupies the account's schedule.
    fn occupiers(&self, account: AccountId, defect: Option<Defect>) -> Vec<Occupier> {
        let mut occupiers = Vec::new();
        for appointment in self.appointments.of(account) {
            let id = appointment.id.object_id();
            let mut occupier = Occupier {
                held_until: appointment.held_until,
                ..Occupier::of_booking(id, OccupancyKind::Appointment, &appointment.booking)
            };
            let confirmed = appointment.status == AppointmentStatus::Confirmed;
            if appointment.status.occupies() || defect == Some(Defect::CancelledOccupies) {
                if defect == Some(Defect::CompletedFreesLegs) && !confirmed {
                    occupier.occupancy.resources.truncate(1);
                }
                occupiers.push(occupier);
            } else if defect == Some(Defect::CancelKeepsLegs) {
                occupiers.extend(occupier.legs_only());
            }
        }
        for hold in self.holds.of(account) {
            let counts = !hold.released || defect == Some(Defect::ReleasedOccupies);
            if counts && defect != Some(Defect::HoldsDontOccupy) {
                let kind = match defect {
                    Some(Defect::LegsAreAppointments) if hold.booking.resources.len() > 1 => {
                        OccupancyKind::Appointment
                    }
                    _ => OccupancyKind::Hold,
                };
                occupiers.push(Occupier {
                    held_until: Some(hold.held_until),
                    ..Occupier::of_booking(hold.id.object_id(), kind, &hold.booking)
                });
            }
        }
        if defect != Some(Defect::BlocksDontOccupy) {
            occupiers.extend(self.blocks.of(account).map(Occupier::of_block));
        }
        occupiers
    }

    /// What is read as occupied.
    fn read_occupiers(
        &self,
        account: AccountId,
        from: i64,
        now: Timestamp,
        defect: Option<Defect>,
    ) -> Vec<Occupier> {
        let mut occupiers = self.occupiers(account, defect);
        if defect == Some(Defect::BusyOfAll) {
            let accounts = self.accounts.keys().filter(|other| **other != account);
            occupiers.extend(accounts.flat_map(|other| self.occupiers(*other, defect)));
        }
        if defect == Some(Defect::BusyMissesOldBlocks) {
            occupiers.retain(|occupier| occupier.occupancy.interval.from > from - 2880);
        }
        if defect == Some(Defect::BusyMissesLegs) {
            for occupier in &mut occupiers {
                occupier.occupancy.resources.truncate(1);
            }
        }
        let busy = |occupier: Occupier| match (occupier.held_until.is_some_and(|until| until <= now), defect)
        {
            (false, _) | (true, Some(Defect::ExpiredIsBusy)) => Some(occupier),
            (true, Some(Defect::ExpiredLegsAreBusy)) => occupier.legs_only(),
            (true, _) => None,
        };
        occupiers.into_iter().filter_map(busy).collect()
    }

    pub(super) fn put_customer(&mut self, account: AccountId, customer: Option<CustomerWrite>) {
        if let Some(CustomerWrite::Insert(customer) | CustomerWrite::Update(customer)) = customer {
            self.customers.put(account, customer.id, customer);
        }
    }
}

impl MemoryStore {
    /// Whether something else is in the way.
    pub(super) fn is_taken(
        &self,
        tables: &Tables,
        account: AccountId,
        id: ObjectId,
        wanted: &Occupancy,
    ) -> bool {
        let occupiers = tables.occupiers(account, self.defect).into_iter();
        let mut others = occupiers.map(|occupier| (occupier.id, occupier.occupancy));
        // The interval, as defects see it.
        let wider = |by: i64| Occupancy {
            interval: Interval {
                from: wanted.interval.from - by,
                until: wanted.interval.until + by,
            },
            resources: wanted.resources.clone(),
        };
        match self.defect {
            Some(Defect::ConflictsWithItself) => others.any(|(_, other)| other.overlaps(wanted)),
            Some(Defect::TouchingOverlaps) => conflict(&id, &wider(1), others).is_some(),
            Some(Defect::LastMinuteShared) => others.any(|(other, taken)| {
                other != id
                    && taken.overlaps(wanted)
                    && taken.interval.from < wanted.interval.until - 1
                    && wanted.interval.from < taken.interval.until - 1
            }),
            Some(Defect::OnlySameStart) => others.any(|(other, taken)| {
                other != id && taken.overlaps(wanted) && taken.interval.from == wanted.interval.from
            }),
            Some(Defect::OnlyFirstGuarded) => {
                let first = |occupancy: &Occupancy| Occupancy {
                    interval: occupancy.interval,
                    resources: occupancy.resources.first().copied().into_iter().collect(),
                };
                let others = others.map(|(other, taken)| (other, first(&taken)));
                conflict(&id, &first(wanted), others).is_some()
            }
            Some(Defect::OwnScheduleIsAll) => others.any(|(other, taken)| {
                let all = wanted.resources.is_empty() || taken.resources.is_empty();
                other != id && (taken.overlaps(wanted) || all && taken.interval.overlaps(wanted.interval))
            }),
            Some(Defect::OldBlocksUnguarded) => {
                let others = others.filter(|(_, taken)| taken.interval.from > wanted.interval.from - 2880);
                conflict(&id, wanted, others).is_some()
            }
            _ => conflict(&id, wanted, others).is_some(),
        }
    }

    /// What a booking occupies, as defects see it.
    pub(super) fn occupancy(&self, booking: &Booking) -> Occupancy {
        let mut occupancy = booking.occupancy();
        if self.has(Defect::IgnoresBufferBefore) {
            occupancy.interval.from = booking.slot.start.as_minutes();
        }
        if self.has(Defect::IgnoresBufferAfter) {
            occupancy.interval.until = booking.slot.end_minutes();
        }
        occupancy
    }

    /// Refuses what names a resource or a service that the account doesn't have.
    pub(super) fn booking_refers(
        &self,
        tables: &Tables,
        account: AccountId,
        booking: &Booking,
    ) -> Result<(), StoreError> {
        self.resources_exist(tables, account, &booking.resources)?;
        match booking.service {
            Some(service) if tables.services.get(account, service).is_none() => {
                Err(StoreError::failed("the account has no such service"))
            }
            _ => Ok(()),
        }
    }

    fn resources_exist(
        &self,
        tables: &Tables,
        account: AccountId,
        resources: &[ResourceId],
    ) -> Result<(), StoreError> {
        let missing = |id: &ResourceId| tables.resources.get(account, *id).is_none();
        if resources.iter().any(missing) && !self.has(Defect::UnknownResources) {
            return Err(StoreError::failed("the account has no such resource"));
        }
        Ok(())
    }

    /// What a booking reads as, as defects see it.
    pub(super) fn shown_booking(&self, booking: &Booking) -> Booking {
        let mut booking = booking.clone();
        if self.has(Defect::ForgetsOrder) {
            booking.resources.sort();
        }
        if self.has(Defect::ForgetsService) {
            booking.service = None;
        }
        booking
    }
}

#[async_trait]
impl HoldStore for MemoryStore {
    async fn hold(
        &self,
        account: AccountId,
        hold: &Hold,
        commit: Commit,
    ) -> Result<(), Failure<HoldRefusal>> {
        let method = Method::Hold;
        let check = |tables: &Tables| {
            if self.is_taken(
                tables,
                account,
                hold.id.object_id(),
                &self.occupancy(&hold.booking),
            ) {
                return Err(Failure::Refused(HoldRefusal::SlotTaken));
            }
            self.account(tables, account)?;
            self.booking_refers(tables, account, &hold.booking)?;
            self.vacant(method, tables.holds.get(account, hold.id).is_some())?;
            Ok(Some(hold.clone()))
        };
        let change = |tables: &mut Tables, hold: Hold| tables.holds.put(account, hold.id, hold);
        self.write(method, commit, check, change).await.map(drop)
    }

    async fn by_id(&self, account: AccountId, id: HoldId) -> Result<Option<Hold>, StoreError> {
        self.read(|tables| {
            let anywhere = self.has(Defect::HoldsFoundAnywhere);
            let found = match tables.holds.get(account, id) {
                None if anywhere => tables
                    .holds
                    .all()
                    .map(|(_, hold)| hold)
                    .find(|hold| hold.id == id),
                found => found,
            };
            Ok(found.map(|hold| Hold {
                booking: self.shown_booking(&hold.booking),
                ..hold.clone()
            }))
        })
        .await
    }

    async fn list(
        &self,
        account: AccountId,
        now: Timestamp,
        page: PageRequest<StartPosition<HoldId>>,
    ) -> Result<Page<Hold, StartPosition<HoldId>>, StoreError> {
        let list = List::Holds;
        self.read(|tables| {
            let holds = self.listed(list, &tables.holds, account).into_iter();
            let counting = holds
                .map(|(_, hold)| hold)
                .filter(|hold| !hold.has_expired(now) || self.has(Defect::ListsExpired) && !hold.released);
            Ok(self.page(list, counting.cloned(), &page))
        })
        .await
    }

    async fn remove(&self, account: AccountId, id: HoldId, commit: Commit) -> Result<bool, StoreError> {
        let check = |tables: &Tables| {
            let mut holds = tables.holds.all();
            let owner = holds.find(|(owner, hold)| {
                hold.id == id && (*owner == account || self.has(Defect::RemovesAnywhere))
            });
            Ok(owner.map(|(owner, _)| owner))
        };
        let change = |tables: &mut Tables, owner| {
            if !self.has(Defect::RemovesNothing) {
                tables.holds.remove(owner, id);
            }
        };
        self.write(Method::RemoveHold, commit, check, change).await
    }

    async fn expired(
        &self,
        account: Option<AccountId>,
        now: Timestamp,
        most: u32,
    ) -> Result<Vec<ExpiredHold>, StoreError> {
        let expired = |(owner, hold): &(AccountId, &Hold)| {
            let due = match self.defect {
                Some(Defect::ExpiredEarly) => true,
                Some(Defect::ExpiredLate) => hold.held_until < now,
                _ => hold.held_until <= now,
            };
            let of_account = account.is_none_or(|account| account == *owner);
            due && (of_account || self.has(Defect::ExpiredOfAll))
                && (!hold.released || self.has(Defect::ExpiredAgain))
        };
        let most = if self.has(Defect::ExpiredWithoutLimit) {
            usize::MAX
        } else {
            usize::try_from(most).unwrap_or(usize::MAX)
        };
        self.read(|tables| {
            let expired = tables.holds.all().filter(expired).take(most);
            let told = |(account, hold): (AccountId, &Hold)| ExpiredHold {
                account,
                hold: Hold {
                    booking: self.shown_booking(&hold.booking),
                    ..hold.clone()
                },
            };
            Ok(expired.map(told).collect())
        })
        .await
    }

    async fn release(&self, account: AccountId, hold: &Hold, commit: Commit) -> Result<bool, StoreError> {
        let method = Method::Release;
        let check = |tables: &Tables| {
            let mut holds = tables.holds.all();
            let found = holds.find(|(owner, stored)| {
                stored.id == hold.id && (*owner == account || self.has(Defect::ReleasesAnywhere))
            });
            let kept = found.filter(|(_, stored)| !stored.released || self.has(Defect::ReleasesAgain));
            let before = kept.map(|(_, stored)| stored.version);
            let follows = self.follows(method, before, hold.version);
            Ok::<_, StoreError>(kept.filter(|_| follows).map(|(owner, _)| (owner, hold.clone())))
        };
        let change = |tables: &mut Tables, (owner, hold): (AccountId, Hold)| {
            if !self.has(Defect::ReleasesNothing) {
                tables.holds.put(owner, hold.id, hold);
            }
        };
        self.write(method, commit, check, change).await
    }

    async fn forget(&self, before: Timestamp, most: u32) -> Result<usize, StoreError> {
        let mut forgotten = 0;
        let check = |tables: &Tables| {
            let old = tables.holds.all();
            let old: Vec<_> = old
                .filter(|(_, hold)| {
                    (hold.released || self.has(Defect::ForgetsKept))
                        && (hold.held_until <= before || self.has(Defect::ForgetsEarly))
                })
                .map(|(owner, hold)| (owner, hold.id))
                .take(if self.has(Defect::ForgetsWithoutLimit) {
                    usize::MAX
                } else {
                    most as usize
                })
                .collect();
            Ok(Some(old).filter(|old| !old.is_empty()))
        };
        let change = |tables: &mut Tables, old: Vec<(AccountId, HoldId)>| {
            forgotten = old.len();
            for (owner, id) in old {
                tables.holds.remove(owner, id);
            }
        };
        self.write::<_, StoreError>(Method::Forget, Commit::default(), check, change)
            .await?;
        Ok(forgotten)
    }
}

#[async_trait]
impl BlockStore for MemoryStore {
    async fn block(
        &self,
        account: AccountId,
        block: &Block,
        commit: Commit,
    ) -> Result<(), Failure<BlockRefusal>> {
        let method = Method::Block;
        let check = |tables: &Tables| {
            if self.is_taken(tables, account, block.id.object_id(), &block.occupancy()) {
                return Err(Failure::Refused(BlockRefusal::TimeTaken(None)));
            }
            self.account(tables, account)?;
            let resources: Vec<_> = block.terms.resource.into_iter().collect();
            self.resources_exist(tables, account, &resources)?;
            self.vacant(method, tables.blocks.get(account, block.id).is_some())?;
            let mut block = block.clone();
            if self.has(Defect::ForgetsReason) {
                block.terms.reason = None;
            }
            Ok(Some(block))
        };
        let change = |tables: &mut Tables, block: Block| tables.blocks.put(account, block.id, block);
        self.write(method, commit, check, change).await.map(drop)
    }

    async fn by_id(&self, account: AccountId, id: BlockId) -> Result<Option<Block>, StoreError> {
        self.read(|tables| Ok(tables.blocks.get(account, id).cloned()))
            .await
    }

    async fn list(
        &self,
        account: AccountId,
        filter: &BlockFilter,
        page: PageRequest<StartPosition<BlockId>>,
    ) -> Result<Page<Block, StartPosition<BlockId>>, StoreError> {
        let list = List::Blocks;
        self.read(|tables| {
            let blocks = self.listed(list, &tables.blocks, account).into_iter();
            let passing = blocks.map(|(_, block)| block).filter(|block| {
                let (from, before) = (filter.from, filter.before);
                (from.is_none_or(|from| block.terms.from >= from) || self.has(Defect::IgnoresBlockFrom))
                    && (before.is_none_or(|before| block.terms.from < before)
                        || self.has(Defect::IgnoresBlockBefore))
                    && (filter
                        .resource
                        .is_none_or(|resource| block.terms.resource == Some(resource))
                        || self.has(Defect::IgnoresBlockResource))
            });
            Ok(self.page(list, passing.cloned(), &page))
        })
        .await
    }

    async fn remove(&self, account: AccountId, id: BlockId, commit: Commit) -> Result<bool, StoreError> {
        let check = |tables: &Tables| {
            let mut blocks = tables.blocks.all();
            let owner = blocks.find(|(owner, block)| {
                block.id == id && (*owner == account || self.has(Defect::RemovesAnywhere))
            });
            Ok(owner.map(|(owner, _)| owner))
        };
        let change = |tables: &mut Tables, owner| {
            if !self.has(Defect::RemovesNothing) {
                tables.blocks.remove(owner, id);
            }
        };
        self.write(Method::RemoveBlock, commit, check, change).await
    }
}

/// What of an occupancy overlaps the interval on that resource, or on the account's own schedule.
fn reaches(occupier: &Occupier, resource: Option<ResourceId>, interval: Interval) -> bool {
    let wanted = Occupancy {
        interval,
        resources: resource.into_iter().collect(),
    };
    occupier.occupancy.overlaps(&wanted)
}

#[async_trait]
impl OccupancyStore for MemoryStore {
    async fn busy(
        &self,
        account: AccountId,
        resources: &[Option<ResourceId>],
        interval: Interval,
        now: Timestamp,
    ) -> Result<Vec<Busy>, StoreError> {
        self.read(|tables| {
            let mut busy = Vec::new();
            for resource in resources {
                let occupiers = tables.read_occupiers(account, interval.from, now, self.defect);
                busy.extend(
                    occupiers
                        .into_iter()
                        .filter(|occupier| reaches(occupier, *resource, interval))
                        .map(|occupier| Busy {
                            resource: *resource,
                            interval: occupier.occupancy.interval,
                        }),
                );
            }
            busy.sort_by_key(|busy| busy.interval.from);
            if self.has(Defect::BusyUnsorted) {
                busy.reverse();
            }
            Ok(busy)
        })
        .await
    }

    async fn in_the_way(
        &self,
        account: AccountId,
        resources: &[Option<ResourceId>],
        interval: Interval,
        now: Timestamp,
    ) -> Result<Option<Obstruction>, StoreError> {
        self.read(|tables| {
            Ok(resources.iter().find_map(|resource| {
                let occupiers = tables.read_occupiers(account, interval.from, now, self.defect);
                let found = occupiers.into_iter();
                let found = found.filter(|occupier| reaches(occupier, *resource, interval));
                found
                    .min_by_key(|occupier| match self.defect {
                        Some(Defect::FirstMadeIsInTheWay) => (0, Some(occupier.id)),
                        _ => (occupier.occupancy.interval.from, None),
                    })
                    .map(|occupier| Obstruction {
                        resource: *resource,
                        kind: occupier.kind,
                        id: occupier.id,
                        start: occupier.start,
                        minutes: occupier.minutes,
                    })
            }))
        })
        .await
    }

    async fn booked_after(
        &self,
        account: AccountId,
        resource: ResourceId,
        after: LocalMinute,
    ) -> Result<u64, StoreError> {
        self.read(|tables| {
            let takes = |booking: &Booking| {
                let end = match self.defect {
                    Some(Defect::CountsByStart) => booking.slot.start.as_minutes(),
                    _ => booking.slot.end_minutes(),
                };
                let count = if self.has(Defect::CountsFirstOnly) {
                    1
                } else {
                    usize::MAX
                };
                booking
                    .resources
                    .iter()
                    .take(count)
                    .any(|taken| *taken == resource)
                    && end > after.as_minutes()
            };
            let appointments = tables.appointments.of(account).filter(|appointment| {
                let completed = appointment.status != AppointmentStatus::Cancelled;
                (matches!(
                    appointment.status,
                    AppointmentStatus::Pending | AppointmentStatus::Confirmed
                ) || completed && self.has(Defect::CountsCompleted))
                    && takes(&appointment.booking)
            });
            let holds = tables
                .holds
                .of(account)
                .filter(|hold| takes(&hold.booking))
                .count();
            let holds = if self.has(Defect::CountsHolds) { holds } else { 0 };
            u64::try_from(appointments.count() + holds).map_err(StoreError::failed)
        })
        .await
    }
}
