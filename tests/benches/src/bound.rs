//! The numbers to hold, each with the figure that it bounds.
//!
//! Must not know: how the figures are measured. Source: the design's "Numbers to hold"; the
//! firmware's own bounds are those of `firmware/SIZES.md`.

use crate::row::Run;

/// A bound on one figure of a run.
pub struct Bound {
    /// The line of the README's table that shows it, and its place in that line.
    pub line: &'static str,
    /// What it is called within its line; empty if it is alone.
    pub part: &'static str,
    figure: fn(&Run) -> Option<f64>,
    /// Printed after the figure, such as ` MB`.
    pub unit: &'static str,
    limit: Limit,
}

/// What a figure must be.
#[derive(Clone, Copy)]
enum Limit {
    Most(f64),
    Least(f64),
    /// Nothing is required.
    Free,
}
use Limit::{Free, Least, Most};

const COLD: &str = "cold start ÷ floor";
/// As ours was before it predicted the record: the bounds are against that work by hand.
const WARM: &str = "warm press ÷ floor of three trips";
const WARM_2: &str = "warm press ÷ floor of two trips";
const PEERS: &str = "CPU of others, three trips ÷ ours";
const PEERS_2: &str = "CPU of others, two trips ÷ ours";
const TRIPS: &str = "round trips of a press";
const SIZE: &str = "size of the press function";
/// A command may only follow its committed transaction, so what is unavoidable is a press function
/// by hand that does both; the one that only publishes leaves the transaction out.
const LAPTOP: &str = "press → command on the laptop ÷";
const BROKER: &str = "local broker ÷ mosquitto";
const LOCKS: &str = "CPU per press on the laptop, more locks";
const HISTORY: &str = "more events of a lock, time ×";
const UNITS: &str = "DynamoDB units of a press";
const FIRMWARE: &str = "firmware core";

/// Every bound, in the order of the README's table.
#[rustfmt::skip]
pub const BOUNDS: &[Bound] = &[
    bound(COLD, "time", |r| over(r, "cold", "ours", "raw"), "", Most(1.3)),
    bound(COLD, "CPU", |r| over(r, "cold CPU", "ours", "raw"), "", Free),
    bound(WARM, "p50", |r| over(r, "warm p50", "ours", "raw, 3 trips"), "", Most(1.8)),
    bound(WARM, "CPU", |r| over(r, "CPU per press", "ours", "raw, 3 trips"), "", Most(2.4)),
    bound(WARM_2, "p50", |r| over(r, "warm p50", "ours", "raw"), "", Free),
    bound(WARM_2, "CPU", |r| over(r, "CPU per press", "ours", "raw"), "", Free),
    bound(PEERS, "Python", |r| over(r, "CPU per press", "python, 3 trips", "ours"), "", Least(8.0)),
    bound(PEERS, "Node", |r| over(r, "CPU per press", "node, 3 trips", "ours"), "", Least(8.0)),
    bound(PEERS_2, "Python", |r| over(r, "CPU per press", "python", "ours"), "", Free),
    bound(PEERS_2, "Node", |r| over(r, "CPU per press", "node", "ours"), "", Free),
    bound(TRIPS, "warm", |r| ours(r, "trips warm"), "", Most(2.0)),
    bound(TRIPS, "cold", |r| ours(r, "trips cold"), "", Most(3.0)),
    bound(TRIPS, "after a pause", |r| ours(r, "trips after a pause"), "", Most(2.0)),
    bound(TRIPS, "its connections", |r| ours(r, "connections after a pause"), "", Most(2.0)),
    bound(SIZE, "", |r| ours(r, "size"), " MB", Most(6.0)),
    bound(LAPTOP, "hand-written function", |r| press(r, "by hand"), "", Most(1.3)),
    bound(LAPTOP, "no-op function", |r| press(r, "no-op"), "", Free),
    bound(LAPTOP, "bare rule", |r| press(r, "bare"), "", Free),
    bound(BROKER, "CPU QoS 0", |r| broker(r, "CPU per delivery, QoS 0"), "", Most(2.0)),
    bound(BROKER, "CPU QoS 1", |r| broker(r, "CPU per delivery, QoS 1"), "", Most(2.0)),
    bound(BROKER, "memory", |r| broker(r, "memory per connection"), "", Most(1.2)),
    bound(LOCKS, "1 → 100", |r| r.ratio("growth", "lockctl CPU per press", "100 locks", "1 locks"),
        "", Most(1.2)),
    bound(LOCKS, "10 → 10,000", |r| {
        r.ratio("growth", "cloud CPU per press", "10000 locks", "10 locks")
    }, "", Most(1.2)),
    bound(HISTORY, "status 10² → 10⁵", |r| events(r, "status"), "", Most(1.2)),
    bound(HISTORY, "history", |r| events(r, "history"), "", Free),
    bound(UNITS, "read", |r| r.value("units", "press", "read"), "", Free),
    bound(UNITS, "write", |r| r.value("units", "press", "write"), "", Free),
    bound(FIRMWARE, "flash", |r| firmware(r, "flash of the core"), " B", Most(12_288.0)),
    bound(FIRMWARE, "RAM", |r| firmware(r, "RAM of one lock"), " B", Most(640.0)),
    bound(FIRMWARE, "heap calls", |r| firmware(r, "heap functions the core calls"), "", Most(0.0)),
];

