use super::*;
use chatgrow_domain::ApiKeyId;
use chatgrow_ports::{MockIdSource, MockQuotaStore};
use futures_util::FutureExt;

const QUOTA: Quota = Quota {
    max: NonZeroU32::new(1000).unwrap(),
    window: Duration::from_secs(60),
};

fn key(number: u8) -> QuotaOf {
    QuotaOf::Key(ApiKeyId::new(ObjectId::from_bytes([number; 12])))
}

fn quotas(store: MockQuotaStore) -> Quotas {
    let mut ids = MockIdSource::new();
    ids.expect_next_id().return_const(ObjectId::from_bytes([9; 12]));
    Quotas::new(Some(Arc::new(store)), Arc::new(ids))
}

/// Nothing here waits, so one poll is enough.
fn take(quotas: &Quotas, of: QuotaOf) -> Permit {
    quotas.take(of, QUOTA).now_or_never().unwrap()
}

/// A store that gives what is wanted, and notes it.
fn generous(asked: Arc<Mutex<Vec<u32>>>) -> MockQuotaStore {
    let mut store = MockQuotaStore::new();
    store.expect_lease().returning(move |_, quota, wanted, lifetime| {
        assert_eq!((quota, lifetime), (QUOTA, LIFETIME));
        lock(&asked).push(wanted.get());
        Ok(Lease {
            permits: wanted.get(),
            remaining: 500,
            wait: Duration::ZERO,
        })
    });
    store
}

#[test]
fn a_busy_client_leases_more_and_more() {
    let asked = Arc::<Mutex<Vec<u32>>>::default();
    let quotas = quotas(generous(asked.clone()));
    for _ in 0..1000 {
        assert!(matches!(take(&quotas, key(1)), Permit::Granted { .. }));
    }
    // Eleven, if the machine doesn't stand still meanwhile.
    assert!(lock(&asked).len() < 30, "{asked:?}");
    take(&quotas, key(2));
    assert_eq!(lock(&asked).last(), Some(&1), "each client for itself");
}

#[test]
fn what_is_left_here_and_in_the_store_is_told() {
    let quotas = quotas(generous(Arc::default()));
    let remaining = [(); 4].map(|()| take(&quotas, key(1)));
    assert_eq!(
        remaining,
        [500, 501, 500, 503].map(|remaining| Permit::Granted { remaining })
    );
}

#[test]
fn a_lease_follows_what_the_client_uses() {
    let leased = |size, permits| State {
        permits,
        size,
        leased_at: Some(Instant::now()),
        lifetime: LIFETIME,
        ..State::default()
    };
    let wanted = |state: State, age| state.wanted(state.leased_at.unwrap() + age).get();
    assert_eq!(wanted(leased(8, 0), LIFETIME / 4), 16, "used up soon");
    assert_eq!(wanted(leased(8, 0), LIFETIME * 3 / 4), 8, "used up");
    assert_eq!(wanted(leased(8, 5), LIFETIME), 3, "used in part");
    assert_eq!(wanted(leased(8, 8), LIFETIME), 1, "not used");
    assert_eq!(wanted(leased(8, 0), LIFETIME * 2), 1, "idle since");
}

#[test]
fn permits_that_nobody_used_are_lost() {
    let (mut state, now) = (State::default(), Instant::now());
    let lease = Lease {
        permits: 3,
        remaining: 0,
        wait: Duration::ZERO,
    };
    assert_eq!(state.take(lease, LIFETIME, now), Permit::Granted { remaining: 2 });
    let last = LIFETIME.checked_sub(Duration::from_nanos(1)).unwrap();
    assert_eq!(state.decide(now + last), Some(Permit::Granted { remaining: 1 }));
    assert_eq!(state.decide(now + LIFETIME), None);
}

#[test]
fn a_client_that_is_refused_costs_no_more_leases() {
    let mut store = MockQuotaStore::new();
    let wait = Duration::from_secs(60);
    store.expect_lease().once().returning(move |_, _, _, _| {
        Ok(Lease {
            permits: 0,
            remaining: 0,
            wait,
        })
    });
    let quotas = quotas(store);
    for _ in 0..10 {
        let Permit::Refused { wait: told } = take(&quotas, key(1)) else {
            panic!("a permit");
        };
        assert!(told <= wait && told > wait / 2);
    }
}

#[test]
fn a_server_whose_store_is_away_decides_alone() {
    let mut store = MockQuotaStore::new();
    store
        .expect_lease()
        .once()
        .returning(|_, _, _, _| Err(StoreError::unavailable("away")));
    store
        .expect_meet()
        .once()
        .returning(|_, _| Ok(NonZeroU32::new(4).unwrap()));
    let quotas = quotas(store);
    quotas.meet().now_or_never().unwrap().unwrap();
    let servers = NonZeroU32::new(4).unwrap();
    for number in 0..10 {
        assert_eq!(take(&quotas, key(number)), Permit::Alone { servers });
    }
    let used = QuotasUsed {
        leases: 1,
        alone: 10,
        servers: 4,
    };
    assert_eq!(quotas.used(), Some(used));
}

#[test]
fn idle_clients_are_forgotten() {
    let mut store = generous(Arc::default());
    store.expect_meet().returning(|_, _| Ok(NonZeroU32::MIN));
    let quotas = quotas(store);
    take(&quotas, key(1));
    let forget = || {
        quotas.meet().now_or_never().unwrap().unwrap();
        quotas.clients.read().unwrap().len()
    };
    assert_eq!(forget(), 1);
    lock(&quotas.clients.read().unwrap()[&(key(1), QUOTA)].state).leased_at = None;
    assert_eq!(forget(), 0);
}

#[test]
fn one_store_for_one_server_is_not_asked() {
    let quotas = Quotas::new(None, Arc::new(MockIdSource::new()));
    let servers = NonZeroU32::MIN;
    assert_eq!(take(&quotas, key(1)), Permit::Alone { servers });
    assert_eq!((quotas.used(), quotas.clients.read().unwrap().len()), (None, 0));
}
