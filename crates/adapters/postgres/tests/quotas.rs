//! Quotas that servers share.

use crate::support::open;
use chatgrow_domain::{ApiKeyId, ObjectId};
use chatgrow_ports::{Lease, Quota, QuotaOf, QuotaStore};
use chatgrow_postgres::PostgresStore;
use futures_util::future::join_all;
use std::{
    num::NonZeroU32,
    time::{Duration, Instant},
};
use throwaway_postgres::connect;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

fn key(number: u8) -> QuotaOf {
    QuotaOf::Key(ApiKeyId::new(ObjectId::from_bytes([number; 12])))
}

fn count(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

async fn lease(store: &PostgresStore, of: QuotaOf, max: u32, window: Duration, wanted: u32) -> Lease {
    let quota = Quota {
        max: count(max),
        window,
    };
    store.lease(of, quota, count(wanted), SECOND).await.unwrap()
}

/// Four servers that want as many permits as they can get have exactly the quota together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_have_one_quota_together() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    let stores = [
        open(&url).await.unwrap(),
        open(&url).await.unwrap(),
        open(&url).await.unwrap(),
        open(&url).await.unwrap(),
    ];
    for (round, wanted) in (0..).zip([1, 7, 64, 256]) {
        let taken = stores.iter().map(async |store| {
            let mut taken = 0;
            loop {
                let lease = lease(store, key(round), 1000, HOUR, wanted).await;
                assert!(lease.permits <= wanted);
                if lease.permits == 0 {
                    assert!(lease.wait > Duration::ZERO && lease.wait <= HOUR / 1000);
                    return taken;
                }
                taken += lease.permits;
            }
        });
        let started = Instant::now();
        let taken: u32 = join_all(taken).await.into_iter().sum();
        // The lifetime of the first lease costs one at most. One permit comes back in 3.6 seconds.
        let back = u32::try_from(started.elapsed().as_secs()).unwrap() / 3;
        assert!((999..=1001 + back).contains(&taken), "{taken}");
    }
}

/// The last permits are given out one by one. Those of another client, or another limit, are not touched.
#[tokio::test]
async fn few_permits_are_not_hoarded() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    let store = open(&url).await.unwrap();
    // The lifetime of the first lease costs less than one, and more than none.
    let mut left = 24 - 1;
    for permits in [2, 2, 2, 2, 1, 1] {
        let lease = lease(&store, key(1), 24, HOUR, 100).await;
        left -= permits;
        assert_eq!((lease.permits, lease.remaining), (permits, left));
    }
    let own = QuotaOf::KeyItself(ApiKeyId::new(ObjectId::from_bytes([1; 12])));
    for other in [key(2), own, QuotaOf::Address("192.0.2.1".parse().unwrap())] {
        assert_eq!(lease(&store, other, 3, HOUR, 1).await.remaining, 2);
    }
}

/// Several permits may be used until their lifetime is over, so until then nothing comes back for them.
#[tokio::test]
async fn permits_that_wait_count_as_used_late() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    let store = open(&url).await.unwrap();
    // A hundred permits come back in each second.
    let one = lease(&store, key(1), 6000, 60 * SECOND, 1).await;
    assert_eq!((one.permits, one.remaining), (1, 5999));
    let many = lease(&store, key(2), 6000, 60 * SECOND, 200).await;
    assert_eq!((many.permits, many.remaining), (200, 6000 - 200 - 100));
}

/// The debt of a longer window is forgotten, and nobody is refused for longer than a window.
#[tokio::test]
async fn a_window_may_become_shorter() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    let store = open(&url).await.unwrap();
    assert_eq!(lease(&store, key(1), 1, HOUR, 1).await.permits, 1);
    let minute = 60 * SECOND;
    let refused = lease(&store, key(1), 1, minute, 1).await;
    assert_eq!((refused.permits, refused.remaining), (0, 0));
    assert!(refused.wait <= minute, "{refused:?}");
    let rows = connect(&url)
        .await
        .query("SELECT whole_at FROM quotas", &[])
        .await;
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let whole_at = Duration::from_nanos(rows.unwrap()[0].get::<_, i64>(0).try_into().unwrap());
    assert!(whole_at < now + 2 * minute);
}

#[tokio::test]
async fn servers_meet_and_whole_quotas_are_forgotten() {
    let Some(url) = throwaway_postgres::new_database().await else {
        return;
    };
    let store = open(&url).await.unwrap();
    let meet = async |server, lately| {
        store
            .meet(ObjectId::from_bytes([server; 12]), lately)
            .await
            .unwrap()
            .get()
    };
    assert_eq!(meet(1, HOUR).await, 1);
    assert_eq!(meet(2, HOUR).await, 2);
    assert_eq!(meet(1, HOUR).await, 2);
    assert_eq!(
        meet(1, Duration::ZERO).await,
        1,
        "the other one was not seen lately"
    );

    lease(&store, key(1), 1, HOUR, 1).await;
    lease(&store, key(2), 1, Duration::from_nanos(1), 1).await;
    let client = connect(&url).await;
    let long_ago = "UPDATE quotas SET whole_at = whole_at - 20000000000 WHERE client = $1";
    client.execute(long_ago, &[&key(2).to_string()]).await.unwrap();
    meet(1, HOUR).await;
    let left = client.query("SELECT client FROM quotas", &[]).await.unwrap();
    let left: Vec<String> = left.iter().map(|row| row.get(0)).collect();
    assert_eq!(left, [key(1).to_string()]);
}
