//! Cases for resources.

use crate::{at, earliest, first_page, fresh_id, latest, longest, new_account, race, walk};
use chatgrow_domain::{
    AccountId, DayException, Hours, NewResource, Opening, Resource, ResourceEdit, ResourceId, ResourceKind,
    ResourceName, ResourceRefusal, Version, WeeklyOpening,
};
use chatgrow_ports::{Commit, Failure, ResourceFilter, StoreError, Stores};
use std::{collections::HashSet, iter::successors};
use time::{Date, Duration, Weekday, macros::date};

/// A member of the staff, with no opening hours of its own.
pub(crate) fn resource() -> Resource {
    let new = NewResource {
        name: ResourceName::new("דנה").unwrap(),
        kind: ResourceKind::Staff,
        active: true,
    };
    Resource::new(ResourceId::new(fresh_id()), new, at(1_763_893_800_123))
}

pub(crate) async fn new_resource(stores: &Stores, account: AccountId) -> Resource {
    let resource = resource();
    let insert = stores
        .scheduling
        .resources
        .insert(account, &resource, Commit::default());
    insert.await.unwrap();
    resource
}

/// The next state of the resource: with another name.
pub(crate) fn renamed_resource(resource: &Resource, name: &str) -> Resource {
    let edit = ResourceEdit {
        name: Some(ResourceName::new(name).unwrap()),
        ..ResourceEdit::default()
    };
    resource.edited(edit, at(1_763_893_900_000))
}

/// The most and the longest rules that there can be.
pub(crate) fn longest_hours() -> Hours {
    let week = successors(Some(Weekday::Monday), |day| Some(day.next()));
    let rules = i64::try_from(Hours::MAX_RULES).unwrap();
    let weekly = (0..rules).zip(week).map(|(nth, day)| WeeklyOpening {
        day,
        opening: Opening::new(nth, nth + 1).unwrap(),
        valid_from: Some(Date::MIN),
        valid_until: Some(Date::MAX),
    });
    let exceptions = (0..rules).map(|nth| DayException {
        date: date!(9990 - 12 - 31) + Duration::days(nth),
        openings: match nth % 2 {
            0 => Vec::new(),
            _ => vec![Opening::new(1439, Opening::LAST).unwrap()],
        },
    });
    Hours::new(Some(weekly.collect()), exceptions.collect()).unwrap()
}

/// Hours of every kind: no rule, a closed week, a week alone, dates alone.
pub(crate) fn all_kinds_of_hours() -> Vec<Hours> {
    let opening = |opens, closes| Opening::new(opens, closes).unwrap();
    let sunday = WeeklyOpening {
        day: Weekday::Sunday,
        opening: opening(0, Opening::LAST),
        valid_from: None,
        valid_until: Some(date!(2030 - 12 - 31)),
    };
    let dates = vec![
        DayException {
            date: date!(2030 - 06 - 05),
            openings: vec![opening(0, 1), opening(1, 1440)],
        },
        DayException {
            date: Date::MIN,
            openings: Vec::new(),
        },
    ];
    vec![
        Hours::default(),
        Hours::new(Some(Vec::new()), Vec::new()).unwrap(),
        Hours::new(Some(vec![sunday]), Vec::new()).unwrap(),
        Hours::new(None, dates).unwrap(),
        longest_hours(),
    ]
}

async fn read(stores: &Stores, account: AccountId, id: ResourceId) -> Option<Resource> {
    stores.scheduling.resources.by_id(account, id).await.unwrap()
}

async fn all(stores: &Stores, account: AccountId) -> Vec<Resource> {
    let page = stores
        .scheduling
        .resources
        .list(account, ResourceFilter::default(), first_page(500));
    page.await.unwrap().items
}

