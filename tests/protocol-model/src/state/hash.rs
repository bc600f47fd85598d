//! The hash of a state. States that differ must differ here too.

use std::hash::{Hash, Hasher};

use lock_core::Decision;
use lock_core::binding::{Binding, LastPress};
use lock_core::command::WireCommand;
use lock_core::record::{Cause, Command, Record, Reported};
use lock_core::report::{Report, ReportEvent};
use lock_core::write::{
    BindingChange, BindingWrite, Guard, Newer, RecordUpdate, RecordWrite, ShadowGuard,
};

use super::{Invocation, Job, Site, Stage, State, Table, Task, sort_key};

impl Hash for State {
    fn hash<H: Hasher>(&self, to: &mut H) {
        (self.now, self.behind_ms, self.instants).hash(to);
        hash_each(&self.tables, to, hash_table);
        hash_each(&self.sites, to, hash_site);
        hash_each(&self.queue, to, hash_job);
        hash_each(&self.running, to, hash_invocation);
        (
            &self.pressed,
            &self.requested,
            self.held,
            self.actions_begun,
        )
            .hash(to);
        (self.faults, self.broken, self.over).hash(to);
        self.memory.hash(to);
    }
}

fn hash_each<'a, T: 'a, H: Hasher>(
    items: impl IntoIterator<Item = &'a T>,
    to: &mut H,
    hash: impl Fn(&T, &mut H),
) {
    let mut count = 0_usize;
    for item in items {
        hash(item, to);
        count += 1;
    }
    count.hash(to);
}

fn hash_table<H: Hasher>(table: &Table, to: &mut H) {
    for record in &table.records {
        hash_each(record.as_deref(), to, hash_record);
    }
    for binding in table.bindings.iter().chain(&table.cached) {
        hash_each(binding.as_deref(), to, hash_binding);
    }
    table.marks.hash(to);
    hash_each(&table.beliefs, to, |belief, to| {
        for record in &belief.records {
            hash_each(record.as_deref(), to, hash_record);
        }
        for binding in &belief.bindings {
            hash_each(binding.as_deref(), to, hash_binding);
        }
    });
}

fn hash_site<H: Hasher>(site: &Site, to: &mut H) {
    for commands in [&site.network, &site.kept] {
        hash_each(commands.iter().map(|command| &**command), to, hash_wire);
    }
    hash_each(site.shadow.as_deref(), to, hash_event);
    site.shadow_version.hash(to);
    (&site.device, site.clock, site.exchange).hash(to);
    (site.connected, site.jammed, site.door).hash(to);
    (site.booted_at, site.reported_at).hash(to);
    hash_each(&site.update, to, |update, to| {
        (update.id, update.sent_ms).hash(to);
        hash_report(&update.report, to);
    });
    site.answer.hash(to);
}

fn hash_job<H: Hasher>(job: &Job, to: &mut H) {
    sort_key(job).hash(to);
    match &job.task {
        Task::Press {
            arrived_at,
            received_at,
            ..
        } => (arrived_at, received_at).hash(to),
        Task::Request { received_at, .. } => received_at.hash(to),
        Task::Report(event) => hash_event(event, to),
        Task::Sweep(_) | Task::Operate(_) | Task::Recover => {}
    }
}

fn hash_invocation<H: Hasher>(run: &Invocation, to: &mut H) {
    hash_job(&run.job, to);
    match &run.stage {
        Stage::Decided(decision) => {
            0_u8.hash(to);
            hash_decision(decision, to);
        }
        Stage::Committed(publish) => {
            (1_u8, &publish.lock).hash(to);
            hash_wire(&publish.command, to);
        }
        Stage::Published => 2_u8.hash(to),
    }
}

/// All of a decision that is committed, published or observed, without the text of its event.
fn hash_decision<H: Hasher>(decision: &Decision, to: &mut H) {
    let writes = &decision.writes;
    (decision.verdict.as_str(), decision.reason.code()).hash(to);
    writes.event.intent.hash(to);
    match &writes.record {
        None => 0_u8.hash(to),
        Some(RecordWrite::Create(record)) => {
            1_u8.hash(to);
            hash_record(record, to);
        }
        Some(RecordWrite::Update(update)) => {
            2_u8.hash(to);
            hash_update(update, to);
        }
        Some(RecordWrite::Delete(delete)) => {
            (3_u8, &delete.lock, delete.bound_at).hash(to);
            hash_guard(&delete.guard, to);
        }
    }
    hash_each(
        writes.other.as_ref().map(|other| &other.record),
        to,
        hash_update,
    );
    match &writes.binding {
        None => 0_u8.hash(to),
        Some(BindingWrite::Create(binding)) => {
            1_u8.hash(to);
            hash_binding(binding, to);
        }
        Some(BindingWrite::Update(update)) => {
            (2_u8, &update.button, update.revision).hash(to);
            hash_change(&update.change, to);
        }
    }
    writes.request.is_some().hash(to);
    let published = decision.publish.as_ref();
    hash_each(published.map(|publish| &publish.command), to, hash_wire);
}

