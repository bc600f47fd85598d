//! What people, attackers and accidents do, and how their presses and requests arrive.

use std::rc::Rc;

use lock_core::action::{Action, ClickType};
use lock_core::command::{Version, WireCommand};
use lock_core::id::CommandId;
use lock_core::press::Press;
use lock_core::record::Record;
use lock_core::report::{Latch, Report};
use lock_core::request::Request;
use lock_core::time::UnixMillis;

use crate::event::{Ask, Event, Operation, Task};
use crate::fate::Stream;
use crate::memory::Memory;
use crate::network::CUTS;
use crate::plan::Kind;
use crate::plant::Plant;
use crate::reporter::Answer;
use crate::table::{button_serial, lock_name};
use crate::watch::{FORGED, Wish, WishKind};
use crate::world::{Trouble, World};

impl World {
    /// Lets a line of the plan happen.
    pub(crate) fn perform(&mut self, kind: &Kind) {
        self.say(|| format!("* {kind}"));
        match *kind {
            Kind::Press(button, click) => self.press(button, click),
            Kind::Request(ask) => self.request(ask),
            Kind::Trouble(trouble, lasts) => {
                let end = self.now + lasts;
                let until = self.troubles.entry(trouble).or_default();
                *until = end.max(*until);
            }
            Kind::Skew(ms) => {
                self.skew = ms;
                self.watch.forget_turns();
            }
            Kind::Operate(operation) => self.operate(operation),
            Kind::SecondStack(lasts) => self.begin_second_stack(lasts),
            Kind::NewProcesses => self.memories.iter_mut().for_each(Memory::clear),
            Kind::Backup => self.backup = self.tables[0].clone(),
            Kind::Restore => self.begin_restoration(),
            Kind::Edit(lock) => self.edit_shadow(lock),
            Kind::DeleteShadow(lock) => self.delete_shadow(lock),
            Kind::Forge(lock, ahead) => self.forge(lock, ahead),
            kind => self.happen_to_lock(kind),
        }
    }

    fn happen_to_lock(&mut self, kind: Kind) {
        let now = self.now;
        match kind {
            Kind::Hold(lock, way, lasts) => {
                let until = &mut self.sites[lock].held_until[way];
                *until = (now + lasts).max(*until);
            }
            Kind::HalfOpen(lock, lasts) => {
                let site = &mut self.sites[lock];
                if let Some(epoch) = site.connection {
                    site.half_open = true;
                    self.queue.push(now + lasts, Event::Watchdog(lock, epoch));
                }
            }
            Kind::Offline(lock, lasts) => {
                let site = &mut self.sites[lock];
                site.offline_until = site.offline_until.max(now + lasts);
                let at = site.offline_until;
                self.disconnect(lock);
                self.queue.push(at, Event::Connect(lock));
            }
            Kind::PowerCut(lock, lasts) if self.sites[lock].powered => self.cut_power(lock, lasts),
            Kind::CutSave(lock, when) if self.sites[lock].powered => {
                self.sites[lock].cut = Some(CUTS[when]);
            }
            Kind::Erase(lock) if self.sites[lock].powered => {
                self.sites[lock].core.erase();
                self.cut_power(lock, 3_000);
            }
            Kind::FlashBroken(lock, broken) => self.sites[lock].core.break_flash(broken),
            Kind::Exit(lock) if self.sites[lock].powered => self.press_exit(lock),
            Kind::Door(lock, open) => self.move_door(lock, open),
            Kind::Jam(lock, lasts) if !self.sites[lock].jammed => {
                let site = &mut self.sites[lock];
                site.jammed = true;
                site.reporter.request();
                self.queue.push(now + lasts, Event::Free(lock));
                self.poll(lock);
            }
            _ => {}
        }
    }

