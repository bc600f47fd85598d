//! The device: it owns the state of every part, lets the parts work and carries out their effects.
//! The firmware runs on one thread, and so does this.
//!
//! Must not know: what the firmware is for.

mod save;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use crate::bolt::{Bolt, Hold, TRAVEL};
use crate::call::Call;
use crate::clock::Clock;
use crate::config::Config;
use crate::effect::Effect;
use crate::event::{self, Handlers};
use crate::finger::Finger;
use crate::inbox::Inbox;
use crate::input::{Input, Network, Silence};
use crate::link::Signal;
use crate::mqtt::Mqtt;
use crate::output::{Output, emit, log};
use crate::pin::Pins;
use crate::power::{Point, Power};
use crate::restart;
use crate::timer::{Task, Timers};

/// Duration of work that takes no time unless the parent says otherwise.
#[derive(Default)]
struct Slowness {
    /// Saving a file of the flash.
    save: Duration,
    /// A handler of a pin, in addition to its own duration.
    handler: Duration,
}

/// One device, with the state of all its parts and the calls into the firmware that are due.
pub struct Device {
    pub config: Config,
    pub clock: Clock,
    pub timers: Timers,
    pub pins: Pins,
    pub power: Power,
    pub mqtt: Mqtt,
    pub calls: VecDeque<Call>,
    pub network_is_up: bool,
    pub handlers: Handlers,
    pub inbox: Inbox,
    finger: Finger,
    bolt: Bolt,
    slowness: Slowness,
    reconnect_timer: usize,
    /// Whether the relay's pin moves a latch.
    is_lock: bool,
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
            handlers: Handlers::default(),
            inbox,
            finger: Finger::default(),
            bolt: Bolt::default(),
            slowness: Slowness::default(),
            reconnect_timer: 0,
            is_lock,
        }
    }

    fn carry_out(&mut self, effects: impl IntoIterator<Item = Effect>) {
        for effect in effects {
            match effect {
                Effect::Call(call) => self.calls.push_back(call),
                Effect::CallNext(call) => self.calls.push_front(call),
                Effect::StartTimer(after, task) => {
                    self.start_timer(after, None, task);
                }
                Effect::Reconnect(delay) => {
                    self.timers.stop(self.reconnect_timer);
                    let fuzz = 0.9 + 0.2 * (self.clock.uptime_s() * 1e6 % 1000.0) / 1000.0;
                    let after = delay.mul_f64(fuzz);
                    self.reconnect_timer = self.start_timer(after, None, Task::Reconnect);
                }
            }
        }
    }

    /// Starts a timer and returns its id.
    pub fn start_timer(&mut self, after: Duration, repeat: Option<Duration>, task: Task) -> usize {
        self.timers.start(self.clock.uptime() + after, repeat, task)
    }

    /// Carries out one line from the parent.
    pub fn take_input(&mut self, input: &Input) {
        match *input {
            Input::Pin {
                number,
                level,
                after_ms,
            } => match after_ms.map(Duration::from_millis) {
                None => self.drive_pin(number, level),
                Some(after) => {
                    self.start_timer(after, None, Task::Drive(number, level));
                }
            },
            Input::Read(pin) => emit(&Output::Level {
                pin,
                level: self.pins.read(pin),
            }),
            Input::Press(press) => {
                let timer = self.finger.press(press, &self.config, self.clock.uptime());
                self.carry_out(timer);
            }
            Input::Finger(ref times_ms) => match self.finger.tap(times_ms, &self.config) {
                Ok(timer) => self.carry_out(timer),
                Err(reason) => log("error", &reason),
            },
            Input::Bolt(hold) => self.hold_bolt(hold),
            Input::Slow {
                save_ms,
                handler_ms,
            } => {
                let slowness = &mut self.slowness;
                slowness.save = save_ms.map_or(slowness.save, Duration::from_millis);
                slowness.handler = handler_ms.map_or(slowness.handler, Duration::from_millis);
            }
            Input::Network(Network::Up(up)) => {
                self.mqtt.set_silent(false);
                self.set_network(up);
            }
            Input::Network(Network::Silent(Silence::HalfOpen)) => self.mqtt.set_silent(true),
            Input::PowerCut(ref order) if order == "now" => self.power.off(),
            Input::PowerCut(ref order) => match order.parse() {
                Ok(cut) => self.power.order(cut),
                Err(reason) => log("error", &reason),
            },
            Input::ConfigSet {
                ref config,
                save,
                reboot,
            } => self.set_config(config.get(), save, reboot),
            Input::PassMs(_) => self.clock.stop(),
            Input::Clock {
                hears_time,
                drift_ppm,
                ahead_s,
                forgets,
            } => {
                self.mqtt.hears_time = hears_time.unwrap_or(self.mqtt.hears_time);
                if let Some(ahead_s) = ahead_s {
                    let before_s = std::mem::replace(&mut self.mqtt.ahead_s, ahead_s);
                    let moved_s = ahead_s.saturating_sub(before_s);
                    self.calls.push_back(Call::ShiftTime(moved_s));
                }
                if forgets {
                    self.calls.push_back(Call::ForgetTime);
                }
                if let Some(drift_ppm) = drift_ppm {
                    self.clock.set_drift_ppm(drift_ppm);
                }
            }
        }
    }

    /// Brings the network up or takes it down.
    pub fn set_network(&mut self, up: bool) {
        if std::mem::replace(&mut self.network_is_up, up) == up {
            return;
        }
        if !up {
            self.calls
                .extend(self.handlers.calls(event::NET_DISCONNECTED));
            let effects = self.mqtt.lose_network(&self.config);
            self.carry_out(effects);
            return;
        }
        for step in [
            event::NET_CONNECTING,
            event::NET_CONNECTED,
            event::NET_IP_ACQUIRED,
        ] {
            self.calls.extend(self.handlers.calls(step));
        }
        if self.mqtt.wants_connection() {
            self.connect_mqtt();
        }
    }

    /// Lets the MQTT library connect.
    pub fn connect_mqtt(&mut self) {
        let effect = self.mqtt.connect(&self.config, self.network_is_up);
        self.carry_out(effect);
    }

    /// One turn of the MQTT library's event loop, with the flags that the firmware set on the
    /// connection.
    pub fn poll_mqtt(&mut self, flags: u64) {
        let effects = self.mqtt.poll(&self.config, flags);
        self.carry_out(effects);
    }

    /// Hands a signal from the network thread to the MQTT library.
    pub fn receive(&mut self, signal: Signal) {
        let effects = self.mqtt.receive(&self.config, signal);
        self.carry_out(effects);
    }

    /// Runs the next task that is due; a task of the firmware becomes a call. Returns whether there
    /// was one.
    pub fn run_due_timer(&mut self) -> bool {
        match self.timers.take_due(self.clock.uptime()) {
            None => return false,
            Some(Task::App(callback, context)) => {
                self.calls.push_back(Call::Timer(callback, context));
            }
            Some(Task::Interrupt(pin)) => {
                let effect = self.pins.look(pin);
                self.carry_out(effect);
            }
            Some(Task::Debounce(pin)) => {
                let effect = self.pins.end_debounce(pin);
                self.carry_out(effect);
            }
            Some(Task::Finger) => self.move_finger(),
            Some(Task::Drive(pin, level)) => self.drive_pin(pin, level),
            Some(Task::Bolt) => self.move_bolt(),
            Some(Task::Reconnect) => self.connect_mqtt(),
            Some(Task::Restart) => restart::restart(),
        }
        true
    }

    fn drive_pin(&mut self, pin: i32, level: bool) {
        let effect = self.pins.drive(pin, level);
        self.carry_out(effect);
    }

    fn move_finger(&mut self) {
        if let Some((pin, level)) = self.finger.make_movement(self.clock.uptime()) {
            self.drive_pin(pin, level);
            self.carry_out(self.finger.timer());
        }
    }

    /// The pin of the bolt's contact, if there is one.
    fn bolt_pin(&self) -> Option<i32> {
        let pin = i32::try_from(self.config.int("pins.bolt")).ok();
        pin.filter(|pin| self.is_lock && *pin >= 0)
    }

    /// The latch has moved, and the bolt follows it.
    fn pull_bolt(&mut self, out: bool) {
        if self.bolt_pin().is_none() {
            return;
        }
        if self.bolt.follow(out) {
            self.show_bolt();
        } else {
            self.start_timer(TRAVEL, None, Task::Bolt);
        }
    }

    fn hold_bolt(&mut self, hold: Hold) {
        if self.bolt_pin().is_none() {
            log("error", "the bolt has no contact: set pins.bolt");
            return;
        }
        if self.bolt.hold(hold) {
            self.show_bolt();
        }
        if hold == Hold::Free {
            self.start_timer(TRAVEL, None, Task::Bolt);
        }
    }

    fn move_bolt(&mut self) {
        if self.bolt.arrive() {
            self.show_bolt();
        }
    }

    /// Lets the bolt's contact show where it is.
    fn show_bolt(&mut self) {
        let Some(pin) = self.bolt_pin() else { return };
        let is_out = self.bolt.is_out();
        self.drive_pin(pin, is_out == self.config.flag("lock.bolt_out_level"));
        let bolt = if is_out { "out" } else { "in" };
        emit(&Output::Bolt { bolt });
    }

    /// `mgos_gpio_setup_output`: the level first, then the mode.
    pub fn set_output(&mut self, pin: i32, level: bool) -> bool {
        let is_usable = self.pins.set_output(pin, level);
        if is_usable {
            self.report_output(pin, level);
        }
        is_usable
    }

    /// `mgos_gpio_write`; reports changes only.
    pub fn write_pin(&mut self, pin: i32, level: bool) {
        if self.pins.write(pin, level) {
            self.report_output(pin, level);
        }
    }

    /// Reports the new level of an output, which may move the latch.
    fn report_output(&mut self, pin: i32, level: bool) {
        let is_latch = self.is_lock && i64::from(pin) == self.config.int("pins.relay");
        if is_latch {
            self.power.reach(Point::BeforeMove);
        }
        let uptime_ms = self.clock.uptime_ms();
        emit(&Output::Pin {
            pin,
            level,
            uptime_ms,
        });
        if is_latch {
            let unlocked = level == self.config.flag("lock.unlocked_level");
            let latch = if unlocked { "unlocked" } else { "locked" };
            emit(&Output::Latch { latch });
            self.pull_bolt(!unlocked);
            self.power.reach(Point::AfterMove);
        }
    }

    /// The handler of a pin has returned, or returns when its own slowness is over.
    pub fn end_pin_call(&mut self, pin: i32) {
        self.be_busy(self.slowness.handler);
        let effect = self.pins.end_call(pin);
        self.carry_out(effect);
    }

    /// The firmware saves a file of the flash.
    pub fn save_file(&mut self) {
        self.be_busy(self.slowness.save);
    }

    /// Lets time pass in which no timer of the device runs; only what is outside moves on.
    fn be_busy(&mut self, time: Duration) {
        let end = self.clock.uptime() + time;
        while self.clock.uptime() < end {
            let next = self.timers.next_outside().filter(|due| *due <= end);
            self.wait_until(next.unwrap_or(end));
            while let Some(task) = self.timers.take_outside(self.clock.uptime()) {
                match task {
                    Task::Finger => self.move_finger(),
                    Task::Drive(pin, level) => self.drive_pin(pin, level),
                    Task::Bolt => self.move_bolt(),
                    inside => unreachable!("{inside:?} does not happen outside"),
                }
            }
        }
    }

    /// Advances a manual clock; in real time, waits and takes inputs that act from outside.
    fn wait_until(&mut self, uptime: Duration) {
        if self.clock.is_manual() {
            self.clock.advance_to(uptime);
            return;
        }
        let left = uptime.saturating_sub(self.clock.uptime());
        if let Some(input) = self.inbox.while_busy(left) {
            self.take_input(&input);
        }
    }
}
