//! The options of the commands that look: `status`, `watch`, `console`, `history`.

use clap::Args;
use laptop::when::Moment;
use lock_core::name::LockName;

use super::Actor;

/// Options of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The lock's thing name; all locks by default.
    pub lock: Option<LockName>,
}

/// Options of `watch`.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// Thing names of locks; all locks and buttons by default.
    pub locks: Vec<LockName>,
    /// End after this many events.
    #[arg(long, value_name = "N")]
    pub count: Option<u64>,
}

/// Options of `console`.
#[derive(Debug, Args)]
pub struct ConsoleArgs {
    /// Port of the page on this machine. [default: a free port]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub port: u16,
    /// Let the page lock and unlock. Without it the page only shows.
    #[arg(long)]
    pub allow_requests: bool,
    #[command(flatten)]
    pub actor: Actor,
}

/// Options of `history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// The thing name of a lock, or the serial number of a button; all of them by default.
    pub name: Option<LockName>,
    /// Maximum number of events.
    #[arg(long, default_value_t = 20)]
    pub limit: u16,
    /// Only events since this time: `2h` (also s, m, d), `2026-11-28`, `2026-11-28T18:00`, or
    /// with a time zone as in RFC 3339.
    #[arg(long, value_name = "TIME")]
    pub since: Option<Moment>,
    /// Only events before this time.
    #[arg(long, value_name = "TIME", conflicts_with = "follow")]
    pub until: Option<Moment>,
    /// Only events in the history of this lock; repeatable.
    #[arg(long = "lock", value_name = "LOCK")]
    pub locks: Vec<LockName>,
    /// Only events of this button, or of this person as the history names them.
    #[arg(long, value_name = "BUTTON|ACTOR")]
    pub who: Option<String>,
    /// Only events with this reason: `stale`, `"quiet window"`.
    #[arg(long)]
    pub reason: Option<String>,
    /// Show the newest events, oldest first, then each further one as it happens, until Ctrl-C.
    #[arg(long)]
    pub follow: bool,
    /// With --follow: end after this many further events.
    #[arg(long, value_name = "N", requires = "follow")]
    pub count: Option<u64>,
}
