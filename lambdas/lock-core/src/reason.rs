//! The stable codes of every decision: what was decided, and why.
//!
//! Must not hold anything that varies from press to press.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::field::Refusal;
use crate::word::words;

words! {
    /// What was decided about a message or an act.
    pub enum Verdict("verdict") {
        /// A new command is sent.
        Command = "command",
        /// The current command is sent again.
        Resend = "resend",
        /// The record now says what the latch does.
        Settled = "settled",
        /// The record changed and still waits.
        Noted = "noted",
        /// The record now says that the lock does not answer.
        Unresponsive = "unresponsive",
        /// Nothing changes; only the event is written.
        Ignored = "ignored",
        /// The message could not be read; only the event is written.
        Refused = "refused",
        /// The message could not be handled and is not retried (C16).
        GivenUp = "given-up",
    }
}

impl Verdict {
    /// The word for people: `given up`.
    pub fn text(self) -> String {
        self.as_str().replace('-', " ")
    }
}

/// Why something was decided: a stable code, and [`Reason::text`] for people.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reason(Cow<'static, str>);

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        impl Reason {
            $($(#[$doc])* pub const $name: Reason = Reason(Cow::Borrowed($code));)*

            /// Every reason of a decision; refusals of unreadable messages have codes of their own.
            pub const ALL: &'static [Reason] = &[$(Reason::$name),*];
        }
    };
}

reasons! {
    /// A button was pressed.
    PRESSED = "pressed";
    /// An operator asked for something.
    REQUESTED = "requested";
    /// First report of a lock that was never commanded: it is locked, to be certain (C9).
    FIRST_REPORT = "first-report";
    /// The device is behind a settled record: it has lost its journal (C9).
    VERSION_BEHIND = "version-behind";
    /// The device is ahead of the record: the table was restored (C9).
    VERSION_AHEAD = "version-ahead";
    /// The device names another command for the record's version (C9).
    OTHER_COMMAND = "other-command";
    /// A retry of a press or request whose command is not executed yet (C7).
    RETRY = "retry";
    /// The device has not seen the current command yet (C8).
    NOT_SEEN = "not-seen";
    /// The device refused the current command (C8, C9).
    REFUSED_BY_LOCK = "refused-by-lock";
    /// The current command was executed.
    EXECUTED = "executed";
    /// The current command reached the device too late to be executed.
    EXPIRED = "expired";
    /// The latch moved, or was confirmed, without a new command.
    CONFIRMED = "confirmed";
    /// The button is not registered.
    UNKNOWN_BUTTON = "unknown-button";
    /// The lock is not registered.
    UNKNOWN_LOCK = "unknown-lock";
    /// The latch reached neither end, by its bolt sensor (C14).
    JAMMED = "jammed";
    /// An unlock's life is over and the lock has not answered: it may have been executed (C10).
    UNLOCK_NOT_ANSWERED = "unlock-not-answered";
    /// The lock has not answered the current command, which may still have been executed (C10).
    NOT_ANSWERED = "not-answered";
    /// The lock answered, but has not reported for too long (C10).
    SILENT = "silent";
    /// The lock was never commanded and never reported.
    NEVER_HEARD = "never-heard";
    /// Too early to judge: an answer may still come.
    AWAITED = "awaited";
    /// An operator restored the table: the record is not trusted until the lock reports (C12).
    RECOVERED = "recovered";
    /// The binding is disabled (C3, C11).
    REVOKED = "revoked";
    /// The binding gives the click no meaning.
    UNBOUND_CLICK = "unbound-click";
    /// This press, request or report has already taken effect.
    DUPLICATE = "duplicate";
    /// A later press of the button has already taken effect (C3), or a later report (C9).
    SUPERSEDED = "superseded";
    /// Too soon after the last press of a button without a sequence (C2).
    QUIET_WINDOW = "quiet-window";
    /// Too old to open anything (C4).
    STALE = "stale";
    /// The shadow was deleted and holds no report (C9).
    NO_SHADOW = "no-shadow";
    /// No version below 2^53 is left.
    NO_VERSION_LEFT = "no-version-left";
    /// The report was not written by the lock: it lacks the lock's token (C9).
    NOT_FROM_LOCK = "not-from-lock";
    /// The device reports a version far ahead of the clock (C9).
    IMPLAUSIBLE_VERSION = "implausible-version";
    /// A toggle soon after the same button's own unlock: the same wish (C6).
    SAME_WISH = "same-wish";
    /// A system lock is needed and waits for its turn (C15).
    SYSTEM_LOCK_WAITS = "system-lock-waits";
    /// A system lock that waited is sent (C15).
    IN_TURN = "in-turn";
    /// An unlock's life is over, and the lock refused it (C8, C10).
    UNLOCK_REFUSED = "unlock-refused";
    /// The button is registered and bound to no lock.
    NOT_BOUND = "not-bound";
    /// An operator bound the button to a lock.
    BOUND = "bound";
    /// An operator unbound the button, or bound it to another lock.
    UNBOUND = "unbound";
    /// An operator registered the lock or button.
    REGISTERED = "registered";
    /// An operator removed the lock from the register.
    FORGOTTEN = "forgotten";
    /// The message grew too old before a function handled it (C16).
    EVENT_AGE = "event-age";
    /// A function failed at every attempt (C16).
    RETRIES_EXHAUSTED = "retries-exhausted";
    /// A topic rule could not deliver the message (C16).
    RULE_ACTION = "rule-action";
    /// The door has been open for longer than the deployment allows.
    LEFT_OPEN = "left-open";
}

