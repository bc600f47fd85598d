//! The command line of `lockctl`, with its help texts.
//!
//! Must not know: AWS, or how a command is carried out.

mod home_assistant;
mod inspect;
mod look;
mod operate;
mod register;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use laptop::cli::{LocalArgs, StackArgs};

pub use home_assistant::HomeAssistantArgs;
pub use inspect::{DoctorArgs, FailuresArgs};
pub use look::{ConsoleArgs, HistoryArgs, StatusArgs, WatchArgs};
pub use operate::{
    Actor, BindArgs, EnableArgs, ForgetArgs, LabelArgs, PressArgs, RecoverArgs, RequestArgs,
    RetireArgs, RevokeArgs, RuleArgs, UnbindArgs,
};
pub use register::{
    IdentityArgs, PowerOn, RegisterButtonArgs, RegisterLockArgs, RegisterThing, RotateArgs,
};

/// Operates remote locks: those of a laptop stack, which it can run itself, or those of an AWS
/// account.
///
/// Without a command it is `lockctl local`: the whole product on this machine, without an AWS
/// account and without hardware.
#[derive(Debug, Parser)]
#[command(name = "lockctl", version, after_help = TARGETS)]
pub struct Cli {
    /// What to do; `local` by default.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
}

impl Cli {
    /// The command and the options of every command; `local` with its defaults if no command was
    /// given.
    pub fn into_parts(self) -> (Command, Global) {
        let command = self.command.unwrap_or_else(|| {
            let local = Self::parse_from(["lockctl", "local"]);
            local.command.expect("the word `local` is a command")
        });
        (command, self.global)
    }
}

const TARGETS: &str = "\
Where lockctl finds the locks, in this order (each answer names its target first):
  1. --ready-file FILE       the laptop stack that wrote FILE
  2. AWS credentials         AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN,
                             AWS_REGION, AWS_ENDPOINT_URL_*; for profiles and SSO first run
                             eval \"$(aws configure export-credentials --format env)\"
  3. a running laptop stack  found by ready.json in the data directory (.local), even if
                             AWS_PROFILE or AWS_REGION is set

Exit status:
  0  done
  1  failed: the message says why, and what to do
  2  the command line is wrong
  3  refused or without effect: a press was ignored, a request was superseded or came too late,
     a lock that may be open is not forgotten
  4  no answer in time: whether the latch has moved is not known

Answers are plain text, and coloured on a terminal unless NO_COLOR is set. With --output json they
are documents that `lockctl schema` describes, alone on standard output. Standard error then has
warnings as plain lines that begin with WARN, and after them the error, if the command failed, as
one line of JSON.

Examples:
  lockctl                          run everything on this machine; open the printed address
  lockctl press button-1           press a button as the hardware would, and wait for the outcome
  lockctl unlock lock-1            request an unlock; the history records who asked
  lockctl status                   the state of every lock, and how old it is
  lockctl watch                    every lock, then one line per event as it happens
  lockctl console                  the same on a page, read-only; with --allow-requests it has
                                   buttons that lock and unlock
  lockctl history lock-1           one line per event, with the reason
  lockctl history --since 2h --who button-1
                                   what a button did in the last two hours
  lockctl register lock lock-2 --unlocked-level 1 --power-on locked
                                   add a lock, with the key and certificate for its board
  lockctl register button button-2 --lock lock-2
                                   add a button, and bind it to a lock
  lockctl bind button-2 lock-1     bind it to another lock, and lock the previous one
  lockctl label lock-2 \"Garage door\" --room Garage
                                   what people call it, shown with its name
  lockctl bindings                 which button commands which lock
  lockctl revoke button-2          withdraw its permission, and lock its lock
  lockctl enable button-2          restore its permission
  lockctl rotate lock-1            a new key and certificate for its board
  lockctl retire button-2          delete its certificate and thing as well
  lockctl home-assistant lock-1 lock-2 --lock-only lock-2 --mqtt homeassistant.local
                                   show two doors in Home Assistant, which may unlock the first
  lockctl pause                    disable the topic rules, before a restore";

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Format of the answer.
    #[arg(long, value_enum, default_value_t = Output::Human, global = true)]
    pub output: Output,

    /// Which stack.
    #[command(flatten)]
    pub stack: StackArgs,
}

/// Format of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Lines of text.
    Human,
    /// One JSON document on standard output.
    Json,
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the whole product on this machine: local cloud, functions, virtual devices, console.
    ///
    /// Prints the console's address and each step of each press, until Ctrl-C. The next start
    /// continues from the state in --data-dir.
    #[command(after_help = laptop::cli::EXAMPLES)]
    Local(LocalArgs),
    #[command(flatten)]
    Operate(Operation),
    /// Show every lock, then one line per event as it happens, until Ctrl-C.
    ///
    /// On a terminal the table of locks stays below the lines. A laptop stack says when something
    /// changes. A stack in AWS is asked: each second after a change, and less and less often, down
    /// to every ten seconds, while nothing happens.
    Watch(WatchArgs),
    /// Serve a page on this machine that shows every door and its history, until Ctrl-C.
    ///
    /// It reads with your credentials, which never reach the page, and as `watch` does, but only
    /// while the page is open. Open the printed address: nothing else opens the page, since others
    /// may use this machine too.
    ///
    /// With --allow-requests the page also locks and unlocks, as `lockctl lock` and `unlock` do.
    /// The policy of a viewer is enough to look, and that of an operator to ask.
    Console(ConsoleArgs),
    /// Print the completions of a shell.
    ///
    /// For bash: `lockctl completions bash > ~/.local/share/bash-completion/completions/lockctl`.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write a page per command into a directory.
    Man {
        /// The directory; it must exist.
        directory: Option<PathBuf>,
    },
    /// Print the JSON schema of the answers of `--output json`: `$defs` has an entry per command.
    Schema,
}

