//! DynamoDB units per press, as the functions' `cost` tests count them.
//!
//! Must not know: how they are counted. `infra/docs/counts.json` has them, computed from the sizes
//! of the items in the calls that a test sees; a test fails when they change.

use std::fs;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::page::root;
use crate::row::{Row, Run};

const COUNTS: &str = "infra/docs/counts.json";
const PRESSES: [&str; 3] = ["press", "press, cold", "press, ignored"];

/// Adds the units of each kind of press to `run`.
pub fn measure(run: &mut Run) -> Result<()> {
    let text = fs::read(root().join(COUNTS)).with_context(|| format!("read {COUNTS}"))?;
    let counts: Value = serde_json::from_slice(&text).with_context(|| format!("read {COUNTS}"))?;
    for press in PRESSES {
        for (what, field) in [("read", "readUnits"), ("write", "writeUnits")] {
            let units = counts[press][field].as_f64();
            let units = units.with_context(|| format!("{COUNTS}: {press} has no {field}"))?;
            run.rows
                .push(Row::fixed("units", press, what, "units", units));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_press_has_its_units() {
        let mut run = Run::default();
        measure(&mut run).unwrap();
        assert_eq!(run.rows.len(), 2 * PRESSES.len());
        assert!(run.value("units", "press", "write").unwrap() > 0.0);
    }
}