    fn press_exit(&mut self, lock: usize) {
        let now = self.now;
        let site = &mut self.sites[lock];
        let uptime = site.uptime(now);
        if site.core.exit(uptime) {
            site.exits += 1;
            site.by_hand = true;
            site.reporter.request();
            let settings = site.settings;
            let after = u64::from(settings.relock_ms.max(settings.pulse_ms)) + 10_000;
            let event = Event::ExitOver(lock, site.exits);
            self.queue.push(now + after, event);
            self.say(|| format!("lock-{}: a hand unlocks it", lock + 1));
        }
        self.poll(lock);
    }

    pub(crate) fn move_door(&mut self, lock: usize, open: bool) {
        let now = self.now;
        let site = &mut self.sites[lock];
        if site.door.is_none() || site.door == Some(open) {
            return;
        }
        (site.door, site.door_at) = (Some(open), now);
        if !site.powered {
            return;
        }
        let uptime = site.uptime(now);
        if site.core.door(site.door, uptime) {
            site.reporter.request();
        }
        site.reporter.note_door();
        self.poll(lock);
    }

    /// Somebody presses a button.
    pub(crate) fn press(&mut self, button: usize, click: ClickType) {
        let setup = self.plan.house.buttons[button];
        self.sequences[button] += 1;
        let wish = self.watch.wishes.len();
        self.watch.wishes.push(Wish {
            kind: WishKind::Press { button, click },
            counted: setup.counted,
            timed: setup.timed,
            good_for: setup.good_for,
            sequence: self.sequences[button],
            made: self.now,
            pressed_at: self.now - self.fate.between(Stream::Delay, 0, 1_200),
            arrived_first: 0,
            arrived: 0,
            deliveries: 0,
            commands: Vec::new(),
            opened: false,
            forgotten_at: None,
        });
        let Some(at) = self.arrival_of_press() else {
            return;
        };
        self.queue.push(at, Event::Press(wish));
        if self.strikes(Trouble::Presses, Stream::Press, 300) {
            let most = [500, 1_400, 20_000, 400_000];
            let most = most[self.fate.between(Stream::Delay, 0, 3) as usize];
            let again = at + self.fate.between(Stream::Delay, 20, most);
            self.queue.push(again, Event::Press(wish));
        }
    }

    fn arrival_of_press(&mut self) -> Option<u64> {
        if self.strikes(Trouble::Presses, Stream::Press, 100) {
            self.say(|| "that press is lost".into());
            return None;
        }
        let mut at = self.now + self.fate.between(Stream::Delay, 20, 90);
        if self.strikes(Trouble::Presses, Stream::Press, 300) {
            at += self.fate.between(Stream::Delay, 0, 60_000);
        }
        Some(at)
    }

    /// A press reaches the rules engine, which gives this delivery an id of its own.
    pub(crate) fn receive_press(&mut self, number: usize) {
        if self.is_paused() {
            self.say(|| "the rules are off: that press is lost".into());
            return;
        }
        let received_at = self.cloud_now();
        let now = self.now;
        let wish = &mut self.watch.wishes[number];
        let WishKind::Press { button, click } = wish.kind else {
            return;
        };
        wish.deliveries += 1;
        wish.arrived = now;
        if wish.deliveries == 1 {
            wish.arrived_first = now;
        }
        let press = Press {
            button: button_serial(button),
            click,
            sequence: wish.counted.then_some(wish.sequence),
            pressed_at: wish.timed.then_some(UnixMillis(wish.pressed_at)),
            good_for_ms: wish.good_for,
            received_at,
            press_id: format!("p{number}-{}", wish.deliveries),
            principal: None,
            battery_mv: None,
        };
        self.watch.causes.insert(press.command_id(), number);
        self.enqueue(0, Task::Press(Rc::new(press), number), 2);
    }

