//! Payment sources: the list, and the page of one with its notices.

pub(super) mod ask;
pub(super) mod form;

use super::paid::money;
use crate::{
    Shared,
    page::{self, PageError, Section, Shell, all, found, query},
    visit::SignedIn,
    words::Words,
};
use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path, Query},
};
use askama::Template;
use chatgrow_application::WallClock;
use chatgrow_domain::{
    NoticeOutcome, NoticeSecret, PageLimit, PaymentId, PaymentNotice, PaymentSource, PaymentSourceId,
};
use chatgrow_ports::PageRequest;
use std::{cmp::Reverse, collections::HashMap};

/// The path of the list. The page of a source is below it.
pub(super) const PATH: &str = "/console/settings/payment-sources";

#[derive(Template)]
#[template(path = "billing/payment_sources.html")]
struct ListPage {
    t: Words,
    shell: Shell,
    sources: Vec<Listed>,
    /// Whether the form that makes a source or a secret was sent again.
    sent_again: bool,
}

/// A source in the list.
struct Listed {
    id: PaymentSourceId,
    name: String,
    kind: String,
    provider: String,
}

#[derive(Template)]
#[template(path = "billing/payment_source.html")]
struct SourcePage {
    t: Words,
    shell: Shell,
    source: Listed,
    /// Where it sends its notices.
    address: String,
    /// Until when notices with the secret before are taken.
    previous_until: Option<String>,
    said: Said,
    notices: Vec<Row>,
    /// The query of the page with older notices.
    older: Option<String>,
}

/// What the page of a source tells first.
enum Said {
    Nothing,
    /// A secret was set.
    Saved,
    /// A secret was made. It is shown this once.
    Secret(NoticeSecret),
    /// A test notice was taken.
    Tested,
}

/// A notice.
struct Row {
    kind: String,
    outcome: String,
    warn: bool,
    amount: Option<String>,
    reference: Option<String>,
    problem: Option<String>,
    payment: Option<PaymentId>,
    when: String,
}

impl Listed {
    fn of(t: Words, source: &PaymentSource) -> Self {
        Self {
            id: source.id,
            name: source.name.as_str().to_owned(),
            kind: t.text(&format!("source-kind-{}", source.format.kind().as_str())),
            provider: source.provider.as_str().to_owned(),
        }
    }
}

impl Row {
    fn of(t: Words, clock: &WallClock, notice: PaymentNotice) -> Self {
        let troubles = [NoticeOutcome::Mismatch, NoticeOutcome::Unreadable];
        Self {
            kind: notice
                .kind
                .map_or_else(|| "–".to_owned(), |kind| kind.as_str().to_owned()),
            outcome: t.text(&format!("notice-{}", notice.outcome.as_str())),
            warn: troubles.contains(&notice.outcome),
            amount: notice.amount.map(|(amount, currency)| money(amount, currency)),
            reference: notice.reference.map(|text| text.as_str().to_owned()),
            problem: notice.problem.map(|text| text.as_str().to_owned()),
            payment: notice.payment,
            when: t.instant(clock, notice.received_at),
        }
    }
}

async fn list_page(shared: &Shared, signed_in: &SignedIn, sent_again: bool) -> Result<ListPage, PageError> {
    let (t, caller) = (signed_in.words(), signed_in.caller());
    let sources = &shared.application.billing.sources;
    let sources = all(async |page| sources.list(caller, page).await).await?;
    Ok(ListPage {
        t,
        shell: Shell::new(signed_in, Section::Settings, t.text("nav-sources")),
        sources: sources.iter().map(|source| Listed::of(t, source)).collect(),
        sent_again,
    })
}

pub(super) async fn list(shared: Data<Shared>, signed_in: SignedIn) -> Result<HttpResponse, PageError> {
    signed_in.only_owner()?;
    page::ok(&list_page(&shared, &signed_in, false).await?)
}

/// The source that a path names.
async fn source(shared: &Shared, signed_in: &SignedIn, id: &str) -> Result<PaymentSource, PageError> {
    signed_in.only_owner()?;
    let id: PaymentSourceId = id.parse().map_err(|_| PageError::NotFound)?;
    found(
        shared
            .application
            .billing
            .sources
            .get(signed_in.caller(), id)
            .await,
    )
}

async fn source_page(
    shared: &Shared,
    signed_in: &SignedIn,
    request: &HttpRequest,
    source: &PaymentSource,
    said: Said,
    before: Option<&str>,
) -> Result<SourcePage, PageError> {
    let (t, clock) = (signed_in.words(), signed_in.wall_clock(shared).await?);
    let after = before.map(|before| before.parse().map(Reverse).map_err(|_| PageError::NotFound));
    let page = PageRequest {
        limit: PageLimit::DEFAULT,
        after: after.transpose()?,
    };
    let notices = &shared.application.billing.notices;
    let page = found(notices.list(signed_in.caller(), source.id, page).await)?;
    let title = match said {
        Said::Nothing => "source-title",
        Said::Saved => "settings-saved",
        Said::Secret(_) => "source-secret-title",
        Said::Tested => "source-tested",
    };
    let previous = source.previous_secret.as_ref().map(|(_, until)| *until);
    let older = page
        .next
        .map(|Reverse(last)| query([("before", &last.to_string())]));
    Ok(SourcePage {
        t,
        shell: Shell::new(signed_in, Section::Settings, t.text(title)),
        source: Listed::of(t, source),
        address: format!(
            "{}{}",
            signed_in.address(shared, request),
            chatgrow_api::inbound_path(&source.token)
        ),
        previous_until: previous
            .filter(|until| *until > clock.now)
            .map(|until| t.instant(&clock, until)),
        said,
        notices: page
            .items
            .into_iter()
            .map(|notice| Row::of(t, &clock, notice))
            .collect(),
        older,
    })
}

pub(super) async fn show(
    shared: Data<Shared>,
    signed_in: SignedIn,
    request: HttpRequest,
    id: Path<String>,
    asked: Query<HashMap<String, String>>,
) -> Result<HttpResponse, PageError> {
    let source = source(&shared, &signed_in, &id).await?;
    let said = match () {
        () if asked.contains_key("saved") => Said::Saved,
        () if asked.contains_key("tested") => Said::Tested,
        () => Said::Nothing,
    };
    let before = asked.get("before").map(String::as_str);
    page::ok(&source_page(&shared, &signed_in, &request, &source, said, before).await?)
}

/// Shows a new secret, this once.
async fn show_secret(
    shared: &Shared,
    signed_in: &SignedIn,
    request: &HttpRequest,
    source: &PaymentSource,
    secret: NoticeSecret,
) -> Result<HttpResponse, PageError> {
    let said = Said::Secret(secret);
    page::ok(&source_page(shared, signed_in, request, source, said, None).await?)
}

/// Makes a notice as the payment system would, and takes it.
pub(super) async fn test(
    shared: Data<Shared>,
    signed_in: SignedIn,
    id: Path<String>,
) -> Result<HttpResponse, PageError> {
    let source = source(&shared, &signed_in, &id).await?;
    found(
        shared
            .application
            .billing
            .notices
            .test(signed_in.caller(), source.id)
            .await,
    )?;
    page::go_to(format!("{PATH}/{}?tested", source.id))
}
