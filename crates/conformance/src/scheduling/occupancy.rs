//! Cases for what occupies the schedule: who conflicts with whom, and what is read as occupied.

use crate::{
    RACERS, at, first_page, fresh_id, new_account, new_customer, race,
    scheduling::{
        appointment::{appointment, moved, slot},
        resource::new_resource,
    },
};
use chatgrow_domain::{
    AccountId, Appointment, AppointmentRefusal, AppointmentStatus, Block, BlockId, BlockRefusal, BlockTerms,
    Booking, Buffer, Buffers, Customer, Hold, HoldId, HoldRefusal, HoldTime, Interval, LocalMinute, ObjectId,
    Obstruction, OccupancyKind, ResourceId, ServiceType, TimeSlot,
};
use chatgrow_ports::{BlockFilter, Busy, Commit, Failure, StoreError, Stores};
use proptest::{
    collection::vec,
    prop_assert_eq, prop_oneof,
    strategy::{Just, Strategy},
    test_runner::{Config, TestCaseError, TestError, TestRunner},
};
use tokio::{runtime::Handle, task::block_in_place};

/// When the holds of the suite are made. They are kept for ten minutes.
pub(crate) const MADE: i64 = 1_763_893_800_123;
/// The first instant at which these holds have expired.
pub(crate) const DUE: i64 = MADE + 600_000;

/// The resources of an account.
pub(crate) async fn resources(stores: &Stores, account: AccountId, count: usize) -> Vec<ResourceId> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(new_resource(stores, account).await.id);
    }
    ids
}

/// A booking of these resources, with buffers.
pub(crate) fn booking(slot: TimeSlot, (before, after): (i64, i64), resources: &[ResourceId]) -> Booking {
    let buffer = |minutes| Buffer::from_minutes(minutes).unwrap();
    Booking {
        buffers: Buffers {
            before: buffer(before),
            after: buffer(after),
        },
        resources: resources.to_vec(),
        ..Booking::plain(slot, ServiceType::Treatment)
    }
}

/// A new appointment of that booking.
pub(crate) fn appointment_of(customer: &Customer, booking: Booking) -> Appointment {
    let appointment = appointment(customer, booking.slot);
    Appointment {
        booking,
        ..appointment
    }
}

/// A new hold of that booking.
pub(crate) fn hold_of(booking: Booking) -> Hold {
    Hold::new(HoldId::new(fresh_id()), booking, HoldTime::DEFAULT, at(MADE))
}

/// A new block, in minutes from the first minute of the slots of the suite.
pub(crate) fn block_of(resource: Option<ResourceId>, from: i64, until: i64) -> Block {
    let terms = BlockTerms {
        resource,
        from: slot(from, 1).start,
        until: slot(until, 1).start,
        reason: None,
    };
    Block::new(BlockId::new(fresh_id()), terms, at(MADE))
}

/// Something that occupies the schedule.
#[derive(Debug, Clone)]
pub(crate) enum Occupier {
    Appointment(Appointment),
    Hold(Hold),
    Block(Block),
}

impl Occupier {
    /// One of that kind. A block has no buffers, and one resource at most.
    pub(crate) fn new(kind: OccupancyKind, customer: &Customer, booking: Booking) -> Self {
        match kind {
            OccupancyKind::Appointment => Self::Appointment(appointment_of(customer, booking)),
            OccupancyKind::Hold => Self::Hold(hold_of(booking)),
            OccupancyKind::Block => {
                let terms = BlockTerms {
                    resource: booking.resources.first().copied(),
                    from: booking.slot.start,
                    until: LocalMinute::from_minutes(booking.slot.end_minutes()).unwrap(),
                    reason: None,
                };
                Self::Block(Block::new(BlockId::new(fresh_id()), terms, at(MADE)))
            }
        }
    }

    pub(crate) fn id(&self) -> ObjectId {
        match self {
            Self::Appointment(appointment) => appointment.id.object_id(),
            Self::Hold(hold) => hold.id.object_id(),
            Self::Block(block) => block.id.object_id(),
        }
    }