    /// An operator's app asks for something.
    fn request(&mut self, ask: Ask) {
        let wish = self.watch.wishes.len();
        self.watch.wishes.push(Wish {
            kind: WishKind::Request(ask),
            counted: true,
            timed: true,
            good_for: None,
            sequence: 0,
            made: self.now,
            pressed_at: self.now,
            arrived_first: 0,
            arrived: 0,
            deliveries: 0,
            commands: Vec::new(),
            opened: false,
            forgotten_at: None,
        });
        if let Some(at) = self.arrival_of_press() {
            self.queue.push(at, Event::Request(wish));
            if self.strikes(Trouble::Presses, Stream::Press, 200) {
                self.queue.push(at + 5_000, Event::Request(wish));
            }
        }
    }

    /// A request reaches the rules engine.
    pub(crate) fn receive_request(&mut self, number: usize) {
        if self.is_paused() {
            self.say(|| "the rules are off: that request is lost".into());
            return;
        }
        let (now, received_at) = (self.now, self.cloud_now());
        let wish = &mut self.watch.wishes[number];
        let WishKind::Request(ask) = wish.kind else {
            return;
        };
        (wish.arrived, wish.deliveries) = (now, wish.deliveries + 1);
        let request = Request {
            lock: lock_name(ask.lock),
            intent: ask.intent,
            request_id: format!("r{number}"),
            requested_at: Some(UnixMillis(wish.pressed_at)),
            actor: None,
            received_at,
            principal: None,
        };
        self.watch.causes.insert(request.command_id(), number);
        self.enqueue(0, Task::Request(Rc::new(request), number), 2);
    }

    pub(crate) fn operate(&mut self, operation: Operation) {
        self.enqueue(0, Task::Operate(operation), 0);
    }

    /// A second stack, with a table of its own, takes the reports and commands the same locks.
    fn begin_second_stack(&mut self, lasts: u64) {
        if self.second_stack {
            return;
        }
        self.second_stack = true;
        for lock in 0..self.sites.len() {
            if self.tables[1].records[lock].is_none() {
                let record = Record::created(lock_name(lock), self.cloud_now());
                self.tables[1].records[lock] = Some(record);
                self.watch.traces[1][lock].registered = true;
            }
        }
        self.queue.push(self.now + 1_000, Event::Sweep(1));
        self.queue.push(self.now + lasts, Event::StackEnds);
    }

    pub(crate) fn end_second_stack(&mut self) {
        self.second_stack = false;
        self.say(|| "the second stack ends".into());
    }

    /// Somebody saves `reported` as it is, but with the latch changed, without a lock's token.
    pub(crate) fn edit_shadow(&mut self, lock: usize) {
        let Some(shadow) = self.sites[lock].shadow.clone() else {
            return;
        };
        let latch = match shadow.report.lock {
            Latch::Locked => Latch::Unlocked,
            _ => Latch::Locked,
        };
        let report = Report {
            lock: latch,
            ..shadow.report
        };
        self.write_shadow(lock, report, None);
    }

    pub(crate) fn delete_shadow(&mut self, lock: usize) {
        let now = self.now;
        let site = &mut self.sites[lock];
        if site.shadow.take().is_none() {
            return;
        }
        // The deletion takes a version.
        site.shadow_version += 1;
        site.deleted_at = Some(now);
        let version = site.shadow_version;
        if self.plant != Some(Plant::EditUnanswered) {
            self.send_answer(lock, Answer::Deleted { version });
        }
    }

    /// Another program locks a lock with a version of its own.
    fn forge(&mut self, lock: usize, ahead: u64) {
        let site = &self.sites[lock];
        // A device without the time cannot judge a version: D1 lets it accept any.
        let has_time = site.powered && site.core.bounds(site.uptime(self.now)).is_some();
        if !has_time && ahead > 80_000_000 {
            return;
        }
        let command = WireCommand {
            v: 1,
            action: Action::Lock,
            version: Version(self.now + ahead),
            command_id: CommandId::from_text(FORGED),
            issued_at: UnixMillis(self.now).seconds(),
            expires_at: None,
        };
        self.send_command(lock, command, u64::MAX);
    }
}
