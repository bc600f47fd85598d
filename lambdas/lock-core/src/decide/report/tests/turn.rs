//! When something may be sent: system locks in their turn, and an unlock refused for the clock (C8,
//! C14, C15).

use super::*;

#[test]
fn the_system_does_not_argue() {
    check(
        "
        # the first after a person's command goes at once, each further one waits longer
        settled/locked unlocked v50 locks=1 made=999
            => noted: system-lock-waits lock v51 number 2 in 1 ms -> pending
        settled/locked unlocked v50 locks=1 made=1000
            => command lock v51 expires=never version-ahead -> pending
        settled/locked unlocked v50 locks=2 made=0
            => noted: system-lock-waits lock v51 number 3 in 2000 ms -> pending
        settled/locked unlocked v50 locks=3 made=0
            => noted: system-lock-waits lock v51 number 4 in 4000 ms -> pending alert=contested
        settled/locked unlocked v50 locks=3 made=4000
            => command lock v51 expires=never version-ahead -> pending alert=contested
        settled/locked unlocked v50 locks=4 made=8000
            => command lock v51 expires=never version-ahead -> pending
        settled/locked unlocked v50 locks=40 made=0
            => noted: system-lock-waits lock v51 number 41 in 300000 ms -> pending
        # whatever asks for it
        settled/locked locked v6 locks=2 made=0
            => noted: system-lock-waits lock v8 number 3 in 2000 ms -> pending
        settled/locked locked v7 id=other locks=2 made=0
            => noted: system-lock-waits lock v8 number 3 in 2000 ms -> pending alert=other-command
        settled/locked jammed v7 locks=2 jams=1 made=0
            => noted: system-lock-waits lock v8 number 3 in 2000 ms -> pending
        settled/locked unlocked v50 locks=1 made=5000
            => command lock v51 expires=never version-ahead -> pending
        # one that waits keeps its place, past what is then known
        pending-lock/locked unlocked v50 locks=3 unsent=4000
            => noted: system-lock-waits lock v51 number 3 in 4000 ms -> pending
        pending-lock/locked unlocked v50 locks=4 unsent=4000
            => noted: system-lock-waits lock v51 number 4 in 4000 ms -> pending
        # and goes when its turn has come
        pending-lock/locked unlocked v50 locks=3 unsent=-4000
            => command lock v51 expires=never version-ahead -> pending
        pending-lock/locked unlocked v6 locks=3 unsent=4000
            => noted: not-seen lock v7 number 3 in 4000 ms -> pending
        pending-lock/locked unlocked v6 locks=3 unsent=0 => resend lock v7 send=1 in-turn -> pending
        # a clock that stepped back does not delay it
        settled/locked unlocked v50 locks=3 made=-60000
            => command lock v51 expires=never version-ahead -> pending alert=contested
        ",
    );
}

#[test]
fn a_lock_refused_as_superseded_is_sent_at_a_later_version() {
    check(
        "
        pending-lock/unlocked locked v6 old=current
            => command lock v8 expires=never refused-by-lock -> pending
        unresponsive-lock/locked locked v6 old=current
            => command lock v8 expires=never refused-by-lock -> pending
        pending-lock/unlocked locked v0 blank old=current
            => command lock v8 expires=never refused-by-lock -> pending
        # whether or not its own next send has come
        pending-lock/unlocked locked v6 old=current waiting
            => command lock v8 expires=never refused-by-lock -> pending
        pending-lock/unlocked locked v6 old=current sent
            => command lock v8 expires=never refused-by-lock -> pending
        pending-lock/unlocked locked v6 old=current unsynced
            => command lock v8 expires=never refused-by-lock -> pending
        # another refusal, or that of an earlier command: sent again as it is
        pending-lock/unlocked locked v6 old=older => resend lock v7 send=2 not-seen -> pending
        pending-lock/unlocked locked v6 refuses=current
            => resend lock v7 send=2 refused-by-lock -> pending
        # journalled since
        pending-lock/unlocked locked v7 old=current => settled: executed -> settled
        settled/locked locked v6 old=current
            => command lock v8 expires=never version-behind -> pending
        # in its turn, and unresponsive from the alert on
        pending-lock/locked locked v6 old=current locks=1 made=0
            => noted: system-lock-waits lock v8 number 2 in 1000 ms -> pending
        pending-lock/locked locked v6 old=current locks=2 made=0
            => noted: system-lock-waits lock v8 number 3 in 2000 ms -> pending
        pending-lock/locked locked v6 old=current locks=3 made=0
            => noted: system-lock-waits lock v8 number 4 in 4000 ms -> unresponsive alert=contested
        pending-lock/locked locked v6 old=current locks=3 made=4000
            => command lock v8 expires=never refused-by-lock -> unresponsive alert=contested
        unresponsive-lock/locked locked v6 old=current locks=4 made=0
            => noted: system-lock-waits lock v8 number 5 in 8000 ms -> unresponsive
        unresponsive-lock/locked locked v6 old=current locks=40 made=0
            => noted: system-lock-waits lock v8 number 41 in 300000 ms -> unresponsive
        # an unlock may not act after a newer command: left to its end
        pending-unlock/locked locked v6 old=current
            => resend unlock v7 send=2 refused-by-lock -> pending
        pending-unlock/locked locked v6 old=current sent => noted: refused-by-lock -> pending
        pending-unlock/locked locked v6 old=current late => noted: refused-by-lock -> pending
        ",
    );
}

