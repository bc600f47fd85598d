//! Which reports are used: the lock's own, newer than the last one used (C9).
//!
//! Must not know: what a report says about a command.

use super::Origin;
use crate::record::Record;
use crate::report::{ReportEvent, ReportId};
use crate::write::ShadowGuard;

/// Whether the lock itself wrote this report and nobody has edited it (C9). An event carries the
/// token of the update. A shadow keeps no token: its report must be as its lock wrote it, and not
/// used before.
pub fn is_from_lock(record: &Record, report: &ReportEvent, origin: Origin) -> bool {
    match origin {
        Origin::Event => report.is_from_lock(),
        Origin::Shadow => {
            let used = record.reported.as_ref();
            let both = used.and_then(|used| used.report.report_id.zip(report.report.report_id));
            report.report.is_as_written() && both.is_none_or(|(used, id)| !id.is_same_update(used))
        }
    }
}

/// Whether a shadow holds a report of the lock that has not been used. A lower version without a
/// later time is an old read, not a deleted shadow.
pub fn is_unused(record: &Record, shadow: &ReportEvent) -> bool {
    is_from_lock(record, shadow, Origin::Shadow)
        && matches!(
            check_freshness(record, shadow, Origin::Event),
            Freshness::Newer(_) | Freshness::Deleted
        )
}

/// How a report compares with the last one used.
pub enum Freshness {
    /// Newer: used, under this condition on the last report used.
    Newer(ShadowGuard),
    /// The one used last.
    Duplicate,
    /// Older than the one used last.
    Superseded,
    /// The shadow was deleted since: only what it holds now may be used.
    Deleted,
}

/// Compares this report with the last one used. A lower shadow version with a later time means that
/// the shadow was deleted; then only a report read from the shadow is believed, and it is new.
pub fn check_freshness(record: &Record, report: &ReportEvent, origin: Origin) -> Freshness {
    let Some(last) = &record.reported else {
        return Freshness::Newer(ShadowGuard::Below(report.shadow_version));
    };
    if is_earlier(report.report.report_id, last.report.report_id) {
        return Freshness::Superseded;
    }
    if report.shadow_version > last.shadow_version {
        return Freshness::Newer(ShadowGuard::Below(report.shadow_version));
    }
    if report.shadow_version == last.shadow_version && report.shadow_at <= last.shadow_at {
        return Freshness::Duplicate;
    }
    match origin {
        Origin::Shadow => Freshness::Newer(ShadowGuard::Last(Box::new(last.clone()))),
        Origin::Event if report.shadow_at > last.shadow_at => Freshness::Deleted,
        Origin::Event => Freshness::Superseded,
    }
}

/// Whether a report was written before `last` in the same boot. A deleted shadow restarts its
/// version at 1, so an event from before the deletion has a higher shadow version than later ones.
fn is_earlier(report: Option<ReportId>, last: Option<ReportId>) -> bool {
    matches!((report, last), (Some(report), Some(last))
        if report.boot_count == last.boot_count && report.counter < last.counter)
}
