//! Dynamic references, wherever a template may have one.

use super::refusal::refused;
use super::{THERMOSTAT, Template, context, error, reference_key};

/// A function with one environment variable, which has this value in YAML.
fn function(value: &str) -> String {
    format!(
        "Parameters:\n  Stage: {{Type: String, Default: test}}\n  \
         Table: {{Type: String, Default: '{{{{resolve:ssm:/hut/table:1}}}}'}}\n\
         Resources:\n  Ears:\n    Type: AWS::Serverless::Function\n    Properties:\n      \
         CodeUri: ears/\n      Handler: bootstrap\n      Runtime: provided.al2023\n      \
         Environment:\n        Variables:\n          VALUE: {value}\n"
    )
}

// AWS different(template): dynamic references are read from Parameter Store and Secrets Manager;
//     here each needs a value from --resolve, and without one it is refused with file, line,
//     logical id
#[test]
fn a_dynamic_reference_is_never_passed_on_as_text() {
    for (to, name) in [
        ("WHERE: '{{resolve:ssm:/hut/table:1}}'", "ssm:/hut/table:1"),
        (
            "WHERE: 'a {{resolve:secretsmanager:hut:SecretString:key}} b'",
            "secretsmanager:hut:SecretString:key",
        ),
        (
            "WHERE: !Sub '{{resolve:ssm-secure:/hut/${AWS::Region}}}'",
            "ssm-secure:/hut/us-east-1",
        ),
        (
            "WHERE: !Join ['', ['{{resolve:', 'ssm:/x', '}}']]",
            "ssm:/x",
        ),
        ("WHERE: !If [IsAttic, up, '{{resolve:ssm:/x}}']", "ssm:/x"),
    ] {
        let expected = format!(
            "t.yaml:{{line}}: Regulate: dynamic reference {{{{resolve:{name}}}}} is not \
             supported: nothing here holds its value: give it with --resolve {name}=VALUE"
        );
        refused("WHERE: !If [IsAttic, up, down]", to, &expected);
    }
    refused(
        "WHERE: !If [IsAttic, up, down]",
        "WHERE: '{{resolve:ssm:/x'",
        "Regulate: a dynamic reference cannot be \"{{resolve:ssm:/x\": `{{resolve:` has no \
         closing `}}`",
    );
    refused(
        "TableName: !Ref AWS::StackName",
        "TableName: '{{resolve:ssm:/x}}'",
        "dynamic reference {{resolve:ssm:/x}} is not supported",
    );
    let found = error(&function("!Ref Table"), &[]);
    assert!(
        found.starts_with("t.yaml:13:") && found.contains("--resolve ssm:/hut/table:1=VALUE"),
        "{found}"
    );
}

#[test]
fn a_value_that_is_given_replaces_its_reference() {
    let keys = [
        "ssm:/hut/table:1",
        "{{resolve:ssm:/hut/test:2}}",
        "secretsmanager:hut:SecretString:key",
    ]
    .map(reference_key);
    let given = [
        (keys[0].as_str(), "huts"),
        (keys[1].as_str(), "tests"),
        (keys[2].as_str(), "s=e"),
    ];
    for (value, expected) in [
        ("!Ref Table", "huts"),
        ("'{{resolve:ssm:/hut/table:1}}'", "huts"),
        ("!Sub 'a/{{resolve:ssm:/hut/${Stage}:2}}/b'", "a/tests/b"),
        (
            "'{{resolve:ssm:/hut/table:1}}-{{resolve:secretsmanager:hut:SecretString:key}}'",
            "huts-s=e",
        ),
    ] {
        let template = Template::parse("t.yaml", &function(value), &context(&given));
        let template = template.unwrap_or_else(|error| panic!("{value}: {error}"));
        assert_eq!(template.functions[0].environment["VALUE"], expected);
    }
    // A value for a reference that the template does not have is not an unknown parameter.
    assert!(Template::parse("t.yaml", THERMOSTAT, &context(&given)).is_ok());
}

// AWS different(template): ImportValue reads the export of another stack; here it needs a value
//     from --resolve import:NAME=VALUE, and without one it is refused with that option
#[test]
fn the_value_of_another_stack_is_given_like_a_reference() {
    let given = [
        (reference_key("import:test-hut"), "hut-7"),
        (reference_key("import:a:b"), "8"),
    ];
    let given = given.each_ref().map(|(key, value)| (key.as_str(), *value));
    for (value, expected) in [
        ("!ImportValue test-hut", "hut-7"),
        ("{'Fn::ImportValue': !Sub '${Stage}-hut'}", "hut-7"),
        (
            "!Join ['/', [!ImportValue test-hut, !ImportValue 'a:b']]",
            "hut-7/8",
        ),
    ] {
        let template = Template::parse("t.yaml", &function(value), &context(&given));
        let template = template.unwrap_or_else(|error| panic!("{value}: {error}"));
        assert_eq!(template.functions[0].environment["VALUE"], expected);
    }
    let found = error(
        &function("!ImportValue {'Fn::Sub': '${Stage}-barn'}"),
        &given,
    );
    assert!(found.starts_with("t.yaml:13:"), "{found}");
    assert!(
        found.ends_with("by --resolve import:test-barn=VALUE"),
        "{found}"
    );
}

#[test]
fn a_resource_has_its_place_and_gives_it_to_what_sam_generates() {
    let template = Template::parse("t.yaml", &function("a"), &context(&[])).expect("valid");
    for (id, expected) in [
        ("Ears", "t.yaml:5:3: Ears"),
        ("EarsHeard", "t.yaml:5:3: EarsHeard"),
        ("Other", "t.yaml: Other"),
    ] {
        assert_eq!(template.places.of(id), expected);
    }
}
