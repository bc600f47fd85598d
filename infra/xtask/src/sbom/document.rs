//! The document: `CycloneDX` 1.6 as JSON. It has no time and no random serial number, which are
//! optional, so that two runs on the same sources are equal.
//!
//! Source: <https://cyclonedx.org/docs/1.6/json/>.
//!
//! Must not know: where the packages' details come from.

use anyhow::Result;
use serde_json::{Value, json};

use super::component::Packages;
use super::graph::Graph;

/// The name of the whole.
const PRODUCT: &str = "remote-lock";

/// The document of these programs.
///
/// # Errors
/// A package of the graph is not known.
pub fn document(programs: &[String], graph: &Graph, packages: &Packages) -> Result<Value> {
    let version = env!("CARGO_PKG_VERSION");
    let mut components = Vec::new();
    let mut dependencies = vec![json!({
        "ref": PRODUCT,
        "dependsOn": programs.iter().map(|name| format!("{name}@{version}")).collect::<Vec<_>>(),
    })];
    for (id, used) in &graph.uses {
        let is_program = programs
            .iter()
            .any(|name| *id == format!("{name}@{version}"));
        let kind = if is_program { "application" } else { "library" };
        let is_linked = graph.linked.contains(id);
        components.push(packages.component(id, kind, is_linked)?);
        dependencies.push(json!({ "ref": id, "dependsOn": used }));
    }
    let tool = json!({ "type": "application", "name": "cargo xtask sbom", "version": version });
    Ok(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "tools": { "components": [tool] },
            "component": {
                "type": "application",
                "bom-ref": PRODUCT,
                "name": PRODUCT,
                "version": version,
            },
        },
        "components": components,
        "dependencies": dependencies,
    }))
}

/// Fails unless the document has what the format's schema demands of the parts that we use.
#[cfg(test)]
pub fn assert_shape(document: &Value) {
    use std::collections::BTreeSet;

    assert_eq!(document["bomFormat"], "CycloneDX");
    assert_eq!(document["specVersion"], "1.6");
    assert_eq!(document["version"], 1);
    let components = document["components"].as_array().expect("components");
    let mut refs = BTreeSet::from([PRODUCT]);
    for component in components {
        let text = |key: &str| component[key].as_str().expect(key);
        assert!(refs.insert(text("bom-ref")), "twice: {component}");
        assert!(
            ["application", "library"].contains(&text("type")),
            "{component}"
        );
        assert!(
            ["required", "excluded"].contains(&text("scope")),
            "{component}"
        );
        assert!(!text("name").is_empty() && !text("version").is_empty());
        let licence = component["licenses"][0]["expression"].as_str();
        assert!(
            licence.is_some_and(|text| !text.contains('/')),
            "{component}"
        );
        if let Some(purl) = component["purl"].as_str() {
            assert!(
                purl.starts_with("pkg:cargo/") && !purl.contains('+'),
                "{purl}"
            );
            let hash = component["hashes"][0]["content"].as_str().expect("a hash");
            let is_hex = hash.chars().all(|c| c.is_ascii_hexdigit());
            assert!(hash.len() == 64 && is_hex, "{component}");
        }
    }
    let dependencies = document["dependencies"].as_array().expect("dependencies");
    assert_eq!(dependencies.len(), refs.len(), "a line for each component");
    for dependency in dependencies {
        let used = dependency["dependsOn"].as_array().expect("dependsOn");
        let named = used.iter().chain([&dependency["ref"]]);
        for name in named {
            let name = name.as_str().expect("a name");
            assert!(refs.contains(name), "{name} is not a component");
        }
    }
}
