//! Which events of a history are wanted, by the command line.

use laptop::history::Filter;
use lock_core::time::UnixMillis;

use crate::cli::HistoryArgs;

/// The filter of a command line; an age counts back from `now`.
pub fn filter(args: &HistoryArgs, now: UnixMillis) -> Filter<'_> {
    Filter {
        since: args.since.map(|since| UnixMillis(since.at(now.0))),
        until: args.until.map(|until| UnixMillis(until.at(now.0))),
        locks: &args.locks,
        who: args.who.as_deref(),
        reason: args.reason.as_deref(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use lock_core::event::{Event, Kind, Subject};
    use lock_core::label::Names;
    use lock_core::limits::Limits;
    use lock_core::name::{ButtonSerial, LockName};
    use lock_core::reason::{Reason, Verdict};

    use super::*;
    use crate::cli::{Cli, Command, Operation};

    const NOW: UnixMillis = UnixMillis(1_763_779_512_345);

    /// A press of button-1 for lock-1 ten minutes ago, asked by nobody.
    fn press() -> Event {
        let lock = Subject::Lock(LockName::new("lock-1").expect("a name"));
        let at = NOW.minus(600_000);
        let event = Event::new(lock, Kind::Press, at, "p".to_owned(), &Limits::default());
        Event {
            button: Some(ButtonSerial::new("button-1").expect("a name")),
            actor: Some("alice".to_owned()),
            ..event.with_decision(Verdict::Ignored, Reason::QUIET_WINDOW)
        }
    }

    #[test]
    fn an_event_must_satisfy_every_wish() {
        for (options, wanted) in [
            (&[][..], true),
            (&["--since", "11m"], true),
            (&["--since", "9m"], false),
            (&["--until", "9m"], true),
            (&["--until", "11m"], false),
            (&["--lock", "lock-1"], true),
            (&["--lock", "lock-2", "--lock", "lock-1"], true),
            (&["--lock", "lock-2"], false),
            (&["--who", "button-1"], true),
            (&["--who", "alice"], true),
            (&["--who", "bob"], false),
            (&["--reason", "quiet-window"], true),
            (&["--reason", "quiet window"], true),
            (&["--reason", "stale"], false),
            (&["--who", "alice", "--reason", "stale"], false),
        ] {
            let line = [&["lockctl", "history"], options].concat();
            let (Command::Operate(Operation::History(args)), _) =
                Cli::parse_from(line).into_parts()
            else {
                panic!("not a history");
            };
            let filter = filter(&args, NOW);
            assert_eq!(filter.is_empty(), options.is_empty());
            let accepted = filter.accepts(&press(), &Names::default());
            assert_eq!(accepted, wanted, "{options:?}");
        }
    }
}
