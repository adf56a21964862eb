//! Activity: who did what, newest first.

use crate::{
    Shared,
    form::Form,
    page::{self, PageError, Section, Shell, all, found, query, title},
    visit::SignedIn,
    words::Words,
};
use actix_web::{
    HttpResponse,
    web::{Data, Query},
};
use askama::Template;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chatgrow_application::WallClock;
use chatgrow_domain::{
    Actor, ApiKeyId, BlockId, Change, ChangeType, ChangeTypes, Invalid, ObjectId, SubjectKind, UserId,
};
use chatgrow_ports::{ActedBy, ChangeFilter, Failure};
use std::collections::HashMap;

/// How many changes a page has.
const SOME: u16 = 50;

/// The value of the field that asks for what nobody did who signs in or has a key.
const SYSTEM: &str = "system";

#[derive(Template)]
#[template(path = "delivery/changes.html")]
struct ChangesPage {
    t: Words,
    shell: Shell,
    form: Form,
    people: Vec<(UserId, String)>,
    keys: Vec<(ApiKeyId, String)>,
    kinds: Vec<(&'static str, String)>,
    rows: Vec<Row>,
    /// The query of the page with older changes.
    older: Option<String>,
    /// The query of the first page, unless this is it.
    newest: Option<String>,
}

/// A change.
struct Row {
    when: String,
    who: String,
    what: String,
    /// The page of the resource.
    link: Option<String>,
    /// The resource.
    id: ObjectId,
}

/// Who acts in the account, by name.
struct Actors {
    people: Vec<(UserId, String)>,
    keys: Vec<(ApiKeyId, String)>,
}

impl Actors {
    async fn read(shared: &Shared, signed_in: &SignedIn) -> Result<Self, PageError> {
        let (caller, access) = (signed_in.caller(), &shared.application.access);
        let keys = all(async |page| access.api_keys.list(caller, page).await).await?;
        let people = access.users.list(caller).await?;
        Ok(Self {
            people: people
                .into_iter()
                .map(|user| (user.id, user.email.as_str().to_owned()))
                .collect(),
            keys: keys
                .into_iter()
                .map(|key| (key.id, key.terms.name.as_str().to_owned()))
                .collect(),
        })
    }

