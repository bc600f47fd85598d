//! What the firmware's C does not do yet, and the transcription does: when the C learns it, these fail, and
//! [`Rules::FIRMWARE`] must shrink. Must not compare what both do.

use lock_core::action::Action;
use lock_core::command::{Version, WireCommand};
use lock_core::id::CommandId;
use lock_core::time::UnixSeconds;
use model::device::{Device, Fate, Moment, Power, Settings, Span};
use model::rule::Rules;

use super::bench::Bench;

const WALL_MS: u64 = 1_763_779_520_000;

fn command(action: Action, version: u64, issued_ms: u64) -> WireCommand {
    WireCommand {
        v: 1,
        action,
        version: Version(version),
        command_id: CommandId::from_text(format!("command-{version}")),
        issued_at: UnixSeconds(issued_ms / 1000),
        expires_at: (action == Action::Unlock).then_some(UnixSeconds(issued_ms / 1000 + 30)),
    }
}

/// What becomes of the last of these commands, 5 s after a power-on with a blank journal: in the C, and by all rules.
fn fates(commands: &[WireCommand]) -> [Option<Fate>; 2] {
    let mut bench = Bench::new(Settings::default(), WALL_MS);
    bench.boot(None);
    bench.sync(0);
    bench.pass_to(WALL_MS + 5_000);
    let in_c = commands
        .iter()
        .map(|c| bench.command(c, Power::Holds))
        .last();
    let mut device = Device::new(Settings::default(), [None, None]);
    let booted = Moment {
        uptime_ms: 0,
        time: None,
    };
    device.boot(&booted, None, Rules::ALL);
    let now = Moment {
        uptime_ms: 5_000,
        time: Some(Span {
            earliest_ms: WALL_MS + 4_500,
            latest_ms: WALL_MS + 5_500,
        }),
    };
    let by_rules = commands
        .iter()
        .map(|c| device.command(c, &now, Power::Holds, Rules::ALL))
        .last();
    [in_c, by_rules]
}

#[test]
fn the_c_trusts_any_lock_after_its_journal_was_lost() {
    let late_copies = [
        command(Action::Lock, 1, WALL_MS - 2_000),
        command(Action::Unlock, 2, WALL_MS - 1_000),
    ];
    let wanted = [Some(Fate::Executed), Some(Fate::Refused("journal"))];
    assert_eq!(fates(&late_copies), wanted);
}

#[test]
fn the_c_takes_any_version() {
    let far = WALL_MS + 2 * 24 * 60 * 60 * 1000;
    let wanted = [Some(Fate::Executed), Some(Fate::Refused("implausible"))];
    assert_eq!(fates(&[command(Action::Lock, far, WALL_MS)]), wanted);
}
