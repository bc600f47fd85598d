//! A table with a button bound to a lock, presses of it, and what the core decides about them.

use lock_aws::{Cloud, Committed};
use lock_core::action::ClickType;
use lock_core::binding::Binding;
use lock_core::decide::{Origin, ReportDecision};
use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::press::Press;
use lock_core::record::Record;
use lock_core::report::ReportEvent;
use lock_core::time::UnixMillis;
use lock_core::{Decision, decide_press, decide_report};
use serde_json::json;

use crate::table;

/// The instant at which each test begins.
pub const NOW: UnixMillis = UnixMillis(1_763_779_512_345);
/// When the button was bound: before its presses.
pub const BOUND: UnixMillis = UnixMillis(NOW.0 - 60_000);

/// The name of the one lock.
pub fn lock() -> LockName {
    LockName::new("lock-1").unwrap()
}

/// The serial of the one button.
pub fn button() -> ButtonSerial {
    ButtonSerial::new("button-1").unwrap()
}

/// The protocol's own limits.
pub fn limits() -> Limits {
    Limits::default()
}

/// A table with `button-1` bound to `lock-1`. Nothing here publishes: port 9 discards.
pub async fn bound() -> (Cloud, Binding) {
    let cloud = table::cloud("127.0.0.1:9".parse().unwrap()).await;
    table::register(&cloud, &lock(), BOUND).await;
    let binding = table::bind(&cloud, &button(), &lock(), BOUND).await;
    (cloud, binding)
}

/// A press of the button, received at `at`.
pub fn press(id: &str, click: ClickType, sequence: Option<u64>, at: UnixMillis) -> Press {
    Press {
        button: button(),
        click,
        sequence,
        pressed_at: None,
        good_for_ms: None,
        received_at: at,
        press_id: id.into(),
        principal: None,
        battery_mv: Some(1_568),
    }
}

/// The record of the lock, as stored.
pub async fn record(cloud: &Cloud) -> Record {
    cloud.store.read_record(&lock()).await.unwrap().unwrap()
}

/// What the core decides at `now` about a press, on what is stored.
pub async fn decide(cloud: &Cloud, press: &Press, now: UnixMillis) -> Decision {
    let binding = cloud.store.read_binding(&press.button).await.unwrap();
    let record = cloud.store.read_record(&lock()).await.unwrap();
    decide_press(record.as_ref(), binding.as_ref(), press, now, &limits())
}

/// The report that the command of `record` was executed, at shadow version `shadow`.
pub fn report(record: &Record, latch: &str, shadow: u64) -> ReportEvent {
    let command = record.command.as_ref().unwrap();
    let id = format!("1-{shadow}");
    let event = json!({
        "thing": "lock-1", "shadowVersion": shadow, "timestamp": 1_763_779_513, "clientToken": id,
        "reported": {
            "lock": latch, "version": record.version, "commandId": command.id, "result": "executed",
            "source": "remote", "refused": null, "bootCount": 1, "clock": "synced",
            "firmware": "1.0.0", "rssi": -61, "door": "closed", "reportId": id
        }
    });
    ReportEvent::parse(&event).unwrap()
}

/// Decides and commits the report that the stored command was executed.
pub async fn settle(cloud: &Cloud, latch: &str, shadow: u64) -> (Decision, Committed) {
    let record = record(cloud).await;
    let report = report(&record, latch, shadow);
    let ReportDecision::Act(decision) =
        decide_report(Some(&record), &report, Origin::Event, None, NOW, &limits())
    else {
        panic!("the shadow was not deleted");
    };
    let committed = cloud.store.commit(&decision.writes).await.unwrap();
    (*decision, committed)
}
