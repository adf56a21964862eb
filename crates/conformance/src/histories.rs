//! Histories: for any sequence of calls, a store answers and contains what the domain's rules alone would.

use crate::{
    at, fresh_id, new_account, new_customer,
    scheduling::occupancy::{booking, hold_of, resources},
    walk,
};
use chatgrow_domain::{
    AccountId, Appointment, AppointmentEdit, AppointmentId, AppointmentRefusal, AppointmentStatus, Block,
    BlockId, BlockRefusal, BlockTerms, Booking, Capacity, Customer, Duration, Event, EventEdit, EventId,
    EventRefusal, EventStatus, EventTitle, Hold, HoldId, HoldRefusal, HoldTime, LocalMinute, NewAppointment,
    NewEvent, ObjectId, Occupancy, Registration, RegistrationId, RegistrationRefusal, ResourceId,
    ServiceType, TimeSlot, Timestamp, conflict,
};
use chatgrow_ports::{AppointmentFilter, BlockFilter, Commit, EventFilter, Failure, Stores};
use proptest::{
    collection::vec,
    option, prop_assert, prop_assert_eq, prop_oneof,
    sample::select,
    strategy::{Just, Strategy},
    test_runner::{Config, TestCaseError, TestError, TestRunner},
};
use std::fmt::Debug;
use tokio::{runtime::Handle, task::block_in_place};

/// How many histories are tried. Each runs in an account of its own.
const HISTORIES: u32 = 48;
const MOST_STEPS: usize = 100;
const CUSTOMERS: usize = 4;
const RESOURCES: usize = 4;

/// No resource and no buffers.
const NOTHING: Taken = Taken {
    resources: [None; 3],
    buffers: (0, 0),
};

/// How far a step moves the clock, in milliseconds: holds expire after some steps.
const TICK: i64 = 100_000;

/// One call. A number selects one of the things that exist by then, counted cyclically, or one that never existed.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Customer, start in minutes, length in minutes, resources.
    Book(usize, i64, i64, Taken),
    Move(usize, Seen, i64, i64),
    /// Other resources.
    Reassign(usize, Seen, Taken),
    Describe(usize, Seen, ServiceType),
    Finish(usize, Seen, AppointmentStatus),
    Cancel(usize, Seen),
    /// Start, length, resources, and for how many minutes it is kept.
    Hold(i64, i64, Taken, i64),
    /// A hold and a customer.
    Confirm(usize, Seen, usize),
    RemoveHold(usize),
    /// At most so many.
    Release(u32),
    /// Start, length in hours, resource.
    Block(i64, i64, Taken),
    RemoveBlock(usize),
    /// An event with that capacity.
    Plan(Option<i64>),
    SetStatus(usize, Seen, EventStatus),
    SetCapacity(usize, Seen, Option<i64>),
    /// An event and a customer.
    Register(usize, usize),
    Unregister(usize),
    /// From a version that it doesn't have.
    UnregisterStale(usize),
}

/// Up to three of the resources, and a buffer before and after, in minutes.
#[derive(Debug, Clone, Copy)]
struct Taken {
    resources: [Option<usize>; 3],
    buffers: (i64, i64),
}

impl Taken {
    /// What is booked, of these resources.
    fn booking(self, slot: TimeSlot, ids: &[ResourceId]) -> Booking {
        booking(slot, self.buffers, &self.of(ids))
    }

    /// Those that are named, each once.
    fn of(self, ids: &[ResourceId]) -> Vec<ResourceId> {
        let mut named: Vec<_> = Vec::new();
        for index in self.resources.into_iter().flatten() {
            if !named.contains(&ids[index]) {
                named.push(ids[index]);
            }
        }
        named
    }
}

