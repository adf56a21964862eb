//! Cases for services.

use crate::{at, earliest, first_page, fresh_id, latest, longest, new_account, race, walk};
use chatgrow_domain::{
    AccountId, Buffer, Count, Duration, Money, Need, Needs, Notes, Price, ResourceId, Service, ServiceEdit,
    ServiceId, ServiceName, ServiceRefusal, ServiceTerms, ServiceType, Version,
};
use chatgrow_ports::{Commit, Failure, ServiceFilter, StoreError, Stores};
use std::collections::HashSet;

/// A service with nothing but what it must have.
pub(crate) fn service() -> Service {
    let terms = ServiceTerms {
        name: ServiceName::new("עיסוי").unwrap(),
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
    Service::new(ServiceId::new(fresh_id()), terms, at(1_763_893_800_123))
}

pub(crate) async fn new_service(stores: &Stores, account: AccountId) -> Service {
    let service = service();
    let insert = stores
        .scheduling
        .services
        .insert(account, &service, Commit::default());
    insert.await.unwrap();
    service
}

/// The next state of the service: with another name.
pub(crate) fn renamed_service(service: &Service, name: &str) -> Service {
    let edit = ServiceEdit {
        name: Some(ServiceName::new(name).unwrap()),
        ..ServiceEdit::default()
    };
    service.edited(edit, at(1_763_893_900_000)).unwrap()
}

async fn read(stores: &Stores, account: AccountId, id: ServiceId) -> Option<Service> {
    stores.scheduling.services.by_id(account, id).await.unwrap()
}

async fn all(stores: &Stores, account: AccountId) -> Vec<Service> {
    let page = stores
        .scheduling
        .services
        .list(account, ServiceFilter::default(), first_page(500));
    page.await.unwrap().items
}

fn terms(needs: Vec<Need>, price: Option<Price>) -> ServiceTerms {
    ServiceTerms {
        name: ServiceName::new(longest(ServiceName::MAX_CHARS)).unwrap(),
        duration: Duration::from_minutes(Duration::MAX_MINUTES).unwrap(),
        buffer_before: Buffer::from_minutes(Buffer::MAX_MINUTES).unwrap(),
        buffer_after: Buffer::from_minutes(1).unwrap(),
        slot_step: Some(Duration::from_minutes(Duration::MIN_MINUTES).unwrap()),
        price,
        notes: Some(Notes::new(longest(Notes::MAX_CHARS)).unwrap()),
        active: false,
        needs: Needs::new(needs).unwrap(),
        ..service().terms
    }
}

/// Every field is read back unchanged: the longest texts, every type, the most resources, nothing where nothing is.
pub async fn service_round_trips(stores: &Stores) {
    let account = new_account(stores).await;
    let ids = |count| {
        (0..count)
            .map(|_| ResourceId::new(fresh_id()))
            .collect::<Vec<_>>()
    };
    let need = |resources, count| Need { resources, count };
    let price = |minor, currency: Option<&str>| Price {
        amount: Money::from_minor(minor).unwrap(),
        currency: currency.map(|code| code.parse().unwrap()),
    };
    let mut backwards = ids(25);
    backwards.reverse();
    let all_terms = [
        service().terms,
        terms(
            vec![need(backwards, Count::Exactly(25)), need(ids(25), Count::All)],
            Some(price(Money::MAX_MINOR, Some("ILS"))),
        ),
        terms(
            ids(50)
                .into_iter()
                .map(|id| need(vec![id], Count::Exactly(1)))
                .collect(),
            Some(price(0, None)),
        ),
        terms(vec![need(ids(50), Count::Exactly(1))], None),
        ServiceTerms {
            duration: Duration::from_minutes(Duration::MIN_MINUTES).unwrap(),
            slot_step: Some(Duration::from_minutes(Duration::MAX_MINUTES).unwrap()),
            ..terms(vec![], None)
        },
    ];
    for (service_type, terms) in ServiceType::ALL.iter().cycle().zip(all_terms) {
        let mut written = Service {
            created_at: earliest(),
            updated_at: latest(),
            version: Version::new(i64::MAX - 1).unwrap(),
            ..service()
        };
        written.terms = ServiceTerms {
            service_type: *service_type,
            ..terms
        };
        let services = &stores.scheduling.services;
        services
            .insert(account, &written, Commit::default())
            .await
            .unwrap();
        let found = read(stores, account, written.id).await;
        assert_eq!(
            found.as_ref(),
            Some(&written),
            "what was written is read back as it was"
        );
        let bare = Service {
            version: written.version.next(),
            id: written.id,
            ..service()
        };
        services.update(account, &bare, Commit::default()).await.unwrap();
        let found = read(stores, account, written.id).await;
        assert_eq!(found, Some(bare), "an update clears what has no value");
    }
    let nothing = read(stores, account, ServiceId::new(fresh_id())).await;
    assert_eq!(nothing, None, "what is not there is absent");
}

/// An update replaces only the version before it.
pub async fn service_is_updated_from_the_version_before_only(stores: &Stores) {
    let account = new_account(stores).await;
    let first = new_service(stores, account).await;
    let second = renamed_service(&first, "Massage");
    let services = &stores.scheduling.services;
    services
        .update(account, &second, Commit::default())
        .await
        .unwrap();
    let later = renamed_service(&renamed_service(&second, "a"), "b");
    for stale in [renamed_service(&first, "Talk"), second.clone(), later, service()] {
        let outcome = services.update(account, &stale, Commit::default()).await;
        assert_refused!(
            outcome,
            Failure::Refused(ServiceRefusal::VersionMismatch),
            "it is not the version after the stored one"
        );
    }
    assert_eq!(
        all(stores, account).await,
        [second],
        "an update replaces the version before it and no other, and a refused one changes nothing"
    );
}

/// Of many concurrent updates of one version exactly one succeeds.
pub async fn service_updates_race_to_one_winner(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let service = new_service(stores, account).await;
    let outcomes = race(servers, |racer, stores| {
        let next = renamed_service(&service, &format!("racer {racer}"));
        async move {
            let update = stores
                .scheduling
                .services
                .update(account, &next, Commit::default());
            update.await.map(|()| next)
        }
    })
    .await;
    assert_winners!(outcomes, 1, Failure::Refused(ServiceRefusal::VersionMismatch));
    let winner = outcomes.into_iter().find_map(Result::ok).unwrap();
    assert_eq!(
        all(stores, account).await,
        [winner],
        "the winner's state is kept, and nothing else"
    );
}

/// No method sees or changes another account's services.
pub async fn services_of_accounts_are_apart(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let why = "no account sees or changes what another one has";
    let mine = new_service(stores, account).await;
    assert_eq!(read(stores, other, mine.id).await, None, "{why}");
    assert_eq!(all(stores, other).await, [], "{why}");
    let services = &stores.scheduling.services;
    let outcome = services
        .update(other, &renamed_service(&mine, "taken over"), Commit::default())
        .await;
    assert_refused!(
        outcome,
        Failure::Refused(ServiceRefusal::VersionMismatch),
        "the account has no such service: it is another account's"
    );
    // The same id may be another account's, too.
    let theirs = renamed_service(&mine, "theirs");
    services.insert(other, &theirs, Commit::default()).await.unwrap();
    for (account, expected) in [(account, &mine), (other, &theirs)] {
        assert_eq!(
            read(stores, account, mine.id).await.as_ref(),
            Some(expected),
            "{why}"
        );
        let page = services
            .list(account, ServiceFilter::default(), first_page(1))
            .await;
        let page = page.unwrap();
        assert_eq!((page.items, page.next), (vec![expected.clone()], None), "{why}");
    }
    let nobody = AccountId::new(fresh_id());
    let outcome = services.insert(nobody, &service(), Commit::default()).await;
    assert_refused!(
        outcome,
        StoreError::Failed(_),
        "there is no such account, which is a defect of the caller"
    );
}

/// The filter selects what it says, within one account.
pub async fn services_are_filtered(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let mut services = Vec::new();
    for active in [true, false, true, false] {
        let mut service = service();
        service.terms.active = active;
        let insert = stores
            .scheduling
            .services
            .insert(account, &service, Commit::default());
        insert.await.unwrap();
        services.push(service);
    }
    for active in [None, Some(true), Some(false)] {
        let filter = ServiceFilter { active };
        let passes = |service: &&Service| active.is_none_or(|active| service.terms.active == active);
        let expected: Vec<_> = services.iter().filter(passes).cloned().collect();
        let list = |page| stores.scheduling.services.list(account, filter, page);
        assert_eq!(walk(1, list, async || ()).await, expected, "{filter:?}");
        let list = |page| stores.scheduling.services.list(other, filter, page);
        assert_eq!(
            walk(50, list, async || ()).await,
            [],
            "another account's, {filter:?}"
        );
    }
}

/// Every service that existed at the start is listed once and in order, whatever is inserted meanwhile.
pub async fn service_pages_are_stable_under_inserts(stores: &Stores) {
    let account = new_account(stores).await;
    let mut expected = Vec::new();
    for _ in 0..7 {
        expected.push(new_service(stores, account).await.id);
    }
    let any = ServiceFilter::default();
    let list = |page| stores.scheduling.services.list(account, any, page);
    let exact = walk(7, list, async || ()).await;
    assert_eq!(
        exact.iter().map(|service| service.id).collect::<Vec<_>>(),
        expected,
        "a full last page is the last"
    );
    let seen = walk(3, list, async || {
        if all(stores, account).await.len() < 12 {
            new_service(stores, account).await;
        }
    })
    .await;
    let ids: Vec<_> = seen.iter().map(|service| service.id).collect();
    assert!(ids.is_sorted());
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
    assert!(expected.iter().all(|id| ids.contains(id)));
}
