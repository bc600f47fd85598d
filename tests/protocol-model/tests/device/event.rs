//! Sends the same random events to the firmware's C and to its transcription.

use std::collections::BTreeSet;

use lock_core::action::Action;
use lock_core::command::{Version, WireCommand};
use lock_core::id::CommandId;
use lock_core::report::{Door, Latch};
use lock_core::time::UnixSeconds;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use protocol_model::device::{CommandResult, LockSettings, Power, RelockFrom};

use super::bench::Bench;

const WALL_MS: u64 = 1_763_779_520_370;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// A version: a small number, or the time plus this many ms.
#[derive(Debug, Clone, Copy)]
enum Numbered {
    Small(u64),
    Ahead(u64),
}

/// When a command was issued, in s: before its arrival, or after power-on.
#[derive(Debug, Clone, Copy)]
enum Issued {
    Ago(i64),
    SincePowerOn(i64),
}

#[derive(Debug, Clone)]
enum Event {
    Command {
        action: Action,
        version: Numbered,
        other: bool,
        issued: Issued,
        life_s: u64,
        power: Power,
    },
    Malformed,
    Pass(u64),
    Send,
    Answer {
        which: usize,
        share: u64,
        wrong_s: i64,
    },
    Boot(Option<usize>),
    Erase,
    Door(Option<Door>),
    Exit,
    Tick,
}

fn command() -> impl Strategy<Value = Event> {
    let action = prop_oneof![1 => Just(Action::Lock), 2 => Just(Action::Unlock)];
    let power = prop_oneof![
        8 => Just(Power::Holds),
        1 => Just(Power::Broken),
        1 => Just(Power::FailsBefore),
        1 => Just(Power::FailsWithin),
        1 => Just(Power::FailsAfter),
    ];
    let version = prop_oneof![
        30 => (1..12_u64).prop_map(Numbered::Small),
        1 => (DAY_MS - 500..DAY_MS + 3_000).prop_map(Numbered::Ahead),
    ];
    let other = prop_oneof![9 => Just(false), 1 => Just(true)];
    let issued = prop_oneof![
        4 => (0..3_i64).prop_map(Issued::Ago),
        2 => (25..35_i64).prop_map(Issued::Ago),
        1 => (-5..0_i64).prop_map(Issued::Ago),
        2 => (-1..12_i64).prop_map(Issued::SincePowerOn),
    ];
    let life_s = prop_oneof![4 => 28..32_u64, 1 => Just(100_000)];
    let parts = (action, version, other, issued, life_s, power);
    parts.prop_map(
        |(action, version, other, issued, life_s, power)| Event::Command {
            action,
            version,
            other,
            issued,
            life_s,
            power,
        },
    )
}

/// Answers to any update, late and out of order too, from a server whose clock may be wrong.
fn answer() -> impl Strategy<Value = Event> {
    let wrong_s = prop_oneof![8 => Just(0), 1 => -40..0_i64, 1 => 1..40_i64];
    (0..3_usize, 0..=1000_u64, wrong_s).prop_map(|(which, share, wrong_s)| Event::Answer {
        which,
        share,
        wrong_s,
    })
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let pass = prop_oneof![
        4 => 0..300_u64,
        8 => 0..6_000_u64,
        1 => 9_990..10_010_u64,
        1 => 43_100_000..43_300_000_u64,
        1 => 43_199_990..43_200_010_u64,
    ];
    let slot = prop_oneof![6 => Just(None), 1 => Just(Some(0)), 1 => Just(Some(1))];
    let door = prop_oneof![
        1 => Just(None),
        3 => Just(Some(Door::Open)),
        3 => Just(Some(Door::Closed))
    ];
    let event = prop_oneof![
        10 => command(),
        1 => Just(Event::Malformed),
        6 => pass.prop_map(Event::Pass),
        4 => Just(Event::Send),
        4 => answer(),
        2 => slot.prop_map(Event::Boot),
        1 => Just(Event::Erase),
        3 => door.prop_map(Event::Door),
        1 => Just(Event::Exit),
        3 => Just(Event::Tick),
    ];
    proptest::collection::vec(event, 1..80)
}

