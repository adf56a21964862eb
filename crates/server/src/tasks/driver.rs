//! The driver of background tasks. Each task runs on a timer of its own, until the server stops.

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

/// Why a run failed. The log shows it, so it holds no secret.
type Failure = Box<dyn Error + Send + Sync>;

type Run = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

/// Something that a server does again and again.
pub(crate) struct Task {
    name: &'static str,
    interval: Duration,
    work: Box<dyn Fn() -> Run + Send + Sync>,
}

impl Task {
    /// A task under the name that the log and the metrics show. Between two runs it rests for the interval, give or
    /// take a tenth. Each run gets a clone of the context.
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

/// How a run can end.
const SUCCEEDED: &str = "succeeded";
const FAILED: &str = "failed";
const PANICKED: &str = "panicked";

/// What the driver tells operators.
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
        // From a millisecond to a minute.
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

    /// Shows a task from the start, so that its first failure is a rise from 0.
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

/// Tasks that run. Dropping them drops the runs that are under way too.
pub(crate) struct Tasks {
    timers: JoinSet<()>,
    /// Never sends anything: to drop it stops the timers.
    stop: watch::Sender<()>,
}

impl Tasks {
    /// Starts a timer for each task. The first run comes after a random part of the interval: servers that start together do not
    /// work together.
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

    /// Begins no more runs, and waits for those that are under way. What takes longer than the patience is dropped: the stores leave
    /// all or nothing of a call that is dropped.
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
            // One run ends before the next rest begins, so no run overlaps another of the same task.
            self.run().await;
            rest = about(self.task.interval, self.random());
        }
    }

    async fn run(&self) {
        let task = self.task.name;
        let began = Instant::now();
        // The call stands inside of the future: it may panic as well.
        let run = AssertUnwindSafe(async { (self.task.work)().await });
        let outcome = match run.catch_unwind().await {
            Ok(Ok(())) => SUCCEEDED,
            Ok(Err(error)) => {
                tracing::warn!(task, %error, "a background task failed; its next run follows");
                FAILED
            }
            // What the panic says may hold a person's data. The hook has told where it was.
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

/// From nothing to the whole, in proportion to the 64 random bits.
fn part(whole: Duration, random: u64) -> Duration {
    let nanos = (whole.as_nanos() * u128::from(random)) >> u64::BITS;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// The interval, give or take a tenth.
fn about(interval: Duration, random: u64) -> Duration {
    interval / 10 * 9 + part(interval / 5, random)
}

#[cfg(test)]
mod tests;
