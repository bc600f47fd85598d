//! How the events of the local cloud move the ways: from the message of a press to its command.
//!
//! Must not know: the clock, or how a way is shown.

use local_cloud::{Event, EventKind};

use super::sign::{CommandMessage, Items, Line, PressMessage, ReportMessage, Topic};
use super::trace::Trace;
use super::{EndKind, Invocation, KEPT_MAX, Place, Shared, Ways, keep};
use crate::narrate::short_name;

impl Ways {
    /// Notes an event of the local cloud.
    pub fn note(&mut self, event: &Event) {
        let at = event.at_ms;
        match &event.kind {
            EventKind::Published {
                topic,
                payload,
                client,
                ..
            } => self.on_message(at, topic, payload, client.as_deref()),
            EventKind::RuleMatched { rule, topic } => self.on_match(at, rule, topic),
            EventKind::RuleInvoked {
                topic, request_id, ..
            } => self.on_handed(at, topic, request_id),
            EventKind::RuleFailed { topic, error, .. } => self.on_rule_failure(topic, error),
            EventKind::Invoked {
                function,
                request_id,
                cold,
            } => self.on_invoked(at, function, request_id, *cold),
            EventKind::Completed {
                request_id,
                outcome,
                ..
            } if outcome != "ok" => self.on_failure(at, request_id, outcome),
            EventKind::Throttled { request_id, .. } => {
                self.remark(at, request_id, "it waits: all processes are busy");
            }
            EventKind::Retrying { request_id, .. } => {
                self.remark(at, request_id, "it is tried again");
            }
            EventKind::GivenUp { request_id, .. } => self.on_given_up(request_id),
            EventKind::Written { table, keys } if *table == self.table => {
                self.on_write(at, &Items::of(keys));
            }
            EventKind::FunctionLog { function, line } => {
                if let Some(line) = Line::of(line) {
                    self.on_line(at, &short_name(function), &line);
                }
            }
            EventKind::FaultInjected { fault, target, .. } => self.on_fault(fault, target),
            _ => {}
        }
    }

    fn on_message(&mut self, at: u64, topic: &str, payload: &[u8], client: Option<&str>) {
        match Topic::of(topic) {
            Some(Topic::Press(button)) => {
                let message = PressMessage::of(payload);
                self.on_press(at, button, client.unwrap_or("REST"), &message);
            }
            Some(Topic::Command(lock)) => {
                if let Some(command) = CommandMessage::of(payload) {
                    let traces = &mut self.traces.iter_mut();
                    if let Some(trace) = traces.find(|trace| trace.is_cause_of(&command.id)) {
                        trace.send(at, lock, command.version, &command.action);
                    }
                }
            }
            Some(Topic::Accepted(lock)) => {
                if let Some(report) = ReportMessage::of(payload) {
                    self.on_report(at, lock, &report);
                }
            }
            Some(Topic::Report(_)) | None => {}
        }
    }

    fn on_press(&mut self, at: u64, button: &str, client: &str, message: &PressMessage) {
        let is_again =
            |trace: &&mut Trace| message.sequence.is_some() && trace.sequence == message.sequence;
        let again = self.of_button(button).filter(is_again).last();
        match again {
            Some(trace) => trace.publish_again(at, client),
            None => self.begin(|id| Trace::new(id, button, at, client, message)),
        }
    }

    fn on_match(&mut self, at: u64, rule: &str, topic: &str) {
        match Topic::of(topic) {
            Some(Topic::Press(button)) => {
                let waits = |trace: &Trace| trace.matched < trace.published;
                if let Some(trace) = self.oldest_or_last(button, waits) {
                    trace.match_rule(at, rule);
                }
            }
            Some(Topic::Accepted(lock)) => {
                let waits =
                    |trace: &Trace| trace.has(Place::Shadow) && !trace.has(Place::ReportRule);
                if let Some(trace) = self.of_lock(lock).find(|trace| waits(trace)) {
                    trace.pass(Place::ReportRule, at, rule.to_owned());
                }
            }
            _ => {}
        }
    }

