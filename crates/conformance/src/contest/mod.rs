//! Contests: two calls that want what only one can have, in many interleavings. They find a store that looks first and writes
//! afterwards, and lets others in between.

pub mod access;
pub mod crm;
pub mod events;
pub mod scheduling;

use crate::{new_account, new_customer};
use chatgrow_domain::{AccountId, Customer};
use chatgrow_ports::Stores;
use std::{
    cell::{Cell, RefCell},
    fmt::Debug,
    future::Future,
    hint::spin_loop,
    iter::successors,
    panic::resume_unwind,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};
use tokio::{
    runtime::Handle,
    task::{block_in_place, yield_now},
    time::timeout,
};

/// How often two calls of a kind are started at the same instant on two threads.
const STARTS: usize = 16;

/// How often if a call takes less than [`QUICK`]: then others can come in between for a short time only.
const STARTS_OF_QUICK: usize = 2048;
const QUICK: Duration = Duration::from_micros(100);

/// How long a thread that is ready keeps its processor.
const SPINNING: Duration = Duration::from_micros(50);

/// How long the second call may wait for the first, which rests. A store that holds a lock while it is not polled needs that.
const PATIENCE: Duration = Duration::from_millis(20);

/// How the two calls of one round are interleaved.
pub(super) struct Round {
    /// No other round of a contest has it.
    pub(super) number: usize,
    /// The polls after which the first call rests until the second is done; `None` starts both at one instant.
    polls: Option<usize>,
    /// How long after that instant each really begins.
    late: [Duration; 2],
    /// Whether the first call was done before it was to rest.
    done: Cell<bool>,
    /// How long the first call of the last start took.
    took: Cell<Duration>,
}

/// Runs `round` once for each interleaving of the two calls that it hands to [`Round::both`]:
///
/// - The first call is polled not at all, once, twice and so on, and rests there while the second runs from its beginning to its end. If
///   a store lets others in between two awaits of a write, one of these rounds is there at that moment, whatever the machine does.
/// - Two threads start the calls at the same instant, again and again, one of them a part of a call later. If a store
///   lets others in without an await between, that finds it.
///
/// The two may want it in several ways: each of the `kinds` is tried step by step, and then they take turns.
pub(super) async fn contest<K: Copy>(kinds: &[K], round: impl AsyncFn(&Round, K)) {
    let mut next = Round {
        number: 0,
        polls: None,
        late: [Duration::ZERO; 2],
        done: Cell::new(false),
        took: Cell::default(),
    };
    for kind in kinds {
        // Whoever needs more than a few polls waits for others, and how often it is polled meanwhile is chance.
        for polls in successors(Some(0), |polls| Some(polls + 1 + polls / 8 * 4)) {
            next.polls = Some(polls);
            round(&next, *kind).await;
            next.number += 1;
            if next.done.take() {
                break;
            }
        }
    }
    next.polls = None;
    next.took.set(Duration::ZERO);
    let mut shortest = Duration::MAX;
    for start in 0..STARTS_OF_QUICK * kinds.len() {
        if start >= STARTS * kinds.len() && shortest > QUICK {
            break;
        }
        let turn = start / kinds.len();
        // All parts of a call, the small ones more often: calls of one kind are vulnerable at the same moment.
        let part = f64::from(u32::try_from(turn * 631 % 1021).unwrap()) / 1021.0;
        let late = shortest.min(next.took.get()).mul_f64(part.powi(3));
        next.late = match turn % 2 {
            0 => [Duration::ZERO, late],
            _ => [late, Duration::ZERO],
        };
        round(&next, kinds[start % kinds.len()]).await;
        next.number += 1;
        shortest = shortest.min(next.took.get());
    }
}

impl Round {
    /// Runs both calls in this round's interleaving.
    pub(super) async fn both<A, B>(&self, first: A, second: B) -> (A::Output, B::Output)
    where
        A: Future,
        B: Future<Output: Send> + Send + 'static,
    {
        match self.polls {
            Some(polls) => self.stepwise(polls, first, second).await,
            None => self.at_once(first, second),
        }
    }

