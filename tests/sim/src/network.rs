//! What happens at a lock: its commands, timers, reports, power, connection and shadow.

use std::rc::Rc;

use lock_core::action::Action;
use lock_core::command::WireCommand;
use lock_core::report::ReportId;

use firmware_core::core_ffi::{Outcome, PowerCut};

use crate::event::{Event, Update};
use crate::fate::Stream;
use crate::invariant::Invariant;
use crate::plant::Plant;
use crate::reporter::Answer;
use crate::world::{MINUTE, Trouble, World};

impl World {
    /// Lets an event happen that concerns one lock alone.
    pub(crate) fn happen_at_lock(&mut self, event: Event) {
        match event {
            Event::Poll(lock) => {
                if self.sites[lock].poll_at <= self.now {
                    self.sites[lock].poll_at = u64::MAX;
                    self.poll(lock);
                }
            }
            Event::Command(lock, epoch, command) => {
                let site = &self.sites[lock];
                if site.is_reachable() && site.connection == Some(epoch) {
                    self.receive_command(lock, &command);
                } else {
                    self.say(|| {
                        let what = describe(&command);
                        format!("lock-{}: {what} is lost with its connection", lock + 1)
                    });
                }
            }
            Event::Update(lock, update) => self.accept_update(lock, &update),
            Event::Answer(lock, epoch, answer) => {
                let site = &self.sites[lock];
                if site.is_reachable() && site.connection == Some(epoch) {
                    self.receive_answer(lock, answer);
                }
            }
            Event::PowerOn(lock) => self.power_on(lock),
            Event::Connect(lock) => self.connect(lock),
            Event::Watchdog(lock, epoch) => {
                if self.sites[lock].connection == Some(epoch) && self.sites[lock].half_open {
                    self.say(|| format!("lock-{}: its watchdog ends a dead line", lock + 1));
                    self.disconnect(lock);
                    self.queue.push(self.now + 500, Event::Connect(lock));
                }
            }
            Event::ExitOver(lock, exit) => self.check_exit(lock, exit),
            Event::Free(lock) => {
                self.sites[lock].jammed = false;
                self.say(|| format!("lock-{}: the bolt is free", lock + 1));
                self.sites[lock].reporter.request();
                self.poll(lock);
            }
            event => unreachable!("{event:?} concerns no lock"),
        }
    }

    /// A device looks at its timers: it relocks, reports, and plans its next look.
    pub(crate) fn poll(&mut self, lock: usize) {
        let now = self.now;
        let site = &mut self.sites[lock];
        if !site.powered {
            return;
        }
        let uptime = site.uptime(now);
        if site.core.due_ms().is_some_and(|due| due <= uptime) && site.core.tick(uptime) {
            if self.plant != Some(Plant::SilentRelock) {
                site.reporter.request();
            }
            self.say(|| format!("lock-{}: relocks by itself", lock + 1));
            if self.plant == Some(Plant::ExitStays) && self.sites[lock].by_hand {
                self.sites[lock].core.exit(uptime);
            }
        }
        let site = &mut self.sites[lock];
        let has_time = site.core.bounds(uptime).is_some();
        if has_time != site.had_time {
            site.had_time = has_time;
            site.reporter.request();
        }
        if site.reporter.is_due(uptime) {
            self.send_report(lock);
        }
        self.plan_poll(lock);
        self.check_quiet(lock);
    }

    /// Plans the next look: at the core's timer, and at the reporter's, found by halving.
    fn plan_poll(&mut self, lock: usize) {
        let site = &self.sites[lock];
        let uptime = site.uptime(self.now);
        let mut next = uptime + 15 * MINUTE;
        if let Some(due) = site.core.due_ms() {
            next = next.min(due.max(uptime + 1));
        }
        if site.reporter.is_due(next) {
            // Once due, a reporter stays due, so the first moment can be found by halving.
            let (mut not_yet, mut due) = (uptime, next);
            while due - not_yet > 1 {
                let middle = not_yet + (due - not_yet) / 2;
                if site.reporter.is_due(middle) {
                    due = middle;
                } else {
                    not_yet = middle;
                }
            }
            next = due;
        }
        let at = site.time_of(next).max(self.now + 1);
        if at < self.sites[lock].poll_at {
            self.sites[lock].poll_at = at;
            self.queue.push(at, Event::Poll(lock));
        }
    }

    fn send_report(&mut self, lock: usize) {
        let random = self.fate.between(Stream::Device, 0, u64::from(u32::MAX)) as u32;
        let now = self.now;
        let site = &mut self.sites[lock];
        let uptime = site.uptime(now);
        let id = ReportId {
            boot_count: site.boots,
            counter: site.reporter.begin_update(uptime, random),
            checksum: None,
        };
        let report = site.report(now, id);
        let epoch = site
            .connection
            .expect("a reporter is due only while it is connected");
        let half_open = site.half_open;
        if self.plant == Some(Plant::ReportedOnce) {
            let answer = Answer::Accepted {
                boots: id.boot_count,
                number: id.counter,
                version: 0,
                second: 0,
            };
            site.reporter.take_answer(answer, uptime);
        }
        let shown = site.shadow.as_ref().map(|shadow| &shadow.report);
        let is_routine = shown.is_some_and(|shown| {
            (shown.lock, shown.version, shown.boot_count)
                == (report.lock, report.version, report.boot_count)
                && shown.refused == report.refused
        });
        self.say_unless(is_routine, || {
            let (n, number, latch) = (lock + 1, id.counter, report.lock);
            let version = report.version;
            format!("lock-{n}: reports {latch:?} at {version} (report {number})")
        });
        if half_open || self.strikes(Trouble::Line(lock), Stream::Up, 200) {
            self.say(|| format!("lock-{}: that report is lost", lock + 1));
            return;
        }
        let at = self.arrival(lock, 1, Stream::Up);
        let update = Rc::new(Update { id, epoch, report });
        self.queue.push(at, Event::Update(lock, update));
    }

