//! Faults planted into the protocol, to show that the simulator finds them.
//!
//! Each is a switch at a boundary: in a decision's input or output, in a condition that is skipped,
//! or in what a device is given. Without a plant nothing here has an effect.

use std::fmt;

use crate::invariant::Invariant;

macro_rules! plants {
    ($($name:ident: $word:literal, $breaks:expr, $seeds:literal, $text:literal;)*) => {
        /// A planted fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Plant {
            $(#[doc = $text] $name,)*
        }

        impl Plant {
            /// All planted faults.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name on the command line.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// What happens instead of the rule.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The invariants that it may break; the first one found is one of them.
            pub const fn breaks(self) -> &'static [Invariant] {
                use Invariant::{L1, L2, L3, L4, S1, S2, S3, S4, S5, S7, S8};
                match self { $(Self::$name => &$breaks,)* }
            }

            /// Within how many seeds, from 0, it is found.
            pub const fn seeds(self) -> u64 {
                match self { $(Self::$name => $seeds,)* }
            }
        }
    };
}

plants! {
    NewIdentity: "new-identity", [S1, S2, S5], 100,
        "C1: each invocation gives the press a new identity";
    NoQuietWindow: "no-quiet-window", [S2], 100,
        "C2: no quiet window for a button without a sequence";
    BindingUnchecked: "binding-unchecked", [S2, S5], 100,
        "C3: a transaction has no condition on the binding";
    RecordUnchecked: "record-unchecked", [S1, S3, S4, S5, S7], 100,
        "C3: a transaction has no condition on version and status";
    BoundAtIgnored: "bound-at-ignored", [S5], 100,
        "C3: a press made before its button was bound counts";
    LastPressForgotten: "last-press-forgotten", [S2], 100,
        "C3: binding clears the last press";
    BoundLeftOpen: "bound-left-open", [S5], 100,
        "C3: binding to another lock does not lock the old one";
    LifeFromCommit: "life-from-commit", [S1, S5], 100,
        "C4: an unlock's life begins at its commit";
    LifeFromArrival: "life-from-arrival", [S1, S5], 100,
        "C4: an unlock's life begins when its press arrives";
    VersionFromClock: "version-from-clock", [S3], 100,
        "C5: the next version is the time";
    DoneReversed: "done-reversed", [L4], 100,
        "C6: a toggle reverses the same button's unlock that was just executed";
    LifeRenewed: "life-renewed", [S1], 100,
        "C8: each send gives an unlock a new expiry";
    NextSendNotMoved: "next-send-not-moved", [S7], 100,
        "C8: a re-send does not move the next send";
    SentOnce: "sent-once", [L1], 100,
        "C8: a lock command is sent once";
    AnyVersionSettles: "any-version-settles", [S4, L1, L2], 100,
        "C9: any newer report settles the record";
    AnyOrder: "any-order", [S4, S7, L1, L2], 100,
        "C9: reports are accepted in order of arrival";
    LostJournalIgnored: "lost-journal-ignored", [S4, L1, L2], 100,
        "C9: a settled record ignores a device that is behind it";
    AnyAuthor: "any-author", [S4], 100,
        "C9: a report is accepted from any author";
    UsedReport: "used-report", [S4, L1, L3], 100,
        "C9: a report in the shadow is accepted twice";
    AnyThing: "any-thing", [S8], 100,
        "C9: the first report of any thing creates a record";
    NoSweep: "no-sweep", [L1], 100,
        "C10: no sweep";
    SettledNeverDue: "settled-never-due", [S4, L1], 100,
        "C10: a settled record is never due";
    NoAnswerIsNo: "no-answer-is-no", [S4], 100,
        "C10: an unlock without an answer counts as not executed";
    RevokedLeftOpen: "revoked-left-open", [S5], 100,
        "C11: revoking only disables the binding";
    PublishedFirst: "published-first", [S2, S3, S5], 100,
        "C13: a command is published before it is committed";
    JamsEndless: "jams-endless", [S7], 100,
        "C14: a jammed latch is locked again without end";
    ContestedAtOnce: "contested-at-once", [S7], 100,
        "C15: every system lock is sent at once";
    TimeOfArrival: "time-of-arrival", [S1], 100,
        "D3: an answer counts from its arrival, as if it took no time";
    AnySample: "any-sample", [S1], 100,
        "D3: every answer is a sample of the time";
    SlowQuartz: "slow-quartz", [S1, L2], 100,
        "D3: a quartz is slow by more than is allowed for";
    ReportedOnce: "reported-once", [S4, L1, L3], 100,
        "D4: a report is sent once, accepted or not";
    EditUnanswered: "edit-unanswered", [L3, S4], 100,
        "D4: an edit of the shadow is not answered by a report";
    SilentRelock: "silent-relock", [S4], 100,
        "D5: auto-relock is not reported";
    SessionKept: "session-kept", [S1, S5], 100,
        "D6: commands wait in a session while the lock is offline";
}

impl fmt::Display for Plant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}