/// The state from which an edit starts.
#[derive(Debug, Clone, Copy)]
enum Seen {
    /// The present state.
    Present,
    /// The state before the present one (0), the one before that (1) and so on, or else the first: a stale edit.
    Before(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let any = || 0_usize..40;
    let seen = || {
        prop_oneof![
            4 => Just(Seen::Present),
            1 => (0_usize..4).prop_map(Seen::Before),
        ]
    };
    // The range is small, so that most slots are contested. Some appointments have the maximum length and reach over
    // many short ones. Half of the slots are in quarters of an hour, so that many just touch.
    let quarters = |most: i64| (0..most).prop_map(|quarter| quarter * 15);
    let start = || prop_oneof![0_i64..300, quarters(20)];
    let minutes =
        || prop_oneof![4 => 1_i64..60, 4 => quarters(4).prop_map(|minutes| minutes + 15), 1 => Just(1440)];
    let capacity = || option::weighted(0.8, 1_i64..4);
    let resource = |likely| option::weighted(likely, 0..RESOURCES);
    let buffer = || prop_oneof![5 => Just(0_i64), 2 => 1_i64..20, 1 => Just(720)];
    let taken = move || {
        (
            (resource(0.5), resource(0.4), resource(0.3)),
            (buffer(), buffer()),
        )
            .prop_map(|((one, another, third), buffers)| Taken {
                resources: [one, another, third],
                buffers,
            })
    };
    let schedule = prop_oneof![
        4 => (any(), start(), minutes(), taken())
            .prop_map(|(who, start, long, taken)| Step::Book(who, start, long, taken)),
        2 => (any(), seen(), taken()).prop_map(|(which, seen, taken)| Step::Reassign(which, seen, taken)),
        1 => (any(), seen(), select(AppointmentStatus::ALL))
            .prop_map(|(which, seen, status)| Step::Finish(which, seen, status)),
        3 => (start(), minutes(), taken(), 1_i64..=60)
            .prop_map(|(start, long, taken, kept)| Step::Hold(start, long, taken, kept)),
        3 => (any(), seen(), any()).prop_map(|(which, seen, who)| Step::Confirm(which, seen, who)),
        1 => any().prop_map(Step::RemoveHold),
        1 => (1_u32..4).prop_map(Step::Release),
        1 => (-50_000_i64..300, 1_i64..1000, taken())
            .prop_map(|(start, hours, taken)| Step::Block(start, hours, taken)),
        2 => any().prop_map(Step::RemoveBlock),
    ];
    prop_oneof![
        17 => schedule,
        3 => (any(), start(), minutes()).prop_map(|(who, start, long)| Step::Book(who, start, long, NOTHING)),
        3 => (any(), seen(), start(), minutes())
            .prop_map(|(which, seen, start, long)| Step::Move(which, seen, start, long)),
        1 => (any(), seen(), select(ServiceType::ALL))
            .prop_map(|(which, seen, service)| Step::Describe(which, seen, service)),
        2 => (any(), seen()).prop_map(|(which, seen)| Step::Cancel(which, seen)),
        1 => capacity().prop_map(Step::Plan),
        1 => (any(), seen(), select(EventStatus::ALL))
            .prop_map(|(which, seen, status)| Step::SetStatus(which, seen, status)),
        2 => (any(), seen(), capacity())
            .prop_map(|(which, seen, capacity)| Step::SetCapacity(which, seen, capacity)),
        6 => (any(), any()).prop_map(|(event, who)| Step::Register(event, who)),
        2 => any().prop_map(Step::Unregister),
        1 => any().prop_map(Step::UnregisterStale),
    ]
}

/// A store's answer to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Done,
    SlotTaken,
    Stale,
    EventNotFound,
    AlreadyRegistered,
    NotActive,
    Full,
    Freed(bool),
    HoldGone,
    Released(usize),
}

