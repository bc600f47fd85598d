//! The end of a run: what is still under way ends, and every press is judged.
//!
//! A press is judged when nothing can change any more: everything is found, or nothing has changed
//! for longer than any retry waits. Whatever still works at the end of a generous time was not
//! lost: the system is late, and the result shows that.
//!
//! Must not know: how presses are made.

use std::fmt;
use std::time::Duration;

use anyhow::Result;
use running_cloud::RunningCloud;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::Options;
use crate::cloud;
use crate::crowd::{CUT_TIME, Crowd, Watched};
use crate::door::Doors;
use crate::fault::Faults;
use crate::judge::{Anchor, Evidence, Judgement, Press, judge};
use crate::latency::Explained;

/// Time between two looks at what is still open.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Longest time between two judgements while something is open.
const JUDGE_EVERY: Duration = Duration::from_secs(20);
/// Waits of an event that failed: one minute, then two. The cloud scales them.
const RETRIES: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(120)];
/// What else can be under way: a delayed message, a sweep, a reconnect.
const UNDER_WAY: Duration = Duration::from_secs(15);
/// The same without faults.
const UNDER_WAY_FAULTLESS: Duration = Duration::from_secs(5);
/// When the wait ends, though something still changes.
pub const DRAIN_TIME_MAX: Duration = Duration::from_secs(15 * 60);

/// Outputs of the template: the queue that the failure function reads, and that of what nobody
/// could read.
const FAILURES: &str = "FailureQueueUrl";
const POISON: &str = "PoisonQueueUrl";

/// What is still open, and how far everything has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// Events that the failure function has not handled yet.
    failures: u64,
    unsettled: u64,
    /// Presses without a line, and commands that no lock executed.
    missing: u64,
    /// Presses with an effect, refused presses, executions, doubles: these only grow.
    found: [u64; 4],
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} presses without a line or execution, {} records not settled, \
             {} events in the failure queue",
            self.missing, self.unsettled, self.failures
        )
    }
}

impl Progress {
    fn of(judged: &Judgement, failures: u64) -> Self {
        Self {
            failures,
            unsettled: judged.unsettled,
            missing: judged.lost(),
            found: [
                judged.effective,
                judged.refused.values().sum(),
                judged.executed,
                judged.doubled(),
            ],
        }
    }

    fn is_final(&self) -> bool {
        self.failures == 0 && self.unsettled == 0 && self.missing == 0
    }
}

/// The judged presses.
pub struct Drained {
    pub judged: Judgement,
    pub watched: Vec<Watched>,
    /// What still changed when the wait ended.
    pub late: Option<Progress>,
    /// Events that nobody could handle.
    pub poison: u64,
    /// Seconds from the last press to the last change.
    pub took_s: f64,
}

/// When nothing more is awaited.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// Without a change for this long, and nothing is open.
    done: Duration,
    /// Without a change for this long, though something is open.
    stuck: Duration,
}

impl Patience {
    fn new(options: &Options, faults: &Faults) -> Self {
        let retries = RETRIES.iter().sum::<Duration>();
        let stuck = retries.mul_f64(options.time_scale) + UNDER_WAY + CUT_TIME;
        let done = if faults.list().is_empty() {
            UNDER_WAY_FAULTLESS
        } else {
            stuck
        };
        Self { done, stuck }
    }

    fn ends(self, progress: &Progress, unchanged: Duration) -> bool {
        unchanged >= self.stuck || progress.is_final() && unchanged >= self.done
    }
}

/// What the faults explain.
pub fn explain(options: &Options, faults: &Faults) -> Explained {
    let first = RETRIES[0].mul_f64(options.time_scale);
    Explained {
        held: faults.delay(),
        retried: faults.kills().then_some(first),
    }
}

/// Waits until nothing is under way, and judges.
///
/// # Errors
/// The cloud or a device has ended, or the table cannot be read.
pub async fn drain(
    cloud: &mut RunningCloud,
    crowd: &mut Crowd,
    doors: &Doors,
    (presses, anchor): (&[Press], Anchor),
    (options, faults): (&Options, &Faults),
) -> Result<Drained> {
    let began = Instant::now();
    let patience = Patience::new(options, faults);
    println!(
        "load: waiting until nothing changes for {} s, at most {} min",
        patience.done.as_secs(),
        DRAIN_TIME_MAX.as_secs() / 60
    );
    let explained = explain(options, faults);
    let (mut last, mut changed) = (Progress::default(), began);
    let mut judged_at: Option<Instant> = None;
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        cloud.check()?;
        crowd.check()?;
        let failures = cloud::count_messages(cloud, FAILURES).await?;
        let is_open = failures > 0 || doors.count_unsettled().await? > 0;
        // To read every line costs the cloud time that it needs for its work.
        if is_open && judged_at.is_some_and(|at| at.elapsed() < JUDGE_EVERY) {
            continue;
        }
        let (lines, records) = (doors.read_lines().await?, doors.read_records().await?);
        let watched = crowd.watch.now();
        let judged = judge(&Evidence {
            presses,
            buttons: &doors.buttons,
            locks: &doors.locks,
            lines: &lines,
            records: &records,
            watched: &watched,
            anchor,
            explained,
        });
        judged_at = Some(Instant::now());
        let progress = Progress::of(&judged, failures);
        if progress != last {
            println!("{:>6.0} s  open: {progress}", began.elapsed().as_secs_f64());
            (last, changed) = (progress.clone(), Instant::now());
        }
        let is_over = began.elapsed() >= DRAIN_TIME_MAX;
        if patience.ends(&progress, changed.elapsed()) || is_over {
            return Ok(Drained {
                judged,
                watched,
                late: is_over.then_some(progress),
                poison: cloud::count_messages(cloud, POISON).await?,
                took_s: (changed - began).as_secs_f64(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_ends_when_all_is_found_or_nothing_moves() {
        let patience = Patience {
            done: Duration::from_secs(5),
            stuck: Duration::from_secs(36),
        };
        let open = Progress {
            missing: 1,
            ..Progress::default()
        };
        for (progress, unchanged_s, wanted) in [
            (&Progress::default(), 4, false),
            (&Progress::default(), 5, true),
            (&open, 35, false),
            (&open, 36, true),
        ] {
            let ends = patience.ends(progress, Duration::from_secs(unchanged_s));
            assert_eq!(ends, wanted, "{progress} for {unchanged_s} s");
        }
    }

    #[test]
    fn each_kind_of_change_is_a_change() {
        let mut judged = Judgement::default();
        let before = Progress::of(&judged, 0);
        assert_ne!(before, Progress::of(&judged, 1));
        judged.executed = 1;
        assert_ne!(before, Progress::of(&judged, 0));
        judged.lost_presses = 2;
        let text = Progress::of(&judged, 3).to_string();
        assert!(text.starts_with("2 presses without a line"), "{text}");
        assert!(!Progress::of(&judged, 0).is_final());
    }
}
