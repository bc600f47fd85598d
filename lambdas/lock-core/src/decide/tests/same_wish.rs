//! What an impatient person's second press means (C6), as tables.

use super::*;

#[test]
fn an_impatient_second_press_still_means_unlock() {
    check(
        "
        # the button's own unlock is under way: unlock, with the new press's own life
        pending-unlock/locked SINGLE age=1000ms => command unlock v8 expires=+29000ms
        pending-unlock/locked SINGLE seq=6 last-seq=5 => command unlock v8 expires=+30000ms
        pending-unlock/locked    SINGLE other-button                => command lock v8 expires=never
        pending-unlock/locked    SINGLE over                        => command lock v8 expires=never
        unresponsive-unlock/locked SINGLE                           => command lock v8 expires=never
        pending-unlock/locked SINGLE age=30000ms => ignored: stale (made 30 s before)
        pending-unlock/locked SINGLE pressed=9000ms good-for=3000ms
            => ignored: stale (made 9 s before, given up by its button)
        # it was executed: nothing more, for five seconds after the press behind it
        settled-unlock/unlocked  SINGLE last-age=4999ms             => ignored: same-wish
        settled-unlock/unlocked  SINGLE last-age=5000ms             => command lock v8 expires=never
        settled-unlock/unlocked  SINGLE last-age=5001ms age=2ms     => ignored: same-wish
        settled-unlock/unlocked SINGLE last-age=2000ms other-button => command lock v8 expires=never
        settled-unlock/unlocked  SINGLE                             => command lock v8 expires=never
        settled-unlock/jammed    SINGLE last-age=2000ms             => command lock v8 expires=never
        settled-unlock/locked SINGLE last-age=2000ms => command unlock v8 expires=+30000ms
        # an explicit click acts at once
        settled-unlock/unlocked  DOUBLE last-age=2000ms             => command lock v8 expires=never
        pending-unlock/locked    DOUBLE last-age=2000ms             => command lock v8 expires=never
        settled-unlock/unlocked LONG last-age=2000ms => command unlock v8 expires=+30000ms
        # the lock was locked by a click since
        settled/unlocked         SINGLE last-age=2000ms             => command lock v8 expires=never
        ",
        press_row,
    );
}

#[test]
fn a_toggle_after_its_own_pending_unlock_says_why_it_unlocks() {
    let record = record("pending-unlock/locked").unwrap();
    let press = Press {
        button: button(),
        click: ClickType::Single,
        sequence: Some(6),
        pressed_at: None,
        good_for_ms: None,
        received_at: NOW,
        press_id: "p2".to_owned(),
        principal: None,
        battery_mv: None,
    };
    let binding = binding();
    let decide = |same_wish_ms, record: &Record| {
        let limits = Limits {
            same_wish_ms,
            ..Limits::default()
        };
        decide_press(Some(record), Some(&binding), &press, NOW, &limits)
    };
    let decision = decide(0, &record);
    assert_eq!(
        (decision.verdict, decision.reason.code()),
        (Verdict::Command, "same-wish")
    );
    let executed = Record {
        status: Status::Settled,
        state: Latch::Unlocked,
        ..record
    };
    assert_eq!(
        outcome(&decide(0, &executed)),
        "command lock v8 expires=never",
        "switched off"
    );
}