/// A model that has only the domain's rules: what a store should answer and contain.
///
/// For everything that can change it keeps all states, the present one last.
struct Model {
    customers: Vec<Customer>,
    resources: Vec<ResourceId>,
    appointments: Vec<Vec<Appointment>>,
    /// Includes holds that are gone. The `bool` is `true` until then.
    holds: Vec<(Vec<Hold>, bool)>,
    /// Includes blocks that are gone.
    blocks: Vec<(Block, bool)>,
    events: Vec<Vec<Event>>,
    /// Includes registrations that have been freed, because they can be freed again. The `bool` is `true` until then.
    registrations: Vec<(Registration, bool)>,
    now: i64,
}

/// The thing that a number selects; `None` for the one that never existed.
fn pick<T>(things: &[T], index: usize) -> Option<&T> {
    things.get(index % (things.len() + 1))
}

/// The state from which an edit starts.
fn begin<T>(states: &[T], seen: Seen) -> &T {
    let back = match seen {
        Seen::Present => 0,
        Seen::Before(states) => states + 1,
    };
    &states[(states.len() - 1).saturating_sub(back)]
}

fn present<T>(things: &[Vec<T>]) -> impl Iterator<Item = &T> {
    things.iter().filter_map(|states| states.last())
}

fn slot(start: i64, minutes: i64) -> TimeSlot {
    TimeSlot {
        start: LocalMinute::from_minutes(start).unwrap(),
        duration: Duration::from_minutes(minutes).unwrap(),
    }
}

fn capacity(people: Option<i64>) -> Option<Capacity> {
    people.map(|people| Capacity::new(people).unwrap())
}

impl Model {
    fn tick(&mut self) -> Timestamp {
        self.now += TICK;
        at(self.now)
    }

    fn someone(&self, index: usize) -> &Customer {
        &self.customers[index % self.customers.len()]
    }

    /// The appointment to be edited. If the number selects none, it is one that no store has.
    fn appointment(&self, index: usize, seen: Seen) -> Appointment {
        pick(&self.appointments, index).map_or_else(
            || self.new_appointment(index, NOTHING.booking(slot(0, 60), &[]), at(0)),
            |states| begin(states, seen).clone(),
        )
    }

    fn new_appointment(&self, customer: usize, booking: Booking, now: Timestamp) -> Appointment {
        let new = NewAppointment { booking, notes: None };
        Appointment::new(AppointmentId::new(fresh_id()), self.someone(customer), new, now)
    }

    fn event(&self, index: usize, seen: Seen) -> Event {
        pick(&self.events, index).map_or_else(
            || Event::new(EventId::new(fresh_id()), new_event(None), at(0)),
            |states| begin(states, seen).clone(),
        )
    }

    /// The hold to be confirmed. If the number selects none, it is one that no store has.
    fn hold(&self, index: usize, seen: Seen) -> Hold {
        pick(&self.holds, index).map_or_else(
            || hold_of(NOTHING.booking(slot(0, 60), &[])),
            |(states, _)| begin(states, seen).clone(),
        )
    }

    fn is_free(&self, id: ObjectId, occupancy: &Occupancy) -> bool {
        let appointments = present(&self.appointments)
            .filter(|appointment| appointment.status.occupies())
            .map(|appointment| (appointment.id.object_id(), appointment.booking.occupancy()));
        let holds = self.kept_holds();
        let holds = holds.map(|hold| (hold.id.object_id(), hold.booking.occupancy()));
        let blocks = self.blocks.iter().filter(|(_, there)| *there);
        let blocks = blocks.map(|(block, _)| (block.id.object_id(), block.occupancy()));
        conflict(&id, occupancy, appointments.chain(holds).chain(blocks)).is_none()
    }

    /// The holds that occupy their slots.
    fn kept_holds(&self) -> impl Iterator<Item = &Hold> {
        let there = self.holds.iter().filter(|(_, there)| *there);
        let present = there.filter_map(|(states, _)| states.last());
        present.filter(|hold| !hold.released)
    }

    fn put_hold(&mut self, hold: &Hold) -> Answer {
        if !self.is_free(hold.id.object_id(), &hold.booking.occupancy()) {
            return Answer::SlotTaken;
        }
        self.holds.push((vec![hold.clone()], true));
        Answer::Done
    }

