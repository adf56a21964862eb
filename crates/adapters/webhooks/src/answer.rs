//! What a receiver answers: how much of it is read, what is kept, and when it may be called again.

use chatgrow_domain::Timestamp;
use http_body_util::BodyExt;
use hyper::{StatusCode, body::Incoming, header::HeaderValue};
use std::time::{Duration, UNIX_EPOCH};

/// How much of a body is read. It may be a little more, by what arrived together.
const MOST_READ: usize = 64 * 1024;

/// How much of a body is kept, in bytes of its text.
const MOST_KEPT: usize = 1024;

/// The longest character in UTF-8. Of a character that begins within what is kept, all bytes are needed to know it.
const LONGEST_CHARACTER: usize = 4;

/// A whole answer, or as much of it as is of interest.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<HeaderValue>,
    pub(crate) is_kept: bool,
    /// The beginning of the body.
    pub(crate) body: Vec<u8>,
}

/// Reads a body, and returns its beginning. If the body is longer than what is read, hyper closes the connection,
/// because it can't be used for another request.
pub(crate) async fn read(mut body: Incoming) -> Result<Vec<u8>, hyper::Error> {
    let (mut kept, mut read) = (Vec::new(), 0);
    while read < MOST_READ
        && let Some(frame) = body.frame().await
    {
        // What is no data is trailers, which nobody wants.
        let data = frame?.into_data().unwrap_or_default();
        read += data.len();
        let room = MOST_KEPT + LONGEST_CHARACTER - 1 - kept.len();
        kept.extend_from_slice(&data[..data.len().min(room)]);
    }
    Ok(kept)
}

impl Answer {
    /// The beginning of the body, as text.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for chunk in self.body.utf8_chunks() {
            let invalid = (!chunk.invalid().is_empty()).then_some(char::REPLACEMENT_CHARACTER);
            for character in chunk.valid().chars().chain(invalid) {
                let character = match character {
                    '\0' => char::REPLACEMENT_CHARACTER,
                    _ => character,
                };
                if text.len() + character.len_utf8() > MOST_KEPT {
                    return text;
                }
                text.push(character);
            }
        }
        text
    }

    /// How long the receiver asks to be left alone, from when the whole answer was there. A date is compared with the
    /// clock of this server.
    pub(crate) fn retry_after(&self, sent_at: Timestamp, took: Duration) -> Option<Duration> {
        if !matches!(
            self.status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        ) {
            return None;
        }
        let value = self.retry_after.as_ref()?.to_str().ok()?.trim();
        if value.bytes().all(|byte| byte.is_ascii_digit()) {
            return value.parse().ok().map(Duration::from_secs);
        }
        let then = httpdate::parse_http_date(value).ok()?;
        let now = Duration::from_millis(u64::try_from(sent_at.as_millis()).ok()?) + took;
        let from_epoch = then.duration_since(UNIX_EPOCH).ok()?;
        Some(from_epoch.saturating_sub(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answer(body: &[u8]) -> Answer {
        Answer {
            status: StatusCode::OK,
            retry_after: None,
            is_kept: true,
            body: body[..body.len().min(MOST_KEPT + LONGEST_CHARACTER - 1)].to_vec(),
        }
    }

    #[test]
    fn a_text_is_cut_at_the_end_of_a_character() {
        for (body, text) in [
            (b"ok".to_vec(), "ok".to_owned()),
            (Vec::new(), String::new()),
            ("א".repeat(512).into(), "א".repeat(512)),
            ("א".repeat(600).into(), "א".repeat(512)),
            (
                format!("a{}", "א".repeat(600)).into(),
                format!("a{}", "א".repeat(511)),
            ),
            (format!("{}👩x", "a".repeat(1021)).into(), "a".repeat(1021)),
            (
                format!("{}👩x", "a".repeat(1020)).into(),
                format!("{}👩", "a".repeat(1020)),
            ),
            (b"a\0b\xFF\xC3".to_vec(), "a\u{FFFD}b\u{FFFD}\u{FFFD}".to_owned()),
            (vec![0xFF; 2000], "\u{FFFD}".repeat(341)),
        ] {
            assert_eq!(answer(&body).text(), text);
        }
    }

    #[test]
    fn a_receiver_asks_to_be_left_alone() {
        let sent_at = Timestamp::parse("1994-11-06T08:49:30Z").unwrap();
        let asked = |status, value: &'static str| {
            let answer = Answer {
                status,
                retry_after: Some(HeaderValue::from_static(value)),
                ..answer(b"")
            };
            answer.retry_after(sent_at, Duration::from_millis(1500))
        };
        let busy = StatusCode::SERVICE_UNAVAILABLE;
        for (value, after) in [
            ("120", Some(120_000)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(5500)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(5500)),
            ("Sun Nov  6 08:49:37 1994", Some(5500)),
            ("Sun, 06 Nov 1994 08:49:30 GMT", Some(0)),
            ("", None),
            ("soon", None),
            ("-1", None),
            ("1.5", None),
            ("99999999999999999999999", None),
        ] {
            assert_eq!(asked(busy, value), after.map(Duration::from_millis), "{value}");
            assert_eq!(asked(StatusCode::TOO_MANY_REQUESTS, value), asked(busy, value));
            assert_eq!(asked(StatusCode::OK, value), None);
            assert_eq!(asked(StatusCode::INTERNAL_SERVER_ERROR, value), None);
        }
    }

    proptest! {
        #[test]
        fn a_kept_text_can_be_stored(body in prop::collection::vec(any::<u8>(), 0..3000)) {
            let text = answer(&body).text();
            prop_assert!(text.len() <= MOST_KEPT);
            prop_assert!(!text.contains('\0'));
        }

        #[test]
        fn a_short_text_is_kept_whole(body in "[^\\x00]{0,256}") {
            prop_assert_eq!(answer(body.as_bytes()).text(), body);
        }
    }
}
