//! Presses and requests as the rules hand them over. It must not know what comes of them.

use lock_core::action::ClickType;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::press::Press;
use lock_core::request::Request;
use lock_core::time::UnixMillis;

use super::Cloud;
use crate::begin::{button, lock, lock_index};
use crate::configuration::{Config, counted};
use crate::rule::Rule;

/// Which button has this name.
pub fn button_index(name: &ButtonSerial) -> usize {
    let number = name.as_str().rsplit('-').next();
    number
        .and_then(|number| number.parse::<usize>().ok())
        .expect("the model names its buttons with a number")
        - 1
}

/// A press, as the rule hands it over; `pressed` is when it was made, where it was.
pub fn press_of(
    config: &Config,
    press: u8,
    delivery: u8,
    pressed: Option<UnixMillis>,
    received_at: UnixMillis,
) -> Press {
    let made = config.presses.get(usize::from(press)).copied();
    let made = made.unwrap_or(counted(ClickType::Long));
    Press {
        button: button(made.button),
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

/// A request, as the rule hands it over.
pub fn request_of(
    config: &Config,
    request: u8,
    requested: UnixMillis,
    received_at: UnixMillis,
) -> Request {
    let asked = config.requests[usize::from(request)];
    Request {
        lock: lock(asked.lock),
        intent: asked.intent,
        request_id: format!("request-{}", asked.id),
        requested_at: Some(requested),
        actor: None,
        received_at,
        principal: None,
    }
}

impl Cloud<'_> {
    /// The mark of a request, in the model's numbers.
    pub(super) fn mark_of(&self, lock: &LockName, request_id: &str) -> (u8, u8) {
        let number = request_id.rsplit('-').next();
        let id = number
            .and_then(|number| number.parse().ok())
            .expect("the model names its requests with a number");
        match self.rules.without(Rule::C3MarkWithoutLock) {
            true => (0, id),
            false => (lock_index(lock) as u8, id),
        }
    }
}
