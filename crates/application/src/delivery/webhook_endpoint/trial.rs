//! Trying an endpoint out.

use super::WebhookEndpoints;
use crate::{
    Caller,
    delivery::receivers::{attempt, signing_secrets},
};
use chatgrow_domain::{
    Change, ChangeData, ChangeId, ChangeType, LastAttempt, Scope, Timestamp, WebhookEndpointId,
    WebhookRefusal,
};
use chatgrow_ports::{Failure, OutgoingWebhook};
use std::sync::PoisonError;

/// How many test pings one endpoint may get in a minute.
const MOST_TESTS: usize = 6;

/// The minute in which test pings are counted, in milliseconds.
const TESTS_MILLIS: i64 = 60_000;

impl WebhookEndpoints {
    /// Sends a webhook that tells of nothing, and tells what came of it. It is not recorded.
    ///
    /// # Errors
    /// [`WebhookRefusal::NotFound`], [`WebhookRefusal::TooManyTests`], or [`Failure::Store`] if the store fails or the
    /// secret can't be read.
    pub async fn test(
        &self,
        caller: &Caller,
        id: WebhookEndpointId,
    ) -> Result<LastAttempt, Failure<WebhookRefusal>> {
        caller.require(Scope::WebhooksWrite)?;
        let endpoint = self.get(caller, id).await?;
        let now = self.system.clock.now();
        self.count_test(id, now)?;
        let secrets = signing_secrets(&*self.system.secrets, &endpoint, now)?;
        let change = Change {
            id: ChangeId::new(self.system.ids.next_id()),
            account: caller.account,
            kind: ChangeType::WebhookEndpointTest,
            at: now,
            subject: id.object_id(),
            version: Some(endpoint.version),
            customer: None,
            actor: caller.actor,
            request: Some(caller.request_id.as_str().to_owned()),
            data: ChangeData {
                object: Some("{}".to_owned()),
                previous: None,
            },
        };
        let sent = self.system.sender.send(OutgoingWebhook {
            url: endpoint.terms.url,
            id: change.id.to_string(),
            sent_at: now,
            secrets,
            body: self.system.representation.webhook(&change),
        });
        Ok(attempt(now, sent.await))
    }

    fn count_test(&self, id: WebhookEndpointId, now: Timestamp) -> Result<(), WebhookRefusal> {
        let mut tests = self.tests.lock().unwrap_or_else(PoisonError::into_inner);
        tests.retain(|_, sent| {
            sent.retain(|sent| now.as_millis() - sent < TESTS_MILLIS);
            !sent.is_empty()
        });
        let sent = tests.entry(id).or_default();
        if sent.len() >= MOST_TESTS {
            return Err(WebhookRefusal::TooManyTests);
        }
        sent.push(now.as_millis());
        Ok(())
    }
}
