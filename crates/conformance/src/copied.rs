//! A filled schedule, for the adapters' tests of copies: a copy has to go on working.

use crate::{
    at, fresh_id, new_account, new_customer,
    scheduling::{
        appointment::{moved, slot},
        occupancy::{
            DUE, Occupier, appointment_of, block_of, booking, busy, hold_of, is_free, resources, with_status,
        },
    },
};
use chatgrow_domain::{
    AccountId, Appointment, AppointmentId, AppointmentStatus, Block, Customer, Hold, HoldId, ResourceId,
};
use chatgrow_ports::{Commit, Stores};

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
        scheduling
            .holds
            .release(Some(account), at(DUE), 10)
            .await
            .unwrap();
        let released = scheduling
            .holds
            .by_id(account, released.id)
            .await
            .unwrap()
            .unwrap();
        assert!(released.released, "it was due");
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
