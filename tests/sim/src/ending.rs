//! The end of a run: faults stop, and everything must become right, and stay usable.

use lock_core::action::{Action, ClickType};
use lock_core::record::Status;

use crate::event::Operation;
use crate::fate::Stream;
use crate::invariant::Invariant;
use crate::world::{MINUTE, World};

/// How long the fair part waits for everything to converge, in ms.
const PATIENCE: u64 = 3 * 60 * MINUTE;
/// How long a press may take with everything up, in ms.
const PROMPT: u64 = 20_000;

impl World {
    /// Lets the whole run happen.
    pub fn run(&mut self) {
        let ends = self.plan.ends;
        self.run_until(ends);
        if self.watch.broken.is_some() {
            return;
        }
        self.stop_faults();
        self.leave_one_offline();
        self.run_until(self.now + PATIENCE);
        self.judge();
        self.use_everything();
        self.touch_shadows();
    }

    fn stop_faults(&mut self) {
        self.say(|| "* no more faults".into());
        self.fair = true;
        self.troubles.clear();
        if self.second_stack {
            self.end_second_stack();
        }
        for lock in 0..self.sites.len() {
            let site = &mut self.sites[lock];
            (site.held_until, site.offline_until, site.cut) = ([0; 2], self.now, None);
            site.core.break_flash(false);
            self.move_door(lock, false);
            if self.sites[lock].half_open {
                self.disconnect(lock);
            }
            if self.sites[lock].connection.is_none() {
                self.queue
                    .push(self.now + 1_000, crate::event::Event::Connect(lock));
            }
        }
    }

    /// In some runs a lock stays away for two hours: its record must say so.
    fn leave_one_offline(&mut self) {
        let locks = self.sites.len() as u64;
        let lock = self.fate.between(Stream::Delay, 0, 4 * locks - 1) as usize;
        if lock >= self.sites.len() {
            return;
        }
        self.say(|| format!("* lock-{} stays away for two hours", lock + 1));
        self.disconnect(lock);
        let until = self.now + 120 * MINUTE;
        self.sites[lock].offline_until = until;
        self.queue.push(until, crate::event::Event::Connect(lock));
        self.run_until(self.now + MINUTE);
        self.edit_shadow(lock);
        self.run_until(self.now + 39 * MINUTE);
        let record = self.tables[0].records[lock].as_ref();
        let settled = record.is_some_and(|record| record.status == Status::Settled);
        self.require(!settled, Invariant::S4, || {
            format!(
                "lock-{} is away for 40 minutes, and its record is settled",
                lock + 1
            )
        });
        self.run_until(until - MINUTE);
        let record = self.tables[0].records[lock].as_ref();
        let status = record.map_or(Status::Unresponsive, |record| record.status);
        self.require(status == Status::Unresponsive, Invariant::L1, || {
            format!(
                "lock-{} is away for two hours, and its record is {status:?}",
                lock + 1
            )
        });
    }

    /// Everything has converged.
    fn judge(&mut self) {
        for lock in 0..self.sites.len() {
            let (latch, open) = (self.sites[lock].latch(), self.sites[lock].core.is_open());
            let must_lock = self.watch.locks[lock].must_lock;
            let Some(record) = &self.tables[0].records[lock] else {
                continue;
            };
            let (status, state) = (record.status, record.state);
            self.require(status == Status::Settled, Invariant::L1, || {
                format!(
                    "lock-{} is connected, and its record is {status:?}",
                    lock + 1
                )
            });
            let right = status != Status::Settled || state == latch;
            self.require(right, Invariant::S4, || {
                format!(
                    "the settled record says {state:?}, lock-{} is {latch:?}",
                    lock + 1
                )
            });
            self.require(!(must_lock && open), Invariant::S5, || {
                format!("lock-{} is open, and its button has lost it", lock + 1)
            });
        }
    }

    /// Registers and binds everything, and presses every button.
    fn use_everything(&mut self) {
        for lock in 0..self.sites.len() {
            self.operate(Operation::Register(lock));
        }
        // A lock that was just registered is locked after its next report.
        self.run_until(self.now + 20 * MINUTE);
        for button in 0..self.sequences.len() {
            self.operate(Operation::Bind(button, button % self.sites.len()));
        }
        self.run_until(self.now + 5 * MINUTE);
        for button in 0..self.sequences.len() {
            self.use_button(button, button % self.sites.len());
        }
    }

    fn use_button(&mut self, button: usize, lock: usize) {
        self.must_open(button, lock, ClickType::Long);
        self.run_until(self.now + 2 * MINUTE);
        self.press(button, ClickType::Double);
        self.run_until(self.now + PROMPT);
        let open = self.sites[lock].core.is_open();
        self.require(!open, Invariant::L2, || {
            format!(
                "button-{} was pressed to lock lock-{}",
                button + 1,
                lock + 1
            )
        });
        self.run_until(self.now + 2 * MINUTE);
        self.must_open(button, lock, ClickType::Single);
        let record = self.tables[0].records[lock].as_ref();
        let command = record.and_then(|record| record.command.as_ref());
        let unlocks = command.is_some_and(|command| command.action == Action::Unlock);
        self.require(unlocks, Invariant::L4, || {
            format!(
                "button-{} was pressed twice to open lock-{}",
                button + 1,
                lock + 1
            )
        });
        self.run_until(self.now + 2 * MINUTE);
    }

    /// A press opens the door; somebody who toggles presses a second time at once.
    fn must_open(&mut self, button: usize, lock: usize, click: ClickType) {
        let before = self.watch.opened(lock);
        self.press(button, click);
        if click == ClickType::Single {
            let pause = self.fate.between(Stream::Delay, 1_700, 4_700);
            self.run_until(self.now + pause);
            self.press(button, click);
        }
        self.run_until(self.now + PROMPT);
        let opened = self.watch.opened(lock) > before;
        self.require(opened, Invariant::L2, || {
            format!(
                "button-{} was pressed ({click:?}) to open lock-{}",
                button + 1,
                lock + 1
            )
        });
    }

    /// Edits and deletes the shadows, which must be right a minute later.
    fn touch_shadows(&mut self) {
        for deletes in [false, true] {
            self.run_until(self.now + 20 * MINUTE);
            for lock in 0..self.sites.len() {
                if deletes {
                    self.delete_shadow(lock);
                } else {
                    self.edit_shadow(lock);
                }
            }
            self.run_until(self.now + MINUTE);
            for lock in 0..self.sites.len() {
                let site = &self.sites[lock];
                let own = lock_core::report::ReportId {
                    boot_count: 0,
                    counter: 0,
                    checksum: None,
                };
                let now = site.report(self.now, own);
                let shows = site.shadow.as_ref().map(|shadow| &shadow.report);
                let is_right = shows
                    .is_some_and(|shown| (shown.lock, shown.version) == (now.lock, now.version));
                let record = self.tables[0].records[lock].as_ref();
                let agrees = record.is_none_or(|record| record.state == site.latch());
                self.require(is_right && agrees, Invariant::L3, || {
                    format!(
                        "lock-{}: shadow or record is wrong after a minute",
                        lock + 1
                    )
                });
            }
        }
    }
}
