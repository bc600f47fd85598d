//! The steps of a random run of the sweep, an operator and a lock.
//!
//! Must not know: the laws.

use proptest::prelude::*;

use crate::action::Intent;
use crate::report::Latch;

#[derive(Debug, Clone)]
pub(super) enum Step {
    /// An operator requests; the command arrives or is lost.
    Request {
        intent: Intent,
        lost: bool,
    },
    /// The latch moves without a command; its event arrives or is lost.
    Move {
        latch: Latch,
        lost: bool,
    },
    /// The door opens or closes; its event arrives or is lost.
    Swing {
        lost: bool,
    },
    /// The lock loses its journal.
    Erase,
    /// The lock obeys another program's newer lock command, and its flash refuses the journal.
    Rival {
        ahead_ms: u64,
    },
    /// A sweep runs; its command arrives or is lost.
    Sweep {
        lost: bool,
    },
    /// A sweep that read the record one step ago commits now.
    SweepOld,
    Revoke,
    Recover,
    /// The record is restored to its state of some steps ago.
    Restore {
        back: usize,
    },
}

pub(super) fn steps() -> impl Strategy<Value = Vec<(u64, Step)>> {
    let intent = prop_oneof![
        Just(Intent::Lock),
        Just(Intent::Unlock),
        Just(Intent::Toggle)
    ];
    let latch = prop_oneof![
        Just(Latch::Locked),
        Just(Latch::Unlocked),
        Just(Latch::Jammed)
    ];
    let lost = || any::<bool>();
    let step = prop_oneof![
        4 => (intent, lost()).prop_map(|(intent, lost)| Step::Request { intent, lost }),
        3 => (latch, lost()).prop_map(|(latch, lost)| Step::Move { latch, lost }),
        3 => lost().prop_map(|lost| Step::Swing { lost }),
        1 => Just(Step::Erase),
        1 => (0..60_000_u64).prop_map(|ahead_ms| Step::Rival { ahead_ms }),
        5 => lost().prop_map(|lost| Step::Sweep { lost }),
        2 => Just(Step::SweepOld),
        1 => Just(Step::Revoke),
        1 => Just(Step::Recover),
        3 => (0..6_usize).prop_map(|back| Step::Restore { back }),
    ];
    let passed_ms = prop_oneof![Just(0), 0..3_000_u64, 0..60_000_u64, 0..3_000_000_u64];
    proptest::collection::vec((passed_ms, step), 1..50)
}

/// What the runs must contain, or the laws about it show nothing.
pub(super) const MUST_OCCUR: &[&str] = &[
    "alert forced",
    "alert left-open",
    "recover command: recovered",
    "report command: first-report",
    "report command: jammed",
    "report command: other-command",
    "report command: refused-by-lock",
    "report command: version-ahead",
    "report command: version-behind",
    "report noted: not-seen",
    "report refused",
    "report resend: not-seen",
    "report settled: confirmed",
    "report settled: executed",
    "report settled: jammed",
    "request command: requested",
    "revoke command: revoked",
    "revoke noted: revoked",
    "sweep command: unlock-not-answered",
    "sweep noted: awaited",
    "sweep noted: left-open",
    "sweep refused",
    "sweep resend: in-turn",
    "sweep resend: not-answered",
    "sweep unresponsive: not-answered",
    "sweep unresponsive: silent",
];
