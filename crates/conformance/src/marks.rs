//! What a store says about itself: that it works, and that something was written.

use crate::{
    access::{
        api_key::{key, renamed_key, rotated_key},
        session::{link, session, with_password},
        user::{in_language, user},
    },
    at,
    billing::sources::{notice, source, with_notice, with_secret},
    commit::{fresh_request, record, with},
    crm::customer::renamed,
    customer_with_email,
    delivery::{
        changes,
        deliveries::delivery,
        read_on,
        webhook_endpoint::{LONG, called, endpoint, lane_of},
    },
    events::event::{new_event, with_status},
    events::registration::registration,
    fresh_id, new_account,
    scheduling::{
        appointment::{appointment, moved, slot},
        occupancy::{DUE, block_of, booking, hold_of},
        resource::{renamed_resource, resource},
        schedule::in_zone,
        service::{renamed_service, service},
    },
};
use chatgrow_domain::{
    Account, AccountId, AccountName, AccountSlug, Appointment, DeliveryStatus, EventId, EventStatus,
    Language, Schedule,
};
use chatgrow_ports::{ChangePosition, Commit, FeedKey, KeyUse, Stores};
use std::thread;

/// A store that can be read and written reports that it is healthy.
pub async fn a_working_store_is_healthy(stores: &Stores) {
    for when in ["while it is empty", "after a write"] {
        let health = stores.health.check().await;
        assert!(
            health.is_ok(),
            "this store works, {when}, but its check says {health:?}"
        );
        new_account(stores).await;
    }
}

