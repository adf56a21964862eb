//! The page of API keys.

use crate::{
    Address, Shared,
    form::Form,
    page::{self, PageError, Section, Shell, found, title},
    visit::SignedIn,
    words::Words,
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Path, Query},
};
use askama::Template;
use chatgrow_application::{Effect, Issued, Outcome, WallClock};
use chatgrow_domain::{
    AllowedAddresses, ApiKey, ApiKeyId, ApiKeyName, ApiKeyRefusal, ApiKeyTerms, Invalid, KeyRateLimit,
    LocalMinute, Overlap, Scope, Scopes, parse_date,
};
use chatgrow_ports::Failure;
use std::collections::HashMap;
use time::Time;

/// A key that lasts no longer than this is marked: a week.
const SOON_MILLIS: i64 = 7 * 86_400_000;

#[derive(Template)]
#[template(path = "access/api_keys.html")]
struct KeysPage {
    t: Words,
    shell: Shell,
    form: Form,
    keys: Vec<Key>,
    /// The scopes that can be chosen one by one, with their names.
    scopes: Vec<(&'static str, String)>,
    made: Option<Made>,
    /// Whether the form that makes a key was sent again.
    sent_again: bool,
}

struct Key {
    id: ApiKeyId,
    name: String,
    access: String,
    used: String,
    expires: String,
    expires_soon: bool,
    limits: Vec<String>,
}

/// A key that was just made, in plain text.
struct Made {
    name: String,
    secret: String,
    /// The line that books an appointment, if the key may.
    curl: Option<String>,
}

#[derive(Template)]
#[template(path = "access/api_key.html")]
struct KeyPage {
    t: Words,
    shell: Shell,
    form: Form,
    id: ApiKeyId,
    name: String,
    rotate: bool,
}

async fn keys_page(
    shared: &Shared,
    signed_in: &SignedIn,
    form: Form,
    made: Option<Made>,
) -> Result<KeysPage, PageError> {
    let t = signed_in.words();
    let caller = signed_in.caller();
    let clock = signed_in.wall_clock(shared).await?;
    let api_keys = &shared.application.access.api_keys;
    let keys = page::all(async |page| api_keys.list(caller, page).await).await?;
    let title = match &made {
        Some(_) => t.text("key-made-title"),
        None => title(t, &form, "keys-title"),
    };
    Ok(KeysPage {
        t,
        shell: Shell::new(signed_in, Section::Settings, title),
        form,
        keys: keys
            .iter()
            .filter(|key| key.is_valid_at(clock.now))
            .map(|key| Key::new(t, &clock, key))
            .collect(),
        scopes: Scope::ALL
            .iter()
            .copied()
            .filter(|scope| ![Scope::Full, Scope::Read, Scope::ChangesWrite].contains(scope))
            .map(|scope| (scope.as_str(), scope_name(t, scope)))
            .collect(),
        made,
        sent_again: false,
    })
}

impl Key {
    fn new(t: Words, clock: &WallClock, key: &ApiKey) -> Self {
        let terms = &key.terms;
        let expiry = terms.expires_at;
        let mut limits = Vec::new();
        if let Some(allowed) = &terms.allowed_addresses {
            limits.push(t.of("key-only-from", "networks", allowed));
        }
        if let Some(limit) = terms.rate_limit {
            limits.push(t.count("key-own-limit", limit.get()));
        }
        Self {
            id: key.id,
            name: terms.name.as_str().to_owned(),
            access: access(t, terms.scopes),
            used: match key.last_used_at {
                Some(at) => t.ago(clock, at),
                None => t.text("key-not-used"),
            },
            expires: match expiry {
                None => t.text("key-never-expires"),
                Some(at) => t.instant(clock, at),
            },
            expires_soon: expiry.is_some_and(|at| at.as_millis() - clock.now.as_millis() < SOON_MILLIS),
            limits,
        }
    }
}

fn access(t: Words, scopes: Scopes) -> String {
    let names: Vec<_> = scopes.iter().map(|scope| scope_name(t, scope)).collect();
    names.join(", ")
}

fn scope_name(t: Words, scope: Scope) -> String {
    t.text(&format!("scope-{}", scope.as_str().replace(':', "-")))
}

pub(crate) async fn list(shared: Data<Shared>, signed_in: SignedIn) -> Result<HttpResponse, PageError> {
    let form = Form::of([("preset", "full".to_owned())]);
    page::ok(&keys_page(&shared, &signed_in, form, None).await?)
}

pub(crate) async fn create(
    shared: Data<Shared>,
    signed_in: SignedIn,
    request: HttpRequest,
    mut form: Form,
) -> Result<HttpResponse, PageError> {
    let t = signed_in.words();
    let clock = signed_in.wall_clock(&shared).await?;
    let Some(terms) = read_terms(&mut form, t, &clock) else {
        return page::refused(&keys_page(&shared, &signed_in, form, None).await?);
    };
    let made = signed_in.request_of(&form);
    match shared.application.access.api_keys.create(&made, terms).await {
        Ok(issued) => show_made(&shared, &signed_in, &request, issued).await,
        Err(Failure::Refused(ApiKeyRefusal::ExpiryPassed)) => {
            form.refuse("expires", t.text("invalid-past"));
            page::refused(&keys_page(&shared, &signed_in, form, None).await?)
        }
        Err(failure) => Err(failure.into()),
    }
}

fn read_terms(form: &mut Form, t: Words, clock: &WallClock) -> Option<ApiKeyTerms> {
    let name = form.read(t, "name", |text| ApiKeyName::new(text));
    let expires_at = form.read_optional(t, "expires", |text| {
        let after = parse_date(text)?.next_day().ok_or(Invalid::Date)?;
        Ok(clock.instant(LocalMinute::new(after, Time::MIDNIGHT)))
    });
    let scopes = match form.value("preset") {
        "custom" => {
            let chosen: Vec<_> = form.all("scope").map(str::to_owned).collect();
            let scopes = Scopes::parse(&chosen.join(" "));
            if scopes.is_err() {
                form.refuse("scope", t.text("key-no-scope"));
            }
            scopes.ok()
        }
        preset => {
            let scopes = Some(Scopes::FULL).filter(|_| preset == "full");
            let scopes = scopes.or_else(|| Scopes::parse("read").ok().filter(|_| preset == "read"));
            if scopes.is_none() {
                form.refuse("scope", t.text("key-no-scope"));
            }
            scopes
        }
    };
    let networks = form.value("allowed").replace(['\n', ' '], ",");
    let networks: Vec<_> = networks
        .split(',')
        .filter(|network| !network.is_empty())
        .collect();
    let networks = networks.join(",");
    let allowed_addresses = form.read_optional(t, "allowed", |_| AllowedAddresses::parse(&networks));
    let rate_limit = form.read_optional_number(t, "limit", KeyRateLimit::new);
    Some(ApiKeyTerms {
        name: name?,
        scopes: scopes?,
        expires_at: expires_at?,
        allowed_addresses: allowed_addresses?,
        rate_limit: rate_limit?,
    })
}

/// Shows a new key, this once.
async fn show_made(
    shared: &Shared,
    signed_in: &SignedIn,
    request: &HttpRequest,
    issued: Issued,
) -> Result<HttpResponse, PageError> {
    let Outcome::Done(Effect::Created(key)) = issued.outcome else {
        // The form was sent again, and a key is shown only once.
        let mut page = keys_page(shared, signed_in, Form::of([("preset", "full".to_owned())]), None).await?;
        page.sent_again = true;
        return page::ok(&page);
    };
    tracing::info!(
        request_id = signed_in.visit.id.as_str(), account = %key.account_id, user = %signed_in.visitor.user.id, key = %key.id,
        "a key was made"
    );
    let origin = signed_in.address(shared, request);
    let secret = issued.secret.reveal().to_owned();
    let line = first_booking(&origin, &secret, &tomorrow(shared, signed_in).await?);
    let needed = [Scope::AppointmentsWrite, Scope::CustomersWrite];
    let books = needed.iter().all(|scope| key.terms.scopes.permit(*scope));
    let made = Made {
        name: key.terms.name.as_str().to_owned(),
        curl: books.then_some(line),
        secret,
    };
    let form = Form::of([("preset", "full".to_owned())]);
    page::ok(&keys_page(shared, signed_in, form, Some(made)).await?)
}

async fn tomorrow(shared: &Shared, signed_in: &SignedIn) -> Result<String, PageError> {
    let clock = signed_in.wall_clock(shared).await?;
    let today = clock.today();
    Ok(crate::dates::field_date(today.next_day().unwrap_or(today)))
}

/// The line that books an appointment, and creates its customer.
fn first_booking(origin: &Address, secret: &str, date: &str) -> String {
    format!(
        "curl {origin}/api/webhooks/appointments \\\n  -H 'X-API-Key: {secret}' \\\n  -H 'Content-Type: application/json' \\\n  -d '{{\"customer\": {{\"email\": \"noa@example.com\", \"name\": \"Noa\"}}, \"date\": \"{date}\", \"time\": \"10:00\", \"serviceType\": \"consultation\"}}'"
    )
}

/// Asks before a key is rotated or revoked.
pub(crate) async fn confirm(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
    query: Query<HashMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    let key = key(&shared, &signed_in, &id).await?;
    let rotate = query.get("do").is_some_and(|what| what == "rotate");
    page::ok(&key_page(
        &signed_in,
        &key,
        rotate,
        Form::of([("overlap", "24".to_owned())]),
    ))
}

fn key_page(signed_in: &SignedIn, key: &ApiKey, rotate: bool, form: Form) -> KeyPage {
    let t = signed_in.words();
    let title_key = if rotate {
        "key-rotate-title"
    } else {
        "key-revoke-title"
    };
    KeyPage {
        t,
        shell: Shell::new(signed_in, Section::Settings, title(t, &form, title_key)),
        form,
        id: key.id,
        name: key.terms.name.as_str().to_owned(),
        rotate,
    }
}

async fn key(shared: &Shared, signed_in: &SignedIn, id: &str) -> Result<ApiKey, PageError> {
    let id: ApiKeyId = id.parse().map_err(|_| PageError::NotFound)?;
    found(
        shared
            .application
            .access
            .api_keys
            .get(signed_in.caller(), id)
            .await,
    )
}

pub(crate) async fn change(
    shared: Data<Shared>,
    signed_in: SignedIn,
    request: HttpRequest,
    id: Path<String>,
    mut form: Form,
) -> Result<HttpResponse, PageError> {
    let t = signed_in.words();
    let key = key(&shared, &signed_in, &id).await?;
    let keys = &shared.application.access.api_keys;
    let change = signed_in.request_of(&form);
    if form.value("do") == "rotate" {
        let Some(overlap) = form.read_number(t, "overlap", Overlap::from_hours) else {
            return page::refused(&key_page(&signed_in, &key, true, form));
        };
        let issued = keys.rotate(&change, key.id, overlap).await?;
        return show_made(&shared, &signed_in, &request, issued).await;
    }
    if form.value("name").trim() != key.terms.name.as_str().trim() {
        form.refuse("name", t.text("key-name-differs"));
        let page = key_page(&signed_in, &key, false, form);
        return page::render(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    keys.revoke(&change, key.id).await?;
    tracing::info!(
        request_id = signed_in.visit.id.as_str(), account = %key.account_id, user = %signed_in.visitor.user.id, key = %key.id,
        "a key was revoked"
    );
    page::go_to("/console/settings/api-keys")
}
