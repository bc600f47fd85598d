//! Dependencies point one way: which member may use which, and who may know the AWS SDK.
//!
//! Must not know: what is inside a crate.

use anyhow::{Context, Result};
use serde_json::Value;

use super::Violation;

/// Which members a member may use. A member that is not here is a violation.
const MAY_USE: &[(&str, &[&str])] = &[
    ("lock-core", &[]),
    ("lock-aws", &["lock-core"]),
    ("press", &["lock-core", "lock-aws"]),
    ("report", &["lock-core", "lock-aws"]),
    ("expire", &["lock-core", "lock-aws"]),
    ("failure", &["lock-core", "lock-aws"]),
    // An independent reading of AWS, and an independent reading of the protocol.
    ("iot-topic", &[]),
    ("iot-sql", &[]),
    ("iot-shadow", &[]),
    ("aws-policy", &[]),
    ("aws-sigv4-verify", &[]),
    ("sam-template", &[]),
    ("lambda-host", &["sam-template"]),
    ("lambda-host", &["sam-template"]),
    ("shadow-cases", &[]),
    (
        "local-cloud",
        &[
            "aws-policy",
            "aws-sigv4-verify",
            "iot-shadow",
            "iot-sql",
            "iot-topic",
            "lambda-host",
            "sam-template",
        ],
    ),
    (
        "cloud-fuzz",
        &[
            "aws-policy",
            "aws-sigv4-verify",
            "iot-shadow",
            "iot-sql",
            "iot-topic",
            "lambda-host",
            "local-cloud",
            "sam-template",
        ],
    ),
    ("virtual-device", &[]),
    ("xtask", &[]),
    (
        "lockctl",
        &["lock-core", "lock-aws", "local-cloud", "sam-template"],
    ),
    (
        "e2e",
        &[
            "lock-core",
            "lock-aws",
            "aws-sigv4-verify",
            "lambda-host",
            "local-cloud",
            "sam-template",
        ],
    ),
    // The real decisions; the real C only beside its transcription.
    ("load", &[]),
    ("model", &["lock-core"]),
];

/// Which members its tests may use besides: adapters are tested on the real protocols.
const TESTS_MAY_USE: &[(&str, &[&str])] = &[
    ("iot-shadow", &["shadow-cases"]),
    ("sam-template", &["aws-policy", "iot-sql"]),
    ("local-cloud", &["shadow-cases"]),
    ("lock-aws", &["local-cloud"]),
    ("press", &["local-cloud"]),
    ("report", &["local-cloud"]),
    ("expire", &["local-cloud"]),
    ("failure", &["local-cloud"]),
    ("model", &["virtual-device"]),
];

/// The pure core's whole world: nothing that reads a clock, an environment or a network.
const CORE_MAY_USE: &[&str] = &["base64", "crc32fast", "serde", "serde_json", "thiserror"];
const CORE_TESTS_MAY_USE: &[&str] = &["proptest"];

/// Whose code (tests apart) may depend on crates whose names begin so; nobody's, where the list is empty.
const RESERVED: &[(&str, &[&str])] = &[
    ("aws-sdk-", &["lock-aws", "lockctl", "e2e"]),
    ("aws-smithy-", &["lock-aws", "lockctl", "e2e"]),
    ("lambda_runtime", &["lock-aws"]),
    // SQLite in C belongs to the laptop, not to a function.
    ("dynoxide", &["local-cloud"]),
    // Its login and session services would double the build (infra/docs/decisions/0007-credentials.md).
    ("aws-config", &[]),
];

/// A member of the workspace, as far as the rules are concerned.
#[derive(Clone, Debug, Default)]
pub struct Member {
    /// Package name.
    pub name: String,
    /// Names of the direct dependencies of its code and build script.
    pub uses: Vec<String>,
    /// Names of the direct dependencies of its tests alone.
    pub tests_use: Vec<String>,
    /// Names of its binaries.
    pub binaries: Vec<String>,
    /// Folder, from the root.
    pub folder: String,
}

/// Reads the members out of `cargo metadata`.
pub fn members(metadata: &Value) -> Result<Vec<Member>> {
    let root = metadata["workspace_root"]
        .as_str()
        .context("metadata has no workspace_root")?;
    let packages = metadata["packages"]
        .as_array()
        .context("metadata has no packages")?;
    Ok(packages
        .iter()
        .map(|package| member(package, root))
        .collect())
}

fn member(package: &Value, root: &str) -> Member {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = |key: &str| package[key].as_array().cloned().unwrap_or_default();
    let manifest = text(&package["manifest_path"]);
    let is_binary = |target: &&Value| {
        target["kind"]
            .as_array()
            .is_some_and(|kinds| kinds.iter().any(|kind| kind == "bin"))
    };
    let (tests_use, uses): (Vec<Value>, Vec<Value>) = all("dependencies")
        .into_iter()
        .partition(|dependency| dependency["kind"] == "dev");
    let names = |dependencies: &[Value]| dependencies.iter().map(|d| text(&d["name"])).collect();
    Member {
        name: text(&package["name"]),
        uses: names(&uses),
        tests_use: names(&tests_use),
        binaries: all("targets")
            .iter()
            .filter(is_binary)
            .map(|target| text(&target["name"]))
            .collect(),
        folder: manifest
            .trim_start_matches(root)
            .trim_start_matches('/')
            .trim_end_matches("/Cargo.toml")
            .to_owned(),
    }
}

/// Every dependency that points the wrong way.
pub fn check(members: &[Member]) -> Vec<Violation> {
    members
        .iter()
        .flat_map(|member| check_member(member, members))
        .collect()
}

