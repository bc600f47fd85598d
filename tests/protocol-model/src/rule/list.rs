//! The list of the rules that can be taken away. It must not know more of a rule than its words.

use crate::invariant::Invariant;

macro_rules! rules {
    ($($name:ident: $rule:literal, $breaks:ident, $configuration:literal, $text:literal;)*) => {
        /// A rule, or a part of one, that can be taken away.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Rule {
            $(#[doc = $text] $name,)*
        }

        impl Rule {
            /// Every one.
            pub const EVERY: &'static [Rule] = &[$(Rule::$name,)*];

            /// Its number in the protocol.
            pub const fn number(self) -> &'static str {
                match self { $(Rule::$name => $rule,)* }
            }

            /// What is done instead.
            pub const fn text(self) -> &'static str {
                match self { $(Rule::$name => $text,)* }
            }

            /// The invariant that breaks.
            pub const fn breaks(self) -> Invariant {
                match self { $(Rule::$name => Invariant::$breaks,)* }
            }

            /// The configuration in which it breaks.
            pub const fn configuration(self) -> &'static str {
                match self { $(Rule::$name => $configuration,)* }
            }
        }
    };
}

rules! {
    C1NewIdentity: "C1", S2, "crash and retry", "each invocation gives the press an identity of its own";
    C2NoQuietWindow: "C2", S2, "button without a count", "no quiet window for a button that counts nothing";
    C2LockSwallowed: "C2", L2, "lock within the quiet window", "the quiet window swallows a click that means lock";
    C3BindingOutside: "C3", S5, "press and revocation", "the binding is read, and is no condition of the transaction";
    C3RecordOutside: "C3", S3, "two presses at once", "version and status as read are no condition of the transaction";
    C3MarkWithoutLock: "C3", L2, "one request id, two locks", "the mark of a request does not name its lock";
    C3NoBoundAt: "C3", S5, "revoked, then bound", "a press made before its button was bound counts";
    C3LastPressForgotten: "C3", S2, "bound once more", "binding forgets the last press";
    C3LockLeftOpen: "C3", S5, "bound to another lock", "binding to another lock leaves the old one as it is";
    C4FromCommit: "C4", S1, "late retry", "an unlock's life begins at its commit";
    C4FromArrival: "C4", S1, "press held up", "an unlock's life begins when its press arrives, whenever it was made";
    C4GivenUpActs: "C4", S1, "press given up by its button", "a press acts after its button has given it up";
    C4RequestFromArrival: "C4", S1, "request held up", "an unlock's life begins when its request arrives, whenever it was made";
    C5PreviousPlusOne: "C5", S3, "table restored", "the next version is the previous one plus one";
    C5ClockOnly: "C5", S3, "cloud clock steps back", "the next version is the time";
    C6ToggleUnsettled: "C6", S4, "two presses, lost messages", "a toggle unlocks whenever the last known state is locked";
    C6PendingReversed: "C6", L4, "impatient person", "a toggle reverses the same button's unlock that is on its way";
    C6DoneReversed: "C6", L4, "impatient person", "a toggle reverses the same button's unlock that was just executed";
    C7NoRepublish: "C7", L2, "crash and retry", "a press already recorded is left alone";
    C7RepublishAlways: "C7", S5, "press and revocation", "a press already recorded is published again, whatever has happened since";
    C8LifeRenewed: "C8", S1, "refusing clock", "each send of an unlock gives it a new life";
    C8NextSendNotMoved: "C8", S7, "refusing clock", "a command is sent again without moving its next send";
    C8LockOnce: "C8", L1, "two presses, lost messages", "a lock is sent once";
    C8FirstWaits: "C8", L2, "press before the time is known", "the first re-send that a report asks for waits for its turn";
    C8SentWithoutTime: "C8", L2, "answer held up", "an unlock is sent again to a lock that has no time yet";
    C9AnyVersionSettles: "C9", S4, "reboot", "any newer report settles the record";
    C9AnyOrder: "C9", S4, "reboot", "reports are taken in the order in which they come";
    C9LostJournal: "C9", L2, "journal lost", "a settled record takes no notice of a device that is behind it";
    C9AnyAuthor: "C9", S4, "edited by hand", "whoever writes a report is believed";
    C9UsedReport: "C9", S4, "edited by hand, lock away", "a report in the shadow is believed though it was used before";
    C9EditedReport: "C9", L3, "edited by hand, report not heard", "a report in the shadow is believed though it was edited";
    C9AnyVersionAdopted: "C9", L2, "implausible report", "a version far ahead of the clock is adopted";
    C9AnyThing: "C9", S8, "not registered", "the first report of any thing makes a record";
    C10NoSweeper: "C10", L1, "late retry", "no sweeper";
    C10TimeoutIsNo: "C10", S4, "two presses, lost messages", "an unlock not answered in time counts as not executed";
    C10SettledNeverDue: "C10", S4, "auto-relock", "a settled record is never looked at";
    C11NoSystemLock: "C11", S5, "press and revocation", "revoking only disables the binding";
    C12RestoredTrusted: "C12", S4, "table restored", "a restored table is believed";
    C12ShortPause: "C12", S2, "table restored", "the rules are off for a command's life only: retries outlive the pause";
    C13PublishFirst: "C13", S3, "two presses at once", "a command is published before it is committed";
    C14NoEnd: "C14", S7, "jammed", "a jammed latch is locked again and again";
    C14InARow: "C14", S7, "jammed now and then", "a report of locked starts the count of jams again";
    C15Argues: "C15", S7, "second writer", "every system lock goes at once";
    D1RamOnly: "D1", S1, "reboot", "the journal is kept in RAM";
    D1FlashAfter: "D1", S2, "power cut within a command", "the journal is written after the latch has moved";
    D1ErasedFlashActs: "D1", S2, "journal lost", "a blank journal refuses nothing";
    D1LostJournal: "D1", S2, "journal lost, late copies", "after a lost journal, any lock makes every unlock good again";
    D1LossForgotten: "D1", S2, "journal lost, then a reboot", "a lost journal is forgotten at the next power-on";
    D1AnyVersion: "D1", L1, "implausible command", "a command of any version acts";
    D1EqualActs: "D1", S2, "one press, repeated", "a version already journalled acts again";
    D1OlderActs: "D1", S1, "two presses at once", "an older version acts";
    D2LateActs: "D2", S1, "late retry", "an unlock acts however late it is";
    D3AnyClock: "D3", S1, "refusing clock", "an unlock acts though the time is not known";
    D3EarliestTime: "D3", S1, "time held up", "an unlock acts while its life may not be over";
    D3AnyTime: "D3", S1, "time held up", "the time is taken from whoever answers";
    D3NoDrift: "D3", S1, "clock drifts", "the device's own clock is believed to run right";
    D4LastState: "D4", S6, "reboot", "power-on restores the last state";
    D4SilentBoot: "D4", S4, "reboot", "no report after power-on";
    D4ReportOnce: "D4", S4, "auto-relock", "a report is sent once, accepted or not";
    D4EditUnanswered: "D4", L3, "edited by hand", "a change of the shadow by another is not answered";
    D4DeletionUnanswered: "D4", L3, "shadow deleted just now", "a deletion of the shadow is not answered";
    D5SilentRelock: "D5", S4, "auto-relock", "auto-relock is not reported";
    D6Session: "D6", S5, "revoked while the lock is away", "commands wait in a session for a lock that is away";
    D6Retained: "D6", S5, "revoked while the lock is away", "the last command is retained";
    D6LaxParse: "D6", S1, "command damaged", "an unlock without an expiry has none";
    D9ExitStays: "D9", S6, "hand at the exit", "a hand's exit does not lock again by itself";
}
