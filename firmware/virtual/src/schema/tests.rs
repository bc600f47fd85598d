//! Tests of the generator, which otherwise only build.rs runs.

use crate::schema::{Default, Schema, accessors, extend, table};

fn schema(entries: &str) -> Result<Schema, String> {
    let mut schema = Schema::new();
    extend(&mut schema, &format!("config_schema:\n{entries}"))?;
    Ok(schema)
}

#[test]
fn settings_are_declared_and_overridden_as_mongoose_does() {
    let schema = schema(
        r#"
  - ["a", "o", {title: "A"}]
  - ["a.text", "s", "x", {title: "T"}]
  - ["a.none", "s", {title: "N"}]
  - ["a.number", "i", 3]
  - ["a.flag", "b", true]
  - ["a.ratio", "d", 2]
  - ["a.number", 4]
"#,
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
    assert!(table(&schema).contains("(\"a.b.flag\".to_owned(), Value::Bool(true))"));
}

#[test]
fn the_section_of_mqtt_is_a_struct_that_can_be_copied_and_changed() {
    let schema = schema(
        r#"
  - ["mqtt.enable", "b", true]
  - ["mqtt.server", "s", "x"]
  - ["mqttx.y", "i", 1]
"#,
    )
    .unwrap();
    let (header, _) = accessors(&schema);
    let expected = "struct mgos_config_mqtt {\n  int enable;\n  const char *server;\n};\n\
        const struct mgos_config_mqtt *mgos_sys_config_get_mqtt(void);\n";
    assert!(header.contains(expected), "{header}");
}

#[test]
fn what_the_libraries_leave_open_is_closed_by_the_image() {
    let text = |t: &str| Default::Text(t.into());
    let mut schema = Schema::new();
    let dangers = [
        ("mqtt.server", text("iot.eclipse.org:1883"), text("")),
        ("mqtt.ssl_ca_cert", text(""), text("ca.pem")),
        ("mqtt.max_qos", Default::Int(2), Default::Int(1)),
        ("mqtt.max_queue_length", Default::Int(5), Default::Int(0)),
        ("wifi.ap.enable", Default::Bool(true), Default::Bool(false)),
        ("wifi.ap.pass", text("Mongoose"), text("unset")),
        ("rpc.http_enable", Default::Bool(true), Default::Bool(false)),
    ];
    extend(&mut schema, include_str!("../../shim/library.yml")).unwrap();
    for (key, open, _) in &dangers {
        assert_eq!(schema.get(*key), Some(open), "{key} as the library has it");
    }
    extend(&mut schema, include_str!("../../../mos.yml")).unwrap();
    for (key, _, closed) in &dangers {
        assert_eq!(schema.get(*key), Some(closed), "{key} as the image has it");
    }
}

#[test]
fn the_thing_name_is_the_apps_own_setting_and_no_library_uses_the_shadow() {
    let mut schema = Schema::new();
    extend(&mut schema, include_str!("../../shim/library.yml")).unwrap();
    assert!(!schema.contains_key("aws.thing_name"));
    extend(&mut schema, include_str!("../../../mos.yml")).unwrap();
    assert_eq!(schema["aws.thing_name"], Default::Text(String::new()));
    for library in ["/shadow", "/aws"] {
        assert!(
            !include_str!("../../../mos.yml").contains(&format!("mongoose-os-libs{library}\n"))
        );
    }
}
