//! Conditional requests (RFC 9110, section 13): `ETag` on what has a version, `If-None-Match` on reads, `If-Match` on writes.
//!
//! A tag is an id and a version, not a hash: it is known before the write that makes it, and the store's guard is by version too.

use crate::error::ApiError;
use actix_web::{
    HttpRequest,
    http::{Method, header},
};
use chatgrow_domain::Version;
use std::fmt::Display;

/// A strong entity tag, quotes included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ETag(pub(crate) String);

impl ETag {
    /// The tag of what shows that resource in these versions. The id makes it fit no other resource, also none that has the same path later.
    pub(crate) fn of<const N: usize>(id: impl Display, versions: [Version; N]) -> Self {
        let mut tag = format!("\"{id}");
        for version in versions {
            tag.push('.');
            tag.push_str(itoa::Buffer::new().format(version.get()));
        }
        tag.push('"');
        Self(tag)
    }
}

/// The entity tags that a header lists.
pub(crate) struct Tags {
    any: bool,
    tags: Vec<String>,
}

impl Tags {
    /// Those of a header: `Ok(None)` if it isn't there.
    ///
    /// # Errors
    /// It is neither `*` nor a list of entity tags (RFC 9110, section 8.8.3).
    fn of(request: &HttpRequest, header: header::HeaderName) -> Result<Option<Self>, ()> {
        let mut values = request.headers().get_all(header).peekable();
        if values.peek().is_none() {
            return Ok(None);
        }
        let mut tags = Self {
            any: false,
            tags: Vec::new(),
        };
        for value in values {
            let mut rest = value.to_str().map_err(|_| ())?.trim_ascii();
            if rest == "*" {
                tags.any = true;
                continue;
            }
            while !rest.is_empty() {
                let (tag, after) = entity_tag(rest).ok_or(())?;
                tags.tags.extend((!tag.is_empty()).then(|| tag.to_owned()));
                rest = after;
            }
        }
        let some = tags.any || !tags.tags.is_empty();
        some.then_some(Some(tags)).ok_or(())
    }

    /// What may be changed: `If-Match`, or anything.
    ///
    /// # Errors
    /// The header is not valid: who took it for absent would overwrite what has not been seen.
    pub(crate) fn if_match(request: &HttpRequest) -> Result<Option<Self>, ApiError> {
        Self::of(request, header::IF_MATCH).map_err(|()| {
            let message =
                "must be * or entity tags as an answer's ETag has them, quotes included, separated by commas";
            ApiError::of_header("If-Match", message)
        })
    }

    /// Whether one of them is that tag. A weak one is none that a change may rest on.
    pub(crate) fn admit(&self, tag: &ETag) -> bool {
        self.any || self.tags.contains(&tag.0)
    }
}

/// The entity tag at the beginning of a list, if there is one, and what follows the comma behind it. A list may have empty places.
fn entity_tag(list: &str) -> Option<(&str, &str)> {
    if let Some(after) = list.strip_prefix(',') {
        return Some(("", after.trim_ascii_start()));
    }
    let opaque = list.strip_prefix("W/").unwrap_or(list).strip_prefix('"')?;
    let length = opaque.find('"')?;
    let visible = |byte: u8| byte > b' ' && byte != 0x7f;
    let end = list.len() - opaque.len() + length + 1;
    let (tag, after) = list.split_at(end);
    let after = after.trim_ascii_start();
    let separated = after.is_empty() || after.starts_with(',');
    (separated && opaque[..length].bytes().all(visible)).then_some((tag, after))
}

/// Whether the client of that read has what bears the tag already. Weak tags do for this; a header that is not valid names nothing.
pub(crate) fn is_known(request: &HttpRequest, etag: &str) -> bool {
    let has = |tags: Tags| {
        tags.any
            || tags
                .tags
                .iter()
                .any(|tag| tag.strip_prefix("W/").unwrap_or(tag) == etag)
    };
    request.method() == Method::GET
        && Tags::of(request, header::IF_NONE_MATCH).is_ok_and(|tags| tags.is_some_and(has))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn if_match(values: &[&str]) -> Option<Vec<String>> {
        let mut request = TestRequest::default();
        for value in values {
            request = request.append_header((header::IF_MATCH, *value));
        }
        let tags = Tags::if_match(&request.to_http_request()).ok()??;
        Some(if tags.any { vec!["*".to_owned()] } else { tags.tags })
    }

    #[test]
    fn if_match_is_a_star_or_a_list_of_entity_tags() {
        assert_eq!(if_match(&["*"]).unwrap(), ["*"]);
        assert_eq!(if_match(&["\"a.1\""]).unwrap(), ["\"a.1\""]);
        assert_eq!(
            if_match(&[" W/\"a\" ,, \"b,c\",", "\"d\""]).unwrap(),
            ["W/\"a\"", "\"b,c\"", "\"d\""]
        );
        for bad in [
            "1",
            "\"",
            "\"a",
            "a\"",
            "\"a\"b",
            "\"a\" \"b\"",
            "w/\"a\"",
            "\"a b\"",
            "",
            ",",
            "*,*",
            "'a'",
        ] {
            assert!(
                Tags::if_match(
                    &TestRequest::default()
                        .append_header((header::IF_MATCH, bad))
                        .to_http_request()
                )
                .is_err(),
                "{bad}"
            );
        }
        assert!(
            Tags::if_match(&TestRequest::default().to_http_request())
                .unwrap()
                .is_none()
        );
    }
}
