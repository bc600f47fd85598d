//! The invariants of `infra/docs/PROTOCOL.md`, section 6, and what its rule C3 promises of
//! predictions.

use std::fmt;

macro_rules! invariants {
    ($($name:ident: $text:literal;)*) => {
        /// An invariant of the protocol.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Invariant {
            $(#[doc = $text] $name,)*
        }

        impl Invariant {
            /// All invariants.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// What it demands.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

invariants! {
    C3: "a command decided on a prediction is the one that the table itself would give";
    S1: "an unlock never moves the latch after its expiry or after a newer command was executed";
    S2: "a press takes effect at most once";
    S3: "versions only grow, and a version has one command, for each writer";
    S4: "with no message in transit, a settled record equals the latch";
    S5: "a button that was revoked or bound elsewhere commands nothing and leaves no door open";
    S6: "power-on sets the latch to its declared state; an unlock by the exit button relocks";
    S7: "sends per command, and system commands in a row, are bounded by the back-off";
    S8: "only a registered lock is commanded";
    L1: "with a fair network and sweeps, record and latch converge, or it says unresponsive";
    L2: "a press with everything up is not lost";
    L3: "a minute after the shadow was edited or deleted, record and shadow are right again";
    L4: "a person who presses again for lack of an answer does not lock the door by it";
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}: {}", self.text())
    }
}