/// Every write by any server changes the mark of every server. Otherwise a caller would go on using what it read before
/// the write.
///
/// A mark is valid for one thread only. So this case spawns nothing and stays on its thread.
pub async fn the_mark_moves_with_every_write(servers: &[Stores]) {
    let thread = thread::current().id();
    let last = servers.len() - 1;
    for (writer, reader, feed_is_new) in [(0, last, true), (last, 0, false)] {
        let (stores, reader) = (&servers[writer], &servers[reader]);
        macro_rules! marked {
            ($what:literal, $write:expr) => {{
                let before = reader.changes.mark();
                $write.await.unwrap();
                assert_eq!(thread::current().id(), thread, "a mark is good for one thread");
                let after = reader.changes.mark();
                assert!(
                    after.is_none() || after != before,
                    "{}: it was written, but the mark is {after:?} as before, so what was read before the write is taken for present",
                    $what
                );
            }};
        }
        let (none, later) = (Commit::default, at(1_763_893_900_000));
        let id = AccountId::new(fresh_id());
        let account = Account {
            id,
            slug: AccountSlug::new(format!("marked-{id}")).unwrap(),
            name: AccountName::new("Studio").unwrap(),
            created_at: at(0),
        };
        marked!("accounts.insert", stores.access.accounts.insert(&account));
        let name = AccountName::new("Another studio").unwrap();
        marked!(
            "accounts.rename",
            stores.access.accounts.rename(id, &name, none())
        );
        let account = id;
        let (first, second) = (key(account, 1), key(account, 2));
        marked!(
            "api_keys.insert_first",
            stores.access.api_keys.insert_first(&first, none())
        );
        marked!("api_keys.insert", stores.access.api_keys.insert(&second, none()));
        let used = KeyUse {
            account_id: account,
            id: first.id,
            at: at(10),
        };
        marked!("api_keys.record_use", stores.access.api_keys.record_use(&[used]));
        let (edited, successor) = (renamed_key(&second, "Noa"), key(account, 3));
        marked!("api_keys.update", stores.access.api_keys.update(&edited, none()));
        let rotated = rotated_key(&edited, &successor);
        let rotation = stores.access.api_keys.rotate(&rotated, &successor, none());
        marked!("api_keys.rotate", rotation);

        let dana = user(account, "dana@example.com");
        let (users, sessions, links) = (
            &stores.access.users,
            &stores.access.sessions,
            &stores.access.links,
        );
        marked!("users.insert", users.insert(&dana, none()));
        let in_hebrew = in_language(&dana, Language::Hebrew);
        marked!("users.update", users.update(&in_hebrew, none()));
        let (one, other) = (session(&dana), session(&dana));
        marked!("sessions.insert", sessions.insert(&one));
        marked!("sessions.record_use", sessions.record_use(account, one.id, later));
        marked!("sessions.end", sessions.end(account, dana.id, one.id));
        sessions.insert(&other).await.unwrap();
        marked!("sessions.sweep", sessions.sweep_sessions(later, 9));
        let chooses = link(account, Some(dana.id));
        marked!("links.insert", links.insert(&chooses));
        marked!(
            "links.follow",
            links.follow(&chooses, &with_password(&in_hebrew), at(1000), none())
        );
        links.insert(&link(account, Some(dana.id))).await.unwrap();
        marked!("links.end", links.end(account, dana.id));
        links.insert(&link(account, None)).await.unwrap();
        marked!("links.sweep", links.sweep_links(later, 9));

        let customer = customer_with_email("dana@example.com");
        marked!(
            "customers.insert",
            stores.crm.customers.insert(account, &customer, none())
        );
        let noa = renamed(&customer, "Noa");
        marked!(
            "customers.update",
            stores.crm.customers.update(account, &noa, none())
        );

        let booked = appointment(&customer, slot(0, 60));
        marked!(
            "appointments.book",
            stores
                .scheduling
                .appointments
                .book(account, &booked, None, none())
        );
        let moved = moved(&booked, slot(600, 60));
        marked!(
            "appointments.update",
            stores.scheduling.appointments.update(account, &moved, none())
        );
        let cancelled = moved.cancelled(later).unwrap();
        marked!(
            "appointments.update to cancelled",
            stores.scheduling.appointments.update(account, &cancelled, none())
        );

        let dana = resource();
        marked!(
            "resources.insert",
            stores.scheduling.resources.insert(account, &dana, none())
        );
        let noa = renamed_resource(&dana, "Noa");
        marked!(
            "resources.update",
            stores.scheduling.resources.update(account, &noa, none())
        );
        let (holds, blocks) = (&stores.scheduling.holds, &stores.scheduling.blocks);
        let new_hold = |start| hold_of(booking(slot(start, 60), (0, 0), &[dana.id]));
        let (hold, removed, expired) = (new_hold(0), new_hold(100), new_hold(200));
        for hold in [&hold, &removed, &expired] {
            marked!("holds.hold", holds.hold(account, hold, none()));
        }
        let confirmed = Appointment::of_hold(&hold, &customer, None, later);
        marked!(
            "appointments.confirm",
            stores
                .scheduling
                .appointments
                .confirm(account, &confirmed, None, none())
        );
        marked!("holds.remove", holds.remove(account, removed.id, none()));
        let released = expired.released(at(DUE));
        marked!("holds.release", holds.release(account, &released, none()));
        marked!("holds.forget", holds.forget(at(DUE), 10));
        let block = block_of(None, 0, 60);
        marked!("blocks.block", blocks.block(account, &block, none()));
        marked!("blocks.remove", blocks.remove(account, block.id, none()));

        let massage = service();
        marked!(
            "services.insert",
            stores.scheduling.services.insert(account, &massage, none())
        );
        let talk = renamed_service(&massage, "Talk");
        marked!(
            "services.update",
            stores.scheduling.services.update(account, &talk, none())
        );
        let first = in_zone(&Schedule::untouched(account), "Asia/Jerusalem", 10);
        marked!(
            "schedules.replace",
            stores.scheduling.schedules.replace(account, &first, none())
        );
        let second = in_zone(&first, "Europe/Paris", 20);
        marked!(
            "schedules.replace again",
            stores.scheduling.schedules.replace(account, &second, none())
        );

        let event = chatgrow_domain::Event {
            id: EventId::new(fresh_id()),
            ..new_event(stores, account, None).await
        };
        marked!(
            "events.insert",
            stores.events.events.insert(account, &event, none())
        );
        let place = registration(event.id, &customer);
        marked!(
            "registrations.register",
            stores.events.registrations.register(account, &place, none())
        );
        let freed = stores.events.registrations.unregister(account, &place, none());
        marked!("registrations.unregister", freed);
        let event = stores
            .events
            .events
            .by_id(account, event.id)
            .await
            .unwrap()
            .unwrap();
        let ended = with_status(&event, EventStatus::Cancelled);
        marked!(
            "events.update",
            stores.events.events.update(account, &ended, none())
        );

        let (endpoints, lanes) = (&stores.delivery.webhook_endpoints, &stores.delivery.lanes);
        let hook = endpoint(account, 1);
        let lane = lane_of(&hook);
        marked!(
            "webhook_endpoints.insert",
            endpoints.insert(&hook, ChangePosition::START, none())
        );
        let hook = called(&hook, "another");
        marked!("webhook_endpoints.update", endpoints.update(&hook, none()));
        let state = lanes
            .claim(lane, std::time::Duration::ZERO)
            .await
            .unwrap()
            .unwrap();
        let tried = delivery(hook.id, DeliveryStatus::Failed, 1);
        let change = tried.delivery.change;
        marked!("lanes.settle", lanes.settle(lane, &state, vec![tried], None));
        marked!("lanes.retry", lanes.retry(lane, change, later));
        marked!("lanes.claim", lanes.claim(lane, LONG));
        marked!("lanes.move_to", lanes.move_to(lane, ChangePosition::END));
        let state = lanes.claim(lane, LONG).await.unwrap().unwrap();
        let tried = delivery(hook.id, DeliveryStatus::Failed, 2);
        let settled = lanes.settle(lane, &state, vec![tried], None).await;
        assert!(settled.unwrap(), "it is held");
        marked!("lanes.sweep_deliveries", lanes.sweep_deliveries(at(5)));
        marked!(
            "webhook_endpoints.remove",
            endpoints.remove(account, hook.id, none())
        );

        let (sources, made) = (&stores.billing.sources, source(account));
        marked!("payment_sources.insert", sources.insert(&made, none()));
        let next = with_secret(&made, 2);
        marked!("payment_sources.update", sources.update(&next, none()));
        let told = notice(&made, "evt_1");
        let told = with_notice(account, &told);
        marked!("a write of a notice", stores.idempotency.write(told));
        marked!("payment_notices.sweep", stores.billing.notices.sweep(later, 10));
        marked!("payment_sources.remove", sources.remove(account, made.id, none()));

        let record = record(account, fresh_request());
        marked!("idempotency.write", stores.idempotency.write(with(&record)));
        let logged = Commit {
            record: None,
            changes: changes(account, 1),
            notice: None,
        };
        marked!("a write of changes", stores.idempotency.write(logged));
        let mut place = ChangePosition::START;
        let found = read_on(stores, account, &mut place).await;
        assert_eq!(found.len(), 1, "it was written");
        let log = &stores.delivery.changes;
        marked!("changes.sweep", log.sweep(account, later, 10));
        if feed_is_new {
            marked!("changes.feed_key", log.feed_key(FeedKey([1; 32])));
        }
        marked!("changes.renew_feed", log.renew_feed(FeedKey([2; 32])));
        marked!(
            "idempotency.sweep",
            stores.idempotency.sweep(record.expires_at, 10)
        );
    }
}
