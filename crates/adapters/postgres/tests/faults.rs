//! Faults of the database: it goes away, is busy, or ends its clients' sessions. Callers get a temporary error, no
//! acknowledged write is lost, and the store recovers by itself.

use crate::support::{WAITING, account, count, customer, insert_account, open, open_with};
use chatgrow_domain::{AccountSlug, Customer, PageLimit};
use chatgrow_ports::{
    AccountStore, Commit, CustomerFilter, CustomerStore, Failure, PageRequest, StoreError, StoreHealth,
};
use chatgrow_postgres::{Options, PostgresStore};
use std::{
    collections::HashSet,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use throwaway_postgres::{Server, connect};
use tokio::{task::JoinHandle, time::timeout};

/// Clients that insert customers without a pause, each with a different number.
struct Load {
    stop: Arc<AtomicBool>,
    next: Arc<AtomicU64>,
    clients: Vec<JoinHandle<(Vec<u64>, usize)>>,
    acknowledged: Arc<AtomicU64>,
}

impl Load {
    fn start(store: &Arc<PostgresStore>) -> Self {
        let (stop, next) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(1)));
        let acknowledged = Arc::new(AtomicU64::new(0));
        let clients = (0..32)
            .map(|_| {
                let (store, stop, next) = (store.clone(), stop.clone(), next.clone());
                let acknowledged = acknowledged.clone();
                tokio::spawn(async move {
                    let (mut written, mut refused) = (Vec::new(), 0);
                    while !stop.load(Ordering::Relaxed) {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let started = Instant::now();
                        let outcome =
                            CustomerStore::insert(&*store, account(), &customer(number), Commit::default())
                                .await;
                        assert!(
                            started.elapsed() < Duration::from_secs(20),
                            "{:?}",
                            started.elapsed()
                        );
                        match outcome {
                            Ok(()) => {
                                written.push(number);
                                acknowledged.fetch_add(1, Ordering::Relaxed);
                            }
                            Err(Failure::Store(StoreError::Unavailable(_))) => refused += 1,
                            Err(error) => panic!("{error:?}"),
                        }
                        tokio::task::yield_now().await;
                    }
                    (written, refused)
                })
            })
            .collect();
        Self {
            stop,
            next,
            clients,
            acknowledged,
        }
    }

    /// Waits until that many more writes were acknowledged.
    async fn more(&self, count: u64) {
        more(&self.acknowledged, count).await;
    }

    /// Stops the clients, and fails the test unless every acknowledged write is in the store.
    async fn end(self, store: &PostgresStore) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        let (mut written, mut refused) = (Vec::new(), 0);
        for client in self.clients {
            let (more_written, more_refused) = client.await.unwrap();
            written.extend(more_written);
            refused += more_refused;
        }
        let mut there = HashSet::new();
        let mut request = PageRequest {
            limit: PageLimit::new(500).unwrap(),
            after: None,
        };
        loop {
            let page = CustomerStore::list(store, account(), &CustomerFilter::default(), request)
                .await
                .unwrap();
            there.extend(page.items.iter().map(|customer| customer.id));
            request.after = page.next;
            if request.after.is_none() {
                break;
            }
        }
        assert!(
            written.iter().all(|number| there.contains(&customer(*number).id)),
            "acknowledged and lost"
        );
        assert!(there.len() <= usize::try_from(self.next.load(Ordering::Relaxed)).unwrap());
        refused
    }
}

/// Waits until the counter has risen by `count`.
async fn more(counter: &AtomicU64, count: u64) {
    let wanted = counter.load(Ordering::Relaxed) + count;
    let more = async {
        while counter.load(Ordering::Relaxed) < wanted {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(20), more).await.unwrap();
}

/// Ends all other sessions, and counts them.
const THROW_OUT: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND datname = current_database()";

/// Looks up a customer, who need not exist, in a task.
fn look_up(store: &Arc<PostgresStore>, number: u64) -> JoinHandle<Result<Option<Customer>, StoreError>> {
    let store = store.clone();
    tokio::spawn(async move { store.by_email(account(), &customer(number).email.key()).await })
}

/// Clients that look up customers who don't exist, without a pause.
struct LookUps {
    stop: Arc<AtomicBool>,
    found: Arc<AtomicU64>,
    clients: Vec<JoinHandle<()>>,
}

impl LookUps {
    fn start(store: &Arc<PostgresStore>, clients: u64) -> Self {
        let (stop, found) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let clients = (0..clients)
            .map(|number| {
                let (store, stop, found) = (store.clone(), stop.clone(), found.clone());
                tokio::spawn(async move {
                    while !stop.load(Ordering::Relaxed) {
                        match look_up(&store, number).await.unwrap() {
                            Ok(none) => {
                                assert_eq!(none, None);
                                found.fetch_add(1, Ordering::Relaxed);
                            }
                            Err(StoreError::Unavailable(_)) => {}
                            Err(error) => panic!("{error:?}"),
                        }
                    }
                })
            })
            .collect();
        Self { stop, found, clients }
    }

    async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.await.unwrap();
        }
    }
}