    fn put_block(&mut self, block: &Block) -> Answer {
        if !self.is_free(block.id.object_id(), &block.occupancy()) {
            return Answer::SlotTaken;
        }
        self.blocks.push((block.clone(), true));
        Answer::Done
    }

    fn confirm(&mut self, next: &Appointment) -> Answer {
        let hold = self.holds.iter_mut().find(|(states, there)| {
            let present = &states[states.len() - 1];
            *there
                && present.id.object_id() == next.id.object_id()
                && !present.released
                && Some(present.version) == next.version.previous()
        });
        let Some((_, there)) = hold else {
            return Answer::HoldGone;
        };
        *there = false;
        self.appointments.push(vec![next.clone()]);
        Answer::Done
    }

    fn remove_hold(&mut self, id: HoldId) -> Answer {
        let hold = self
            .holds
            .iter_mut()
            .find(|(states, there)| *there && states[0].id == id);
        Answer::Freed(hold.is_some_and(|(_, there)| std::mem::replace(there, false)))
    }

    fn remove_block(&mut self, id: BlockId) -> Answer {
        let block = self
            .blocks
            .iter_mut()
            .find(|(block, there)| *there && block.id == id);
        Answer::Freed(block.is_some_and(|(_, there)| std::mem::replace(there, false)))
    }

    /// How many holds are due. Which of them are released is the store's choice, so all of them are.
    fn release(&mut self, now: Timestamp) -> usize {
        let mut released = 0;
        for (states, _) in self.holds.iter_mut().filter(|(_, there)| *there) {
            let present = states[states.len() - 1].clone();
            if !present.released && present.held_until <= now {
                released += 1;
                states.push(present.released(now));
            }
        }
        released
    }

    fn book(&mut self, new: &Appointment) -> Answer {
        if !self.is_free(new.id.object_id(), &new.booking.occupancy()) {
            return Answer::SlotTaken;
        }
        self.appointments.push(vec![new.clone()]);
        Answer::Done
    }

    fn update_appointment(&mut self, next: &Appointment) -> Answer {
        let states = self.appointments.iter().position(|states| {
            states[0].id == next.id && states.last().map(|present| present.version) == next.version.previous()
        });
        let Some(states) = states else {
            return Answer::Stale;
        };
        if next.status.occupies() && !self.is_free(next.id.object_id(), &next.booking.occupancy()) {
            return Answer::SlotTaken;
        }
        self.appointments[states].push(next.clone());
        Answer::Done
    }

    fn update_event(&mut self, next: &Event) -> Answer {
        for states in &mut self.events {
            if states[0].id == next.id
                && states.last().map(|present| present.version) == next.version.previous()
            {
                states.push(next.clone());
                return Answer::Done;
            }
        }
        Answer::Stale
    }

    /// Changes an event's number of participants.
    fn count(&mut self, event: EventId, change: i64) {
        for states in &mut self.events {
            let present = states[states.len() - 1].clone();
            if present.id == event {
                states.push(Event {
                    participants: present.participants + change,
                    version: present.version.next(),
                    ..present
                });
            }
        }
    }

    fn register(&mut self, new: &Registration) -> Answer {
        let Some(event) = present(&self.events).find(|event| event.id == new.event_id) else {
            return Answer::EventNotFound;
        };
        let admitted = event.admit();
        let already = self.registrations.iter().any(|(registration, there)| {
            *there && registration.event_id == new.event_id && registration.customer.id == new.customer.id
        });
        match admitted {
            Err(RegistrationRefusal::NotActive) => Answer::NotActive,
            _ if already => Answer::AlreadyRegistered,
            Err(_) => Answer::Full,
            Ok(()) => {
                self.registrations.push((new.clone(), true));
                self.count(new.event_id, 1);
                Answer::Done
            }
        }
    }

