//! The screen of a stack that is ready: its address, its doors and buttons, and what to try.
//!
//! Must not know: how a stack is started.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::board::{Fields, State};

/// How many doors and how many buttons are listed.
const LISTED_MAX: usize = 8;
/// Width of the words before a row, with the margin.
const HEAD: usize = 12;

/// What the screen says.
pub struct Welcome<'a> {
    /// URL of the console; `None` if it serves no page.
    pub console: Option<&'a str>,
    /// Every door and button.
    pub state: &'a State,
    /// How a second shell calls this program for this stack; `None` if it cannot.
    pub call: Option<Call>,
    /// What can be changed while it runs; `None` if nothing is watched.
    pub change: Option<String>,
}

/// How a second shell calls this program: `cargo run -q -- status --data-dir other`.
#[derive(Debug, PartialEq, Eq)]
pub struct Call {
    program: &'static str,
    options: String,
}

impl Call {
    /// The call for a stack with this ready file or this data directory, from the same folder.
    /// `None` if the stack has neither.
    pub fn find(ready_file: Option<&Path>, data_dir: Option<&Path>) -> Option<Self> {
        // Cargo tells a program that it runs.
        let is_run_by_cargo = std::env::var_os("CARGO_PKG_NAME").is_some();
        let program = if is_run_by_cargo {
            "cargo run -q --"
        } else {
            "lockctl"
        };
        let options = match (ready_file, data_dir) {
            (_, Some(directory)) if directory == Path::new(".local") => String::new(),
            (_, Some(directory)) => format!(" --data-dir {}", directory.display()),
            (Some(file), None) => format!(" --ready-file {}", file.display()),
            (None, None) => return None,
        };
        Some(Self { program, options })
    }

    fn line(&self, command: &str) -> String {
        format!("{} {command}{}", self.program, self.options)
    }
}

impl Welcome<'_> {
    /// The screen.
    pub fn screen(&self) -> String {
        let mut rows: Vec<(&str, Vec<String>)> = Vec::new();
        if let Some(console) = self.console {
            rows.push(("console", vec![console.to_owned()]));
        }
        rows.push(("doors", list(&self.state.locks, door)));
        rows.push(("buttons", list(&self.state.buttons, button)));
        rows.push(("try", self.tries()));
        rows.extend(self.change.clone().map(|change| ("change", vec![change])));
        let faults = "lockctl local --fault help   (lose messages, power and more)";
        rows.push(("break", vec![faults.to_owned()]));
        rows.push(("end", vec!["Ctrl-C".to_owned()]));
        let mut text = "\nready: every device is connected, every lock is settled\n\n".to_owned();
        for (head, lines) in rows {
            for (number, line) in lines.iter().enumerate() {
                let head = if number == 0 { head } else { "" };
                text += &format!("{:<HEAD$}{line}\n", format!("  {head}"));
            }
        }
        text
    }

    /// Three commands for a second shell, each with what it shows.
    fn tries(&self) -> Vec<String> {
        let Some(call) = &self.call else {
            let text = "press a button on the console; commands in a second shell need \
                        --ready-file";
            return vec![text.to_owned()];
        };
        let button = self.state.buttons.keys().next();
        let lock = self.state.locks.keys().next();
        let press = button.map(|button| {
            let moves = "the latch moves, and each step is printed here";
            (format!("press {button}"), moves)
        });
        let history = lock.map(|lock| (format!("history {lock}"), "what happened, and why"));
        let doctor = ("doctor".to_owned(), "each link from here to the alarms");
        let tries = press.into_iter().chain(history).chain([doctor]);
        let tries = tries.map(|(command, shows)| (call.line(&command), shows));
        let tries: Vec<(String, &str)> = tries.collect();
        let width = tries.iter().map(|(command, _)| command.len()).max();
        let width = width.unwrap_or_default();
        let lines = tries
            .iter()
            .map(|(command, shows)| format!("{command:<width$}   # {shows}"));
        lines.collect()
    }
}

fn list(things: &BTreeMap<String, Fields>, describe: impl Fn(&Fields) -> String) -> Vec<String> {
    if things.is_empty() {
        return vec!["none".to_owned()];
    }
    let width = things.keys().take(LISTED_MAX).map(String::len).max();
    let width = width.unwrap_or_default();
    let listed = things.iter().take(LISTED_MAX);
    let mut lines: Vec<String> = listed
        .map(|(name, fields)| format!("{name:<width$}  {}", describe(fields)))
        .collect();
    if let Some(more) = things
        .len()
        .checked_sub(LISTED_MAX)
        .filter(|more| *more > 0)
    {
        lines.push(format!("and {more} more: lockctl status"));
    }
    lines
}

