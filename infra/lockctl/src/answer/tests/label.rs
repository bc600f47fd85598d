//! Answers about a lock and a button that have labels: a person reads both, a command takes the
//! name.

use lock_core::label::{Label, Labels};

use super::*;
use crate::outcome::End;

const DOOR: &str = "Front door, Hall (lock-1)";
const FOB: &str = "fob (button-1)";

/// A lock and a button with labels.
fn register() -> Register {
    let label = |text: &str| Some(Label::new(text).expect("a label"));
    let mut register = Register {
        locks: vec![lock("lock-1")],
        buttons: vec![button()],
        ..Register::default()
    };
    let door = Labels {
        label: label("Front door"),
        room: label("Hall"),
    };
    let fob = Labels {
        label: label("fob"),
        room: None,
    };
    register.names.insert(Subject::Lock(lock("lock-1")), door);
    register.names.insert(Subject::Button(button()), fob);
    register
}

/// Checks the first line, up to where it goes on.
fn check(answer: &Answer, wanted: &[String]) {
    for (line, wanted) in answer.lines.iter().zip(wanted) {
        assert!(line.starts_with(wanted), "{line}\nwanted: {wanted}");
    }
    assert!(answer.lines.len() >= wanted.len(), "{:?}", answer.lines);
}

#[test]
fn status_shows_the_labels_and_a_command_that_takes_the_name() {
    let (names, locks) = (register().names, [lock("lock-1")]);
    let record = Record::created(lock("lock-1"), THEN);
    let answer = status::status_answer(&locks, &[record], &names, THEN, None);
    check(&answer, &[format!("{DOOR} unknown: never reported")]);
    assert_eq!(answer.body["locks"][0]["label"], "Front door");
    assert_eq!(answer.body["locks"][0]["room"], "Hall");
    let missing = status::status_answer(&locks, &[], &names, THEN, None);
    let wanted =
        "registered, but its record is missing; `lockctl register lock lock-1 --record-only`";
    check(&missing, &[format!("{DOOR}: {wanted}")]);
}

#[test]
fn history_shows_the_labels_of_lock_and_button() {
    let (names, bound) = (register().names, binding(Some("lock-1"), true));
    let subject = Subject::Lock(lock("lock-1"));
    let event = Event::new(subject, Kind::Press, THEN, "p1".into(), &Limits::default());
    let event = Event {
        button: Some(button()),
        click: Some(lock_core::action::ClickType::Single),
        ..event.with_decision(Verdict::Ignored, Reason::STALE)
    };
    let name = lock("button-1");
    let events = [event];
    let answer = history::history_answer(&name, &names, &events, None, Some(&bound), None);
    let pressed = format!("{FOB} SINGLE: ignored: stale");
    assert!(answer.lines[0].ends_with(&pressed), "{:?}", answer.lines);
    let wanted = "its presses are in `lockctl history lock-1`";
    assert_eq!(
        answer.lines[1],
        format!("{FOB} is bound to {DOOR}: {wanted}")
    );
    assert_eq!(answer.body["label"], "fob");
    assert_eq!(answer.body["history"][0]["text"], pressed);
    assert_eq!(answer.body["history"][0]["button"], "button-1");
}

#[test]
fn bindings_show_the_labels_of_both() {
    let register = register();
    let (names, bound) = (&register.names, binding(Some("lock-1"), true));
    let answer = bind::list_answer(&register, std::slice::from_ref(&bound));
    check(&answer, &[format!("{FOB} commands {DOOR}: single")]);
    assert_eq!(answer.body["bindings"][0]["label"], "fob");
    let answer = bind::bound_answer(&bound, &bound, names, &wish(false), None);
    let wanted = ["now commands", "it already commanded"];
    let wanted = [
        format!("{FOB} {} {DOOR}: single", wanted[0]),
        format!("{} {DOOR}: single", wanted[1]),
    ];
    check(&answer, &wanted);
    let answer = bind::unbound_answer(&bound, names, Some(&COMMAND));
    let wanted = [
        format!("{FOB} no longer commands {DOOR}; it stays registered"),
        format!("{DOOR} is not known to be locked: lock command v8"),
    ];
    check(&answer, &wanted);
    assert_eq!(answer.body["label"], "fob");
}

#[test]
fn acts_and_ends_of_commands_show_the_labels() {
    let (names, door) = (register().names, lock("lock-1"));
    let revoked = (Verdict::Noted, &Reason::REVOKED);
    let answer = revoke::revoked_answer(&button(), Some(&door), &names, revoked, None);
    let wanted = "its presses are ignored";
    check(
        &answer,
        &[format!("{FOB} no longer commands {DOOR}: {wanted}")],
    );
    assert_eq!(answer.body["label"], "fob");
    let answer = recover::recovered_answer(&[recovery(&door, Ok(COMMAND))], &names, &[]);
    check(&answer, &[format!("{DOOR}: unknown until it reports")]);
    assert_eq!(answer.body["locks"][0]["room"], "Hall");
    let end = End::Done(Box::new(Record::created(door, THEN)));
    let line = end.line(&names, 1.2, |_| String::new());
    assert_eq!(line, format!("{DOOR} is unknown after 1.2 s"));
}