    fn unregister(&mut self, wanted: &Registration) -> Answer {
        let place = self.registrations.iter_mut().find(|(registration, there)| {
            *there && registration.id == wanted.id && registration.version == wanted.version
        });
        match place {
            None => Answer::Freed(false),
            Some((registration, there)) => {
                *there = false;
                let event = registration.event_id;
                self.count(event, -1);
                Answer::Freed(true)
            }
        }
    }
}

fn new_event(capacity: Option<Capacity>) -> NewEvent {
    NewEvent {
        title: EventTitle::new("Yoga").unwrap(),
        description: None,
        start: LocalMinute::from_minutes(0).unwrap(),
        location: None,
        capacity,
        price: None,
    }
}

fn failed(error: &impl Debug) -> TestCaseError {
    TestCaseError::fail(format!("{error:?}"))
}

async fn book(stores: &Stores, account: AccountId, new: &Appointment) -> Result<Answer, TestCaseError> {
    match stores
        .scheduling
        .appointments
        .book(account, new, None, Commit::default())
        .await
    {
        Ok(()) => Ok(Answer::Done),
        Err(Failure::Refused(AppointmentRefusal::SlotTaken)) => Ok(Answer::SlotTaken),
        Err(error) => Err(failed(&error)),
    }
}

async fn update_appointment(
    stores: &Stores,
    account: AccountId,
    next: &Appointment,
) -> Result<Answer, TestCaseError> {
    match stores
        .scheduling
        .appointments
        .update(account, next, Commit::default())
        .await
    {
        Ok(()) => Ok(Answer::Done),
        Err(Failure::Refused(AppointmentRefusal::SlotTaken)) => Ok(Answer::SlotTaken),
        Err(Failure::Refused(AppointmentRefusal::VersionMismatch)) => Ok(Answer::Stale),
        Err(error) => Err(failed(&error)),
    }
}

async fn update_event(stores: &Stores, account: AccountId, next: &Event) -> Result<Answer, TestCaseError> {
    match stores
        .events
        .events
        .update(account, next, Commit::default())
        .await
    {
        Ok(()) => Ok(Answer::Done),
        Err(Failure::Refused(EventRefusal::VersionMismatch)) => Ok(Answer::Stale),
        Err(error) => Err(failed(&error)),
    }
}

async fn register(stores: &Stores, account: AccountId, new: &Registration) -> Result<Answer, TestCaseError> {
    match stores
        .events
        .registrations
        .register(account, new, Commit::default())
        .await
    {
        Ok(()) => Ok(Answer::Done),
        Err(Failure::Refused(RegistrationRefusal::EventNotFound)) => Ok(Answer::EventNotFound),
        Err(Failure::Refused(RegistrationRefusal::AlreadyRegistered)) => Ok(Answer::AlreadyRegistered),
        Err(Failure::Refused(RegistrationRefusal::NotActive)) => Ok(Answer::NotActive),
        Err(Failure::Refused(RegistrationRefusal::Full)) => Ok(Answer::Full),
        Err(error) => Err(failed(&error)),
    }
}

