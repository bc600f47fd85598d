//! Tests of manifest.rs: a manifest that is good, and each thing that makes one bad.

use super::*;

const GOOD: &str = r#"
name: remote-lock
author: somebody
version: 1.0.0
sources:
  - core
  - src
includes:
  - core
filesystem:
  - fs
libs_version: "2.20.0"
modules_version: "2.20.0"
mongoose_os_version: "2.20.0"
config_schema:
  - ["app", "o", {title: "App"}]
  - ["app.role", "s", "lock", {title: "Role"}]
  - ["app.name", "s", {title: "Name"}]
  - ["app.role", "button"]
  - ["mqtt.server", ""]
libs:
  - location: https://example.com/libs/mqtt
  - location: https://example.com/libs/wifi
    version: 2.19.1
manifest_version: 2017-09-29
"#;

const DECLARED: &str = r#"
config_schema:
  - ["mqtt", "o", {}]
  - ["mqtt.server", "s", "broker"]
"#;

const FILES: &[(&str, &str)] = &[
    (LIBRARY, DECLARED),
    (PORT, "#define PORT_FIRMWARE \"1.0.0\"\n"),
    ("firmware/core/lock.c", ""),
    ("firmware/core/lock.h", ""),
    ("firmware/src/main.c", ""),
    ("firmware/extra/deep/deep.h", ""),
    ("firmware/fs/conf1.json", "{}"),
];

fn found(manifest: &str) -> Vec<String> {
    let mut files = FILES.to_vec();
    files.push((MANIFEST, manifest));
    check(&Tree::of(&files))
        .into_iter()
        .map(|violation| violation.what)
        .collect()
}

/// What is found when `old` is `new` in the good manifest.
fn with(old: &str, new: &str) -> Vec<String> {
    assert!(GOOD.contains(old), "{old}");
    found(&GOOD.replacen(old, new, 1))
}

#[test]
fn a_good_manifest_passes() {
    assert_eq!(found(GOOD), [""; 0]);
}

#[test]
fn a_key_that_the_tool_ignores_is_refused() {
    for (old, new, key) in [
        ("author:", "auhtor:", "auhtor"),
        ("filesystem:\n", "fs_filter: []\nfilesystem:\n", "fs_filter"),
        ("author:", "arch:", "arch"),
    ] {
        let expected = format!("{key}: is not a key of a manifest; the tool ignores it");
        assert_eq!(with(old, new), [expected]);
    }
}

#[test]
fn a_manifest_without_a_proper_name_is_refused() {
    for (new, expected) in [
        (
            "",
            "name: is missing; the tool would take the folder's name",
        ),
        (
            "name: remote/lock\n",
            "name: \"remote/lock\" goes into file names; letters, digits, - and _ are allowed",
        ),
        (
            "name: \"\"\n",
            "name: \"\" goes into file names; letters, digits, - and _ are allowed",
        ),
    ] {
        assert_eq!(with("name: remote-lock\n", new), [expected]);
    }
}

#[test]
fn a_folder_that_brings_nothing_is_refused() {
    for (old, new, expected) in [
        (
            "  - core\n  - src",
            "  - cor\n  - src",
            "sources: \"cor\" is not a folder with a C file in it; the tool ignores it",
        ),
        (
            "  - core\n  - src",
            "  - core\n  - fs",
            "sources: \"fs\" is not a folder with a C file in it; the tool ignores it",
        ),
        (
            "includes:\n  - core",
            "includes:\n  - extra",
            "includes: \"extra\" is not a folder with a header in it; the tool ignores it",
        ),
        (
            "  - fs",
            "  - files",
            "filesystem: \"files\" is not a folder with a file in it; the tool ignores it",
        ),
        ("filesystem:\n  - fs\n", "", "filesystem: lists no folder"),
        (
            "sources:\n  - core\n  - src\n",
            "sources: core\n",
            "sources: lists no folder",
        ),
    ] {
        assert_eq!(with(old, new), [expected]);
    }
}

