//! The firmware's figures, as `firmware/SIZES.md` has them.
//!
//! Must not know: how they are measured; `cargo xtask sizes` does.

use std::fs;

use anyhow::{Context, Result, ensure};

use crate::page::root;
use crate::row::{Row, Run};

const PAGE: &str = "firmware/SIZES.md";

/// Adds the page's figures to `run`: the core's, and the instructions of its messages.
pub fn measure(run: &mut Run) -> Result<()> {
    let page = fs::read_to_string(root().join(PAGE)).with_context(|| format!("read {PAGE}"))?;
    let before = run.rows.len();
    read(&page, run);
    ensure!(run.rows.len() > before, "{PAGE} has no figures");
    Ok(())
}

fn read(page: &str, run: &mut Run) {
    let mut is_instructions = false;
    for line in page.lines() {
        is_instructions = if line.starts_with('#') {
            line.to_lowercase().contains("instructions")
        } else {
            is_instructions
        };
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let (what, value) = match cells[..] {
            [what, .., value] if is_instructions => (what, value),
            [what, value, _] => (what, value),
            _ => continue,
        };
        let Ok(value) = value.parse() else { continue };
        let (who, unit) = if is_instructions {
            ("message", "instr")
        } else {
            ("core", "")
        };
        run.rows
            .push(Row::fixed("firmware", who, what, unit, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_what_the_bounds_need() {
        let mut run = Run::default();
        measure(&mut run).unwrap();
        for what in [
            "flash of the core",
            "RAM of one lock",
            "heap functions the core calls",
        ] {
            assert!(run.value("firmware", "core", what).is_some(), "{what}");
        }
        assert!(
            run.rows.iter().any(|row| row.who == "message"),
            "no instructions"
        );
    }
}