/// Takes the step in the store and in the model. Returns both answers, the store's first; `None` if the domain refuses
/// the edit, so that no call is made.
async fn take(
    stores: &Stores,
    account: AccountId,
    model: &mut Model,
    step: Step,
) -> Result<Option<(Answer, Answer)>, TestCaseError> {
    let now = model.tick();
    let next_appointment = match step {
        Step::Move(which, seen, start, minutes) => {
            let (slot, base) = (slot(start, minutes), model.appointment(which, seen));
            let start = slot.start.to_date_time();
            let edit = AppointmentEdit {
                date: Some(start.date()),
                time: Some(start.time()),
                duration: Some(slot.duration),
                ..AppointmentEdit::default()
            };
            Some(base.edited(edit, now).ok())
        }
        Step::Reassign(which, seen, taken) => {
            let edit = AppointmentEdit {
                resources: Some(taken.of(&model.resources)),
                ..AppointmentEdit::default()
            };
            Some(model.appointment(which, seen).edited(edit, now).ok())
        }
        Step::Finish(which, seen, status) => {
            let edit = AppointmentEdit {
                status: Some(status),
                ..AppointmentEdit::default()
            };
            Some(model.appointment(which, seen).edited(edit, now).ok())
        }
        Step::Describe(which, seen, service_type) => {
            let edit = AppointmentEdit {
                service_type: Some(service_type),
                ..AppointmentEdit::default()
            };
            Some(model.appointment(which, seen).edited(edit, now).ok())
        }
        Step::Cancel(which, seen) => Some(model.appointment(which, seen).cancelled(now).ok()),
        _ => None,
    };
    if let Some(next) = next_appointment {
        // If the edit changes nothing, `next` is the present state itself, which is as stale as any other.
        let Some(next) = next else { return Ok(None) };
        let answer = update_appointment(stores, account, &next).await?;
        return Ok(Some((answer, model.update_appointment(&next))));
    }
    let edit_of_event = match step {
        Step::SetStatus(which, seen, status) => Some((
            which,
            seen,
            EventEdit {
                status: Some(status),
                ..EventEdit::default()
            },
        )),
        Step::SetCapacity(which, seen, people) => Some((
            which,
            seen,
            EventEdit {
                capacity: Some(capacity(people)),
                ..EventEdit::default()
            },
        )),
        _ => None,
    };
    if let Some((which, seen, edit)) = edit_of_event {
        let Ok(next) = model.event(which, seen).edited(edit, now) else {
            return Ok(None);
        };
        let answer = update_event(stores, account, &next).await?;
        return Ok(Some((answer, model.update_event(&next))));
    }
    Ok(Some(match step {
        Step::Book(customer, start, minutes, taken) => {
            let booking = taken.booking(slot(start, minutes), &model.resources);
            let new = model.new_appointment(customer, booking, now);
            (book(stores, account, &new).await?, model.book(&new))
        }
        Step::Hold(..)
        | Step::Confirm(..)
        | Step::RemoveHold(_)
        | Step::Release(_)
        | Step::Block(..)
        | Step::RemoveBlock(_) => take_time(stores, account, model, step, now).await?,
        Step::Plan(people) => {
            let event = Event::new(EventId::new(fresh_id()), new_event(capacity(people)), now);
            let planned = stores
                .events
                .events
                .insert(account, &event, Commit::default())
                .await;
            planned.map_err(|error| failed(&error))?;
            model.events.push(vec![event]);
            (Answer::Done, Answer::Done)
        }
        Step::Register(event, customer) => {
            let (event, customer) = (model.event(event, Seen::Present).id, model.someone(customer));
            let id = RegistrationId::new(fresh_id());
            let new = Registration::new(id, event, customer, None, now);
            (register(stores, account, &new).await?, model.register(&new))
        }
        Step::Unregister(which) | Step::UnregisterStale(which) => {
            let nobody = || {
                let (event, customer) = (EventId::new(fresh_id()), model.someone(which));
                Registration::new(RegistrationId::new(fresh_id()), event, customer, None, now)
            };
            let mut wanted = pick(&model.registrations, which)
                .map_or_else(nobody, |(registration, _)| registration.clone());
            if matches!(step, Step::UnregisterStale(_)) {
                wanted.version = wanted.version.next();
            }
            let registrations = &stores.events.registrations;
            let freed = registrations
                .unregister(account, &wanted, Commit::default())
                .await;
            let freed = freed.map_err(|error| failed(&error))?;
            (Answer::Freed(freed), model.unregister(&wanted))
        }
        _ => unreachable!("edits have been taken above"),
    }))
}

