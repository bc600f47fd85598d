//! What the parent tells the device: one JSON object per line on standard input.

use serde::Deserialize;
use serde_json::value::RawValue;

/// How the button is pressed.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Press {
    /// One tap.
    Single,
    /// Two taps.
    Double,
    /// Held.
    Long,
}

/// What the network does.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Silence {
    /// Everything sent vanishes, and nobody is told.
    HalfOpen,
}

/// The network: there or not, or there and silent.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub enum Network {
    /// There, or not.
    Up(bool),
    /// There, and silent.
    Silent(Silence),
}

/// A JSON value as it was written.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Raw(Box<RawValue>);

impl Raw {
    /// Its text.
    pub fn text(&self) -> &str {
        self.0.get()
    }
}

impl PartialEq for Raw {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

/// One line.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Input {
    /// `{"pin":{"number":5,"level":true}}`: drive an input pin from outside.
    Pin {
        /// GPIO number.
        number: i32,
        /// Its level from now on.
        level: bool,
        /// Only from so long after now on.
        after_ms: Option<u64>,
    },
    /// `{"press":"single"}`: press the button with a realistic waveform.
    Press(Press),
    /// `{"finger":[100,400,85]}`: press the button to the millisecond, without bounce: down, up, down so long.
    Finger(Vec<u64>),
    /// `{"slow":{"save_ms":60,"handler_ms":0}}`: how long work takes.
    Slow {
        /// To save a file of the flash.
        save_ms: Option<u64>,
        /// What every handler of a pin takes more.
        handler_ms: Option<u64>,
    },
    /// `{"read":4}`: answer with a pin's level.
    Read(i32),
    /// `{"network":false}`: take the network away, or give it back; `{"network":"half_open"}`: it stays, and nothing that
    /// is sent arrives, either way.
    Network(Network),
    /// `{"power_cut":"before-write:1"}`: cut the power there; `"now"`: at once.
    PowerCut(String),
    /// `{"pass_ms":500}`: so much time passes at once, each timer at its turn; from the first such line on, time stands still
    /// otherwise.
    PassMs(u64),
    /// `{"config_set":{"config":{"lock":{"relock_s":30}},"save":true,"reboot":true}}`: the RPC `Config.Set`, as the serial port brings
    /// it.
    ConfigSet {
        /// Settings.
        config: Raw,
        /// Whether to write `conf9.json`.
        #[serde(default)]
        save: bool,
        /// Whether to start again; only after a save.
        #[serde(default)]
        reboot: bool,
    },
    /// `{"clock":{"hears_time":false,"drift_ppm":200}}`: whether the shadow's answers reach it with their time, and how much too
    /// fast its clock runs.
    Clock {
        /// Whether they do.
        hears_time: Option<bool>,
        /// In parts per million.
        drift_ppm: Option<i32>,
    },
}

impl Input {
    /// Whether it happens to the device also while that is busy.
    pub fn is_from_outside(&self) -> bool {
        matches!(
            self,
            Self::Pin { .. } | Self::Press(_) | Self::Finger(_) | Self::PowerCut(_)
        )
    }
}

/// Parses one line.
///
/// # Errors
/// A sentence saying what is wrong with it.
pub fn parse(line: &str) -> Result<Input, String> {
    serde_json::from_str(line).map_err(|e| format!("not an input: {e}: {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Raw {
        Raw(RawValue::from_string(text.to_owned()).unwrap())
    }

    #[test]
    fn each_line_of_the_protocol_is_understood() {
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
            (r#"{"read":4}"#, Input::Read(4)),
            (r#"{"pass_ms":500}"#, Input::PassMs(500)),
            (
                r#"{"config_set":{"config":{"b":1, "a":2},"save":true}}"#,
                Input::ConfigSet {
                    config: raw(r#"{"b":1, "a":2}"#),
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
                },
            ),
            (
                r#"{"clock":{"hears_time":true}}"#,
                Input::Clock {
                    hears_time: Some(true),
                    drift_ppm: None,
                },
            ),
        ] {
            assert_eq!(parse(line).as_ref(), Ok(&expected), "{line}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for line in [
            "",
            "{}",
            r#"{"press":"triple"}"#,
            r#"{"pins":1}"#,
            r#"{"pin":{"number":4}}"#,
            r#"{"network":"half"}"#,
            r#"{"finger":[-1]}"#,
            r#"{"slow":{"save":1}}"#,
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
