//! The invariants of `infra/docs/PROTOCOL.md`, section 6, and the set of those that a run has broken. It must not know
//! how they are watched.

use std::fmt;

macro_rules! invariants {
    ($($name:ident: $text:literal;)*) => {
        /// An invariant.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Invariant {
            $(#[doc = $text] $name,)*
        }

        impl Invariant {
            /// Every one.
            pub const EVERY: &'static [Invariant] = &[$(Invariant::$name,)*];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self { $(Invariant::$name => stringify!($name),)* }
            }

            /// What it says.
            pub const fn text(self) -> &'static str {
                match self { $(Invariant::$name => $text,)* }
            }
        }
    };
}

invariants! {
    S1: "an unlock never moves the latch after its life, nor after a newer command was executed";
    S2: "a physical press takes effect at most once; of a button that does not count, a repeated lock may lock again";
    S3: "versions only grow, and a version has one command, for each writer";
    S4: "when messages are drained and the sweeper has run, the record's state equals the latch, or its status says it may not";
    S5: "a button commands nothing once it was revoked or bound elsewhere, not even by a press made before, and leaves no door open";
    S6: "after power-on without a command the latch is in its declared state, and what a hand at the door opened locks again";
    S7: "sends per command, and system commands without a person in between, are bounded by the back-off";
    S8: "nothing but a registered lock is ever commanded";
    L1: "with the network fair and the sweeper running, record and latch converge, or the record says unresponsive";
    L2: "a press with everything up is not lost";
    L3: "a minute after the shadow was edited or deleted, and the lock connected, record and shadow are right again";
    L4: "a person who presses again for want of an answer does not lock the door by it";
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of invariants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Broken(u16);

impl Broken {
    /// Adds `invariant` unless `holds`.
    pub fn unless(&mut self, holds: bool, invariant: Invariant) {
        if !holds {
            self.0 |= 1 << invariant as u16;
        }
    }

    /// Whether it is in.
    pub fn has(self, invariant: Invariant) -> bool {
        self.0 & (1 << invariant as u16) != 0
    }

    /// Whether it is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}
