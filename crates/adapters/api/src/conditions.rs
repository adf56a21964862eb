//! Conditional requests (RFC 9110, section 13): `ETag` on resources with a version, `If-None-Match` on reads,
//! `If-Match` on writes.
//!
//! An entity tag is an id and versions, not a hash. So it is known before the write, and it matches the store's guard,
//! which compares the version of the resource too. The tag of a resource that shows its customer holds the customer's
//! version as well. The guard does not compare that one: the customer may change between the check and the write.

use crate::error::ApiError;
use actix_web::{
    HttpRequest,
    http::{Method, header},
};
use chatgrow_application::Precondition;
use chatgrow_domain::Revision;

/// The strong entity tag of a state, with its quotes. It contains the id, so it doesn't match another resource, even
/// one that has the same path later.
pub(crate) fn etag(revision: &Revision) -> String {
    ["\"", revision.as_str(), "\""].concat()
}

/// The entity tags that a header lists.
struct Tags {
    any: bool,
    tags: Vec<String>,
}

impl Tags {
    /// Parses a header's entity tags; `Ok(None)` if the header is absent.
    ///
    /// # Errors
    /// The header is neither `*` nor a list of entity tags (RFC 9110, section 8.8.3).
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
}

/// The precondition of a write: `If-Match`. A weak tag never matches.
///
/// # Errors
/// The header is not valid. If it were ignored, the write could overwrite a state that the client has not seen.
pub(crate) fn precondition(request: &HttpRequest) -> Result<Precondition, ApiError> {
    let tags = Tags::of(request, header::IF_MATCH).map_err(|()| {
        let message =
            "must be * or entity tags as an answer's ETag has them, quotes included, separated by commas";
        ApiError::of_field("If-Match", message)
    })?;
    Ok(match tags {
        None => Precondition::Unconditional,
        Some(Tags { any: true, .. }) => Precondition::Exists,
        Some(Tags { tags, .. }) => {
            let strong = tags
                .iter()
                .filter_map(|tag| tag.strip_prefix('"')?.strip_suffix('"'));
            Precondition::OneOf(strong.map(Revision::claimed).collect())
        }
    })
}

/// Splits the first entity tag off a list, if there is one, and returns it with what follows its comma. A list may
/// contain empty elements.
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

/// Whether the client already has the state with this entity tag (`If-None-Match`). Weak tags match here. A header that
/// is not valid matches nothing.
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

    fn if_match(values: &[&str]) -> Option<Precondition> {
        let mut request = TestRequest::default();
        for value in values {
            request = request.append_header((header::IF_MATCH, *value));
        }
        precondition(&request.to_http_request()).ok()
    }

    fn one_of(revisions: &[&str]) -> Precondition {
        let revisions = revisions.iter().map(|revision| Revision::claimed(revision));
        Precondition::OneOf(revisions.collect())
    }

    #[test]
    fn if_match_is_a_star_or_a_list_of_entity_tags() {
        assert_eq!(if_match(&[]), Some(Precondition::Unconditional));
        assert_eq!(if_match(&["*"]), Some(Precondition::Exists));
        assert_eq!(if_match(&["\"a.1\""]), Some(one_of(&["a.1"])));
        assert_eq!(
            if_match(&[" W/\"a\" ,, \"b,c\",", "\"d\""]),
            Some(one_of(&["b,c", "d"]))
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
            assert_eq!(if_match(&[bad]), None, "{bad}");
        }
    }
}
