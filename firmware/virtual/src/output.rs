//! Output to the parent: one JSON object per line on standard output.

use std::io::Write as _;

use serde::Serialize;

/// One line; its member `event` names the variant. Pins are GPIO numbers, uptime is since boot.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Output<'a> {
    /// The firmware is up.
    Ready,
    /// An output pin was set to a level.
    Pin {
        pin: i32,
        level: bool,
        uptime_ms: u64,
    },
    /// Answer to the input `read`.
    Level { pin: i32, level: bool },
    /// The relay of a lock moved the latch.
    Latch {
        /// `locked` or `unlocked`.
        latch: &'a str,
    },
    /// The bolt has moved; only with `pins.bolt`.
    Bolt {
        /// `out` or `in`.
        bolt: &'a str,
    },
    /// The broker granted every subscription.
    Connected,
    /// The connection to the broker is closed.
    Disconnected,
    /// Answer to the input `config_set`.
    ConfigSet {
        saved: bool,
        /// Why the settings were refused, or not saved.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<&'a str>,
    },
    /// The device reboots.
    Reboot,
    /// The power was cut; the process ends.
    PowerCut {
        /// The point in the form of `--power-cut`, or `now`.
        at: &'a str,
    },
    /// A log line of the firmware or the shim.
    Log {
        /// `error`, `warn`, `info` or `debug`.
        level: &'a str,
        text: &'a str,
    },
}

/// Writes one line. Ends the process if the parent is gone.
pub fn emit(output: &Output<'_>) {
    let mut line = serde_json::to_string(output).expect("the lines are plain data");
    line.push('\n');
    let mut stdout = std::io::stdout().lock();
    if stdout
        .write_all(line.as_bytes())
        .and_then(|()| stdout.flush())
        .is_err()
    {
        std::process::exit(0);
    }
}

/// Writes a log line of the shim.
pub fn log(level: &str, text: &str) {
    emit(&Output::Log { level, text });
}