fn settings() -> impl Strategy<Value = LockSettings> {
    let power_on = prop_oneof![3 => Just(Latch::Locked), 1 => Just(Latch::Unlocked)];
    let relock_ms = prop_oneof![1 => Just(0), 2 => Just(4_000)];
    let pulse_ms = prop_oneof![3 => Just(0), 1 => Just(2_000)];
    let settle_ms = prop_oneof![Just(0), Just(1_000), Just(9_000)];
    let relock_from = prop_oneof![Just(RelockFrom::Unlock), Just(RelockFrom::Closing)];
    let parts = (power_on, relock_ms, pulse_ms, settle_ms, relock_from);
    parts.prop_map(
        |(power_on, relock_ms, pulse_ms, settle_ms, relock_from)| LockSettings {
            power_on,
            relock_ms,
            pulse_ms,
            tolerance_ms: 2_000,
            settle_ms,
            relock_from,
        },
    )
}

fn take(bench: &mut Bench, event: &Event) {
    match event {
        Event::Command {
            action,
            version,
            other,
            issued,
            life_s,
            power,
        } => {
            let issued_ms = match issued {
                Issued::Ago(ago_s) => bench.wall_ms().saturating_add_signed(-ago_s * 1000),
                Issued::SincePowerOn(at_s) => {
                    bench.booted_at_ms().saturating_add_signed(at_s * 1000)
                }
            };
            let issued_s = issued_ms / 1000;
            let version = match version {
                Numbered::Small(version) => *version,
                Numbered::Ahead(ms) => bench.wall_ms() + ms,
            };
            let name = if *other { "other" } else { "command" };
            let command = WireCommand {
                v: 1,
                action: *action,
                version: Version(version),
                command_id: CommandId::from_text(format!("{name}-{version}")),
                issued_at: UnixSeconds(issued_s),
                expires_at: (*action == Action::Unlock).then_some(UnixSeconds(issued_s + life_s)),
            };
            bench.command(&command, *power);
        }
        Event::Malformed => bench.malformed(b"{\"v\":1,\"action\":\"toggle\"}"),
        Event::Pass(ms) => bench.pass_to(bench.wall_ms() + ms),
        Event::Send => bench.send(),
        Event::Answer {
            which,
            share,
            wrong_s,
        } => bench.answer(*which, *share, *wrong_s),
        Event::Boot(unreadable) => bench.boot(*unreadable),
        Event::Erase => bench.erase(),
        Event::Door(door) => bench.door(*door),
        Event::Exit => bench.exit(),
        Event::Tick => bench.tick(),
    }
}

#[test]
fn the_c_and_its_transcription_do_the_same_whatever_happens() {
    let mut runner = TestRunner::new(Config {
        cases: 1_000,
        failure_persistence: None,
        ..Config::default()
    });
    let seen = std::cell::RefCell::new(BTreeSet::new());
    let drift_ppm = prop_oneof![Just(-100_i64), Just(0), Just(100)];
    let walk = |(settings, drift_ppm, events): (LockSettings, i64, Vec<Event>)| {
        let mut bench = Bench::new(settings, WALL_MS, drift_ppm);
        bench.boot(None);
        events.iter().for_each(|event| take(&mut bench, event));
        seen.borrow_mut().extend(bench.seen);
        Ok(())
    };
    let all = (settings(), drift_ppm, events());
    runner.run(&all, walk).expect("the same");
    // A result that never occurred would not have been compared.
    let results = [
        CommandResult::Executed,
        CommandResult::Expired,
        CommandResult::Repeated,
        CommandResult::Refused("superseded"),
        CommandResult::Refused("conflict"),
        CommandResult::Refused("journal"),
        CommandResult::Refused("clock"),
        CommandResult::Refused("implausible"),
    ];
    let others = [
        "first sample",
        "narrower sample",
        "no sample",
        "exit moved false",
        "exit moved true",
        "moved by door",
        "moved by tick",
    ];
    let results = results.iter().map(|result| format!("{result:?}"));
    let wanted: BTreeSet<String> = results.chain(others.map(str::to_owned)).collect();
    assert_eq!(*seen.borrow(), wanted);
}
