use super::*;
use crate::connection::turn::{SOONER, Turn};
use actix_web::http::header::X_FORWARDED_FOR;

fn connections(all: usize, per_client: usize) -> Arc<Connections> {
    let proxies = Proxies {
        trusted: vec!["10.0.0.0/8".parse().unwrap()],
        header: X_FORWARDED_FOR,
    };
    let limits = ConnectionLimits { all, per_client };
    Connections::new(limits, proxies, &mut Registry::default())
}

/// Admits a connection as if from that address.
fn connect(connections: &Arc<Connections>, peer: &str) -> Place {
    // Makes each admission search for room, however soon it follows the last one.
    connections.open().in_vain = 0;
    connections.admit(peer.parse().unwrap()).unwrap()
}

/// An entry for tests of what is read and written on its connection.
pub(crate) fn some_place() -> Place {
    connect(&connections(9, 9), "192.0.2.1")
}

fn is_open(place: &Place) -> bool {
    assert_eq!(
        place.connection.is_closed(),
        !place.among.open().connections.contains_key(&place.id)
    );
    !place.connection.is_closed()
}

/// The time that many milliseconds ago.
fn ago(place: &Place, millis: u64) -> u64 {
    place.among.clock.now() - millis
}

#[test]
fn whose_turn_it_is_fits_into_a_number() {
    for turn in [
        Turn::Server,
        Turn::Head(0),
        Turn::Answer(0),
        Turn::Body(7),
        Turn::Head(1 << 40),
    ] {
        assert_eq!(Turn::decode(turn.encode()), turn);
    }
}

#[test]
fn the_one_that_has_waited_longest_makes_room() {
    let connections = connections(2, 2);
    let first = connect(&connections, "192.0.2.1");
    let second = connect(&connections, "192.0.2.2");
    second.connection.set(Turn::Head(ago(&second, 5000)));
    first.connection.set(Turn::Head(ago(&first, 4000)));
    let third = connect(&connections, "192.0.2.3");
    assert!(is_open(&first) && !is_open(&second) && is_open(&third));
    // The server works on the first one, so it stays. The third one is closed, because its client has not taken the
    // answer for 2 seconds.
    first.connection.begin(false);
    third.connection.set(Turn::Answer(ago(&third, 2000)));
    let fourth = connect(&connections, "192.0.2.4");
    assert!(is_open(&first) && !is_open(&third) && is_open(&fourth));
    // No connection has waited for a second. The new one is admitted anyway, and the next search catches up.
    let fifth = connect(&connections, "192.0.2.5");
    assert!(is_open(&first) && is_open(&fourth) && is_open(&fifth));
    fourth.connection.set(Turn::Body(ago(&fourth, 1500)));
    connections.tidy();
    assert!(is_open(&first) && !is_open(&fourth) && is_open(&fifth));
}

#[test]
fn a_look_in_vain_is_not_repeated_at_once() {
    let connections = connections(1, 9);
    let first = connect(&connections, "192.0.2.1");
    let second = connect(&connections, "192.0.2.2");
    first.connection.set(Turn::Head(ago(&first, 5000)));
    let third = connections.admit("192.0.2.3".parse().unwrap()).unwrap();
    assert!(is_open(&first) && is_open(&second) && is_open(&third));
    let _fourth = connect(&connections, "192.0.2.4");
    assert!(!is_open(&first));
}

#[test]
fn one_client_makes_room_among_its_own_and_proxies_are_exempt() {
    let connections = connections(100, 2);
    let other = connect(&connections, "192.0.2.9");
    other.connection.set(Turn::Head(ago(&other, 5000)));
    let mine = [(); 3].map(|()| {
        let one = connect(&connections, "2001:db8::1");
        one.connection.set(Turn::Head(ago(&one, 4000)));
        one
    });
    assert!(is_open(&other));
    assert_eq!(mine.iter().filter(|place| is_open(place)).count(), 2);
    // A burst is admitted, up to twice the limit.
    let burst = [(); 4].map(|()| connect(&connections, "2001:db8::2"));
    assert!(connections.admit("2001:db8::3".parse().unwrap()).is_none());
    let proxied = [(); 5].map(|()| connect(&connections, "10.0.0.1"));
    assert!(proxied.iter().chain(&burst).all(is_open));
    drop((other, mine, burst, proxied));
    let open = connections.open();
    assert!(open.connections.is_empty() && open.per_client.is_empty());
}

#[test]
fn a_client_that_is_overdue_loses_its_connection() {
    let connections = connections(9, 9);
    let place = || connect(&connections, "192.0.2.1");
    let (idle, sending, taking, working) = (place(), place(), place(), place());
    let overdue = |place: &Place, margin: u64| ago(place, millis(PATIENCE) - margin);
    idle.connection.set(Turn::Head(overdue(&idle, 5000)));
    sending.connection.set(Turn::Body(overdue(&sending, 0)));
    taking.connection.set(Turn::Answer(overdue(&taking, 0)));
    working.connection.begin(false);
    // A client that makes progress gets more time.
    sending.connection.progress();
    connections.tidy();
    assert!(is_open(&idle) && is_open(&sending) && !is_open(&taking) && is_open(&working));
    idle.connection.set(Turn::Head(overdue(&idle, 0)));
    connections.tidy();
    assert!(!is_open(&idle) && is_open(&working));
}

#[test]
fn a_client_is_not_overdue_while_its_body_is_postponed() {
    let connections = connections(9, 9);
    let place = connect(&connections, "192.0.2.1");
    let connection = &place.connection;
    connection.set(Turn::Body(ago(&place, millis(PATIENCE))));
    assert!(connection.postpone_body());
    connections.tidy();
    assert!(is_open(&place));
    connection.begin(true);
    assert!(matches!(connection.turn(), Turn::Body(_)));
    connections.tidy();
    assert!(is_open(&place));
    // Without a body there is nothing to postpone.
    connection.begin(false);
    assert!(!connection.postpone_body());
}

#[test]
fn the_next_head_is_due_soon_if_the_body_was_not_read() {
    let place = some_place();
    for (read, due) in [
        (true, millis(PATIENCE)),
        (false, millis(PATIENCE) - millis(SOONER)),
    ] {
        place.connection.begin(true);
        if read {
            place.connection.has_body();
        }
        let sending = place.connection.answer(Instant::now());
        assert!(matches!(place.connection.turn(), Turn::Answer(_)));
        drop(sending);
        let Turn::Head(since) = place.connection.turn() else {
            panic!("{:?}", place.connection.turn())
        };
        let left = since + millis(PATIENCE) - place.among.clock.now();
        assert!(left <= due && left + 500 > due, "{left}");
    }
}
