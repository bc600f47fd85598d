//! `cargo xtask compare`: runs the same cases against the local cloud and its peers, and writes the
//! table in its README.
//!
//! Must not know: the cases, and how a peer is started; the script does.

mod table;

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;
use crate::publish;
use crate::setup;
use crate::workspace::Workspace;

/// The script.
const SCRIPT: &str = "infra/cloud/local-cloud/compare/compare.py";
/// What each program answered.
const RESULT: &str = "infra/cloud/local-cloud/compare/result.json";
/// AWS's recorded answers of the shadow service.
const SHADOW_CASES: &str = "tests/vectors/shadow-cases.json";
/// The page with the table.
const PAGE: &str = "infra/cloud/local-cloud/README.md";
/// Name of the marks around the table.
const TABLE: &str = "comparison";

/// Options of `cargo xtask compare`.
#[derive(clap::Args)]
pub struct Options {
    /// Run only this program (local-cloud, moto or ministack); nothing is published.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// Write the table from the result that is there; run nothing.
    #[arg(long, conflicts_with = "only")]
    page: bool,
}

/// Runs every case against every program, and writes the result and the table.
///
/// # Errors
/// The peers cannot be installed, a build or the script fails, or the page has no place for the
/// table.
pub fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let folder = workspace.target().join("compare");
    let result = match options.only {
        Some(_) => folder.with_extension("json"),
        None => workspace.path(RESULT),
    };
    if !options.page {
        let python = setup::compare(workspace)?;
        let programs = workspace.build_programs("dev")?;
        let mut script = Command::new(python);
        script.arg("-B").arg(workspace.path(SCRIPT));
        let mut path = |name: &str, path: &Path| {
            script.arg(name).arg(path);
        };
        path("--local-cloud", &programs.join("local-cloud"));
        path("--shadow-cases", &workspace.path(SHADOW_CASES));
        path("--folder", &folder);
        path("--result", &result);
        if let Some(name) = &options.only {
            script.args(["--only", name]);
        }
        if !process::run(&mut script)? {
            return Ok(false);
        }
    }
    if options.only.is_some() {
        println!("compare: {} has the answers", result.display());
        return Ok(true);
    }
    let page = workspace.path(PAGE);
    let text = fs::read_to_string(&page).with_context(|| format!("read {PAGE}"))?;
    let text = publish::replace_between(&text, TABLE, &published(workspace)?).context(PAGE)?;
    fs::write(&page, text).with_context(|| format!("write {PAGE}"))?;
    println!("compare: {PAGE} written");
    Ok(true)
}

/// The table of the committed result.
fn published(workspace: &Workspace) -> Result<String> {
    let result = fs::read_to_string(workspace.path(RESULT));
    let result = result.with_context(|| format!("read {RESULT}"))?;
    let result: Value = serde_json::from_str(&result).with_context(|| format!("parse {RESULT}"))?;
    table::table(&result).with_context(|| format!("read {RESULT}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_the_table_of_the_committed_result() {
        let workspace = Workspace::here();
        let page = fs::read_to_string(workspace.path(PAGE)).unwrap();
        let table = published(&workspace).unwrap();
        let new = publish::replace_between(&page, TABLE, &table).unwrap();
        assert!(publish::is_current("compare --page", PAGE, &page, &new));
    }
}
