//! The database refuses for contention or load, or does not answer: the functions act once, or end
//! in a clear error with nothing half done.

use e2e::rows;
use e2e::step::Trigger::{OldReport, Press};
use e2e::step::{locked, unlocked};

rows! {
    // A conflict: read and decide again, a bounded number of times (C3).
    a_press_in_conflict_decides_again:
        locked(Press("SINGLE")).with("conflict:press@1-2").moves(1, "unlocked").says("unlock v");
    a_press_in_conflict_throughout_an_attempt_acts_at_its_retry:
        locked(Press("SINGLE")).with("conflict:press@1-5").moves(1, "unlocked").says("unlock v");
    a_press_always_in_conflict_is_given_up_with_nothing_half_done:
        locked(Press("SINGLE")).with("conflict:press@1-99")
            .moves(0, "locked").gives_up("PressFunction", "contention:");
    a_report_in_conflict_decides_again:
        locked(Press("SINGLE")).with("conflict:report@1-2").moves(1, "unlocked").says("executed");

    // Throttling: first the call is retried within its limits, then the event.
    a_press_whose_reads_are_throttled_acts_once:
        locked(Press("SINGLE")).with("throttle:press.read@1-2")
            .moves(1, "unlocked").says("unlock v");
    a_press_whose_commit_is_throttled_acts_once:
        locked(Press("SINGLE")).with("throttle:press.commit@1-2")
            .moves(1, "unlocked").says("unlock v");
    a_press_always_throttled_is_given_up_with_nothing_half_done:
        locked(Press("SINGLE")).with("throttle:press@1-99")
            .moves(0, "locked").gives_up("PressFunction", "store:");

    // No answer: it is unknown whether the call took effect. A repeat with the same token, press or
    // command takes effect only once.
    a_press_whose_read_is_lost_acts_once:
        locked(Press("SINGLE")).with("lost-request:press.read@1")
            .moves(1, "unlocked").says("unlock v");
    a_press_whose_commit_is_lost_acts_once:
        locked(Press("SINGLE")).with("lost-request:press.commit@1")
            .moves(1, "unlocked").says("unlock v");
    a_press_whose_commit_is_done_but_not_answered_acts_once:
        locked(Press("SINGLE")).with("lost-answer:press.commit@1")
            .moves(1, "unlocked").says("unlock v");
    a_press_whose_commit_is_never_answered_acts_once_at_its_retry:
        locked(Press("SINGLE")).with("lost-answer:press.commit@1-2")
            .moves(1, "unlocked").says("unlock v");
    a_command_lost_on_publishing_is_published_again:
        locked(Press("SINGLE")).with("lost-request:press.publish@1")
            .moves(1, "unlocked").says("unlock v");
    a_command_published_but_not_answered_opens_once:
        locked(Press("SINGLE")).with("lost-answer:press.publish@1")
            .moves(1, "unlocked").says("unlock v");
    a_report_whose_settling_is_not_answered_settles_once:
        locked(Press("SINGLE")).with("lost-answer:report.commit@1")
            .moves(1, "unlocked").says("executed");
    a_system_lock_whose_publishing_is_not_answered_closes_once:
        unlocked(OldReport).with("lost-answer:report.publish@1").moves(1, "locked").says("lock v");

    // A sweep of a lock command that was lost.
    a_throttled_sweep_is_made_up_for_by_a_later_one:
        unlocked(Press("DOUBLE")).with("drop:remote-lock/+@1").with("throttle:sweep.read@1-9")
            .moves(1, "locked").says("resend: not answered");
    a_sweep_in_conflict_decides_again:
        unlocked(Press("DOUBLE")).with("drop:remote-lock/+@1").with("conflict:sweep@1-2")
            .moves(1, "locked").says("resend: not answered");
    a_sweep_whose_commit_is_not_answered_sends_once_more:
        unlocked(Press("DOUBLE")).with("drop:remote-lock/+@1").with("lost-answer:sweep.commit@1")
            .moves(1, "locked").says("resend: not answered");
    a_sweep_that_cannot_see_the_shadow_judges_nothing_until_it_can:
        unlocked(Press("DOUBLE")).with("drop:remote-lock/+@1").with("throttle:sweep.shadow@1-2")
            .moves(1, "locked").says("resend: not answered");
    a_sweep_that_gets_no_shadow_in_time_is_made_up_for_by_a_later_one:
        unlocked(Press("DOUBLE")).with("drop:remote-lock/+@1").with("lost-answer:sweep.shadow@1")
            .moves(1, "locked").says("resend: not answered");
}
