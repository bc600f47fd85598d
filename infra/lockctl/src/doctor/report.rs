//! The links that a lock's last report shows: age, clock, journal, settings, firmware.
//!
//! Must not know: how the record was read.

use laptop::when;
use lock_core::limits::REPORT_OVERDUE_MS;
use lock_core::record::{Record, Reported};
use lock_core::report::{Clock, Settings};

use super::evidence::Evidence;
use super::link::Verdict;

/// The oldest firmware that keeps the protocol of this release.
const FIRMWARE_MIN: [u64; 3] = [2, 0, 0];

/// The links of a lock's report, in order.
pub fn verdicts(evidence: &Evidence, name: &str, record: &Record) -> Vec<(&'static str, Verdict)> {
    let first = ("reports", reports(evidence, name, record));
    let Some(reported) = &record.reported else {
        return vec![first];
    };
    vec![
        first,
        ("firmware", firmware(reported)),
        ("settings", settings(name, reported)),
        ("clock", clock(name, record, reported)),
        ("journal", journal(name, record)),
        ("version", version(evidence, name, record)),
    ]
}

fn reports(evidence: &Evidence, name: &str, record: &Record) -> Verdict {
    let Some(reported) = &record.reported else {
        return Verdict::broken(
            "it has never reported",
            format!("restart the board of {name}, and read its serial console: mos console"),
        );
    };
    let ago = when::ago(reported.at.0, evidence.now.0);
    if evidence.now >= reported.at.plus(REPORT_OVERDUE_MS) {
        return Verdict::broken(
            format!("its last report came {ago}; it reports every 15 minutes"),
            format!(
                "mos console; if it says `report rejected: 413`: aws iot-data delete-thing-shadow \
                 --thing-name {name} /dev/null"
            ),
        );
    }
    Verdict::Ok(format!("{}, {ago}", record.state))
}

fn firmware(reported: &Reported) -> Verdict {
    let flash = "cd firmware && mos build --platform esp8266 && mos flash";
    let Some(firmware) = &reported.report.firmware else {
        return Verdict::Unknown("its report does not state a version".to_owned());
    };
    match numbers(firmware) {
        Some(found) if found >= FIRMWARE_MIN => Verdict::Ok(firmware.clone()),
        Some(_) => {
            let [major, minor, patch] = FIRMWARE_MIN;
            let what = format!("{firmware} is older than {major}.{minor}.{patch}");
            Verdict::broken(what, flash)
        }
        None => Verdict::Unknown(format!("{firmware} is not a version of our firmware")),
    }
}

/// The three numbers of a version, without what follows them.
fn numbers(version: &str) -> Option<[u64; 3]> {
    let end = version.find(|c: char| c != '.' && !c.is_ascii_digit());
    let numbers = version[..end.unwrap_or(version.len())].split('.');
    let numbers: Option<Vec<u64>> = numbers.map(|number| number.parse().ok()).collect();
    numbers?.try_into().ok()
}

fn settings(name: &str, reported: &Reported) -> Verdict {
    match &reported.report.settings {
        Some(Settings::Kept) => Verdict::broken(
            "conf9.json is missing or damaged; it uses the settings kept in flash",
            format!("mos put devices/{name}/conf9.json && mos call Sys.Reboot"),
        ),
        Some(Settings::Stated) => Verdict::Ok("those of conf9.json".to_owned()),
        Some(Settings::Other(word)) => Verdict::Unknown(format!("its report says {word}")),
        None => Verdict::Unknown("its report does not state them".to_owned()),
    }
}

/// The device's reason for refusing the current command.
fn refusal(record: &Record) -> Option<&str> {
    laptop::view::refusal(record)
}

fn clock(name: &str, record: &Record, reported: &Reported) -> Verdict {
    let has_time = reported.report.clock == Clock::Synced;
    if has_time && refusal(record) != Some("clock") {
        return Verdict::Ok("synced".to_owned());
    }
    Verdict::broken(
        "it does not know the time, which comes with its shadow's answers, and refuses to unlock",
        format!(
            "restart the board of {name}; if its light still flashes every two seconds: aws \
             iot-data delete-thing-shadow --thing-name {name} /dev/null"
        ),
    )
}

fn journal(name: &str, record: &Record) -> Verdict {
    if refusal(record) != Some("journal") {
        return Verdict::Ok("keeps commands".to_owned());
    }
    Verdict::broken(
        "its journal is blank or damaged, and it refuses to unlock",
        format!(
            "lockctl lock {name}, which writes it; if that is refused too, the flash is worn out: \
             replace the board"
        ),
    )
}

fn version(evidence: &Evidence, name: &str, record: &Record) -> Verdict {
    match refusal(record) {
        Some("implausible") => Verdict::broken(
            "its record's version is more than a day ahead of the lock's clock",
            evidence.lockctl(&format!("recover {name} --running")),
        ),
        Some(reason) if !matches!(reason, "clock" | "journal") => Verdict::broken(
            format!("it refused the last command: {reason}"),
            evidence.lockctl(&format!("history {name}")),
        ),
        _ => Verdict::Ok(record.version.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_its_three_numbers() {
        for (version, wanted) in [
            ("2.0.0", Some([2, 0, 0])),
            ("2.10.3-rc1", Some([2, 10, 3])),
            ("1.9.9+local", Some([1, 9, 9])),
            ("2.0", None),
            ("", None),
            ("abc", None),
        ] {
            assert_eq!(numbers(version), wanted, "{version}");
        }
    }
}