/// Every field is read back unchanged: the longest name, every kind, hours of every length.
pub async fn resource_round_trips(stores: &Stores) {
    let account = new_account(stores).await;
    let mut written = Vec::new();
    for (kind, hours) in ResourceKind::ALL.iter().cycle().zip(all_kinds_of_hours()) {
        written.push(Resource {
            name: ResourceName::new(longest(ResourceName::MAX_CHARS)).unwrap(),
            kind: *kind,
            active: !hours.is_empty(),
            hours,
            created_at: earliest(),
            updated_at: latest(),
            version: Version::new(i64::MAX - 1).unwrap(),
            ..resource()
        });
    }
    for resource in &written {
        let resources = &stores.scheduling.resources;
        resources
            .insert(account, resource, Commit::default())
            .await
            .unwrap();
        let found = read(stores, account, resource.id).await;
        assert_eq!(
            found.as_ref(),
            Some(resource),
            "what was written is read back as it was"
        );
    }
    let last = Resource {
        hours: Hours::default(),
        active: false,
        created_at: latest(),
        ..renamed_resource(written.last().unwrap(), "🦀")
    };
    let update = stores
        .scheduling
        .resources
        .update(account, &last, Commit::default());
    update.await.unwrap();
    assert_eq!(
        read(stores, account, last.id).await,
        Some(last),
        "an update clears what has no value"
    );
    let nothing = read(stores, account, ResourceId::new(fresh_id())).await;
    assert_eq!(nothing, None, "what is not there is absent");
}

