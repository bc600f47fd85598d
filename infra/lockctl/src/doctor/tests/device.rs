//! The links of devices, and of what they report.

use lock_aws::registry::{Connection, PolicyText};
use lock_core::report::{Clock, RefusedCommand, Settings};
use lock_core::time::UnixMillis;

use super::check;
use super::whole::{self, binding, certificate, deny, record, thing, whole};
use crate::doctor::evidence::{Entry, Evidence};
use crate::doctor::judge::judge;
use crate::doctor::link::{Link, Verdict};
use crate::register::kind::Kind;

fn refuse(evidence: &mut Evidence, reason: &str) {
    let record = record(evidence);
    let id = record.command.as_ref().map(|command| command.id.clone());
    let reported = record.reported.as_mut().expect("a report");
    reported.report.refused = Some(RefusedCommand {
        command_id: id,
        reason: reason.to_owned(),
    });
}

#[test]
fn a_device_must_be_known_let_in_and_connected() {
    check(&[
        (
            "lock-1 registered",
            "register lock lock-1 --record-only",
            |seen| {
                seen.devices[0].entry = Ok(Entry::Absent);
            },
        ),
        (
            "lock-1 registered",
            "register lock lock-1 --record-only",
            |seen| {
                seen.devices[0].entry = Ok(Entry::LockWithoutRecord);
            },
        ),
        ("lock-1 name", "LockNamePattern=lock-1", |seen| {
            let parameters = &mut whole::stack(seen).parameters;
            parameters.insert("LockNamePattern".to_owned(), "door-*".to_owned());
        }),
        ("lock-1 thing", "register lock lock-1", |seen| {
            seen.devices[0].thing = Ok(None);
            seen.devices[0].policies.clear();
        }),
        ("lock-1 certificate", "register lock lock-1", |seen| {
            thing(seen, 0).certificates.clear();
            seen.devices[0].policies.clear();
        }),
        (
            "lock-1 active",
            "--new-status ACTIVE --certificate-id lock-1-id",
            |seen| {
                certificate(seen, 0).is_active = false;
                seen.devices[0].policies.clear();
            },
        ),
        (
            "lock-1 may connect",
            "attach-policy --policy-name doors-lock",
            |seen| {
                certificate(seen, 0).policies.clear();
                seen.devices[0].policies[0].policies = Ok(Vec::new());
            },
        ),
        ("lock-1 connected", "board's light", |seen| {
            seen.devices[0].connection = Ok(None);
        }),
        ("lock-1 connected", "board's light", |seen| {
            seen.devices[0].connection = Ok(Some(Connection {
                is_connected: false,
                since_ms: 0,
            }));
        }),
    ]);
}

#[test]
fn each_action_of_a_policy_is_a_link_of_its_own() {
    for (title, action) in [
        ("may connect", "iot:Connect"),
        ("may publish", "iot:Publish"),
        ("may subscribe", "iot:Subscribe"),
        ("may receive", "iot:Receive"),
    ] {
        let mut evidence = whole();
        let policies = evidence.devices[1].policies[0].policies.as_mut();
        policies.expect("seen").push(PolicyText {
            arn: "arn:aws:iot:us-east-1:1:policy/no".to_owned(),
            document: deny(action),
        });
        let links = judge(&evidence);
        let broken: Vec<&Link> = links.iter().filter(|link| link.is_broken()).collect();
        let [link] = broken[..] else {
            panic!("{action}: {broken:?}");
        };
        assert_eq!(link.title(), format!("button-1 {title}"));
        let Verdict::Broken { fix, .. } = &link.verdict else {
            panic!("{link:?}");
        };
        assert!(fix.contains("detach-policy --policy-name no"), "{fix}");
    }
}

#[test]
fn what_a_lock_reports_is_judged_in_order() {
    check(&[
        ("lock-1 reports", "restart the board", |seen| {
            record(seen).reported = None
        }),
        ("lock-1 reports", "mos console", |seen| {
            seen.now = UnixMillis(seen.now.0 + 36 * 60_000);
        }),
        ("lock-1 firmware", "mos build", |seen| {
            whole::report(seen).firmware = Some("1.9.0".to_owned());
        }),
        (
            "lock-1 settings",
            "mos put devices/lock-1/conf9.json",
            |seen| {
                whole::report(seen).settings = Some(Settings::Kept);
            },
        ),
        ("lock-1 clock", "restart the board", |seen| {
            whole::report(seen).clock = Clock::Unsynced;
        }),
        ("lock-1 clock", "restart the board", |seen| {
            refuse(seen, "clock")
        }),
        ("lock-1 journal", "replace the board", |seen| {
            refuse(seen, "journal")
        }),
        (
            "lock-1 version",
            "lockctl --stack doors recover lock-1 --running",
            |seen| {
                refuse(seen, "implausible");
            },
        ),
    ]);
}

#[test]
fn a_button_must_be_bound_permitted_and_have_a_battery() {
    check(&[
        (
            "button-1 binding",
            "lockctl --stack doors bind button-1 LOCK",
            |seen| {
                binding(seen).lock = None;
            },
        ),
        ("button-1 binding", "enable button-1", |seen| {
            binding(seen).enabled = false
        }),
        (
            "button-1 binding",
            "register lock lock-1 --record-only",
            |seen| {
                let Ok(Entry::Button { is_lock_known, .. }) = &mut seen.devices[1].entry else {
                    panic!("a button");
                };
                *is_lock_known = false;
            },
        ),
        (
            "button-1 battery",
            "replace the battery of button-1",
            |seen| {
                binding(seen).battery_mv = Some(1_100);
            },
        ),
        ("button-1 may connect", "AwsIotButtonClientId=ID", |seen| {
            seen.devices[1].kind = Kind::GenuineButton;
        }),
    ]);
}
