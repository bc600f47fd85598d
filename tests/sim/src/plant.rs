//! Faults planted into the protocol, to show that the simulator finds them.
//!
//! Each is a switch at a boundary: in a decision's input or output, in a condition that is skipped,
//! or in what a device is given. Without a plant nothing here has an effect.
//!
//! Some rules have no plant, since nothing that the invariants see is worse without them:
//!
//! - C3, a prediction from a note of before a re-binding: the lock's version differs from the
//!   note's, so the condition fails and brings back the record.
//! - C7, a recorded unlock is sent again although its button was revoked: C11 has already put a
//!   lock in its place, so it is not the record's command any more.

use std::fmt;

use crate::invariant::Invariant;

/// Within how many seeds, from 0, each plant is found.
pub const SEEDS: u64 = 300;

/// What is known of a planted fault.
struct Row {
    breaks: &'static [Invariant],
    text: &'static str,
}

macro_rules! plants {
    ($($name:ident, [$($breaks:ident),*], $text:literal;)*) => {
        /// A planted fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Plant {
            $(#[doc = $text] $name,)*
        }

        impl Plant {
            /// All planted faults.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            const fn row(self) -> Row {
                match self {
                    $(Self::$name => Row { breaks: &[$(Invariant::$breaks),*], text: $text },)*
                }
            }
        }
    };
}

plants! {
    NewIdentity, [S1, S2, S5], "C1: each invocation gives the press a new identity";
    NoQuietWindow, [S2], "C2: no quiet window for a button without a sequence";
    BindingUnchecked, [S2, S5], "C3: a transaction has no condition on the binding";
    RecordUnchecked, [S1, S3, S4, S5, S7],
        "C3: a transaction has no condition on version and status";
    RevisionCounted, [S5], "C3: a binding's new revision is the last one plus one";
    BoundAtIgnored, [S5], "C3: a press made before its button was bound counts";
    LastPressForgotten, [S2], "C3: binding clears the last press";
    BoundLeftOpen, [S5], "C3: binding to another lock does not lock the old one";
    PredictionUnchecked, [S3, S5, L2, L4], "C3: nothing checks a predicted record";
    PredictedLatchUnchecked, [C3], "C3: a toggle has no condition on the predicted latch";
    AnyVerdictPredicted, [L2, L4],
        "C3: a press is ignored on a prediction or a cached binding";
    LifeFromCommit, [S1, S5], "C4: an unlock's life begins at its commit";
    LifeFromArrival, [S1, S5], "C4: an unlock's life begins when its press arrives";
    VersionFromClock, [S3], "C5: the next version is the time";
    DoneReversed, [L4], "C6: a toggle reverses the same button's unlock that was just executed";
    LastPressUnchecked, [L4], "C6: the last press may be another one than was judged";
    RecordedIgnored, [L2], "C7: a press that is recorded is not published again";
    LifeRenewed, [S1], "C8: each send gives an unlock a new expiry";
    NextSendNotMoved, [S7], "C8: a re-send does not move the next send";
    SentOnce, [L1], "C8: a lock command is sent once";
    AnyVersionSettles, [S4, L1, L2], "C9: any newer report settles the record";
    AnyOrder, [S4, S7, L1, L2], "C9: reports are accepted in order of arrival";
    LostJournalIgnored, [S4, L1, L2], "C9: a settled record ignores a device that is behind it";
    AnyAuthor, [S4], "C9: a report is accepted from any author";
    UsedReport, [S4, L1, L3], "C9: a report in the shadow is accepted twice";
    AnyThing, [S8], "C9: the first report of any thing creates a record";
    NoSweep, [L1], "C10: no sweep";
    SettledNeverDue, [S4, L1], "C10: a settled record is never due";
    NoAnswerIsNo, [S4], "C10: an unlock without an answer counts as not executed";
    RevokedLeftOpen, [S5], "C11: revoking only disables the binding";
    RestoredTrusted, [S4], "C12: a restored table is trusted";
    RestoredAtOnce, [S2, S3, S5], "C12: the rules are not off for long before a table is restored";
    PublishedFirst, [S2, S3, S5], "C13: a command is published before it is committed";
    JamsEndless, [S7], "C14: a jammed latch is locked again without end";
    ContestedAtOnce, [S7], "C15: every system lock is sent at once";
    TimeOfArrival, [S1], "D3: an answer counts from its arrival, as if it took no time";
    AnySample, [S1], "D3: every answer is a sample of the time";
    SlowQuartz, [S1, L2], "D3: a quartz is slow by more than is allowed for";
    ReportedOnce, [S4, L1, L3], "D4: a report is sent once, accepted or not";
    EditUnanswered, [L3, S4], "D4: an edit of the shadow is not answered by a report";
    SilentRelock, [S4], "D5: auto-relock is not reported";
    SessionKept, [S1, S5, L1], "D6: commands wait in a session while the lock is offline";
    ExitStays, [S6], "D9: an unlock by the exit button does not relock";
}

impl Plant {
    /// The invariants that it may break; the first one found is one of them.
    pub const fn breaks(self) -> &'static [Invariant] {
        self.row().breaks
    }

    /// Its name on the command line: `NoSweep` is `no-sweep`.
    pub fn word(self) -> String {
        let mut word = String::new();
        for letter in format!("{self:?}").chars() {
            if letter.is_ascii_uppercase() && !word.is_empty() {
                word.push('-');
            }
            word.push(letter.to_ascii_lowercase());
        }
        word
    }
}

impl fmt::Display for Plant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().text)
    }
}
