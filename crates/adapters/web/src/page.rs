//! Pages: the frame around them, and errors.

use crate::{
    form::Form,
    visit::{SignedIn, Visit},
    words::Words,
};
use actix_web::{
    HttpMessage, HttpRequest, HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};
use askama::Template;
use chatgrow_application::RequestId;
use chatgrow_domain::{PageLimit, Refusal};
use chatgrow_ports::{Failure, Page, PageRequest, StoreError};

/// A part of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Calendar,
    Customers,
    Events,
    Payments,
    Settings,
    /// The user's own page, or none.
    None,
}

/// The frame around a page. Templates call it `shell`.
#[derive(Debug, Clone)]
pub(crate) struct Shell {
    t: Words,
    id: RequestId,
    pub(crate) title: String,
    section: Section,
    path: String,
    user: Option<(String, String)>,
    owner: bool,
}

impl Shell {
    /// The frame of a page for those who have signed in.
    pub(crate) fn new(signed_in: &SignedIn, section: Section, title: String) -> Self {
        Self {
            t: signed_in.words(),
            id: signed_in.visit.id.clone(),
            title,
            section,
            path: signed_in.visit.path.clone(),
            user: Some((
                signed_in.visitor.user.email.as_str().to_owned(),
                signed_in.account.name.as_str().to_owned(),
            )),
            owner: signed_in.is_owner(),
        }
    }

    /// The frame of a page for everybody.
    pub(crate) fn plain(visit: &Visit, title: String) -> Self {
        Self {
            t: visit.words(),
            id: visit.id.clone(),
            title,
            section: Section::None,
            path: visit.path.clone(),
            user: None,
            owner: false,
        }
    }

    /// The id of the request for this page.
    pub(crate) fn id(&self) -> &str {
        self.id.as_str()
    }

    pub(crate) fn email(&self) -> Option<&str> {
        self.user.as_ref().map(|(email, _)| email.as_str())
    }

    pub(crate) fn business(&self) -> &str {
        self.user.as_ref().map_or("", |(_, business)| business)
    }

    pub(crate) fn is_owner(&self) -> bool {
        self.owner
    }

    pub(crate) fn is_in(&self, section: &str) -> bool {
        match section {
            "calendar" => self.section == Section::Calendar,
            "customers" => self.section == Section::Customers,
            "events" => self.section == Section::Events,
            "payments" => self.section == Section::Payments,
            "settings" => self.section == Section::Settings,
            _ => false,
        }
    }

    /// This page in the other language.
    pub(crate) fn in_other_language(&self) -> String {
        let separator = if self.path.contains('?') { '&' } else { '?' };
        format!("{}{separator}lang={}", self.path, self.t.other().tag())
    }
}

/// The title of a page with a form. A page that refuses something says so first.
pub(crate) fn title(t: Words, form: &Form, key: &str) -> String {
    if form.is_valid() {
        t.text(key)
    } else {
        t.of("title-refused", "title", t.text(key))
    }
}

/// The answer with a page.
pub(crate) fn render(status: StatusCode, page: &impl Template) -> Result<HttpResponse, PageError> {
    let html = page.render().map_err(|error| {
        tracing::error!(%error, "a page can't be rendered");
        PageError::Internal
    })?;
    Ok(HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(html))
}

/// The answer with a page that was asked for.
pub(crate) fn ok(page: &impl Template) -> Result<HttpResponse, PageError> {
    render(StatusCode::OK, page)
}

/// The answer to a form with faults: the form again.
pub(crate) fn refused(page: &impl Template) -> Result<HttpResponse, PageError> {
    render(StatusCode::UNPROCESSABLE_ENTITY, page)
}

/// Leads to another page after a form was carried out.
pub(crate) fn go_to(path: impl AsRef<str>) -> Result<HttpResponse, PageError> {
    let path = HeaderValue::try_from(path.as_ref()).map_err(|_| PageError::Internal)?;
    Ok(HttpResponse::SeeOther()
        .insert_header((header::LOCATION, path))
        .finish())
}

