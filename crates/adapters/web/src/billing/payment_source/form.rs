//! The form that creates a payment source.

use super::{PATH, list_page, show_secret};
use crate::{
    Shared,
    form::Form,
    page::{self, PageError, Section, Shell, title},
    visit::SignedIn,
    words::Words,
};
use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;
use chatgrow_application::{NewPaymentSource, Outcome, WithNoticeSecret};
use chatgrow_domain::{
    AmountUnit, CurrencyPlace, HeaderName, HmacFormat, HmacTypes, Invalid, JsonPointer, NoticeFormat,
    NoticeKind, NoticeType, PaymentSourceRefusal, Provider, SignatureEncoding, SourceName,
};
use chatgrow_ports::Failure;

#[derive(Template)]
#[template(path = "billing/payment_source_form.html")]
struct Page {
    t: Words,
    shell: Shell,
    form: Form,
    kinds: Vec<(&'static str, String)>,
}

impl Page {
    fn new(signed_in: &SignedIn, form: Form) -> Self {
        let t = signed_in.words();
        Self {
            t,
            shell: Shell::new(signed_in, Section::Settings, title(t, &form, "source-new")),
            form,
            kinds: NoticeKind::ALL
                .iter()
                .map(|kind| (kind.as_str(), t.text(&format!("source-kind-{}", kind.as_str()))))
                .collect(),
        }
    }
}

pub(crate) async fn new(signed_in: SignedIn) -> Result<HttpResponse, PageError> {
    signed_in.only_owner()?;
    let form = Form::of([
        ("kind", NoticeKind::Stripe.as_str().to_owned()),
        ("encoding", SignatureEncoding::Hex.as_str().to_owned()),
        ("unit", AmountUnit::Major.as_str().to_owned()),
    ]);
    page::ok(&Page::new(&signed_in, form))
}

pub(crate) async fn create(
    shared: Data<Shared>,
    signed_in: SignedIn,
    request: HttpRequest,
    mut form: Form,
) -> Result<HttpResponse, PageError> {
    signed_in.only_owner()?;
    let t = signed_in.words();
    let Some(new) = read(&mut form, t) else {
        return page::refused(&Page::new(&signed_in, form));
    };
    let sources = &shared.application.billing.sources;
    match sources.create(&signed_in.request_of(&form), new).await {
        Ok(WithNoticeSecret {
            outcome: Outcome::Done(effect),
            made,
        }) => match made {
            Some(secret) => show_secret(&shared, &signed_in, &request, effect.resource(), secret).await,
            None => page::go_to(format!("{PATH}/{}?saved", effect.resource().id)),
        },
        // The form was sent again, and a secret is shown only once.
        Ok(_) => page::ok(&list_page(&shared, &signed_in, true).await?),
        Err(failure) => {
            refuse(&mut form, t, failure)?;
            page::refused(&Page::new(&signed_in, form))
        }
    }
}

/// Notes what the use cases refuse beside its field.
pub(super) fn refuse(
    form: &mut Form,
    t: Words,
    failure: Failure<PaymentSourceRefusal>,
) -> Result<(), PageError> {
    let fault = match failure {
        Failure::Refused(PaymentSourceRefusal::Secret(why)) => t.invalid(why),
        Failure::Refused(PaymentSourceRefusal::NoSecretsKey) => t.text("source-no-secrets-key"),
        failure => return Err(failure.into()),
    };
    form.refuse("secret", fault);
    Ok(())
}

fn read(form: &mut Form, t: Words) -> Option<NewPaymentSource> {
    let kind = form.read(t, "kind", str::parse::<NoticeKind>);
    let name = form.read(t, "name", |text| SourceName::new(text));
    let provider = match kind.and_then(NoticeKind::provider) {
        Some(default) if form.value("provider").trim().is_empty() => Some(default),
        _ => form.read(t, "provider", |text| Provider::new(text)),
    };
    let format = match kind? {
        NoticeKind::Stripe => Some(NoticeFormat::Stripe),
        NoticeKind::StandardWebhooks => Some(NoticeFormat::StandardWebhooks),
        NoticeKind::Hmac => hmac(form, t).map(Box::new).map(NoticeFormat::Hmac),
    };
    let secret = form.value("secret").trim();
    Some(NewPaymentSource {
        name: name?,
        provider: provider?,
        format: format?,
        secret: (!secret.is_empty()).then(|| secret.to_owned()),
    })
}

fn hmac(form: &mut Form, t: Words) -> Option<HmacFormat> {
    let mut pointer = |name| form.read(t, name, |text| JsonPointer::new(text));
    let [kind, external_id, amount] = ["at-type", "at-payment", "at-amount"].map(&mut pointer);
    let mut pointer = |name| form.read_optional(t, name, |text| JsonPointer::new(text));
    let [event_id, reference, refund_id] = ["at-id", "at-reference", "at-refund"].map(&mut pointer);
    let header = form.read(t, "header", HeaderName::new);
    let encoding = form.read(t, "encoding", str::parse::<SignatureEncoding>);
    let unit = form.read(t, "unit", str::parse::<AmountUnit>);
    let currency = form.read(t, "at-currency", CurrencyPlace::parse);
    let [succeeded, failed, refunded] =
        ["succeeded", "failed", "refunded"].map(|name| form.read(t, name, types));
    let types = HmacTypes::new(succeeded?, failed?, refunded?);
    let types = types.map_err(|(list, why)| form.refuse(list, t.invalid(why)));
    Some(HmacFormat {
        header: header?,
        encoding: encoding?,
        event_id: event_id?,
        kind: kind?,
        types: types.ok()?,
        reference: reference?,
        external_id: external_id?,
        refund_id: refund_id?,
        amount: amount?,
        unit: unit?,
        currency: currency?,
    })
}

/// Types with commas between them.
fn types(text: &str) -> Result<Vec<NoticeType>, Invalid> {
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    names.map(NoticeType::new).collect()
}