/// An update replaces only the version before it.
pub async fn resource_is_updated_from_the_version_before_only(stores: &Stores) {
    let account = new_account(stores).await;
    let first = new_resource(stores, account).await;
    let second = renamed_resource(&first, "Dana");
    let resources = &stores.scheduling.resources;
    resources
        .update(account, &second, Commit::default())
        .await
        .unwrap();
    let later = renamed_resource(&renamed_resource(&second, "a"), "b");
    for stale in [renamed_resource(&first, "Noa"), second.clone(), later, resource()] {
        let outcome = resources.update(account, &stale, Commit::default()).await;
        assert_refused!(
            outcome,
            Failure::Refused(ResourceRefusal::VersionMismatch),
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
pub async fn resource_updates_race_to_one_winner(servers: &[Stores]) {
    let stores = &servers[0];
    let account = new_account(stores).await;
    let resource = new_resource(stores, account).await;
    let outcomes = race(servers, |racer, stores| {
        let next = renamed_resource(&resource, &format!("racer {racer}"));
        async move {
            let update = stores
                .scheduling
                .resources
                .update(account, &next, Commit::default());
            update.await.map(|()| next)
        }
    })
    .await;
    assert_winners!(outcomes, 1, Failure::Refused(ResourceRefusal::VersionMismatch));
    let winner = outcomes.into_iter().find_map(Result::ok).unwrap();
    assert_eq!(
        all(stores, account).await,
        [winner],
        "the winner's state is kept, and nothing else"
    );
}

/// No method sees or changes another account's resources.
pub async fn resources_of_accounts_are_apart(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let why = "no account sees or changes what another one has";
    let mine = new_resource(stores, account).await;
    assert_eq!(read(stores, other, mine.id).await, None, "{why}");
    let resources = &stores.scheduling.resources;
    assert_eq!(resources.by_ids(other, &[mine.id]).await.unwrap(), [], "{why}");
    assert_eq!(all(stores, other).await, [], "{why}");
    let taken_over = renamed_resource(&mine, "taken over");
    let outcome = resources.update(other, &taken_over, Commit::default()).await;
    assert_refused!(
        outcome,
        Failure::Refused(ResourceRefusal::VersionMismatch),
        "the account has no such resource: it is another account's"
    );
    // The same id may be another account's, too.
    let theirs = renamed_resource(&mine, "theirs");
    resources.insert(other, &theirs, Commit::default()).await.unwrap();
    for (account, expected) in [(account, &mine), (other, &theirs)] {
        assert_eq!(
            read(stores, account, mine.id).await.as_ref(),
            Some(expected),
            "{why}"
        );
        let found = resources.by_ids(account, &[mine.id]).await.unwrap();
        assert_eq!(found, std::slice::from_ref(expected), "{why}");
        let page = resources
            .list(account, ResourceFilter::default(), first_page(1))
            .await;
        let page = page.unwrap();
        assert_eq!((page.items, page.next), (vec![expected.clone()], None), "{why}");
    }
    let nobody = AccountId::new(fresh_id());
    let outcome = resources.insert(nobody, &resource(), Commit::default()).await;
    assert_refused!(
        outcome,
        StoreError::Failed(_),
        "there is no such account, which is a defect of the caller"
    );
}

/// Those of the ids that the account has are found, each once, and nothing else is.
pub async fn resources_are_found_by_ids(stores: &Stores) {
    let account = new_account(stores).await;
    let mut ids = Vec::new();
    for _ in 0..chatgrow_domain::Needs::MAX_RESOURCES {
        ids.push(new_resource(stores, account).await.id);
    }
    new_resource(stores, account).await;
    let unknown = ResourceId::new(fresh_id());
    let found = async |ids: &[ResourceId]| {
        let found = stores.scheduling.resources.by_ids(account, ids).await.unwrap();
        let mut found: Vec<_> = found.into_iter().map(|resource| resource.id).collect();
        found.sort_unstable();
        found
    };
    assert_eq!(found(&[]).await, [], "no ids, no resources");
    assert_eq!(found(&[unknown]).await, [], "what is not there is left out");
    assert_eq!(found(&[ids[1], unknown, ids[0]]).await, ids[..2]);
    assert_eq!(
        found(&ids).await,
        ids,
        "as many as a service can need are found at once"
    );
}

/// Each filter selects what it says, alone and combined, within one account.
pub async fn resources_are_filtered(stores: &Stores) {
    let (account, other) = (new_account(stores).await, new_account(stores).await);
    let mut resources = Vec::new();
    for (kind, active) in [
        (ResourceKind::Staff, true),
        (ResourceKind::Room, true),
        (ResourceKind::Staff, false),
        (ResourceKind::Room, false),
        (ResourceKind::Staff, true),
    ] {
        let resource = Resource {
            kind,
            active,
            ..resource()
        };
        let insert = stores
            .scheduling
            .resources
            .insert(account, &resource, Commit::default());
        insert.await.unwrap();
        resources.push(resource);
    }
    for kind in [
        None,
        Some(ResourceKind::Staff),
        Some(ResourceKind::Room),
        Some(ResourceKind::Equipment),
    ] {
        for active in [None, Some(true), Some(false)] {
            let filter = ResourceFilter { kind, active };
            let passes = |resource: &&Resource| {
                kind.is_none_or(|kind| resource.kind == kind)
                    && active.is_none_or(|active| resource.active == active)
            };
            let expected: Vec<_> = resources.iter().filter(passes).cloned().collect();
            let list = |page| stores.scheduling.resources.list(account, filter, page);
            assert_eq!(walk(1, list, async || ()).await, expected, "{filter:?}");
            let list = |page| stores.scheduling.resources.list(other, filter, page);
            assert_eq!(
                walk(50, list, async || ()).await,
                [],
                "another account's, {filter:?}"
            );
        }
    }
}

/// Every resource that existed at the start is listed once and in order, whatever is inserted meanwhile.
pub async fn resource_pages_are_stable_under_inserts(stores: &Stores) {
    let account = new_account(stores).await;
    let mut expected = Vec::new();
    for _ in 0..7 {
        expected.push(new_resource(stores, account).await.id);
    }
    let any = ResourceFilter::default();
    let list = |page| stores.scheduling.resources.list(account, any, page);
    let exact = walk(7, list, async || ()).await;
    assert_eq!(
        exact.iter().map(|resource| resource.id).collect::<Vec<_>>(),
        expected,
        "a full last page is the last"
    );
    let seen = walk(3, list, async || {
        if all(stores, account).await.len() < 12 {
            new_resource(stores, account).await;
        }
    })
    .await;
    let ids: Vec<_> = seen.iter().map(|resource| resource.id).collect();
    assert!(ids.is_sorted());
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
    assert!(expected.iter().all(|id| ids.contains(id)));
}
