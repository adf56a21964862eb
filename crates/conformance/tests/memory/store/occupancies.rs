//! What occupies the schedule besides appointments: holds and blocks; and what is occupied.

use super::{MemoryStore, Tables};
use crate::defects::{Defect, List, Method};
use async_trait::async_trait;
use chatgrow_domain::{
    AccountId, AppointmentStatus, Block, BlockId, BlockRefusal, Hold, HoldId, HoldRefusal, Interval,
    LocalMinute, ObjectId, Obstruction, Occupancy, OccupancyKind, ResourceId, Timestamp, conflict,
};
use chatgrow_ports::{
    BlockFilter, BlockStore, Busy, Commit, CustomerWrite, Failure, HoldStore, OccupancyStore, Page,
    PageRequest, StartPosition, StoreError,
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

impl Tables {
    /// What occupies the account's schedule.
    fn occupiers(&self, account: AccountId, cancelled_too: bool) -> impl Iterator<Item = Occupier> {
        let appointments = self.appointments.of(account);
        let appointments = appointments
            .filter(move |appointment| appointment.status.occupies() || cancelled_too)
            .map(|appointment| Occupier {
                id: appointment.id.object_id(),
                kind: OccupancyKind::Appointment,
                occupancy: appointment.booking.occupancy(),
                start: appointment.booking.slot.start,
                minutes: appointment.booking.slot.duration.as_minutes(),
                held_until: None,
            });
        let holds = self
            .holds
            .of(account)
            .filter(|hold| !hold.released)
            .map(|hold| Occupier {
                id: hold.id.object_id(),
                kind: OccupancyKind::Hold,
                occupancy: hold.booking.occupancy(),
                start: hold.booking.slot.start,
                minutes: hold.booking.slot.duration.as_minutes(),
                held_until: Some(hold.held_until),
            });
        let blocks = self.blocks.of(account).map(|block| {
            let occupancy = block.occupancy();
            Occupier {
                id: block.id.object_id(),
                kind: OccupancyKind::Block,
                start: block.terms.from,
                minutes: occupancy.interval.until - occupancy.interval.from,
                occupancy,
                held_until: None,
            }
        });
        appointments.chain(holds).chain(blocks)
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
        let occupiers = tables.occupiers(account, self.has(Defect::CancelledOccupies));
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
            _ => conflict(&id, wanted, others).is_some(),
        }
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
            if self.is_taken(tables, account, hold.id.object_id(), &hold.booking.occupancy()) {
                return Err(Failure::Refused(HoldRefusal::SlotTaken));
            }
            self.account(tables, account)?;
            self.vacant(method, tables.holds.get(account, hold.id).is_some())?;
            Ok(Some(hold.clone()))
        };
        let change = |tables: &mut Tables, hold: Hold| tables.holds.put(account, hold.id, hold);
        self.write(method, commit, check, change).await.map(drop)
    }

    async fn by_id(&self, account: AccountId, id: HoldId) -> Result<Option<Hold>, StoreError> {
        self.read(|tables| Ok(tables.holds.get(account, id).cloned()))
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
            let counting = holds.map(|(_, hold)| hold).filter(|hold| !hold.has_expired(now));
            Ok(self.page(list, counting.cloned(), &page))
        })
        .await
    }

    async fn remove(&self, account: AccountId, id: HoldId, commit: Commit) -> Result<bool, StoreError> {
        let check = |tables: &Tables| Ok(tables.holds.get(account, id).map(|_| ()));
        let change = |tables: &mut Tables, ()| tables.holds.remove(account, id);
        self.write(Method::RemoveHold, commit, check, change).await
    }

    async fn release(
        &self,
        account: Option<AccountId>,
        now: Timestamp,
        most: u32,
    ) -> Result<usize, StoreError> {
        let due = |tables: &Tables| -> Vec<_> {
            let holds = tables.holds.all();
            holds
                .filter(|(owner, hold)| {
                    account.is_none_or(|account| account == *owner)
                        && !hold.released
                        && hold.held_until <= now
                })
                .map(|(owner, hold)| (owner, hold.id))
                .take(most as usize)
                .collect()
        };
        let mut released = 0;
        let check = |tables: &Tables| Ok(Some(due(tables)).filter(|due| !due.is_empty()));
        let change = |tables: &mut Tables, due: Vec<(AccountId, HoldId)>| {
            for (owner, id) in due {
                if let Some(hold) = tables.holds.get_mut(owner, id) {
                    hold.released = true;
                    hold.updated_at = now;
                    hold.version = hold.version.next();
                    released += 1;
                }
            }
        };
        self.write::<_, StoreError>(Method::Release, Commit::default(), check, change)
            .await?;
        Ok(released)
    }

    async fn forget(&self, before: Timestamp, most: u32) -> Result<usize, StoreError> {
        let mut forgotten = 0;
        let check = |tables: &Tables| {
            let old = tables.holds.all();
            let old: Vec<_> = old
                .filter(|(_, hold)| hold.released && hold.held_until <= before)
                .map(|(owner, hold)| (owner, hold.id))
                .take(most as usize)
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
            self.vacant(method, tables.blocks.get(account, block.id).is_some())?;
            Ok(Some(block.clone()))
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
                filter.from.is_none_or(|from| block.terms.from >= from)
                    && filter.before.is_none_or(|before| block.terms.from < before)
                    && filter
                        .resource
                        .is_none_or(|resource| block.terms.resource == Some(resource))
            });
            Ok(self.page(list, passing.cloned(), &page))
        })
        .await
    }

    async fn remove(&self, account: AccountId, id: BlockId, commit: Commit) -> Result<bool, StoreError> {
        let check = |tables: &Tables| Ok(tables.blocks.get(account, id).map(|_| ()));
        let change = |tables: &mut Tables, ()| tables.blocks.remove(account, id);
        self.write(Method::RemoveBlock, commit, check, change).await
    }
}

/// What of an occupancy overlaps the interval on that resource, or on the account's own schedule.
fn reaches(occupier: &Occupier, resource: Option<ResourceId>, interval: Interval, now: Timestamp) -> bool {
    let wanted = Occupancy {
        interval,
        resources: resource.into_iter().collect(),
    };
    occupier.held_until.is_none_or(|until| until > now) && occupier.occupancy.overlaps(&wanted)
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
                let occupiers = tables.occupiers(account, false);
                busy.extend(
                    occupiers
                        .filter(|occupier| reaches(occupier, *resource, interval, now))
                        .map(|occupier| Busy {
                            resource: *resource,
                            interval: occupier.occupancy.interval,
                        }),
                );
            }
            busy.sort_by_key(|busy| busy.interval.from);
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
                let occupiers = tables.occupiers(account, false);
                let found = occupiers.filter(|occupier| reaches(occupier, *resource, interval, now));
                found
                    .min_by_key(|occupier| occupier.occupancy.interval.from)
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
            let appointments = tables.appointments.of(account).filter(|appointment| {
                appointment.status == AppointmentStatus::Confirmed
                    && appointment.booking.resources.contains(&resource)
                    && appointment.booking.slot.end_minutes() > after.as_minutes()
            });
            u64::try_from(appointments.count()).map_err(StoreError::failed)
        })
        .await
    }
}
