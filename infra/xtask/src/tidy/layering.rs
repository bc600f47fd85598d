//! Dependencies point one way: which member may use which, who may know the AWS SDK, and which
//! crates are pure. A permission that nothing uses is a violation as well.
//!
//! Must not know: what is inside a crate.

use super::Violation;
use super::member::Member;

/// Where the tables are, for messages.
const TABLES: &str = "infra/xtask/src/tidy/layering.rs";

/// Which members a member may use. A member that is not here is a violation.
const MAY_USE: &[(&str, &[&str])] = &[
    ("lock-core", &[]),
    ("lock-aws", &["lock-core"]),
    ("lock-testing", &["lock-core", "lock-aws"]),
    ("press", &["lock-core", "lock-aws"]),
    ("report", &["lock-core", "lock-aws"]),
    ("sweep", &["lock-core", "lock-aws"]),
    ("failure", &["lock-core", "lock-aws"]),
    ("announce", &["lock-core", "lock-aws"]),
    ("show", &["lock-core", "lock-aws"]),
    // An independent reading of AWS, and an independent reading of the protocol.
    ("iot-topic", &[]),
    ("iot-sql", &[]),
    ("iot-shadow", &[]),
    ("aws-policy", &[]),
    ("aws-sigv4-verify", &[]),
    ("sam-template", &[]),
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
        "laptop",
        &["lock-core", "lock-aws", "local-cloud", "sam-template"],
    ),
    (
        "lockctl",
        &["lock-core", "lock-aws", "laptop", "aws-policy"],
    ),
    (
        "e2e",
        &[
            "aws-policy",
            "lock-aws",
            "lambda-host",
            "local-cloud",
            "running-cloud",
            "sam-template",
        ],
    ),
    // The real locks in this process; an operator's library reads the histories.
    (
        "load",
        &["lock-core", "lock-aws", "running-cloud", "virtual-device"],
    ),
    ("running-cloud", &["aws-sigv4-verify"]),
    ("bench", &["aws-sigv4-verify", "running-cloud"]),
    ("bench-raw", &[]),
    // The real decisions; tests compare its model of the device with the real C.
    ("protocol-model", &["lock-core"]),
    ("scale", &["lock-core"]),
    ("sim", &["lock-core", "virtual-device"]),
];

/// Which members its tests may use in addition.
const TESTS_MAY_USE: &[(&str, &[&str])] = &[
    ("iot-shadow", &["shadow-cases"]),
    ("sam-template", &["aws-policy", "iot-sql"]),
    ("local-cloud", &["shadow-cases"]),
    ("lock-aws", &["lock-testing"]),
    ("press", &["lock-testing"]),
    ("report", &["lock-testing"]),
    ("sweep", &["lock-testing"]),
    ("failure", &["lock-testing"]),
    ("announce", &["lock-testing"]),
    ("show", &["lock-testing"]),
    ("laptop", &["lock-testing"]),
    ("protocol-model", &["virtual-device"]),
];

/// Libraries of the pure core and of its tests: none reads a clock, an environment or a network.
const CORE_MAY_USE: &[&str] = &["base64", "crc32fast", "serde", "serde_json", "thiserror"];
const CORE_TESTS_MAY_USE: &[&str] = &["proptest"];

/// Crates that never wait: their code needs none of [`WAITING`], directly or not.
const PURE: &[&str] = &[
    "lock-core",
    "iot-topic",
    "iot-sql",
    "iot-shadow",
    "aws-policy",
    "aws-sigv4-verify",
    "sam-template",
];
const WAITING: &[&str] = &["axum", "tokio"];

/// Which members' code (not tests) may depend on crates whose names begin with the prefix.
const RESERVED: &[(&str, &[&str])] = &[
    ("aws-sdk-", &["lock-aws", "lock-testing", "e2e"]),
    ("aws-smithy-", &["lock-aws", "e2e"]),
    ("lambda_runtime", &["lock-aws"]),
    // SQLite in C is for the laptop, not for a function.
    ("dynoxide", &["local-cloud", "lock-testing"]),
    // It would double the build (infra/docs/decisions/0007-credentials.md).
    ("aws-config", &[]),
];

