//! A visit: the client's address, the language, and the signed-in user.

use crate::{Address, Shared, form::Form, page::PageError, words::Words};
use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    cookie::{self, Cookie, SameSite},
    dev::Payload,
    http::{
        Method,
        header::{ACCEPT_LANGUAGE, HOST, HeaderMap, REFERER},
    },
    web::Data,
};
use chatgrow_api::{Begun, Settings};
use chatgrow_application::{Caller, Precondition, Repeatable, Request, RequestId, Visitor, WallClock};
use chatgrow_domain::{Account, Language, PlainToken, Role};
use chatgrow_ports::{Failure, IdempotencyKey};
use sha2::{Digest, Sha256};
use std::{
    future::{Future, Ready, ready},
    net::{IpAddr, Ipv4Addr},
    pin::Pin,
    time::{Duration, Instant},
};

/// Over HTTPS the session is kept for this host alone. Over plain HTTP browsers refuse this name.
const SECURE_SESSION: &str = "__Host-chatgrow";
const SESSION: &str = "chatgrow";
const LANGUAGE: &str = "chatgrow-language";

/// How long a browser keeps a cookie. The session itself may end earlier.
const COOKIE_AGE: cookie::time::Duration = cookie::time::Duration::days(400);

/// How long a form that is sent again is recognized.
const REMEMBERED: Duration = Duration::from_secs(86_400);

/// How long a form that is sent again waits for the first time that it was sent.
const PATIENCE: Duration = Duration::from_secs(10);

/// A visit, by anybody.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    /// The request's id.
    pub(crate) id: RequestId,
    /// The visitor's address.
    pub(crate) client: IpAddr,
    /// Whether the browser came over HTTPS.
    pub(crate) secure: bool,
    /// The language that the query asks for.
    pub(crate) asked: Option<Language>,
    /// The language that this browser has chosen, now or before.
    pub(crate) chosen: Option<Language>,
    /// The language that the browser prefers.
    preferred: Language,
    /// The path of the page, and its query without `lang`. A form's page is the one that has sent it.
    pub(crate) path: String,
    /// The path of the request.
    sent_to: String,
    token: Option<PlainToken>,
}

impl Visit {
    pub(crate) fn of(request: &HttpRequest, shared: &Shared) -> Self {
        let (peer, headers) = (request.peer_addr(), request.headers());
        let proxies = request
            .app_data::<Data<Settings>>()
            .map(|settings| &settings.proxies);
        let client = proxies.map_or(Ipv4Addr::UNSPECIFIED.into(), |proxies| {
            proxies.client(peer, headers)
        });
        let secure = shared.address.as_ref().map_or_else(
            || proxies.is_some_and(|proxies| proxies.tell_https(peer, headers)),
            Address::is_https,
        );
        let begun = request.extensions().get::<Begun>().map(|begun| begun.id.clone());
        let cookie = |name: &str| request.cookie(name).map(|cookie| cookie.value().to_owned());
        let (page, query) = match request.method() {
            &Method::POST => page_of_form(headers),
            _ => (request.path(), request.query_string()),
        };
        let mut query: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
        let asked = query.iter().find(|(name, _)| name == "lang");
        let asked: Option<Language> = asked.and_then(|(_, value)| value.parse().ok());
        query.retain(|(name, _)| name != "lang");
        let query = serde_urlencoded::to_string(&query).unwrap_or_default();
        let path = if query.is_empty() {
            page.to_owned()
        } else {
            format!("{page}?{query}")
        };
        let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Self {
            id: begun.unwrap_or_else(|| RequestId::new("unknown")),
            client,
            secure,
            asked,
            chosen: asked.or_else(|| cookie(LANGUAGE)?.parse().ok()),
            preferred: preferred(accepted.unwrap_or_default()),
            path,
            sent_to: request.path().to_owned(),
            token: cookie(session_cookie(secure)).and_then(|text| PlainToken::parse(&text)),
        }
    }

    /// The texts for a visitor who has not signed in.
    pub(crate) fn words(&self) -> Words {
        Words(self.chosen.unwrap_or(self.preferred))
    }

    /// The cookie that keeps the chosen language.
    pub(crate) fn language_cookie(&self, language: Language) -> Cookie<'static> {
        self.cookie(LANGUAGE, language.as_str().to_owned(), COOKIE_AGE)
    }

    /// The cookie of a session.
    pub(crate) fn session_cookie(&self, token: &PlainToken) -> Cookie<'static> {
        self.cookie(session_cookie(self.secure), token.reveal().to_owned(), COOKIE_AGE)
    }

    /// The cookie that removes that of a session.
    pub(crate) fn ended_cookie(&self) -> Cookie<'static> {
        self.cookie(
            session_cookie(self.secure),
            String::new(),
            cookie::time::Duration::ZERO,
        )
    }

    fn cookie(&self, name: &'static str, value: String, age: cookie::time::Duration) -> Cookie<'static> {
        Cookie::build(name, value)
            .path("/")
            .max_age(age)
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.secure)
            .finish()
    }
}

/// The path and the query of the page that has sent a form, which a browser tells. If it doesn't, the first page.
fn page_of_form(headers: &HeaderMap) -> (&str, &str) {
    let told = headers.get(REFERER).and_then(|value| value.to_str().ok());
    let start = told.and_then(|told| told.find("/console").map(|start| &told[start..]));
    let page = start.unwrap_or("/console");
    page.split_once('?').unwrap_or((page, ""))
}

const fn session_cookie(secure: bool) -> &'static str {
    if secure { SECURE_SESSION } else { SESSION }
}