#[test]
fn an_unlock_refused_for_the_clock_is_sent_again_at_once() {
    check(
        "
        pending-unlock/locked locked v6 clock=current waiting
            => resend unlock v7 send=2 refused-by-lock -> pending
        pending-unlock/locked locked v6 clock=current sent => noted: refused-by-lock -> pending
        # without the time it would refuse it again; it reports when it has it
        pending-unlock/locked locked v6 clock=current unsynced => noted: refused-by-lock -> pending
        pending-unlock/locked locked v6 unsynced                   => noted: not-seen -> pending
        # having got the time, an unlock goes at once; a lock needs none, and this report crossed it
        pending-unlock/locked locked v6 was-unsynced waiting
            => resend unlock v7 send=2 not-seen -> pending
        pending-lock/unlocked unlocked v6 waiting => resend lock v7 send=2 not-seen -> pending
        pending-lock/unlocked unlocked v6 was-unsynced waiting     => noted: not-seen -> pending
        pending-lock/unlocked unlocked v6 was-unsynced sent        => noted: not-seen -> pending
        pending-lock/unlocked unlocked v6 was-unsynced => resend lock v7 send=2 not-seen -> pending
        pending-lock/unlocked unlocked v6 was-unsynced waiting unsynced
            => resend lock v7 send=2 not-seen -> pending
        pending-lock/unlocked unlocked v6 was-unsynced waiting boots=2 token=2-1 report-id=2-1
            => resend lock v7 send=2 not-seen -> pending
        # a lock needs no time
        pending-lock/unlocked unlocked v6 clock=current unsynced
            => resend lock v7 send=2 refused-by-lock -> pending
        pending-unlock/locked locked v6 clock=older sent           => noted: not-seen -> pending
        pending-unlock/locked locked v6 clock=current late => noted: refused-by-lock -> pending
        pending-unlock/locked locked v6 clock=current revoked => noted: refused-by-lock -> pending
        # a fresh unlock that a clock running ahead calls expired
        pending-unlock/locked locked v7 expired made=9999 => settled: expired -> settled alert=clock
        pending-unlock/locked locked v7 expired made=10000         => settled: expired -> settled
        pending-lock/unlocked locked v7 expired made=0             => settled: expired -> settled
        settled-unlock/locked locked v7 expired made=0             => settled: confirmed -> settled
        ",
    );
}

#[test]
fn an_unlock_refused_for_the_clock_is_due_at_its_next_send() {
    let mut record = reported_record("pending-unlock/locked").unwrap();
    let command = record.command.as_mut().unwrap();
    *command = command.with_next_send(NOW);
    let next_send_at = command.next_send_at;
    record.due = Due::new(&record.lock, NOW.plus(35_000));
    let mut report = report_of(Latch::Locked, Version(BASE + 6));
    let as_it_was = NOW.plus(35_000);
    for (reason, expires_at, due_at) in [
        ("clock", NOW.plus(1), next_send_at),
        ("clock", NOW, as_it_was),
        ("journal", NOW.plus(1), as_it_was),
    ] {
        record.command.as_mut().unwrap().expires_at = Some(expires_at);
        report.refused = Some(RefusedCommand {
            command_id: Some(CommandId::from_text("current")),
            reason: reason.to_owned(),
        });
        let event = ReportEvent {
            lock: lock(),
            shadow_version: 11,
            shadow_at: UnixSeconds(499),
            token: Some(id(20)),
            report: report.clone(),
        };
        let limits = Limits::default();
        let decided = decide_report(Some(&record), &event, Origin::Event, None, NOW, &limits);
        let ReportDecision::Act(decision) = decided else {
            panic!("no shadow was deleted");
        };
        let write = decision.writes.record.unwrap();
        let after = write.apply(Some(&record)).record().unwrap();
        assert_eq!(after.due.due_at, due_at, "{reason} until {expires_at:?}");
    }
}

