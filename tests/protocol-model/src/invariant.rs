//! The invariants of `infra/docs/PROTOCOL.md`, section 6.

use std::fmt;

macro_rules! invariants {
    ($($name:ident: $text:literal;)*) => {
        /// An invariant of the protocol.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Invariant {
            $(#[doc = $text] $name,)*
        }

        impl Invariant {
            /// All invariants.
            pub const ALL: &'static [Invariant] = &[$(Invariant::$name,)*];

            /// Its name: `S1`.
            pub const fn name(self) -> &'static str {
                match self { $(Invariant::$name => stringify!($name),)* }
            }
        }
    };
}

invariants! {
    S1: "An unlock never moves the latch after its expiry or after a newer command was executed.";
    S2: "A press takes effect at most once; without a sequence, a repeated lock may lock again.";
    S3: "Versions only grow, and a version has one command, for each writer.";
    S4: "With no message in transit and after a sweep, a settled record equals the latch.";
    S5: "A button that was revoked or bound elsewhere commands nothing and leaves no door open.";
    S6: "Power-on sets the latch to its declared state; an unlock by the exit button relocks.";
    S7: "Sends per command, and system commands in a row, are bounded by the back-off.";
    S8: "Only a registered lock is commanded.";
    L1: "With a fair network and sweeps, record and latch converge, or it says unresponsive.";
    L2: "A press with everything up is not lost.";
    L3: "A minute after the shadow was edited or deleted, record and shadow are right again.";
    L4: "A person who presses again for lack of an answer does not lock the door by it.";
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The set of invariants that a run has broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct BrokenInvariants(u16);

impl BrokenInvariants {
    /// Adds `invariant` unless `holds`.
    pub fn require(&mut self, holds: bool, invariant: Invariant) {
        if !holds {
            self.0 |= 1 << invariant as u16;
        }
    }

    /// Whether `invariant` is broken.
    pub fn has(self, invariant: Invariant) -> bool {
        self.0 & (1 << invariant as u16) != 0
    }

    /// Whether no invariant is broken.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}
