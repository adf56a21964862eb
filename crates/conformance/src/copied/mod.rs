//! A filled schedule, a filled log and filled webhook tables, for the adapters' tests of copies: a copy has to go on
//! working.

mod webhooks;

pub use webhooks::FilledWebhooks;

use crate::{
    at,
    delivery::{EVERY, changes, log, read, read_on},
    fresh_id, latest, new_account, new_customer,
    scheduling::{
        appointment::{moved, slot},
        occupancy::{
            DUE, Occupier, appointment_of, block_of, booking, busy, hold_of, is_free, resources, with_status,
        },
    },
};
use chatgrow_domain::{
    AccountId, Actor, ApiKeyId, Appointment, AppointmentId, AppointmentStatus, Block, Change, ChangeData,
    Customer, CustomerId, Hold, HoldId, ResourceId,
};
use chatgrow_ports::{ChangePosition, Commit, FeedKey, Logged, Stores};

/// Everything that occupies a schedule.
pub struct FilledSchedule {
    account: AccountId,
    customer: Customer,
    resources: Vec<ResourceId>,
    several: Appointment,
    others: Vec<Appointment>,
    hold: Hold,
    released: Hold,
    blocks: Vec<Block>,
}

impl FilledSchedule {
    /// Fills the schedule of a new account.
    pub async fn new(stores: &Stores) -> Self {
        let account = new_account(stores).await;
        let customer = new_customer(stores, account).await;
        let ids = resources(stores, account, 4).await;
        let scheduling = &stores.scheduling;
        let mut others = Vec::new();
        for (nth, status) in AppointmentStatus::ALL.iter().enumerate() {
            for (part, here) in [&ids[..3], &ids[3..], &[]].into_iter().enumerate() {
                let start = 1000 + i64::try_from(nth * 10 + part).unwrap() * 100;
                let booked = appointment_of(&customer, booking(slot(start, 30), (5, 10), here));
                let put = scheduling
                    .appointments
                    .book(account, &booked, None, Commit::default());
                put.await.unwrap();
                let next = with_status(&booked, *status);
                if next != booked {
                    let update = scheduling.appointments.update(account, &next, Commit::default());
                    update.await.unwrap();
                }
                others.push(next);
            }
        }
        let turned = [ids[2], ids[0], ids[1]];
        let several = appointment_of(&customer, booking(slot(0, 60), (0, 0), &turned));
        let put = scheduling
            .appointments
            .book(account, &several, None, Commit::default());
        put.await.unwrap();
        // Ids of legs are random. Of so many, some come before those of their leads, whatever it depends on.
        for nth in 0..20 {
            let more = appointment_of(&customer, booking(slot(-1000 - nth * 60, 60), (0, 0), &ids));
            let more = Appointment {
                id: AppointmentId::new(fresh_id()),
                ..more
            };
            let put = scheduling
                .appointments
                .book(account, &more, None, Commit::default());
            put.await.unwrap();
            others.push(more);
        }
        let new_hold = |start, until| Hold {
            held_until: at(until),
            ..hold_of(booking(slot(start, 60), (0, 20), &ids[1..]))
        };
        let (hold, released) = (new_hold(200, DUE + 1), new_hold(300, DUE));
        for hold in [&hold, &released] {
            let put = scheduling.holds.hold(account, hold, Commit::default());
            put.await.unwrap();
        }
        let released = released.released(at(DUE));
        let release = scheduling.holds.release(account, &released, Commit::default());
        assert!(release.await.unwrap(), "it is there");
        let blocks = vec![
            block_of(Some(ids[1]), 10_000, 60_000),
            block_of(None, 10_000, 60_000),
        ];
        for block in &blocks {
            let put = scheduling.blocks.block(account, block, Commit::default());
            put.await.unwrap();
        }
        Self {
            account,
            customer,
            resources: ids,
            several,
            others,
            hold,
            released,
            blocks,
        }
    }

