//! Each message as a person reads it, and when there is one.

use super::*;
use crate::event::Subject;
use crate::label::{Label, Labels};
use crate::limits::Limits;
use crate::name::{ButtonSerial, LockName};
use crate::reason::Reason;
use crate::report::Source;

/// 18:04 in these tests, like every minute in which something happens.
const AT: UnixMillis = UnixMillis(4);
const BEFORE: UnixMillis = UnixMillis(1);

fn time(at: UnixMillis) -> String {
    format!("18:{:02}", at.0)
}

fn door() -> Subject {
    Subject::Lock(LockName::new("front-door").unwrap())
}

fn button() -> ButtonSerial {
    ButtonSerial::new("hall-button").unwrap()
}

fn event(subject: Subject, kind: Kind) -> Event {
    Event::new(subject, kind, AT, "key".to_owned(), &Limits::default())
        .with_decision(Verdict::Noted, Reason::EVENT_AGE)
}

/// A used report of the front door by which it became unlocked.
fn unlock(source: Source) -> Event {
    Event {
        latch: Some(Latch::Unlocked),
        was: Some(Latch::Locked),
        source: Some(source),
        ..event(door(), Kind::Report).with_decision(Verdict::Settled, Reason::EXECUTED)
    }
}

fn alert(alert: Alert, event: Event) -> Event {
    Event {
        alerts: vec![alert],
        ..event
    }
}

/// The one announcement of a new event, as `subject | text`.
fn only_one(event: &Event, unlocks: bool) -> String {
    let sent = announcements(None, event, unlocks, &Names::default(), &time);
    let [sent] = &sent[..] else {
        panic!("one announcement: {sent:?}");
    };
    format!("{} | {}", sent.subject, sent.text)
}

/// Every alert with the event that raises it.
fn raised() -> Vec<(Alert, Event, &'static str)> {
    use Alert as A;
    let sweep = || event(door(), Kind::Sweep);
    let report = || event(door(), Kind::Report);
    let detailed = |detail: &str, event: Event| Event {
        detail: Some(detail.to_owned()),
        ..event
    };
    let since = |event: Event| Event {
        since: Some(BEFORE),
        ..event
    };
    let pressed = |subject| Event {
        button: Some(button()),
        ..event(subject, Kind::Press)
    };
    vec![
        (
            A::ImplausibleVersion,
            report(),
            "front-door: impossible command number | At 18:04 front-door reported a command \
             number that nobody can have sent. It may refuse commands from now on. Run lockctl \
             recover front-door --running.",
        ),
        (
            A::OtherCommand,
            report(),
            "front-door: executed an unknown command | At 18:04 front-door reported a command \
             that this system did not send. The system locks the door. Find out who else sends \
             commands to front-door.",
        ),
        (
            A::UnlockedAtBoot,
            report(),
            "front-door: unlocked after a power cut | front-door came up unlocked after a power \
             cut at 18:04. Check that the door is closed and locked.",
        ),
        (
            A::NoVersionLeft,
            report(),
            "front-door: takes no more commands | front-door can take no more commands: at 18:04 \
             no command number was left. Run lockctl recover front-door --running. Use the key \
             until then.",
        ),
        (
            A::UnlockNotAnswered,
            sweep(),
            "front-door: may be open | front-door may be open: it did not answer an unlock by \
             18:04. The system locks it now. Check that the door is closed and locked.",
        ),
        (
            A::Unresponsive,
            since(sweep()),
            "front-door: does not answer | front-door has not answered since 18:01. Check the \
             door, which may be in any state. Check the power and the Wi-Fi of the lock.",
        ),
        (
            A::Unresponsive,
            sweep(),
            "front-door: does not answer | front-door does not answer: this was noticed at 18:04. \
             Check the door, which may be in any state. Check the power and the Wi-Fi of the lock.",
        ),
        (
            A::Jammed,
            report(),
            "front-door: jammed | front-door is jammed: at 18:04 the bolt was neither locked nor \
             unlocked. The system has stopped trying. Free the bolt, then lock the door.",
        ),
        (
            A::Contested,
            report(),
            "front-door: does not stay locked | front-door does not stay locked: by 18:04 the \
             system had locked it several times in a row. Check the door. Look for another system \
             or a second device that uses this name.",
        ),
        (
            A::Clock,
            report(),
            "front-door: its clock is wrong | The clock of front-door is not set or wrong: an \
             unlock failed because of it at 18:04. Check its Wi-Fi. Use the key until an unlock \
             works again.",
        ),
        (
            A::UnlockRefused,
            detailed("refused: door\nopen", sweep()),
            "front-door: refused an unlock | front-door did not carry out an unlock by 18:04 \
             (refused: door open). The system locks it now. Look at lockctl history front-door \
             before the next try.",
        ),
        (
            A::SettingsKept,
            report(),
            "front-door: its settings file is lost | At 18:04 front-door reported that its \
             settings file is missing or damaged. It uses older settings, which may be out of \
             date. Write its settings again.",
        ),
        (
            A::GivenUp,
            pressed(Subject::Button(button())),
            "hall-button: a press was given up | A press of hall-button at 18:04 was given up \
             (event age). The door may not have moved. Press again, and look at lockctl history \
             hall-button if this repeats.",
        ),
        (
            A::GivenUp,
            pressed(door()),
            "front-door: a press was given up | A press of hall-button at 18:04 was given up \
             (event age). The door may not have moved. Press again, and look at lockctl history \
             front-door if this repeats.",
        ),
        (
            A::GivenUp,
            event(door(), Kind::Request),
            "front-door: a request was given up | A request to front-door at 18:04 was given up \
             (event age). The door may not have moved. Repeat it, and look at lockctl history \
             front-door if this repeats.",
        ),
        (
            A::GivenUp,
            report(),
            "front-door: a report was given up | A report of front-door at 18:04 was given up \
             (event age). The next one replaces it. Look at lockctl history front-door if this \
             repeats.",
        ),
        (
            A::NotPublished,
            pressed(door()),
            "front-door: a command was not sent | A command to front-door could not be sent at \
             18:04. The door may not have moved. A lock command is sent again within minutes; \
             repeat an unlock.",
        ),
        (
            A::Forced,
            report(),
            "front-door: opened while locked | front-door was opened at 18:04 while it was \
             locked. Go and look, or send somebody who can.",
        ),
        (
            A::LeftOpen,
            since(sweep()),
            "front-door: left open | front-door has been open since 18:01. Close it, or find out \
             why it is open.",
        ),
        (
            A::BatteryLow,
            detailed("1150 mV", pressed(door())),
            "hall-button: battery low | The battery of hall-button was low at 18:04 (1150 mV). \
             Replace it soon.",
        ),
    ]
}

