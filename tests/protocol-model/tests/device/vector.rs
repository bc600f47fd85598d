//! The vectors of `tests/vectors/device.json`, which the C tests read too.

use lock_core::action::Action;
use lock_core::command::{Version, WireCommand};
use lock_core::id::CommandId;
use lock_core::report::{Door, Latch};
use lock_core::time::UnixSeconds;
use protocol_model::device::{CommandResult, LockSettings, Power, RelockFrom};
use serde_json::{Value, json};

use super::bench::Bench;

const VECTORS: &str = include_str!("../../../vectors/device.json");
const START_S: u64 = 1_763_779_520;

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

fn settings(case: &Value) -> LockSettings {
    let settings = &case["settings"];
    let power_on = match settings["powerOn"].as_str() {
        Some("unlocked") => Latch::Unlocked,
        _ => Latch::Locked,
    };
    LockSettings {
        power_on,
        relock_ms: number(&settings["relockMs"]),
        pulse_ms: number(&settings["pulseMs"]),
        settle_ms: number(&settings["settleMs"]),
        relock_from: match settings["relockFrom"].as_str() {
            Some("closing") => RelockFrom::Closing,
            _ => RelockFrom::Unlock,
        },
        ..LockSettings::default()
    }
}

fn command(step: &Value) -> WireCommand {
    let unlock = step["action"] == "unlock";
    let id = step["commandId"].as_str().expect("a command has an id");
    WireCommand {
        v: 1,
        action: if unlock { Action::Unlock } else { Action::Lock },
        version: Version(number(&step["version"])),
        command_id: CommandId::from_text(id),
        issued_at: UnixSeconds(START_S + number(&step["issuedAt"])),
        expires_at: unlock.then(|| UnixSeconds(START_S + number(&step["expiresAt"]))),
    }
}

/// Performs a step of a vector. Returns the result of a command.
fn perform(bench: &mut Bench, step: &Value, power: &mut Power) -> Option<CommandResult> {
    bench.pass_to((START_S + number(&step["at"])) * 1000);
    match step["do"].as_str() {
        Some("boot") => {
            bench.boot(None);
            if step["synced"] == true {
                bench.sync(0);
            }
        }
        Some("sync") => {
            let sent_s = step["sentAt"].as_u64().unwrap_or(number(&step["at"]));
            bench.sync((number(&step["at"]) - sent_s) * 1000);
        }
        Some("command") => return Some(bench.command(&command(step), *power)),
        Some("door") if step["door"] == "open" => bench.door(Some(Door::Open)),
        Some("door") => bench.door(Some(Door::Closed)),
        Some("exit") => bench.exit(),
        Some("tick") => bench.tick(),
        Some("malformed") => bench.malformed(b"lock, please"),
        Some("erase") => bench.erase(),
        Some("breakFlash") => *power = Power::Broken,
        Some("mendFlash") => *power = Power::Holds,
        other => panic!("unknown step {other:?}"),
    }
    None
}

#[test]
fn every_step_of_the_shared_vectors_ends_as_they_say() {
    let vectors: Value = serde_json::from_str(VECTORS).expect("the vectors are JSON");
    let mut steps = 0;
    for case in vectors["cases"].as_array().expect("cases") {
        let mut bench = Bench::new(settings(case), START_S * 1000, 0);
        let mut power = Power::Holds;
        for step in case["steps"].as_array().expect("steps") {
            let result = perform(&mut bench, step, &mut power);
            let report = bench.report();
            let mut actual = json!({
                "lock": report.lock, "version": report.version,
                "result": report.result, "source": report.source,
                "refused": report.refused.map(|refused| refused.reason),
            });
            if let Some(result) = result {
                actual["outcome"] = json!(match result {
                    CommandResult::Executed => "executed",
                    CommandResult::Expired => "expired",
                    CommandResult::Repeated => "repeated",
                    CommandResult::Refused(_) => "refused",
                    CommandResult::PowerLost => panic!("no vector cuts the power"),
                });
            }
            assert_eq!(actual, step["expect"], "{}: {step}", case["name"]);
            steps += 1;
        }
    }
    assert!(steps > 150, "{steps} steps");
}
