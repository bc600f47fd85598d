//! Decisions about requests as a table.

use super::*;

/// One row about a request: `settled/locked unlock age=2000ms => command unlock v8
/// expires=+28000ms`.
fn request_row(row: &str) -> String {
    let mut words = row.split_whitespace();
    let mut record = record(words.next().unwrap());
    let mut request = Request {
        lock: lock(),
        intent: words.next().unwrap().parse().unwrap(),
        request_id: "r1".to_owned(),
        requested_at: Some(NOW),
        actor: Some("alice".to_owned()),
        received_at: NOW,
        principal: None,
    };
    let mut seen = false;
    for word in words {
        match word.split_once('=').unwrap_or((word, "")) {
            ("age", value) => request.received_at = NOW.minus(number(value)),
            ("requested", value) => request.requested_at = Some(NOW.minus(number(value))),
            ("ahead", value) => request.requested_at = Some(NOW.plus(number(value))),
            ("early", value) => {
                request.received_at = NOW.plus(number(value));
                request.requested_at = Some(request.received_at);
            }
            ("seen", _) => seen = true,
            ("caused-it", _) => {
                record.as_mut().unwrap().command.as_mut().unwrap().id = request.command_id()
            }
            _ => panic!("unknown word {word:?}"),
        }
    }
    let decided = decide_request(record.as_ref(), seen, &request, NOW, &Limits::default());
    let Some(decision) = decided else {
        return "nothing".to_owned();
    };
    assert_eq!(
        decision.writes.request.is_some(),
        decision.verdict == Verdict::Command,
        "a mark with every command: {row}"
    );
    outcome(&decision)
}

#[test]
fn a_request_follows_the_same_rules_and_acts_once() {
    check(
        "
        settled/locked        unlock age=2000ms      => command unlock v8 expires=+28000ms
        settled/locked        toggle                 => command unlock v8 expires=+30000ms
        pending-lock/locked   toggle                 => command lock v8 expires=never
        settled/locked        unlock age=30000ms     => ignored: stale (made 30 s before)
        settled/locked        toggle age=30000ms     => ignored: stale (made 30 s before)
        settled/unlocked      lock   age=30000ms     => command lock v8 expires=never
        # its life counts from when it was made, by the earlier of two clocks
        settled/locked        unlock requested=2000ms          => command unlock v8 expires=+28000ms
        settled/locked        unlock requested=48000ms         => ignored: stale (made 48 s before)
        settled/locked        toggle requested=30000ms         => ignored: stale (made 30 s before)
        settled/unlocked      lock   requested=48000ms         => command lock v8 expires=never
        settled/locked        unlock age=2000ms ahead=60000ms  => command unlock v8 expires=+28000ms
        # by the clock of the function, which a clock ahead of it does not prolong
        settled/locked        unlock early=5000ms              => command unlock v8 expires=+30000ms
        # a lock that is not registered: nothing is written
        none                  lock                   => nothing
        settled/locked        unlock seen            => ignored: duplicate
        pending-unlock/locked unlock seen caused-it  => resend unlock v7 send=2
        pending-unlock/locked unlock caused-it       => resend unlock v7 send=2
        settled/unlocked      unlock seen caused-it  => ignored: duplicate
        ",
        request_row,
    );
}
