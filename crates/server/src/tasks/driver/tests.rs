//! Tests of the driver. Time is paused in all of them: it advances at once when every task waits for it.

use super::*;
use prometheus_client::encoding::text;
use std::{
    panic::resume_unwind,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};
use tokio::sync::{
    Notify,
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

const INTERVAL: Duration = Duration::from_secs(100);
const PATIENCE: Duration = Duration::from_secs(30);

/// A deterministic source of "random" bytes.
struct Always(u8);

impl Randomness for Always {
    fn secret(&self) -> [u8; 32] {
        [self.0; 32]
    }
}

/// Starts a single task, with random bytes that are all equal; 0 gives the shortest rests. Also returns its metrics.
fn start(task: Task, randomness: u8) -> (Tasks, Registry) {
    let mut registry = Registry::default();
    let metrics = Metrics::register(&mut registry);
    let randomness: Arc<dyn Randomness> = Arc::new(Always(randomness));
    (Tasks::start(vec![task], &metrics, &randomness), registry)
}

#[track_caller]
fn assert_told(registry: &Registry, lines: &[&str]) {
    let mut told = String::new();
    text::encode(&mut told, registry).unwrap();
    for line in lines {
        assert!(told.lines().any(|one| one == *line), "no {line} in {told}");
    }
}

/// A task that reports each run and succeeds.
fn telling() -> (Task, UnboundedReceiver<Instant>) {
    let (sender, runs) = unbounded_channel();
    let task = Task::new("tell", INTERVAL, &sender, tell);
    (task, runs)
}

async fn tell(runs: UnboundedSender<Instant>) -> Result<(), String> {
    runs.send(Instant::now()).map_err(|_| "nobody listens".to_owned())
}

#[test]
fn the_jitter_is_within_its_bounds() {
    let whole = Duration::from_secs(10);
    assert_eq!(part(whole, 0), Duration::ZERO);
    assert_eq!(part(whole, 1 << 63), whole / 2);
    assert_eq!(part(whole, u64::MAX), Duration::from_nanos(9_999_999_999));
    assert_eq!(about(whole, 0), Duration::from_secs(9));
    assert_eq!(about(whole, 1 << 63), whole);
    assert_eq!(about(whole, u64::MAX), Duration::from_nanos(10_999_999_999));
}

#[tokio::test(start_paused = true)]
async fn runs_are_spread_over_the_interval() {
    for (randomness, first, next) in [(0, 0, 90), (128, 50, 100), (254, 99, 109)] {
        let (task, mut runs) = telling();
        let started = Instant::now();
        let (tasks, _) = start(task, randomness);
        let mut last = started;
        for expected in [first, next, next, next] {
            let run = runs.recv().await.unwrap();
            assert_eq!((run - last).as_secs(), expected, "{randomness}");
            last = run;
        }
        tasks.stop(PATIENCE).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_never_runs_twice_at_once() {
    let (sender, mut runs) = unbounded_channel();
    let context = (Arc::new(AtomicUsize::new(0)), sender);
    let task = Task::new("slow", INTERVAL, &context, |(running, runs)| async move {
        let others = running.fetch_add(1, Ordering::Relaxed);
        sleep(3 * INTERVAL).await;
        running.fetch_sub(1, Ordering::Relaxed);
        runs.send(others)
    });
    let (tasks, _) = start(task, 0);
    for _ in 0..10 {
        assert_eq!(runs.recv().await, Some(0));
    }
    tasks.stop(4 * INTERVAL).await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_task_delays_no_other() {
    let never = Task::new("never", INTERVAL, &(), |()| {
        std::future::pending::<Result<(), String>>()
    });
    let (task, mut runs) = telling();
    let metrics = Metrics::register(&mut Registry::default());
    let randomness: Arc<dyn Randomness> = Arc::new(Always(0));
    let _tasks = Tasks::start(vec![never, task], &metrics, &randomness);
    for _ in 0..10 {
        assert!(runs.recv().await.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn neither_a_panic_nor_a_failure_ends_a_task() {
    let (sender, mut runs) = unbounded_channel();
    let context = (Arc::new(AtomicUsize::new(0)), sender);
    let task = Task::new("moody", INTERVAL, &context, |(count, runs)| {
        let run = count.fetch_add(1, Ordering::Relaxed);
        runs.send(run).unwrap();
        // This doesn't use `panic!`, which would call the panic hook of the process. Another test counts the calls of
        // the hook.
        let panic = || -> Result<(), &str> { resume_unwind(Box::new("a defect")) };
        // The task panics before it has made a future, and in the future.
        let before = if run == 1 { panic() } else { Ok(()) };
        async move {
            match run {
                0 => Err("the store is away"),
                2 => panic(),
                _ => before,
            }
        }
    });
    let (tasks, registry) = start(task, 0);
    for expected in 0..=3 {
        assert_eq!(runs.recv().await, Some(expected));
    }
    tasks.stop(PATIENCE).await;
    assert_told(
        &registry,
        &[
            "task_runs_total{task=\"moody\",outcome=\"failed\"} 1",
            "task_runs_total{task=\"moody\",outcome=\"panicked\"} 2",
            "task_runs_total{task=\"moody\",outcome=\"succeeded\"} 1",
            "task_duration_seconds_count{task=\"moody\"} 4",
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn runs_are_counted_and_timed_from_the_start() {
    let (sender, mut runs) = unbounded_channel();
    let task = Task::new("timed", INTERVAL, &sender, |runs| async move {
        sleep(Duration::from_secs(2)).await;
        tell(runs).await
    });
    let (tasks, registry) = start(task, 0);
    assert_told(
        &registry,
        &[
            "task_runs_total{task=\"timed\",outcome=\"failed\"} 0",
            "task_runs_total{task=\"timed\",outcome=\"panicked\"} 0",
            "task_runs_total{task=\"timed\",outcome=\"succeeded\"} 0",
            "task_duration_seconds_count{task=\"timed\"} 0",
        ],
    );
    for _ in 0..3 {
        runs.recv().await;
    }
    tasks.stop(PATIENCE).await;
    assert_told(
        &registry,
        &[
            "task_runs_total{task=\"timed\",outcome=\"succeeded\"} 3",
            "task_duration_seconds_sum{task=\"timed\"} 6.0",
        ],
    );
}

/// A task whose run begins and waits until it may end.
struct Held {
    began: Notify,
    may_end: Notify,
    ended: AtomicBool,
}

fn held() -> (Task, Arc<Held>) {
    let held = Arc::new(Held {
        began: Notify::new(),
        may_end: Notify::new(),
        ended: AtomicBool::new(false),
    });
    let task = Task::new("held", INTERVAL, &held, |held| async move {
        held.began.notify_one();
        held.may_end.notified().await;
        held.ended.store(true, Ordering::Relaxed);
        Ok::<_, String>(())
    });
    (task, held)
}

#[tokio::test(start_paused = true)]
async fn a_stop_lets_the_run_under_way_end_and_begins_no_other() {
    let (task, held) = held();
    let (tasks, registry) = start(task, 0);
    held.began.notified().await;
    let stopped = tokio::spawn(tasks.stop(PATIENCE));
    // By then, everything that doesn't wait for the run has happened.
    sleep(PATIENCE / 2).await;
    assert!(!stopped.is_finished());
    held.may_end.notify_one();
    stopped.await.unwrap();
    assert!(held.ended.load(Ordering::Relaxed));
    sleep(10 * INTERVAL).await;
    assert_told(
        &registry,
        &["task_runs_total{task=\"held\",outcome=\"succeeded\"} 1"],
    );
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_no_timer() {
    let (task, mut runs) = telling();
    let (tasks, _) = start(task, 255);
    let asked = Instant::now();
    tasks.stop(PATIENCE).await;
    assert_eq!(asked.elapsed(), Duration::ZERO);
    // The task was dropped, and the sender with it.
    assert_eq!(runs.recv().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_stop_drops_what_takes_longer_than_its_patience() {
    let (task, held) = held();
    let alive = Arc::downgrade(&held);
    let (tasks, _) = start(task, 0);
    held.began.notified().await;
    drop(held);
    let asked = Instant::now();
    tasks.stop(PATIENCE).await;
    assert_eq!(asked.elapsed(), PATIENCE);
    // An aborted task is dropped only when the runtime gets to it.
    while alive.upgrade().is_some() {
        tokio::task::yield_now().await;
    }
}