    /// Asserts that everything is there and works: what occupies can be moved, confirmed and cancelled with all of its
    /// resources, and is in the way until then.
    pub async fn assert_works(&self, stores: &Stores) {
        let (account, scheduling) = (self.account, &stores.scheduling);
        for one in self.others.iter().chain([&self.several]) {
            let read = scheduling.appointments.by_id(account, one.id).await.unwrap();
            assert_eq!(read.as_ref(), Some(one), "an appointment is copied");
        }
        for one in [&self.hold, &self.released] {
            let read = scheduling.holds.by_id(account, one.id).await.unwrap();
            assert_eq!(read.as_ref(), Some(one), "a hold is copied");
        }
        for one in &self.blocks {
            let read = scheduling.blocks.by_id(account, one.id).await.unwrap();
            assert_eq!(read.as_ref(), Some(one), "a block is copied");
        }
        let ids = &self.resources;
        for id in &ids[..3] {
            assert!(
                !is_free(stores, account, Some(*id), slot(59, 1)).await,
                "what is copied is in the way"
            );
        }
        for (id, minute) in [(Some(ids[3]), 279), (Some(ids[1]), 35_000), (None, 35_000)] {
            assert!(
                !is_free(stores, account, id, slot(minute, 1)).await,
                "what is copied is in the way"
            );
        }
        let update = async |next: &Appointment| {
            let update = scheduling.appointments.update(account, next, Commit::default());
            update.await.unwrap();
        };
        let next = moved(&self.several, slot(30, 60));
        update(&next).await;
        for id in &ids[..3] {
            let read = busy(stores, account, &[Some(*id)], (0, 120)).await;
            assert_eq!(
                read.iter().map(|busy| busy.interval).collect::<Vec<_>>(),
                [next.booking.occupancy().interval],
                "a copied appointment moves with its resources"
            );
        }
        update(&next.cancelled(at(DUE)).unwrap()).await;
        for one in self
            .others
            .iter()
            .filter(|one| one.status == AppointmentStatus::Confirmed)
        {
            Occupier::Appointment(one.clone()).free(stores, account).await;
        }
        let confirmed = Appointment::of_hold(&self.hold, &self.customer, None, at(DUE));
        let confirm = scheduling
            .appointments
            .confirm(account, &confirmed, None, Commit::default());
        confirm.await.unwrap();
        let gone = scheduling
            .holds
            .by_id(account, HoldId::new(self.hold.id.object_id()));
        assert_eq!(gone.await.unwrap(), None, "a copied hold is confirmed");
        update(&confirmed.cancelled(at(DUE)).unwrap()).await;
        for block in &self.blocks {
            Occupier::Block(block.clone()).free(stores, account).await;
        }
        assert_eq!(scheduling.holds.forget(at(DUE), 10).await.unwrap(), 1);
        let all: Vec<_> = ids.iter().copied().map(Some).chain([None]).collect();
        let left = busy(stores, account, &all, (-3000, 100_000)).await;
        let kept = self
            .others
            .iter()
            .filter(|one| one.status != AppointmentStatus::Confirmed && one.status.occupies());
        let expected: usize = kept.map(|one| one.booking.resources.len().max(1)).sum();
        assert_eq!(left.len(), expected, "what was freed takes nothing: {left:?}");
    }
}

/// A log of changes that has readers, for the adapters' tests of copies: the readers have to be able to go on in a copy.
pub struct FilledLog {
    /// One of whose changes some were swept, one of whose all were, and one of whose none were.
    accounts: [AccountId; 3],
    /// For each account, its changes that can be read, and the place up to which its log was swept.
    seen: Vec<(Vec<Logged>, ChangePosition)>,
    /// Where a reader is who has read everything, and one who has just begun.
    ends: [ChangePosition; 2],
    key: FeedKey,
}