    /// The oldest way of a button that `waits`, else its newest: a copy that came late.
    fn oldest_or_last<'a>(
        &'a mut self,
        button: &'a str,
        waits: impl Fn(&Trace) -> bool,
    ) -> Option<&'a mut Trace> {
        let is_of_button = |trace: &Trace| trace.way.button == button;
        let mut places = self.traces.iter();
        let waiting = places.position(|trace| is_of_button(trace) && waits(trace));
        let place = waiting.or_else(|| self.traces.iter().rposition(is_of_button))?;
        self.traces.get_mut(place)
    }

    fn on_handed(&mut self, at: u64, topic: &str, request_id: &str) {
        let Some(Topic::Press(button)) = Topic::of(topic) else {
            return;
        };
        let invocations = &mut self.invocations;
        let known = invocations
            .iter()
            .position(|it| it.request_id == request_id);
        let known = known.and_then(|place| invocations.remove(place));
        if let Some(trace) = self.oldest_or_last(button, |trace| trace.handed < trace.matched) {
            trace.handed += 1;
            trace.requests.push(request_id.to_owned());
            match known {
                Some(invocation) => trace.pass(Place::Function, invocation.at, invocation.detail),
                None => trace.touch(at),
            }
        }
    }

    fn of_request(&mut self, request_id: &str) -> Option<&mut Trace> {
        let mut traces = self.traces.iter_mut();
        traces.find(|trace| trace.requests.iter().any(|it| it == request_id))
    }

    fn on_invoked(&mut self, at: u64, function: &str, request_id: &str, cold: bool) {
        let start = if cold { ", in a new process" } else { "" };
        let detail = format!("{}{start}", short_name(function));
        match self.of_request(request_id) {
            Some(trace) if trace.has(Place::Function) => trace.touch(at),
            Some(trace) => trace.pass(Place::Function, at, detail),
            None => keep(
                &mut self.invocations,
                Invocation {
                    request_id: request_id.to_owned(),
                    at,
                    detail,
                },
                KEPT_MAX,
            ),
        }
    }

    fn on_rule_failure(&mut self, topic: &str, error: &str) {
        if let Some(Topic::Press(button)) = Topic::of(topic)
            && let Some(trace) = self.oldest_or_last(button, |trace| trace.handed == 0)
        {
            let place = trace.last_place();
            trace.end(EndKind::Lost, place, format!("the rule failed: {error}"));
        }
    }

    fn on_failure(&mut self, at: u64, request_id: &str, outcome: &str) {
        if let Some(trace) = self.of_request(request_id) {
            trace.touch(at);
            trace.failure = Some(outcome.to_owned());
            trace.remark(Place::Function, &format!("failed: {outcome}"));
        }
    }

    fn remark(&mut self, at: u64, request_id: &str, remark: &str) {
        if let Some(trace) = self.of_request(request_id) {
            trace.touch(at);
            trace.remark(trace.last_place().min(Place::Function), remark);
        }
    }

    fn on_given_up(&mut self, request_id: &str) {
        if let Some(trace) = self.of_request(request_id) {
            let failure = trace.failure.clone().unwrap_or_default();
            let why = format!("given up: the function failed at every attempt: {failure}");
            trace.end(EndKind::Lost, Place::Function, why);
        }
    }

    fn on_write(&mut self, at: u64, items: &Items<'_>) {
        for event in &items.events {
            if event.key.starts_with("ignored-") || event.key.starts_with("refused-") {
                let key = event.key.to_owned();
                keep(&mut self.shared, Shared { key, at }, KEPT_MAX);
                continue;
            }
            let Some(lock) = event.lock else { continue };
            let number = |prefix: &str| event.key.strip_prefix(prefix)?.parse::<u64>().ok();
            if let Some(version) = number("shadow-") {
                if items.record == Some(lock) {
                    self.settle(at, lock, version);
                }
            } else if let Some(button) = items.binding.filter(|_| items.record == Some(lock)) {
                self.on_commit(at, button, lock, event.at, event.key);
            }
        }
    }

    /// A press was written as an act on a lock.
    fn on_commit(&mut self, at: u64, button: &str, lock: &str, received_at: u64, press_id: &str) {
        let is_known = |trace: &Trace| trace.press_id.as_deref() == Some(press_id);
        let is_new = |trace: &Trace| trace.press_id.is_none() && trace.was_received_at(received_at);
        let traces = &mut self.traces;
        let of_button = |trace: &Trace| trace.way.button == button;
        let found = traces.iter().position(is_known).or_else(|| {
            let mut traces = traces.iter();
            traces.position(|trace| of_button(trace) && is_new(trace))
        });
        if let Some(trace) = found.and_then(|place| traces.get_mut(place)) {
            trace.commit(at, lock, press_id);
        }
    }

    fn on_line(&mut self, at: u64, function: &str, line: &Line) {
        match (function, &line.lock) {
            ("press", _) => self.on_decision(at, line),
            ("report" | "sweep", Some(lock)) => self.on_verdict(at, lock, function, line),
            _ => {}
        }
    }

    /// The press function has decided. A press that was ignored or refused ends here.
    fn on_decision(&mut self, at: u64, line: &Line) {
        // Without a name it is of the only press that is being decided.
        let is_being_decided = |trace: &Trace| trace.has(Place::Function) && trace.is_undecided();
        let Some(button) = &line.button else {
            let mut traces = self
                .traces
                .iter_mut()
                .filter(|trace| is_being_decided(trace));
            if let (Some(trace), None) = (traces.next(), traces.next()) {
                end_as_refused(trace, at, line);
            }
            return;
        };
        if !line.is_against() {
            return;
        }
        let key = format!("{}-{button}-{}", line.decision, line.reason);
        let written = self.shared.iter().rev().find(|shared| shared.key == key);
        let written_at = written.map_or(at, |shared| shared.at);
        let is_own = |trace: &Trace| match line.sequence {
            Some(_) => trace.sequence == line.sequence,
            None => {
                let is_received = |at| trace.was_received_at(at);
                trace.sequence.is_none() && line.received_at.is_none_or(is_received)
            }
        };
        let traces = &self.traces;
        let of_button = |trace: &Trace| trace.way.button == *button;
        let find = |fits: &dyn Fn(&Trace) -> bool| {
            let mut traces = traces.iter();
            traces.position(|trace| of_button(trace) && fits(trace))
        };
        let undecided = find(&|trace| is_own(trace) && trace.is_undecided());
        // On a busy machine the line is older than it says.
        let late = find(&|trace| line.sequence == trace.sequence && is_being_decided(trace));
        let (place, is_copy) = match (undecided, find(&is_own), late) {
            (Some(place), ..) => (place, false),
            (None, Some(place), _) => (place, true),
            (None, None, Some(place)) => (place, false),
            (None, None, None) => return,
        };
        let Some(trace) = self.traces.get_mut(place) else {
            return;
        };
        if is_copy {
            // A further delivery of a press that was decided before.
            trace.remark(Place::Function, &format!("a copy was {}", line.text));
        } else {
            end_as_refused(trace, written_at, line);
        }
    }

    fn on_fault(&mut self, fault: &str, target: &str) {
        let trace = match Topic::of(target) {
            Some(Topic::Press(button)) => self.of_button(button).last(),
            Some(Topic::Command(lock) | Topic::Report(lock) | Topic::Accepted(lock)) => {
                let is_open = |trace: &&mut Trace| trace.is_open();
                self.of_lock(lock).filter(is_open).last()
            }
            None => None,
        };
        if let Some(trace) = trace {
            trace.fault = Some(fault.to_owned());
            trace.remark(trace.last_place(), &format!("struck by {fault}"));
        }
    }
}

fn end_as_refused(trace: &mut Trace, at: u64, line: &Line) {
    if !line.is_against() {
        return;
    }
    if trace.way.lock.is_none() {
        trace.way.lock.clone_from(&line.lock);
    }
    trace.pass(Place::Transaction, at, "the event alone".to_owned());
    let kind = match line.decision.as_str() {
        "refused" => EndKind::Refused,
        _ => EndKind::Ignored,
    };
    trace.end(kind, Place::Function, line.text.clone());
}
