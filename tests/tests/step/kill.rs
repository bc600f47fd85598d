//! A function's process dies (`kill -9`) at each step of its work, and Lambda delivers the event
//! again.

use e2e::rows;
use e2e::step::Trigger::{OldReport, Press};
use e2e::step::{locked, unlocked};

rows! {
    // The retry happens within the unlock's life: it decides again, or publishes what was committed
    // (C7).
    an_unlock_whose_press_died_before_reading_opens_once:
        locked(Press("SINGLE")).with("kill:press.before-read@1")
            .moves(1, "unlocked").says("unlock v");
    an_unlock_whose_press_died_before_the_commit_opens_once:
        locked(Press("SINGLE")).with("kill:press.before-commit@1")
            .moves(1, "unlocked").says("unlock v");
    an_unlock_whose_press_died_after_the_commit_opens_once:
        locked(Press("SINGLE")).with("kill:press.after-commit@1")
            .moves(1, "unlocked").says("unlock v");
    an_unlock_whose_press_died_before_publishing_opens_once:
        locked(Press("SINGLE")).with("kill:press.before-publish@1")
            .moves(1, "unlocked").says("unlock v");
    an_unlock_whose_press_died_after_publishing_opens_once:
        locked(Press("SINGLE")).with("kill:press.after-publish@1")
            .moves(1, "unlocked").says("unlock v");

    // The second press of a process reads nothing, so it cannot die before reading.
    a_lock_whose_press_died_before_the_commit_closes_once:
        unlocked(Press("DOUBLE")).with("kill:press.before-commit@1")
            .moves(1, "locked").says("DOUBLE: lock v");
    a_lock_whose_press_died_after_the_commit_closes_once:
        unlocked(Press("DOUBLE")).with("kill:press.after-commit@1")
            .moves(1, "locked").says("DOUBLE: lock v");
    a_lock_whose_press_died_before_publishing_closes_once:
        unlocked(Press("DOUBLE")).with("kill:press.before-publish@1")
            .moves(1, "locked").says("DOUBLE: lock v");
    a_lock_whose_press_died_after_publishing_closes_once:
        unlocked(Press("DOUBLE")).with("kill:press.after-publish@1")
            .moves(1, "locked").says("DOUBLE: lock v");

    // The retry happens after the unlock's life, as always in AWS: it opens nothing (C4), but
    // locks.
    an_unlock_that_was_never_committed_is_stale_at_a_late_retry:
        locked(Press("LONG")).retried_late().with("kill:press.before-commit@1")
            .moves(0, "locked").says("stale");
    an_unlock_that_was_committed_ends_as_a_system_lock_though_the_sweep_dies_too:
        locked(Press("LONG")).swept_late().with("kill:press.after-commit@1").with("kill:sweep.before-publish@1")
            .moves(0, "locked").says("unlock not answered");
    an_explicit_lock_still_locks_at_a_late_retry:
        unlocked(Press("DOUBLE")).retried_late().with("kill:press.before-commit@1")
            .moves(1, "locked").says("DOUBLE: lock v");

    // The report of an unlock: the record follows at the retry (C9).
    a_report_that_died_before_reading_settles_at_its_retry:
        locked(Press("SINGLE")).with("kill:report.before-read@1")
            .moves(1, "unlocked").says("executed");
    a_report_that_died_before_settling_settles_at_its_retry:
        locked(Press("SINGLE")).with("kill:report.before-commit@1")
            .moves(1, "unlocked").says("executed");
    a_report_that_died_after_settling_stays_settled:
        locked(Press("SINGLE")).with("kill:report.after-commit@1")
            .moves(1, "unlocked").says("executed");

    // An old report makes the report function send a system lock (C9), with the steps of a press.
    a_system_lock_that_was_not_committed_is_at_the_retry:
        unlocked(OldReport).with("kill:report.before-commit@1").moves(1, "locked").says("lock v");
    a_system_lock_that_was_committed_is_published_at_the_retry:
        unlocked(OldReport).with("kill:report.after-commit@1").moves(1, "locked").says("lock v");
    a_system_lock_that_was_not_published_is_at_the_retry:
        unlocked(OldReport).with("kill:report.before-publish@1").moves(1, "locked").says("lock v");
    a_system_lock_that_was_published_closes_once:
        unlocked(OldReport).with("kill:report.after-publish@1").moves(1, "locked").says("lock v");

    // A sweep of a lock command that was lost (C8): the next sweep continues where it died.
    a_sweep_that_died_before_reading_is_made_up_for_by_the_next:
        unlocked(Press("DOUBLE")).with("drop:remote-lock/+@1").with("kill:sweep.before-read@1").moves(1, "locked").says("resend: not answered");
    a_sweep_that_died_before_its_commit_is_made_up_for_by_the_next:
        unlocked(Press("DOUBLE")).with("drop:remote-lock/+@1").with("kill:sweep.before-commit@1").moves(1, "locked").says("resend: not answered");
    a_sweep_that_died_after_its_commit_is_made_up_for_by_the_next:
        unlocked(Press("DOUBLE")).with("drop:remote-lock/+@1").with("kill:sweep.after-commit@1").moves(1, "locked").says("resend: not answered");
    a_sweep_that_died_before_publishing_is_made_up_for_by_the_next:
        unlocked(Press("DOUBLE")).with("drop:remote-lock/+@1").with("kill:sweep.before-publish@1").moves(1, "locked").says("resend: not answered");
    a_sweep_that_died_after_publishing_closes_once:
        unlocked(Press("DOUBLE")).with("drop:remote-lock/+@1").with("kill:sweep.after-publish@1").moves(1, "locked").says("resend: not answered");
}
