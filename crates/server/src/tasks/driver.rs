//! The driver of background tasks. Each task runs on its own timer until the server stops.

use chatgrow_ports::Randomness;
use futures_util::FutureExt;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};
use std::{error::Error, panic::AssertUnwindSafe, pin::Pin, sync::Arc, time::Duration};
use tokio::{
    select,
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

/// Why a run failed. It is logged, so it must not contain a secret.
type Failure = Box<dyn Error + Send + Sync>;

type Run = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

/// Work that a server repeats at an interval.
pub(crate) struct Task {
    name: &'static str,
    interval: Duration,
    work: Box<dyn Fn() -> Run + Send + Sync>,
}

impl Task {
    /// Creates a task, with the name that the log and the metrics show. It rests for the interval, plus or minus a
    /// tenth, between two runs. Each run gets a clone of the context.
    pub(crate) fn new<C, F, E>(
        name: &'static str,
        interval: Duration,
        context: &C,
        work: impl Fn(C) -> F + Send + Sync + 'static,
    ) -> Self
    where
        C: Clone + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<Failure>,
    {
        let context = context.clone();
        let work = move || -> Run {
            let run = work(context.clone());
            Box::pin(async { run.await.map_err(E::into) })
        };
        Self {
            name,
            interval,
            work: Box::new(work),
        }
    }
}

/// The outcomes of a run.
const SUCCEEDED: &str = "succeeded";
const FAILED: &str = "failed";
const PANICKED: &str = "panicked";

/// The driver's metrics.
#[derive(Clone)]
pub(crate) struct Metrics {
    runs: Family<Ended, Counter>,
    durations: Family<Of, Histogram, fn() -> Histogram>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    task: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    task: &'static str,
}

impl Metrics {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        // From a millisecond to about a minute.
        let histogram = || Histogram::new(exponential_buckets(0.001, 4.0, 9));
        let metrics = Self {
            runs: Family::default(),
            durations: Family::new_with_constructor(histogram as fn() -> Histogram),
        };
        registry.register(
            "task_runs",
            "Runs of background tasks that have ended",
            metrics.runs.clone(),
        );
        registry.register(
            "task_duration_seconds",
            "How long these runs took",
            metrics.durations.clone(),
        );
        metrics
    }

    /// Creates a task's series at the start, so that its first failure is an increase from 0.
    fn show(&self, task: &'static str) {
        for outcome in [SUCCEEDED, FAILED, PANICKED] {
            drop(self.runs.get_or_create(&Ended { task, outcome }));
        }
        drop(self.durations.get_or_create(&Of { task }));
    }

    fn ended(&self, task: &'static str, outcome: &'static str, took: Duration) {
        self.runs.get_or_create(&Ended { task, outcome }).inc();
        self.durations
            .get_or_create(&Of { task })
            .observe(took.as_secs_f64());
    }
}

/// Running tasks. Dropping this aborts the runs in progress too.
pub(crate) struct Tasks {
    timers: JoinSet<()>,
    /// Never sends anything. Dropping it stops the timers.
    stop: watch::Sender<()>,
}

impl Tasks {
    /// Starts a timer for each task. The first run comes after a random part of the interval, so that servers that
    /// start together don't run their tasks together.
    pub(crate) fn start(tasks: Vec<Task>, metrics: &Metrics, randomness: &Arc<dyn Randomness>) -> Self {
        let (stop, stopping) = watch::channel(());
        let mut timers = JoinSet::new();
        for task in tasks {
            metrics.show(task.name);
            let timer = Timer {
                task,
                metrics: metrics.clone(),
                randomness: randomness.clone(),
            };
            timers.spawn(timer.repeat(stopping.clone()));
        }
        Self { timers, stop }
    }

    /// Starts no more runs, and waits for those in progress. A run that takes longer than `patience` is dropped. That
    /// is safe: a call to a store that is dropped takes effect completely or not at all.
    pub(crate) async fn stop(self, patience: Duration) {
        let Self { mut timers, stop } = self;
        drop(stop);
        let ended = async { while timers.join_next().await.is_some() {} };
        if timeout(patience, ended).await.is_err() {
            tracing::warn!("background tasks that were under way had to be dropped");
        }
    }
}

struct Timer {
    task: Task,
    metrics: Metrics,
    randomness: Arc<dyn Randomness>,
}

impl Timer {
    async fn repeat(self, mut stopping: watch::Receiver<()>) {
        let mut rest = part(self.task.interval, self.random());
        loop {
            select! {
                biased;
                _ = stopping.changed() => return,
                () = sleep(rest) => {}
            }
            // A run ends before the next rest starts, so runs of one task never overlap.
            self.run().await;
            rest = about(self.task.interval, self.random());
        }
    }

    async fn run(&self) {
        let task = self.task.name;
        let began = Instant::now();
        // The call is inside of the future, because it may panic as well.
        let run = AssertUnwindSafe(async { (self.task.work)().await });
        let outcome = match run.catch_unwind().await {
            Ok(Ok(())) => SUCCEEDED,
            Ok(Err(error)) => {
                tracing::warn!(task, %error, "a background task failed; its next run follows");
                FAILED
            }
            // The panic's message may contain personal data, so it is not logged. The panic hook has logged the place.
            Err(_) => {
                tracing::error!(task, "a background task panicked; its next run follows");
                PANICKED
            }
        };
        self.metrics.ended(task, outcome, began.elapsed());
    }

    fn random(&self) -> u64 {
        let bytes = self.randomness.secret();
        bytes
            .iter()
            .fold(0, |random, byte| random << 8 | u64::from(*byte))
    }
}

/// The part of `whole` in proportion to 64 random bits: from nothing to the whole.
fn part(whole: Duration, random: u64) -> Duration {
    let nanos = (whole.as_nanos() * u128::from(random)) >> u64::BITS;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// The interval, plus or minus a tenth.
fn about(interval: Duration, random: u64) -> Duration {
    interval / 10 * 9 + part(interval / 5, random)
}

#[cfg(test)]
mod tests;
