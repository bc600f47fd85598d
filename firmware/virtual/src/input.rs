//! Input from the parent: one JSON object per line on standard input.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::bolt::Hold;

/// A press of the button.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Press {
    /// One tap.
    Single,
    /// Two taps, close together.
    Double,
    /// Held for longer than `button.long_ms`.
    Long,
}

/// The word for a network that loses everything.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Silence {
    /// Nothing sent arrives in either direction, and neither side is notified.
    HalfOpen,
}

/// State of the network.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
pub enum Network {
    /// Up (true) or down.
    Up(bool),
    /// Up, but silent.
    Silent(Silence),
}

/// One line, as `--help` describes it. Pins are GPIO numbers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Input {
    /// Drives an input pin from outside.
    Pin {
        number: i32,
        level: bool,
        /// Delay in milliseconds; none is at once.
        after_ms: Option<u64>,
    },
    /// Presses the button with a realistic waveform.
    Press(Press),
    /// Presses the button without bounce: times in milliseconds, alternately down and up.
    Finger(Vec<u64>),
    /// Sets how long work takes; what is absent is left unchanged.
    Slow {
        /// Duration of saving a file of the flash, in milliseconds.
        save_ms: Option<u64>,
        /// Additional duration of each handler of a pin, in milliseconds.
        handler_ms: Option<u64>,
    },
    /// Holds the bolt or lets it go, which a contact on `pins.bolt` shows.
    Bolt(Hold),
    /// Asks for the level of a pin.
    Read(i32),
    /// Sets the state of the network.
    Network(Network),
    /// Cuts the power at a point, or `now`.
    PowerCut(String),
    /// Switches to manual time and lets this many milliseconds pass.
    PassMs(u64),
    /// The RPC `Config.Set`, as it arrives over the serial port.
    ConfigSet {
        /// Settings by section, unchanged.
        config: Box<RawValue>,
        /// Whether to write `conf9.json`.
        #[serde(default)]
        save: bool,
        /// Whether to reboot after a save.
        #[serde(default)]
        reboot: bool,
    },
    /// Changes what the device knows of time; what is absent is left unchanged.
    Clock {
        /// Whether messages arrive with the shadow's timestamps.
        hears_time: Option<bool>,
        /// Error of the clock's rate in parts per million; positive is fast.
        drift_ppm: Option<i32>,
        /// By how much the time that it knows, and will know, is ahead, in seconds; negative is
        /// behind.
        ahead_s: Option<i64>,
        /// Forgets the time that it knows.
        #[serde(default)]
        forgets: bool,
    },
}

impl Input {
    /// Whether it acts on the device from outside, and therefore also while the device is busy.
    pub fn is_from_outside(&self) -> bool {
        matches!(
            self,
            Self::Pin { .. } | Self::Press(_) | Self::Finger(_) | Self::Bolt(_) | Self::PowerCut(_)
        )
    }
}

/// Parses one line.
///
/// # Errors
/// A sentence that says why the line is refused.
pub fn parse(line: &str) -> Result<Input, String> {
    serde_json::from_str(line).map_err(|e| format!("not an input: {e}: {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_line_is_parsed() {
        for (line, expected) in [
            (
                r#"{"pin":{"number":4,"level":true}}"#,
                Input::Pin {
                    number: 4,
                    level: true,
                    after_ms: None,
                },
            ),
            (
                r#"{"pin":{"number":4,"level":true,"after_ms":30}}"#,
                Input::Pin {
                    number: 4,
                    level: true,
                    after_ms: Some(30),
                },
            ),
            (
                r#"{"finger":[100,400,85]}"#,
                Input::Finger(vec![100, 400, 85]),
            ),
            (
                r#"{"slow":{"save_ms":60}}"#,
                Input::Slow {
                    save_ms: Some(60),
                    handler_ms: None,
                },
            ),
            (r#"{"press":"single"}"#, Input::Press(Press::Single)),
            (r#"{"press":"long"}"#, Input::Press(Press::Long)),
            (r#"{"network":false}"#, Input::Network(Network::Up(false))),
            (
                r#"{"network":"half_open"}"#,
                Input::Network(Network::Silent(Silence::HalfOpen)),
            ),
            (r#"{"bolt":"held"}"#, Input::Bolt(Hold::Held)),
            (r#"{"read":4}"#, Input::Read(4)),
            (r#"{"pass_ms":500}"#, Input::PassMs(500)),
            (
                r#"{"config_set":{"config":{"b":1, "a":2},"save":true}}"#,
                Input::ConfigSet {
                    config: RawValue::from_string(r#"{"b":1, "a":2}"#.into()).unwrap(),
                    save: true,
                    reboot: false,
                },
            ),
            (r#"{"power_cut":"now"}"#, Input::PowerCut("now".into())),
            (
                r#"{"clock":{"hears_time":false,"drift_ppm":-200}}"#,
                Input::Clock {
                    hears_time: Some(false),
                    drift_ppm: Some(-200),
                    ahead_s: None,
                    forgets: false,
                },
            ),
            (
                r#"{"clock":{"ahead_s":-600,"forgets":true}}"#,
                Input::Clock {
                    hears_time: None,
                    drift_ppm: None,
                    ahead_s: Some(-600),
                    forgets: true,
                },
            ),
            (
                r#"{"clock":{"hears_time":true}}"#,
                Input::Clock {
                    hears_time: Some(true),
                    drift_ppm: None,
                    ahead_s: None,
                    forgets: false,
                },
            ),
        ] {
            let parsed = parse(line).unwrap();
            assert_eq!(format!("{parsed:?}"), format!("{expected:?}"), "{line}");
        }
    }

    #[test]
    fn any_other_line_is_refused() {
        for line in [
            "",
            "{}",
            r#"{"press":"triple"}"#,
            r#"{"pins":1}"#,
            r#"{"pin":{"number":4}}"#,
            r#"{"network":"half"}"#,
            r#"{"finger":[-1]}"#,
            r#"{"slow":{"save":1}}"#,
            r#"{"bolt":"jammed"}"#,
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