/// Takes a step of holds and blocks.
async fn take_time(
    stores: &Stores,
    account: AccountId,
    model: &mut Model,
    step: Step,
    now: Timestamp,
) -> Result<(Answer, Answer), TestCaseError> {
    let (scheduling, commit) = (&stores.scheduling, Commit::default());
    Ok(match step {
        Step::Hold(start, minutes, taken, kept) => {
            let booking = taken.booking(slot(start, minutes), &model.resources);
            let kept = HoldTime::from_minutes(kept).unwrap();
            let hold = Hold::new(HoldId::new(fresh_id()), booking, kept, now);
            let answer = match scheduling.holds.hold(account, &hold, commit).await {
                Ok(()) => Answer::Done,
                Err(Failure::Refused(HoldRefusal::SlotTaken)) => Answer::SlotTaken,
                Err(error) => return Err(failed(&error)),
            };
            (answer, model.put_hold(&hold))
        }
        Step::Confirm(which, seen, customer) => {
            let hold = model.hold(which, seen);
            let next = Appointment::of_hold(&hold, model.someone(customer), None, now);
            let answer = match scheduling
                .appointments
                .confirm(account, &next, None, commit)
                .await
            {
                Ok(()) => Answer::Done,
                Err(Failure::Refused(AppointmentRefusal::HoldGone)) => Answer::HoldGone,
                Err(error) => return Err(failed(&error)),
            };
            (answer, model.confirm(&next))
        }
        Step::RemoveHold(which) => {
            let id = model.hold(which, Seen::Present).id;
            let removed = scheduling.holds.remove(account, id, commit).await;
            let removed = removed.map_err(|error| failed(&error))?;
            (Answer::Freed(removed), model.remove_hold(id))
        }
        Step::Release(most) => {
            let mut released = 0;
            loop {
                let some = scheduling.holds.expired(Some(account), now, most).await;
                let some = some.map_err(|error| failed(&error))?;
                prop_assert!(some.len() <= most as usize, "no more are told than asked");
                if some.is_empty() {
                    break;
                }
                for expired in some {
                    prop_assert_eq!(expired.account, account, "it is of the account that was named");
                    let next = expired.hold.released(now);
                    let released_now = scheduling.holds.release(account, &next, commit.clone()).await;
                    let released_now = released_now.map_err(|error| failed(&error))?;
                    prop_assert!(released_now, "what was read as expired is there in that version");
                    released += 1;
                }
            }
            (Answer::Released(released), Answer::Released(model.release(now)))
        }
        Step::Block(start, hours, taken) => {
            let minute = |minute| LocalMinute::from_minutes(minute).unwrap();
            let terms = BlockTerms {
                resource: taken.of(&model.resources).first().copied(),
                from: minute(start),
                until: minute(start + hours * 60),
                reason: None,
            };
            let block = Block::new(BlockId::new(fresh_id()), terms, now);
            let answer = match scheduling.blocks.block(account, &block, commit).await {
                Ok(()) => Answer::Done,
                Err(Failure::Refused(BlockRefusal::TimeTaken(None))) => Answer::SlotTaken,
                Err(error) => return Err(failed(&error)),
            };
            (answer, model.put_block(&block))
        }
        Step::RemoveBlock(which) => {
            let id =
                pick(&model.blocks, which).map_or_else(|| BlockId::new(fresh_id()), |(block, _)| block.id);
            let removed = scheduling.blocks.remove(account, id, commit).await;
            let removed = removed.map_err(|error| failed(&error))?;
            (Answer::Freed(removed), model.remove_block(id))
        }
        _ => unreachable!("the others have been taken by the caller"),
    })
}