    /// The name of who has made a change. If nobody has this id any more, the id.
    fn name(&self, t: Words, actor: Actor) -> String {
        match actor {
            Actor::System => t.text("activity-system"),
            Actor::User(id) => {
                let user = self.people.iter().find(|(user, _)| *user == id);
                user.map_or_else(|| id.to_string(), |(_, name)| name.clone())
            }
            Actor::ApiKey(id) => {
                let key = self.keys.iter().find(|(key, _)| *key == id);
                t.of(
                    "activity-key",
                    "name",
                    key.map_or_else(|| id.to_string(), |(_, name)| name.clone()),
                )
            }
        }
    }
}

/// The changes for which a form asks. What can't be read is noted in it.
fn filter(form: &mut Form, t: Words) -> Option<ChangeFilter> {
    let actor = form.read_optional(t, "who", |text| match text {
        SYSTEM => Ok(ActedBy::System),
        id => id.parse().map(ActedBy::Id).map_err(|_| Invalid::Id),
    });
    let kind = form.read_optional(t, "kind", str::parse::<SubjectKind>);
    let subject = form.read_optional(t, "id", |text| text.parse().map_err(|_| Invalid::Id));
    let types = kind?.map(|kind| ChangeTypes::matching(&format!("{}.*", kind.as_str())));
    Some(ChangeFilter {
        types: types.and_then(Result::ok).unwrap_or(ChangeTypes::ALL),
        subject: subject?,
        actor: actor?,
    })
}

pub(super) async fn list(
    shared: Data<Shared>,
    signed_in: SignedIn,
    asked: Query<HashMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    signed_in.only_owner()?;
    let t = signed_in.words();
    let asked = |name| asked.get(name).map_or("", String::as_str).trim().to_owned();
    let before = asked("before");
    let mut form = Form::of(["who", "kind", "id"].map(|name| (name, asked(name))));
    let (changes, older) = match filter(&mut form, t) {
        // What can't be read is found nowhere.
        None => (Vec::new(), None),
        Some(filter) => {
            let before = match before.as_str() {
                "" => None,
                text => Some(
                    BASE64_URL_SAFE_NO_PAD
                        .decode(text)
                        .map_err(|_| PageError::NotFound)?,
                ),
            };
            let feed = &shared.application.delivery.feed;
            let recent = found(feed.recent(signed_in.caller(), before, filter, SOME).await)?;
            (recent.changes, recent.older)
        }
    };
    let actors = Actors::read(&shared, &signed_in).await?;
    let clock = signed_in.wall_clock(&shared).await?;
    let rows = rows(&shared, &signed_in, &clock, &actors, &changes).await?;
    let at = |before: &str| {
        let [who, kind, id] = ["who", "kind", "id"].map(|name| (name, form.value(name)));
        query([who, kind, id, ("before", before)])
    };
    let (older, newest) = (
        older.map(|sealed| at(&BASE64_URL_SAFE_NO_PAD.encode(sealed))),
        (!before.is_empty()).then(|| at("")),
    );
    page::ok(&ChangesPage {
        t,
        shell: Shell::new(&signed_in, Section::Settings, title(t, &form, "nav-activity")),
        form,
        people: actors.people,
        keys: actors.keys,
        kinds: SubjectKind::ALL
            .iter()
            .map(|kind| (kind.as_str(), t.subject(*kind)))
            .collect(),
        rows,
        older,
        newest,
    })
}

async fn rows(
    shared: &Shared,
    signed_in: &SignedIn,
    clock: &WallClock,
    actors: &Actors,
    changes: &[Change],
) -> Result<Vec<Row>, PageError> {
    let t = signed_in.words();
    // What was removed has no page any more.
    let mut gone: HashMap<ObjectId, bool> = HashMap::new();
    let mut rows = Vec::new();
    for change in changes {
        let is_gone = match gone.get(&change.subject) {
            Some(is_gone) => *is_gone,
            None => is_gone(shared, signed_in, change).await?,
        };
        gone.insert(change.subject, is_gone);
        rows.push(Row {
            when: t.instant(clock, change.at),
            who: actors.name(t, change.actor),
            what: t.change(change.kind),
            link: page_of(change).filter(|_| !is_gone),
            id: change.subject,
        });
    }
    Ok(rows)
}

/// Whether the changed resource was removed. Only these three kinds can be.
async fn is_gone(shared: &Shared, signed_in: &SignedIn, change: &Change) -> Result<bool, PageError> {
    let (caller, application) = (signed_in.caller(), &shared.application);
    match change.kind.subject() {
        SubjectKind::Block => {
            let block = BlockId::new(change.subject);
            missing(application.scheduling.blocks.get(caller, block).await)
        }
        SubjectKind::WebhookEndpoint => {
            let endpoint = chatgrow_domain::WebhookEndpointId::new(change.subject);
            missing(application.delivery.webhook_endpoints.get(caller, endpoint).await)
        }
        SubjectKind::PaymentSource => {
            let source = chatgrow_domain::PaymentSourceId::new(change.subject);
            missing(application.billing.sources.get(caller, source).await)
        }
        _ => Ok(false),
    }
}

fn missing<T, R: chatgrow_domain::Refusal>(found: Result<T, Failure<R>>) -> Result<bool, PageError> {
    match found {
        Ok(_) => Ok(false),
        Err(Failure::Refused(_)) => Ok(true),
        Err(failure) => Err(failure.into()),
    }
}

/// The page of the resource that has changed. A registration is shown with its customer; a hold has none.
pub(super) fn page_of(change: &Change) -> Option<String> {
    let id = change.subject;
    let removals = [
        ChangeType::BlockRemoved,
        ChangeType::WebhookEndpointRemoved,
        ChangeType::PaymentSourceRemoved,
    ];
    if removals.contains(&change.kind) {
        return None;
    }
    let path = match change.kind.subject() {
        SubjectKind::Customer => format!("customers/{id}"),
        SubjectKind::Appointment => format!("appointments/{id}"),
        SubjectKind::Hold => return None,
        SubjectKind::Payment => format!("payments/{id}"),
        SubjectKind::Event => format!("events/{id}"),
        SubjectKind::Registration => format!("customers/{}", change.customer?),
        SubjectKind::Resource => format!("settings/resources/{id}"),
        SubjectKind::Service => format!("settings/services/{id}"),
        SubjectKind::Block => format!("blocks/{id}"),
        SubjectKind::Schedule | SubjectKind::Account => "settings/business".to_owned(),
        SubjectKind::ApiKey => "settings/api-keys".to_owned(),
        SubjectKind::User => "settings/people".to_owned(),
        SubjectKind::WebhookEndpoint => format!("settings/webhooks/{id}"),
        SubjectKind::PaymentSource => format!("settings/payment-sources/{id}"),
    };
    Some(format!("/console/{path}"))
}