#[test]
fn each_alert_says_which_door_what_since_when_and_what_to_do() {
    let rows = raised();
    for (code, event, wanted) in &rows {
        assert_eq!(only_one(&alert(*code, event.clone()), false), *wanted);
        let sentences = wanted.split(" | ").last().unwrap().split(". ").count();
        assert!(sentences <= 3, "{wanted}");
    }
    let has_row = |alert: &&Alert| rows.iter().any(|row| row.0 == **alert);
    assert_eq!(
        Alert::ALL.iter().filter(has_row).count(),
        Alert::ALL.len(),
        "an alert without a row"
    );
}

#[test]
fn each_unlock_says_which_door_who_or_what_and_when() {
    let remote = || unlock(Source::Remote);
    let rows = [
        (
            Event {
                button: Some(button()),
                ..remote()
            },
            "front-door was unlocked by hall-button at 18:04.",
        ),
        (
            Event {
                actor: Some("Zoë\r\nof IT".to_owned()),
                ..remote()
            },
            "front-door was unlocked at 18:04 by a request of Zoë  of IT.",
        ),
        (
            remote(),
            "front-door was unlocked at 18:04 by a command. Look at lockctl history front-door \
             for its cause.",
        ),
        (
            // An alert of the same event is about an earlier time.
            Event {
                since: Some(BEFORE),
                ..unlock(Source::Manual)
            },
            "front-door was unlocked by hand from inside at 18:04.",
        ),
        (
            unlock(Source::Boot),
            "front-door was unlocked by power-on at 18:04. Check that the door is locked.",
        ),
        (
            unlock(Source::Auto),
            "front-door unlocked by itself at 18:04.",
        ),
    ];
    for (event, wanted) in rows {
        assert_eq!(
            only_one(&event, true),
            format!("front-door: unlocked | {wanted}")
        );
    }
}

