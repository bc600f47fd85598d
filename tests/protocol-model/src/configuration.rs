//! What a configuration contains: who presses what, how time passes, and which faults may strike.

use lock_core::action::{ClickType, Intent};

use crate::device::LockSettings;

macro_rules! faults {
    ($($name:ident: $text:literal;)*) => {
        /// A fault that may strike.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Fault {
            $(#[doc = $text] $name,)*
        }

        /// Number of kinds of fault.
        pub const FAULTS: usize = [$(Fault::$name,)*].len();
    };
}

faults! {
    Crash: "A function dies between two of its steps.";
    LoseCommand: "A command is lost in transit.";
    RepeatCommand: "A command is delivered, and a copy stays in transit.";
    Damage: "A command loses its expiry in transit.";
    Rival: "Another program's newer lock command acts, and the flash refuses its journal entry.";
    Overtake: "Another program's newer lock command acts.";
    Forge: "Another program sends a command of a version far ahead.";
    LoseEvent: "The event of a report is lost; the report is in the shadow.";
    RepeatEvent: "The event of a report is delivered twice.";
    LoseReport: "A report is lost before the shadow.";
    Hold: "A report, or the shadow's answer to it, is held for any time.";
    Lie: "A faulty device reports a version far ahead.";
    Redeliver: "The broker delivers a press again, under a new id.";
    Reboot: "The device loses power for a moment.";
    Erase: "The device loses power, and its journal.";
    Cut: "The device loses power between the journal and the latch.";
    Disconnect: "The device loses its connection.";
    Exit: "A person at the door presses the exit button.";
    Swing: "The door is opened, or closed.";
    Jam: "The bolt jams while locked or locking, until it comes free.";
    Restore: "The table is restored to its state at the beginning, and recovered.";
    StepBack: "The clock of functions and rules steps back 10 s.";
    Edit: "A person saves `reported` with the latch changed.";
    DeleteShadow: "The shadow is deleted.";
    ForgetShadow: "The shadow was deleted so long ago that its versions restart.";
}

/// A physical press that a configuration plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedPress {
    pub button: u8,
    pub click: ClickType,
    /// Whether the button sends a sequence number.
    pub counted: bool,
    /// Whether the button knows the time and sends when it was pressed.
    pub timed: bool,
    /// How long the button waits for its answer, in ms, if it sends that.
    pub good_for_ms: Option<u64>,
    /// Earliest moment of the press after the beginning, in ms.
    pub not_before_ms: u64,
    /// Whether it may be delayed before it reaches the rules engine.
    pub held: bool,
}

pub const fn uncounted_press(click: ClickType) -> PlannedPress {
    PlannedPress {
        button: 0,
        click,
        counted: false,
        timed: false,
        good_for_ms: None,
        not_before_ms: 0,
        held: false,
    }
}

/// A press of a button with a sequence number.
pub const fn counted_press(click: ClickType) -> PlannedPress {
    PlannedPress {
        counted: true,
        ..uncounted_press(click)
    }
}

/// A press of a button with a sequence number and a clock.
pub const fn timed_press(click: ClickType) -> PlannedPress {
    PlannedPress {
        timed: true,
        ..counted_press(click)
    }
}

impl PlannedPress {
    /// The same press of another button.
    pub const fn of_button(self, button: u8) -> Self {
        Self { button, ..self }
    }

    /// The same press, made this many ms after the beginning or later.
    pub const fn not_before(self, not_before_ms: u64) -> Self {
        Self {
            not_before_ms,
            ..self
        }
    }

    /// The same press, which may be delayed before it reaches the rules engine.
    pub const fn delayed(self) -> Self {
        Self { held: true, ..self }
    }
}

/// An operator's request that a configuration plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedRequest {
    /// The action or toggle requested.
    pub intent: Intent,
    pub lock: u8,
    /// Number in its request id.
    pub id: u8,
    /// Whether it may be delayed before it reaches the rules engine.
    pub held: bool,
}

pub const fn request_for(intent: Intent) -> PlannedRequest {
    PlannedRequest {
        intent,
        lock: 0,
        id: 0,
        held: false,
    }
}

/// An operator's action with `lockctl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperatorAction {
    Revoke(u8),
    /// Binds this button to this lock.
    Bind(u8, u8),
    Unbind(u8),
    Register(u8),
    Forget(u8),
}

/// The state of the locks at the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    Settled,
    /// Registered, never heard from, with a blank journal.
    New,
    /// Not registered but reporting, with a blank journal.
    Unregistered,
    /// Locked, settled, and just powered on: the device does not know the time yet.
    TimeUnknown,
}

/// Which steps run before any other: a smaller scenario, where the order of these does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// None: all orders are explored.
    Equal,
    /// The steps of the functions.
    Functions,
    /// The steps of the devices: commands arrive and reports leave at once.
    Devices,
    /// All steps that need no person and no fault.
    Automatic,
}

/// A configuration of the model.
#[derive(Debug, Clone)]
pub struct Configuration {
    pub name: &'static str,
    /// The state of the locks at the beginning.
    pub beginning: Beginning,
    pub locks: u8,
    pub buttons: u8,
    /// Number of stacks that listen to the locks and command them, each with its own table. The
    /// first is ours; the others have just registered the locks, and no button.
    pub stacks: u8,
    pub presses: Vec<PlannedPress>,
    /// Requests in the order in which they are sent; each reaches every stack.
    pub requests: Vec<PlannedRequest>,
    pub actions: Vec<OperatorAction>,
    /// Moments to which time may pass, in ms after the beginning.
    pub instants: Vec<u64>,
    /// How often each fault may strike.
    pub faults: Vec<(Fault, u8)>,
    /// How often a failed event is delivered again.
    pub retries: u8,
    /// Error of the device's own clock, in parts per million.
    pub drift_ppm: i64,
    pub settings: LockSettings,
    /// Whether a sensor reports the door, which is closed at the beginning.
    pub door: bool,
    /// Whether other steps may happen between a function's read and its commit.
    pub interleave: bool,
    /// Which steps run before any other.
    pub priority: Priority,
    /// Whether the press function's process caches bindings.
    pub cache: bool,
    /// Whether processes of the press function decide on what they knew after any earlier commit.
    pub predict: bool,
    /// Whether each button's last press and every request must take effect: nothing is lost.
    pub sure: bool,
    /// Whether all presses are toggles by one person who only wants in, in quick succession.
    pub impatient: bool,
}

impl Configuration {
    /// One lock and one button with a sequence number; no events and no faults.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            beginning: Beginning::Settled,
            locks: 1,
            buttons: 1,
            stacks: 1,
            presses: Vec::new(),
            requests: Vec::new(),
            actions: Vec::new(),
            instants: Vec::new(),
            faults: Vec::new(),
            retries: 0,
            drift_ppm: 0,
            settings: LockSettings::default(),
            door: false,
            interleave: false,
            priority: Priority::Equal,
            cache: false,
            predict: false,
            sure: false,
            impatient: false,
        }
    }
}
