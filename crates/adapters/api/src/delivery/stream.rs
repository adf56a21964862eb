//! Changes as they come: server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use crate::{
    Settings,
    access::authentication::{Authenticated, LastingKey},
    connection::in_flight::InFlight,
    delivery::change::{Change, Read, filter, read},
    error::{ApiError, Problem},
    fields::Fields,
    query::{Parameter, Query},
    value::Input,
};
use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::header::HeaderName,
    web::{Bytes, Data},
};
use chatgrow_application::{Application, FeedStart};
use chatgrow_domain::{AccountId, ChangeTypes, ObjectId, PageLimit};
use chatgrow_ports::{ActedBy, ChangeFilter};
use futures_util::stream::{self, Stream};
use paperclip::{
    actix::{Apiv2Schema, OperationModifier, api_v2_operation},
    v2::{
        models::{DefaultOperationRaw, Either, Response},
        schema,
    },
};
use serde::Deserialize;
use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// How many streams one account may have on one server.
const MOST_STREAMS: usize = 10;

/// After how long without a change a stream says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// The header field that names the last event that a client has got.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The streams of one server.
pub(crate) struct Streams {
    of_accounts: Mutex<HashMap<AccountId, usize>>,
    stopped: watch::Sender<bool>,
}

impl Default for Streams {
    fn default() -> Self {
        Self {
            of_accounts: Mutex::default(),
            stopped: watch::Sender::new(false),
        }
    }
}

impl Streams {
    fn of_accounts(&self) -> MutexGuard<'_, HashMap<AccountId, usize>> {
        self.of_accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a stream until the returned value is dropped. `None` if the account has too many.
    fn open(self: &Arc<Self>, account: AccountId) -> Option<OpenStream> {
        let mut counts = self.of_accounts();
        let count = counts.entry(account).or_default();
        if *count >= MOST_STREAMS {
            return None;
        }
        *count += 1;
        Some(OpenStream {
            streams: self.clone(),
            account,
        })
    }

    /// Ends all streams, and every later one at once.
    pub(crate) fn stop(&self) {
        self.stopped.send_replace(true);
    }
}

/// A stream that is counted.
struct OpenStream {
    streams: Arc<Streams>,
    account: AccountId,
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let mut counts = self.streams.of_accounts();
        if let Some(count) = counts.get_mut(&self.account) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.account);
            }
        }
    }
}

/// Which changes to stream.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct StreamChanges {
    /// Where to begin, as in `GET /changes`. Without it, with what changes from now on. `Last-Event-ID` goes before it.
    after: Parameter<FeedStart>,
    /// Only changes of these types: names, or patterns such as `appointment.*`, with commas between them.
    types: Parameter<ChangeTypes>,
    /// Only changes of the resource with this id.
    subject: Parameter<ObjectId>,
    /// Only changes by the API key or user with this id, or by `system`.
    actor: Parameter<ActedBy>,
}

impl StreamChanges {
    fn into_domain(self, last_event_id: Option<&str>) -> Result<(FeedStart, ChangeFilter), ApiError> {
        let mut fields = Fields::default();
        let interrupted = last_event_id
            .map(|id| FeedStart::parse(id.to_owned()))
            .transpose();
        let interrupted = interrupted.map_err(|why| ApiError::of_field("Last-Event-ID", why.to_string()))?;
        let start = fields.parameter("after", self.after);
        let filter = filter(&mut fields, self.types, self.subject, self.actor);
        let (Some(start), Some(filter)) = (start, filter) else {
            return Err(fields.into_error());
        };
        Ok((interrupted.or(start).unwrap_or(FeedStart::Now), filter))
    }
}

/// The answer: a stream of events. The `data` of each is a change, and its `id` is the change's cursor.
pub(crate) struct Events(HttpResponse);

impl Responder for Events {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.0
    }
}

impl schema::Apiv2Schema for Events {}

impl OperationModifier for Events {
    fn update_response(operation: &mut DefaultOperationRaw) {
        let response = Response {
            description: Some(
                "Server-sent events: `data` is a change, `id` its cursor, `event` its type".into(),
            ),
            ..Response::default()
        };
        operation.responses.insert("200".into(), Either::Right(response));
    }
}

/// The errors of [`stream()`].
pub(crate) const STREAM_ERRORS: &[Problem] = &[Problem::CursorExpired];

