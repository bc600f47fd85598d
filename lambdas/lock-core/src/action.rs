//! What can be asked of a lock, and by which click.
//!
//! Must not know: the state of any lock.

use crate::word::words;

words! {
    /// What a command tells a lock to do; never a toggle, which would depend on what the device
    /// believes.
    pub enum Action("action") {
        /// Close the latch. Safe at any time, so it never expires.
        Lock = "lock",
        /// Open the latch. Only within the command's life.
        Unlock = "unlock",
    }
}

words! {
    /// What a person asks for: an action, or the opposite of the lock's state (C6).
    pub enum Intent("action") {
        /// Lock, from every state.
        Lock = "lock",
        /// Unlock, from every state.
        Unlock = "unlock",
        /// Unlock when the door is known to be locked, else lock.
        Toggle = "toggle",
    }
}

words! {
    /// How the button was pressed, in AWS's vocabulary.
    pub enum ClickType("click type") {
        /// One short press.
        Single = "SINGLE",
        /// Two short presses.
        Double = "DOUBLE",
        /// One long press.
        Long = "LONG",
    }
}