#[test]
fn only_the_report_that_unlocks_a_door_announces_it_and_only_if_asked() {
    let unlocked = || unlock(Source::Manual);
    let codes = |old: Option<&Event>, new: &Event, unlocks| {
        let sent = announcements(old, new, unlocks, &Names::default(), &time);
        sent.into_iter().map(|sent| sent.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(None, &unlocked(), true), [UNLOCKED]);
    assert_eq!(codes(None, &unlocked(), false), [""; 0]);
    assert_eq!(codes(Some(&unlocked()), &unlocked(), true), [""; 0]);
    let both = alert(Alert::UnlockedAtBoot, unlock(Source::Boot));
    assert_eq!(codes(None, &both, true), ["unlocked-at-boot", UNLOCKED]);
    let latch = |was, latch| Event {
        was,
        latch: Some(latch),
        ..unlocked()
    };
    let decided = |verdict| unlocked().with_decision(verdict, Reason::NOT_FROM_LOCK);
    for event in [
        latch(Some(Latch::Unlocked), Latch::Unlocked),
        latch(Some(Latch::Unlocked), Latch::Locked),
        latch(Some(Latch::Locked), Latch::Jammed),
        latch(None, Latch::Unlocked),
        Event {
            kind: Kind::Press,
            ..unlocked()
        },
        decided(Verdict::Ignored),
        decided(Verdict::Refused),
    ] {
        assert_eq!(codes(None, &event, true), [""; 0], "{event:?}");
    }
    for was in [Latch::Locked, Latch::Jammed, Latch::Unknown] {
        let event = latch(Some(was), Latch::Unlocked);
        assert_eq!(codes(None, &event, true), [UNLOCKED], "{was}");
    }
}

#[test]
fn an_alert_that_the_event_had_before_is_not_announced_again() {
    let alerts = |alerts: &[Alert]| Event {
        alerts: alerts.to_vec(),
        ..event(door(), Kind::Report)
    };
    // before, now => announced
    use Alert::{Clock, Forced};
    type Alerts = &'static [Alert];
    let rows: [(Option<Alerts>, Alerts, Alerts); 5] = [
        (None, &[], &[]),
        (None, &[Forced, Clock], &[Forced, Clock]),
        (Some(&[]), &[Forced], &[Forced]),
        (Some(&[Forced]), &[Forced, Clock], &[Clock]),
        (Some(&[Forced]), &[Forced], &[]),
    ];
    for (old, new, wanted) in rows {
        let old = old.map(alerts);
        let sent = announcements(old.as_ref(), &alerts(new), true, &Names::default(), &time);
        let codes: Vec<&str> = sent.iter().map(|sent| sent.code).collect();
        let wanted: Vec<&str> = wanted.iter().map(|alert| alert.as_str()).collect();
        assert_eq!(codes, wanted);
    }
}

#[test]
fn a_subject_is_one_short_line_of_ascii_whatever_the_name() {
    let long = "n".repeat(128);
    let (lock, button) = (
        Subject::Lock(LockName::new(long.as_str()).unwrap()),
        ButtonSerial::new(long.as_str()).unwrap(),
    );
    let kinds = [Kind::Press, Kind::Request, Kind::Report, Kind::Sweep];
    for kind in kinds {
        let event = Event {
            alerts: Alert::ALL.to_vec(),
            button: Some(button.clone()),
            latch: Some(Latch::Unlocked),
            was: Some(Latch::Locked),
            ..event(lock.clone(), kind)
        };
        let all = announcements(None, &event, true, &Names::default(), &time);
        assert!(all.len() >= Alert::ALL.len(), "{all:?}");
        for Announcement { subject, text, .. } in all {
            assert_eq!(subject.len(), SUBJECT_CHARS_MAX, "{subject}");
            let is_printable = |c: char| c == ' ' || c.is_ascii_graphic();
            assert!(subject.chars().all(is_printable), "{subject}");
            assert!(subject.starts_with("nnn") && subject.contains("n...: "));
            assert!(text.contains(&long), "the text has the whole name: {text}");
        }
    }
}

#[test]
fn a_message_calls_door_and_button_by_their_labels_and_commands_by_their_names() {
    let labels = |label: &str, room: Option<&str>| Labels {
        label: Some(Label::new(label).unwrap()),
        room: room.map(|room| Label::new(room).unwrap()),
    };
    let mut names = Names::default();
    names.insert(door(), labels("Front door", Some("Hall")));
    names.insert(Subject::Button(button()), labels("fob", None));
    let pressed = |event: Event| Event {
        button: Some(button()),
        ..event
    };
    let press = || pressed(event(door(), Kind::Press));
    for (event, wanted) in [
        (
            alert(Alert::NoVersionLeft, event(door(), Kind::Report)),
            "Front door, Hall (front-door): takes no more commands | Front door, Hall \
             (front-door) can take no more commands: at 18:04 no command number was left. Run \
             lockctl recover front-door --running. Use the key until then.",
        ),
        (
            alert(Alert::BatteryLow, press()),
            "fob (hall-button): battery low | The battery of fob (hall-button) was low at 18:04. \
             Replace it soon.",
        ),
        (
            alert(Alert::GivenUp, press()),
            "Front door, Hall (front-door): a press was given up | A press of fob (hall-button) \
             at 18:04 was given up (event age exceeded). The door may not have moved. Press again, \
             and look at lockctl history front-door if this repeats.",
        ),
        (
            pressed(unlock(Source::Remote)),
            "Front door, Hall (front-door): unlocked | Front door, Hall (front-door) was unlocked \
             by fob (hall-button) at 18:04.",
        ),
    ] {
        let sent = announcements(None, &event, true, &names, &time);
        assert_eq!(sent.len(), 1, "{sent:?}");
        assert_eq!(format!("{} | {}", sent[0].subject, sent[0].text), wanted);
    }
}

#[test]
fn a_subject_has_the_labels_only_if_they_are_ascii_and_fit() {
    let whole = format!("{} (a)", "x".repeat(84));
    let too_long = format!("{} (a)", "x".repeat(85));
    for (title, wanted) in [
        ("a", "a: left open".to_owned()),
        ("Front door (a)", "Front door (a): left open".to_owned()),
        ("Haustür (a)", "a: left open".to_owned()),
        (&whole, format!("{whole}: left open")),
        (&too_long, "a: left open".to_owned()),
    ] {
        let called = Called {
            name: "a".to_owned(),
            title: title.to_owned(),
        };
        assert_eq!(subject(&called, "left open"), wanted);
    }
}
