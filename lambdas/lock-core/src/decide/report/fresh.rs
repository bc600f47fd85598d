//! Which reports count: the lock's own, and newer than the last one used (C9). Must
//! not know what a report says of a command.

use super::Origin;
use crate::record::Record;
use crate::report::{ReportEvent, ReportId};
use crate::write::ShadowGuard;

/// Whether the lock itself wrote this report, and nobody has edited it since. An
/// event carries the update's own token. A shadow keeps no token: a report that was
/// read there must not have been used yet, and must say what its lock wrote (C9).
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

/// Whether a shadow that was read holds a report of the lock that has not been
/// used. One that is lower but not later is an answer from before, not a deleted
/// shadow.
pub fn is_news(record: &Record, shadow: &ReportEvent) -> bool {
    is_from_lock(record, shadow, Origin::Shadow)
        && matches!(
            check_freshness(record, shadow, Origin::Event),
            Freshness::Newer(_) | Freshness::Deleted
        )
}

/// How a report compares with the last one used.
pub enum Freshness {
    /// Newer: it counts, if the shadow used last is still this one.
    Newer(ShadowGuard),
    /// The same one.
    Duplicate,
    /// Older than it.
    Superseded,
    /// The shadow was deleted since: only what it holds now counts.
    Deleted,
}

/// Whether this report is newer than the last one used. A lower shadow version
/// with a later time means that the shadow was deleted; then only the shadow
/// itself is believed, and whatever it holds is new.
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

/// Whether a report was written before another of the same boot. A shadow that was
/// deleted counts from 1 again, so that an event from before the deletion has a
/// higher shadow version than those after it.
fn is_earlier(report: Option<ReportId>, last: Option<ReportId>) -> bool {
    matches!((report, last), (Some(report), Some(last))
        if report.boot_count == last.boot_count && report.counter < last.counter)
}