/// Why there is no page.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum PageError {
    /// Only those who have signed in get the page at this path.
    #[error("not signed in")]
    SignInFirst(String),
    /// There is no such page, or no such thing.
    #[error("not found")]
    NotFound,
    /// A form is sent there, but there is no page.
    #[error("no page")]
    MethodNotAllowed,
    /// The user's role doesn't permit it.
    #[error("not allowed")]
    NotAllowed,
    /// The form can't be read.
    #[error("the form can't be read")]
    BadForm,
    /// The form is larger than any that the console has.
    #[error("the form is too large")]
    TooLarge,
    /// Another site has sent the form.
    #[error("sent by another site")]
    CrossSite,
    /// It was changed meanwhile, or is otherwise no longer as the page said.
    #[error("not as the page said")]
    Changed,
    /// The store doesn't answer now.
    #[error("the store doesn't answer")]
    Unavailable,
    /// The request took too long.
    #[error("timed out")]
    TimedOut,
    /// A defect.
    #[error("a defect")]
    Internal,
}

impl PageError {
    const fn status(&self) -> StatusCode {
        match self {
            Self::SignInFirst(_) => StatusCode::SEE_OTHER,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::NotAllowed | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::BadForm => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Changed => StatusCode::CONFLICT,
            Self::Unavailable | Self::TimedOut => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    const fn key(&self) -> &'static str {
        match self {
            Self::NotFound | Self::MethodNotAllowed => "error-not-found",
            Self::SignInFirst(_) | Self::NotAllowed => "error-not-allowed",
            Self::BadForm | Self::TooLarge => "error-bad-form",
            Self::CrossSite => "error-cross-site",
            Self::Changed => "error-changed",
            Self::Unavailable | Self::TimedOut => "error-unavailable",
            Self::Internal => "error-internal",
        }
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        self.status()
    }
}

/// A refusal that the handler doesn't explain beside a field.
impl<R: Refusal> From<Failure<R>> for PageError {
    fn from(failure: Failure<R>) -> Self {
        match failure {
            Failure::Refused(_) => Self::Changed,
            Failure::NotAllowed(_) => Self::NotAllowed,
            Failure::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Failed(_) | StoreError::Corrupt { .. } => {
                tracing::error!(%error, "the console could not read or write");
                Self::Internal
            }
            _ => {
                tracing::warn!(%error, "the console could not read or write");
                Self::Unavailable
            }
        }
    }
}

/// What a page is about. If it was refused, it is not there.
pub(crate) fn found<T, R: Refusal>(found: Result<T, Failure<R>>) -> Result<T, PageError> {
    found.map_err(|failure| match failure {
        Failure::Refused(_) => PageError::NotFound,
        failure => failure.into(),
    })
}

/// All items of a list, whose pages `list` reads.
pub(crate) async fn all<T, P, R: Refusal>(
    list: impl AsyncFn(PageRequest<P>) -> Result<Page<T, P>, Failure<R>>,
) -> Result<Vec<T>, Failure<R>> {
    let (mut items, mut after) = (Vec::new(), None);
    loop {
        let limit = PageLimit::LARGEST;
        let page = list(PageRequest { limit, after }).await?;
        items.extend(page.items);
        after = page.next;
        if after.is_none() {
            return Ok(items);
        }
    }
}

/// A query that leads to a page, as `?q=dana`. Fields without a value are left out.
pub(crate) fn query<const N: usize>(fields: [(&str, &str); N]) -> String {
    let given: Vec<_> = fields
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect();
    if given.is_empty() {
        return String::new();
    }
    format!("?{}", serde_urlencoded::to_string(given).unwrap_or_default())
}

/// The page of an error. The main text is its title, too.
#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    t: Words,
    shell: Shell,
    key: &'static str,
}

/// The answer to a request that failed.
pub(crate) fn error_page(request: &HttpRequest, error: &PageError) -> HttpResponse {
    let extensions = request.extensions();
    let signed_in = extensions.get::<SignedIn>();
    let Some(visit) = extensions.get::<Visit>() else {
        return HttpResponse::new(error.status());
    };
    if let PageError::SignInFirst(path) = error {
        let query = serde_urlencoded::to_string([("next", path)]).unwrap_or_default();
        return HttpResponse::SeeOther()
            .insert_header((header::LOCATION, format!("/console/login?{query}")))
            .finish();
    }
    let t = signed_in.map_or_else(|| visit.words(), SignedIn::words);
    let title = t.text(error.key());
    let page = ErrorPage {
        t,
        shell: match signed_in {
            Some(signed_in) => Shell::new(signed_in, Section::None, title),
            None => Shell::plain(visit, title),
        },
        key: error.key(),
    };
    render(error.status(), &page).unwrap_or_else(|_| HttpResponse::new(error.status()))
}

pub(crate) async fn not_found() -> Result<HttpResponse, PageError> {
    Err(PageError::NotFound)
}
