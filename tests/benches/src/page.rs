//! The pages of the published runs: the README's short table between two marks, with a cell for
//! each number to hold, and a page with every figure for each machine.
//!
//! Must not know: how a figure is measured.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::bound::{BOUNDS, Bound, number};
use crate::profile::Profiles;
use crate::row::Run;
use crate::sheet;

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

/// Writes the table of the published runs into the README, and the page of each run.
pub fn write_pages() -> Result<()> {
    let runs = read_results()?;
    let profiles = Profiles::read()?;
    for run in &runs {
        let path = results().join(format!("{}.md", run.machine));
        fs::write(&path, sheet::render(run, &profiles))
            .with_context(|| format!("write {}", path.display()))?;
    }
    let path = root().join("README.md");
    let old = fs::read_to_string(&path).context("read README.md")?;
    let new = replace(&old, &render(&runs))?;
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

/// The text between the marks: a table for each machine, two numbers to hold in a line.
fn render(runs: &[Run]) -> String {
    if runs.is_empty() {
        return "No run on a quiet machine is published yet.\n".to_owned();
    }
    let tables: Vec<String> = runs.iter().map(render_run).collect();
    tables.join("\n")
}

fn render_run(run: &Run) -> String {
    let machine = &run.machine;
    let mut text = format!(
        "| {machine}: {} × {}, {} | measured | bound | \
         [all figures](tests/benches/results/{machine}.md) | measured | bound |\n\
         |---|---|---|---|---|---|\n",
        run.cores, run.processor, run.day
    );
    let cells: Vec<String> = lines()
        .into_iter()
        .filter(|line| line.iter().any(Bound::is_limited))
        .map(|line| render_line(line, run))
        .collect();
    for pair in cells.chunks(2) {
        let right = pair.get(1).map_or(" | |", String::as_str);
        text += &format!("| {} | {right} |\n", pair[0]);
    }
    text
}

/// The bounds, line by line.
pub fn lines() -> Vec<&'static [Bound]> {
    BOUNDS.chunk_by(|one, next| one.line == next.line).collect()
}

/// The cells of a line: `cold start ÷ floor: time; CPU | 1.74; 1.68 | ≤ 1.3; –`.
pub fn render_line(line: &[Bound], run: &Run) -> String {
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
    let figure = |bound: &Bound| match bound.figure(run) {
        Some(figure) => format!("{}{}", number(figure), bound.unit),
        None => ABSENT.to_owned(),
    };
    let limit = |bound: &Bound| match bound.limit() {
        limit if limit.is_empty() => ABSENT.to_owned(),
        limit => limit,
    };
    format!(
        "{}{names} | {} | {}",
        line[0].line,
        join(&figure),
        join(&limit)
    )
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
    fn readme_and_pages_show_the_published_runs() {
        let page = fs::read_to_string(root().join("README.md")).unwrap();
        let runs = read_results().unwrap();
        assert!(
            runs.iter().all(|run| !run.quick),
            "a quick run is published"
        );
        let wanted = replace(&page, &render(&runs)).unwrap();
        assert_eq!(page, wanted, "run `cargo xtask bench --only units`");
        let profiles = Profiles::read().unwrap();
        for run in &runs {
            let path = results().join(format!("{}.md", run.machine));
            let page = fs::read_to_string(path).unwrap();
            assert_eq!(
                page,
                sheet::render(run, &profiles),
                "run `cargo xtask bench --only units`"
            );
        }
    }

    #[test]
    fn a_table_is_short_enough_for_the_readme_and_has_parts_side_by_side() {
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
        let lines: Vec<&str> = text.lines().collect();
        let wanted = [
            "| m: 2 × p, 2026-11-29 | measured | bound | [all figures](tests/benches/results/m.md) \
             | measured | bound |",
            "|---|---|---|---|---|---|",
            "| cold start ÷ floor: time; CPU | 1.50; – | ≤ 1.30; – \
             | warm press ÷ floor of three trips: p50; CPU | –; – | ≤ 1.80; ≤ 2.40 |",
        ];
        assert_eq!(lines[..3], wanted);
        assert!(lines.len() <= 7, "{} lines", lines.len());
    }
}
