//! No press is invented and none is lost, however slow the flash is. The finger moves to the
//! millisecond in manual time, so that the result does not depend on the machine.

#[path = "harness/broker.rs"]
mod broker;
#[path = "harness/device.rs"]
mod device;

use std::fmt;
use std::time::Duration;

use broker::Broker;
use device::{Device, flash};

/// Shortest long press: `button.long_ms`.
const LONG_MS: u64 = 1500;
/// A level counts after this time: `button.debounce_ms`.
const DEBOUNCE_MS: u64 = 50;
/// Every press is over by then, and none is given up.
const SETTLED: Duration = Duration::from_secs(3);
/// The longest `button.answer_ms`: answers arrive in real time, which must not matter.
const PATIENT: &str = "button.answer_ms=10000";

/// Movements of the finger, and the duration of the device's saves.
#[derive(Clone, Copy)]
struct Try {
    save_ms: u64,
    /// Milliseconds down, up, down.
    finger: [u64; 3],
}

impl fmt::Display for Try {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, gap, second] = self.finger;
        write!(
            f,
            "{first} ms, {gap} ms apart, {second} ms, {} ms a save",
            self.save_ms
        )
    }
}

/// A connected button in manual time.
fn button(broker: &Broker, flash: &tempfile::TempDir, save_ms: u64) -> (Device, broker::Session) {
    let address = broker.address().to_string();
    let absent = ["--ca", "x", "--cert", "x", "--key", "x"];
    let arguments = [&["--still", "--broker", &address], &absent[..]].concat();
    let settings = ["mqtt.ssl_ca_cert=", "mqtt.ssl_cert=", PATIENT];
    let mut device = Device::start_with(&arguments, flash.path(), "button", &settings);
    let session = broker.accept_button();
    device.until(|line| line["event"] == "connected");
    device.say(&format!(r#"{{"slow":{{"save_ms":{save_ms}}}}}"#));
    (device, session)
}

/// The presses that the firmware recognises, which must all reach the broker.
fn presses(device: &mut Device, session: &mut broker::Session, finger: &[u64]) -> Vec<String> {
    device.say(&format!(r#"{{"finger":{finger:?}}}"#));
    let time: u64 = finger.iter().sum();
    let lines = device.pass(Duration::from_millis(time) + SETTLED);
    let words = lines.iter().filter_map(|line| {
        let word = line["text"].as_str()?.strip_prefix("button: ")?;
        Some(word.to_owned())
    });
    let words: Vec<String> = words.collect();
    for word in &words {
        assert_eq!(session.press()["clickType"], **word);
    }
    words
}

/// The presses of a try, and those of one more tap.
fn presses_of(attempt: Try) -> (Vec<String>, Vec<String>) {
    let (broker, flash) = (Broker::start(), flash());
    let (mut device, mut session) = button(&broker, &flash, attempt.save_ms);
    let own = presses(&mut device, &mut session, &attempt.finger);
    let next = presses(&mut device, &mut session, &[attempt.finger[2]]);
    (own, next)
}

/// Checks all tries with `is_right`, and reports the wrong ones together.
fn check(tries: &[Try], is_right: impl Fn(&Try, &[String], &[String]) -> bool) {
    let mut wrong = Vec::new();
    for attempt in tries {
        let (own, next) = presses_of(*attempt);
        if !is_right(attempt, &own, &next) {
            wrong.push(format!("{attempt}: {own:?}, then {next:?}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} tries:\n{}",
        wrong.len(),
        tries.len(),
        wrong.join("\n")
    );
}

/// Two taps with a gap of about `button.quiet_ms`, for each of these durations of a save.
fn around_the_quiet_time(saves_ms: &[u64], gaps_ms: impl Iterator<Item = u64> + Clone) -> Vec<Try> {
    let mut tries = Vec::new();
    for save_ms in saves_ms {
        for gap_ms in gaps_ms.clone() {
            for hold_ms in [85, 120] {
                tries.push(Try {
                    save_ms: *save_ms,
                    finger: [100, gap_ms, hold_ms],
                });
            }
        }
    }
    tries
}

/// One double press, or two single ones. A tap that ends while the device still saves may be
/// missing.
fn are_its_taps(attempt: &Try, words: &[String]) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["DOUBLE"] | ["SINGLE", "SINGLE"] => true,
        ["SINGLE"] => attempt.finger[2] <= attempt.save_ms + DEBOUNCE_MS,
        _ => false,
    }
}

#[test]
fn two_taps_are_never_a_long_press_and_the_next_tap_counts() {
    let mut tries = around_the_quiet_time(&[0, 30, 60, 100], (380..=440).step_by(4));
    tries.extend(around_the_quiet_time(&[200], (380..=620).step_by(20)));
    check(&tries, |attempt, own, next| {
        are_its_taps(attempt, own) && next == ["SINGLE"]
    });
}

#[test]
fn the_tap_after_a_double_press_counts() {
    let mut tries = Vec::new();
    for save_ms in [0, 30, 60, 100] {
        for (hold_ms, gap_ms) in [(80, 150), (85, 100), (120, 250), (100, 300)] {
            let finger = [hold_ms, gap_ms, hold_ms];
            tries.push(Try { save_ms, finger });
        }
    }
    check(&tries, |_, own, next| {
        own == ["DOUBLE"] && next == ["SINGLE"]
    });
}

#[test]
fn a_press_is_long_if_it_is_held_for_long_ms() {
    let mut tries = Vec::new();
    for save_ms in [0, 60, 200] {
        for hold_ms in [LONG_MS - 100, LONG_MS + 100] {
            let finger = [100, 1000, hold_ms];
            tries.push(Try { save_ms, finger });
        }
    }
    check(&tries, |attempt, own, _| {
        let second = if attempt.finger[2] > LONG_MS {
            "LONG"
        } else {
            "SINGLE"
        };
        own == ["SINGLE", second]
    });
}