impl FilledLog {
    /// Fills the log of a new store, and gives its feed a key.
    pub async fn new(stores: &Stores) -> Self {
        let key = stores.delivery.changes.feed_key(FeedKey([7; 32])).await.unwrap();
        let accounts = [
            new_account(stores).await,
            new_account(stores).await,
            new_account(stores).await,
        ];
        for nth in 0..5 {
            for (account, millis) in accounts.into_iter().zip([nth, 0, 9]) {
                let mut some = changes(account, 2);
                some[0] = Change {
                    at: at(millis),
                    version: None,
                    customer: Some(CustomerId::new(fresh_id())),
                    actor: Actor::ApiKey(ApiKeyId::new(fresh_id())),
                    request: Some("request".to_owned()),
                    data: ChangeData {
                        object: Some("{\"name\":\"דנה\"}".to_owned()),
                        previous: Some("{\"name\":\"נועה\"}".to_owned()),
                    },
                    ..some[0].clone()
                };
                some[1].at = at(millis);
                log(stores, &some).await;
            }
        }
        for account in accounts {
            read_on(stores, account, &mut ChangePosition::START.clone()).await;
        }
        let feed = &stores.delivery.changes;
        for (account, before, swept) in [(accounts[0], at(1), 4), (accounts[1], latest(), 11)] {
            assert_eq!(feed.sweep(account, before, 100).await.unwrap(), swept);
        }
        Self::seen(stores, accounts, key).await
    }

    async fn seen(stores: &Stores, accounts: [AccountId; 3], key: FeedKey) -> Self {
        let mut end = ChangePosition::START;
        read_on(stores, accounts[2], &mut end).await;
        let mut seen = Vec::new();
        for account in accounts {
            let scanned = read(stores, account, ChangePosition::START, EVERY, 500).await;
            seen.push((scanned.changes, scanned.swept_to));
        }
        let horizon = stores.delivery.changes.horizon().await.unwrap();
        Self {
            accounts,
            seen,
            ends: [end, horizon],
            key,
        }
    }

    /// The same log as it is in that store by now.
    pub async fn seen_in(&self, stores: &Stores) -> Self {
        Self::seen(stores, self.accounts, self.key).await
    }

    /// Asserts that everything is there, in its place, and that what is written from now on comes after it.
    pub async fn assert_goes_on(&self, stores: &Stores) {
        let feed = &stores.delivery.changes;
        let key = feed.feed_key(FeedKey([8; 32])).await.unwrap();
        assert!(key == self.key, "the feed's key is copied");
        for (account, (written, swept_to)) in self.accounts.into_iter().zip(&self.seen) {
            let new = changes(account, 3);
            log(stores, &new).await;
            let mut place = ChangePosition::START;
            let found = read_on(stores, account, &mut place).await;
            let after = found.len() - written.len();
            let new_ones = &found[written.len()..];
            assert!(
                new_ones.ends_with(&new) && after >= new.len(),
                "what is written comes after what is copied: {new_ones:?}"
            );
            let scanned = read(stores, account, ChangePosition::START, EVERY, 500).await;
            assert_eq!(
                &scanned.changes[..written.len()],
                written,
                "changes keep their places in a copy"
            );
            assert_eq!(scanned.swept_to, *swept_to, "what was swept is copied");
            for (nth, logged) in written.iter().enumerate() {
                let rest = read(stores, account, logged.position, EVERY, 500).await;
                assert_eq!(
                    rest.changes,
                    scanned.changes[nth + 1..],
                    "readers go on from any place of the source"
                );
            }
            for end in self.ends.into_iter().chain([*swept_to]) {
                let rest = read(stores, account, end, EVERY, 500).await;
                assert!(
                    rest.changes.ends_with(&scanned.changes[written.len()..]),
                    "what is written in a copy comes after every place of the source: {end:?}"
                );
                let before = scanned.changes[written.len()..].first().unwrap().position;
                assert!(end < before, "{end:?} comes before {before:?}");
            }
        }
    }
}
