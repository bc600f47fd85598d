//! The command line: what can be said to `lockctl`, and how it teaches itself. Knows nothing of AWS or of the stack.

mod operate;

use clap::{Args, Parser, Subcommand, ValueEnum};
use laptop::cli::{LocalArgs, StackArgs};

pub use operate::{
    BindArgs, ForgetArgs, HistoryArgs, PressArgs, RecoverArgs, RegisterButtonArgs,
    RegisterLockArgs, RegisterThing, RequestArgs, RevokeArgs, StatusArgs, UnbindArgs,
};

/// Operates remote locks: on the laptop stack that it can run itself, or in an AWS account.
///
/// Without a command it is `lockctl local`: the whole product on this machine, with no AWS account and no hardware.
#[derive(Debug, Parser)]
#[command(name = "lockctl", version, after_help = TARGETS)]
pub struct Cli {
    /// What to do; `local` when left out.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Options that every command takes.
    #[command(flatten)]
    pub global: Global,
}

impl Cli {
    /// The command that was given, `local` with its defaults when there was none.
    pub fn into_parts(self) -> (Command, Global) {
        let command = self.command.unwrap_or_else(|| {
            let plain = Self::parse_from(["lockctl", "local"]);
            plain.command.expect("the word `local` was parsed just now")
        });
        (command, self.global)
    }
}

const TARGETS: &str = "\
Which locks are meant (the first line of every answer names it):
  1. --ready-file FILE       the laptop stack that wrote FILE
  2. AWS credentials         AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, AWS_ENDPOINT_URL_*
                             (profiles and SSO: eval \"$(aws configure export-credentials --format env)\")
  3. a running laptop stack  found by ready.json in the data directory (.local); a profile or a region in the
                             environment changes nothing about that

Examples:
  lockctl                          run everything here, open the printed address
  lockctl press button-1           press a button as the hardware would, and wait for the outcome
  lockctl unlock lock-1            ask by name, with who asked in the history
  lockctl status                   every lock, with the age of what is known
  lockctl history lock-1           one line per press, with the reason
  lockctl register lock lock-2     make a lock known: nothing else makes one
  lockctl register button button-2 --lock lock-2
                                   make a button known, and let it command a lock
  lockctl bind button-2 lock-1     let it command another lock; the one it leaves is locked
  lockctl bindings                 which button commands which lock
  lockctl revoke button-2          take its right away; locks the door unless it is known to be locked";

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// How to print answers.
    #[arg(long, value_enum, default_value_t = Output::Human, global = true)]
    pub output: Output,

    #[command(flatten)]
    pub stack: StackArgs,
}

/// How answers are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Lines to read.
    Human,
    /// One JSON document on standard output.
    Json,
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the whole product on this machine: cloud stand-in, functions, virtual devices, console.
    ///
    /// Prints the console's address and each step of each press, until Ctrl-C. State stays in --data-dir for the next time.
    #[command(after_help = laptop::cli::EXAMPLES)]
    Local(LocalArgs),
    #[command(flatten)]
    Operate(Operation),
}

/// A command to locks that run somewhere.
#[derive(Debug, Subcommand)]
pub enum Operation {
    /// Press a button: publishes what the button would publish, waits for the outcome, and prints it.
    ///
    /// Fails when the press was ignored, or its command was not carried out; the reason is printed.
    Press(PressArgs),
    /// Ask a lock to lock, and wait until it has answered.
    Lock(RequestArgs),
    /// Ask a lock to unlock, and wait until it has answered or the unlock has run out.
    Unlock(RequestArgs),
    /// Show what is known of one lock, or of all: its state, how sure that is, and what is under way.
    Status(StatusArgs),
    /// Show what happened at a lock or a button, newest first, with the reasons.
    ///
    /// The presses of a bound button are in the history of its lock.
    History(HistoryArgs),
    /// Make a lock or a button known. A lock that is not registered is never commanded, and nothing that it reports counts.
    #[command(subcommand)]
    Register(RegisterThing),
    /// Let a button command a lock, instead of the one it commanded before. Both must be registered.
    ///
    /// The lock that the button leaves is locked in the same step, unless it is known to be locked. A press made before
    /// has no effect afterwards; the command ends when a new one counts, in two seconds. Binding a revoked button gives its
    /// right back.
    Bind(BindArgs),
    /// Let a button command nothing. It stays registered; its lock is locked unless it is known to be locked.
    Unbind(UnbindArgs),
    /// Show which button commands which lock, and how.
    Bindings,
    /// Take a button's right away, at once. Its lock is locked in the same step, unless it is known to be locked.
    ///
    /// `lockctl bind` gives the right back.
    Revoke(RevokeArgs),
    /// Forget a lock: nothing commands it any more, and nothing that it reports counts.
    ///
    /// Refused while a button is bound to it, and while it is not known to be locked.
    Forget(ForgetArgs),
    /// After the table was restored from a backup: believe nothing in it until each lock is heard.
    ///
    /// Disable the topic rules first, and wait for longer than the life of an unlock (the stack's CommandTtlMs); enable them
    /// afterwards. Also repairs a lock whose version was driven far ahead of the clock.
    Recover(RecoverArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_teaches_what_it_is_for() {
        fn taught(command: &clap::Command) {
            let name = command.get_name();
            assert!(command.get_about().is_some(), "{name} has no text");
            for argument in command.get_arguments() {
                let help = argument.get_help().is_some() || argument.is_hide_set();
                assert!(help, "{name}: {} has no text", argument.get_id());
            }
            command.get_subcommands().for_each(taught);
        }
        taught(&Cli::command());
    }
}
