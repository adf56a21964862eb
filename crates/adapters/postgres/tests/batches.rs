//! Writes that wait at the same time are one statement, and each has its own outcome.

use crate::support::{WAITING, account, count, customer, id, insert_account, open};
use chatgrow_domain::{
    AccountId, Actor, Appointment, AppointmentId, AppointmentRefusal, AppointmentStatus, Booking, Change,
    ChangeData, ChangeId, ChangeType, Customer, CustomerRefusal, Duration as Minutes, LocalMinute,
    NewAppointment, NewResource, Resource, ResourceId, ResourceKind, ResourceName, ServiceType, TimeSlot,
    Timestamp, Version,
};
use chatgrow_ports::{
    AppointmentStore, Commit, CustomerStore, Failure, IdempotencyKey, IdempotencyRecord, ResourceStore,
    StoreError, StoredAnswer,
};
use chatgrow_postgres::PostgresStore;
use futures_util::future::join_all;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use throwaway_postgres::connect;
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_postgres::Client;

/// Runs on one thread, whose two batchers are busy with one write each while the others wait.
struct Scene {
    url: String,
    store: Arc<PostgresStore>,
    /// Holds the lock.
    other: Client,
    /// Looks on. A transaction would see the activity as it was when it first looked.
    observer: Client,
    held: Vec<JoinHandle<Result<(), Failure<AppointmentRefusal>>>>,
}

impl Scene {
    async fn new() -> Option<Self> {
        let url = throwaway_postgres::new_database().await?;
        let store = Arc::new(open(&url).await.unwrap());
        insert_account(&store).await;
        CustomerStore::insert(&*store, account(), &customer(1), Commit::default())
            .await
            .unwrap();
        let other = connect(&url).await;
        // Statements that insert wait for this lock.
        other
            .batch_execute("BEGIN; LOCK TABLE appointments IN SHARE MODE")
            .await
            .unwrap();
        let mut scene = Self {
            store,
            other,
            observer: connect(&url).await,
            url,
            held: Vec::new(),
        };
        for minute in [-20, -10] {
            let held = scene.book(appointment(minute), Commit::default());
            scene.held.push(held);
            scene.waiting(scene.held.len()).await;
        }
        Some(scene)
    }

    /// Books in a task of its own. The task has added its write when this returns.
    fn book(
        &self,
        appointment: Appointment,
        commit: Commit,
    ) -> JoinHandle<Result<(), Failure<AppointmentRefusal>>> {
        let store = self.store.clone();
        tokio::spawn(
            async move { AppointmentStore::book(&*store, account(), &appointment, None, commit).await },
        )
    }