    /// Writes it, and returns whether its time was free.
    pub(crate) async fn put(&self, stores: &Stores, account: AccountId) -> bool {
        self.try_put(stores, account)
            .await
            .unwrap_or_else(|error| panic!("{self:?}: {error:?}"))
    }

    pub(crate) async fn try_put(&self, stores: &Stores, account: AccountId) -> Result<bool, StoreError> {
        let (scheduling, commit) = (&stores.scheduling, Commit::default());
        match self {
            Self::Appointment(appointment) => {
                match scheduling
                    .appointments
                    .book(account, appointment, None, commit)
                    .await
                {
                    Ok(()) => Ok(true),
                    Err(Failure::Refused(AppointmentRefusal::SlotTaken)) => Ok(false),
                    Err(Failure::Store(error)) => Err(error),
                    Err(error) => panic!("a booking is not refused that way: {error:?}"),
                }
            }
            Self::Hold(hold) => match scheduling.holds.hold(account, hold, commit).await {
                Ok(()) => Ok(true),
                Err(Failure::Refused(HoldRefusal::SlotTaken)) => Ok(false),
                Err(Failure::Store(error)) => Err(error),
                Err(error) => panic!("a hold is not refused that way: {error:?}"),
            },
            Self::Block(block) => match scheduling.blocks.block(account, block, commit).await {
                Ok(()) => Ok(true),
                Err(Failure::Refused(BlockRefusal::TimeTaken(None))) => Ok(false),
                Err(Failure::Store(error)) => Err(error),
                Err(error) => panic!("a block is not refused that way: {error:?}"),
            },
        }
    }

    /// Frees its time.
    pub(crate) async fn free(&self, stores: &Stores, account: AccountId) {
        let (scheduling, commit) = (&stores.scheduling, Commit::default());
        match self {
            Self::Appointment(appointment) => {
                let cancelled = appointment.cancelled(at(DUE)).unwrap();
                let update = scheduling.appointments.update(account, &cancelled, commit);
                update.await.unwrap();
            }
            Self::Hold(hold) => assert!(scheduling.holds.remove(account, hold.id, commit).await.unwrap()),
            Self::Block(block) => assert!(scheduling.blocks.remove(account, block.id, commit).await.unwrap()),
        }
    }
}

/// What of these resources is busy around the slots of the suite.
pub(crate) async fn busy(
    stores: &Stores,
    account: AccountId,
    resources: &[Option<ResourceId>],
    (from, until): (i64, i64),
) -> Vec<Busy> {
    let interval = Interval {
        from: slot(from, 1).start.as_minutes(),
        until: slot(until, 1).start.as_minutes(),
    };
    let occupancies = &stores.scheduling.occupancies;
    let busy = occupancies.busy(account, resources, interval, at(MADE));
    busy.await.unwrap()
}

/// Whether the slot of that resource is free, as a hold finds that is removed at once.
pub(crate) async fn is_free(
    stores: &Stores,
    account: AccountId,
    resource: Option<ResourceId>,
    slot: TimeSlot,
) -> bool {
    let resources: Vec<_> = resource.into_iter().collect();
    let probe = Occupier::Hold(hold_of(booking(slot, (0, 0), &resources)));
    let free = probe.put(stores, account).await;
    if free {
        probe.free(stores, account).await;
    }
    free
}

