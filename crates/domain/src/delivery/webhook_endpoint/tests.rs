use super::*;
use crate::{ChangeType, ObjectId, Scope};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

fn patterns(patterns: &[&str]) -> Result<TypePatterns, Invalid> {
    TypePatterns::new(patterns.iter().copied().map(str::to_owned).collect())
}

fn endpoint() -> WebhookEndpoint {
    let id = |byte| ObjectId::from_bytes([byte; 12]);
    WebhookEndpoint {
        id: WebhookEndpointId::new(id(1)),
        account_id: AccountId::new(id(2)),
        place: 1,
        terms: WebhookTerms {
            url: ReceiverUrl::stored("https://example.com/hook").unwrap(),
            types: patterns(&["*"]).unwrap(),
            description: None,
            active: true,
            ordered: false,
        },
        scopes: Scopes::FULL,
        secret: SealedSecret::new(vec![1]),
        previous_secret: None,
        disabled: None,
        created_at: at(1),
        updated_at: at(1),
        version: Version::FIRST,
    }
}

#[test]
fn patterns_select_what_they_name() {
    let both = patterns(&["hold.*", "customer.created"]).unwrap();
    assert_eq!(both.types().iter().count(), 4);
    assert_eq!(TypePatterns::stored(&both.to_string()), Ok(both));
    assert_eq!(patterns(&[]), Err(Invalid::Missing));
    assert_eq!(patterns(&["hold"]), Err(Invalid::ChangeType));
    assert_eq!(patterns(&["*"; 51]), Err(Invalid::TooMany { max: 50 }));
    let later = TypePatterns::stored("invoice.* hold.expired").unwrap();
    assert_eq!(
        later.types().iter().collect::<Vec<_>>(),
        [ChangeType::HoldExpired]
    );
}

#[test]
fn an_endpoint_is_told_of_what_its_creator_might_read() {
    let scopes = Scopes::new([Scope::EventsRead]).unwrap();
    let endpoint = WebhookEndpoint { scopes, ..endpoint() };
    assert!(endpoint.types().has(ChangeType::EventCreated));
    assert!(!endpoint.types().has(ChangeType::CustomerCreated));
}

#[test]
fn the_secret_before_counts_for_a_day() {
    let rotated = endpoint().rotated(SealedSecret::new(vec![2]), at(10));
    let counting = |now| {
        rotated
            .secrets(at(now))
            .map(SealedSecret::as_bytes)
            .collect::<Vec<_>>()
    };
    assert_eq!(counting(10), [&[2][..], &[1]]);
    assert_eq!(counting(10 + WebhookEndpoint::OVERLAP_MILLIS), [&[2][..]]);
    let again = rotated.rotated(SealedSecret::new(vec![3]), at(20));
    let counting = again.secrets(at(20)).map(SealedSecret::as_bytes);
    assert_eq!(counting.collect::<Vec<_>>(), [&[3][..], &[2]]);
}

#[test]
fn what_was_disabled_can_be_switched_on() {
    let disabled = endpoint().disabled(Disabling::Gone, at(5));
    assert_eq!(
        (disabled.terms.active, disabled.disabled),
        (false, Some(Disabling::Gone))
    );
    let on = WebhookEdit {
        active: Some(true),
        ..WebhookEdit::default()
    };
    let enabled = disabled.edited(on.clone(), at(6));
    assert_eq!((enabled.terms.active, enabled.disabled), (true, None));
    assert_eq!(enabled.version, Version::FIRST.next().next());
    assert_eq!(enabled.edited(on, at(7)), enabled);
}
