//! Each message is delivered twice, lost, or delayed.

use e2e::rows;
use e2e::step::Trigger::{Press, Request};
use e2e::step::{locked, unlocked};

rows! {
    // Twice. A toggle is the worst case: two of them cancel out.
    a_press_delivered_twice_opens_once:
        locked(Press("SINGLE")).with("duplicate:iotbutton/+@1")
            .moves(1, "unlocked").says("duplicate").says("resend: retry");
    // Two copies in one millisecond share an event, so the second copy's event is not awaited.
    a_request_delivered_twice_opens_once:
        locked(Request("toggle")).with("duplicate:remote-lock/+/request@1")
            .moves(1, "unlocked").says("requests toggle");
    a_command_delivered_twice_opens_once:
        locked(Press("SINGLE")).with("duplicate:remote-lock/+@1")
            .moves(1, "unlocked").says("executed");
    a_report_delivered_twice_settles_once:
        locked(Press("SINGLE")).with("duplicate:$aws/things/+/shadow/update@1")
            .moves(1, "unlocked").says("executed");
    an_accepted_report_delivered_twice_settles_once:
        locked(Press("SINGLE")).with("duplicate:$aws/things/+/shadow/update/accepted@1")
            .moves(1, "unlocked").says("executed");
    a_press_event_delivered_twice_opens_once:
        locked(Press("SINGLE")).with("twice:press@1").moves(1, "unlocked").says("unlock v");
    a_report_event_delivered_twice_settles_once:
        locked(Press("SINGLE")).with("twice:report@1").moves(1, "unlocked").says("executed");
    a_sweep_delivered_twice_sends_the_lost_lock_once:
        unlocked(Press("DOUBLE")).with("drop:remote-lock/+@1").with("twice:sweep@1-4")
            .moves(1, "locked").says("executed");

    // Lost. A press that was never received promised nothing; every later loss is repaired.
    a_lost_press_changes_nothing:
        locked(Press("SINGLE")).with("drop:iotbutton/+@1").moves(0, "locked");
    a_lost_request_changes_nothing:
        locked(Request("unlock")).with("drop:remote-lock/+/request@1").moves(0, "locked");
    a_lost_unlock_is_sent_again_while_it_lives:
        locked(Press("LONG")).with("drop:remote-lock/+@1")
            .moves(1, "unlocked").says("resend: not answered");
    a_lost_lock_is_sent_again_by_the_sweep:
        unlocked(Press("DOUBLE")).with("drop:remote-lock/+@1").moves(1, "locked").says("executed");
    a_lost_report_is_repeated_by_the_lock:
        locked(Press("SINGLE")).with("drop:$aws/things/+/shadow/update@1")
            .moves(1, "unlocked").says("executed");
    a_lost_acceptance_makes_the_lock_report_again:
        locked(Press("SINGLE")).with("drop:$aws/things/+/shadow/update/accepted@1")
            .moves(1, "unlocked").says("reports unlocked");

    // Delayed. An unlock opens nothing after a newer command or after its own expiry (S1).
    an_unlock_that_arrives_after_a_newer_lock_opens_nothing:
        locked(Press("LONG")).with("delay:remote-lock/+@1+700ms").then(Press("DOUBLE"))
            .moves(0, "locked").says("superseded");
    an_unlock_that_arrives_after_its_expiry_opens_nothing:
        locked(Press("LONG")).swept_late().with("delay:remote-lock/+@1+6000ms")
            .moves(0, "locked").says("unlock not answered");
}