/// The language that comes first in `Accept-Language` (RFC 9110, section 12.5.4), or else English.
fn preferred(accepted: &str) -> Language {
    let mut ranges: Vec<(&str, f32)> = accepted
        .split(',')
        .filter_map(|range| {
            let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
            let weight = weight.trim().strip_prefix("q=")?.parse().ok()?;
            Some((tag.trim(), weight))
        })
        .filter(|(_, weight)| *weight > 0.0)
        .collect();
    ranges.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let language = |tag: &str| {
        let primary = tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
        // `iw` is the older code of Hebrew.
        let primary = if primary == "iw" { "he" } else { &primary };
        primary.parse().ok()
    };
    let first = ranges.into_iter().find_map(|(tag, _)| language(tag));
    first.unwrap_or(Language::English)
}

impl FromRequest for Visit {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            request
                .extensions()
                .get::<Self>()
                .cloned()
                .ok_or(PageError::Internal),
        )
    }
}

/// A visit by a user who has signed in. A handler that takes it is for such users only.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn {
    pub(crate) visit: Visit,
    pub(crate) visitor: Visitor,
    pub(crate) account: Account,
}

impl SignedIn {
    /// The texts in the user's language.
    pub(crate) fn words(&self) -> Words {
        let own = self.visit.chosen.or(self.visitor.user.language);
        Words(own.unwrap_or(self.visit.preferred))
    }

    /// The user, as the caller of use cases.
    pub(crate) fn caller(&self) -> &Caller {
        &self.visitor.caller
    }

    /// A request by the user.
    pub(crate) fn request<T>(&self, precondition: Precondition) -> Request<T> {
        Request::unanswered(self.caller().clone(), precondition)
    }

    /// A request that is carried out once, however often its form is sent: a double click, or a page that is loaded
    /// again. The form carries the id of the request for its page.
    pub(crate) fn request_of<T>(&self, form: &Form) -> Request<T> {
        let request = self.request(Precondition::Unconditional);
        if form.value("form").is_empty() {
            return request;
        }
        let sent = Sha256::new()
            .chain_update(self.visitor.user.id.to_string())
            .chain_update(&self.visit.sent_to)
            .chain_update([0])
            .chain_update(form.encoded())
            .finalize();
        let repeatable = Repeatable {
            key: IdempotencyKey(sent.into()),
            fingerprint: sent.into(),
            remembered: REMEMBERED,
            deadline: Instant::now() + PATIENCE,
        };
        Request {
            repeatable: Some(repeatable),
            ..request
        }
    }

    /// The address at which browsers reach this console.
    pub(crate) fn address(&self, shared: &Shared, request: &HttpRequest) -> Address {
        shared.address.clone().unwrap_or_else(|| {
            let scheme = if self.visit.secure { "https" } else { "http" };
            let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
            let host = host.unwrap_or_default().to_ascii_lowercase();
            let address = format!("{scheme}://{host}").parse();
            address.unwrap_or_else(|_| Address::of_server("localhost", 3000))
        })
    }

    /// The present time on the clock of the business.
    pub(crate) async fn wall_clock(&self, shared: &Shared) -> Result<WallClock, PageError> {
        let schedules = &shared.application.scheduling.schedules;
        Ok(schedules.wall_clock(self.caller()).await?)
    }

    /// Refuses a page to everybody but owners.
    pub(crate) fn only_owner(&self) -> Result<(), PageError> {
        self.is_owner().then_some(()).ok_or(PageError::NotAllowed)
    }

    /// Whether the user is an owner.
    pub(crate) fn is_owner(&self) -> bool {
        self.visitor.user.role == Role::Owner
    }

    /// Who makes a request; `None` for somebody who has not signed in.
    pub(crate) async fn find(visit: &Visit, shared: &Shared) -> Result<Option<Self>, PageError> {
        let Some(token) = &visit.token else {
            return Ok(None);
        };
        let access = &shared.application.access;
        let visitor = access.sign_in.authenticate(token, &visit.id).await;
        let failed = |error| PageError::from(Failure::<chatgrow_domain::UserRefusal>::Store(error));
        let Some(visitor) = visitor.map_err(failed)? else {
            return Ok(None);
        };
        let account = access.accounts.own(&visitor.caller).await.map_err(failed)?;
        Ok(Some(Self {
            visit: visit.clone(),
            visitor,
            account,
        }))
    }
}

impl FromRequest for SignedIn {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            if let Some(found) = request.extensions().get::<Self>() {
                return Ok(found.clone());
            }
            let visit = Visit::extract(&request).await?;
            let shared = request.app_data::<Data<Shared>>().ok_or(PageError::Internal)?;
            let Some(signed_in) = Self::find(&visit, shared).await? else {
                return Err(PageError::SignInFirst(visit.path));
            };
            let mut extensions = request.extensions_mut();
            extensions.insert(signed_in.caller().clone());
            extensions.insert(signed_in.clone());
            Ok(signed_in)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_says_which_language_it_prefers() {
        for (accepted, language) in [
            ("", Language::English),
            ("fr", Language::English),
            ("he-IL,he;q=0.9,en-US;q=0.8,en;q=0.7", Language::Hebrew),
            ("en;q=0.5, HE", Language::Hebrew),
            ("iw", Language::Hebrew),
            ("he;q=0, en;q=0.1", Language::English),
            ("he;q=x", Language::English),
        ] {
            assert_eq!(preferred(accepted), language, "{accepted}");
        }
    }
}