/// A bolt that goes locked, jammed, locked, jammed: a locked report in between does not make its
/// jams count from the start.
#[test]
fn jams_are_counted_until_a_person_commands() {
    let mut record = reported_record("settled/locked").unwrap();
    let mut now = NOW;
    let mut outcomes = Vec::new();
    let latches = [
        Latch::Jammed,
        Latch::Locked,
        Latch::Jammed,
        Latch::Jammed,
        Latch::Locked,
        Latch::Jammed,
        Latch::Jammed,
        Latch::Locked,
        Latch::Jammed,
    ];
    for (n, latch) in latches.into_iter().enumerate() {
        now = now.plus(600_000);
        let mut report = report_of(latch, record.version);
        report.command_id = record.command.as_ref().map(|command| command.id.clone());
        let event = ReportEvent {
            lock: lock(),
            shadow_version: 11 + n as u64,
            shadow_at: UnixSeconds(499),
            token: Some(id(20)),
            report,
        };
        let limits = Limits::default();
        let decided = decide_report(Some(&record), &event, Origin::Event, None, now, &limits);
        let ReportDecision::Act(decision) = decided else {
            panic!("no shadow was deleted");
        };
        outcomes.push((decision.verdict.as_str(), decision.alerts.len()));
        let write = decision.writes.record.as_ref().unwrap();
        record = write.apply(Some(&record)).record().unwrap();
    }
    assert_eq!(
        outcomes,
        [
            ("command", 0),
            ("settled", 0),
            ("command", 0),
            ("command", 0),
            ("settled", 0),
            ("settled", 1),
            ("settled", 0),
            ("settled", 0),
            ("settled", 1),
        ]
    );
    let person = Command::new(
        CommandId::from_text("person"),
        Action::Lock,
        Cause::Request { actor: None },
        now,
        None,
    );
    assert_eq!((person.system_locks, person.jams), (0, 0));
}

/// The decision on a report of a version ahead of the record's.
fn decide_ahead(record: &Record) -> Box<Decision> {
    let event = ReportEvent {
        lock: lock(),
        shadow_version: 11,
        shadow_at: UnixSeconds(499),
        token: Some(id(20)),
        report: report_of(Latch::Unlocked, Version(BASE + 50)),
    };
    let limits = Limits::default();
    let decided = decide_report(Some(record), &event, Origin::Event, None, NOW, &limits);
    let ReportDecision::Act(decision) = decided else {
        panic!("no shadow was deleted");
    };
    decision
}

#[test]
fn a_lock_that_waits_is_due_in_its_turn_and_its_event_says_what_called_for_it() {
    let mut record = reported_record("settled/locked").unwrap();
    let command = record.command.as_mut().unwrap();
    (command.system_locks, command.created_at) = (2, NOW);
    let decision = decide_ahead(&record);
    let line = &decision.writes.event;
    assert_eq!(line.reason, Reason::SYSTEM_LOCK_WAITS);
    assert_eq!(line.detail, Some(Reason::VERSION_AHEAD.text()));
    let write = decision.writes.record.as_ref().unwrap();
    let after = write.apply(Some(&record)).record().unwrap();
    assert_eq!(after.due, Due::new(&record.lock, NOW.plus(2_000)));
}

#[test]
fn the_turn_of_a_lock_that_waits_is_taken_only_while_it_waits() {
    let mut record = reported_record("settled/locked").unwrap();
    let command = record.command.as_mut().unwrap();
    (command.system_locks, command.attempts) = (2, 0);
    command.next_send_at = NOW.plus(2_000);
    record.status = Status::Pending;
    let decision = decide_ahead(&record);
    let write = decision.writes.record.as_ref().unwrap();
    let after = write.apply(Some(&record)).record().unwrap();
    assert_eq!(after.command.as_ref().unwrap().system_locks, 2);
    // Meanwhile another report sends it: that was its turn.
    let sent = record.command.as_ref().unwrap().with_next_send(NOW);
    record.command = Some(sent);
    assert!(write.apply(Some(&record)).record().is_none());
}

#[test]
fn a_jam_is_answered_three_times_and_then_left_to_a_person() {
    check(
        "
        settled/locked       jammed v7        => command lock v8 expires=never jammed -> pending
        pending-unlock/locked jammed v7       => command lock v8 expires=never jammed -> pending
        pending-lock/jammed  jammed v7 jams=1 => command lock v8 expires=never jammed -> pending
        pending-lock/jammed  jammed v7 jams=2 => command lock v8 expires=never jammed -> pending
        pending-lock/jammed  jammed v7 jams=3 => settled: jammed -> settled alert=jammed
        # alerted once
        settled/jammed       jammed v7 jams=3 => settled: jammed -> settled
        unresponsive-lock/jammed jammed v7 jams=3 => settled: jammed -> settled alert=jammed
        # the jam is over
        pending-lock/jammed  locked v7 jams=2 => settled: executed -> settled
        settled/jammed       locked v7 jams=3 => settled: confirmed -> settled
        # the device has not answered the current command: first that
        pending-lock/jammed  jammed v6 jams=3 sent => noted: not-seen -> pending
        ",
    );
}
