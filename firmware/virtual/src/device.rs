//! The device: all its state, and what happens to it from outside. The firmware runs on one thread and so does this.
//! It must not know what the firmware is for.

mod config_set;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

use crate::busy::Slowness;
use crate::call::{Call, Context, EventCallback, EventData, event};
use crate::clock::Clock;
use crate::config::Config;
use crate::finger::Finger;
use crate::inbox::Inbox;
use crate::input::{Input, Network, Silence};
use crate::link::LinkEvent;
use crate::mqtt::Mqtt;
use crate::output::{Output, emit, log};
use crate::pin::Pins;
use crate::power::Power;
use crate::restart;
use crate::timer::{Task, Timers};

/// A handler of one event, or of the group that the event's upper three bytes name.
struct Handler {
    event: i32,
    mask: i32,
    callback: EventCallback,
    context: Context,
}

/// One device.
pub struct Device {
    /// Settings.
    pub config: Config,
    /// Time since boot.
    pub clock: Clock,
    /// Timers that run.
    pub timers: Timers,
    /// GPIO.
    pub pins: Pins,
    /// The power switch.
    pub power: Power,
    /// The MQTT library.
    pub mqtt: Mqtt,
    /// Calls into the firmware that are due.
    pub calls: VecDeque<Call>,
    /// Whether there is a network.
    pub network_is_up: bool,
    /// Whether the relay's pin is a latch's.
    pub is_lock: bool,
    handlers: Vec<Handler>,
    /// The finger on the button.
    pub finger: Finger,
    /// How long its work takes.
    pub slowness: Slowness,
    /// What has come for it and waits.
    pub inbox: Inbox,
}

thread_local! {
    static DEVICE: RefCell<Option<Device>> = const { RefCell::new(None) };
}

/// Makes `device` the one that the firmware on this thread runs on.
pub fn install(device: Device) {
    DEVICE.with(|cell| *cell.borrow_mut() = Some(device));
}

/// Works on the device of this thread. The firmware must not be called meanwhile: it would come back here.
pub fn with<R>(work: impl FnOnce(&mut Device) -> R) -> R {
    DEVICE.with(|cell| {
        let mut device = cell.borrow_mut();
        work(
            device
                .as_mut()
                .expect("the device is installed before the firmware runs"),
        )
    })
}

impl Device {
    /// A device that is switched on but has not booted.
    pub fn new(config: Config, mqtt: Mqtt, inbox: Inbox) -> Self {
        let is_lock = config.text("app.role") != "button";
        Self {
            config,
            clock: Clock::new(),
            timers: Timers::default(),
            pins: Pins::default(),
            power: Power::default(),
            mqtt,
            calls: VecDeque::new(),
            network_is_up: false,
            is_lock,
            handlers: Vec::new(),
            finger: Finger::default(),
            slowness: Slowness::default(),
            inbox,
        }
    }

    /// `mgos_event_add_handler`.
    pub fn add_handler(&mut self, event: i32, callback: EventCallback, context: Context) {
        self.handlers.push(Handler {
            event,
            mask: -1,
            callback,
            context,
        });
    }

    /// `mgos_event_add_group_handler`.
    pub fn add_group_handler(&mut self, group: i32, callback: EventCallback, context: Context) {
        self.handlers.push(Handler {
            event: group & !0xff,
            mask: !0xff,
            callback,
            context,
        });
    }

    /// `mgos_event_trigger`: queues the calls of an event's handlers.
    pub fn trigger(&mut self, event: i32, data: &EventData) {
        for handler in self.handlers.iter().filter(|h| h.event == event & h.mask) {
            let call = Call::Event(handler.callback, event, data.clone(), handler.context);
            self.calls.push_back(call);
        }
    }

    /// Everything is initialised, and the network comes up.
    pub fn init_done(&mut self) {
        self.trigger(event::INIT_DONE, &EventData::Nothing);
        self.set_network(true);
    }

    /// Takes one line of the parent's.
    pub fn input(&mut self, input: &Input) {
        match *input {
            Input::Pin {
                number,
                level,
                after_ms: None,
            } => self.pin_drive(number, level),
            Input::Pin {
                number,
                level,
                after_ms: Some(ms),
            } => {
                self.start_timer(Duration::from_millis(ms), None, Task::Drive(number, level));
            }
            Input::Read(pin) => emit(&Output::Level {
                pin,
                level: self.pin_read(pin),
            }),
            Input::Press(press) => self.press(press),
            Input::Finger(ref times_ms) => {
                if let Err(complaint) = self.tap(times_ms) {
                    log("error", &complaint);
                }
            }
            Input::Slow {
                save_ms,
                handler_ms,
            } => self.slowness.set(save_ms, handler_ms),
            Input::Network(Network::Up(up)) => {
                self.mqtt.set_silent(false);
                self.set_network(up);
            }
            Input::Network(Network::Silent(Silence::HalfOpen)) => self.mqtt.set_silent(true),
            Input::PowerCut(ref order) if order == "now" => self.power.off(),
            Input::PowerCut(ref order) => match order.parse() {
                Ok(cut) => self.power.order(cut),
                Err(complaint) => log("error", &complaint),
            },
            Input::ConfigSet {
                ref config,
                save,
                reboot,
            } => self.config_set(config.text(), save, reboot),
            Input::PassMs(_) => self.clock.stop(),
            Input::Clock {
                hears_time,
                drift_ppm,
            } => {
                if let Some(hears_time) = hears_time {
                    self.mqtt.set_hears_time(hears_time);
                }
                if let Some(drift_ppm) = drift_ppm {
                    self.clock.set_drift_ppm(drift_ppm);
                }
            }
        }
    }

    fn set_network(&mut self, up: bool) {
        if up == self.network_is_up {
            return;
        }
        self.network_is_up = up;
        if up {
            for step in [
                event::NET_CONNECTING,
                event::NET_CONNECTED,
                event::IP_ACQUIRED,
            ] {
                self.trigger(step, &EventData::Net);
            }
            self.mqtt_network_up();
        } else {
            self.trigger(event::NET_DISCONNECTED, &EventData::Net);
            self.mqtt_network_down();
        }
    }

    /// Starts a timer and returns its id.
    pub fn start_timer(&mut self, after: Duration, repeat: Option<Duration>, task: Task) -> usize {
        self.timers.start(self.clock.uptime() + after, repeat, task)
    }

    /// Runs the tasks of the shim's own timers, queues those of the firmware. Returns whether there was one.
    pub fn run_due_timer(&mut self) -> bool {
        match self.timers.take_due(self.clock.uptime()) {
            None => return false,
            Some(Task::App(callback, context)) => {
                self.calls.push_back(Call::Timer(callback, context));
            }
            Some(Task::Interrupt(pin)) => self.pin_interrupted(pin),
            Some(Task::Debounce(pin)) => self.pin_debounced(pin),
            Some(Task::Finger) => self.move_finger(),
            Some(Task::Drive(pin, level)) => self.pin_drive(pin, level),
            Some(Task::Reconnect) => self.mqtt_reconnect_due(),
            Some(Task::Restart) => restart::restart(),
        }
        true
    }

    /// Takes what the network thread saw.
    pub fn link_event(&mut self, event: LinkEvent) {
        self.mqtt_link_event(event);
    }

    /// Says what was wrong with the configuration's layers.
    pub fn complain(complaints: &[String]) {
        for complaint in complaints {
            log("error", complaint);
        }
    }
}
