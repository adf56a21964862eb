//! Cases for writes and their changes: both are written, or neither.

use super::{
    Shape, assert_same, read_on,
    webhook_endpoint::{called, endpoint, put as put_endpoint},
};
use crate::{
    access::{
        api_key::{key, new_key, renamed_key, rotated_key},
        session::{link, with_password},
        user::{disabled, in_language, owner, put, user},
    },
    at,
    crm::customer::{renamed, with_email},
    customer_with_email,
    events::event::{new_event, with_status},
    events::registration::registration,
    fresh_id, new_account, new_customer,
    scheduling::{
        appointment::{appointment, moved, slot},
        occupancy::{DUE, MADE, appointment_of, block_of, booking, hold_of, resources},
        resource::{new_resource, renamed_resource, resource},
        schedule::in_zone,
        service::{new_service, renamed_service, service},
    },
};
use chatgrow_domain::{
    AccountId, AccountName, ApiKey, ApiKeyRefusal, Appointment, AppointmentRefusal, BlockRefusal, Change,
    Customer, CustomerRefusal, Event, EventId, EventRefusal, EventStatus, HoldRefusal, Language, LinkRefusal,
    RegistrationRefusal, ResourceId, ResourceRefusal, Schedule, ScheduleRefusal, ServiceRefusal, UserRefusal,
    WebhookEndpoint, WebhookRefusal,
};
use chatgrow_ports::{ChangePosition, Commit, CustomerWrite, Failure, StoreError, Stores};

