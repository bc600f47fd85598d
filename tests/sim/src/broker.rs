//! Between locks and functions: the broker, the shadows, and an attacker on the line.

use std::rc::Rc;

use lock_core::command::WireCommand;
use lock_core::report::{Report, ReportEvent, ReportId};
use lock_core::time::UnixMillis;

use crate::event::{Event, Task, Update};
use crate::fate::Stream;
use crate::network::describe;
use crate::plant::Plant;
use crate::reporter::Answer;
use crate::site::Shadow;
use crate::table::lock_name;
use crate::world::{MINUTE, Trouble, World};

/// How long a deleted shadow's version is remembered, in ms.
const SHADOW_MEMORY: u64 = 48 * 60 * MINUTE;

impl World {
    /// When a message to (0) or from (1) a lock arrives.
    pub(crate) fn arrival(&mut self, lock: usize, way: usize, stream: Stream) -> u64 {
        let mut at = self.now + self.fate.between(Stream::Delay, 10, 60);
        if self.strikes(Trouble::Line(lock), stream, 300) {
            let most = [2_000, 15_000, 45_000, 400_000];
            let most = most[self.fate.between(Stream::Delay, 0, 3) as usize];
            at += self.fate.between(Stream::Delay, 0, most);
        }
        let held = self.sites[lock].held_until[way];
        if held > at {
            at = held + self.fate.between(Stream::Delay, 0, 40);
        }
        at
    }

    /// The shadow accepts a lock's report.
    pub(crate) fn accept_update(&mut self, lock: usize, update: &Update) {
        let connection = self.sites[lock].connection;
        if connection.is_some_and(|epoch| epoch != update.epoch) {
            // The broker ends a client's old connection when it connects again.
            self.say(|| {
                format!(
                    "lock-{}: report {} is too late",
                    lock + 1,
                    update.id.counter
                )
            });
            return;
        }
        self.write_shadow(lock, update.report.clone(), Some(update.id));
    }

    /// Writes `reported`: by the lock, or by somebody else without its token.
    pub(crate) fn write_shadow(&mut self, lock: usize, report: Report, token: Option<ReportId>) {
        let now = self.now;
        let site = &mut self.sites[lock];
        if site
            .deleted_at
            .take()
            .is_some_and(|at| now - at > SHADOW_MEMORY)
        {
            site.shadow_version = 0;
        }
        site.shadow_version += 1;
        let version = site.shadow_version;
        let at = UnixMillis(now).seconds();
        let event = Rc::new(ReportEvent {
            lock: lock_name(lock),
            shadow_version: version,
            shadow_at: at,
            token,
            report: report.clone(),
        });
        site.shadow = Some(Shadow {
            version,
            at,
            report,
        });
        let answer = Answer::Accepted {
            boots: token.map_or(0, |id| id.boot_count),
            number: token.map_or(0, |id| id.counter),
            version,
            second: at.0,
        };
        let is_foreign = token.is_none();
        if !(is_foreign && self.plant == Some(Plant::EditUnanswered)) {
            self.send_answer(lock, answer);
        }
        // While the rules of this stack are off, its functions see no report.
        for stack in usize::from(self.is_paused())..=usize::from(self.second_stack) {
            self.enqueue(stack, Task::Report(Rc::clone(&event), lock), 2);
        }
    }

    /// Sends the shadow's answer to the lock on its present connection.
    pub(crate) fn send_answer(&mut self, lock: usize, answer: Answer) {
        let Some(epoch) = self.sites[lock].connection else {
            return;
        };
        if self.sites[lock].half_open || self.strikes(Trouble::Line(lock), Stream::Answer, 150) {
            return;
        }
        let at = self.arrival(lock, 0, Stream::Answer);
        self.queue.push(at, Event::Answer(lock, epoch, answer));
    }

    /// The broker takes a command for a lock, and sends it if the lock is connected.
    pub(crate) fn send_command(&mut self, lock: usize, command: WireCommand, expires_at: u64) {
        let command = Rc::new(command);
        let Some(epoch) = self.sites[lock]
            .connection
            .filter(|_| self.sites[lock].powered)
        else {
            self.say(|| format!("broker: lock-{} is not connected", lock + 1));
            if self.plant == Some(Plant::SessionKept) {
                self.sites[lock].session.push(command);
            }
            return;
        };
        let trouble = Trouble::Line(lock);
        if self.sites[lock].half_open || self.strikes(trouble, Stream::Down, 200) {
            self.say(|| {
                format!(
                    "broker: {} to lock-{} is lost",
                    describe(&command),
                    lock + 1
                )
            });
            return;
        }
        let copies = 1 + u64::from(self.strikes(trouble, Stream::Down, 150));
        for _ in 0..copies {
            // A message may wait in the broker, which drops it when it expires.
            let waits = self.strikes(trouble, Stream::Down, 100);
            let leaves = self.now + if waits { 20_000 } else { 0 };
            if leaves > expires_at {
                self.say(|| format!("broker: {} expires", describe(&command)));
                continue;
            }
            let at = self.arrival(lock, 0, Stream::Down).max(leaves);
            let event = Event::Command(lock, epoch, Rc::clone(&command));
            self.queue.push(at, event);
        }
    }
}