fn hash_change<H: Hasher>(change: &BindingChange, to: &mut H) {
    match change {
        BindingChange::Nothing => 0_u8.hash(to),
        BindingChange::Disable(at) => (1_u8, at).hash(to),
        BindingChange::Bind(bind) => (2_u8, &bind.lock, bind.at, bind.forget_last_press).hash(to),
        BindingChange::Note(note) => {
            match note.newer {
                Newer::Sequence(sequence) => (3_u8, sequence).hash(to),
                Newer::LastAtMost(at) => (4_u8, at).hash(to),
            }
            hash_last_press(&note.last_press, to);
            note.last_guard.map(|guard| guard.0).hash(to);
        }
    }
}

fn hash_update<H: Hasher>(update: &RecordUpdate, to: &mut H) {
    update.lock.hash(to);
    hash_guard(&update.guard, to);
    (update.version, update.status, update.state).hash(to);
    hash_each(&update.command, to, hash_command);
    hash_each(&update.reported, to, hash_reported);
    (update.bound_at, update.due.due_at).hash(to);
    (update.door_since, update.left_open_alerted).hash(to);
}

fn hash_guard<H: Hasher>(guard: &Guard, to: &mut H) {
    (guard.version, guard.status, guard.state).hash(to);
    (guard.next_send_at, guard.due_at).hash(to);
    match &guard.shadow {
        None => 0_u8.hash(to),
        Some(ShadowGuard::Below(version)) => (1_u8, version).hash(to),
        Some(ShadowGuard::Last(last)) => {
            2_u8.hash(to);
            hash_reported(last, to);
        }
    }
}

fn hash_wire<H: Hasher>(command: &WireCommand, to: &mut H) {
    (command.version, &command.command_id, command.action).hash(to);
    (command.issued_at, command.expires_at).hash(to);
}

fn hash_last_press<H: Hasher>(last: &LastPress, to: &mut H) {
    (&last.press_id, last.at, last.sequence).hash(to);
}

fn hash_binding<H: Hasher>(binding: &Binding, to: &mut H) {
    (&binding.lock, binding.enabled, binding.revision).hash(to);
    binding.bound_at.hash(to);
    hash_each(&binding.last_press, to, hash_last_press);
}

fn hash_record<H: Hasher>(record: &Record, to: &mut H) {
    (record.version, record.state, record.status).hash(to);
    (record.bound_at, record.due.due_at).hash(to);
    (record.door_since, record.left_open_alerted).hash(to);
    hash_each(&record.command, to, hash_command);
    hash_each(&record.reported, to, hash_reported);
}

fn hash_command<H: Hasher>(command: &Command, to: &mut H) {
    (&command.id, command.action).hash(to);
    match &command.cause {
        Cause::Button { button } => (0_u8, button).hash(to),
        Cause::Request { actor } => (1_u8, actor).hash(to),
        Cause::System { reason } => (2_u8, reason).hash(to),
    }
    (command.created_at, command.expires_at).hash(to);
    (command.attempts, command.next_send_at).hash(to);
    (command.system_locks, command.jams).hash(to);
}

fn hash_reported<H: Hasher>(reported: &Reported, to: &mut H) {
    (reported.shadow_version, reported.shadow_at, reported.at).hash(to);
    hash_report(&reported.report, to);
}

fn hash_event<H: Hasher>(event: &ReportEvent, to: &mut H) {
    (event.shadow_version, event.shadow_at, event.token).hash(to);
    hash_report(&event.report, to);
}

fn hash_report<H: Hasher>(report: &Report, to: &mut H) {
    (report.lock, report.version, report.result).hash(to);
    (&report.command_id, report.door, report.report_id).hash(to);
    (report.source, report.boot_count, report.clock).hash(to);
    hash_each(&report.refused, to, |refused, to| {
        (&refused.command_id, &refused.reason).hash(to);
    });
}