/// Changes that were committed, each with the write that it belongs to.
#[derive(Default)]
struct Written(Vec<(&'static str, Change)>);

impl Written {
    fn add(&mut self, what: &'static str, changes: &[Change]) {
        self.0.extend(changes.iter().map(|change| (what, change.clone())));
    }

    /// The write to which a change belongs.
    fn write_of(&self, change: &Change) -> &'static str {
        let mut all = self.0.iter();
        let found = all.find(|(_, written)| written.id == change.id);
        found.map_or("no write", |(what, _)| what)
    }
}

/// Every method that takes a commit writes its changes: one or several, with a record and without.
pub async fn every_write_writes_its_changes(stores: &Stores) {
    for shape in Shape::ALL {
        let account = new_account(stores).await;
        let mut written = Written::default();
        macro_rules! writes {
            ($what:literal, $call:expr) => {{
                let commit = shape.commit(account);
                written.add($what, &commit.changes);
                $call(commit).await;
            }};
        }
        let access = &stores.access;
        let name = AccountName::new("Another studio").unwrap();
        writes!("accounts.rename", async |c| {
            assert!(access.accounts.rename(account, &name, c).await.unwrap());
        });
        let (first, second, successor) = (key(account, 1), key(account, 2), key(account, 3));
        writes!("api_keys.insert_first", async |c| {
            assert!(access.api_keys.insert_first(&first, c).await.unwrap());
        });
        writes!("api_keys.insert", async |c| access
            .api_keys
            .insert(&second, c)
            .await
            .unwrap());
        let edited = renamed_key(&second, "Noa");
        writes!("api_keys.update", async |c| access
            .api_keys
            .update(&edited, c)
            .await
            .unwrap());
        let rotated = rotated_key(&edited, &successor);
        writes!("api_keys.rotate", async |c| {
            access.api_keys.rotate(&rotated, &successor, c).await.unwrap();
        });

        let dana = owner(account, "dana@example.com");
        let set_up = link(account, None);
        access.links.insert(&set_up).await.unwrap();
        writes!("links.follow of an account", async |c| {
            access.links.follow(&set_up, &dana, at(1000), c).await.unwrap();
        });
        let noa = user(account, "noa@example.com");
        writes!("users.insert", async |c| access
            .users
            .insert(&noa, c)
            .await
            .unwrap());
        let noa_in_hebrew = in_language(&noa, Language::Hebrew);
        writes!("users.update", async |c| access
            .users
            .update(&noa_in_hebrew, c)
            .await
            .unwrap());
        let chooses = link(account, Some(noa.id));
        access.links.insert(&chooses).await.unwrap();
        writes!("links.follow of a user", async |c| {
            let next = with_password(&noa_in_hebrew);
            access.links.follow(&chooses, &next, at(1000), c).await.unwrap();
        });

        let customers = &stores.crm.customers;
        let customer = customer_with_email("dana@example.com");
        writes!("customers.insert", async |c| {
            customers.insert(account, &customer, c).await.unwrap();
        });
        let customer = renamed(&customer, "Noa");
        writes!("customers.update", async |c| {
            customers.update(account, &customer, c).await.unwrap();
        });

        let scheduling = &stores.scheduling;
        let dana = resource();
        writes!("resources.insert", async |c| {
            scheduling.resources.insert(account, &dana, c).await.unwrap();
        });
        let in_other_words = renamed_resource(&dana, "Noa");
        writes!("resources.update", async |c| {
            scheduling
                .resources
                .update(account, &in_other_words, c)
                .await
                .unwrap();
        });
        let massage = service();
        writes!("services.insert", async |c| {
            scheduling.services.insert(account, &massage, c).await.unwrap();
        });
        let talk = renamed_service(&massage, "Talk");
        writes!("services.update", async |c| {
            scheduling.services.update(account, &talk, c).await.unwrap();
        });
        let first = in_zone(&Schedule::untouched(account), "Asia/Jerusalem", 10);
        writes!("schedules.replace", async |c| {
            scheduling.schedules.replace(account, &first, c).await.unwrap();
        });
        let second = in_zone(&first, "Europe/Paris", 20);
        writes!("schedules.replace again", async |c| {
            scheduling.schedules.replace(account, &second, c).await.unwrap();
        });

        let ids = resources(stores, account, 3).await;
        let several = |start, ids: &[_]| booking(slot(start, 60), (5, 5), ids);
        let appointments = &scheduling.appointments;
        let booked = appointment(&customer, slot(0, 60));
        writes!("appointments.book", async |c| {
            appointments.book(account, &booked, None, c).await.unwrap();
        });
        let of_several = appointment_of(&customer, several(1000, &ids));
        writes!("appointments.book of several resources", async |c| {
            appointments.book(account, &of_several, None, c).await.unwrap();
        });
        let tal = customer_with_email("tal@example.com");
        writes!("appointments.book with a new customer", async |c| {
            let booked = appointment_of(&tal, several(2000, &ids));
            let write = Some(CustomerWrite::Insert(tal.clone()));
            appointments.book(account, &booked, write, c).await.unwrap();
        });
        let tal = renamed(&tal, "Tal");
        writes!("appointments.book with a known customer", async |c| {
            let booked = appointment_of(&tal, several(3000, &[]));
            let write = Some(CustomerWrite::Update(tal.clone()));
            appointments.book(account, &booked, write, c).await.unwrap();
        });
        let moved_away = moved(&of_several, slot(4000, 60));
        writes!("appointments.update", async |c| {
            appointments.update(account, &moved_away, c).await.unwrap();
        });
        let cancelled = moved_away.cancelled(at(MADE)).unwrap();
        writes!("appointments.update to cancelled", async |c| {
            appointments.update(account, &cancelled, c).await.unwrap();
        });
        let holds: Vec<_> = [5000, 6000, 7000, 8000]
            .map(|start| hold_of(several(start, &ids)))
            .into();
        for hold in &holds {
            writes!("holds.hold", async |c| scheduling
                .holds
                .hold(account, hold, c)
                .await
                .unwrap());
        }
        let confirmed = Appointment::of_hold(&holds[0], &customer, None, at(DUE - 1));
        writes!("appointments.confirm", async |c| {
            appointments.confirm(account, &confirmed, None, c).await.unwrap();
        });
        let noa = customer_with_email("noa@example.com");
        writes!("appointments.confirm with a new customer", async |c| {
            let confirmed = Appointment::of_hold(&holds[1], &noa, None, at(DUE - 1));
            let write = Some(CustomerWrite::Insert(noa.clone()));
            appointments.confirm(account, &confirmed, write, c).await.unwrap();
        });
        writes!("holds.remove", async |c| {
            assert!(scheduling.holds.remove(account, holds[2].id, c).await.unwrap());
        });
        let released = holds[3].released(at(DUE));
        writes!("holds.release", async |c| {
            assert!(scheduling.holds.release(account, &released, c).await.unwrap());
        });
        let block = block_of(Some(ids[0]), 9000, 9060);
        writes!("blocks.block", async |c| scheduling
            .blocks
            .block(account, &block, c)
            .await
            .unwrap());
        writes!("blocks.remove", async |c| {
            assert!(scheduling.blocks.remove(account, block.id, c).await.unwrap());
        });

        let events = &stores.events.events;
        let event = Event {
            id: EventId::new(fresh_id()),
            ..new_event(stores, account, None).await
        };
        writes!("events.insert", async |c| events
            .insert(account, &event, c)
            .await
            .unwrap());
        let registrations = &stores.events.registrations;
        let place = registration(event.id, &customer);
        writes!("registrations.register", async |c| {
            registrations.register(account, &place, c).await.unwrap();
        });
        writes!("registrations.unregister", async |c| {
            let freed = registrations.unregister(account, &place, c).await;
            assert!(freed.unwrap());
        });
        let event = events.by_id(account, event.id).await.unwrap().unwrap();
        let ended = with_status(&event, EventStatus::Cancelled);
        writes!("events.update", async |c| events
            .update(account, &ended, c)
            .await
            .unwrap());
        let endpoints = &stores.delivery.webhook_endpoints;
        let hook = endpoint(account, 1);
        writes!("webhook_endpoints.insert", async |c| endpoints
            .insert(&hook, ChangePosition::START, c)
            .await
            .unwrap());
        let hook = called(&hook, "another");
        writes!("webhook_endpoints.update", async |c| endpoints
            .update(&hook, c)
            .await
            .unwrap());
        writes!("webhook_endpoints.remove", async |c| {
            assert!(endpoints.remove(account, hook.id, c).await.unwrap());
        });
        writes!("idempotency.write", async |c| stores
            .idempotency
            .write(c)
            .await
            .unwrap());

        let found = read_on(stores, account, &mut ChangePosition::START.clone()).await;
        for (what, change) in &written.0 {
            assert!(found.contains(change), "{what} writes its changes: {shape:?}");
        }
        let all: Vec<_> = written.0.into_iter().map(|(_, change)| change).collect();
        assert_same(
            &found,
            &all,
            "each change is written once, in the order of the writes",
        );
    }
}

/// A write that is refused, or that finds nothing to do, leaves no change: one or several, with a record and without.
pub async fn a_refused_write_leaves_no_change(stores: &Stores) {
    for shape in Shape::ALL {
        let (account, other) = (new_account(stores).await, new_account(stores).await);
        let mut refused = Written::default();
        macro_rules! leaves_none {
            ($what:literal, $call:expr) => {{
                let commit = shape.commit(account);
                refused.add($what, &commit.changes);
                $call(commit).await
            }};
            ($what:literal, $call:expr, $refusal:pat) => {
                assert_refused!(leaves_none!($what, $call), $refusal, "{}", $what)
            };
        }
        macro_rules! finds_none {
            ($what:literal, $call:expr) => {
                assert!(!leaves_none!($what, $call).unwrap(), "{}", $what)
            };
        }
        let access = &stores.access;
        let stranger = AccountId::new(fresh_id());
        let name = AccountName::new("Nobody's").unwrap();
        finds_none!("the name of no account", async |c| {
            access.accounts.rename(stranger, &name, c).await
        });
        let valid = new_key(stores, account, 1).await;
        finds_none!("a second first key", async |c| {
            access.api_keys.insert_first(&key(account, 2), c).await
        });
        leaves_none!(
            "a key with a taken id",
            async |c| {
                let again = ApiKey {
                    id: valid.id,
                    ..key(account, 3)
                };
                access.api_keys.insert(&again, c).await
            },
            StoreError::Failed(_)
        );
        let stale = renamed_key(&renamed_key(&valid, "a"), "b");
        leaves_none!(
            "a stale key",
            async |c| access.api_keys.update(&stale, c).await,
            Failure::Refused(ApiKeyRefusal::VersionMismatch)
        );
        leaves_none!(
            "the rotation of a stale key",
            async |c| access.api_keys.rotate(&stale, &key(account, 4), c).await,
            Failure::Refused(ApiKeyRefusal::VersionMismatch)
        );
        leaves_none!(
            "the rotation to a key with a taken id",
            async |c| {
                let again = ApiKey {
                    id: valid.id,
                    ..key(account, 5)
                };
                access.api_keys.rotate(&renamed_key(&valid, "c"), &again, c).await
            },
            Failure::Store(StoreError::Failed(_))
        );

        let last = put(stores, owner(account, "dana@example.com")).await;
        leaves_none!(
            "a user with a taken address",
            async |c| access.users.insert(&user(account, "DANA@example.com"), c).await,
            Failure::Refused(UserRefusal::EmailTaken)
        );
        let stale = in_language(&in_language(&last, Language::Hebrew), Language::English);
        leaves_none!(
            "a stale user",
            async |c| access.users.update(&stale, c).await,
            Failure::Refused(UserRefusal::VersionMismatch)
        );
        leaves_none!(
            "the last owner, who goes",
            async |c| access.users.update(&disabled(&last), c).await,
            Failure::Refused(UserRefusal::LastOwner)
        );
        let (late, chooses) = (link(account, None), link(account, Some(last.id)));
        for link in [&late, &chooses] {
            access.links.insert(link).await.unwrap();
        }
        leaves_none!(
            "a link to an account that is set up",
            async |c| {
                let noa = owner(account, "noa@example.com");
                access.links.follow(&late, &noa, at(1000), c).await
            },
            Failure::Refused(LinkRefusal::Gone)
        );
        leaves_none!(
            "a link of a stale user",
            async |c| access.links.follow(&chooses, &stale, at(1000), c).await,
            Failure::Refused(LinkRefusal::Gone)
        );
        leaves_none!(
            "a link that has expired",
            async |c| {
                let next = with_password(&last);
                access.links.follow(&chooses, &next, at(5000), c).await
            },
            Failure::Refused(LinkRefusal::Gone)
        );

        let customers = &stores.crm.customers;
        let customer = new_customer(stores, account).await;
        let rival = new_customer(stores, account).await;
        let twice = customer_with_email(rival.email.as_str());
        leaves_none!(
            "a customer with a taken address",
            async |c| customers.insert(account, &twice, c).await,
            Failure::Refused(CustomerRefusal::EmailTaken)
        );
        leaves_none!(
            "a customer with a taken id",
            async |c| {
                let again = Customer {
                    id: customer.id,
                    ..customer_with_email("new@example.com")
                };
                customers.insert(account, &again, c).await
            },
            Failure::Store(StoreError::Failed(_))
        );
        let stale_customer = renamed(&renamed(&customer, "a"), "b");
        leaves_none!(
            "a stale customer",
            async |c| customers.update(account, &stale_customer, c).await,
            Failure::Refused(CustomerRefusal::VersionMismatch)
        );
        leaves_none!(
            "a customer who takes a taken address",
            async |c| {
                let next = with_email(&customer, rival.email.as_str());
                customers.update(account, &next, c).await
            },
            Failure::Refused(CustomerRefusal::EmailTaken)
        );

        let scheduling = &stores.scheduling;
        let taken = new_resource(stores, account).await;
        leaves_none!(
            "a resource with a taken id",
            async |c| scheduling.resources.insert(account, &taken, c).await,
            StoreError::Failed(_)
        );
        let stale = renamed_resource(&renamed_resource(&taken, "a"), "b");
        leaves_none!(
            "a stale resource",
            async |c| scheduling.resources.update(account, &stale, c).await,
            Failure::Refused(ResourceRefusal::VersionMismatch)
        );
        let taken = new_service(stores, account).await;
        leaves_none!(
            "a service with a taken id",
            async |c| scheduling.services.insert(account, &taken, c).await,
            StoreError::Failed(_)
        );
        let stale = renamed_service(&renamed_service(&taken, "a"), "b");
        leaves_none!(
            "a stale service",
            async |c| scheduling.services.update(account, &stale, c).await,
            Failure::Refused(ServiceRefusal::VersionMismatch)
        );
        let untouched = Schedule::untouched(account);
        leaves_none!(
            "a schedule that is no next state",
            async |c| scheduling.schedules.replace(account, &untouched, c).await,
            Failure::Refused(ScheduleRefusal::VersionMismatch)
        );
        let first = in_zone(&untouched, "Asia/Jerusalem", 10);
        let replacement = scheduling.schedules.replace(account, &first, Commit::default());
        replacement.await.unwrap();
        let stale = in_zone(&in_zone(&first, "Europe/Paris", 20), "Europe/Rome", 30);
        for schedule in [&first, &stale] {
            leaves_none!(
                "a stale schedule",
                async |c| scheduling.schedules.replace(account, schedule, c).await,
                Failure::Refused(ScheduleRefusal::VersionMismatch)
            );
        }

        let none = Commit::default;
        let ids = resources(stores, account, 3).await;
        let of = |start, ids: &[_]| appointment_of(&customer, booking(slot(start, 60), (0, 0), ids));
        let appointments = &scheduling.appointments;
        let (own, several) = (of(0, &[]), of(0, &ids[..2]));
        for booked in [&own, &several] {
            appointments.book(account, booked, None, none()).await.unwrap();
        }
        for overlapping in [&of(30, &[]), &of(30, &ids[1..2]), &of(30, &[ids[2], ids[0]])] {
            leaves_none!(
                "a taken slot",
                async |c| appointments.book(account, overlapping, None, c).await,
                Failure::Refused(AppointmentRefusal::SlotTaken)
            );
            let brought = customer_with_email("brought@example.com");
            leaves_none!(
                "a taken slot for a new customer",
                async |c| {
                    let write = Some(CustomerWrite::Insert(brought));
                    appointments.book(account, overlapping, write, c).await
                },
                Failure::Refused(AppointmentRefusal::SlotTaken)
            );
        }
        let free = of(600, &ids);
        for write in [
            CustomerWrite::Insert(twice),
            CustomerWrite::Update(stale_customer),
        ] {
            leaves_none!(
                "a booking whose customer can't be written",
                async |c| appointments.book(account, &free, Some(write), c).await,
                Failure::Refused(AppointmentRefusal::CustomerChanged)
            );
        }
        leaves_none!(
            "a booking of an unknown resource",
            async |c| {
                let nowhere = of(700, &[ResourceId::new(fresh_id())]);
                appointments.book(account, &nowhere, None, c).await
            },
            Failure::Store(StoreError::Failed(_))
        );
        let second = of(1000, &ids);
        appointments.book(account, &second, None, none()).await.unwrap();
        leaves_none!(
            "a move onto another",
            async |c| appointments
                .update(account, &moved(&second, slot(30, 60)), c)
                .await,
            Failure::Refused(AppointmentRefusal::SlotTaken)
        );
        leaves_none!(
            "a stale appointment",
            async |c| {
                let stale = moved(&moved(&second, slot(2000, 60)), slot(3000, 60));
                appointments.update(account, &stale, c).await
            },
            Failure::Refused(AppointmentRefusal::VersionMismatch)
        );
        let refused_hold = hold_of(booking(slot(30, 60), (0, 0), &ids));
        leaves_none!(
            "a hold of a taken slot",
            async |c| scheduling.holds.hold(account, &refused_hold, c).await,
            Failure::Refused(HoldRefusal::SlotTaken)
        );
        for (what, write) in [
            ("a hold that is not there", None),
            (
                "such a hold for a customer",
                Some(customer_with_email("brought@example.com")),
            ),
        ] {
            let confirmed = Appointment::of_hold(&refused_hold, &customer, None, at(MADE));
            let outcome = leaves_none!("the confirmation of no hold", async |c| {
                let write = write.map(CustomerWrite::Insert);
                appointments.confirm(account, &confirmed, write, c).await
            });
            assert_refused!(outcome, Failure::Refused(AppointmentRefusal::HoldGone), "{what}");
        }
        finds_none!("the removal of no hold", async |c| {
            scheduling.holds.remove(account, refused_hold.id, c).await
        });
        let hold = hold_of(booking(slot(4000, 60), (0, 0), &ids));
        scheduling.holds.hold(account, &hold, none()).await.unwrap();
        let stale = hold.released(at(DUE)).released(at(DUE));
        for (whose, hold) in [(account, &stale), (other, &hold.released(at(DUE)))] {
            finds_none!("the release of no such hold", async |c| {
                scheduling.holds.release(whose, hold, c).await
            });
        }
        let block = block_of(Some(ids[0]), 30, 90);
        leaves_none!(
            "a block of a taken time",
            async |c| scheduling.blocks.block(account, &block, c).await,
            Failure::Refused(BlockRefusal::TimeTaken(_))
        );
        finds_none!("the removal of no block", async |c| {
            scheduling.blocks.remove(account, block.id, c).await
        });

        let (events, registrations) = (&stores.events.events, &stores.events.registrations);
        let event = new_event(stores, account, Some(1)).await;
        leaves_none!(
            "an event with a taken id",
            async |c| events.insert(account, &event, c).await,
            StoreError::Failed(_)
        );
        let place = registration(event.id, &customer);
        registrations.register(account, &place, none()).await.unwrap();
        leaves_none!(
            "a stale event",
            async |c| {
                let stale = with_status(&event, EventStatus::Cancelled);
                events.update(account, &stale, c).await
            },
            Failure::Refused(EventRefusal::VersionMismatch)
        );
        leaves_none!(
            "a place at a full event",
            async |c| registrations
                .register(account, &registration(event.id, &rival), c)
                .await,
            Failure::Refused(RegistrationRefusal::Full)
        );
        leaves_none!(
            "a second place",
            async |c| registrations
                .register(account, &registration(event.id, &customer), c)
                .await,
            Failure::Refused(RegistrationRefusal::AlreadyRegistered)
        );
        leaves_none!(
            "a place at no event",
            async |c| {
                let nowhere = registration(EventId::new(fresh_id()), &customer);
                registrations.register(account, &nowhere, c).await
            },
            Failure::Refused(RegistrationRefusal::EventNotFound)
        );
        let ended = new_event(stores, account, None).await;
        let cancelled = with_status(&ended, EventStatus::Cancelled);
        events.update(account, &cancelled, none()).await.unwrap();
        leaves_none!(
            "a place at an event that was cancelled",
            async |c| registrations
                .register(account, &registration(ended.id, &rival), c)
                .await,
            Failure::Refused(RegistrationRefusal::NotActive)
        );
        finds_none!("the freeing of no place", async |c| {
            let nobody = registration(event.id, &rival);
            registrations.unregister(account, &nobody, c).await
        });

        let endpoints = &stores.delivery.webhook_endpoints;
        let hook = endpoint(account, 1);
        put_endpoint(stores, &hook, ChangePosition::START).await;
        let rival = endpoint(account, 1);
        leaves_none!(
            "an endpoint at a taken place",
            async |c| endpoints.insert(&rival, ChangePosition::START, c).await,
            Failure::Refused(WebhookRefusal::PlaceTaken)
        );
        leaves_none!(
            "an endpoint with a taken id",
            async |c| {
                let again = WebhookEndpoint {
                    id: hook.id,
                    ..endpoint(account, 2)
                };
                endpoints.insert(&again, ChangePosition::START, c).await
            },
            Failure::Store(StoreError::Failed(_))
        );
        leaves_none!(
            "a stale endpoint",
            async |c| endpoints.update(&called(&called(&hook, "a"), "b"), c).await,
            Failure::Refused(WebhookRefusal::VersionMismatch)
        );
        finds_none!("the removal of no endpoint", async |c| {
            endpoints.remove(account, rival.id, c).await
        });

        let found = read_on(stores, account, &mut ChangePosition::START.clone()).await;
        if let Some(left) = found.first() {
            panic!(
                "a write that doesn't happen leaves no change, but this one did: {}, {shape:?}",
                refused.write_of(left)
            );
        }
    }
}
