//! The line of an event whose lock and button have labels.

use super::*;
use crate::label::{Label, Labels, Names};

#[test]
fn a_line_shows_the_labels_of_its_lock_and_its_button() {
    let labels = |text| Labels {
        label: Some(Label::new(text).unwrap()),
        room: None,
    };
    let mut names = Names::default();
    names.insert(Subject::Lock(lock()), labels("Front door"));
    names.insert(Subject::Button(press().button), labels("hall"));
    let stale = |event: Event| event.with_decision(Verdict::Ignored, Reason::STALE);
    let alice = Some("alice");
    for (event, wanted) in [
        (
            stale(Event::of_press(&press(), Some(&lock()), None, &limits())),
            "hall (button-1) LONG: ignored: stale",
        ),
        (
            Event::of_register(Subject::Lock(lock()), alice, NOW, &limits())
                .with_decision(Verdict::Noted, Reason::REGISTERED),
            "alice registers Front door (lock-1): noted: registered",
        ),
        (
            Event::of_binding(Kind::Revoke, &binding(), alice, NOW, &limits())
                .with_decision(Verdict::Noted, Reason::REVOKED),
            "alice revokes hall (button-1): noted: revoked",
        ),
    ] {
        assert_eq!(event.with_names(&names).to_string(), wanted);
        assert_eq!(
            event.with_names(&Names::default()).to_string(),
            event.to_string()
        );
    }
}
