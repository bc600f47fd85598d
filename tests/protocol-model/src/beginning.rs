//! The state in which a run begins.

use std::sync::Arc;

use lock_core::action::Action;
use lock_core::binding::{Actions, Binding};
use lock_core::command::{Version, WireCommand};
use lock_core::id::CommandId;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::{Cause, Command, Due, Record, Reported, Status};
use lock_core::report::{Door, Latch, Outcome, ReportEvent, ReportId};
use lock_core::time::UnixMillis;

use crate::configuration::{Beginning, Configuration, FAULTS};
use crate::device::clock::{Clock, Sample};
use crate::device::exchange::Exchange;
use crate::device::{Device, JournalEntry};
use crate::invariant::BrokenInvariants;
use crate::rule::{Rule, Rules};
use crate::state::{Memory, START, Site, State, Table};

/// How long the devices have been powered when a run begins, in ms.
const POWERED_MS: u64 = 60_000;

/// The name of the lock with this index.
pub fn lock_name(index: u8) -> LockName {
    LockName::new(format!("lock-{}", index + 1)).expect("the name is valid")
}

/// The index of the lock with this name.
pub fn lock_index(name: &LockName) -> usize {
    let number = name.as_str().rsplit('-').next();
    number
        .and_then(|number| number.parse::<usize>().ok())
        .expect("the model names its locks with a number")
        - 1
}

/// The serial number of the button with this index.
pub fn button_serial(index: u8) -> ButtonSerial {
    ButtonSerial::new(format!("button-{}", index + 1)).expect("the serial is valid")
}

/// The state in which runs of `config` begin.
pub fn initial_state(config: &Configuration, rules: Rules) -> State {
    let sites: Vec<Site> = (0..config.locks)
        .map(|n| new_site(config, n, rules))
        .collect();
    let mut memory = Memory::new(sites.len(), usize::from(config.stacks));
    let tables: Vec<Table> = (0..config.stacks)
        .map(|stack| new_table(config, stack, &sites))
        .collect();
    for (n, traces) in memory.traces.iter_mut().enumerate() {
        for (stack, trace) in traces.iter_mut().enumerate() {
            let record = tables[stack].records[n].as_deref();
            trace.registered = record.is_some();
            trace.version = record.map_or(0, |record| record.version.0);
        }
        memory.newest_acted[n] = tables[0].records[n].as_ref().map_or(0, |r| r.version.0);
    }
    let mut faults = [0; FAULTS];
    for (fault, times) in &config.faults {
        faults[*fault as usize] = *times;
    }
    State {
        now: START,
        behind_ms: 0,
        instants: 0,
        tables,
        sites,
        queue: Vec::new(),
        running: Vec::new(),
        pressed: Vec::new(),
        requested: Vec::new(),
        held: 0,
        actions_begun: 0,
        faults,
        memory,
        broken: BrokenInvariants::default(),
        over: false,
        narrative: None,
    }
}

/// When the devices were powered on and the first command was issued.
fn powered_at() -> UnixMillis {
    START.minus(POWERED_MS)
}

fn first_command() -> WireCommand {
    WireCommand {
        v: 1,
        action: Action::Lock,
        version: Version(powered_at().0),
        command_id: CommandId::from_text("first"),
        issued_at: powered_at().seconds(),
        expires_at: None,
    }
}

/// A lock that has reported once, unless it is new.
fn new_site(config: &Configuration, n: u8, rules: Rules) -> Site {
    let is_new = matches!(config.beginning, Beginning::New | Beginning::Unregistered);
    let first = first_command();
    let entry = JournalEntry {
        version: first.version.0,
        action: first.action,
        id: first.command_id,
        result: Outcome::Executed,
        after_loss: false,
    };
    let flash = [(!is_new).then_some((1, entry)), None];
    let mut site = Site {
        network: Vec::new(),
        kept: Vec::new(),
        shadow: None,
        shadow_version: 0,
        door: config.door.then_some(Door::Closed),
        device: Device::new(config.settings, flash),
        clock: Clock::default(),
        exchange: Exchange::boot(true),
        connected: true,
        drift_ppm: config.drift_ppm,
        booted_at: powered_at(),
        reported_at: START,
        jammed: false,
        update: None,
        answer: None,
    };
    site.boot(powered_at(), rules);
    let uptime_ms = site.uptime_ms(START);
    let sample = Sample {
        second: START.0 / 1000,
        sent_ms: uptime_ms,
        received_ms: uptime_ms,
    };
    if is_new {
        return site;
    }
    site.clock = Clock::new(sample);
    let now = site.moment(START, rules);
    let number = site.exchange.send();
    site.exchange.accepted(number);
    let id = ReportId {
        boot_count: site.device.boots(),
        counter: number,
        checksum: None,
    };
    let report = site.report(&now).with_id(id);
    site.shadow_version = 1;
    site.shadow = Some(Arc::new(ReportEvent {
        lock: lock_name(n),
        shadow_version: 1,
        shadow_at: START.seconds(),
        token: Some(id),
        report,
    }));
    if config.beginning == Beginning::TimeUnknown {
        site.exchange = Exchange::boot(!rules.without(Rule::D4SilentBoot));
        site.boot(START, rules);
    }
    site
}

fn new_table(config: &Configuration, stack: u8, sites: &[Site]) -> Table {
    let ours = stack == 0;
    let record = |n: usize, site: &Site| match config.beginning {
        Beginning::Unregistered => None,
        Beginning::Settled | Beginning::TimeUnknown if ours => Some(settled_record(n as u8, site)),
        _ => Some(Record::created(lock_name(n as u8), START)),
    };
    let bound = match config.beginning {
        Beginning::Unregistered => None,
        _ => Some(lock_name(0)),
    };
    let binding = |n: u8| ours.then(|| Arc::new(new_binding(n, bound.clone())));
    let bindings: Vec<Option<Arc<Binding>>> = (0..config.buttons).map(binding).collect();
    let records = sites.iter().enumerate();
    let mut table = Table {
        records: records
            .map(|(n, site)| record(n, site).map(Arc::new))
            .collect(),
        cached: if config.cache {
            bindings.clone()
        } else {
            vec![None; bindings.len()]
        },
        bindings,
        marks: Vec::new(),
        beliefs: Vec::new(),
    };
    if config.predict {
        table.beliefs.push(table.to_belief());
    }
    table
}

/// The record of a lock that is settled at the state in its shadow.
fn settled_record(n: u8, site: &Site) -> Record {
    let first = first_command();
    let cause = Cause::Request { actor: None };
    let event = site.shadow.as_deref().expect("a settled lock has reported");
    Record {
        version: first.version,
        state: Latch::Locked,
        status: Status::Settled,
        command: Some(Command::new(
            first.command_id,
            Action::Lock,
            cause,
            powered_at(),
            None,
        )),
        reported: Some(Reported {
            report: event.report.clone(),
            shadow_version: event.shadow_version,
            shadow_at: event.shadow_at,
            at: START,
        }),
        due: Due::settled(&lock_name(n), START),
        ..Record::created(lock_name(n), START)
    }
}

fn new_binding(n: u8, lock: Option<LockName>) -> Binding {
    Binding {
        button: button_serial(n),
        lock,
        actions: Actions::default(),
        enabled: true,
        revision: 1,
        bound_at: None,
        last_press: None,
        battery_mv: None,
    }
}
