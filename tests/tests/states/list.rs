//! Every page of the console in every state: what the server sends, and what a person does.
//!
//! Must not know: how a state is inspected.

use e2e::page::PLACES;
use serde_json::{Value, json};

/// A moment in 2025.
const NOW: u64 = 1_763_779_512_345;
/// The longest label, of one word.
const LONG: &str = "Donaudampfschifffahrtsgesellschaftskabin";

/// A state of a page.
pub struct State {
    pub name: &'static str,
    /// The part of the address after the number sign.
    pub route: &'static str,
    /// What the server sends.
    pub events: Vec<(&'static str, Value)>,
    /// What a person does then: the path of an element to click.
    pub clicks: Vec<&'static str>,
    /// The path of an element that shows that the state is drawn.
    pub drawn: &'static str,
}

impl State {
    fn new(name: &'static str, route: &'static str, board: Value, drawn: &'static str) -> Self {
        Self {
            name,
            route,
            events: vec![("state", board)],
            clicks: Vec::new(),
            drawn,
        }
    }

    /// The server sends this, too.
    fn with(mut self, event: &'static str, data: Value) -> Self {
        self.events.push((event, data));
        self
    }

    /// A person clicks this, too.
    fn click(mut self, path: &'static str) -> Self {
        self.clicks.push(path);
        self
    }
}

fn device(latch: &str) -> Value {
    json!({ "powered": true, "network": true, "connected": true, "latch": latch, "movements": 3 })
}

/// A lock on which cloud and device agree, with a history.
pub fn lock(thing: &str, latch: &str) -> Value {
    let event = |at: u64, text: &str, ignored: bool| {
        json!({ "at": NOW - at, "key": text, "kind": "press", "decision": "command",
            "reason": "pressed", "action": "unlock", "button": "button-1", "text": text,
            "ignored": ignored })
    };
    json!({
        "thing": thing, "label": "Front door", "room": "Hall", "device": device(latch),
        "record": { "state": latch, "status": "settled", "certainty": "acknowledged",
            "version": 7, "reported": { "at": NOW },
            "command": { "action": "unlock", "cause": "button hall (button-1)", "id": "c-1",
                "createdAt": NOW, "expiresAt": NOW, "attempts": 1 } },
        "shadow": { "reported": { "lock": latch, "version": 7 }, "version": 9, "at": NOW },
        "history": [event(0, "hall (button-1) SINGLE: unlock", false),
            event(5_000, "hall (button-1) SINGLE: ignored: quiet window", true)],
    })
}

fn button(thing: &str, lock: Option<&str>) -> Value {
    json!({ "thing": thing, "label": "hall", "lock": lock, "revoked": false,
        "device": { "powered": true, "network": true, "connected": true } })
}

/// A thing with some other fields; `record.state` names a field of a field.
fn change(mut thing: Value, fields: &[(&str, Value)]) -> Value {
    for (name, value) in fields {
        let pointer = format!("/{}", name.replace('.', "/"));
        match thing.pointer_mut(&pointer) {
            Some(field) => *field = value.clone(),
            None => thing[*name] = value.clone(),
        }
    }
    thing
}

/// A whole board.
pub fn board(locks: &[Value], buttons: &[Value]) -> Value {
    let alerts = json!([]);
    json!({ "number": 1, "locks": locks, "buttons": buttons, "alerts": alerts })
}

/// Locks in every state, by name.
fn locks() -> Vec<(&'static str, Value)> {
    let pending = [
        ("record.status", json!("pending")),
        ("record.certainty", json!("assumed")),
    ];
    let dark = json!({ "powered": false, "network": true, "connected": false });
    let away = json!({ "powered": true, "network": false, "connected": false, "latch": "locked" });
    let ajar = json!({ "powered": true, "network": true, "connected": true, "latch": "unlocked",
        "doorOpen": true, "movements": 1 });
    let half_open = json!({ "powered": true, "network": true, "halfOpen": true, "connected": true,
        "latch": "locked" });
    let stuck = json!({ "powered": true, "network": true, "connected": true, "latch": "locked",
        "doorOpen": true, "exitPressed": true, "boltJammed": true, "bolt": "in",
        "clock": { "hears": false, "aheadS": 0, "driftPpm": 200 } });
    vec![
        ("locked", lock("lock-1", "locked")),
        ("unlocked", lock("lock-2", "unlocked")),
        ("waits", change(lock("lock-3", "locked"), &pending)),
        (
            "differs",
            change(lock("lock-4", "locked"), &[("device", device("unlocked"))]),
        ),
        (
            "no power",
            change(lock("lock-5", "locked"), &[("device", dark)]),
        ),
        (
            "no network",
            change(lock("lock-6", "locked"), &[("device", away)]),
        ),
        (
            "open",
            change(lock("lock-7", "unlocked"), &[("device", ajar)]),
        ),
        (
            "jammed",
            change(
                lock("lock-8", "locked"),
                &[
                    ("record.state", json!("jammed")),
                    ("device", device("jammed")),
                ],
            ),
        ),
        (
            "silent",
            change(
                lock("lock-9", "locked"),
                &[
                    ("record.status", json!("unresponsive")),
                    ("record.certainty", json!("unknown")),
                ],
            ),
        ),
        (
            "no device",
            change(lock("lock-10", "locked"), &[("device", Value::Null)]),
        ),
        (
            "new",
            json!({ "thing": "lock-11", "device": device("locked"), "history": [] }),
        ),
        (
            "error",
            change(
                lock("lock-12", "locked"),
                &[("error", json!("read the record of lock-12: no answer"))],
            ),
        ),
        (
            "long",
            change(
                lock("lock-13", "locked"),
                &[("label", json!(LONG)), ("room", json!(LONG))],
            ),
        ),
        (
            "half-open",
            change(lock("lock-14", "locked"), &[("device", half_open)]),
        ),
        (
            "every switch moved",
            change(
                lock("lock-15", "locked"),
                &[("record.state", json!("jammed")), ("device", stuck)],
            ),
        ),
    ]
}

/// A way of a press of `button-1` for `lock` with the first of these steps.
fn way(lock: &str, steps: usize, end: &Value) -> Value {
    let detail = "remote-lock/lock-1/command";
    let step =
        |(at, name): (u64, &&str)| json!({ "name": name, "at": NOW + at * 10, "detail": detail });
    let steps: Vec<Value> = (0..).zip(PLACES.iter().take(steps)).map(step).collect();
    json!({ "id": format!("w-{}", steps.len()), "button": "button-1", "lock": lock, "at": NOW,
        "steps": steps, "end": end })
}

fn end(kind: &str, place: &str) -> Value {
    json!({ "kind": kind, "where": place, "why": "within the quiet window of another press" })
}

fn messages() -> Value {
    let message = |id: u32, topic: &str, client: Value| {
        json!({ "id": id, "at": NOW, "topic": topic, "client": client, "qos": 1, "cut": id == 2,
            "payload": format!("{{\"text\":\"{LONG} {LONG} {LONG}\"}}") })
    };
    json!([
        message(1, "iotbutton/button-1", json!("button-1")),
        message(2, &format!("$aws/things/{LONG}/shadow/update"), Value::Null),
    ])
}

/// Faults that are armed, and the journal.
fn faults() -> Value {
    let entry = |id: u32, what: &str| {
        json!({ "id": id, "at": NOW, "fault": format!("drop:$aws/things/{LONG}/shadow/#@50%"),
            "target": format!("$aws/things/{LONG}/shadow/update"), "what": what })
    };
    let armed = [format!("drop:$aws/things/{LONG}/shadow/#@50%")];
    json!({ "armed": armed, "journal": [entry(1, "occurrence 1"), entry(2, "begins")] })
}

/// Every page in every state.
pub fn states() -> Vec<State> {
    let all: Vec<Value> = locks().into_iter().map(|(_, lock)| lock).collect();
    let buttons = [
        button("button-1", Some("lock-1")),
        change(
            button("button-2", Some("lock-1")),
            &[("label", json!(LONG)), ("revoked", json!(true))],
        ),
        button("button-3", None),
    ];
    let full = board(&all, &buttons);
    let one = board(&all[..1], &buttons);
    let mut states = vec![
        State::new(
            "nothing",
            "/",
            board(&[], &[]),
            "//*[@id='summary'][.='no locks']",
        ),
        State::new("doors", "/", full.clone(), "//*[@data-lock='lock-13']")
            .with("ways", json!([way("lock-1", 10, &end("done", "record"))])),
        State::new(
            "missing",
            "/door/lock-99",
            one.clone(),
            "//*[@id='door-missing'][not(@hidden)]",
        ),
        State::new(
            "document",
            "/door/lock-1",
            one.clone(),
            "//details[@open]//*[@id='document']",
        )
        .click("//details[.//*[@id='document']]/summary"),
        State::new(
            "no message",
            "/messages",
            one.clone(),
            "//*[@id='no-messages'][not(@hidden)]",
        )
        .with("messages", json!([])),
        State::new(
            "message",
            "/messages",
            one.clone(),
            "//*[@id='message-list']//details[@open]",
        )
        .with("messages", messages())
        .click("//*[@id='message-list']//summary"),
        State::new(
            "paused",
            "/messages",
            one.clone(),
            "//*[@id='pause'][@aria-pressed='true']",
        )
        .with("messages", messages())
        .click("//*[@id='pause']"),
        State::new(
            "no alert",
            "/alerts",
            one.clone(),
            "//*[@id='no-alerts'][not(@hidden)]",
        ),
        State::new(
            "alert",
            "/alerts",
            change(
                one.clone(),
                &[(
                    "alerts",
                    json!([{ "at": NOW, "subject": format!("{LONG}: lock-1 does not answer"),
                        "message": "No answer for 30 s.\nLook at the lock.",
                        "recipients": "email a@example.com" }]),
                )],
            ),
            "//*[@id='alert-list']/li",
        ),
        State::new(
            "no metric",
            "/metrics",
            one.clone(),
            "//*[@id='no-metrics'][not(@hidden)]",
        ),
        State::new(
            "no fault",
            "/faults",
            one.clone(),
            "//*[@id='no-fault'][not(@hidden)]",
        )
        .with("faults", json!({ "armed": [], "journal": [] })),
        State::new(
            "faults",
            "/faults",
            one.clone(),
            "//*[@id='fault-journal']/li[2]",
        )
        .with("faults", faults())
        .click("//*[@id='fault-form']//summary"),
        State::new(
            "switches of a button",
            "/door/lock-1",
            one.clone(),
            "//*[@data-button='button-1']//details[@open]//*[@data-switch='clock']",
        )
        .click("//*[@data-button='button-1']//summary"),
    ];
    for (kind, steps, place) in [
        ("done", 10, "record"),
        ("ignored", 4, "function"),
        ("refused", 8, "latch"),
        ("lost", 2, "broker"),
    ] {
        let drawn = match kind {
            "done" => "//*[@id='way'][@data-end='done']",
            "ignored" => "//*[@id='way'][@data-end='ignored']",
            "refused" => "//*[@id='way'][@data-end='refused']",
            _ => "//*[@id='way'][@data-end='lost']",
        };
        let ended = way("lock-1", steps, &end(kind, place));
        let state = State::new(kind, "/door/lock-1", one.clone(), drawn);
        states.push(state.with("ways", json!([ended])));
    }
    let moving = json!([way("lock-1", 3, &Value::Null)]);
    let drawn = "//*[@id='way'][@data-end='open']";
    let state = State::new("on its way", "/door/lock-1", one, drawn);
    states.push(state.with("ways", moving));
    for (name, lock) in locks() {
        let route = "/door/lock-1";
        let board = board(&[change(lock, &[("thing", json!("lock-1"))])], &buttons);
        let drawn = "//*[@id='door-content'][not(@hidden)]";
        let state = State::new(name, route, board, drawn);
        states.push(state.with("ways", json!([])));
    }
    states
}
