//! The bolt of a lock: it follows the latch's relay after a while, unless it is held. A contact on
//! `pins.bolt` shows where it is.
//!
//! Must not know: what the firmware makes of the contact.

use std::time::Duration;

use serde::Deserialize;

/// How long a free bolt takes to move.
pub const TRAVEL: Duration = Duration::from_millis(300);

/// What holds the bolt, as the parent orders it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hold {
    /// Nothing: it follows the latch.
    Free,
    /// It stays where it is.
    Held,
    /// It stays out, where a locked latch has it.
    Out,
    /// It stays in, where an unlocked latch has it.
    In,
}

/// The bolt.
#[derive(Debug, Default)]
pub struct Bolt {
    /// Where it is; unknown until the latch moves for the first time or something holds it.
    is_out: Option<bool>,
    /// Where the latch has it.
    wanted_out: bool,
    is_held: bool,
}

impl Bolt {
    /// The latch has moved. Returns whether the bolt is there at once, as at power-on.
    pub fn follow(&mut self, out: bool) -> bool {
        self.wanted_out = out;
        let is_first = self.is_out.is_none();
        if is_first {
            self.is_out = Some(out);
        }
        is_first
    }

    /// Something holds the bolt, or no longer does. Returns whether that moved it.
    pub fn hold(&mut self, hold: Hold) -> bool {
        let before = self.is_out;
        self.is_held = hold != Hold::Free;
        match hold {
            Hold::Out => self.is_out = Some(true),
            Hold::In => self.is_out = Some(false),
            Hold::Free | Hold::Held => {}
        }
        self.is_out != before
    }

    /// Its travel is over. Returns whether it moved.
    pub fn arrive(&mut self) -> bool {
        let moves = !self.is_held && self.is_out != Some(self.wanted_out);
        if moves {
            self.is_out = Some(self.wanted_out);
        }
        moves
    }

    /// Whether it is out.
    pub fn is_out(&self) -> bool {
        self.is_out.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_bolt_follows_and_a_held_one_stays() {
        let mut bolt = Bolt::default();
        assert!(bolt.follow(true) && bolt.is_out(), "at power-on");
        assert!(!bolt.follow(false) && bolt.is_out(), "it is under way");
        assert!(bolt.arrive() && !bolt.is_out());
        assert!(!bolt.hold(Hold::Held));
        assert!(!bolt.follow(true) && !bolt.arrive() && !bolt.is_out());
        assert!(!bolt.hold(Hold::Free));
        assert!(bolt.arrive() && bolt.is_out());
        assert!(bolt.hold(Hold::In) && !bolt.is_out());
        assert!(!bolt.arrive() && bolt.hold(Hold::Out) && bolt.is_out());
        assert!(!bolt.hold(Hold::Out), "it is there already");
    }
}