/// Checks that everything that can be read is what the model contains.
async fn compare(stores: &Stores, account: AccountId, model: &Model) -> Result<(), TestCaseError> {
    fn equal<T: Debug + PartialEq>(read: &[T], expected: &[T]) -> Result<(), TestCaseError> {
        prop_assert_eq!(read, expected, "what is read, and what it should be");
        Ok(())
    }
    let mut appointments: Vec<_> = present(&model.appointments).cloned().collect();
    appointments.sort_by_key(|appointment| (appointment.booking.slot.start, appointment.id));
    for status in [None, Some(AppointmentStatus::Confirmed)] {
        let filter = AppointmentFilter {
            status,
            ..AppointmentFilter::default()
        };
        let list = |page| stores.scheduling.appointments.list(account, &filter, page);
        appointments.retain(|appointment| status.is_none_or(|status| appointment.status == status));
        equal(&walk(7, list, async || ()).await, &appointments)?;
    }
    let now = at(model.now);
    let mut holds: Vec<_> = model
        .kept_holds()
        .filter(|hold| !hold.has_expired(now))
        .cloned()
        .collect();
    holds.sort_by_key(|hold| (hold.booking.slot.start, hold.id));
    let list = |page| stores.scheduling.holds.list(account, now, page);
    equal(&walk(3, list, async || ()).await, &holds)?;
    for (states, there) in &model.holds {
        let read = stores.scheduling.holds.by_id(account, states[0].id).await;
        let read = read.map_err(|error| failed(&error))?;
        prop_assert_eq!(
            read.as_ref(),
            states.last().filter(|_| *there),
            "a hold, as it should be"
        );
    }
    let there = model.blocks.iter().filter(|(_, there)| *there);
    let mut blocks: Vec<_> = there.map(|(block, _)| block.clone()).collect();
    blocks.sort_by_key(|block| (block.terms.from, block.id));
    let any = BlockFilter::default();
    let list = |page| stores.scheduling.blocks.list(account, &any, page);
    equal(&walk(3, list, async || ()).await, &blocks)?;
    let mut events: Vec<_> = present(&model.events).cloned().collect();
    events.sort_by_key(|event| (event.start, event.id));
    let list = |page| stores.events.events.list(account, EventFilter::default(), page);
    equal(&walk(3, list, async || ()).await, &events)?;
    for event in events {
        let expected: Vec<_> = model
            .registrations
            .iter()
            .filter(|(registration, there)| *there && registration.event_id == event.id)
            .map(|(registration, _)| registration.clone())
            .collect();
        prop_assert_eq!(
            event.participants,
            i64::try_from(expected.len()).unwrap(),
            "the model's own count"
        );
        let list = |page| stores.events.registrations.list(account, event.id, page);
        equal(&walk(2, list, async || ()).await, &expected)?;
    }
    Ok(())
}

async fn live(stores: &Stores, history: &[Step]) -> Result<(), TestCaseError> {
    let account = new_account(stores).await;
    let mut model = Model {
        customers: Vec::new(),
        resources: resources(stores, account, RESOURCES).await,
        appointments: Vec::new(),
        holds: Vec::new(),
        blocks: Vec::new(),
        events: Vec::new(),
        registrations: Vec::new(),
        now: 0,
    };
    for _ in 0..CUSTOMERS {
        model.customers.push(new_customer(stores, account).await);
    }
    for (index, step) in history.iter().enumerate() {
        if let Some((store, domain)) = take(stores, account, &mut model, *step).await? {
            prop_assert!(
                store == domain,
                "step {}, {step:?}: the store says {store:?}, the domain {domain:?}",
                index + 1
            );
        }
    }
    compare(stores, account, &model).await
}

/// Runs random sequences of calls, including stale and pointless ones. A store answers each call as the domain's rules
/// do, and finally contains what they would. A failure is reported with the shortest history that causes it.
#[expect(clippy::unused_async, reason = "the suite awaits every case")]
pub async fn random_histories_agree_with_the_model(stores: &Stores) {
    let config = Config {
        cases: HISTORIES,
        failure_persistence: None,
        max_shrink_iters: 4096,
        ..Config::default()
    };
    let outcome = block_in_place(|| {
        TestRunner::new(config).run(&vec(step(), 1..=MOST_STEPS), |history| {
            Handle::current().block_on(live(stores, &history))
        })
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, history)) => {
            let steps: Vec<_> = history.iter().map(|step| format!("{step:?}")).collect();
            panic!("{reason}\nThe history:\n{}", steps.join("\n"))
        }
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}
