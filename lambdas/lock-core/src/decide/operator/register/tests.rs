//! Registering locks and buttons, once and again.

use super::*;
use crate::action::ClickType;
use crate::decide::decide_press;
use crate::decide::tests::{NOW, lock, outcome, record};
use crate::press::Press;
use crate::record::Status;
use crate::report::Latch;
use crate::write::Written;

fn button() -> ButtonSerial {
    ButtonSerial::new("G030JF055364XVRB").unwrap()
}

#[test]
fn a_registered_lock_is_unknown_until_it_reports() {
    let limits = Limits::default();
    let decision = decide_register_lock(&lock(), None, Some("alice"), NOW, &limits).unwrap();
    assert_eq!(outcome(&decision), "noted: registered");
    assert_eq!(
        decision.writes.event.to_string(),
        "alice registers lock-1: noted: registered"
    );
    let write = decision.writes.record.unwrap();
    let created = write.apply(None).record().unwrap();
    assert_eq!(
        (created.status, created.state),
        (Status::Unresponsive, Latch::Unknown)
    );
    assert_eq!((created.version.0, created.bound_at), (0, None));
    let existing = record("settled/locked");
    assert_eq!(
        write.apply(existing.as_ref()),
        Written::Conflict,
        "never over an existing one"
    );
    let again = decide_register_lock(&lock(), existing.as_ref(), None, NOW, &limits);
    assert_eq!(again, None);
}

#[test]
fn presses_of_a_registered_button_say_that_it_is_not_bound() {
    let limits = Limits::default();
    let decision = decide_register_button(&button(), None, None, NOW, &limits).unwrap();
    assert_eq!(outcome(&decision), "noted: registered");
    let event = &decision.writes.event;
    assert_eq!(event.subject.name(), "G030JF055364XVRB");
    assert_eq!(
        event.to_string(),
        "someone registers G030JF055364XVRB: noted: registered"
    );
    let write = decision.writes.binding.unwrap();
    let binding = write.apply(None).expect("there was none");
    assert_eq!(
        (binding.lock.as_ref(), binding.enabled, binding.revision),
        (None, true, NOW.0)
    );
    assert_eq!(
        write.apply(Some(&binding)),
        None,
        "never over an existing one"
    );
    let press = Press {
        button: button(),
        click: ClickType::Long,
        sequence: Some(1),
        pressed_at: None,
        good_for_ms: None,
        received_at: NOW,
        press_id: "p1".to_owned(),
        principal: None,
        battery_mv: None,
    };
    let pressed = decide_press(None, Some(&binding), &press, NOW, &limits);
    assert_eq!(outcome(&pressed), "ignored: not-bound");
    let again = decide_register_button(&button(), Some(&binding), None, NOW, &limits);
    assert_eq!(again, None);
}
