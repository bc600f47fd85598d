//! The bounds of a run, each as a line that says whether it holds.
//!
//! Must not know: how the figures came about.

use crate::drain::DRAIN_TIME_MAX;
use crate::latency::{SLOW, Way};
use crate::memory::growth_percent;
use crate::report::Report;

/// Largest growth of memory over the second half of the quiet time, when all caches are filled.
const GROWTH_PERCENT_MAX: f64 = 5.0;
/// Largest share of messages about health still in transit at its end, in percent.
const IN_TRANSIT_PERCENT_MAX: u64 = 1;
/// Of so many presses one may be refused as late: an event whose function a fault stops twice
/// waits longer than an event may. The usual faults do that to fewer.
const LATE_ONE_IN: u64 = 1_000;
/// Of so many effective presses one may have an unlock that expired: its message was lost or held,
/// or its lock was offline. The usual faults do that to fewer.
const EXPIRED_ONE_IN: u64 = 100;

/// A bound, as a line of the table.
pub struct Bound {
    pub what: &'static str,
    pub value: String,
    pub wanted: String,
    pub holds: bool,
}

fn bound(what: &'static str, value: String, wanted: impl Into<String>, holds: bool) -> Bound {
    Bound {
        what,
        value,
        wanted: wanted.into(),
        holds,
    }
}

fn zero(what: &'static str, count: u64) -> Bound {
    bound(what, count.to_string(), "0", count == 0)
}

/// At most one in `parts` of `whole`.
fn share(what: &'static str, count: u64, whole: u64, parts: u64) -> Bound {
    let most = whole / parts;
    let value = format!("{count} of {whole}");
    bound(what, value, format!("at most {most}"), count <= most)
}

/// Judges a run by its bounds.
pub fn judge(report: &Report) -> Vec<Bound> {
    let judged = &report.judged;
    let has_pressed = judged.effective > 0;
    let mut bounds = vec![bound(
        "presses with effect",
        judged.effective.to_string(),
        "some",
        has_pressed,
    )];
    match &report.late {
        // What is missing may still come: nobody knows whether it is lost.
        Some(progress) => {
            let minutes = DRAIN_TIME_MAX.as_secs() / 60;
            let value = format!("still working after {minutes} minutes: {progress}");
            bounds.push(bound("end of all work", value, "nothing open", false));
        }
        None => bounds.extend([
            zero("presses lost", judged.lost()),
            zero("records not settled", judged.unsettled),
        ]),
    }
    bounds.extend([
        zero("presses doubled", judged.doubled()),
        zero(
            "presses not acknowledged",
            judged.sent.saturating_sub(report.acknowledged),
        ),
        zero("events that nobody could handle", report.poison),
    ]);
    bounds.extend(judge_speed(report));
    bounds.extend(judge_quiet(report));
    bounds
}

/// Whether the system kept up with this rate.
fn judge_speed(report: &Report) -> [Bound; 3] {
    let judged = &report.judged;
    let straight = judged.latencies.of(Way::Straight);
    let p99 = straight.percentile(0.99);
    let speed = bound(
        "p99 of presses that no fault slowed",
        format!("{:.0} ms", straight.percentile_ms(0.99)),
        format!("≤ {} ms", SLOW.as_millis()),
        p99.is_some_and(|p99| p99 <= SLOW),
    );
    let (late, expired) = (judged.late(), judged.expired);
    if report.faults.is_empty() {
        let late = zero("presses refused as late, without a fault", late);
        return [
            speed,
            late,
            zero("unlocks expired without a fault", expired),
        ];
    }
    let what = "presses refused as late (event-age, stale)";
    [
        speed,
        share(what, late, judged.sent, LATE_ONE_IN),
        share("unlocks expired", expired, judged.effective, EXPIRED_ONE_IN),
    ]
}

/// Whether the quiet time was as it should be, if there was one.
fn judge_quiet(report: &Report) -> Vec<Bound> {
    if report.quiet.is_empty() {
        return Vec::new();
    }
    let (sent, answered) = report.health;
    let growth = growth_percent(report.second_half());
    let in_transit = sent.abs_diff(answered) * 100 <= sent * IN_TRANSIT_PERCENT_MAX;
    vec![
        bound(
            "growth of memory while quiet",
            format!("{growth:.2} %"),
            "< 5 %",
            growth < GROWTH_PERCENT_MAX,
        ),
        bound(
            "health sent, answered",
            format!("{sent} of which {answered}"),
            "all but 1 %",
            sent > 0 && in_transit,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::drain::Progress;
    use crate::judge::Judgement;
    use crate::latency::{Latencies, Latency};

    /// A run of 1,000 presses that all took `ms` on their straight way.
    fn report(ms: u64) -> Report {
        let latency = |press| Latency {
            press,
            took: Duration::from_millis(ms),
            way: Way::Straight,
        };
        let judged = Judgement {
            sent: 1_000,
            effective: 1_000,
            executed: 1_000,
            latencies: Latencies::new((0..1_000).map(latency).collect()),
            ..Judgement::default()
        };
        Report {
            acknowledged: 1_000,
            faults: vec!["power@4".to_owned()],
            judged,
            ..Report::default()
        }
    }

    /// What of a report does not hold.
    fn broken(report: &Report) -> Vec<&'static str> {
        let bounds = judge(report);
        let broken = bounds.iter().filter(|bound| !bound.holds);
        broken.map(|bound| bound.what).collect()
    }

    #[test]
    fn a_run_is_good_only_if_the_system_kept_up() {
        assert!(broken(&report(30)).is_empty());
        let slow = report(1_500);
        assert_eq!(broken(&slow), ["p99 of presses that no fault slowed"]);
        let mut late = report(30);
        late.judged.refused.insert("event-age".to_owned(), 2);
        assert_eq!(
            broken(&late),
            ["presses refused as late (event-age, stale)"]
        );
        let mut other = report(30);
        other.judged.refused.insert("same-wish".to_owned(), 500);
        assert!(broken(&other).is_empty(), "{:?}", broken(&other));
    }

    #[test]
    fn what_is_under_way_is_late_and_not_lost() {
        let mut lost = report(30);
        lost.judged.lost_presses = 5;
        assert_eq!(broken(&lost), ["presses lost"]);
        lost.late = Some(Progress::default());
        assert_eq!(broken(&lost), ["end of all work"]);
    }
}
