//! Tests of schema.rs, which build.rs runs.

use crate::schema::{Default, Schema, accessors, extend, table};

fn schema(entries: &str) -> Result<Schema, String> {
    let mut schema = Schema::new();
    extend(&mut schema, &format!("config_schema:\n{entries}"))?;
    Ok(schema)
}

#[test]
fn settings_are_declared_and_overridden_as_mongoose_does() {
    let schema = schema(
        "  - [\"a\", \"o\", {title: \"A\"}]\n  - [\"a.text\", \"s\", \"x\", {title: \"T\"}]\n  - [\"a.none\", \"s\", {title: \"N\"}]\n\
         \x20 - [\"a.number\", \"i\", 3]\n  - [\"a.flag\", \"b\", true]\n  - [\"a.ratio\", \"d\", 2]\n  - [\"a.number\", 4]\n",
    )
    .unwrap();
    let expected = [
        ("a.flag", Default::Bool(true)),
        ("a.none", Default::Text(String::new())),
        ("a.number", Default::Int(4)),
        ("a.ratio", Default::Double(2.0)),
        ("a.text", Default::Text("x".into())),
    ];
    assert_eq!(schema, expected.map(|(k, v)| (k.to_owned(), v)).into());
}

#[test]
fn a_setting_that_mongoose_would_not_build_is_an_error() {
    for entries in [
        "  - [\"a.number\", 4]\n",
        "  - [\"a.x\", \"q\", 1]\n",
        "  - [\"a.x\", \"i\", \"one\"]\n",
        "  - [\"a.x\", \"i\", 1]\n  - [\"a.x\", \"s\", \"\"]\n",
        "  - nothing\n",
    ] {
        assert!(schema(entries).is_err(), "{entries}");
    }
}

#[test]
fn accessors_are_named_and_typed_as_mongoose_generates_them() {
    let schema =
        schema("  - [\"a.text\", \"s\", \"x\"]\n  - [\"a.b.flag\", \"b\", true]\n").unwrap();
    let (header, source) = accessors(&schema);
    for line in [
        "const char *mgos_sys_config_get_a_text(void);",
        "void mgos_sys_config_set_a_text(const char *v);",
        "int mgos_sys_config_get_a_b_flag(void);",
        "void mgos_sys_config_set_a_b_flag(int v);",
    ] {
        assert!(header.contains(line), "{line} in {header}");
        assert!(
            source.contains(line.trim_end_matches(';')),
            "{line} in {source}"
        );
    }
    assert!(table(&schema).contains("(\"a.b.flag\", Initial::Bool(true))"));
}

#[test]
fn the_files_of_the_image_are_valid_json_and_the_versions_agree() {
    for (name, text) in [
        ("conf1.json", include_str!("../../fs/conf1.json")),
        (
            "conf9.example.json",
            include_str!("../../fs/conf9.example.json"),
        ),
    ] {
        let parsed = serde_json::from_str::<serde_json::Value>(text);
        assert!(parsed.is_ok_and(|json| json.is_object()), "{name}");
    }
    let firmware = include_str!("../../src/port.h")
        .lines()
        .find_map(|line| line.strip_prefix("#define PORT_FIRMWARE "))
        .unwrap()
        .trim_matches('"');
    let manifest = include_str!("../../mos.yml");
    assert!(
        manifest.contains(&format!("\nversion: {firmware}\n")),
        "{firmware}"
    );
}
