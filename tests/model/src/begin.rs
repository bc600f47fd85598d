//! How everything stands when a run begins. It must not know what happens then.

use std::sync::Arc;

use lock_core::action::Action;
use lock_core::binding::{Actions, Binding};
use lock_core::command::{Version, WireCommand};
use lock_core::id::CommandId;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::{Cause, Command, Due, Record, Reported, Status};
use lock_core::report::{Latch, ReportEvent};

use crate::config::{Beginning, Config, FAULTS, Fault};
use crate::device::{Device, Moment, Power};
use crate::invariant::Broken;
use crate::rule::Rules;
use crate::state::{Memory, START, State};

/// The lock.
pub fn lock() -> LockName {
    LockName::new("lock-1").expect("a good name")
}

/// The button.
pub fn button() -> ButtonSerial {
    ButtonSerial::new("button-1").expect("a good name")
}

/// The state in which runs of `config` begin.
pub fn begin(config: &Config, rules: Rules) -> State {
    let new = config.beginning == Beginning::New;
    let before = START.minus(60_000);
    let cause = Cause::Request { actor: None };
    let id = CommandId::from_text("first");
    let command = Command::new(id.clone(), Action::Lock, cause, before, None);
    let now = moment(60_000);
    let mut device = Device::new(config.settings, [None, None]);
    device.boot(&moment(0), None, rules);
    let first = WireCommand {
        v: 1,
        action: Action::Lock,
        version: Version(before.0),
        command_id: id,
        issued_at: before.seconds(),
        expires_at: None,
    };
    if !new {
        device.command(&first, &now, Power::Holds, rules);
    }
    let event = (!new).then(|| ReportEvent {
        lock: lock(),
        shadow_version: 1,
        shadow_at: START.seconds(),
        report: device.report(&now),
    });
    let record = event.clone().map(|event| Record {
        lock: lock(),
        version: first.version,
        state: Latch::Locked,
        status: Status::Settled,
        command: Some(command),
        reported: Some(Reported {
            report: event.report,
            shadow_version: event.shadow_version,
            shadow_at: event.shadow_at,
            at: START,
        }),
        due: Due::settled(&lock(), START),
    });
    let version = record.as_ref().map_or(0, |record| record.version.0);
    let mut faults = [0; FAULTS];
    for (fault, times) in &config.faults {
        faults[*fault as usize] = *times;
    }
    State {
        now: START,
        instants: 0,
        record: record.map(Arc::new),
        binding: Arc::new(binding()),
        marks: 0,
        cached: config.cache.then(|| Arc::new(binding())),
        network: Vec::new(),
        shadow_version: u64::from(!new),
        shadow: event.map(Arc::new),
        queue: Vec::new(),
        running: Vec::new(),
        device,
        connected: true,
        clock: (config.beginning != Beginning::ClockUnset).then_some(0),
        booted_at: before,
        report_due: new,
        reported_at: START,
        pressed: Vec::new(),
        requested: 0,
        revoking: false,
        faults,
        memory: Memory {
            version,
            acted: version,
            ..Memory::default()
        },
        broken: Broken::default(),
        over: false,
        tale: None,
    }
}

/// The faults that may strike, in the state's order.
pub fn allowed(state: &State, fault: Fault) -> bool {
    state.faults[fault as usize] > 0
}

fn binding() -> Binding {
    Binding {
        button: button(),
        lock: lock(),
        actions: Actions::default(),
        enabled: true,
        revision: 1,
        last_press: None,
        battery_mv: None,
    }
}

fn moment(uptime_ms: u64) -> Moment {
    Moment {
        uptime_ms,
        wall_ms: START.minus(60_000).plus(uptime_ms).0,
        synced_at_ms: Some(0),
    }
}
