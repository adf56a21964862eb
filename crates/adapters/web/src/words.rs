//! The texts of the console, in the two languages.

use chatgrow_domain::{Invalid, Language};
use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use std::{fmt::Display, sync::LazyLock};

macro_rules! texts {
    ($language:literal) => {
        [
            include_str!(concat!("../locales/", $language, "/common.ftl")),
            include_str!(concat!("../locales/", $language, "/access.ftl")),
            include_str!(concat!("../locales/", $language, "/billing.ftl")),
            include_str!(concat!("../locales/", $language, "/crm.ftl")),
            include_str!(concat!("../locales/", $language, "/delivery.ftl")),
            include_str!(concat!("../locales/", $language, "/events.ftl")),
            include_str!(concat!("../locales/", $language, "/calendar.ftl")),
            include_str!(concat!("../locales/", $language, "/schedule.ftl")),
        ]
    };
}

const HEBREW_TEXTS: [&str; 8] = texts!("he");
const ENGLISH_TEXTS: [&str; 8] = texts!("en");

static HEBREW: LazyLock<FluentBundle<FluentResource>> =
    LazyLock::new(|| bundle(Language::Hebrew, HEBREW_TEXTS));
static ENGLISH: LazyLock<FluentBundle<FluentResource>> =
    LazyLock::new(|| bundle(Language::English, ENGLISH_TEXTS));

/// A defect in a file is found by the tests. At run time what can be read is used.
fn bundle(language: Language, files: [&str; 8]) -> FluentBundle<FluentResource> {
    let tag = language.as_str().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    for file in files {
        let resource = match FluentResource::try_new(file.to_owned()) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        bundle.add_resource_overriding(resource);
    }
    bundle
}

/// The texts in one language. Templates call it `t`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Words(pub(crate) Language);

impl Words {
    fn bundle(self) -> &'static FluentBundle<FluentResource> {
        match self.0 {
            Language::Hebrew => &HEBREW,
            Language::English => &ENGLISH,
        }
    }

    fn format(self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        let bundle = self.bundle();
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            return key.to_owned();
        };
        bundle.format_pattern(pattern, args, &mut Vec::new()).into_owned()
    }

    /// A text without arguments.
    pub(crate) fn text(self, key: &str) -> String {
        self.format(key, None)
    }

    /// A text with one argument, which is a text itself.
    pub(crate) fn of(self, key: &str, name: &'static str, value: impl Display) -> String {
        self.with(key, [(name, value.to_string().into())])
    }

    /// A text with the argument `count`, a number, which may decide about the form.
    pub(crate) fn count(self, key: &str, count: impl Display) -> String {
        self.with(key, [("count", FluentValue::try_number(&count.to_string()))])
    }

    /// A text with arguments.
    pub(crate) fn with<const N: usize>(
        self,
        key: &str,
        args: [(&'static str, FluentValue<'_>); N],
    ) -> String {
        let args: FluentArgs<'_> = args.into_iter().collect();
        self.format(key, Some(&args))
    }

    /// What is wrong with a value.
    pub(crate) fn invalid(self, why: Invalid) -> String {
        let number = |name, number: i64| [(name, FluentValue::from(number))];
        match why {
            Invalid::Missing => self.text("invalid-missing"),
            Invalid::TooLong { max } => self.count("invalid-too-long", max),
            Invalid::TooShort { min } => self.count("invalid-too-short", min),
            Invalid::ControlCharacter | Invalid::Nul => self.text("invalid-character"),
            Invalid::Email => self.text("invalid-email"),
            Invalid::Phone => self.text("invalid-phone"),
            Invalid::Date | Invalid::LocalMinute | Invalid::Instant => self.text("invalid-date"),
            Invalid::Time => self.text("invalid-time"),
            Invalid::OutOfRange { min, max } => {
                let [min] = number("min", min);
                let [max] = number("max", max);
                self.with("invalid-range", [min, max])
            }
            Invalid::TooMany { max } => self.count("invalid-too-many", max),
            Invalid::Network => self.text("invalid-network"),
            Invalid::TimeZone => self.text("invalid-zone"),
            Invalid::Opening | Invalid::Closing | Invalid::NotAfter { .. } => self.text("invalid-closing"),
            Invalid::Money => self.text("invalid-money"),
            Invalid::Amount { decimals, .. } => self.count("invalid-amount", decimals),
            Invalid::NothingDue | Invalid::Deposit => self.text("invalid-deposit"),
            Invalid::Provider => self.text("invalid-provider"),
            Invalid::HeaderName => self.text("invalid-header"),
            Invalid::JsonPointer => self.text("invalid-pointer"),
            Invalid::AlsoIn { .. } => self.text("invalid-also-in"),
            Invalid::WebhookSecret => self.text("invalid-secret"),
            Invalid::Id => self.text("invalid-id"),
            Invalid::Url => self.text("invalid-url"),
            Invalid::UrlScheme { allowed } if allowed.contains("http://") => self.text("invalid-url-scheme"),
            Invalid::UrlScheme { .. } => self.text("invalid-url-https"),
            Invalid::UrlUser => self.text("invalid-url-user"),
            Invalid::UrlFragment => self.text("invalid-url-fragment"),
            Invalid::UrlAddress => self.text("invalid-url-address"),
            Invalid::Slug
            | Invalid::Currency
            | Invalid::ChangeType
            | Invalid::FeedCursor
            | Invalid::Actor
            | Invalid::NotOneOf { .. } => self.text("invalid-choice"),
        }
    }

    /// The value of `lang`.
    pub(crate) fn tag(self) -> &'static str {
        self.0.as_str()
    }

    /// The value of `dir`.
    pub(crate) fn direction(self) -> &'static str {
        match self.0 {
            Language::Hebrew => "rtl",
            Language::English => "ltr",
        }
    }

    /// The other language.
    pub(crate) fn other(self) -> Self {
        Self(match self.0 {
            Language::Hebrew => Language::English,
            Language::English => Language::Hebrew,
        })
    }
}

#[cfg(test)]
mod tests;
