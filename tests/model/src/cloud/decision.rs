//! What a function decides: the real decisions, and what is left of them without one of the rules. It must not commit.

use std::sync::Arc;

use lock_core::action::Action;
use lock_core::binding::Binding;
use lock_core::command::Version;
use lock_core::decide::{Origin, Publish, ReportDecision, decide_no_shadow};
use lock_core::press::Press;
use lock_core::reason::{Reason, Verdict};
use lock_core::record::{Cause, Command, Record, Status};
use lock_core::report::{Latch, ReportEvent};
use lock_core::request::Request;
use lock_core::time::UnixMillis;
use lock_core::write::RecordWrite;
use lock_core::{
    Decision, decide_due, decide_press, decide_recover, decide_report, decide_request,
    decide_revoke,
};

use super::{Cloud, limits, press_of, request_id};
use crate::config::Config;
use crate::rule::Rule;
use crate::state::{Job, State, What};

impl Cloud<'_> {
    /// What a function decides about `job` on the table as it is, with the binding as its process remembers it.
    pub(super) fn decide(
        &self,
        state: &State,
        job: &Job,
        cached: Option<&Binding>,
    ) -> Option<Decision> {
        let binding = cached.unwrap_or(&state.binding);
        let decision = match &job.what {
            What::Press {
                press,
                delivery,
                received_at,
            } => self.press(state, binding, *press, *delivery, *received_at),
            What::Request {
                request,
                received_at,
            } => self.request(state, *request, *received_at),
            What::Report(event) => self.report(state, event),
            What::Sweep => return self.sweep(state),
            What::Revoke => self.revoke(state),
            What::Recover => unreachable!("a recovery is one step with the restoring"),
        };
        Some(self.weaken(state, job, decision))
    }

    fn press(
        &self,
        state: &State,
        binding: &Binding,
        press: u8,
        delivery: u8,
        received_at: UnixMillis,
    ) -> Decision {
        let made = press_of(self.config, press, delivery, received_at);
        let made = match self.rules {
            rules if rules.without(Rule::C1NewIdentity) => Press {
                press_id: format!("invocation-{}", state.memory.invocations),
                sequence: None,
                received_at: state.now,
                ..made
            },
            rules if rules.without(Rule::C4FromCommit) => Press {
                received_at: state.now,
                ..made
            },
            _ => made,
        };
        let record = state.record.as_deref();
        let limits = limits(self.rules);
        let trusting = |record: &Record| Record {
            status: Status::Settled,
            ..record.clone()
        };
        if self.rules.without(Rule::C6ToggleUnsettled) {
            let trusted = record.map(trusting);
            let mut decision =
                decide_press(trusted.as_ref(), Some(binding), &made, state.now, &limits);
            if let (Some(RecordWrite::Update(update)), Some(record)) =
                (&mut decision.writes.record, record)
            {
                update.guard.status = record.status;
            }
            return decision;
        }
        decide_press(record, Some(binding), &made, state.now, &limits)
    }

    fn request(&self, state: &State, request: u8, received_at: UnixMillis) -> Decision {
        let asked = request_of(self.config, state, request, received_at);
        let seen = state.marks & (1 << request) != 0;
        decide_request(
            state.record.as_deref(),
            seen,
            &asked,
            state.now,
            &limits(self.rules),
        )
    }

    fn report(&self, state: &State, event: &ReportEvent) -> Decision {
        let limits = limits(self.rules);
        let decide = |event: &ReportEvent, origin| {
            let (record, event) = self.misjudged(state.record.as_deref(), event);
            let binding = record
                .as_ref()
                .and_then(Record::resend_asks_for)
                .map(|_| &*state.binding);
            decide_report(record.as_ref(), &event, origin, binding, state.now, &limits)
        };
        match decide(event, Origin::Event) {
            ReportDecision::Act(decision) => *decision,
            ReportDecision::ReadShadow => match &state.shadow {
                None => decide_no_shadow(event, None, state.now, &limits),
                Some(present) => match decide(present, Origin::Shadow) {
                    ReportDecision::Act(decision) => *decision,
                    ReportDecision::ReadShadow => {
                        unreachable!("the shadow itself is always believed")
                    }
                },
            },
        }
    }

    /// Record and report as a function without C9 would compare them.
    fn misjudged(
        &self,
        record: Option<&Record>,
        event: &ReportEvent,
    ) -> (Option<Record>, ReportEvent) {
        let (mut record, mut event) = (record.cloned(), event.clone());
        if let Some(record) = &mut record {
            if self.rules.without(Rule::C9AnyVersionSettles) {
                event.report.version = record.version;
                event.report.command_id = record.command.as_ref().map(|command| command.id.clone());
            }
            if self.rules.without(Rule::C9AnyOrder)
                && let Some(reported) = &mut record.reported
            {
                reported.shadow_version = 0;
            }
        }
        (record, event)
    }

    fn sweep(&self, state: &State) -> Option<Decision> {
        let record = state.record.as_deref()?;
        let binding = record.resend_asks_for().map(|_| &*state.binding);
        let shadow = state.shadow.as_deref();
        let limits = limits(self.rules);
        let decision = decide_due(record, shadow, binding, state.now, &limits)?;
        let job = Job {
            what: What::Sweep,
            tries: 0,
        };
        Some(self.weaken(state, &job, decision))
    }

    fn revoke(&self, state: &State) -> Decision {
        let mut decision = decide_revoke(
            &state.binding,
            state.record.as_deref(),
            None,
            state.now,
            &limits(self.rules),
        );
        if self.rules.without(Rule::C11NoSystemLock) {
            (decision.writes.record, decision.publish) = (None, None);
        }
        decision
    }

    /// The record of a restored table, no longer believed (C12).
    pub fn recover(&self, state: &mut State, record: &Arc<Record>) -> Arc<Record> {
        if self.rules.without(Rule::C12RestoredTrusted) {
            return Arc::clone(record);
        }
        let mut decision = decide_recover(record, None, state.now, &limits(self.rules));
        if self.rules.without(Rule::C5PreviousPlusOne) {
            previous_plus_one(record, &mut decision);
        }
        let job = Job {
            what: What::Recover,
            tries: 0,
        };
        self.watch_commit(state, &job, &decision);
        let write = decision
            .writes
            .record
            .expect("a recovery changes the record");
        Arc::new(
            write
                .apply(Some(record))
                .expect("it holds on what was read"),
        )
    }

    /// The decision without one of the rules.
    fn weaken(&self, state: &State, job: &Job, mut decision: Decision) -> Decision {
        let rules = self.rules;
        let (verdict, reason) = (decision.verdict, decision.reason.clone());
        if rules.without(Rule::C3BindingOutside) && verdict == Verdict::Command {
            decision.writes.binding = None;
        }
        if rules.without(Rule::C5PreviousPlusOne)
            && verdict == Verdict::Command
            && let Some(record) = &state.record
        {
            previous_plus_one(record, &mut decision);
        }
        let quiet = rules.without(Rule::C7NoRepublish)
            && verdict == Verdict::Resend
            && reason == Reason::RETRY
            || rules.without(Rule::C8LockOnce)
                && verdict == Verdict::Resend
                && action_of(&decision) == Some(Action::Lock)
            || rules.without(Rule::C9LostJournal) && reason == Reason::VERSION_BEHIND;
        if quiet {
            silence(&mut decision);
        }
        if rules.without(Rule::C7RepublishAlways) && decision.publish.is_none() {
            decision.publish = self.once_more(state, job);
        }
        if rules.without(Rule::C8LifeRenewed)
            && verdict == Verdict::Resend
            && let Some(publish) = &mut decision.publish
            && let Some(expires_at) = &mut publish.command.expires_at
        {
            *expires_at = state.now.plus(limits(rules).command_ttl_ms).seconds();
        }
        if let Some(RecordWrite::Update(update)) = &mut decision.writes.record {
            if rules.without(Rule::C8NextSendNotMoved) && verdict == Verdict::Resend {
                update.command = None;
                if let Some(record) = &state.record {
                    update.due = record.due.clone();
                }
            }
            if rules.without(Rule::C9AnyOrder) {
                update.guard.shadow = None;
            }
            if rules.without(Rule::C10TimeoutIsNo) && reason == Reason::UNLOCK_NOT_ANSWERED {
                (update.version, update.command) = (None, None);
                (update.status, update.state) = (Some(Status::Settled), Some(Latch::Locked));
                (decision.publish, decision.verdict) = (None, Verdict::Settled);
            }
        }
        decision
    }

    /// What a retry publishes when it asks nothing: the command that its press once made.
    fn once_more(&self, state: &State, job: &Job) -> Option<Publish> {
        let What::Press {
            press, received_at, ..
        } = job.what
        else {
            return None;
        };
        let id = press_of(self.config, press, 0, received_at).command_id();
        let known = state.memory.issued.iter().find(|(_, known)| *known == id)?;
        let record = state.record.as_deref()?;
        let mut command = Command::new(
            id,
            Action::Unlock,
            Cause::Request { actor: None },
            received_at,
            Some(received_at.plus(limits(self.rules).command_ttl_ms)),
        );
        command.attempts = 2;
        let version = Version(known.0);
        Some(Publish::of(&record.lock, version, &command))
    }
}

fn action_of(decision: &Decision) -> Option<Action> {
    decision
        .publish
        .as_ref()
        .map(|publish| publish.command.action)
}

/// Nothing is commanded; what was reported is still noted.
fn silence(decision: &mut Decision) {
    decision.publish = None;
    decision.verdict = Verdict::Noted;
    if let Some(RecordWrite::Update(update)) = &mut decision.writes.record {
        (update.version, update.status, update.command) = (None, None, None);
        update.guard.next_send_at = None;
    }
}

fn previous_plus_one(record: &Record, decision: &mut Decision) {
    let (Some(RecordWrite::Update(update)), Some(publish)) =
        (&mut decision.writes.record, &mut decision.publish)
    else {
        return;
    };
    let version = Version(record.version.0 + 1);
    update.version = Some(version);
    publish.command.version = version;
}

/// A request, as the rule hands it over.
fn request_of(config: &Config, state: &State, request: u8, received_at: UnixMillis) -> Request {
    let lock = state.binding.lock.clone();
    Request {
        lock,
        intent: config.requests[usize::from(request)],
        request_id: request_id(request),
        actor: None,
        received_at,
        principal: None,
    }
}
