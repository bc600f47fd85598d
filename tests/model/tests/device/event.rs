//! Random events to both. Must not know the rules: whatever one does, the other must do.

use std::collections::BTreeSet;

use lock_core::action::Action;
use lock_core::command::{Version, WireCommand};
use lock_core::id::CommandId;
use lock_core::report::{Door, Latch};
use lock_core::time::UnixSeconds;
use model::device::{Fate, Power, Settings};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::bench::Bench;

const WALL_MS: u64 = 1_763_779_520_000;

#[derive(Debug, Clone)]
enum Event {
    Command {
        action: Action,
        version: u64,
        other: bool,
        issued_ago_s: i64,
        life_s: u64,
        power: Power,
    },
    Malformed,
    Pass(u64),
    Sync(i64),
    Boot(Option<usize>),
    Erase,
    Door(Option<Door>),
    Tick,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let action = prop_oneof![1 => Just(Action::Lock), 2 => Just(Action::Unlock)];
    let power = prop_oneof![
        8 => Just(Power::Holds),
        1 => Just(Power::Broken),
        1 => Just(Power::FailsBefore),
        1 => Just(Power::FailsWithin),
        1 => Just(Power::FailsAfter),
    ];
    let other = prop_oneof![9 => Just(false), 1 => Just(true)];
    let ago = prop_oneof![4 => 0..3_i64, 2 => 25..35_i64, 1 => -5..0_i64];
    let command = (action, 1..12_u64, other, ago, 28..32_u64, power).prop_map(
        |(action, version, other, issued_ago_s, life_s, power)| Event::Command {
            action,
            version,
            other,
            issued_ago_s,
            life_s,
            power,
        },
    );
    let pass = prop_oneof![8 => 0..6_000_u64, 1 => 43_100_000..43_300_000_u64];
    let slot = prop_oneof![6 => Just(None), 1 => Just(Some(0)), 1 => Just(Some(1))];
    let door = prop_oneof![Just(None), Just(Some(Door::Open)), Just(Some(Door::Closed))];
    let event = prop_oneof![
        10 => command,
        1 => Just(Event::Malformed),
        3 => pass.prop_map(Event::Pass),
        3 => (-2_500..2_500_i64).prop_map(Event::Sync),
        2 => slot.prop_map(Event::Boot),
        1 => Just(Event::Erase),
        2 => door.prop_map(Event::Door),
        3 => Just(Event::Tick),
    ];
    proptest::collection::vec(event, 1..60)
}

fn settings() -> impl Strategy<Value = Settings> {
    let power_on = prop_oneof![3 => Just(Latch::Locked), 1 => Just(Latch::Unlocked)];
    let relock_ms = prop_oneof![Just(0), Just(4_000)];
    let pulse_ms = prop_oneof![3 => Just(0), 1 => Just(2_000)];
    (power_on, relock_ms, pulse_ms).prop_map(|(power_on, relock_ms, pulse_ms)| Settings {
        power_on,
        relock_ms,
        pulse_ms,
        tolerance_ms: 2_000,
    })
}

fn take(bench: &mut Bench, event: &Event) {
    match event {
        Event::Command {
            action,
            version,
            other,
            issued_ago_s,
            life_s,
            power,
        } => {
            let issued_s = (bench.wall_ms() / 1000).saturating_add_signed(-issued_ago_s);
            let name = if *other { "other" } else { "command" };
            let command = WireCommand {
                v: 1,
                action: *action,
                version: Version(*version),
                command_id: CommandId::from_text(format!("{name}-{version}")),
                issued_at: UnixSeconds(issued_s),
                expires_at: (*action == Action::Unlock).then_some(UnixSeconds(issued_s + life_s)),
            };
            bench.command(&command, *power);
        }
        Event::Malformed => bench.malformed(b"{\"v\":1,\"action\":\"toggle\"}"),
        Event::Pass(ms) => bench.pass_to(bench.wall_ms() + ms),
        Event::Sync(skew_ms) => bench.sync(*skew_ms),
        Event::Boot(unreadable) => bench.boot(*unreadable),
        Event::Erase => bench.erase(),
        Event::Door(door) => bench.door(*door),
        Event::Tick => bench.tick(),
    }
}

#[test]
fn the_c_and_its_transcription_do_the_same_whatever_happens() {
    let mut runner = TestRunner::new(Config {
        cases: 1_500,
        failure_persistence: None,
        ..Config::default()
    });
    let fates = std::cell::RefCell::new(BTreeSet::new());
    let walk = |(settings, events): (Settings, Vec<Event>)| {
        let mut bench = Bench::new(settings, WALL_MS);
        bench.boot(None);
        events.iter().for_each(|event| take(&mut bench, event));
        let mut seen = fates.borrow_mut();
        seen.extend(bench.fates.iter().map(|fate| format!("{fate:?}")));
        Ok(())
    };
    runner.run(&(settings(), events()), walk).expect("the same");
    // Walks that never came to some outcome would say nothing about it.
    let wanted = [
        Fate::Executed,
        Fate::Expired,
        Fate::Repeated,
        Fate::Refused("superseded"),
        Fate::Refused("conflict"),
        Fate::Refused("journal"),
        Fate::Refused("clock"),
    ];
    let wanted: BTreeSet<String> = wanted.iter().map(|fate| format!("{fate:?}")).collect();
    assert_eq!(*fates.borrow(), wanted);
}
