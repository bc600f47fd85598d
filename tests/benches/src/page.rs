//! The README's table between two marks: ratios first, one line for each number to hold.
//!
//! Must not know: how a figure is measured.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::bound::{BOUNDS, Bound, number};
use crate::row::Run;

const BEGIN: &str = "<!-- bench: written by cargo xtask bench -->";
const END: &str = "<!-- bench: end -->";
/// Stands for a figure that the run did not measure.
const ABSENT: &str = "–";

/// The checkout that this program was built from.
pub fn root() -> PathBuf {
    let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    folders
        .nth(2)
        .expect("tests/benches is two folders below the root")
        .to_owned()
}

/// The directory of the published runs.
pub fn results() -> PathBuf {
    root().join("tests/benches/results")
}

/// Every published run, sorted by machine.
pub fn read_results() -> Result<Vec<Run>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(results()).context("read tests/benches/results")? {
        let path = entry.context("read tests/benches/results")?.path();
        if path.extension().is_some_and(|ending| ending == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    paths.iter().map(|path| Run::read(path)).collect()
}

/// Writes the table of the published runs into the README.
pub fn write_readme() -> Result<()> {
    let path = root().join("README.md");
    let old = fs::read_to_string(&path).context("read README.md")?;
    let new = replace(&old, &render(&read_results()?))?;
    fs::write(&path, new).context("write README.md")
}

/// The page with the text between its marks replaced.
fn replace(page: &str, text: &str) -> Result<String> {
    let (head, rest) = page
        .split_once(BEGIN)
        .context("README.md lacks the mark of the table")?;
    let (_, tail) = rest
        .split_once(END)
        .context("README.md lacks the end of the table")?;
    Ok(format!("{head}{BEGIN}\n{text}{END}{tail}"))
}

/// The text between the marks.
fn render(runs: &[Run]) -> String {
    if runs.is_empty() {
        return "No run on a quiet machine is published yet.\n".to_owned();
    }
    let mut text = "| what |".to_owned();
    for run in runs {
        text += &format!(
            " {}, {} × {}, {} |",
            run.machine, run.cores, run.processor, run.day
        );
    }
    text += " bound |\n|---|";
    text += &"---|".repeat(runs.len());
    text += "---|\n";
    let mut rest = BOUNDS;
    while let Some(first) = rest.first() {
        let parts = rest
            .iter()
            .take_while(|bound| bound.line == first.line)
            .count();
        let (line, after) = rest.split_at(parts);
        text += &render_line(line, runs);
        rest = after;
    }
    text
}

/// One line of the table: `| cold start ÷ floor (time; CPU) | 1.74; 1.68 | ≤ 1.3; |`.
fn render_line(line: &[Bound], runs: &[Run]) -> String {
    let join = |part: &dyn Fn(&Bound) -> String| {
        let parts: Vec<String> = line.iter().map(part).collect();
        parts.join("; ")
    };
    let names = join(&|bound| bound.part.to_owned());
    let names = if names.is_empty() {
        names
    } else {
        format!(": {names}")
    };
    let mut text = format!("| {}{names} |", line[0].line);
    for run in runs {
        let figure = |bound: &Bound| match bound.figure(run) {
            Some(figure) => format!("{}{}", number(figure), bound.unit),
            None => ABSENT.to_owned(),
        };
        text += &format!(" {} |", join(&figure));
    }
    let limit = |bound: &Bound| match bound.limit() {
        limit if limit.is_empty() => ABSENT.to_owned(),
        limit => limit,
    };
    text + &format!(" {} |\n", join(&limit))
}

/// Every figure of a run, for the terminal.
pub fn print(run: &Run) {
    println!(
        "{}, {} × {}, load {}",
        run.machine, run.cores, run.processor, run.load
    );
    for row in &run.rows {
        let (value, spread) = (number(row.value), number(row.spread));
        println!(
            "{:<10} {:<14} {:<28} {value:>9} ± {spread:<7} {:<3} n {}",
            row.section, row.who, row.what, row.unit, row.samples
        );
    }
    for bound in BOUNDS {
        if let Some(figure) = bound.figure(run) {
            let (found, limit) = (number(figure), bound.limit());
            println!(
                "{:<40} {:<18} {found:>8}{} {limit}",
                bound.line, bound.part, bound.unit
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Row;

    #[test]
    fn the_readme_shows_the_published_runs() {
        let page = fs::read_to_string(root().join("README.md")).unwrap();
        let runs = read_results().unwrap();
        assert!(
            runs.iter().all(|run| !run.quick),
            "a quick run is published"
        );
        let wanted = replace(&page, &render(&runs)).unwrap();
        assert_eq!(page, wanted, "run `cargo xtask bench --readme`");
    }

    #[test]
    fn a_line_has_its_parts_side_by_side() {
        let mut run = Run {
            machine: "m".to_owned(),
            processor: "p".to_owned(),
            cores: 2,
            day: "2026-11-29".to_owned(),
            ..Run::default()
        };
        for (who, value) in [("ours", 6.0), ("raw", 4.0)] {
            run.rows
                .push(Row::fixed("functions", who, "cold", "ms", value));
        }
        let text = render(&[run]);
        let lines: Vec<&str> = text.lines().take(4).collect();
        let wanted = [
            "| what | m, 2 × p, 2026-11-29 | bound |",
            "|---|---|---|",
            "| cold start ÷ floor: time; CPU | 1.50; – | ≤ 1.30; – |",
            "| warm press ÷ floor: p50; CPU | –; – | ≤ 1.80; ≤ 2.40 |",
        ];
        assert_eq!(lines, wanted);
    }
}