/// Every kind conflicts with every kind, on one resource and on the account's own schedule, and with nothing elsewhere.
/// What touches doesn't conflict.
pub async fn every_kind_conflicts_with_every_kind(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let ids = resources(stores, account, 2).await;
    for (nth, resource) in [None, Some(ids[0])].into_iter().enumerate() {
        let here: Vec<_> = resource.into_iter().collect();
        for first in OccupancyKind::ALL {
            for second in OccupancyKind::ALL {
                let one = Occupier::new(*first, &customer, booking(slot(600, 60), (0, 0), &here));
                assert!(one.put(stores, account).await, "nothing is in the way of {one:?}");
                for (taken, free) in [
                    (slot(600, 60), false),
                    (slot(659, 30), false),
                    (slot(541, 60), false),
                ]
                .into_iter()
                .chain([(slot(620, 5), false), (slot(0, 1440), false)])
                .chain([(slot(660, 30), true), (slot(540, 60), true)])
                {
                    let other = Occupier::new(*second, &customer, booking(taken, (0, 0), &here));
                    assert_eq!(
                        other.put(stores, account).await,
                        free,
                        "{other:?} beside {one:?}: they conflict if and only if they share a minute"
                    );
                    if free {
                        other.free(stores, account).await;
                    }
                }
                for elsewhere in [vec![ids[1]], if nth == 0 { vec![ids[0]] } else { vec![] }] {
                    let other = Occupier::new(*second, &customer, booking(slot(600, 60), (0, 0), &elsewhere));
                    assert!(
                        other.put(stores, account).await,
                        "{other:?} takes nothing of {one:?}, so both have room"
                    );
                    other.free(stores, account).await;
                }
                one.free(stores, account).await;
            }
        }
    }
}

/// Buffers are kept free on both sides, for every kind, and only a minute that both want is a conflict.
pub async fn buffers_are_kept_free(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let id = resources(stores, account, 1).await[0];
    for here in [vec![], vec![id]] {
        for kind in [OccupancyKind::Appointment, OccupancyKind::Hold] {
            let long = booking(slot(3000, 1440), (720, 720), &here);
            let one = Occupier::new(kind, &customer, long);
            assert!(one.put(stores, account).await, "nothing is in the way of {one:?}");
            for other in OccupancyKind::ALL {
                let buffers: &[_] = match other {
                    OccupancyKind::Block => &[(0, 0)],
                    _ => &[(0, 0), (720, 720), (10, 0), (0, 10)],
                };
                for (before, after) in buffers {
                    for (start, minutes, free) in [
                        (2280 - after - 60, 60, true),
                        (2280 - after - 60 + 1, 60, false),
                        (2280 - after - 1440, 1440, true),
                        (2280 - after - 1440 + 1, 1440, false),
                        (5160 + before, 60, true),
                        (5160 + before - 1, 1, false),
                        (5160 + before - 1, 1440, false),
                    ] {
                        let probe = booking(slot(start, minutes), (*before, *after), &here);
                        let probe = Occupier::new(*other, &customer, probe);
                        assert_eq!(
                            probe.put(stores, account).await,
                            free,
                            "{probe:?} beside {one:?}: the time with its buffers is what must be free"
                        );
                        if free {
                            probe.free(stores, account).await;
                        }
                    }
                }
            }
            one.free(stores, account).await;
        }
    }
}

/// A block of weeks conflicts with what is in its middle, whichever was first.
pub async fn blocks_of_weeks_occupy_their_middle(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let id = resources(stores, account, 1).await[0];
    let weeks = 30 * 1440;
    for resource in [None, Some(id)] {
        let here: Vec<_> = resource.into_iter().collect();
        for kind in OccupancyKind::ALL {
            for minute in [0, 1, 2159, 2160, 2161, weeks / 2, weeks - 1] {
                let block = Occupier::Block(block_of(resource, 10_000, 10_000 + weeks));
                let small = booking(slot(10_000 + minute, 1), (0, 0), &here);
                let small = Occupier::new(*kind, &customer, small);
                for (first, second) in [(&block, &small), (&small, &block)] {
                    assert!(
                        first.put(stores, account).await,
                        "nothing is in the way of {first:?}"
                    );
                    assert!(
                        !second.put(stores, account).await,
                        "{first:?} is in the way of {second:?}"
                    );
                    first.free(stores, account).await;
                }
            }
            let block = Occupier::Block(block_of(resource, 10_000, 10_000 + weeks));
            assert!(
                block.put(stores, account).await,
                "nothing is in the way of {block:?}"
            );
            for beside in [10_000 - 1, 10_000 + weeks] {
                assert!(
                    is_free(stores, account, resource, slot(beside, 1)).await,
                    "what touches a block is free"
                );
            }
            // An appointment can't be moved into it either.
            let outside = appointment_of(&customer, booking(slot(1000, 60), (0, 0), &here));
            let appointments = &stores.scheduling.appointments;
            let booked = appointments.book(account, &outside, None, Commit::default());
            booked.await.unwrap();
            let inside = moved(&outside, slot(10_000 + weeks / 2, 60));
            let outcome = appointments.update(account, &inside, Commit::default()).await;
            assert_refused!(
                outcome,
                Failure::Refused(AppointmentRefusal::SlotTaken),
                "a block is in the way"
            );
            Occupier::Appointment(outside).free(stores, account).await;
            block.free(stores, account).await;
        }
    }
}

