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
    S2: "a physical press takes effect at most once";
    S3: "versions only grow, and a version has one command";
    S4: "when messages are drained and the sweeper has run, the record's state equals the latch, or its status says it may not";
    S5: "a revoked button commands nothing";
    S6: "after power-on without a command the latch is in its declared state";
    S7: "sends per command are bounded by the back-off";
    L1: "with the network fair and the sweeper running, record and latch converge, or the record says unresponsive";
    L2: "a press with everything up is not lost";
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