#[test]
fn a_version_that_moves_is_refused() {
    for key in VERSIONS {
        for version in [
            "${mos.version}",
            "latest",
            "master",
            "\"2.20\"",
            "2.20",
            "\"2..0\"",
        ] {
            let expected =
                format!("{key}: is not a release such as \"2.20.0\", so the build may change");
            let old = format!("{key}: \"2.20.0\"");
            assert_eq!(
                with(&old, &format!("{key}: {version}")),
                [expected.as_str()]
            );
            assert_eq!(with(&format!("{old}\n"), ""), [expected]);
        }
    }
}

#[test]
fn a_library_that_the_tool_may_take_otherwise_is_refused() {
    for (old, new, expected) in [
        (
            "version: 2.19.1",
            "version: master",
            &["libs: https://example.com/libs/wifi: its version is not a release"][..],
        ),
        (
            "  - location: https://example.com/libs/mqtt",
            "  - origin: https://example.com/libs/mqtt",
            &["libs: an entry has no location"],
        ),
        (
            "    version: 2.19.1",
            "    verison: 2.19.1",
            &["libs: https://example.com/libs/wifi: verison is not a key of a library"],
        ),
        (
            "libs/wifi",
            "libs/mqtt",
            &["libs: https://example.com/libs/mqtt is listed twice"],
        ),
    ] {
        assert_eq!(with(old, new), expected);
    }
}

#[test]
fn a_version_other_than_the_reported_one_is_refused() {
    let expected = "version: is 1.0.1, but PORT_FIRMWARE in firmware/src/port.h, which a device \
                    reports, is 1.0.0";
    assert_eq!(with("version: 1.0.0", "version: 1.0.1"), [expected]);
}

#[test]
fn a_setting_that_nothing_declares_or_that_is_said_twice_is_refused() {
    let override_of = "  - [\"mqtt.server\", \"\"]\n";
    for (new, expected) in [
        (
            "  - [\"mqtt.sever\", \"\"]\n",
            "config_schema: mqtt.sever is overridden, but neither a library \
             (firmware/virtual/shim/library.yml) nor the app declares it",
        ),
        (
            "  - [\"app.level\", \"i\"]\n",
            "config_schema: app.level is overridden, but neither a library \
             (firmware/virtual/shim/library.yml) nor the app declares it",
        ),
        (
            "  - [\"app.role\", \"both\"]\n",
            "config_schema: app.role is overridden twice",
        ),
        (
            "  - [\"mqtt.server\", \"s\", \"\", {title: \"Ours\"}]\n",
            "config_schema: mqtt.server is declared twice",
        ),
        (
            "  - [\"mqtt.server\"]\n",
            "config_schema: mqtt.server is neither a declaration nor an override",
        ),
        (
            "  - mqtt.server\n",
            "config_schema: an entry without a key is neither a declaration nor an override",
        ),
    ] {
        assert_eq!(with(override_of, new), [expected]);
    }
}

#[test]
fn a_manifest_that_cannot_be_read_is_one_violation() {
    for (text, beginning) in [
        ("", "firmware/mos.yml holds no keys"),
        ("- a list\n", "firmware/mos.yml holds no keys"),
        ("name: [\n", "firmware/mos.yml is not YAML: "),
        ("name: a\nname: b\n", "firmware/mos.yml is not YAML: "),
    ] {
        let found = found(text);
        assert_eq!(found.len(), 1, "{text:?}: {found:?}");
        assert!(found[0].starts_with(beginning), "{text:?}: {found:?}");
    }
    let missing = check(&Tree::of(FILES));
    assert_eq!(missing.len(), 1);
    assert_eq!(missing[0].what, "firmware/mos.yml is missing");
}

#[test]
fn what_is_declared_is_not_what_is_overridden() {
    let mut files = FILES.to_vec();
    files.push((MANIFEST, GOOD));
    let declared = declared(&Tree::of(&files)).expect("both are well formed");
    let expected = ["app", "app.name", "app.role", "mqtt", "mqtt.server"];
    assert!(declared.iter().eq(expected.iter()), "{declared:?}");
}