/// No account sees or is hindered by what another one has.
pub async fn occupancies_of_accounts_are_apart(stores: &Stores) {
    let (mine, theirs) = (new_account(stores).await, new_account(stores).await);
    let customer = new_customer(stores, mine).await;
    let others_customer = new_customer(stores, theirs).await;
    let (my_id, their_id) = (
        resources(stores, mine, 1).await[0],
        resources(stores, theirs, 1).await[0],
    );
    let (holds, blocks) = (&stores.scheduling.holds, &stores.scheduling.blocks);
    for resource in [None, Some(my_id)] {
        let here: Vec<_> = resource.into_iter().collect();
        for kind in OccupancyKind::ALL {
            let one = Occupier::new(*kind, &customer, booking(slot(0, 60), (0, 0), &here));
            assert!(one.put(stores, mine).await, "nothing is in the way of {one:?}");
            let other = Occupier::new(*kind, &others_customer, booking(slot(0, 60), (0, 0), &[]));
            assert!(
                other.put(stores, theirs).await,
                "each account has a schedule of its own"
            );
            other.free(stores, theirs).await;
            assert_eq!(
                busy(stores, theirs, &[None, resource], (-5000, 5000)).await,
                [],
                "no account sees what another one has"
            );
            let (anywhere, any) = ([None, resource], BlockFilter::default());
            let interval = Interval {
                from: slot(0, 1).start.as_minutes(),
                until: slot(60, 1).start.as_minutes(),
            };
            let obstruction = stores
                .scheduling
                .occupancies
                .in_the_way(theirs, &anywhere, interval, at(MADE));
            assert_eq!(
                obstruction.await.unwrap(),
                None,
                "no account sees what another one has"
            );
            let hold = holds.by_id(theirs, HoldId::new(one.id())).await.unwrap();
            assert_eq!(hold, None, "no account sees what another one has");
            let block = blocks.by_id(theirs, BlockId::new(one.id())).await.unwrap();
            assert_eq!(block, None, "no account sees what another one has");
            let page = holds.list(theirs, at(MADE), first_page(50)).await.unwrap();
            assert_eq!(page.items, [], "no account sees what another one has");
            let page = blocks.list(theirs, &any, first_page(50));
            assert_eq!(
                page.await.unwrap().items,
                [],
                "no account sees what another one has"
            );
            let removed = holds
                .remove(theirs, HoldId::new(one.id()), Commit::default())
                .await;
            assert!(!removed.unwrap(), "no account changes what another one has");
            let removed = blocks
                .remove(theirs, BlockId::new(one.id()), Commit::default())
                .await;
            assert!(!removed.unwrap(), "no account changes what another one has");
            one.free(stores, mine).await;
        }
    }
    // A resource or an account that isn't there is a defect of the caller.
    let nobody = AccountId::new(fresh_id());
    for kind in OccupancyKind::ALL {
        let several = if *kind == OccupancyKind::Block {
            vec![their_id]
        } else {
            vec![my_id, their_id]
        };
        for (account, here) in [
            (mine, vec![their_id]),
            (mine, several),
            (mine, vec![ResourceId::new(fresh_id())]),
            (nobody, vec![]),
        ] {
            let one = Occupier::new(*kind, &customer, booking(slot(0, 60), (0, 0), &here));
            assert_refused!(
                one.try_put(stores, account).await,
                StoreError::Failed(_),
                "{one:?} takes what the account {account} doesn't have"
            );
        }
    }
    assert_eq!(
        busy(stores, mine, &[None, Some(my_id)], (-5000, 5000)).await,
        [],
        "what was refused has left nothing"
    );
}

