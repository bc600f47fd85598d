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
    LoseEvent: "A report is in the shadow, and its event is lost.";
    RepeatEvent: "A report event is delivered, and stays in the queue.";
    LoseReport: "A report is lost on its way to the shadow.";
    Redeliver: "The broker delivers a press again, under a new id.";
    Reboot: "The device loses power for a moment.";
    Erase: "The device loses power, and its journal.";
    Cut: "The device loses power between the journal and the latch.";
    Disconnect: "The device loses its connection.";
    LoseClock: "The device forgets the time.";
    Restore: "The table is restored from the backup of the beginning, and recovered.";
    DeleteShadow: "The shadow is deleted, and so long ago that its versions begin anew.";
}

/// One physical press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pressing {
    /// How.
    pub click: ClickType,
    /// Whether the button counts its presses.
    pub counted: bool,
}

/// A press of a button that counts.
pub const fn counted(click: ClickType) -> Pressing {
    Pressing {
        click,
        counted: true,
    }
}

/// A press of a button that does not count.
pub const fn uncounted(click: ClickType) -> Pressing {
    Pressing {
        click,
        counted: false,
    }
}

/// How everything stands at the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// Locked, settled.
    Settled,
    /// A new lock: no record, a blank journal.
    New,
    /// Locked, settled, and the device's clock not set.
    ClockUnset,
}

/// A configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Its name.
    pub name: &'static str,
    /// How everything stands at the beginning.
    pub beginning: Beginning,
    /// Presses, in their order.
    pub presses: Vec<Pressing>,
    /// Operator's requests.
    pub requests: Vec<Intent>,
    /// Whether the operator may revoke the button.
    pub revoke: bool,
    /// Moments to which time may pass, after the beginning. *Units*: ms.
    pub instants: Vec<u64>,
    /// How often each fault may strike.
    pub faults: Vec<(Fault, u8)>,
    /// How often a failed event is delivered again.
    pub retries: u8,
    /// What the device's clock may be wrong by when it is set. *Units*: ms.
    pub skews: Vec<i64>,
    /// The device's settings.
    pub settings: Settings,
    /// Whether other things may happen between a function's reading and its commit.
    pub interleave: bool,
    /// Whether the press function's process remembers bindings.
    pub cache: bool,
    /// Whether every press must take effect: no message is lost, and what crashes is retried in time.
    pub sure: bool,
}

impl Config {
    /// A lock and a button that counts, where nothing happens and nothing goes wrong.
    pub fn new(name: &'static str) -> Config {
        Config {
            name,
            beginning: Beginning::Settled,
            presses: Vec::new(),
            requests: Vec::new(),
            revoke: false,
            instants: Vec::new(),
            faults: Vec::new(),
            retries: 0,
            skews: vec![0],
            settings: Settings::default(),
            interleave: false,
            cache: false,
            sure: false,
        }
    }

    /// How often `fault` may strike.
    pub fn allows(&self, fault: Fault) -> u8 {
        let found = self.faults.iter().find(|(kind, _)| *kind == fault);
        found.map_or(0, |(_, times)| *times)
    }
}
