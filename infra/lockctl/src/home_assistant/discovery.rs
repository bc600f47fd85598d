//! What Home Assistant learns about each door: one retained message, a device with its entities.
//!
//! Must not know: how a message reaches Home Assistant. Home Assistant drops a key that it does not
//! know silently, so `tests/vectors/home-assistant.json` lists the keys of each component.

use lock_core::action::ClickType;
use lock_core::label::Names;
use lock_core::name::LockName;
use lock_core::reason::Verdict;
use serde_json::{Map, Value, json};

use super::choice::Door;
use super::topic;

/// Age of a lock's report from which its state is unknown to a reader, in ms. Source: PROTOCOL,
/// Messages.
const STATE_AGE_MAX_MS: u64 = 40 * 60 * 1_000;
/// Home Assistant's own limit of a late command, in s.
const COMMAND_EXPIRY_S: u64 = 10;
/// The verdicts that are refusals.
const REFUSALS: [Verdict; 3] = [Verdict::Ignored, Verdict::Refused, Verdict::GivenUp];

/// A retained message of the house's broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its topic.
    pub topic: String,
    /// The name of its file, without a folder.
    pub file: String,
    /// JSON.
    pub payload: String,
}

/// The messages that make doors devices of Home Assistant.
pub fn messages(prefix: &str, bridge: &str, doors: &[Door], names: &Names) -> Vec<Message> {
    let message = |door: &Door| Message {
        topic: topic::discovery(prefix, &door.lock),
        file: file(door),
        payload: format!("{:#}\n", device(bridge, door, names)),
    };
    doors.iter().map(message).collect()
}

/// The name of a door's file.
pub fn file(door: &Door) -> String {
    format!("{}.json", topic::object(&door.lock))
}

/// The device of a door.
pub fn device(bridge: &str, door: &Door, names: &Names) -> Value {
    let labels = names.of_lock(&door.lock);
    let object = topic::object(&door.lock);
    let name = labels.label.as_ref().map(|label| label.as_str());
    let mut device = json!({
        "identifiers": [object],
        "name": name.unwrap_or(door.lock.as_str()),
        "manufacturer": "remote-lock",
        "model": if door.lock_only { "Door lock, lock only" } else { "Door lock" },
        "serial_number": door.lock,
    });
    if let Some(room) = &labels.room {
        device["suggested_area"] = json!(room);
    }
    let mut components = Map::new();
    for (id, mut component) in components_of(bridge, door) {
        component["unique_id"] = json!(format!("{object}-{id}"));
        component["availability"] = availability(bridge, &door.lock, id);
        component["availability_mode"] = json!("latest");
        components.insert(id.to_owned(), component);
    }
    json!({
        "device": device,
        "origin": {"name": "lockctl", "sw_version": env!("CARGO_PKG_VERSION")},
        "components": components,
    })
}

/// When an entity is shown: from a state that has arrived until the line to AWS says anything. That
/// it is up again hides, too, since what the entity had before may be old; the state that the
/// bridge asks for then shows it. The lock is not shown while it does not answer.
fn availability(bridge: &str, lock: &LockName, id: &str) -> Value {
    let shown = if id == "lock" {
        "'offline' if s.status == 'unresponsive' else 'online'"
    } else {
        "'online'"
    };
    json!([
        {
            "topic": topic::line(bridge),
            // Whatever the message is.
            "value_template": "offline",
            "payload_available": "online",
            "payload_not_available": "offline",
        },
        {
            "topic": topic::state(lock),
            "value_template": of_state(shown),
            "payload_available": "online",
            "payload_not_available": "offline",
        },
    ])
}

