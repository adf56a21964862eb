//! Conditional requests (RFC 9110, section 13): `ETag` on what has a version, `If-None-Match` on reads, `If-Match` on writes.
//!
//! A tag is a version, not a hash: it is known before the write that makes it, and the store's guard is by version too.

use actix_web::{
    HttpRequest,
    http::{Method, header},
};
use chatgrow_domain::Version;

/// A strong entity tag, quotes included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ETag(pub(crate) String);

impl ETag {
    /// The tag of what shows resources in these versions.
    pub(crate) fn of<const N: usize>(versions: [Version; N]) -> Self {
        let versions = versions.map(|version| version.get().to_string());
        Self(format!("\"{}\"", versions.join(".")))
    }
}

/// The entity tags that a header lists.
struct Tags {
    any: bool,
    tags: Vec<String>,
}

impl Tags {
    fn of(request: &HttpRequest, header: header::HeaderName) -> Option<Self> {
        let values: Vec<_> = request.headers().get_all(header).collect();
        let texts = values.iter().map(|value| value.to_str().unwrap_or_default());
        // No tag of this server holds a comma.
        let tags: Vec<_> = texts
            .flat_map(|text| text.split(','))
            .map(|tag| tag.trim().to_owned())
            .collect();
        (!values.is_empty()).then(|| Self {
            any: tags.iter().any(|tag| tag == "*"),
            tags,
        })
    }
}

/// Whether the client of that read has what bears the tag already. Weak tags do for this.
pub(crate) fn is_known(request: &HttpRequest, etag: &str) -> bool {
    let has = |tags: Tags| {
        tags.any
            || tags
                .tags
                .iter()
                .any(|tag| tag.strip_prefix("W/").unwrap_or(tag) == etag)
    };
    request.method() == Method::GET && Tags::of(request, header::IF_NONE_MATCH).is_some_and(has)
}

/// What may be changed: `If-Match`, or anything.
pub(crate) fn admits<T>(
    request: &HttpRequest,
    tag: impl Fn(&T) -> ETag + Send + Sync,
) -> impl Fn(Option<&T>) -> bool + Send + Sync {
    let tags = Tags::of(request, header::IF_MATCH);
    move |current| match (&tags, current) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(tags), Some(current)) => tags.any || tags.tags.contains(&tag(current).0),
    }
}
