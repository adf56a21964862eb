//! Turns of repeated requests within one process.

use async_trait::async_trait;
use chatgrow_domain::AccountId;
use chatgrow_ports::{IdempotencyKey, Turn, Turns};
use std::{
    collections::HashSet,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    sync::Notify,
    time::{sleep, timeout_at},
};

/// How long to wait before asking again whether a request on another server has ended.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// The repeatable requests that this process is carrying out.
#[derive(Default)]
pub(crate) struct Running(Arc<State>);

#[derive(Default)]
struct State {
    requests: Mutex<HashSet<(AccountId, IdempotencyKey)>>,
    ended: Notify,
}

impl State {
    fn requests(&self) -> MutexGuard<'_, HashSet<(AccountId, IdempotencyKey)>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn enter(self: &Arc<Self>, request: (AccountId, IdempotencyKey)) -> Entered {
        loop {
            let mut ended = pin!(self.ended.notified());
            // Registered before the check, so that an end right after the check is not missed.
            ended.as_mut().enable();
            let entered = self.requests().insert(request);
            if entered {
                let state = self.clone();
                return Entered { state, request };
            }
            ended.await;
        }
    }
}

/// A request in progress. It ends when this is dropped.
struct Entered {
    state: Arc<State>,
    request: (AccountId, IdempotencyKey),
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.state.requests().remove(&self.request);
        self.state.ended.notify_waiters();
    }
}

#[async_trait]
impl Turns for Running {
    async fn enter(&self, account: AccountId, key: IdempotencyKey, deadline: Instant) -> Option<Turn> {
        let entered = timeout_at(deadline.into(), self.0.enter((account, key))).await;
        entered.ok().map(|entered| Box::new(entered) as Turn)
    }

    async fn pause(&self, deadline: Instant) -> bool {
        timeout_at(deadline.into(), sleep(ASK_AGAIN)).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatgrow_domain::ObjectId;

    const KEY: IdempotencyKey = IdempotencyKey([1; 32]);

    fn account(byte: u8) -> AccountId {
        AccountId::new(ObjectId::from_bytes([byte; 12]))
    }

    #[tokio::test]
    async fn a_request_waits_for_its_twin_and_for_no_other() {
        let running = Running::default();
        let (soon, late) = (Instant::now(), Instant::now() + Duration::from_secs(60));
        let first = running.enter(account(1), KEY, soon).await;
        assert!(first.is_some());
        assert!(
            running.enter(account(1), KEY, soon).await.is_none(),
            "its twin runs"
        );
        assert!(
            running.enter(account(2), KEY, soon).await.is_some(),
            "another account"
        );
        let other = IdempotencyKey([2; 32]);
        assert!(
            running.enter(account(1), other, soon).await.is_some(),
            "another key"
        );
        let (second, ()) = tokio::join!(running.enter(account(1), KEY, late), async { drop(first) });
        assert!(second.is_some(), "its twin has ended");
    }

    #[tokio::test]
    async fn a_pause_ends_with_the_deadline() {
        assert!(!Running::default().pause(Instant::now()).await);
        let late = Instant::now() + Duration::from_secs(60);
        assert!(Running::default().pause(late).await);
    }
}
