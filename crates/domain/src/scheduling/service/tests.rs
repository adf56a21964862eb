use super::*;
use crate::ObjectId;

fn id(byte: u8) -> ResourceId {
    ResourceId::new(ObjectId::from_bytes([byte; 12]))
}

fn need(resources: impl IntoIterator<Item = u8>, count: Count) -> Need {
    Need {
        resources: resources.into_iter().map(id).collect(),
        count,
    }
}

fn massage() -> Service {
    let terms = ServiceTerms {
        name: ServiceName::new("Massage").unwrap(),
        service_type: ServiceType::Treatment,
        duration: Duration::DEFAULT,
        buffer_before: Buffer::default(),
        buffer_after: Buffer::default(),
        slot_step: None,
        price: None,
        notes: None,
        active: true,
        needs: Needs::default(),
    };
    Service::new(ServiceId::new(ObjectId::from_bytes([1; 12])), terms, at(1))
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

#[test]
fn every_bad_group_is_told() {
    let needs = vec![
        need([1, 2], Count::Exactly(2)),
        need([], Count::All),
        need([3, 1], Count::All),
        need([4], Count::Exactly(0)),
        need([5], Count::Exactly(2)),
        need([6, 6], Count::All),
    ];
    let bad = |group, why| InvalidNeeds { group, why };
    assert_eq!(
        Needs::new(needs),
        Err(vec![
            bad(1, InvalidNeed::Empty),
            bad(2, InvalidNeed::Twice),
            bad(3, InvalidNeed::Count),
            bad(4, InvalidNeed::Count),
            bad(5, InvalidNeed::Twice),
        ])
    );
}

#[test]
fn the_resources_of_all_groups_are_bounded() {
    assert!(Needs::new(vec![need(1..=25, Count::All), need(26..=50, Count::Exactly(1))]).is_ok());
    let outcome = Needs::new(vec![
        need(1..=25, Count::All),
        need(26..=51, Count::All),
        need([], Count::All),
    ]);
    let why = InvalidNeed::TooMany;
    assert_eq!(outcome, Err(vec![InvalidNeeds { group: 1, why }]));
}

#[test]
fn a_currency_needs_a_price() {
    let currency = |code: &str| Some(Some(code.parse().unwrap()));
    let amount = |minor| Some(Some(Money::from_minor(minor).unwrap()));
    let edit = |edit: ServiceEdit| massage().edited(edit, at(2));
    let alone = ServiceEdit {
        currency: currency("ILS"),
        ..ServiceEdit::default()
    };
    assert_eq!(edit(alone), Err(ServiceRefusal::CurrencyWithoutPrice));
    let both = ServiceEdit {
        amount: amount(100),
        currency: currency("ILS"),
        ..ServiceEdit::default()
    };
    let priced = edit(both).unwrap();
    let free = ServiceEdit {
        amount: Some(None),
        ..ServiceEdit::default()
    };
    assert_eq!(priced.edited(free, at(3)).unwrap().terms.price, None);
    let dearer = ServiceEdit {
        amount: amount(200),
        ..ServiceEdit::default()
    };
    let dearer = priced.edited(dearer, at(3)).unwrap();
    assert_eq!(
        dearer.terms.price.unwrap().currency,
        priced.terms.price.unwrap().currency
    );
    assert_eq!(priced.edited(ServiceEdit::default(), at(3)).unwrap(), priced);
}