    fn receive_answer(&mut self, lock: usize, answer: Answer) {
        let now = self.now;
        let site = &mut self.sites[lock];
        let uptime = site.uptime(now);
        let sent = site.reporter.take_answer(answer, uptime);
        let Answer::Accepted { second, .. } = answer else {
            self.poll(lock);
            return;
        };
        let sent = match self.plant {
            Some(Plant::TimeOfArrival) => sent.map(|_| uptime),
            Some(Plant::AnySample) => Some(sent.unwrap_or(uptime)),
            _ => sent,
        };
        if let Some(sent) = sent {
            site.core.answer(second, sent, uptime);
        }
        self.poll(lock);
    }

    fn receive_command(&mut self, lock: usize, command: &WireCommand) {
        let now = self.now;
        let text = command.to_json();
        let site = &mut self.sites[lock];
        let cut = site.cut.take();
        if let Some(cut) = cut {
            site.core.fail_power(cut);
        }
        let uptime = site.uptime(now);
        let (was_open, moves) = (site.core.is_open(), site.core.moves());
        let outcome = site.core.command(text.as_bytes(), uptime);
        let (is_open, moved) = (site.core.is_open(), site.core.moves() != moves);
        let changed = moved || matches!(outcome, Outcome::Executed | Outcome::Expired);
        site.by_hand &= !moved;
        if changed {
            site.reporter.request();
        } else {
            site.reporter.mention();
        }
        self.say(|| {
            let what = describe(command);
            format!("lock-{}: receives {what}: {outcome:?}", lock + 1)
        });
        let unlocks = command.action == Action::Unlock;
        if unlocks && (outcome == Outcome::Executed || (!was_open && is_open)) {
            self.watch_opening(lock, command);
        }
        if matches!(outcome, Outcome::Executed | Outcome::Expired) {
            self.watch.note_acted(lock, command);
        }
        if let Some(cut) = cut {
            self.say(|| format!("lock-{}: loses power {cut:?} that save", lock + 1));
            self.cut_power(lock, 2_000);
        } else {
            self.poll(lock);
        }
    }

    /// Takes the power away, and brings it back after `off_ms`.
    pub(crate) fn cut_power(&mut self, lock: usize, off_ms: u64) {
        self.disconnect(lock);
        let site = &mut self.sites[lock];
        site.powered = false;
        site.poll_at = u64::MAX;
        site.exits += 1;
        self.queue.push(self.now + off_ms, Event::PowerOn(lock));
    }

    fn power_on(&mut self, lock: usize) {
        if self.sites[lock].powered {
            return;
        }
        let now = self.now;
        let site = &mut self.sites[lock];
        site.boot(now);
        let declared = site.settings.power_on_unlocked != 0;
        let open = site.core.is_open();
        self.say(|| format!("lock-{}: power on, {}", lock + 1, word(open)));
        self.require(open == declared, Invariant::S6, || {
            format!("lock-{} came up {}", lock + 1, word(open))
        });
        let at = self.now + 1_000;
        self.queue.push(at, Event::Connect(lock));
        self.poll(lock);
    }

    pub(crate) fn disconnect(&mut self, lock: usize) {
        let site = &mut self.sites[lock];
        (site.connection, site.half_open) = (None, false);
        site.reporter.set_connected(false);
    }

    fn connect(&mut self, lock: usize) {
        let site = &mut self.sites[lock];
        if !site.powered || site.connection.is_some() {
            return;
        }
        if site.offline_until > self.now {
            let at = site.offline_until;
            self.queue.push(at, Event::Connect(lock));
            return;
        }
        site.connections += 1;
        let epoch = site.connections;
        site.connection = Some(epoch);
        site.reporter.set_connected(true);
        let waiting = std::mem::take(&mut site.session);
        self.say(|| format!("lock-{}: connects", lock + 1));
        for command in waiting {
            let at = self.now + 20;
            self.queue.push(at, Event::Command(lock, epoch, command));
        }
        self.poll(lock);
    }

    /// A latch that a hand has opened locks again by itself.
    fn check_exit(&mut self, lock: usize, exit: u64) {
        let site = &self.sites[lock];
        if site.exits != exit || !site.powered {
            return;
        }
        if site.door == Some(true) || (site.door.is_some() && self.now < site.door_at + 5_000) {
            self.queue
                .push(self.now + MINUTE, Event::ExitOver(lock, exit));
            return;
        }
        let locked = !site.core.is_open();
        self.require(locked, Invariant::S6, || {
            format!("lock-{} stays open after its exit button", lock + 1)
        });
    }
}

/// The power cuts of a save.
pub const CUTS: [PowerCut; 3] = [PowerCut::Before, PowerCut::Within, PowerCut::After];

/// A command in words.
pub fn describe(command: &WireCommand) -> String {
    format!("{:?} {}", command.action, command.version).to_lowercase()
}

/// A latch in words.
pub fn word(open: bool) -> &'static str {
    if open { "unlocked" } else { "locked" }
}