impl Reason {
    /// The stable code: `quiet-window`.
    pub fn code(&self) -> &str {
        &self.0
    }

    /// The code in words: `quiet window`.
    ///
    /// ```
    /// use lock_core::reason::Reason;
    ///
    /// assert_eq!(Reason::QUIET_WINDOW.code(), "quiet-window");
    /// assert_eq!(Reason::QUIET_WINDOW.text(), "quiet window");
    /// ```
    pub fn text(&self) -> String {
        self.0.replace('-', " ")
    }
}

impl From<&Refusal> for Reason {
    fn from(refusal: &Refusal) -> Self {
        Self(Cow::Borrowed(refusal.code()))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

words! {
    /// Something that a person must look at: the code in events and logs.
    pub enum Alert("alert") {
        /// A device reports a version far ahead of the clock (C9).
        ImplausibleVersion = "implausible-version",
        /// A device names another command for the record's version (C9).
        OtherCommand = "other-command",
        /// A lock came up unlocked after a power cut: a fail-safe strike (D4).
        UnlockedAtBoot = "unlocked-at-boot",
        /// No version below 2^53 is left for this lock.
        NoVersionLeft = "no-version-left",
        /// Nobody knows whether an unlock was executed (C10).
        UnlockNotAnswered = "unlock-not-answered",
        /// A lock does not answer (C10). Raised once, when that begins.
        Unresponsive = "unresponsive",
        /// A latch stays jammed and needs a person on the spot (C14).
        Jammed = "jammed",
        /// The system has locked a lock several times in a row, and something keeps undoing it:
        /// another writer, or a device that loses its journal (C15).
        Contested = "contested",
        /// A lock's clock is wrong: it refused an unlock for it, or called a fresh one expired
        /// (C8).
        Clock = "clock",
        /// A lock refused an unlock until its life was over (C8).
        UnlockRefused = "unlock-refused",
        /// A lock has lost its settings file and runs on the settings in its flash. Raised once,
        /// when that begins (C9).
        SettingsKept = "settings-kept",
        /// A press, request or report was given up (C16).
        GivenUp = "given-up",
        /// A committed command could not be published (C13).
        NotPublished = "not-published",
        /// The door was opened while the latch was locked.
        Forced = "forced",
        /// The door has been open for longer than the deployment allows.
        LeftOpen = "left-open",
        /// The battery of a button is low.
        BatteryLow = "battery-low",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_as_words() {
        assert_eq!(Reason::QUIET_WINDOW.text(), "quiet window");
        assert_eq!(Reason::UNLOCK_NOT_ANSWERED.text(), "unlock not answered");
        assert_eq!(Reason::STALE.to_string(), "stale");
    }
}
