//! The list of the rules that can be removed.

use crate::invariant::Invariant;

macro_rules! rules {
    ($($name:ident: $breaks:ident, $configuration:literal, $text:literal;)*) => {
        /// A rule, or a part of one, that can be removed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Rule {
            $(#[doc = $text] $name,)*
        }

        impl Rule {
            /// All rules.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its number in the protocol: `C1`.
            pub fn number(self) -> &'static str {
                let name = match self { $(Self::$name => stringify!($name),)* };
                let is_word = |c: char| c.is_ascii_alphabetic();
                let end = name[1..].find(is_word).map_or(name.len(), |end| end + 1);
                &name[..end]
            }

            /// What happens instead of the rule.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The invariant that breaks without it.
            pub const fn breaks(self) -> Invariant {
                match self { $(Self::$name => Invariant::$breaks,)* }
            }

            /// The configuration in which it breaks.
            pub const fn configuration(self) -> &'static str {
                match self { $(Self::$name => $configuration,)* }
            }
        }
    };
}

rules! {
    C1NewIdentity: S2, "crash and retry", "each invocation gives the press a new identity";
    C2NoQuietWindow: S2, "button without a sequence",
        "no quiet window for a button without a sequence";
    C2LockSwallowed: L2, "lock within the quiet window",
        "the quiet window drops a click that means lock";
    C3BindingOutside: S5, "press and revocation", "the transaction has no condition on the binding";
    C3RecordOutside: S3, "two presses at once",
        "the transaction has no condition on version and status";
    C3PredictionTrusted: S4, "decided on an old prediction",
        "a command on a predicted record has no condition on it";
    C3PredictionFinal: L2, "retried on a prediction",
        "a press is ignored on a predicted record";
    C3MarkWithoutLock: L2, "one request id, two locks",
        "a request's mark does not include its lock";
    C3NoBoundAt: S5, "revoked, then bound", "a press made before its button was bound counts";
    C3LastPressForgotten: S2, "bound again", "binding clears the last press";
    C3LockLeftOpen: S5, "bound to another lock",
        "binding to another lock does not lock the old one";
    C3RevisionCounted: S5, "bound elsewhere, then restored",
        "a binding's new revision is the last one plus one";
    C4FromCommit: S1, "late retry", "an unlock's life begins at its commit";
    C4FromArrival: S1, "press delayed", "an unlock's life begins when its press arrives";
    C4GivenUpActs: S1, "press given up by its button", "a press acts after its button has given up";
    C4RequestFromArrival: S1, "request delayed", "an unlock's life begins when its request arrives";
    C5PreviousPlusOne: S3, "table restored", "the next version is the previous one plus one";
    C5ClockOnly: S3, "cloud clock steps back", "the next version is the time";
    C6ToggleUnsettled: S4, "two presses, lost messages",
        "a toggle unlocks if the last known state is locked";
    C6PendingReversed: L4, "impatient person", "a toggle reverses the same button's pending unlock";
    C6DoneReversed: L4, "impatient person",
        "a toggle reverses the same button's unlock that was just executed";
    C6LastPressUnchecked: L4, "impatient person, two processes",
        "the age of the last press is taken from an earlier binding";
    C7NoRepublish: L2, "crash and retry", "a press already recorded is not published again";
    C7RepublishAlways: S5, "press and revocation",
        "a press already recorded is always published again";
    C8LifeRenewed: S1, "time unknown", "each send gives an unlock a new expiry";
    C8NextSendNotMoved: S7, "time unknown", "a re-send does not move the next send";
    C8LockOnce: L1, "two presses, lost messages", "a lock command is sent once";
    C8FirstWaits: L2, "press before the time is known",
        "the first re-send after a report waits for the back-off";
    C8SentWithoutTime: L2, "answer delayed",
        "an unlock is re-sent to a lock that does not know the time";
    C9AnyVersionSettles: S4, "reboot", "any newer report settles the record";
    C9AnyOrder: S4, "reboot", "reports are accepted in order of arrival";
    C9LostJournal: L2, "journal lost", "a settled record ignores a device that is behind it";
    C9AnyAuthor: S4, "edited by hand", "a report is accepted from any author";
    C9UsedReport: S4, "edited by hand, lock offline", "a report in the shadow is accepted twice";
    C9EditedReport: L3, "edited by hand, event lost", "an edited report in the shadow is accepted";
    C9AnyVersionAdopted: L2, "implausible report", "a version far ahead of the clock is adopted";
    C9OldLockSentAgain: L1, "newer lock command not journalled",
        "a lock command refused as superseded is sent again at its own version";
    C9AnyThing: S8, "not registered", "the first report of any thing creates a record";
    C10NoSweep: L1, "late retry", "no sweep";
    C10NoAnswerIsNo: S4, "two presses, lost messages",
        "an unlock without an answer counts as not executed";
    C10SettledNeverDue: S4, "auto-relock", "a settled record is never due";
    C10AlertedAgain: L1, "door left open",
        "a door left open is alerted at each sweep, before anything else";
    C11NoSystemLock: S5, "press and revocation", "revoking only disables the binding";
    C12RestoredTrusted: S4, "table restored", "a restored table is trusted";
    C12ShortPause: S2, "table restored",
        "the rules are off for a command's life only: retries outlive that";
    C13PublishFirst: S3, "two presses at once", "a command is published before it is committed";
    C14Endless: S7, "jammed", "a jammed latch is locked again without end";
    C14InARow: S7, "jammed repeatedly", "a report of locked resets the count of jams";
    C15SentAtOnce: S7, "second writer", "every system lock is sent at once";
    C15TurnUnchecked: S7, "overtaken, reports at once",
        "a system lock takes the turn of one that waited, also if that was sent meanwhile";
    D1RamOnly: S1, "reboot", "the journal is kept in RAM";
    D1FlashAfter: S2, "power cut during a command",
        "the journal is written after the latch has moved";
    D1ErasedFlashActs: S2, "journal lost", "a blank journal refuses nothing";
    D1LostJournal: S2, "journal lost, late copies",
        "after a lost journal, any lock command allows every unlock again";
    D1LossForgotten: S2, "journal lost, then a reboot",
        "a lost journal is forgotten at the next power-on";
    D1AnyVersion: L1, "implausible command", "a command of any version acts";
    D1EqualActs: S2, "one press, repeated", "a version in the journal acts again";
    D1OlderActs: S1, "two presses at once", "an older version acts";
    D2LateActs: S1, "late retry", "an unlock acts however late it is";
    D3AnyClock: S1, "time unknown", "an unlock acts while the time is unknown";
    D3EarliestTime: S1, "time delayed", "an unlock acts until it has certainly expired";
    D3AnyTime: S1, "time delayed", "the time is accepted from any client";
    D3NoDrift: S1, "clock drifts", "the device's own clock is assumed exact";
    D4LastState: S6, "reboot", "power-on restores the last state";
    D4SilentBoot: S4, "reboot", "no report after power-on";
    D4ReportOnce: S4, "auto-relock", "a report is sent once, accepted or not";
    D4EditUnanswered: L3, "edited by hand", "an edit of the shadow is not answered by a report";
    D4DeletionUnanswered: L3, "shadow just deleted",
        "a deletion of the shadow is not answered by a report";
    D5SilentRelock: S4, "auto-relock", "auto-relock is not reported";
    D6Session: S5, "revoked, lock offline", "commands wait in a session while the lock is offline";
    D6Retained: S5, "revoked, lock offline", "the last command is retained";
    D6LaxParse: S1, "command damaged", "an unlock without an expiry never expires";
    D9ExitStays: S6, "exit button", "an unlock by the exit button does not relock";
}