const fn bound(
    line: &'static str,
    part: &'static str,
    figure: fn(&Run) -> Option<f64>,
    unit: &'static str,
    limit: Limit,
) -> Bound {
    Bound {
        line,
        part,
        figure,
        unit,
        limit,
    }
}

fn over(run: &Run, what: &str, over: &str, under: &str) -> Option<f64> {
    run.ratio("functions", what, over, under)
}

fn ours(run: &Run, what: &str) -> Option<f64> {
    run.value("functions", "ours", what)
}

fn press(run: &Run, under: &str) -> Option<f64> {
    run.ratio("laptop", "p50", "press", under)
}

fn broker(run: &Run, what: &str) -> Option<f64> {
    run.ratio("broker", what, "local cloud", "mosquitto")
}

fn events(run: &Run, what: &str) -> Option<f64> {
    run.ratio("growth", what, "100000 events", "100 events")
}

fn firmware(run: &Run, what: &str) -> Option<f64> {
    run.value("firmware", "core", what)
}

impl Bound {
    /// Line and part, as one name: `cold start ÷ floor: time`.
    pub fn name(&self) -> String {
        match self.part {
            "" => self.line.to_owned(),
            part => format!("{}: {part}", self.line),
        }
    }

    /// The figure, if the run has it.
    pub fn figure(&self, run: &Run) -> Option<f64> {
        (self.figure)(run)
    }

    /// Whether anything is required.
    pub fn is_limited(&self) -> bool {
        !matches!(self.limit, Free)
    }

    /// The limit in words; empty if there is none.
    pub fn limit(&self) -> String {
        match self.limit {
            Most(most) => format!("≤ {}", number(most)),
            Least(least) => format!("≥ {}", number(least)),
            Free => String::new(),
        }
    }

    /// The bound that cannot be judged, since the run lacks its figure.
    pub fn unmeasured(&self, run: &Run) -> Option<String> {
        let is_unmeasured = self.figure(run).is_none() && self.is_limited();
        is_unmeasured.then(|| format!("{} {}", self.line, self.part))
    }

    /// The bound that the run does not keep, in words.
    pub fn broken(&self, run: &Run) -> Option<String> {
        let figure = self.figure(run)?;
        let is_kept = match self.limit {
            Most(most) => figure <= most,
            Least(least) => figure >= least,
            Free => true,
        };
        let (line, part, found) = (self.line, self.part, number(figure));
        (!is_kept).then(|| format!("{line} {part}: {found}{}, not {}", self.unit, self.limit()))
    }
}

/// A number with two digits after the point below 10, one below 100, none above.
pub fn number(value: f64) -> String {
    let text = match value {
        v if v < 10.0 => format!("{v:.2}"),
        v if v < 100.0 => format!("{v:.1}"),
        v => format!("{v:.0}"),
    };
    match text.split_once('.') {
        Some((whole, rest)) if rest.chars().all(|c| c == '0') => whole.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Row;

    #[test]
    fn a_run_over_a_bound_is_found_and_a_missing_figure_is_named() {
        let cases = [
            (1.0, None),
            (1.3, None),
            (1.31, Some("cold start ÷ floor time: 1.31, not ≤ 1.30")),
        ];
        for (ours, wanted) in cases {
            let mut run = Run::default();
            for (who, value) in [("ours", ours), ("raw", 1.0)] {
                run.rows
                    .push(Row::fixed("functions", who, "cold", "ms", value));
            }
            let broken: Vec<String> = BOUNDS.iter().filter_map(|b| b.broken(&run)).collect();
            assert_eq!(broken, wanted.into_iter().collect::<Vec<_>>(), "{ours}");
            let unmeasured: Vec<_> = BOUNDS.iter().filter_map(|b| b.unmeasured(&run)).collect();
            assert!(!unmeasured.contains(&"cold start ÷ floor time".to_owned()));
            assert!(unmeasured.contains(&"warm press ÷ floor of three trips p50".to_owned()));
        }
    }

    #[test]
    fn a_press_on_the_laptop_is_held_against_the_same_work_by_hand() {
        for (by_hand, wanted) in [(4.0, None), (3.0, Some("hand-written function"))] {
            let mut run = Run::default();
            for (who, value) in [("press", 4.5), ("by hand", by_hand), ("no-op", 2.0)] {
                run.rows.push(Row::fixed("laptop", who, "p50", "ms", value));
            }
            let broken = BOUNDS.iter().filter(|bound| bound.broken(&run).is_some());
            let broken: Vec<&str> = broken.map(|bound| bound.part).collect();
            assert_eq!(broken, wanted.into_iter().collect::<Vec<_>>(), "{by_hand}");
        }
    }

    #[test]
    fn numbers_have_as_many_digits_as_they_mean() {
        let cases = [
            (0.0, "0"),
            (1.3, "1.30"),
            (12.34, "12.3"),
            (6.0, "6"),
            (12_288.0, "12288"),
        ];
        for (value, wanted) in cases {
            assert_eq!(number(value), wanted);
        }
    }
}