/// Every dependency that points the wrong way, and every permission without effect.
pub fn check(members: &[Member]) -> Vec<Violation> {
    let mut violations: Vec<Violation> = members
        .iter()
        .flat_map(|member| check_member(member, members))
        .collect();
    violations.extend(unused_permissions(members));
    violations
}

fn check_member(member: &Member, members: &[Member]) -> Vec<Violation> {
    let name = member.name.as_str();
    let Some((_, may_use)) = MAY_USE.iter().find(|(member, _)| *member == name) else {
        let what = format!("a new member: say in {TABLES} what it may use");
        return vec![Violation::new(name, what)];
    };
    let is_member = |used: &str| members.iter().any(|other| other.name == used);
    let allows = |table: &[&[&str]], used: &str| table.iter().any(|list| list.contains(&used));
    let is_allowed = |used: &str, members: &[&[&str]], libraries: &[&[&str]]| {
        if is_member(used) {
            allows(members, used)
        } else {
            name != "lock-core" || allows(libraries, used)
        }
    };
    let mut wrong = Vec::new();
    for used in member.uses(false) {
        if !is_allowed(used, &[may_use], &[CORE_MAY_USE]) {
            wrong.push(format!("must not use {used}"));
        }
        wrong.extend(reserved(name, used));
    }
    let tests_may_use = allowance(TESTS_MAY_USE, name);
    for used in member.uses(true) {
        let libraries = [CORE_MAY_USE, CORE_TESTS_MAY_USE];
        if !is_allowed(used, &[may_use, tests_may_use], &libraries) {
            wrong.push(format!("must not use {used} in its tests"));
        }
    }
    if PURE.contains(&name) {
        let waiting = WAITING
            .iter()
            .filter(|used| member.closure.contains(**used));
        wrong.extend(
            waiting.map(|used| format!("is pure, but needs {used}: see cargo tree -e normal")),
        );
    }
    wrong
        .into_iter()
        .map(|what| Violation::new(name, what))
        .collect()
}

fn allowance(table: &[(&str, &'static [&'static str])], name: &str) -> &'static [&'static str] {
    let entry = table.iter().find(|(member, _)| *member == name);
    entry.map_or(&[], |(_, may_use)| may_use)
}

/// A use of a crate that is reserved for other members.
fn reserved(name: &str, used: &str) -> Option<String> {
    let (prefix, owners) = RESERVED
        .iter()
        .find(|(prefix, _)| used.starts_with(prefix))?;
    let allowed = match owners {
        [] => "no member".to_owned(),
        _ => owners.join(", "),
    };
    (!owners.contains(&name)).then(|| format!("uses {used}: {prefix}… is for {allowed}"))
}