fn check_member(member: &Member, members: &[Member]) -> Vec<Violation> {
    let Some((_, may_use)) = MAY_USE.iter().find(|(name, _)| *name == member.name) else {
        return vec![Violation::new(
            &member.name,
            "a new member: say in infra/xtask/src/tidy/layering.rs what it may use",
        )];
    };
    let is_member = |used: &str| members.iter().any(|other| other.name == used);
    let is_core = member.name == "lock-core";
    let tests_may_use = allowance(TESTS_MAY_USE, &member.name);
    let mut violations = Vec::new();
    for used in &member.uses {
        let allowed = match is_member(used) {
            true => may_use.contains(&used.as_str()),
            false => !is_core || CORE_MAY_USE.contains(&used.as_str()),
        };
        if !allowed {
            violations.push(Violation::new(&member.name, format!("must not use {used}")));
        }
        violations.extend(reserved(member, used));
    }
    for used in &member.tests_use {
        let name = used.as_str();
        let allowed = match is_member(used) {
            true => may_use.contains(&name) || tests_may_use.contains(&name),
            false => !is_core || CORE_MAY_USE.contains(&name) || CORE_TESTS_MAY_USE.contains(&name),
        };
        if !allowed {
            violations.push(Violation::new(
                &member.name,
                format!("must not use {used} in its tests"),
            ));
        }
    }
    violations
}

fn allowance(table: &[(&str, &'static [&'static str])], name: &str) -> &'static [&'static str] {
    table
        .iter()
        .find(|(member, _)| *member == name)
        .map_or(&[], |(_, may_use)| may_use)
}

/// A use of what is reserved for others.
fn reserved(member: &Member, used: &str) -> Option<Violation> {
    let (prefix, owners) = RESERVED
        .iter()
        .find(|(prefix, _)| used.starts_with(prefix))?;
    let owner_names = if owners.is_empty() {
        "nobody".to_owned()
    } else {
        owners.join(", ")
    };
    (!owners.contains(&member.name.as_str())).then(|| {
        Violation::new(
            &member.name,
            format!("uses {used}: {prefix}… is for {owner_names}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn using(name: &str, uses: &[&str]) -> Vec<Member> {
        let member = |name: &str| Member {
            name: name.to_owned(),
            ..Member::default()
        };
        let mut members: Vec<Member> = MAY_USE.iter().map(|(name, _)| member(name)).collect();
        if !members.iter().any(|known| known.name == name) {
            members.push(member(name));
        }
        for member in &mut members {
            if member.name == name {
                member.uses = uses.iter().map(ToString::to_string).collect();
            }
        }
        members
    }

    #[test]
    fn dependencies_point_one_way() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("lock-aws", &["lock-core", "lambda_runtime"], &[]),
            (
                "e2e",
                &["lock-core", "local-cloud", "aws-sdk-dynamodb"],
                &[],
            ),
            ("local-cloud", &["lock-core"], &["must not use lock-core"]),
            ("lock-aws", &["press"], &["must not use press"]),
            ("lock-core", &["tokio"], &["must not use tokio"]),
            (
                "press",
                &["aws-sdk-dynamodb"],
                &["uses aws-sdk-dynamodb: aws-sdk-… is for lock-aws, lockctl, e2e"],
            ),
            (
                "lockctl",
                &["aws-config"],
                &["uses aws-config: aws-config… is for nobody"],
            ),
            (
                "gadget",
                &[],
                &["a new member: say in infra/xtask/src/tidy/layering.rs what it may use"],
            ),
        ];
        for (name, uses, expected) in cases {
            let found: Vec<String> = check(&using(name, uses))
                .into_iter()
                .map(|v| v.what)
                .collect();
            assert_eq!(&found, expected, "{name} uses {uses:?}");
        }
    }

    #[test]
    fn tests_may_use_more_but_not_everything() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("lock-core", &["proptest"], &[]),
            (
                "lock-core",
                &["tokio"],
                &["must not use tokio in its tests"],
            ),
            ("lock-aws", &["local-cloud", "dynoxide-rs"], &[]),
            (
                "local-cloud",
                &["lock-core"],
                &["must not use lock-core in its tests"],
            ),
            (
                "press",
                &["lockctl"],
                &["must not use lockctl in its tests"],
            ),
        ];
        for (name, uses, expected) in cases {
            let mut members = using(name, &[]);
            for member in members.iter_mut().filter(|member| member.name == *name) {
                member.tests_use = uses.iter().map(ToString::to_string).collect();
            }
            let found: Vec<String> = check(&members).into_iter().map(|v| v.what).collect();
            assert_eq!(&found, expected, "tests of {name} use {uses:?}");
        }
    }

    #[test]
    fn a_member_is_read_from_metadata() {
        let metadata = json!({
            "workspace_root": "/code",
            "packages": [{
                "name": "press",
                "manifest_path": "/code/lambdas/press/Cargo.toml",
                "dependencies": [{"name": "lock-aws", "kind": null}, {"name": "tempfile", "kind": "dev"}],
                "targets": [{"kind": ["bin"], "name": "press"}, {"kind": ["test"], "name": "handler"}],
            }],
        });
        let members = members(&metadata).expect("well-formed metadata");
        assert_eq!(members[0].folder, "lambdas/press");
        assert_eq!(members[0].uses, ["lock-aws"]);
        assert_eq!(members[0].tests_use, ["tempfile"]);
        assert_eq!(members[0].binaries, ["press"]);
    }
}
