//! Every rule that can be taken away, one at a time, and the invariant that then breaks. It must not know how a rule is
//! taken away: that is done at the border of the real functions (`cloud.rs`) and in the transcription (`device.rs`).

use crate::invariant::Invariant;

/// The rules in force: all, or all but one; with or without what is only proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    without: Option<Rule>,
    /// Whether the proposal against the known gap is in force: a device whose journal came up blank takes no unlock issued
    /// before it was powered on (D1).
    pub proposed: bool,
}

impl Rules {
    /// All of them.
    pub const ALL: Rules = Rules {
        without: None,
        proposed: false,
    };

    /// All of them, and the proposed ones.
    pub const PROPOSED: Rules = Rules {
        proposed: true,
        ..Rules::ALL
    };

    /// All but `rule`.
    pub const fn all_but(rule: Rule) -> Rules {
        Rules {
            without: Some(rule),
            ..Rules::ALL
        }
    }

    /// Whether `rule` has been taken away.
    pub fn without(self, rule: Rule) -> bool {
        self.without == Some(rule)
    }
}

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
    C3BindingOutside: "C3", S5, "press and revocation", "the binding is read, and is no condition of the transaction";
    C3RecordOutside: "C3", S3, "two presses at once", "version and status as read are no condition of the transaction";
    C4FromCommit: "C4", S1, "late retry", "an unlock's life begins at its commit";
    C5PreviousPlusOne: "C5", S3, "table restored", "the next version is the previous one plus one";
    C6ToggleUnsettled: "C6", S4, "two presses, lost messages", "a toggle unlocks whenever the last known state is locked";
    C7NoRepublish: "C7", L2, "crash and retry", "a press already recorded is left alone";
    C7RepublishAlways: "C7", S5, "press and revocation", "a press already recorded is published again, whatever has happened since";
    C8LifeRenewed: "C8", S1, "refusing clock", "each send of an unlock gives it a new life";
    C8NextSendNotMoved: "C8", S7, "refusing clock", "a command is sent again without moving its next send";
    C8LockOnce: "C8", L1, "two presses, lost messages", "a lock is sent once";
    C9AnyVersionSettles: "C9", S4, "reboot", "any newer report settles the record";
    C9AnyOrder: "C9", S4, "reboot", "reports are taken in the order in which they come";
    C9LostJournal: "C9", L2, "journal lost", "a settled record takes no notice of a device that is behind it";
    C10NoSweeper: "C10", L1, "late retry", "no sweeper";
    C10TimeoutIsNo: "C10", S4, "two presses, lost messages", "an unlock not answered in time counts as not executed";
    C10SettledNeverDue: "C10", S4, "auto-relock", "a settled record is never looked at";
    C11NoSystemLock: "C11", S5, "press and revocation", "revoking only disables the binding";
    C12RestoredTrusted: "C12", S4, "table restored", "a restored table is believed";
    C12ShortPause: "C12", S2, "table restored", "the rules are off for a command's life only: retries outlive the pause";
    C13PublishFirst: "C13", S3, "two presses at once", "a command is published before it is committed";
    D1RamOnly: "D1", S1, "reboot", "the journal is kept in RAM";
    D1FlashAfter: "D1", S2, "power cut within a command", "the journal is written after the latch has moved";
    D1ErasedFlashActs: "D1", S2, "journal lost", "a blank journal refuses nothing";
    D1EqualActs: "D1", S2, "one press, repeated", "a version already journalled acts again";
    D1OlderActs: "D1", S1, "two presses at once", "an older version acts";
    D2LateActs: "D2", S1, "late retry", "an unlock acts however late it is";
    D3AnyClock: "D3", S1, "refusing clock", "an unlock acts though the clock was never set";
    D3NoTolerance: "D3", S1, "clock skewed", "the clock is believed to the last second";
    D4LastState: "D4", S6, "reboot", "power-on restores the last state";
    D4SilentBoot: "D4", S4, "reboot", "no report after power-on";
    D4ReportOnce: "D4", S4, "auto-relock", "a report is sent once, accepted or not";
    D5SilentRelock: "D5", S4, "auto-relock", "auto-relock is not reported";
}
