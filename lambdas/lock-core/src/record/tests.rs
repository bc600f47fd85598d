//! Records and their commands at their limits: due times, lives, sends.

use super::*;

#[test]
fn a_pending_record_is_due_at_its_next_send_or_its_deadline() {
    let lock = LockName::new("lock-1").unwrap();
    let now = UnixMillis(100_000);
    let cause = || Cause::System {
        reason: "test".into(),
    };
    let lock_command = Command::new(CommandId::from_text("a"), Action::Lock, cause(), now, None);
    assert_eq!(
        Due::pending(&lock, &lock_command).due_at,
        UnixMillis(101_000)
    );
    let mut unlock = Command::new(
        CommandId::from_text("a"),
        Action::Unlock,
        cause(),
        now,
        Some(now.plus(30_000)),
    );
    for _ in 0..6 {
        unlock = unlock.with_next_send(now);
    }
    assert_eq!(unlock.attempts, 7);
    assert_eq!(Due::pending(&lock, &unlock).due_at, UnixMillis(140_000));
}

#[test]
fn a_command_keeps_its_jams_only_while_there_are_some() {
    let cause = Cause::Request { actor: None };
    let mut command = Command::new(
        CommandId::from_text("a"),
        Action::Lock,
        cause,
        UnixMillis(5),
        None,
    );
    let jams = |command: &Command| serde_json::to_value(command).unwrap().get("jams").cloned();
    assert_eq!(jams(&command), None);
    command.jams = 2;
    assert_eq!(jams(&command), Some(2.into()));
}

#[test]
fn a_command_is_over_at_its_end_and_given_up_after_the_grace() {
    let (now, end) = (UnixMillis(100_000), UnixMillis(130_000));
    let command = |expires_at| {
        let cause = Cause::Request { actor: None };
        Command::new(
            CommandId::from_text("a"),
            Action::Unlock,
            cause,
            now,
            expires_at,
        )
    };
    let unlock = command(Some(end));
    assert!(!unlock.is_expired(UnixMillis(129_999)) && unlock.is_expired(end));
    assert_eq!(unlock.given_up_at(), Some(UnixMillis(140_000)));
    assert!(!command(None).is_expired(UnixMillis(u64::MAX)));
    assert_eq!(command(None).given_up_at(), None);
}

#[test]
fn each_send_is_counted_and_waits_longer_for_the_next() {
    let now = UnixMillis(100_000);
    let cause = Cause::Request { actor: None };
    let first = Command::new(CommandId::from_text("a"), Action::Lock, cause, now, None);
    assert_eq!((first.attempts, first.next_send_at), (1, now.plus(1_000)));
    let second = first.with_next_send(now.plus(1_500));
    assert_eq!((second.attempts, second.next_send_at), (2, now.plus(3_500)));
    let last = Command {
        attempts: u32::MAX,
        ..first
    }
    .with_next_send(now);
    assert_eq!(
        (last.attempts, last.next_send_at),
        (u32::MAX, now.plus(300_000))
    );
}

#[test]
fn locks_spread_over_all_shards() {
    let shards: std::collections::BTreeSet<String> = (0..100)
        .map(|n| Due::new(&LockName::new(format!("lock-{n}")).unwrap(), UnixMillis(0)).due_shard)
        .collect();
    assert_eq!(shards.len() as u64, DUE_SHARDS);
}

#[test]
fn a_record_is_the_same_after_being_stored_and_read() {
    let record = Record::created(LockName::new("lock-1").unwrap(), UnixMillis(5));
    let text = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
}
