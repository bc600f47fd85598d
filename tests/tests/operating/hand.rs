//! The commands of the document that a person gives to other programs. Those that put files on a
//! board or start it are carried out on a virtual board; the others have no effect here.
//!
//! Must not know: how a board works.

use crate::page::Step;

/// What a command does to a board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Nothing.
    Nothing,
    /// Copies the files that this pattern names to the board's flash.
    Put(String),
    /// Starts the board again.
    Restart,
}

/// Commands without an effect here, as the document has them.
const WITHOUT_EFFECT: [&str; 12] = [
    "cargo xtask setup --deploy",
    "cargo install --path infra/lockctl",
    "sam build",
    "sam deploy",
    "export PATH=\"$PWD/target/venv/bin:$PATH\"",
    "export AWS_REGION=us-east-1",
    "eval \"$(aws configure export-credentials --format env)\"",
    "cd firmware",
    "cd ..",
    "mos build --platform esp8266",
    "mos flash",
    "mos console",
];

const RESTARTS: [&str; 2] = ["mos call Sys.Reboot", "mos wifi SSID PASSWORD"];

/// The acts of a line; `None` if one of its commands is not known.
pub fn read(step: &Step) -> Option<Vec<Act>> {
    if let Some(rest) = step.command.strip_prefix("for file in ") {
        let patterns = rest.strip_suffix("; do mos put $file; done")?;
        let patterns = patterns.split(' ').map(str::to_owned);
        return Some(patterns.map(Act::Put).collect());
    }
    let mut acts = Vec::new();
    for command in step.command.split(" && ") {
        acts.push(match command.strip_prefix("mos put ") {
            Some(file) => Act::Put(file.to_owned()),
            None if RESTARTS.contains(&command) => Act::Restart,
            None if WITHOUT_EFFECT.contains(&command) => Act::Nothing,
            None => return None,
        });
    }
    Some(acts)
}

/// Whether each command of a line is known.
pub fn is_known(step: &Step) -> bool {
    read(step).is_some()
}

#[test]
fn only_known_commands_are_read() {
    let put = |file: &str| Act::Put(file.to_owned());
    for (command, wanted) in [
        (
            "sam build && sam deploy",
            Some(vec![Act::Nothing, Act::Nothing]),
        ),
        ("sam build && sam delete", None),
        ("mos put a/b.pem", Some(vec![put("a/b.pem")])),
        (
            "for file in a/*.pem a/c; do mos put $file; done",
            Some(vec![put("a/*.pem"), put("a/c")]),
        ),
        ("for file in a; do rm $file; done", None),
        ("mos wifi SSID PASSWORD", Some(vec![Act::Restart])),
    ] {
        let step = Step {
            command: command.to_owned(),
            ..Step::default()
        };
        assert_eq!(read(&step), wanted, "{command}");
    }
}
