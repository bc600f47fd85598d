//! The hash of a state: what two states differ in, they must differ here. It must not know what a part means.

use std::hash::{Hash, Hasher};

use lock_core::Decision;
use lock_core::binding::{Binding, LastPress};
use lock_core::command::WireCommand;
use lock_core::record::{Cause, Command, Record, Reported};
use lock_core::report::{Report, ReportEvent};
use lock_core::write::{
    BindingChange, BindingWrite, Guard, Newer, RecordUpdate, RecordWrite, ShadowGuard,
};

use super::{Job, Run, Site, Stage, State, Table, What, key};

impl Hash for State {
    fn hash<H: Hasher>(&self, to: &mut H) {
        (self.now, self.behind_ms, self.instants).hash(to);
        for table in &self.tables {
            hash_table(table, to);
        }
        for site in &self.sites {
            hash_site(site, to);
        }
        self.queue.len().hash(to);
        for job in &self.queue {
            hash_job(job, to);
        }
        self.running.len().hash(to);
        for run in &self.running {
            hash_run(run, to);
        }
        (&self.pressed, &self.requested, self.held, self.acted).hash(to);
        (self.faults, self.broken, self.over).hash(to);
        self.memory.hash(to);
    }
}

fn hash_table<H: Hasher>(table: &Table, to: &mut H) {
    for record in &table.records {
        hash_record(record.as_deref(), to);
    }
    for binding in table.bindings.iter().chain(&table.cached) {
        binding.is_some().hash(to);
        if let Some(binding) = binding {
            hash_binding(binding, to);
        }
    }
    table.marks.hash(to);
}

fn hash_site<H: Hasher>(site: &Site, to: &mut H) {
    for commands in [&site.network, &site.kept] {
        commands.len().hash(to);
        for command in commands {
            hash_wire(command, to);
        }
    }
    hash_event(site.shadow.as_deref(), to);
    site.shadow_version.hash(to);
    (&site.device, site.clock, site.exchange).hash(to);
    (
        site.connected,
        site.booted_at,
        site.reported_at,
        site.jammed,
        site.door,
    )
        .hash(to);
    site.update.is_some().hash(to);
    if let Some(update) = &site.update {
        (update.id, update.sent_ms).hash(to);
        hash_report(&update.report, to);
    }
    site.answer.hash(to);
}

fn hash_job<H: Hasher>(job: &Job, to: &mut H) {
    key(job).hash(to);
    match &job.what {
        What::Press {
            arrived_at,
            received_at,
            ..
        } => (arrived_at, received_at).hash(to),
        What::Request { received_at, .. } => received_at.hash(to),
        What::Report(event) => hash_event(Some(event), to),
        What::Sweep(_) | What::Act(_) | What::Recover => {}
    }
}

fn hash_run<H: Hasher>(run: &Run, to: &mut H) {
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

/// All of a decision that is committed, published or watched; not its line's words.
fn hash_decision<H: Hasher>(decision: &Decision, to: &mut H) {
    let writes = &decision.writes;
    (decision.verdict.as_str(), decision.reason.code()).hash(to);
    writes.event.intent.hash(to);
    match &writes.record {
        None => 0_u8.hash(to),
        Some(RecordWrite::Create(record)) => {
            1_u8.hash(to);
            hash_record(Some(record), to);
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
    writes.other.is_some().hash(to);
    if let Some(other) = &writes.other {
        hash_update(&other.record, to);
    }
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
    decision.publish.is_some().hash(to);
    if let Some(publish) = &decision.publish {
        hash_wire(&publish.command, to);
    }
}

fn hash_change<H: Hasher>(change: &BindingChange, to: &mut H) {
    match change {
        BindingChange::Nothing => 0_u8.hash(to),
        BindingChange::Disable => 1_u8.hash(to),
        BindingChange::Bind(bind) => (2_u8, &bind.lock, bind.at, bind.forget_last_press).hash(to),
        BindingChange::Note(note) => {
            match note.newer {
                Newer::Sequence(sequence) => (3_u8, sequence).hash(to),
                Newer::LastAtMost(at) => (4_u8, at).hash(to),
            }
            hash_press(Some(&note.last_press), to);
        }
    }
}

fn hash_update<H: Hasher>(update: &RecordUpdate, to: &mut H) {
    update.lock.hash(to);
    hash_guard(&update.guard, to);
    (update.version, update.status, update.state).hash(to);
    hash_command(update.command.as_ref(), to);
    hash_reported(update.reported.as_ref(), to);
    (update.bound_at, update.due.due_at).hash(to);
}

fn hash_guard<H: Hasher>(guard: &Guard, to: &mut H) {
    (guard.version, guard.status, guard.state).hash(to);
    (guard.next_send_at, guard.due_at).hash(to);
    match &guard.shadow {
        None => 0_u8.hash(to),
        Some(ShadowGuard::Below(version)) => (1_u8, version).hash(to),
        Some(ShadowGuard::Last(last)) => {
            2_u8.hash(to);
            hash_reported(Some(last), to);
        }
    }
}

fn hash_wire<H: Hasher>(command: &WireCommand, to: &mut H) {
    (command.version, &command.command_id, command.action).hash(to);
    (command.issued_at, command.expires_at).hash(to);
}

fn hash_press<H: Hasher>(last: Option<&LastPress>, to: &mut H) {
    last.map(|last| (&last.press_id, last.at, last.sequence))
        .hash(to);
}

fn hash_binding<H: Hasher>(binding: &Binding, to: &mut H) {
    (&binding.lock, binding.enabled, binding.revision).hash(to);
    binding.bound_at.hash(to);
    hash_press(binding.last_press.as_ref(), to);
}

fn hash_record<H: Hasher>(record: Option<&Record>, to: &mut H) {
    record.is_some().hash(to);
    let Some(record) = record else { return };
    (record.version, record.state, record.status).hash(to);
    (record.bound_at, record.due.due_at).hash(to);
    hash_command(record.command.as_ref(), to);
    hash_reported(record.reported.as_ref(), to);
}

fn hash_command<H: Hasher>(command: Option<&Command>, to: &mut H) {
    command.is_some().hash(to);
    let Some(command) = command else { return };
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

fn hash_reported<H: Hasher>(reported: Option<&Reported>, to: &mut H) {
    reported.is_some().hash(to);
    let Some(reported) = reported else { return };
    (reported.shadow_version, reported.shadow_at, reported.at).hash(to);
    hash_report(&reported.report, to);
}

fn hash_event<H: Hasher>(event: Option<&ReportEvent>, to: &mut H) {
    event.is_some().hash(to);
    let Some(event) = event else { return };
    (event.shadow_version, event.shadow_at, event.token).hash(to);
    hash_report(&event.report, to);
}

fn hash_report<H: Hasher>(report: &Report, to: &mut H) {
    (
        report.lock,
        report.version,
        &report.command_id,
        report.result,
    )
        .hash(to);
    (report.source, report.boot_count, report.clock).hash(to);
    report.door.hash(to);
    report.report_id.hash(to);
    let refused = report.refused.as_ref();
    refused
        .map(|refused| (&refused.command_id, &refused.reason))
        .hash(to);
}