    /// Waits until so many statements wait for a lock.
    async fn waiting(&self, statements: usize) {
        let statements = i64::try_from(statements).unwrap();
        let wait = async {
            while count(&self.observer, WAITING).await != statements {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(Duration::from_secs(20), wait).await.unwrap();
    }

    async fn release(&mut self) {
        self.other.batch_execute("COMMIT").await.unwrap();
        for held in self.held.drain(..) {
            held.await.unwrap().unwrap();
        }
    }

    async fn count(&self, what: &str) -> i64 {
        count(&self.observer, &format!("SELECT count(*) FROM {what}")).await
    }
}

fn number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1000);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn of(customer: &Customer, start: i64) -> Appointment {
    let slot = TimeSlot {
        start: LocalMinute::from_minutes(start).unwrap(),
        duration: Minutes::from_minutes(10).unwrap(),
    };
    let new = NewAppointment {
        booking: Booking::plain(slot, ServiceType::Consultation),
        notes: None,
    };
    let now = Timestamp::from_millis(0).unwrap();
    Appointment::new(AppointmentId::new(id(number())), customer, new, now)
}

/// Ten minutes.
fn appointment(start: i64) -> Appointment {
    of(&customer(1), start)
}

fn change(account: AccountId) -> Change {
    Change {
        id: ChangeId::new(id(number())),
        account,
        kind: ChangeType::AppointmentCreated,
        at: Timestamp::from_millis(0).unwrap(),
        subject: id(1),
        version: Some(Version::FIRST),
        customer: None,
        actor: Actor::System,
        request: None,
        data: ChangeData {
            object: None,
            previous: None,
        },
    }
}

fn keyed(key: u8) -> Commit {
    Commit {
        record: Some(IdempotencyRecord {
            account: account(),
            key: IdempotencyKey([key; 32]),
            fingerprint: [9; 32],
            answer: StoredAnswer {
                format: 1,
                bytes: vec![key],
            },
            created_at: Timestamp::from_millis(10).unwrap(),
            expires_at: Timestamp::from_millis(20).unwrap(),
        }),
        changes: vec![change(account()), change(account())],
        notice: None,
    }
}

#[tokio::test]
async fn each_write_of_a_batch_has_its_own_outcome() {
    let Some(mut scene) = Scene::new().await else {
        return;
    };
    let expired = "INSERT INTO idempotency_records VALUES ($1, $2, $3, 1, '', 1, 5)";
    let account_id = account().as_bytes().to_vec();
    let setup = scene.store.clone();
    // Written before: the key 7, and long ago the key 8. (Records don't wait for the lock.)
    chatgrow_ports::IdempotencyStore::write(&*setup, keyed(7))
        .await
        .unwrap();
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
        [&account_id, &vec![8_u8; 32], &vec![9_u8; 32]];
    scene.other.execute(expired, &parameters).await.unwrap();

    let plain: Vec<_> = (0..20)
        .map(|nth| scene.book(appointment(nth * 10), keyed(100 + u8::try_from(nth).unwrap())))
        .collect();
    let taken = scene.book(appointment(-15), Commit::default());
    let taken_with_a_key = scene.book(appointment(5), keyed(1));
    let told_before = scene.book(appointment(300), keyed(7));
    let told_before_and_taken = scene.book(appointment(5), keyed(7));
    let told_long_ago = scene.book(appointment(310), keyed(8));
    let same_key = [
        scene.book(appointment(320), keyed(2)),
        scene.book(appointment(330), keyed(2)),
    ];
    // They have begun, so they wait for a batcher.
    tokio::task::yield_now().await;
    scene.release().await;

    for booked in join_all(plain).await {
        booked.unwrap().unwrap();
    }
    let refused = |outcome| matches!(outcome, Err(Failure::Refused(AppointmentRefusal::SlotTaken)));
    assert!(refused(taken.await.unwrap()));
    assert!(refused(taken_with_a_key.await.unwrap()));
    // If both look at the same time, one is told that the other is at it.
    let repeated = |outcome| {
        matches!(
            outcome,
            Err(Failure::Store(StoreError::Repeated | StoreError::InProgress))
        )
    };
    assert!(repeated(told_before.await.unwrap()));
    assert!(repeated(told_before_and_taken.await.unwrap()));
    told_long_ago.await.unwrap().unwrap();
    let same_key = join_all(same_key).await.into_iter().map(Result::unwrap);
    let (done, not): (Vec<_>, Vec<_>) = same_key.partition(Result::is_ok);
    assert_eq!((done.len(), not.len()), (1, 1), "{not:?}");

    // 20, those that were held, the one whose record had expired, and one of those with the same key.
    assert_eq!(scene.count("appointments").await, 24);
    assert_eq!(scene.count("idempotency_records WHERE answer <> ''").await, 23);
    assert_eq!(scene.count("changes").await, 2 * 23);
}

#[tokio::test]
async fn what_waits_is_one_transaction_and_in_order() {
    let Some(mut scene) = Scene::new().await else {
        return;
    };
    let booked: Vec<_> = (0..50)
        .rev()
        .map(|nth| scene.book(appointment(nth * 10), keyed(nth.try_into().unwrap())))
        .collect();
    tokio::task::yield_now().await;
    scene.release().await;
    for booked in join_all(booked).await {
        booked.unwrap().unwrap();
    }
    assert_eq!(
        scene
            .count("(SELECT DISTINCT epoch FROM changes) AS batches")
            .await,
        1
    );
    // Changes come in the order in which they were made, and their ids rise. Rows come in the order of all batches.
    let order = "SELECT (SELECT array_agg(id ORDER BY epoch, number) = array_agg(id ORDER BY id) FROM changes)
        AND (SELECT array_agg(id ORDER BY ctid) = array_agg(id ORDER BY starts_at) FROM appointments WHERE starts_at >= 0)";
    assert!(
        scene
            .observer
            .query_one(order, &[])
            .await
            .unwrap()
            .get::<_, bool>(0)
    );
}

#[tokio::test]
async fn a_bad_row_costs_no_other_its_success() {
    let Some(mut scene) = Scene::new().await else {
        return;
    };
    let good: Vec<_> = (0..10)
        .map(|nth| scene.book(appointment(nth * 10), keyed(nth.try_into().unwrap())))
        .collect();
    let bad = scene.book(of(&customer(99), 500), keyed(50));
    tokio::task::yield_now().await;
    scene.release().await;
    for booked in join_all(good).await {
        booked.unwrap().unwrap();
    }
    assert!(matches!(
        bad.await.unwrap(),
        Err(Failure::Store(StoreError::Failed(_)))
    ));
    assert_eq!(scene.count("idempotency_records").await, 10);
    assert_eq!(scene.count("changes").await, 20);
}

/// A caller that no longer waits for its turn has written nothing; one that leaves afterwards has written all or nothing.
#[tokio::test]
async fn whoever_leaves_has_written_all_or_nothing() {
    let Some(mut scene) = Scene::new().await else {
        return;
    };
    let stays = scene.book(appointment(0), keyed(0));
    let leaves: Vec<_> = (1..10)
        .map(|nth| scene.book(appointment(nth * 10), keyed(nth.try_into().unwrap())))
        .collect();
    tokio::task::yield_now().await;
    for task in &leaves {
        task.abort();
    }
    join_all(leaves).await;
    scene.release().await;
    stays.await.unwrap().unwrap();
    assert_eq!(scene.count("appointments").await, 3);

    // Now they leave while the batch is under way.
    scene
        .other
        .batch_execute("BEGIN; LOCK TABLE changes IN SHARE MODE")
        .await
        .unwrap();
    let leaves: Vec<_> = (1..10)
        .map(|nth| scene.book(appointment(nth * 10), keyed(nth.try_into().unwrap())))
        .collect();
    scene.waiting(2).await;
    for task in &leaves {
        task.abort();
    }
    join_all(leaves).await;
    scene.other.batch_execute("COMMIT").await.unwrap();
    // Whether or not their batches have ended, what can be seen is whole.
    let whole = "SELECT (SELECT count(*) FROM appointments) - 2 = (SELECT count(*) FROM idempotency_records)
        AND 2 * (SELECT count(*) FROM idempotency_records) = (SELECT count(*) FROM changes)";
    let whole = scene.observer.query_one(whole, &[]).await.unwrap();
    assert!(whole.get::<_, bool>(0));
}

/// A move could wait for one row of a batch while it has what the batch waits for next. A new row of several resources
/// could, too.
#[tokio::test]
async fn a_batch_waits_for_its_turn_before_it_writes() {
    for (name, seed) in [("appointments", 0), ("appointments_take_days", 3)] {
        let Some(mut scene) = Scene::new().await else {
            return;
        };
        let turn = format!(
            "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('{name}{}', {seed}))",
            account()
        );
        let elsewhere = connect(&scene.url).await;
        elsewhere.batch_execute(&turn).await.unwrap();
        let booked = [3 * 1440, 9 * 1440].map(|minute| scene.book(appointment(minute), Commit::default()));
        tokio::task::yield_now().await;
        scene.release().await;
        scene.waiting(1).await;
        let waiting = "SELECT mode FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        let waiting = scene.observer.query_one(waiting, &[]).await.unwrap();
        assert_eq!(waiting.get::<_, String>(0), "ShareLock");
        elsewhere.batch_execute("COMMIT").await.unwrap();
        for booked in booked {
            booked.await.unwrap().unwrap();
        }
    }
}

/// Two stores of one database, which has the account, and its URL.
async fn two_servers() -> Option<(String, [Arc<PostgresStore>; 2])> {
    let url = throwaway_postgres::new_database().await?;
    let stores = [
        Arc::new(open(&url).await.unwrap()),
        Arc::new(open(&url).await.unwrap()),
    ];
    insert_account(&stores[0]).await;
    Some((url, stores))
}

#[tokio::test]
async fn customers_with_one_address_race_in_batches() {
    let Some((url, stores)) = two_servers().await else {
        return;
    };
    let tasks = (0..200_u64).map(|nth| {
        let store = stores[usize::try_from(nth % 2).unwrap()].clone();
        tokio::spawn(async move {
            // Five tasks want each of forty addresses, in another order each.
            let mut wanted = customer(2000 + nth);
            wanted.email = customer((nth * 7) % 40).email;
            CustomerStore::insert(&*store, account(), &wanted, Commit::default()).await
        })
    });
    let outcomes = join_all(tasks).await.into_iter().map(Result::unwrap);
    let (done, refused): (Vec<_>, Vec<_>) = outcomes.partition(Result::is_ok);
    assert_eq!(done.len(), 40);
    for outcome in refused {
        assert!(
            matches!(outcome, Err(Failure::Refused(CustomerRefusal::EmailTaken))),
            "{outcome:?}"
        );
    }
    drop(stores);
    assert_eq!(deadlocks(&url).await, 0);
}

/// Two servers book, and move what they have booked, among the same slots of the same resources. Some take two resources, in
/// either order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_and_moves_never_wait_in_a_circle() {
    let Some((url, stores)) = two_servers().await else {
        return;
    };
    CustomerStore::insert(&*stores[0], account(), &customer(1), Commit::default())
        .await
        .unwrap();
    let resources = [ResourceId::new(id(71)), ResourceId::new(id(72))];
    for resource in resources {
        let new = NewResource {
            name: ResourceName::new("Dana").unwrap(),
            kind: ResourceKind::Staff,
            active: true,
        };
        let resource = Resource::new(resource, new, Timestamp::from_millis(0).unwrap());
        ResourceStore::insert(&*stores[0], account(), &resource, Commit::default())
            .await
            .unwrap();
    }
    let [first, second] = resources;
    let choices = [
        vec![],
        vec![first],
        vec![second],
        vec![first, second],
        vec![second, first],
    ];
    let tasks = (0..96_usize).map(|task| {
        let (store, choices) = (stores[task % 2].clone(), choices.clone());
        tokio::spawn(async move {
            let mut mine: Option<Appointment> = None;
            let mut booked = 0;
            for round in 0..40_usize {
                let slot = i64::try_from(task * 7 + round * 5).unwrap() % 24;
                let outcome = match &mine {
                    Some(before) if round % 3 == 0 => {
                        let mut moved = before.clone();
                        moved.booking.slot.start = LocalMinute::from_minutes(slot * 5).unwrap();
                        moved.version = moved.version.next();
                        let outcome =
                            AppointmentStore::update(&*store, account(), &moved, Commit::default()).await;
                        mine = outcome.is_ok().then_some(moved).or(mine);
                        outcome
                    }
                    _ => {
                        let mut new = appointment(slot * 5);
                        new.booking
                            .resources
                            .clone_from(&choices[(task + round) % choices.len()]);
                        let outcome =
                            AppointmentStore::book(&*store, account(), &new, None, Commit::default()).await;
                        booked += usize::from(outcome.is_ok());
                        mine = outcome.is_ok().then_some(new).or(mine);
                        outcome
                    }
                };
                assert!(
                    matches!(
                        outcome,
                        Ok(()) | Err(Failure::Refused(AppointmentRefusal::SlotTaken))
                    ),
                    "{outcome:?}"
                );
                // Frees its slot now and then, so that there is always something to gain.
                if round % 4 == 0
                    && let Some(mut cancelled) = mine.take()
                {
                    cancelled.status = AppointmentStatus::Cancelled;
                    cancelled.version = cancelled.version.next();
                    AppointmentStore::update(&*store, account(), &cancelled, Commit::default())
                        .await
                        .unwrap();
                }
            }
            booked
        })
    });
    let booked: usize = join_all(tasks).await.into_iter().map(Result::unwrap).sum();
    assert!(booked > 96, "{booked}");
    drop(stores);
    assert_eq!(deadlocks(&url).await, 0);
}

/// How many deadlocks the database has resolved. A session tells its own at its end, so those of the test have to end first.
async fn deadlocks(url: &str) -> i64 {
    let query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    let client = connect(url).await;
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    while count(&client, others).await > 0 {
        sleep(Duration::from_millis(10)).await;
    }
    count(&client, query).await
}
