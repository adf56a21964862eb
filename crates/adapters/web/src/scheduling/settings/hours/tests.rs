use super::*;
use chatgrow_domain::Language;
use time::macros::date;

const T: Words = Words(Language::English);

fn rule(day: Weekday, opens: i64, closes: i64) -> WeeklyOpening {
    WeeklyOpening {
        day,
        opening: Opening::new(opens, closes).unwrap(),
        valid_from: None,
        valid_until: None,
    }
}

fn hours(week: Vec<WeeklyOpening>) -> Hours {
    let closed = DayException {
        date: date!(2030 - 06 - 05),
        openings: Vec::new(),
    };
    Hours::new(Some(week), vec![closed]).unwrap()
}

fn shown(hours: &Hours) -> Form {
    let mut form = Form::default();
    fill_week(&mut form, hours);
    form
}

#[test]
fn what_the_form_shows_it_reads() {
    let no_week = Hours::new(None, hours(vec![]).exceptions().to_vec()).unwrap();
    let open = hours(vec![
        rule(Weekday::Sunday, 540, 780),
        rule(Weekday::Sunday, 840, 1080),
        rule(Weekday::Monday, 0, 1440),
        rule(Weekday::Saturday, 1200, 1560),
    ]);
    for hours in [no_week, hours(vec![]), open] {
        let mut form = shown(&hours);
        assert_eq!(read_week(&mut form, T, &hours), Some(hours), "{form:?}");
        assert!(form.is_valid());
    }
}

#[test]
fn what_the_form_cannot_show_is_kept() {
    let friday = |opens| rule(Weekday::Friday, opens, opens + 60);
    let seasonal = WeeklyOpening {
        valid_from: Some(date!(2030 - 06 - 01)),
        ..friday(600)
    };
    for week in [
        vec![seasonal],
        vec![friday(0), friday(60), friday(120)],
        vec![rule(Weekday::Friday, 540, 1980)],
    ] {
        let present = hours(week);
        let view = View::new(T, &present, date!(2030 - 06 - 05), ["hours-always", "hours-some"]);
        assert!(view.week.is_none());
        let mut form = Form::of([("week", "none".to_owned())]);
        assert_eq!(read_week(&mut form, T, &present), Some(present));
    }
}

#[test]
fn faults_stand_beside_their_windows() {
    let of = |windows: [&str; 4]| {
        let [opens, closes, again, until] = windows.map(str::to_owned);
        Form::of([
            ("week", "some".to_owned()),
            ("open-2", "on".to_owned()),
            ("opens-2-1", opens),
            ("closes-2-1", closes),
            ("opens-2-2", again),
            ("closes-2-2", until),
        ])
    };
    for (windows, field) in [
        (["", "18:00", "", ""], "opens-2-1"),
        (["09:00", "late", "", ""], "closes-2-1"),
        (["09:00", "09:00", "", ""], "closes-2-1"),
        (["09:00", "13:00", "14:00", ""], "closes-2-2"),
        (["09:00", "14:00", "13:00", "18:00"], "opens-2-2"),
    ] {
        let mut form = of(windows);
        assert_eq!(read_week(&mut form, T, &Hours::default()), None, "{windows:?}");
        assert!(form.fault(field).is_some(), "{windows:?}");
    }
    let mut none = Form::default();
    assert_eq!(read_week(&mut none, T, &Hours::default()), None);
    assert!(none.fault("week").is_some());
}

#[test]
fn special_days_come_and_go() {
    let present = hours(vec![rule(Weekday::Sunday, 540, 1020)]);
    let of = |date: &str, special: &str| {
        Form::of([
            ("date", date.to_owned()),
            ("special", special.to_owned()),
            ("opens-special-1", "20:00".to_owned()),
            ("closes-special-1", "02:00".to_owned()),
        ])
    };
    let more = read_special(&mut of("2030-06-06", "some"), T, &present).unwrap();
    let view = View::new(T, &more, date!(2030 - 06 - 06), ["hours-always", "hours-some"]);
    assert_eq!((view.past.len(), view.coming.len()), (1, 1));
    assert_eq!(view.coming[0].times.as_deref(), Some("20:00–02:00"));
    assert_eq!(without(&more, &view.coming[0].date), Some(present.clone()));

    let mut twice = of("2030-06-05", "none");
    assert_eq!(read_special(&mut twice, T, &present), None);
    assert!(twice.fault("date").is_some());
}
