//! `cargo xtask sbom`: the software bill of materials of what is deployed and of lockctl, as a
//! `CycloneDX` document. The same sources give the same document.
//!
//! Must not know: what the programs do.

mod component;
mod document;
mod graph;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use self::component::Packages;
use self::graph::Graph;
use crate::artefacts;
use crate::workspace::Workspace;

/// Where the functions run.
const FUNCTION_TARGETS: &[&str] = &["aarch64-unknown-linux-gnu", "x86_64-unknown-linux-gnu"];
/// Where an operator may run lockctl.
const OPERATOR_TARGETS: &[&str] = &[
    "aarch64-apple-darwin",
    "aarch64-unknown-linux-gnu",
    "x86_64-apple-darwin",
    "x86_64-unknown-linux-gnu",
];
/// The operator's program.
const OPERATOR: &str = "lockctl";

/// Options of `cargo xtask sbom`.
#[derive(clap::Args)]
pub struct Options {
    /// The file to write. [default: sbom.cdx.json in the build directory]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Writes the document.
///
/// # Errors
/// cargo fails, or a package is not what the document needs.
pub fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let document = make(workspace)?;
    let path = match &options.output {
        Some(path) => path.clone(),
        None => workspace.target().join("sbom.cdx.json"),
    };
    let text = serde_json::to_string_pretty(&document).context("write the document as JSON")?;
    fs::write(&path, text + "\n").with_context(|| format!("write {}", path.display()))?;
    let components = document["components"].as_array().map_or(0, Vec::len);
    println!("sbom: {components} components in {}", path.display());
    Ok(true)
}

/// The document of this checkout.
fn make(workspace: &Workspace) -> Result<serde_json::Value> {
    let template = workspace.path("template.yaml");
    let template = fs::read_to_string(template).context("read template.yaml")?;
    let packages = Packages::read(workspace)?;
    let mut graph = Graph::default();
    let mut programs = Vec::new();
    for function in artefacts::functions(&template)? {
        let package = packages.in_folder(workspace, &function.folder)?;
        graph.add(workspace, package, FUNCTION_TARGETS)?;
        programs.push(package.to_owned());
    }
    graph.add(workspace, OPERATOR, OPERATOR_TARGETS)?;
    programs.push(OPERATOR.to_owned());
    document::document(&programs, &graph, &packages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_checkout_has_a_document_with_every_function() {
        let workspace = Workspace::here();
        let document = make(&workspace).expect("make the document");
        document::assert_shape(&document);
        let text = document.to_string();
        for name in [
            "press", "report", "sweep", "failure", "lockctl", "serde", "ring",
        ] {
            assert!(text.contains(&format!("\"name\":\"{name}\"")), "{name}");
        }
        // The functions' tests and the local cloud of a laptop are different matters.
        assert!(!text.contains("\"name\":\"proptest\""));
    }
}