/// A random world: what there is, and where.
#[derive(Debug, Clone)]
struct Thing {
    kind: OccupancyKind,
    start: i64,
    minutes: i64,
    buffers: (i64, i64),
    /// Bits of the resources; none is the account's own schedule.
    resources: u8,
    /// Whether it is freed again.
    freed: bool,
}

const IN_THE_WORLD: usize = 3;

fn thing() -> impl Strategy<Value = Thing> {
    let kind = prop_oneof![
        4 => Just(OccupancyKind::Appointment),
        2 => Just(OccupancyKind::Hold),
        2 => Just(OccupancyKind::Block)
    ];
    let minutes = prop_oneof![4 => 1_i64..120, 1 => Just(1440), 1 => 1440_i64..20_000];
    let buffer = || prop_oneof![3 => Just(0), 2 => 1_i64..60, 1 => Just(720)];
    (
        kind,
        -20_000_i64..6000,
        minutes,
        (buffer(), buffer()),
        0_u8..8,
        proptest::bool::weighted(0.15),
    )
        .prop_map(|(kind, start, minutes, buffers, resources, freed)| Thing {
            kind,
            start: if kind == OccupancyKind::Block {
                start
            } else {
                start.rem_euclid(6000)
            },
            minutes,
            buffers,
            resources,
            freed,
        })
}

