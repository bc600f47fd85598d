//! What is known about each package: licence, source and checksum.
//!
//! Must not know: which packages are asked for.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::toml;
use crate::workspace::Workspace;

/// Every package of `Cargo.lock`, by `name@version`.
pub struct Packages {
    packages: BTreeMap<String, Value>,
    checksums: BTreeMap<String, String>,
}

impl Packages {
    /// Reads `cargo metadata` and `Cargo.lock`.
    ///
    /// # Errors
    /// cargo fails, or `Cargo.lock` cannot be read.
    pub fn read(workspace: &Workspace) -> Result<Self> {
        // Of every platform: a document must not depend on the machine that writes it.
        let mut cargo = workspace.cargo();
        cargo.args(["metadata", "--format-version=1", "--locked"]);
        let answer = crate::process::output(&mut cargo)?;
        let metadata: Value =
            serde_json::from_str(&answer).context("read the answer of cargo metadata")?;
        let packages = metadata["packages"].as_array().into_iter().flatten();
        let text = |package: &Value, key: &str| package[key].as_str().unwrap_or("").to_owned();
        let id =
            |package: &Value| format!("{}@{}", text(package, "name"), text(package, "version"));
        let packages = packages.map(|package| (id(package), package.clone()));
        let lock = fs::read_to_string(workspace.path("Cargo.lock")).context("read Cargo.lock")?;
        Ok(Self {
            packages: packages.collect(),
            checksums: checksums(&lock)?,
        })
    }

    /// The name of the member whose folder this is.
    ///
    /// # Errors
    /// There is no such member.
    pub fn in_folder(&self, workspace: &Workspace, folder: &str) -> Result<&str> {
        let manifest = workspace.path(folder).join("Cargo.toml");
        let is_it = |package: &&Value| {
            let path = package["manifest_path"].as_str();
            path.is_some_and(|path| Path::new(path) == manifest)
        };
        let package = self.packages.values().find(is_it);
        let name = package.and_then(|package| package["name"].as_str());
        name.with_context(|| format!("{folder} is not a member of the workspace"))
    }

    /// A package as a component. What is only run during a build is not part of a program.
    ///
    /// # Errors
    /// cargo does not know the package, or it has no licence, or no checksum.
    pub fn component(&self, id: &str, kind: &str, is_linked: bool) -> Result<Value> {
        let package = self.packages.get(id);
        let package = package.with_context(|| format!("cargo metadata does not know {id}"))?;
        let mut component = json!({
            "type": kind,
            "bom-ref": id,
            "name": package["name"],
            "version": package["version"],
            "scope": if is_linked { "required" } else { "excluded" },
        });
        if let Some(description) = package["description"].as_str() {
            component["description"] = json!(description.trim());
        }
        let licence = package["license"].as_str();
        let licence = licence.with_context(|| format!("{id} states no licence"))?;
        component["licenses"] = json!([{ "expression": expression(licence) }]);
        if package["source"].is_string() {
            let checksum = self.checksums.get(id);
            let checksum = checksum.with_context(|| format!("{id} has no checksum"))?;
            component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
            let (name, version) = id.split_once('@').unwrap_or((id, ""));
            let version = version.replace('+', "%2B");
            component["purl"] = json!(format!("pkg:cargo/{name}@{version}"));
        }
        if let Some(repository) = package["repository"].as_str() {
            let reference = json!({ "type": "vcs", "url": repository });
            component["externalReferences"] = json!([reference]);
        }
        Ok(component)
    }
}

/// A licence as SPDX writes it; cargo once allowed a slash for "or".
fn expression(licence: &str) -> String {
    let parts: Vec<&str> = licence.split('/').map(str::trim).collect();
    parts.join(" OR ")
}

/// The checksum of each package that comes from a registry.
fn checksums(lock: &str) -> Result<BTreeMap<String, String>> {
    let tables = toml::tables(lock).context("read Cargo.lock")?;
    let packages = tables.iter().filter(|table| table.heading == "package");
    let with_checksum = packages.filter_map(|table| Some((table, table.get("checksum")?)));
    let row = |(table, checksum): (&toml::Table, &str)| {
        let id = format!("{}@{}", table.text("name")?, table.text("version")?);
        Ok((id, checksum.to_owned()))
    };
    with_checksum.map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_licence_becomes_an_expression() {
        assert_eq!(expression("MIT/Apache-2.0"), "MIT OR Apache-2.0");
        assert_eq!(expression("MIT OR Apache-2.0"), "MIT OR Apache-2.0");
    }

    #[test]
    fn only_packages_of_a_registry_have_a_checksum() {
        let lock = "version = 4\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\
                    checksum = \"00ff\"\n[[package]]\nname = \"ours\"\nversion = \"0.1.0\"\n";
        let found = checksums(lock).expect("read the lock");
        let expected = BTreeMap::from([("a@1.0.0".to_owned(), "00ff".to_owned())]);
        assert_eq!(found, expected);
    }
}