/// `locked   Front door, Hall`
fn door(lock: &Fields) -> String {
    let state = lock
        .get("record")
        .and_then(|record| record["state"].as_str());
    let labels = [lock.get("label"), lock.get("room")];
    let labels = labels.into_iter().flatten().filter_map(Value::as_str);
    let labels: Vec<&str> = labels.collect();
    let line = format!("{:<10}{}", state.unwrap_or("unknown"), labels.join(", "));
    line.trim_end().to_owned()
}

/// `for lock-1   fob`, `for lock-1, revoked   fob`
fn button(button: &Fields) -> String {
    let text = |name: &str| button.get(name).and_then(Value::as_str);
    let is_revoked = button.get("revoked") == Some(&Value::Bool(true));
    let lock = match text("lock") {
        Some(lock) if is_revoked => format!("for {lock}, revoked"),
        Some(lock) => format!("for {lock}"),
        None => "not bound".to_owned(),
    };
    match text("label") {
        Some(label) => format!("{lock}   {label}"),
        None => lock,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn things(things: Value) -> BTreeMap<String, Fields> {
        let things = things.as_object().cloned().into_iter().flatten();
        let fields = |fields: Value| fields.as_object().cloned().expect("an object");
        things.map(|(name, it)| (name, fields(it))).collect()
    }

    fn text(state: &State, call: Option<Call>, change: Option<&str>) -> String {
        let change = change.map(str::to_owned);
        let console = Some("http://127.0.0.1:1");
        let welcome = Welcome {
            console,
            state,
            call,
            change,
        };
        welcome.screen()
    }

    #[test]
    fn the_screen_names_each_door_and_button_and_three_commands() {
        let state = State {
            locks: things(json!({
                "lock-1": {"record": {"state": "locked"}, "label": "Front door", "room": "Hall"},
                "lock-2": {"record": {"state": "unlocked"}, "label": null, "room": null},
            })),
            buttons: things(json!({
                "button-1": {"lock": "lock-1", "label": "fob"},
                "button-10": {"lock": null, "label": null},
                "button-2": {"lock": "lock-1", "label": null, "revoked": true},
            })),
            ..State::default()
        };
        let call = Call {
            program: "lockctl",
            options: " --data-dir d".to_owned(),
        };
        let wanted = "\
\nready: every device is connected, every lock is settled\n
  console   http://127.0.0.1:1
  doors     lock-1  locked    Front door, Hall
            lock-2  unlocked
  buttons   button-1   for lock-1   fob
            button-10  not bound
            button-2   for lock-1, revoked
  try       lockctl press button-1 --data-dir d   # the latch moves, and each step is printed here
            lockctl history lock-1 --data-dir d   # what happened, and why
            lockctl doctor --data-dir d           # each link from here to the alarms
  change    edit it
  break     lockctl local --fault help   (lose messages, power and more)
  end       Ctrl-C\n";
        assert_eq!(text(&state, Some(call), Some("edit it")), wanted);
    }

    #[test]
    fn a_hundred_doors_take_nine_lines() {
        let many = (1..=100).map(|number| (format!("lock-{number}"), Fields::new()));
        let state = State {
            locks: many.collect(),
            ..State::default()
        };
        let text = text(&state, None, None);
        assert!(
            text.contains("and 92 more: lockctl status\n  buttons   none\n"),
            "{text}"
        );
        assert_eq!(
            text.lines().filter(|line| line.contains("lock-")).count(),
            8
        );
        assert!(text.contains("need --ready-file"), "{text}");
    }

    #[test]
    fn a_second_shell_finds_the_stack_by_its_ready_file_or_directory() {
        let options = |ready: Option<&str>, data: Option<&str>| {
            let found = Call::find(ready.map(Path::new), data.map(Path::new));
            found.map(|call| call.options)
        };
        assert_eq!(options(None, None), None);
        assert_eq!(options(None, Some(".local")), Some(String::new()));
        let other = Some(" --data-dir d".to_owned());
        assert_eq!(options(Some("r.json"), Some("d")), other);
        let file = Some(" --ready-file r.json".to_owned());
        assert_eq!(options(Some("r.json"), None), file);
    }
}
