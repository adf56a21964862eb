//! Changes over HTTP: a page of the feed, which may wait for changes.

use crate::{
    Begun,
    access::authentication::Authenticated,
    connection::in_flight::InFlight,
    delivery::values::{ActorKind, FeedCursor, Rendered, RequestIdText, Wait},
    error::{ApiError, Problem},
    fields::Fields,
    query::{Parameter, Query},
    responses::Done,
    value::{Resource, Shown, Success},
};
use actix_web::web::{Data, ReqData};
use chatgrow_application::{Application, FeedRefusal, FeedStart};
use chatgrow_domain as domain;
use chatgrow_domain::{
    Actor, ChangeId, ChangeType, ChangeTypes, CustomerId, Invalid, ObjectId, PageLimit, SubjectKind,
    Timestamp, Version,
};
use chatgrow_ports::{ActedBy, ChangeFilter};
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// The most bytes of the changes of one page. A page with a single change may be larger.
const MOST: usize = 1 << 20;

/// How many changes are read at a time.
const SOME: u16 = 100;

/// How long before its deadline a request stops waiting for changes.
const MARGIN: Duration = Duration::from_millis(500);

/// What was done to a resource.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Change {
    /// The change's id. A webhook that tells of it has the same.
    id: Shown<ChangeId>,
    /// What was done: the kind of resource, and a verb.
    #[serde(rename = "type")]
    kind: Shown<ChangeType>,
    /// When it was done.
    at: Shown<Timestamp>,
    /// The resource.
    subject: Resource<Subject>,
    /// The customer whom it is about; `null` if it is about none.
    customer_id: Shown<Option<CustomerId>>,
    /// Who did it.
    actor: Resource<ActorShown>,
    /// The request with which it was done, as `X-Request-Id` has it; `null` if it was none.
    request_id: Shown<Option<RequestIdText>>,
    /// What the resource was and is.
    data: Resource<ChangeData>,
    /// Where the feed goes on after this change: send it back as `after`. A webhook doesn't have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<Shown<FeedCursor>>,
}

/// The resource that has changed.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct Subject {
    /// The kind of resource.
    #[serde(rename = "type")]
    kind: Shown<SubjectKind>,
    /// The resource's id.
    id: Shown<ObjectId>,
    /// The number of its state after the change, which rises with each; `null` if its states have none.
    version: Shown<Option<Version>>,
}

/// Who has made a change.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct ActorShown {
    /// The kind of actor.
    #[serde(rename = "type")]
    kind: Shown<ActorKind>,
    /// The id of the API key or of the user; `null` for the system.
    id: Shown<Option<ObjectId>>,
}

/// What a changed resource was and is.
#[derive(Serialize, Apiv2Schema)]
pub(crate) struct ChangeData {
    /// The resource after the change, as reading it showed it then; of something that was removed, the last state.
    object: Shown<Option<Rendered>>,
    /// The former values of the fields that have changed; `null` if the resource was not there before, or was removed.
    previous: Shown<Option<Rendered>>,
    /// Whether both are `null` because they would have more than 64 KiB.
    truncated: Shown<bool>,
}

impl Change {
    /// A change as the feed shows it, with its cursor, or as a webhook tells it, without one.
    pub(crate) fn new(change: domain::Change, cursor: Option<Vec<u8>>) -> Self {
        let (kind, id) = match change.actor {
            Actor::ApiKey(id) => ("api_key", Some(id.object_id())),
            Actor::User(id) => ("user", Some(id.object_id())),
            Actor::System => ("system", None),
        };
        Self {
            id: Shown(change.id),
            kind: Shown(change.kind),
            at: Shown(change.at),
            subject: Resource(Subject {
                kind: Shown(change.kind.subject()),
                id: Shown(change.subject),
                version: Shown(change.version),
            }),
            customer_id: Shown(change.customer),
            actor: Resource(ActorShown {
                kind: Shown(ActorKind(kind)),
                id: Shown(id),
            }),
            request_id: Shown(change.request.map(RequestIdText)),
            data: Resource(ChangeData {
                truncated: Shown(change.data.object.is_none()),
                object: Shown(change.data.object.map(Rendered)),
                previous: Shown(change.data.previous.map(Rendered)),
            }),
            cursor: cursor.map(|cursor| Shown(FeedCursor(cursor))),
        }
    }

    /// About how many bytes it has.
    fn bytes(change: &domain::Change) -> usize {
        let texts = [&change.data.object, &change.data.previous].into_iter().flatten();
        500 + texts.map(String::len).sum::<usize>()
    }
}

/// A page of the feed.
#[derive(Serialize, Apiv2Schema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangeList {
    /// Always `true`.
    success: Success,
    /// The changes, in their order. There may be none although there is more.
    changes: Vec<Resource<Change>>,
    /// Where the next page begins: send it back as `after`.
    next_cursor: Shown<FeedCursor>,
    /// Whether there may be more at once.
    has_more: Shown<bool>,
}

/// Which changes to read.
#[derive(Default, Deserialize, Apiv2Schema)]
#[serde(default)]
pub(crate) struct ReadChanges {
    /// Where to begin: the `nextCursor` of the answer before, or `now`. Without it, with the oldest change that is kept.
    after: Parameter<FeedStart>,
    /// Only changes of these types: names, or patterns such as `appointment.*`, with commas between them.
    types: Parameter<ChangeTypes>,
    /// Only changes of the resource with this id.
    subject: Parameter<ObjectId>,
    /// Only changes by the API key or user with this id, or by `system`.
    actor: Parameter<ActedBy>,
    /// The most changes in this answer.
    limit: Parameter<PageLimit>,
    /// How many seconds to wait for a change, if there is none yet.
    wait: Parameter<Wait>,
}

