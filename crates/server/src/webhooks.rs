//! The dispatcher: starts the lanes that have something to send.

use actix_web::rt;
use chatgrow_application::Application;
use chatgrow_ports::DueLane;
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::{sleep, timeout},
};

/// How long the dispatcher waits at least before it looks again, so that a busy log doesn't make it ask all the time.
const PAUSE: Duration = Duration::from_millis(50);

/// How long it waits after the store has failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Sends webhooks until it is stopped.
pub(crate) struct Dispatcher {
    application: Arc<Application>,
    lanes: Arc<Running>,
    stopping: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// The lanes that this server is running.
#[derive(Default)]
struct Running {
    lanes: Mutex<HashSet<DueLane>>,
    /// Some lane has ended. It may be due again, so the dispatcher waits for it, and in the end [`Dispatcher::stop`].
    ended: Notify,
}

impl Running {
    fn lanes(&self) -> MutexGuard<'_, HashSet<DueLane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lane that is running. It has ended when this is dropped.
struct Run {
    lanes: Arc<Running>,
    lane: DueLane,
}

impl Drop for Run {
    fn drop(&mut self) {
        self.lanes.lanes().remove(&self.lane);
        self.lanes.ended.notify_one();
    }
}

impl Dispatcher {
    /// Starts to send.
    pub(crate) fn start(application: Arc<Application>) -> Self {
        let (lanes, stopping) = (Arc::<Running>::default(), watch::Sender::new(false));
        let task = rt::spawn(dispatch(application.clone(), lanes.clone(), stopping.subscribe()));
        Self {
            application,
            lanes,
            stopping,
            task,
        }
    }

    /// Begins nothing more, and waits until what is under way has ended and the lanes are given back.
    pub(crate) async fn stop(self, patience: Duration) {
        self.application.delivery.lanes.stop();
        self.stopping.send_replace(true);
        let ended = async {
            // Only a panic ends it otherwise, which the panic hook has told.
            let _ = self.task.await;
            while !self.lanes.lanes().is_empty() {
                self.lanes.ended.notified().await;
            }
        };
        if timeout(patience, ended).await.is_err() {
            tracing::warn!("some webhooks were cut off; they are sent again");
        }
    }
}

async fn dispatch(application: Arc<Application>, lanes: Arc<Running>, mut stopping: watch::Receiver<bool>) {
    while !*stopping.borrow() {
        match application.delivery.lanes.due().await {
            Ok(due) => {
                for lane in due {
                    if lanes.lanes().insert(lane) {
                        let run = Run {
                            lanes: lanes.clone(),
                            lane,
                        };
                        rt::spawn(pass(application.clone(), run));
                    }
                }
                sleep(PAUSE).await;
            }
            Err(error) => {
                tracing::warn!(%error, "webhooks that are due could not be looked for");
                sleep(AFTER_FAILURE).await;
            }
        }
        let later = Instant::now() + Duration::from_secs(1);
        tokio::select! {
            _ = application.delivery.lanes.wait(later) => {}
            () = lanes.ended.notified() => {}
            _ = stopping.changed() => {}
        }
    }
}

async fn pass(application: Arc<Application>, run: Run) {
    if let Err(error) = application.delivery.lanes.pass(run.lane).await {
        tracing::warn!(%error, endpoint = %run.lane.endpoint, "an endpoint's webhooks have stopped for now; what is not settled is sent again");
    }
}
