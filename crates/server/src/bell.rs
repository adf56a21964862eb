//! Tells those who wait on this server that there are new changes.

use async_trait::async_trait;
use chatgrow_ports::Bell;
use std::time::{Duration, Instant};
use tokio::{
    sync::Notify,
    time::{timeout, timeout_at},
};

/// How long it takes at most until changes of other servers are noticed.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// The bell of one process.
#[derive(Default)]
pub(crate) struct LocalBell(Notify);

#[async_trait]
impl Bell for LocalBell {
    fn ring(&self) {
        self.0.notify_waiters();
    }

    async fn wait(&self, deadline: Instant) -> bool {
        let rung = timeout(LOOK_AGAIN, self.0.notified());
        timeout_at(deadline.into(), rung).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{pin::pin, task::Poll};

    #[tokio::test(start_paused = true)]
    async fn who_waits_hears_it_or_looks_again_until_the_deadline() {
        let bell = LocalBell::default();
        let late = Instant::now() + Duration::from_secs(60);
        let mut waiting = pin!(bell.wait(late));
        assert!(matches!(futures_util::poll!(&mut waiting), Poll::Pending));
        bell.ring();
        assert!(matches!(futures_util::poll!(&mut waiting), Poll::Ready(true)));
        assert!(bell.wait(late).await, "it looks again without a ring");
        let soon = tokio::time::Instant::now() + LOOK_AGAIN / 2;
        assert!(!bell.wait(soon.into_std()).await, "the deadline comes first");
    }
}