/// A store on its own server.
async fn own_server() -> Option<(Arc<PostgresStore>, Server, String)> {
    let server = Server::start("")?;
    let url = server.new_database().await;
    let store = open(&url).await.unwrap();
    insert_account(&store).await;
    Some((Arc::new(store), server, url))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_of_the_database_loses_nothing_that_was_acknowledged() {
    let Some((store, server, _)) = own_server().await else {
        return;
    };
    let load = Load::start(&store);
    for _ in 0..3 {
        load.more(200).await;
        server.crash();
        let unavailable = store.check().await;
        assert!(
            matches!(unavailable, Err(StoreError::Unavailable(_))),
            "{unavailable:?}"
        );
        server.restart();
    }
    load.more(200).await;
    assert!(load.end(&store).await > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_are_thrown_out_come_back() {
    let Some((store, _server, url)) = own_server().await else {
        return;
    };
    let admin = connect(&url).await;
    let load = Load::start(&store);
    for _ in 0..10 {
        load.more(50).await;
        assert!(count(&admin, THROW_OUT).await > 0);
    }
    load.more(200).await;
    assert!(load.end(&store).await > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_of_somebody_else_and_an_exhausted_pool_are_not_waited_for_in_vain() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    let options = Options {
        connections: NonZeroU32::new(2).unwrap(),
        ..Options::default()
    };
    let store = Arc::new(open_with(&url, options).await.unwrap());
    insert_account(&store).await;
    let somebody = connect(&url).await;
    somebody
        .batch_execute("BEGIN; LOCK TABLE customers")
        .await
        .unwrap();

    // Two calls wait for the lock, two for a connection.
    let calls: Vec<_> = (1..=4)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                CustomerStore::insert(&*store, account(), &customer(number), Commit::default()).await
            })
        })
        .collect();
    for call in calls {
        let outcome = timeout(Duration::from_secs(12), call).await.unwrap().unwrap();
        assert!(
            matches!(outcome, Err(Failure::Store(StoreError::Unavailable(_)))),
            "{outcome:?}"
        );
    }
    somebody.batch_execute("COMMIT").await.unwrap();
    CustomerStore::insert(&*store, account(), &customer(1), Commit::default())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn look_ups_share_a_connection_and_leave_it_when_it_stalls() {
    let Some((store, _server, url)) = own_server().await else {
        return;
    };
    CustomerStore::insert(&*store, account(), &customer(1), Commit::default())
        .await
        .unwrap();
    let (admin, mut somebody) = (connect(&url).await, connect(&url).await);
    let locked = somebody.transaction().await.unwrap();
    locked.batch_execute("LOCK TABLE customers").await.unwrap();
    let first = look_up(&store, 1);
    while count(&admin, WAITING).await == 0 {
        tokio::task::yield_now().await;
    }
    let second = look_up(&store, 2);
    // A call that doesn't share the connection doesn't wait.
    timeout(Duration::from_secs(4), store.check())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(count(&admin, WAITING).await, 1);
    for stalled in [first, second] {
        let outcome = stalled.await.unwrap();
        assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    }

    // The next look-ups use another connection.
    let slug = AccountSlug::default();
    let found = timeout(Duration::from_secs(4), store.by_slug(&slug)).await;
    assert!(found.unwrap().unwrap().is_some());
    let (first, second) = (look_up(&store, 1), look_up(&store, 2));
    locked.commit().await.unwrap();
    assert_eq!(first.await.unwrap().unwrap(), Some(customer(1)));
    assert_eq!(second.await.unwrap().unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn look_ups_that_are_thrown_out_come_back() {
    let Some((store, _server, url)) = own_server().await else {
        return;
    };
    let admin = connect(&url).await;
    let look_ups = LookUps::start(&store, 32);
    for _ in 0..10 {
        more(&look_ups.found, 500).await;
        assert!(count(&admin, THROW_OUT).await > 0);
    }
    more(&look_ups.found, 500).await;
    look_ups.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn look_ups_that_never_end_keep_no_write_from_the_connection() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    let options = Options {
        connections: NonZeroU32::MIN,
        ..Options::default()
    };
    let store = Arc::new(open_with(&url, options).await.unwrap());
    insert_account(&store).await;
    let look_ups = LookUps::start(&store, 1000);
    for number in 1001..=1010 {
        more(&look_ups.found, 1000).await;
        CustomerStore::insert(&*store, account(), &customer(number), Commit::default())
            .await
            .unwrap();
    }
    look_ups.end().await;
}

#[tokio::test]
async fn a_standby_takes_no_writes_and_says_so() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    drop(open(&url).await.unwrap());
    let (server, database) = url.rsplit_once('/').unwrap();
    connect(&url)
        .await
        .batch_execute(&format!(
            "ALTER DATABASE {database} SET default_transaction_read_only = on"
        ))
        .await
        .unwrap();
    let expected = Options {
        migrations: chatgrow_sql::Migrations::Expect,
        ..Options::default()
    };
    let store = open_with(&format!("{server}/{database}"), expected)
        .await
        .unwrap();
    assert!(matches!(store.check().await, Err(StoreError::Unavailable(_))));
    let outcome = CustomerStore::insert(&store, account(), &customer(1), Commit::default()).await;
    assert!(
        matches!(outcome, Err(Failure::Store(StoreError::Unavailable(_)))),
        "{outcome:?}"
    );
}