/// A command to a running deployment.
#[derive(Debug, Subcommand)]
pub enum Operation {
    /// Press a button: publish what the button would publish, wait for the outcome and print it.
    ///
    /// Fails if the press is ignored or its command is not carried out; the answer gives the
    /// reason.
    Press(PressArgs),
    /// Ask a lock to lock, and wait for its answer.
    Lock(RequestArgs),
    /// Ask a lock to unlock, and wait for its answer or until the unlock expires.
    Unlock(RequestArgs),
    /// Show the state of one lock or all: how certain and how old it is, and which command is
    /// pending.
    Status(StatusArgs),
    /// Show the events of a lock or button, or of all, newest first, with the reasons.
    ///
    /// Presses of a bound button are in the history of its lock: `--who button-1` finds them.
    History(HistoryArgs),
    /// Register a lock or a button: thing, key, certificate, device folder, record. A lock that is
    /// not registered is never commanded, and its reports are ignored.
    #[command(subcommand)]
    Register(RegisterThing),
    /// Bind a registered button to a registered lock, instead of its current one.
    ///
    /// The button's previous lock is locked in the same step, unless it is known to be locked. A
    /// press made before the binding has no effect; the command returns after two seconds, when new
    /// presses count. Binding a revoked button restores its permission.
    Bind(BindArgs),
    /// Unbind a button. It stays registered, and its lock is locked unless known to be locked.
    Unbind(UnbindArgs),
    /// Give a lock or a button a label, such as "Front door", and a lock a room. Without either,
    /// show them.
    ///
    /// They are shown with the name, in answers, histories, alerts and the console. Commands take
    /// the name alone, and no decision depends on a label.
    Label(LabelArgs),
    /// Show which button commands which lock, and what its clicks ask for. Retired buttons are left
    /// out.
    Bindings,
    /// Withdraw a button's permission at once. Its lock is locked in the same step, unless it is
    /// known to be locked.
    ///
    /// `lockctl enable` restores the permission.
    Revoke(RevokeArgs),
    /// Restore the permission of a revoked button, with the lock and the clicks that it had.
    ///
    /// A press made while it was revoked has no effect; the command returns after two seconds, when
    /// new presses count.
    Enable(EnableArgs),
    /// Remove a lock from the register: it is no longer commanded, and its reports are ignored.
    ///
    /// Refused while a button is bound to it, or while it is not known to be locked.
    Forget(ForgetArgs),
    /// Give a device a new key and certificate; with --finish end the old certificate.
    ///
    /// First `lockctl rotate NAME`, then bring the new files to the board, then `lockctl rotate
    /// NAME --finish`: it cuts the old certificate off and deletes it once the device is connected
    /// with the new one. If the device does not come, the old certificate is active again. Repeat
    /// either after a failure.
    Rotate(RotateArgs),
    /// Remove a lock or button for good: from the register, and its thing and certificates from AWS
    /// IoT. The history stays.
    ///
    /// Refused for a lock while a button is bound to it, or while it is not known to be locked. A
    /// certificate that another thing has too is only detached. Repeat the command after a failure.
    Retire(RetireArgs),
    /// Show doors in Home Assistant: give the MQTT broker in a house a line to AWS IoT for its own
    /// doors, and make each door a device.
    ///
    /// Makes a thing, a key and a certificate with a policy for the topics of these doors and no
    /// other, and a folder with the settings of mosquitto, the discovery messages and a README.
    /// Whoever may use Home Assistant may then lock and unlock these doors; --lock-only leaves
    /// unlocking out. Every request is judged and recorded as any other, and Home Assistant shows
    /// a refused one with its reason. Run it again with other doors: those that are not named
    /// leave Home Assistant. Repeat it after a failure.
    HomeAssistant(HomeAssistantArgs),
    /// Disable the stack's topic rules: presses, requests and reports are lost until `lockctl
    /// resume`.
    Pause(RuleArgs),
    /// Enable the stack's topic rules again, after `lockctl pause`.
    Resume(RuleArgs),
    /// Walk the way from a button to its door, and name the first broken link with what fixes it.
    ///
    /// Changes nothing. Fails if a link is broken. A link that these credentials may not look at is
    /// `unknown`; the stack's output `DoctorPolicyArn` names the policy that permits it.
    Doctor(DoctorArgs),
    /// Show what the functions gave up: messages in the queues, and lines of the last day.
    Failures(FailuresArgs),
    /// After restoring the table from a backup: treat the state of each lock as unknown until it
    /// reports.
    ///
    /// First run `lockctl pause`, and wait longer than the life of an unlock (the stack's
    /// `CommandTtlMs`); run `lockctl resume` afterwards. With --running it repairs a lock whose
    /// version is far ahead of the clock.
    Recover(RecoverArgs),
}

#[cfg(test)]
mod complete;
#[cfg(test)]
mod runbook;

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_option_has_a_help_text() {
        fn check(command: &clap::Command) {
            let name = command.get_name();
            assert!(command.get_about().is_some(), "{name} has no help text");
            for argument in command.get_arguments() {
                let help = argument.get_help().is_some() || argument.is_hide_set();
                assert!(help, "{name}: {} has no help text", argument.get_id());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }
}
