//! Extracts figures, progress and failures from libFuzzer's log.
//!
//! Must not know: which target wrote it.

/// The number of executions, from the end of the log.
pub fn executions(log: &str) -> Option<u64> {
    let line = log
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))?;
    line.trim().parse().ok()
}

/// The progress lines of the run, without the figures that differ between machines.
pub fn progress(log: &str) -> Vec<String> {
    log.lines()
        // Pulse lines are printed by the clock.
        .filter(|line| line.starts_with('#') && !line.contains("pulse"))
        .map(|line| line.split("exec/s").next().unwrap_or(line).to_owned())
        .collect()
}

/// The coverage reached, the same for each run with the same seed. Empty if the log lacks it.
pub fn reached(log: &str) -> String {
    let last = log.lines().rev().find(|line| line.contains("DONE"));
    let mut words = last.unwrap_or_default().split_whitespace();
    let mut number_after = |word: &str| {
        words.find(|found| *found == word)?;
        words.next()
    };
    match (number_after("cov:"), number_after("ft:")) {
        (Some(edges), Some(features)) => format!(", {edges} edges and {features} features reached"),
        _ => String::new(),
    }
}

/// The lines that describe the failure: the panic with its text, else libFuzzer's own lines.
pub fn reasons(log: &str) -> Vec<&str> {
    let lines: Vec<&str> = log.lines().collect();
    if let Some(at) = lines.iter().rposition(|line| line.contains("panicked at")) {
        return lines[at..].iter().take(4).copied().collect();
    }
    lines
        .iter()
        .filter(|line| line.contains("ERROR:") || line.contains("SUMMARY:"))
        .copied()
        .collect()
}

/// The path of the failing input that libFuzzer saved.
pub fn failing_input(log: &str) -> Option<&str> {
    log.lines()
        .rev()
        .find_map(|line| line.split_once("Test unit written to "))
        .map(|(_, path)| path.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PANIC: &str = "\
#12 NEW cov: 4\n\
thread '<unnamed>' (7) panicked at infra/cloud/local-cloud/src/sql/parse.rs:1:2:\n\
attempt to subtract with overflow\n\
==7== ERROR: libFuzzer: deadly signal\n\
artifact_prefix='target/fuzz/sql/found/'; Test unit written to target/fuzz/sql/found/crash-0a\n\
stat::number_of_executed_units: 4711\n";

    #[test]
    fn a_log_names_the_failure_and_the_failing_input() {
        assert_eq!(executions(PANIC), Some(4711));
        assert_eq!(failing_input(PANIC), Some("target/fuzz/sql/found/crash-0a"));
        assert!(reasons(PANIC)[0].ends_with("parse.rs:1:2:"));
        let hang =
            "==7== ERROR: libFuzzer: timeout after 20 seconds\nSUMMARY: libFuzzer: timeout\n";
        assert_eq!(reasons(hang).len(), 2);
        assert_eq!(executions("no such line"), None);
    }

    #[test]
    fn the_course_of_a_run_is_the_same_on_every_machine() {
        let [idle, busy] = [
            ("2500", ""),
            ("9", "#8\tpulse  cov: 3 exec/s: 1 rss: 2Mb\n"),
        ]
        .map(|(rate, pulse)| {
            format!(
                "INFO: Seed: 1\n#2\tINITED cov: 3 ft: 4 corp: 1/2b exec/s: 0 rss: {rate}Mb\n\
                     {pulse}#9\tDONE   cov: 31 ft: 42 corp: 2/2b lim: 9 exec/s: {rate} rss: 2Mb\n\
                     Done 9 runs in {rate} second(s)\n"
            )
        });
        assert_eq!(progress(&idle), progress(&busy));
        assert_eq!(progress(&idle).len(), 2);
        assert_ne!(progress(&idle), progress(&idle.replace("ft: 42", "ft: 43")));
        assert_eq!(reached(&idle), ", 31 edges and 42 features reached");
        assert_eq!(reached("killed"), "");
    }
}