async fn compare_world(
    stores: &Stores,
    (things, questions): (Vec<Thing>, Vec<(i64, i64, i64)>),
) -> Result<(), TestCaseError> {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let ids = resources(stores, account, IN_THE_WORLD).await;
    // What there should be.
    let mut world: Vec<(Obstruction, Interval, Vec<Option<ResourceId>>)> = Vec::new();
    for thing in things {
        let mut here: Vec<_> = (0..IN_THE_WORLD)
            .filter(|bit| thing.resources & (1 << bit) != 0)
            .map(|bit| ids[bit])
            .collect();
        let occupier = if thing.kind == OccupancyKind::Block {
            here.truncate(1);
            Occupier::Block(block_of(
                here.first().copied(),
                thing.start,
                thing.start + thing.minutes,
            ))
        } else {
            let slot = slot(thing.start, thing.minutes.min(1440));
            Occupier::new(thing.kind, &customer, booking(slot, thing.buffers, &here))
        };
        let (occupancy, start, minutes) = match &occupier {
            Occupier::Block(block) => (block.occupancy(), block.terms.from, thing.minutes),
            Occupier::Hold(Hold { booking, .. }) | Occupier::Appointment(Appointment { booking, .. }) => (
                booking.occupancy(),
                booking.slot.start,
                booking.slot.duration.as_minutes(),
            ),
        };
        let where_it_is: Vec<_> = match here.as_slice() {
            [] => vec![None],
            ids => ids.iter().copied().map(Some).collect(),
        };
        let free = !world.iter().any(|(_, interval, resources)| {
            interval.overlaps(occupancy.interval)
                && resources.iter().any(|resource| where_it_is.contains(resource))
        });
        prop_assert_eq!(occupier.put(stores, account).await, free, "{:?}", occupier);
        if !free {
            continue;
        }
        if thing.freed {
            occupier.free(stores, account).await;
            continue;
        }
        let obstruction = Obstruction {
            resource: None,
            kind: thing.kind,
            id: occupier.id(),
            start,
            minutes,
        };
        world.push((obstruction, occupancy.interval, where_it_is));
    }
    let orders: [Vec<Option<ResourceId>>; 4] = [
        vec![None],
        vec![Some(ids[0]), None],
        vec![Some(ids[2]), Some(ids[1]), Some(ids[0])],
        vec![],
    ];
    for (from, long, now) in questions {
        let interval = Interval {
            from: slot(from, 1).start.as_minutes(),
            until: slot(from, 1).start.as_minutes() + long,
        };
        for asked in &orders {
            let mut expected: Vec<(Obstruction, Interval)> = Vec::new();
            for resource in asked {
                let mut of_one: Vec<_> = world
                    .iter()
                    .filter(|(obstruction, ..)| obstruction.kind != OccupancyKind::Hold || now < DUE)
                    .filter(|(_, taken, resources)| taken.overlaps(interval) && resources.contains(resource))
                    .map(|(obstruction, taken, _)| {
                        let resource = *resource;
                        (
                            Obstruction {
                                resource,
                                ..*obstruction
                            },
                            *taken,
                        )
                    })
                    .collect();
                of_one.sort_by_key(|(_, taken)| taken.from);
                expected.append(&mut of_one);
            }
            let occupancies = &stores.scheduling.occupancies;
            let read = occupancies.busy(account, asked, interval, at(now)).await.unwrap();
            // What each resource has is in order; the resources may be in any.
            let mut by_resource = Vec::new();
            for resource in asked {
                by_resource.extend(read.iter().copied().filter(|busy| busy.resource == *resource));
            }
            let busy: Vec<_> = expected
                .iter()
                .map(|(obstruction, interval)| Busy {
                    resource: obstruction.resource,
                    interval: *interval,
                })
                .collect();
            prop_assert_eq!(read.len(), busy.len(), "what is busy in {:?}", interval);
            prop_assert_eq!(by_resource, busy, "what is busy in {:?}", interval);
            let first = occupancies
                .in_the_way(account, asked, interval, at(now))
                .await
                .unwrap();
            let expected = expected.first().map(|(obstruction, _)| *obstruction);
            prop_assert_eq!(first, expected, "what is in the way in {:?}", interval);
        }
    }
    Ok(())
}

