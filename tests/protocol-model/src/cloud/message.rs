//! Presses and requests as the rules engine delivers them.

use lock_core::action::ClickType;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::press::Press;
use lock_core::request::Request;
use lock_core::time::UnixMillis;

use super::Cloud;
use crate::beginning::{button_serial, lock_index, lock_name};
use crate::configuration::{Configuration, counted_press};
use crate::rule::Rule;

/// The index of the button with this serial number.
pub fn button_index(name: &ButtonSerial) -> usize {
    let number = name.as_str().rsplit('-').next();
    number
        .and_then(|number| number.parse::<usize>().ok())
        .expect("the model names its buttons with a number")
        - 1
}

/// A press as the rule delivers it; `pressed` is when it was made, if it was.
pub fn press_of(
    config: &Configuration,
    press: u8,
    delivery: u8,
    pressed: Option<UnixMillis>,
    received_at: UnixMillis,
) -> Press {
    let made = config.presses.get(usize::from(press)).copied();
    let made = made.unwrap_or(counted_press(ClickType::Long));
    Press {
        button: button_serial(made.button),
        click: made.click,
        sequence: made.counted.then_some(100 + u64::from(press)),
        pressed_at: pressed.filter(|_| made.timed),
        good_for_ms: made.good_for_ms,
        received_at,
        press_id: format!("press-{press}-{delivery}"),
        principal: None,
        battery_mv: None,
    }
}

/// A request as the rule delivers it.
pub fn request_of(
    config: &Configuration,
    request: u8,
    requested: UnixMillis,
    received_at: UnixMillis,
) -> Request {
    let asked = config.requests[usize::from(request)];
    Request {
        lock: lock_name(asked.lock),
        intent: asked.intent,
        request_id: format!("request-{}", asked.id),
        requested_at: Some(requested),
        actor: None,
        received_at,
        principal: None,
    }
}

impl Cloud<'_> {
    /// The mark of a request, as (lock index, request number).
    pub(super) fn mark_of(&self, lock: &LockName, request_id: &str) -> (u8, u8) {
        let number = request_id.rsplit('-').next();
        let id = number
            .and_then(|number| number.parse().ok())
            .expect("the model names its requests with a number");
        if self.rules.without(Rule::C3MarkWithoutLock) {
            (0, id)
        } else {
            (lock_index(lock) as u8, id)
        }
    }
}