fn components_of(bridge: &str, door: &Door) -> [(&'static str, Value); 9] {
    let state = topic::state(&door.lock);
    let event = topic::event(&door.lock);
    [
        ("lock", lock(bridge, door)),
        (
            "door",
            json!({
                "platform": "binary_sensor",
                "name": "Door",
                "device_class": "door",
                "state_topic": state,
                "value_template": of_state("s.door"),
                "payload_on": "open",
                "payload_off": "closed",
                "qos": 1,
            }),
        ),
        (
            "problem",
            json!({
                "platform": "binary_sensor",
                "name": "Problem",
                "device_class": "problem",
                "state_topic": state,
                "value_template":
                    of_state("'ON' if s.status == 'unresponsive' or s.lock == 'jammed' else 'OFF'"),
                "expire_after": STATE_AGE_MAX_MS / 1_000,
                "qos": 1,
            }),
        ),
        (
            "signal",
            json!({
                "platform": "sensor",
                "name": "Signal",
                "device_class": "signal_strength",
                "unit_of_measurement": "dBm",
                "entity_category": "diagnostic",
                "state_topic": state,
                "value_template": of_state("s.rssi"),
                "expire_after": STATE_AGE_MAX_MS / 1_000,
                "qos": 1,
            }),
        ),
        ("changed", time("Last change", &state, "s.since")),
        ("reported", time("Last report", &state, "s.reportedAt")),
        // A settled report is what the lock entity shows, and comes every 15 minutes.
        (
            "event",
            happening(
                "Event",
                &event,
                Verdict::ALL,
                " and not (e.kind == 'report' and e.decision == 'settled')",
            ),
        ),
        ("refusal", happening("Refusal", &event, &REFUSALS, "")),
        ("button", button(&event)),
    ]
}

fn lock(bridge: &str, door: &Door) -> Value {
    let state = topic::state(&door.lock);
    // A pending command first: the latch is between its ends. An old state is none.
    let shown = format!(
        "'unknown' if s.reportedAt is none or now().timestamp() * 1000 - s.reportedAt > \
         {STATE_AGE_MAX_MS} else s.moving if s.moving else s.lock"
    );
    // HA's sandbox has no range above 100 000. `requestedAt` is what the cloud judges a late
    // request by; Home Assistant's own expiry ends at the first broker.
    let command = format!(
        "{{% set at = (now().timestamp() * 1000) | int %}}{{\"v\":1,\"action\":\"{{{{ value \
         }}}}\",\"requestId\":\"ha-{{{{ at }}}}-{{{{ range(0, 99999) | random \
         }}}}\",\"actor\":\"{bridge}\",\"requestedAt\":{{{{ at }}}}}}"
    );
    json!({
        "platform": "lock",
        // Null: the entity has the device's name.
        "name": null,
        "command_topic": topic::request(door),
        "command_template": command,
        "message_expiry_interval": COMMAND_EXPIRY_S,
        "payload_lock": "lock",
        "payload_unlock": "unlock",
        "state_topic": state,
        "value_template": of_state_or("'unknown'", &shown),
        "state_locked": "locked",
        "state_unlocked": "unlocked",
        "state_locking": "locking",
        "state_unlocking": "unlocking",
        "state_jammed": "jammed",
        "payload_reset": "unknown",
        "optimistic": false,
        "retain": false,
        "qos": 1,
    })
}

/// A moment. The template makes the time that Home Assistant reads of milliseconds.
fn time(name: &str, state: &str, field: &str) -> Value {
    let shown = format!("none if {field} is none else ({field} / 1000) | timestamp_local");
    json!({
        "platform": "sensor",
        "name": name,
        "device_class": "timestamp",
        "entity_category": "diagnostic",
        "state_topic": state,
        "value_template": of_state(&shown),
        "qos": 1,
    })
}

/// An event entity for the events with one of these verdicts, except those that `but` takes out.
/// Its attributes say the reason.
fn happening(name: &str, topic: &str, verdicts: &[Verdict], but: &str) -> Value {
    let types: Vec<&str> = verdicts.iter().map(|verdict| verdict.as_str()).collect();
    let wanted = types.join("', '");
    let shown = format!(
        "{{% set e = value_json %}}{{% if e.decision in ['{wanted}']{but} %}}{{{{ {{'event_type': \
         e.decision, 'kind': e.kind, 'action': e.action, 'reason': e.reason, 'actor': e.actor, \
         'button': e.button, 'text': e.text}} | to_json }}}}{{% endif %}}"
    );
    json!({
        "platform": "event",
        "name": name,
        "event_types": types,
        "state_topic": topic,
        "value_template": shown,
        "qos": 1,
    })
}

/// An event entity for the presses of the door's buttons.
fn button(topic: &str) -> Value {
    let clicks = [ClickType::Single, ClickType::Double, ClickType::Long];
    let types: Vec<String> = clicks
        .iter()
        .map(|click| click.as_str().to_lowercase())
        .collect();
    let shown = "{% set e = value_json %}{% if e.kind == 'press' and e.click %}{{ {'event_type': \
                 e.click | lower, 'button': e.button, 'decision': e.decision, 'reason': e.reason} \
                 | to_json }}{% endif %}";
    json!({
        "platform": "event",
        "name": "Button",
        "device_class": "button",
        "event_types": types,
        "state_topic": topic,
        "value_template": shown,
        "qos": 1,
    })
}

/// A template about the state `s`. A removed lock's empty message has none: unknown.
fn of_state(expression: &str) -> String {
    of_state_or("none", expression)
}

fn of_state_or(absent: &str, expression: &str) -> String {
    let begin = "{% set s = value_json if value_json is mapping else none %}";
    format!("{begin}{{{{ {absent} if s is none else ({expression}) }}}}")
}

#[cfg(test)]
mod tests;
