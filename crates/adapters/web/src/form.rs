//! Forms: what was typed, and what is wrong with it. A form that is refused is shown again with both.

use crate::{page::PageError, visit::SignedIn, words::Words};
use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Data};
use chatgrow_api::{Settings, body_was_read};
use chatgrow_application::Precondition;
use chatgrow_domain::{Invalid, Revision};
use futures_util::StreamExt;
use std::{future::Future, pin::Pin};
use tokio::time::timeout;

/// The fields of a form as they were sent.
#[derive(Debug, Default)]
pub(crate) struct Form {
    values: Vec<(String, String)>,
    faults: Vec<(String, String)>,
}

impl Form {
    /// A form with these values, before anybody has typed.
    pub(crate) fn of<const N: usize>(values: [(&str, String); N]) -> Self {
        let owned = |(name, value): (&str, String)| (name.to_owned(), value);
        Self {
            values: values.into_iter().map(owned).collect(),
            faults: Vec::new(),
        }
    }

    /// Adds a value, as that of a box that is checked.
    pub(crate) fn add(&mut self, name: &str, value: impl Into<String>) {
        self.values.push((name.to_owned(), value.into()));
    }

    /// Replaces the value of a field.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.values.retain(|(other, _)| other != name);
        self.add(name, value);
    }

    /// The value of a field, which is empty if it was not sent.
    pub(crate) fn value(&self, name: &str) -> &str {
        let mut values = self.values.iter().filter(|(other, _)| other == name);
        values.next().map_or("", |(_, value)| value)
    }

    /// All values of a field.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let of = move |(other, value): &'a (String, String)| (other == name).then_some(value.as_str());
        self.values.iter().filter_map(of)
    }

    /// Whether a field has that value, among others: a box is checked, or an option is selected.
    pub(crate) fn has(&self, name: &str, value: &str) -> bool {
        self.all(name).any(|other| other == value)
    }

    /// What is wrong with a field.
    pub(crate) fn fault(&self, name: &str) -> Option<&str> {
        let of = |(other, fault): &'_ (String, String)| other == name && !fault.is_empty();
        self.faults
            .iter()
            .find(|fault| of(fault))
            .map(|(_, fault)| fault.as_str())
    }

    /// The precondition that nothing has changed since the form was shown. The form carries the revision that it shows.
    pub(crate) fn as_shown(&self) -> Precondition {
        Precondition::OneOf(vec![Revision::claimed(self.value("revision"))])
    }

    /// Everything that was sent, as browsers encode it.
    pub(crate) fn encoded(&self) -> String {
        serde_urlencoded::to_string(&self.values).unwrap_or_default()
    }

    /// Whether nothing is wrong.
    pub(crate) fn is_valid(&self) -> bool {
        self.faults.is_empty()
    }

    /// Notes what is wrong with a field, in words.
    pub(crate) fn refuse(&mut self, name: impl Into<String>, fault: String) {
        self.faults.push((name.into(), fault));
    }

    /// Reads a field, without the white space around it. If it is not valid, the fault is noted.
    pub(crate) fn read<T>(
        &mut self,
        t: Words,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, Invalid>,
    ) -> Option<T> {
        match parse(self.value(name).trim()) {
            Ok(value) => Some(value),
            Err(why) => {
                self.refuse(name, t.invalid(why));
                None
            }
        }
    }

    /// Reads a field that may be left empty: the outer option says whether it is valid.
    pub(crate) fn read_optional<T>(
        &mut self,
        t: Words,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, Invalid>,
    ) -> Option<Option<T>> {
        if self.value(name).trim().is_empty() {
            Some(None)
        } else {
            self.read(t, name, parse).map(Some)
        }
    }

    /// Reads a field that is a whole number.
    pub(crate) fn read_number<T>(
        &mut self,
        t: Words,
        name: &str,
        parse: impl FnOnce(i64) -> Result<T, Invalid>,
    ) -> Option<T> {
        self.read(t, name, |text| match text {
            "" => Err(Invalid::Missing),
            text => parse(number(text)),
        })
    }

    /// Reads a field that is a whole number or empty: the outer option says whether it is valid.
    pub(crate) fn read_optional_number<T>(
        &mut self,
        t: Words,
        name: &str,
        parse: impl FnOnce(i64) -> Result<T, Invalid>,
    ) -> Option<Option<T>> {
        self.read_optional(t, name, |text| parse(number(text)))
    }
}

/// The number that a text says. What is not a number counts as out of range.
fn number(text: &str) -> i64 {
    text.parse().unwrap_or(i64::MAX)
}

/// The largest form of somebody who has not signed in, in bytes.
const MOST_OF_STRANGER: usize = 4 << 10;

/// The largest form of a user, in bytes. Notes of 5000 letters may take 45 000.
const MOST: usize = 64 << 10;

impl FromRequest for Form {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let settings = request.app_data::<Data<Settings>>().ok_or(PageError::Internal)?;
            let most = match SignedIn::extract(&request).await {
                Ok(_) => MOST,
                Err(PageError::SignInFirst(_)) => MOST_OF_STRANGER,
                Err(error) => return Err(error),
            };
            // Half of the request's time-out, so that a slow form is still answered.
            let body = timeout(settings.request_timeout / 2, read(payload, most)).await;
            let body = body.map_err(|_| PageError::TimedOut)??;
            body_was_read(&request);
            let values: Vec<(String, String)> =
                serde_urlencoded::from_bytes(&body).map_err(|_| PageError::BadForm)?;
            // Browsers end the lines of a text with CR LF.
            let plain = |(name, value): (String, String)| (name, value.replace("\r\n", "\n"));
            Ok(Self {
                values: values.into_iter().map(plain).collect(),
                faults: Vec::new(),
            })
        })
    }
}

/// Reads a body, which is refused as soon as it is too large.
async fn read(mut payload: Payload, most: usize) -> Result<Vec<u8>, PageError> {
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| PageError::BadForm)?;
        if body.len() + chunk.len() > most {
            return Err(PageError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatgrow_domain::{EmailAddress, Language, Notice};

    const T: Words = Words(Language::English);

    #[test]
    fn what_was_typed_stays_beside_its_fault() {
        let mut form = Form::of([("email", " dana@ ".to_owned()), ("notice", "soon".to_owned())]);
        assert!(form.read(T, "email", |text| EmailAddress::new(text)).is_none());
        assert!(form.read_number(T, "notice", Notice::from_minutes).is_none());
        assert_eq!(
            form.read_optional(T, "absent", |text| EmailAddress::new(text)),
            Some(None)
        );
        assert!(!form.is_valid() && form.fault("email").is_some() && form.fault("notice").is_some());
        assert_eq!((form.value("email"), form.fault("absent")), (" dana@ ", None));
    }
}
