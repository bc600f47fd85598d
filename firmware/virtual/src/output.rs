//! What the device tells its parent: one JSON object per line on standard output.

use std::io::Write as _;

use serde::Serialize;

/// One line.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Output<'a> {
    /// The firmware is up.
    Ready,
    /// An output pin took a level.
    Pin {
        /// GPIO number.
        pin: i32,
        /// Its level now.
        level: bool,
        /// Time since boot.
        uptime_ms: u64,
    },
    /// What was asked of a pin.
    Level {
        /// GPIO number.
        pin: i32,
        /// Its level.
        level: bool,
    },
    /// The relay moved the latch.
    Latch {
        /// `locked` or `unlocked`.
        latch: &'a str,
    },
    /// Connected, and every subscription granted.
    Connected,
    /// The connection is gone.
    Disconnected,
    /// What became of a `config_set`.
    ConfigSet {
        /// Whether `conf9.json` was written.
        saved: bool,
        /// Why the settings were refused, or not saved.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<&'a str>,
    },
    /// The device starts again.
    Reboot,
    /// The power went where it was ordered to; the process ends.
    PowerCut {
        /// The order.
        at: &'a str,
    },
    /// The firmware, or the shim, says something.
    Log {
        /// `error`, `warn`, `info` or `debug`.
        level: &'a str,
        /// What it says.
        text: &'a str,
    },
}

/// Writes one line. A device whose parent is gone has nothing left to do.
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

/// Logs in the shim's own name.
pub fn log(level: &str, text: &str) {
    emit(&Output::Log { level, text });
}