    async fn stepwise<A: Future, B: Future>(
        &self,
        polls: usize,
        first: A,
        second: B,
    ) -> (A::Output, B::Output) {
        let (mut first, mut second) = (pin!(first), pin!(second));
        let mut nobody = Context::from_waker(Waker::noop());
        for _ in 0..polls {
            if let Poll::Ready(output) = first.as_mut().poll(&mut nobody) {
                self.done.set(true);
                return (output, second.await);
            }
            yield_now().await;
        }
        if let Ok(output) = timeout(PATIENCE, second.as_mut()).await {
            (first.await, output)
        } else {
            tokio::join!(first, second)
        }
    }

    /// Each call has a thread of its own, so that no scheduler comes between the start and the call.
    fn at_once<A, B>(&self, first: A, second: B) -> (A::Output, B::Output)
    where
        A: Future,
        B: Future<Output: Send> + Send + 'static,
    {
        let start = Arc::new(Start::default());
        let (runtime, started) = (Handle::current(), start.clone());
        let [first_late, second_late] = self.late;
        let second = thread::spawn(move || {
            started.wait(second_late);
            runtime.block_on(second)
        });
        let first = block_in_place(|| {
            start.give();
            spin(first_late);
            let began = Instant::now();
            let output = Handle::current().block_on(first);
            self.took.set(began.elapsed());
            output
        });
        (first, second.join().unwrap_or_else(|panic| resume_unwind(panic)))
    }
}

/// The instant at which two threads start. A thread that sleeps wakes too late, so both spin.
#[derive(Default)]
struct Start {
    ready: AtomicBool,
    given: AtomicBool,
}

impl Start {
    /// Waits for the other thread, then lets it start.
    fn give(&self) {
        while !self.ready.load(Ordering::Acquire) {
            thread::yield_now();
        }
        self.given.store(true, Ordering::Release);
    }

    fn wait(&self, late: Duration) {
        self.ready.store(true, Ordering::Release);
        let ready = Instant::now();
        while !self.given.load(Ordering::Acquire) {
            if ready.elapsed() < SPINNING {
                spin_loop();
            } else {
                // The other one may have no processor to run on.
                thread::yield_now();
            }
        }
        spin(late);
    }
}

fn spin(long: Duration) {
    let begin = Instant::now();
    while begin.elapsed() < long {
        spin_loop();
    }
}

/// A store for each of two callers: the same one, or one of each server.
fn two_callers(servers: &[Stores]) -> (Stores, Stores) {
    (servers[0].clone(), servers[servers.len() - 1].clone())
}

/// An account with a customer, and another one every few rounds: if a store takes longer the more there is, its windows should stay as
/// wide as they are.
struct Tenants<'s> {
    stores: &'s Stores,
    present: RefCell<Option<(AccountId, Customer)>>,
}

impl<'s> Tenants<'s> {
    fn of(stores: &'s Stores) -> Self {
        Self {
            stores,
            present: RefCell::default(),
        }
    }

    async fn tenant(&self, round: &Round) -> (AccountId, Customer) {
        let present = self.present.borrow().clone();
        match present {
            Some(tenant) if !round.number.is_multiple_of(4) => tenant,
            _ => {
                let account = new_account(self.stores).await;
                let tenant = (account, new_customer(self.stores, account).await);
                self.present.replace(Some(tenant.clone()));
                tenant
            }
        }
    }
}

/// Exactly one of the two has it, and the other is told why not.
fn assert_one_wins<T: Debug, E: Debug>(
    (first, second): &(Result<T, E>, Result<T, E>),
    what: &str,
    refused: impl Fn(&E) -> bool,
) {
    let right = match (first, second) {
        (Ok(_), Err(error)) | (Err(error), Ok(_)) => refused(error),
        _ => false,
    };
    assert!(
        right,
        "{what}: exactly one of two that want it at once must have it, and the other must be told that it is gone. They were told \
         {first:?} and {second:?}"
    );
}