struct Reading {
    start: FeedStart,
    filter: ChangeFilter,
    limit: PageLimit,
    wait: Wait,
}

impl ReadChanges {
    fn into_domain(self) -> Result<Reading, ApiError> {
        let mut fields = Fields::default();
        self.reading(&mut fields).ok_or_else(|| fields.into_error())
    }

    fn reading(self, fields: &mut Fields) -> Option<Reading> {
        let start = fields.parameter("after", self.after);
        let filter = filter(fields, self.types, self.subject, self.actor);
        let limit = fields.parameter("limit", self.limit);
        let wait = fields.parameter("wait", self.wait);
        Some(Reading {
            start: start?.unwrap_or(FeedStart::Oldest),
            filter: filter?,
            limit: limit?.unwrap_or(PageLimit::DEFAULT),
            wait: wait?.unwrap_or(Wait(0)),
        })
    }
}

/// The filter that these parameters request.
pub(super) fn filter(
    fields: &mut Fields,
    types: Parameter<ChangeTypes>,
    subject: Parameter<ObjectId>,
    actor: Parameter<ActedBy>,
) -> Option<ChangeFilter> {
    let types = fields.parameter("types", types);
    let subject = fields.parameter("subject", subject);
    let actor = fields.parameter("actor", actor);
    Some(ChangeFilter {
        types: types?.unwrap_or(ChangeTypes::ALL),
        subject: subject?,
        actor: actor?,
    })
}

impl From<FeedRefusal> for ApiError {
    fn from(refusal: FeedRefusal) -> Self {
        match refusal {
            FeedRefusal::NotACursor => Self::of_field("after", Invalid::FeedCursor.to_string()),
            FeedRefusal::Expired => Problem::CursorExpired.into(),
        }
    }
}

/// Changes that were read, and where to go on.
pub(super) struct Read {
    pub(super) changes: Vec<(domain::Change, Vec<u8>)>,
    pub(super) next: Vec<u8>,
    pub(super) more: bool,
}

/// Reads changes until there are `limit`, or enough bytes, or no more.
pub(super) async fn read(
    application: &Application,
    in_flight: &InFlight,
    caller: &Authenticated,
    mut start: FeedStart,
    filter: ChangeFilter,
    limit: PageLimit,
) -> Result<Read, ApiError> {
    let _turn = in_flight.list(caller.account(), MOST as u64).await?;
    let (mut changes, mut bytes) = (Vec::new(), 0);
    loop {
        let wanted = usize::from(limit.get()) - changes.len();
        let some = u16::try_from(wanted).unwrap_or(SOME).min(SOME);
        let page = application
            .delivery
            .feed
            .read(&caller.0, &start, filter, some)
            .await?;
        let found = page.changes.len();
        for (change, cursor) in page.changes {
            bytes += Change::bytes(&change);
            if bytes > MOST && !changes.is_empty() {
                let next = changes
                    .last()
                    .map_or(page.next, |(_, cursor): &(_, Vec<u8>)| cursor.clone());
                return Ok(Read {
                    changes,
                    next,
                    more: true,
                });
            }
            changes.push((change, cursor));
        }
        if !page.more || found == 0 || changes.len() >= usize::from(limit.get()) {
            return Ok(Read {
                changes,
                next: page.next,
                more: page.more,
            });
        }
        start = FeedStart::After(page.next);
        // Lets other requests of this worker run during a long page.
        tokio::task::yield_now().await;
    }
}

/// The errors of [`list`].
pub(crate) const LIST_ERRORS: &[Problem] = &[Problem::CursorExpired];

/// Read changes
///
/// In an order without gaps and repeats, from where the last answer ended. Each caller sees the changes of resources
/// that its scopes let it read.
#[api_v2_operation(operation_id = "listChanges", tags("Changes"))]
pub(crate) async fn list(
    caller: Authenticated,
    application: Data<Application>,
    in_flight: Data<InFlight>,
    begun: ReqData<Begun>,
    query: Query<ReadChanges>,
) -> Result<Done<ChangeList>, ApiError> {
    let Reading {
        mut start,
        filter,
        limit,
        wait,
    } = query.0.into_domain()?;
    let asked = Instant::now() + Duration::from_secs(wait.0.into());
    let deadline = begun.deadline.0.into_std().checked_sub(MARGIN);
    let deadline = deadline.map_or(asked, |deadline| deadline.min(asked));
    let read = loop {
        let read = read(&application, &in_flight, &caller, start, filter, limit).await?;
        if !read.changes.is_empty() || read.more || !application.delivery.feed.wait(deadline).await {
            break read;
        }
        start = FeedStart::After(read.next);
    };
    let shown = read.changes.into_iter();
    Ok(Done::new(ChangeList {
        success: Success,
        changes: shown
            .map(|(change, cursor)| Resource(Change::new(change, Some(cursor))))
            .collect(),
        next_cursor: Shown(FeedCursor(read.next)),
        has_more: Shown(read.more),
    }))
}
