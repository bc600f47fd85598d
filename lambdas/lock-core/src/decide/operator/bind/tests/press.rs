//! Presses around a binding: made before it, delivered again after it.

use super::*;
use crate::decide::decide_press;
use crate::press::Press;

fn long_press(sequence: Option<u64>, received_at: UnixMillis) -> Press {
    Press {
        button: ButtonSerial::new("button-1").unwrap(),
        click: ClickType::Long,
        sequence,
        pressed_at: None,
        good_for_ms: None,
        received_at,
        press_id: "p".to_owned(),
        principal: None,
        battery_mv: None,
    }
}

#[test]
fn a_press_made_before_the_button_was_bound_never_acts_on_its_lock() {
    // what was done, sequence, made before or at the binding, already in effect => decision
    let to = far_record("settled/locked");
    for (forget, revoked, sequence, made_ms, wanted) in [
        (false, false, Some(401), 0, "ignored: superseded"),
        (false, false, Some(401), 1, "ignored: superseded"),
        (false, true, Some(401), 1, "ignored: superseded"),
        (false, false, None, 1, "ignored: superseded"),
        (true, false, Some(401), 1, "ignored: superseded"),
        (true, true, None, 1, "ignored: superseded"),
        // Made after it:
        (false, false, Some(400), -1, "ignored: duplicate"),
        (false, false, Some(399), -1, "ignored: superseded"),
        (
            false,
            true,
            Some(401),
            -1,
            "command unlock v8 expires=+30001ms",
        ),
        (
            true,
            false,
            Some(1),
            -1,
            "command unlock v8 expires=+30001ms",
        ),
    ] {
        let before = Binding {
            enabled: !revoked,
            ..binding(Some(lock()))
        };
        let wish = BindWish {
            forget_last_press: forget,
            ..wish()
        };
        let from = record("settled/locked");
        let limits = Limits::default();
        let decision = decide_bind(&before, from.as_ref(), &to, wish, None, NOW, &limits);
        let bound = after(&decision, &before);
        let made_at = UnixMillis(NOW.0.saturating_add_signed(-made_ms));
        let press = long_press(sequence, made_at);
        let now = made_at.max(NOW);
        let pressed = decide_press(Some(&to), Some(&bound), &press, now, &limits);
        let case = format!("forget={forget} revoked={revoked} {sequence:?} {made_ms} ms before");
        assert_eq!(outcome(&pressed), wanted, "{case}");
    }
}

#[test]
fn a_press_that_opened_the_old_lock_is_the_same_press_after_binding_elsewhere() {
    let before = binding(Some(lock()));
    let from = record("settled/locked").unwrap();
    let to = far_record("settled/locked");
    let bound = after(&bind(&before, Some(&from), &to), &before);
    let limits = Limits::default();
    let again = long_press(Some(400), NOW.plus(10));
    let decision = decide_press(Some(&to), Some(&bound), &again, NOW.plus(10), &limits);
    assert_eq!(outcome(&decision), "ignored: duplicate");
}