/// Stream changes
///
/// As server-sent events, without an end. A client that is interrupted goes on with `Last-Event-ID`.
#[api_v2_operation(operation_id = "streamChanges", tags("Changes"))]
pub(crate) async fn stream(
    caller: Authenticated,
    application: Data<Application>,
    in_flight: Data<InFlight>,
    streams: Data<Streams>,
    settings: Data<Settings>,
    request: HttpRequest,
    query: Query<StreamChanges>,
) -> Result<Events, ApiError> {
    let last = request
        .headers()
        .get(&LAST_EVENT_ID)
        .and_then(|id| id.to_str().ok());
    let (start, filter) = query.0.into_domain(last.filter(|id| !id.is_empty()))?;
    let Some(open) = streams.open(caller.account()) else {
        let message = format!("The account has {MOST_STREAMS} streams on this server, which is the most");
        return Err(ApiError::rate_limited(1).with_message(message));
    };
    // A cursor that can't be read is told before the stream begins.
    let first = read(
        &application,
        &in_flight,
        &caller,
        start,
        filter,
        PageLimit::DEFAULT,
    )
    .await?;
    let stopped = streams.stopped.subscribe();
    let reader = Reader {
        application,
        in_flight,
        key: LastingKey::of(&request, &settings, &caller),
        caller,
        filter,
        ready: Some(first),
        next: FeedStart::Now,
        stopped,
        _open: open,
    };
    Ok(Events(
        HttpResponse::Ok()
            .content_type("text/event-stream")
            .streaming(reader.events()),
    ))
}

/// Reads the feed for one stream.
struct Reader {
    application: Data<Application>,
    in_flight: Data<InFlight>,
    caller: Authenticated,
    key: LastingKey,
    filter: ChangeFilter,
    /// What was read, and is not sent yet.
    ready: Option<Read>,
    next: FeedStart,
    stopped: watch::Receiver<bool>,
    _open: OpenStream,
}

impl Reader {
    fn events(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        stream::unfold(self, |mut reader| async move {
            let bytes = reader.some().await?;
            Some((Ok(bytes), reader))
        })
    }

    /// The next events, or a sign of life. `None` is the end: the server stops, the key gives access no more, or the
    /// feed can't be read.
    async fn some(&mut self) -> Option<Bytes> {
        let alive_until = Instant::now() + HEARTBEAT;
        loop {
            if *self.stopped.borrow() {
                return None;
            }
            let read = match self.ready.take() {
                Some(read) => read,
                None if !self.key.counts(&self.application).await => return None,
                None => self.read().await.ok()?,
            };
            self.next = FeedStart::After(read.next);
            if !read.changes.is_empty() {
                let events = read.changes.into_iter();
                let events: Vec<_> = events.map(|(change, cursor)| event(change, cursor)).collect();
                return Some(events.concat().into());
            }
            if read.more {
                continue;
            }
            let waited = tokio::select! {
                waited = self.application.delivery.feed.wait(alive_until) => waited,
                _ = self.stopped.changed() => return None,
            };
            if !waited {
                return Some(Bytes::from_static(b":\n\n"));
            }
        }
    }

    async fn read(&self) -> Result<Read, ApiError> {
        let start = self.next.clone();
        read(
            &self.application,
            &self.in_flight,
            &self.caller,
            start,
            self.filter,
            PageLimit::DEFAULT,
        )
        .await
    }
}

fn event(change: chatgrow_domain::Change, cursor: Vec<u8>) -> String {
    let kind = change.kind.as_str();
    let id = crate::delivery::values::FeedCursor(cursor.clone()).text();
    let data = serde_json::to_string(&Change::new(change, Some(cursor))).unwrap_or_default();
    format!("event: {kind}\nid: {id}\ndata: {data}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_so_many_streams_and_no_more() {
        let streams = Arc::new(Streams::default());
        let account = |byte| AccountId::new(ObjectId::from_bytes([byte; 12]));
        let mut open: Vec<_> = (0..MOST_STREAMS)
            .map(|_| streams.open(account(1)).unwrap())
            .collect();
        assert!(streams.open(account(1)).is_none());
        assert!(streams.open(account(2)).is_some());
        open.pop();
        assert!(streams.open(account(1)).is_some());
        drop(open);
        assert!(streams.of_accounts().is_empty());
    }
}
