//! What a configuration of the model holds: who presses what, how time passes, and which faults may strike. It must not
//! know how a fault is carried out.

use lock_core::action::{ClickType, Intent};

use crate::device::Settings;

macro_rules! faults {
    ($($name:ident: $text:literal;)*) => {
        /// Something that may go wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Fault {
            $(#[doc = $text] $name,)*
        }

        /// How many kinds of fault there are.
        pub const FAULTS: usize = [$(Fault::$name,)*].len();
    };
}

faults! {
    Crash: "A function dies between any two of its steps.";
    LoseCommand: "A command is lost on its way to the device.";
    RepeatCommand: "A command is delivered, and stays on its way.";
    Damage: "A command loses its expiry on its way.";
    Forge: "Another program sends a command of a version far ahead.";
    LoseEvent: "A report is in the shadow, and its event is lost.";
    RepeatEvent: "A report event is delivered, and stays in the queue.";
    LoseReport: "A report is lost on its way to the shadow.";
    Hold: "A report, or the shadow's answer to it, is held on the wire for as long as someone likes.";
    Lie: "A report names a version far ahead: a bad board.";
    Redeliver: "The broker delivers a press again, under a new id.";
    Reboot: "The device loses power for a moment.";
    Erase: "The device loses power, and its journal.";
    Cut: "The device loses power between the journal and the latch.";
    Disconnect: "The device loses its connection.";
    Exit: "A hand asks for the way out at the door.";
    Swing: "The door is opened, or closed.";
    Jam: "The bolt, which is locked or being locked, jams until it comes free.";
    Restore: "The table is restored from the backup of the beginning, and recovered.";
    StepBack: "The clock of functions and rules steps back 10 s.";
    Edit: "A person saves the whole of `reported` again with the latch changed.";
    DeleteShadow: "The shadow is deleted just now.";
    ForgetShadow: "The shadow was deleted so long ago that its versions begin again.";
}

/// One physical press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pressing {
    /// Of which button.
    pub button: u8,
    /// How.
    pub click: ClickType,
    /// Whether the button counts its presses.
    pub counted: bool,
    /// Whether the button knows the time, and says when it was pressed.
    pub timed: bool,
    /// How long the button waits for its answer, if it says so. *Units*: ms.
    pub good_for_ms: Option<u64>,
    /// Not made before this, after the beginning. *Units*: ms.
    pub not_before_ms: u64,
    /// Whether it may be held up on its way to the rules.
    pub held: bool,
}

/// A press of a button that does not count.
pub const fn uncounted(click: ClickType) -> Pressing {
    Pressing {
        button: 0,
        click,
        counted: false,
        timed: false,
        good_for_ms: None,
        not_before_ms: 0,
        held: false,
    }
}

/// A press of a button that counts.
pub const fn counted(click: ClickType) -> Pressing {
    Pressing {
        counted: true,
        ..uncounted(click)
    }
}

/// A press of a button that counts and knows the time.
pub const fn timed(click: ClickType) -> Pressing {
    Pressing {
        timed: true,
        ..counted(click)
    }
}

/// One request of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asking {
    /// What is asked for.
    pub intent: Intent,
    /// Of which lock.
    pub lock: u8,
    /// Which id it has.
    pub id: u8,
    /// Whether it may be held up on its way to the rules.
    pub held: bool,
}

/// A request of the first lock.
pub const fn asked(intent: Intent) -> Asking {
    Asking {
        intent,
        lock: 0,
        id: 0,
        held: false,
    }
}

/// What an operator does with `lockctl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    /// Revokes this button.
    Revoke(u8),
    /// Binds this button to this lock.
    Bind(u8, u8),
    /// Unbinds this button.
    Unbind(u8),
    /// Registers this lock.
    Register(u8),
    /// Forgets this lock.
    Forget(u8),
}

/// How everything stands at the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// Locked, settled.
    Settled,
    /// Registered, never heard, a blank journal.
    New,
    /// Not registered, and reporting; its journal is blank.
    Unregistered,
    /// Locked, settled, and just powered on: the device does not know the time yet.
    TimeUnknown,
}

/// What is done before anything else happens: a smaller world, for what hangs on the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Nothing.
    Any,
    /// What the functions have to do.
    FunctionsFirst,
    /// All that happens by itself.
    InOrder,
}

/// A configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Its name.
    pub name: &'static str,
    /// How everything stands at the beginning.
    pub beginning: Beginning,
    /// How many locks there are.
    pub locks: u8,
    /// How many buttons there are, all bound to the first lock.
    pub buttons: u8,
    /// How many stacks listen to the locks and command them, each with a table of its own. The first is ours; the others
    /// have only just registered the locks, and no button.
    pub stacks: u8,
    /// Presses, in their order.
    pub presses: Vec<Pressing>,
    /// Requests, in their order; each reaches every stack.
    pub requests: Vec<Asking>,
    /// What the operator does, in this order.
    pub acts: Vec<Act>,
    /// Moments to which time may pass, after the beginning. *Units*: ms.
    pub instants: Vec<u64>,
    /// How often each fault may strike.
    pub faults: Vec<(Fault, u8)>,
    /// How often a failed event is delivered again.
    pub retries: u8,
    /// By how much the device's own clock runs wrong, in parts per million.
    pub drift_ppm: i64,
    /// The device's settings.
    pub settings: Settings,
    /// Whether a sensor sees the door, which is closed at the beginning.
    pub door: bool,
    /// Whether other things may happen between a function's reading and its commit.
    pub interleave: bool,
    /// What is done before anything else happens.
    pub order: Order,
    /// Whether the press function's process remembers bindings.
    pub cache: bool,
    /// Whether the last press of every button, and every request, must take effect: no message is lost, and what crashes
    /// is retried in time.
    pub sure: bool,
    /// Whether all presses are toggles by one person who only wants in, soon after one another.
    pub impatient: bool,
}

impl Config {
    /// A lock and a button that counts, where nothing happens and nothing goes wrong.
    pub fn new(name: &'static str) -> Config {
        Config {
            name,
            beginning: Beginning::Settled,
            locks: 1,
            buttons: 1,
            stacks: 1,
            presses: Vec::new(),
            requests: Vec::new(),
            acts: Vec::new(),
            instants: Vec::new(),
            faults: Vec::new(),
            retries: 0,
            drift_ppm: 0,
            settings: Settings::default(),
            door: false,
            interleave: false,
            order: Order::Any,
            cache: false,
            sure: false,
            impatient: false,
        }
    }
}
