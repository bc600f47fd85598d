//! The table of SCALE.md. Must not know: how a row comes about.

use crate::outage::{Outage, Outcome, run};

/// The outages of the table: number of locks, hours, locks that connect in a second.
pub const ROWS: [(usize, u64, u64); 6] = [
    (10_000, 6, 100),
    (100_000, 6, 100),
    (100_000, 6, 1_000),
    (1_000_000, 6, 100),
    (1_000_000, 6, 1_000),
    (1_000_000, 6, 10_000),
];
/// Assumed time of one decision of the sweep, in ms; COSTS.md assumes the same.
pub const DECISION_MS: u64 = 30;

/// The first two lines.
pub const HEADING: &str = "\
| locks | connects a second | all known silent after | longest wait for the sweep | decisions | \
sent again | alerts | all trusted again after |
|---|---|---|---|---|---|---|---|";

/// The row of an outage.
pub fn row((locks, hours, connects): (usize, u64, u64)) -> String {
    let outcome = run(&Outage {
        locks,
        hours,
        connects,
        decision_ms: DECISION_MS,
    });
    let Outcome {
        known_silent_ms,
        oldest_ms,
        decisions,
        sends,
        alerts,
        trusted_ms,
    } = outcome;
    let known = known_silent_ms.map_or("not in time".to_owned(), duration);
    format!(
        "| {} | {} | {known} | {} | {} | {} | {} | {} |",
        grouped(locks as u64),
        grouped(connects),
        duration(oldest_ms),
        grouped(decisions),
        grouped(sends),
        grouped(alerts),
        duration(trusted_ms),
    )
}

/// `1 h 44 min`, `35 min`, `10 s`.
fn duration(ms: u64) -> String {
    let (s, min) = (ms.div_ceil(1_000), ms / 60_000);
    match (min / 60, min % 60) {
        (0, 0..2) => format!("{s} s"),
        (0, min) => format!("{min} min"),
        (h, min) => format!("{h} h {min} min"),
    }
}

/// `1,000,000`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../../infra/docs/SCALE.md");

    #[test]
    fn the_page_has_the_row_of_ten_thousand_locks_as_it_is_now() {
        let row = row(ROWS[0]);
        assert!(
            PAGE.contains(&format!("{HEADING}\n{row}\n")),
            "run `cargo xtask scale`: {row}"
        );
        let rows = PAGE.lines().filter(|line| line.ends_with('|'));
        let rows = rows.skip_while(|line| !HEADING.starts_with(line)).skip(2);
        assert_eq!(rows.count(), ROWS.len(), "one for each outage");
    }

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000_000), "1,000,000");
        assert_eq!(duration(9_990), "10 s");
        assert_eq!(duration(90_000), "90 s");
        assert_eq!(duration(35 * 60_000), "35 min");
        assert_eq!(duration(104 * 60_000), "1 h 44 min");
    }
}