/// The entries of the tables above that allow what no manifest asks for.
fn unused_permissions(members: &[Member]) -> Vec<Violation> {
    let pairs = |(name, list): &(&'static str, &'static [&'static str])| {
        let name = *name;
        list.iter().map(move |used| (name, *used))
    };
    let owners = RESERVED
        .iter()
        .flat_map(pairs)
        .map(|(prefix, owner)| (owner, prefix));
    let libraries = CORE_MAY_USE.iter().chain(CORE_TESTS_MAY_USE);
    let permissions = MAY_USE.iter().chain(TESTS_MAY_USE).flat_map(pairs);
    let permissions = permissions
        .chain(owners)
        .chain(libraries.map(|used| ("lock-core", *used)));
    let member = |name: &str| members.iter().find(|member| member.name == name);
    let is_used = |name: &str, used: &str| {
        let dependencies = member(name)
            .into_iter()
            .flat_map(|member| &member.dependencies);
        dependencies
            .into_iter()
            .any(|dependency| dependency.name.starts_with(used))
    };
    let mut unused: Vec<String> = permissions
        .filter(|(name, used)| !is_used(name, used))
        .map(|(name, used)| format!("{name} does not use {used}: delete the entry"))
        .collect();
    let names = MAY_USE.iter().map(|(name, _)| name).chain(PURE);
    let gone = names.filter(|name| member(name).is_none());
    unused.extend(gone.map(|name| format!("{name} is not a member: delete the entry")));
    unused
        .into_iter()
        .map(|what| Violation::new(TABLES, what))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::member::{Dependency, Table};
    use super::*;

    /// All members of the tables, each with exactly what it may use.
    fn complete() -> Vec<Member> {
        let mut members: Vec<Member> = Vec::new();
        for (name, uses) in MAY_USE {
            members.push(Member {
                name: (*name).to_owned(),
                ..Member::default()
            });
            add(&mut members, name, uses, Table::Normal);
        }
        for (name, uses) in TESTS_MAY_USE {
            add(&mut members, name, uses, Table::Dev);
        }
        for (prefix, owners) in RESERVED {
            for owner in *owners {
                add(&mut members, owner, &[prefix], Table::Normal);
            }
        }
        add(&mut members, "lock-core", CORE_MAY_USE, Table::Normal);
        add(&mut members, "lock-core", CORE_TESTS_MAY_USE, Table::Dev);
        members
    }

    fn add(members: &mut Vec<Member>, name: &str, uses: &[&str], table: Table) {
        if !members.iter().any(|member| member.name == name) {
            members.push(Member {
                name: name.to_owned(),
                ..Member::default()
            });
        }
        let member = members.iter_mut().find(|member| member.name == name);
        let member = member.expect("it was just added");
        member
            .dependencies
            .extend(uses.iter().map(|used| Dependency {
                name: (*used).to_owned(),
                import: used.replace('-', "_"),
                table,
            }));
    }

    fn found(members: &[Member]) -> Vec<String> {
        check(members).into_iter().map(|v| v.what).collect()
    }

    #[test]
    fn dependencies_point_one_way() {
        use Table::{Dev, Normal};
        let cases: &[(&str, Table, &str, &[&str])] = &[
            ("lock-aws", Normal, "lock-core", &[]),
            (
                "local-cloud",
                Normal,
                "lock-core",
                &["must not use lock-core"],
            ),
            ("lock-aws", Normal, "press", &["must not use press"]),
            ("lock-core", Normal, "tokio", &["must not use tokio"]),
            (
                "press",
                Normal,
                "aws-sdk-dynamodb",
                &["uses aws-sdk-dynamodb: aws-sdk-… is for lock-aws, lock-testing, e2e"],
            ),
            (
                "lockctl",
                Normal,
                "aws-config",
                &["uses aws-config: aws-config… is for no member"],
            ),
            (
                "gadget",
                Normal,
                "serde",
                &["a new member: say in infra/xtask/src/tidy/layering.rs what it may use"],
            ),
            ("lock-core", Dev, "serde", &[]),
            (
                "lock-core",
                Dev,
                "tokio",
                &["must not use tokio in its tests"],
            ),
            ("lock-aws", Dev, "dynoxide-rs", &[]),
            (
                "local-cloud",
                Dev,
                "lock-core",
                &["must not use lock-core in its tests"],
            ),
            (
                "press",
                Dev,
                "lockctl",
                &["must not use lockctl in its tests"],
            ),
        ];
        for (name, table, used, expected) in cases {
            let mut members = complete();
            add(&mut members, name, &[used], *table);
            assert_eq!(&found(&members), expected, "{name} uses {used}");
        }
    }

    #[test]
    fn a_pure_crate_waits_nowhere_below_it() {
        let mut members = complete();
        members[0].closure.insert("tokio".to_owned());
        let expected = ["is pure, but needs tokio: see cargo tree -e normal"];
        assert_eq!(found(&members), expected);
    }

    #[test]
    fn a_permission_that_nothing_uses_is_found() {
        let cases = [
            ("press", "lock-aws"),
            ("e2e", "aws-smithy-"),
            ("protocol-model", "virtual-device"),
            ("lock-core", "base64"),
            ("lock-core", "proptest"),
        ];
        for (name, used) in cases {
            let expected = format!("{name} does not use {used}: delete the entry");
            let mut members = complete();
            let member = members.iter_mut().find(|member| member.name == name);
            let dependencies = &mut member.expect("in the table").dependencies;
            dependencies.retain(|dependency| dependency.name != used);
            assert_eq!(found(&members), [expected]);
        }
        let members: Vec<Member> = complete()
            .into_iter()
            .filter(|m| m.name != "xtask")
            .collect();
        let expected = ["xtask is not a member: delete the entry"];
        assert_eq!(found(&members), expected);
    }
}