/// In random worlds, each write is refused if and only if its time is taken; and what is read as busy, and as in the
/// way, is what is there, also if it began weeks before. A hold is there until it expires.
#[expect(clippy::unused_async, reason = "the suite awaits every case")]
pub async fn random_worlds_are_as_busy_as_the_model(stores: &Stores) {
    let config = Config {
        cases: 32,
        failure_persistence: None,
        max_shrink_iters: 512,
        ..Config::default()
    };
    let long = prop_oneof![1_i64..200, 200_i64..10_000];
    let worlds = (
        vec(thing(), 1..=30),
        vec((-21_000_i64..7000, long, DUE - 1..=DUE), 6),
    );
    let outcome = block_in_place(|| {
        TestRunner::new(config).run(&worlds, |world| {
            Handle::current().block_on(compare_world(stores, world))
        })
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, world)) => panic!("{reason}\nThe world, and the questions: {world:#?}"),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

/// Only confirmed appointments count, whichever of their resources is asked for, and those that end after the minute.
pub async fn confirmed_appointments_are_counted(stores: &Stores) {
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let ids = resources(stores, account, 3).await;
    let appointments = &stores.scheduling.appointments;
    let mut start = 0;
    for status in AppointmentStatus::ALL {
        let booked = appointment_of(&customer, booking(slot(start, 60), (0, 10), &ids[..2]));
        let outcome = appointments.book(account, &booked, None, Commit::default());
        outcome.await.unwrap();
        if *status != AppointmentStatus::Confirmed {
            let next = with_status(&booked, *status);
            let outcome = appointments.update(account, &next, Commit::default());
            outcome.await.unwrap();
        }
        start += 100;
    }
    let hold = Occupier::Hold(hold_of(booking(slot(1000, 60), (0, 0), &ids[..2])));
    assert!(hold.put(stores, account).await);
    for id in &ids[..2] {
        let block = Occupier::Block(block_of(Some(*id), 2000, 3000));
        assert!(block.put(stores, account).await);
    }
    for (id, minute, expected) in [
        (ids[0], 59, 2),
        (ids[1], 59, 2),
        (ids[0], 60, 1),
        (ids[1], 60, 1),
        (ids[0], 160, 0),
        (ids[1], 160, 0),
        (ids[0], -1000, 2),
        (ids[1], -1000, 2),
        (ids[2], -1000, 0),
    ] {
        let count = stores
            .scheduling
            .occupancies
            .booked_after(account, id, slot(minute, 1).start);
        assert_eq!(
            count.await.unwrap(),
            expected,
            "one appointment is pending and ends at minute 60, one is confirmed and ends at 160; minute {minute} was asked"
        );
    }
    let other = new_account(stores).await;
    let count = stores
        .scheduling
        .occupancies
        .booked_after(other, ids[0], slot(0, 1).start);
    assert_eq!(count.await.unwrap(), 0, "no account sees what another one has");
}

/// The next version of the appointment, in that status.
pub(crate) fn with_status(appointment: &Appointment, status: AppointmentStatus) -> Appointment {
    let held = matches!(status, AppointmentStatus::Pending | AppointmentStatus::Expired);
    Appointment {
        status,
        held_until: held.then(|| at(DUE)),
        version: appointment.version.next(),
        ..appointment.clone()
    }
}

/// Of many that want one resource at once, of every kind, exactly one gets it.
pub async fn resource_races_have_one_winner(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let id = resources(stores, account, 1).await[0];
    for (round, here) in [vec![id], vec![]].into_iter().enumerate() {
        let round = i64::try_from(round).unwrap() * 10_000;
        let won = race(servers, |racer, stores| {
            let start = round + i64::try_from(racer).unwrap();
            let kind = OccupancyKind::ALL[racer / 2 % 3];
            let one = Occupier::new(kind, &customer, booking(slot(start, 100), (0, 0), &here));
            async move { one.put(&stores, account).await }
        })
        .await;
        let won = won.into_iter().filter(|won| *won).count();
        assert_eq!(won, 1, "one of {RACERS} that want the same time gets it");
        let there = busy(stores, account, &[here.first().copied()], (round, round + 1000)).await;
        assert_eq!(
            there.len(),
            1,
            "the winner's time is kept, and nothing else: {there:?}"
        );
    }
}

/// Each of many wants any one of five resources. Whoever is refused chooses anew among those that are free, until none
/// is. All five are taken, each once.
pub async fn interchangeable_resources_are_all_taken(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let customer = new_customer(stores, account).await;
    let ids = resources(stores, account, 5).await;
    let taken = race(servers, |racer, stores| {
        let (ids, customer) = (ids.clone(), customer.clone());
        let start = i64::try_from(racer % 50).unwrap();
        async move {
            loop {
                let all: Vec<_> = ids.iter().copied().map(Some).collect();
                let read = busy(&stores, account, &all, (start, start + 100)).await;
                let free: Vec<_> = ids
                    .iter()
                    .filter(|id| !read.iter().any(|busy| busy.resource == Some(**id)))
                    .collect();
                if free.is_empty() {
                    return None;
                }
                let id = *free[racer % free.len()];
                let booking = booking(slot(start, 100), (0, 0), &[id]);
                if Occupier::new(OccupancyKind::Appointment, &customer, booking)
                    .put(&stores, account)
                    .await
                {
                    return Some(id);
                }
            }
        }
    })
    .await;
    let mut taken: Vec<_> = taken.into_iter().flatten().collect();
    taken.sort();
    let mut all = ids;
    all.sort();
    assert_eq!(taken, all, "each of the five is taken, and once");
}
