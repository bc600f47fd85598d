//! The members of the workspace, as `cargo metadata` describes them.
//!
//! Must not know: the rules.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::Value;

/// A member of the workspace, as far as the rules are concerned.
#[derive(Clone, Debug, Default)]
pub struct Member {
    pub name: String,
    /// Folder, from the root.
    pub folder: String,
    /// Direct dependencies of its code, build script and tests.
    pub dependencies: Vec<Dependency>,
    /// Names of all packages that its code needs, directly or not.
    pub closure: BTreeSet<String>,
    pub binaries: Vec<String>,
}

/// An entry of a manifest's dependency tables.
#[derive(Clone, Debug, PartialEq)]
pub struct Dependency {
    pub name: String,
    /// Name in source code.
    pub import: String,
    pub table: Table,
}

/// The dependency tables of a manifest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Table {
    /// `[dependencies]`
    Normal,
    /// `[build-dependencies]`
    Build,
    /// `[dev-dependencies]`
    Dev,
}

impl Member {
    /// Packages that its tests alone name, if `of_tests`; else those that its code or build script
    /// name.
    pub fn uses(&self, of_tests: bool) -> impl Iterator<Item = &str> {
        self.dependencies
            .iter()
            .filter(move |dependency| (dependency.table == Table::Dev) == of_tests)
            .map(|dependency| dependency.name.as_str())
    }
}

/// Reads the members out of `cargo metadata`.
pub fn members(metadata: &Value) -> Result<Vec<Member>> {
    let root = text(&metadata["workspace_root"]);
    let packages = metadata["packages"]
        .as_array()
        .context("metadata has no packages")?;
    let names = packages
        .iter()
        .map(|package| (text(&package["id"]), text(&package["name"])));
    let graph = Graph {
        names: names.collect(),
        needs: list(&metadata["resolve"]["nodes"]).map(needs).collect(),
    };
    // Only members have no registry to come from.
    let members = packages
        .iter()
        .filter(|package| package["source"].is_null());
    Ok(members
        .map(|package| member(package, root, &graph))
        .collect())
}

/// The resolved packages by id.
struct Graph<'a> {
    names: BTreeMap<&'a str, &'a str>,
    needs: BTreeMap<&'a str, Vec<Need<'a>>>,
}

/// An edge of the resolved graph.
struct Need<'a> {
    id: &'a str,
    /// The dependency's name in source code.
    import: &'a str,
    is_normal: bool,
}

/// A node of the resolved graph with its edges.
fn needs(node: &Value) -> (&str, Vec<Need<'_>>) {
    let needs = list(&node["deps"]).map(|dependency| Need {
        id: text(&dependency["pkg"]),
        import: text(&dependency["name"]),
        is_normal: list(&dependency["dep_kinds"]).any(|entry| entry["kind"].is_null()),
    });
    (text(&node["id"]), needs.collect())
}

impl Graph<'_> {
    fn name(&self, id: &str) -> &str {
        self.names.get(id).copied().unwrap_or_default()
    }

    fn needs(&self, id: &str) -> impl Iterator<Item = &Need<'_>> {
        self.needs.get(id).into_iter().flatten()
    }

    fn closure(&self, id: &str) -> BTreeSet<String> {
        let (mut closure, mut open) = (BTreeSet::new(), vec![id]);
        while let Some(id) = open.pop() {
            for need in self.needs(id).filter(|need| need.is_normal) {
                if closure.insert(self.name(need.id).to_owned()) {
                    open.push(need.id);
                }
            }
        }
        closure
    }

    fn dependency(&self, id: &str, entry: &Value) -> Dependency {
        let name = text(&entry["name"]);
        let need = self.needs(id).find(|need| self.name(need.id) == name);
        Dependency {
            name: name.to_owned(),
            // The graph lacks what only other platforms need.
            import: need.map_or_else(|| name.replace('-', "_"), |need| need.import.to_owned()),
            table: match entry["kind"].as_str() {
                Some("dev") => Table::Dev,
                Some("build") => Table::Build,
                _ => Table::Normal,
            },
        }
    }
}

fn member(package: &Value, root: &str, graph: &Graph<'_>) -> Member {
    let folder = text(&package["manifest_path"])
        .trim_start_matches(root)
        .trim_start_matches('/');
    let id = text(&package["id"]);
    let is_binary = |target: &&Value| list(&target["kind"]).any(|kind| kind == "bin");
    let binaries = list(&package["targets"]).filter(is_binary);
    Member {
        name: text(&package["name"]).to_owned(),
        folder: folder.trim_end_matches("/Cargo.toml").to_owned(),
        dependencies: list(&package["dependencies"])
            .map(|entry| graph.dependency(id, entry))
            .collect(),
        closure: graph.closure(id),
        binaries: binaries
            .map(|target| text(&target["name"]).to_owned())
            .collect(),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_member_is_read_from_metadata() {
        let metadata = json!({
            "workspace_root": "/code",
            "packages": [
                {
                    "id": "press 1",
                    "name": "press",
                    "source": null,
                    "manifest_path": "/code/lambdas/press/Cargo.toml",
                    "dependencies": [
                        {"name": "lock-aws", "kind": null},
                        {"name": "tempfile", "kind": "dev"},
                    ],
                    "targets": [
                        {"kind": ["bin"], "name": "press"},
                        {"kind": ["test"], "name": "handler"},
                    ],
                },
                {"id": "tokio 1", "name": "tokio", "source": "registry"},
                {"id": "mio 1", "name": "mio", "source": "registry"},
                {"id": "tempfile 1", "name": "tempfile", "source": "registry"},
            ],
            "resolve": {"nodes": [
                {"id": "press 1", "deps": [
                    {"pkg": "tokio 1", "dep_kinds": [{"kind": "dev"}, {"kind": null}]},
                    {"pkg": "tempfile 1", "name": "renamed", "dep_kinds": [{"kind": "dev"}]},
                ]},
                {"id": "tokio 1", "deps": [{"pkg": "mio 1", "dep_kinds": [{"kind": null}]}]},
            ]},
        });
        let members = members(&metadata).expect("well-formed metadata");
        assert_eq!(members.len(), 1);
        let press = &members[0];
        assert_eq!(press.folder, "lambdas/press");
        assert_eq!(press.uses(false).collect::<Vec<_>>(), ["lock-aws"]);
        assert_eq!(press.dependencies[0].import, "lock_aws");
        assert_eq!(press.uses(true).collect::<Vec<_>>(), ["tempfile"]);
        assert_eq!(press.dependencies[1].import, "renamed");
        assert_eq!(press.binaries, ["press"]);
        assert_eq!(Vec::from_iter(&press.closure), ["mio", "tokio"]);
    }
}
