//! Messages about a door and a button that have labels.

use super::*;
use crate::label::{Label, Labels};

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
             at 18:04 was given up (event age). The door may not have moved. Press again, \
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
