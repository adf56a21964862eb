//! Forms: what was typed, and what is wrong with it. A form that is refused is shown again with both.

use crate::{page::PageError, words::Words};
use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Bytes};
use chatgrow_domain::Invalid;
use std::{future::Future, pin::Pin};

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
        // A number that is none is out of every range.
        self.read(t, name, |text| match text {
            "" => Err(Invalid::Missing),
            text => parse(text.parse().unwrap_or(i64::MAX)),
        })
    }
}

impl FromRequest for Form {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = Bytes::from_request(request, payload);
        Box::pin(async move {
            let body = body.await.map_err(|_| PageError::BadForm)?;
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
