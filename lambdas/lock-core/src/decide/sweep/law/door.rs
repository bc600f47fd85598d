//! What holds for the door after every commit.
//!
//! Must not know: the steps of a run.

use super::*;

impl Run<'_> {
    /// Checks the alerts of a decision that was just committed, and the record's due time.
    pub(super) fn check_door(&mut self, decision: &Decision) {
        for alert in &decision.alerts {
            self.occurred.note(format!("alert {}", alert.as_str()));
        }
        let limits = Limits::default();
        let event = &decision.writes.event;
        if decision.alerts.contains(&Alert::Forced) {
            let shown = (event.was, event.latch, event.door);
            let forced = (Some(Latch::Locked), Some(Latch::Locked), Some(Door::Open));
            assert_eq!(shown, forced, "{decision:?}");
        }
        if decision.alerts.contains(&Alert::LeftOpen) {
            let since = event.since.expect("the event says since when");
            assert!(since.plus(limits.left_open_ms) <= self.now, "too early");
            assert!(self.alerted.insert(since), "once per opening");
            assert_eq!(decision.publish, None, "an alert commands nothing");
            assert_eq!(self.record.left_open_at(&limits), None);
        }
        // An opening is alerted in time, and an open door makes no command wait.
        let due_at = self.record.due.due_at;
        if let Some(at) = self.record.left_open_at(&limits) {
            assert!(due_at <= at.max(self.now.plus(1)), "{:?}", self.record);
        }
        if let (Status::Pending, Some(command)) = (self.record.status, &self.record.command) {
            let turn_at = Due::pending(&self.record.lock, command).due_at;
            let judged_at = turn_at.max(command.given_up_at().unwrap_or(turn_at));
            // An alert moves a due time that is now by 1 ms, within the same sweep.
            let latest = judged_at.max(self.now.plus(1));
            assert!(due_at <= latest, "{:?}", self.record);
        }
    }
}
