//! Tables of templates: what they resolve to, and how they are refused.

mod action;
mod alarm;
mod duplicate;
mod dynamic;
mod flow;
mod form;
mod inert;
mod lambda;
mod meaning;
mod provisioning;
mod queue;
mod reference;
mod refusal;
mod role;
mod schedule;
mod stack;
mod stream;
mod topic;

use std::collections::BTreeMap;

use serde_json::json;

use super::*;

const THERMOSTAT: &str = include_str!("tests/thermostat.yaml");

fn context(parameters: &[(&str, &str)]) -> Context {
    Context {
        stack_name: "my-home".to_owned(),
        region: "us-east-1".to_owned(),
        account: "123456789012".to_owned(),
        parameters: parameters
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect(),
        inert: BTreeSet::new(),
    }
}

fn thermostat(parameters: &[(&str, &str)]) -> Template {
    match Template::parse("t.yaml", THERMOSTAT, &context(parameters)) {
        Ok(template) => template,
        Err(error) => panic!("{error}"),
    }
}

/// A template with these resources and nothing else.
fn resources(text: &str) -> Result<Template, TemplateError> {
    let text = format!("Transform: AWS::Serverless-2016-10-31\nResources:\n{text}");
    Template::parse("t.yaml", &text, &context(&[]))
}

fn error(text: &str, parameters: &[(&str, &str)]) -> String {
    match Template::parse("t.yaml", text, &context(parameters)) {
        Ok(_) => panic!("accepted:\n{text}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_table_keeps_its_keys_indexes_and_expiry() {
    let template = thermostat(&[]);
    let number = |name: &str| (name.to_owned(), KeyType::N);
    assert_eq!(
        template.tables,
        [Table {
            logical_id: "Readings".to_owned(),
            name: "my-home".to_owned(),
            hash: ("pk".to_owned(), KeyType::S),
            range: Some(number("at")),
            attributes: BTreeMap::from([("pk".to_owned(), KeyType::S), number("at")]),
            indexes: vec![Index {
                name: "by-time".to_owned(),
                hash: number("at"),
                range: None,
                projection: Projection::Include(vec!["degrees".to_owned()]),
            }],
            ttl_attribute: Some("expires".to_owned()),
            deletion_protection: false,
            stream: None,
        }]
    );
}

#[test]
fn a_function_merges_globals_and_resolves_its_environment() {
    let template = thermostat(&[]);
    let function = &template.functions[0];
    let environment: Vec<(&str, &str)> = function
        .environment
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    assert_eq!(
        environment,
        [
            ("LEVEL", "own"),
            ("MAX", "21"),
            ("SECOND", "south"),
            ("TABLE", "my-home"),
            ("WHERE", "down"),
            ("ZONES", "north/south"),
        ]
    );
    assert_eq!(function.name, "my-home-Regulate");
    assert_eq!(
        function.arn,
        "arn:aws:lambda:us-east-1:123456789012:function:my-home-Regulate"
    );
    assert_eq!(function.binary, "regulate");
    assert_eq!((function.timeout_s, function.memory_mb), (10, 256));
    assert_eq!((function.max_retries, function.max_event_age_s), (1, 180));
    assert_eq!(function.log_format.as_deref(), Some("JSON"));
    assert_eq!(function.log_level.as_deref(), Some("DEBUG"));
    assert_eq!(function.on_failure.as_ref(), Some(&template.queues[0].arn));
    assert_eq!(
        function.role_policies[0]["Statement"][0]["Resource"],
        "arn:aws:dynamodb:us-east-1:123456789012:table/my-home"
    );
    assert_eq!(
        function.role_policies[1],
        json!({"DynamoDBCrudPolicy": {"TableName": "my-home"}})
    );
    let permission = &function.permissions[0];
    assert_eq!(permission.source_arn.as_ref(), Some(&template.rules[0].arn));
    assert_eq!(permission.source_account.as_deref(), Some("123456789012"));
}

#[test]
fn a_rule_keeps_sql_actions_and_substitution_templates() {
    let template = thermostat(&[]);
    let rule = &template.rules[0];
    assert_eq!(rule.name, "myhome_Measured");
    assert_eq!(rule.sql, "SELECT degrees FROM 'rooms/+'");
    assert_eq!(rule.sql_version, "2016-03-23");
    let role_arn = "arn:aws:iam::123456789012:role/my-home-Copier".to_owned();
    assert_eq!(
        rule.actions,
        [
            Action::Lambda {
                function_arn: template.functions[0].arn.clone()
            },
            Action::Republish {
                topic: "copies/${topic(2)}".to_owned(),
                qos: 1,
                headers: None,
                role_arn: role_arn.clone(),
            },
        ]
    );
    assert_eq!(
        rule.error_action,
        Some(Action::Sqs {
            queue_url: "https://sqs.us-east-1.amazonaws.com/123456789012/my-home-Failures"
                .to_owned(),
            use_base64: false,
            role_arn,
        })
    );
}

#[test]
fn an_escaped_policy_variable_survives_sub() {
    let template = thermostat(&[]);
    assert_eq!(
        template.iot_policies["my-home-sensor"]["Statement"][0]["Resource"],
        "arn:aws:iot:us-east-1:123456789012:topic/rooms/${iot:Connection.Thing.ThingName}"
    );
}

#[test]
fn parameters_decide_conditions_resources_and_outputs() {
    let outputs = |parameters: &[(&str, &str)]| {
        let template = thermostat(parameters);
        (template.queues.len(), template.outputs)
    };
    let (queues, plain) = outputs(&[]);
    assert_eq!(queues, 1);
    assert_eq!(plain["Table"], "my-home");
    assert!(plain["Function"].ends_with("my-home-Regulate$latest"));
    assert!(!plain.contains_key("Either"));
    let (queues, attic) = outputs(&[("Room", "attic"), ("Suffix", "abc")]);
    assert_eq!(queues, 2);
    assert_eq!(attic["Either"], "yes");
}

#[test]
fn resources_without_local_effect_are_listed() {
    let template = thermostat(&[]);
    assert!(
        template.without_effect.is_empty(),
        "{:?}",
        template.without_effect
    );
    assert_eq!(
        template.topics[0].arn,
        "arn:aws:sns:us-east-1:123456789012:my-home-Alerts"
    );
}

#[test]
fn an_override_is_checked_like_a_default() {
    let cases = [
        (
            "Colour",
            "red",
            "t.yaml: parameter Colour is not declared: use one of Room",
        ),
        ("Room", "cellar", "allowed values: kitchen, attic"),
        (
            "MaxDegrees",
            "hot",
            "t.yaml:10:3: MaxDegrees: the value cannot be \"hot\": it is not a number",
        ),
        ("MaxDegrees", "31", "MaxValue is 30"),
        ("MaxDegrees", "4", "MinValue is 5"),
        ("Suffix", "ABC", "it must match [a-z]{0,3}"),
        ("Suffix", "abcd", "it must match [a-z]{0,3}"),
    ];
    for (name, value, expected) in cases {
        let message = error(THERMOSTAT, &[(name, value)]);
        assert!(message.contains(expected), "{name}={value}: {message}");
    }
}

#[test]
fn numbers_keep_their_text_as_strings() {
    let text = "Parameters:\n  P: {Type: String, Default: 007}\nResources: {}\nOutputs:\n  A: \
                {Value: !Ref P}\n  \
                B: {Value: 1.50}\n  C: {Value: !!str 12}\n  D: {Value: true}\n";
    let template = Template::parse("t.yaml", text, &context(&[])).expect("valid");
    let values: Vec<&str> = template.outputs.values().map(String::as_str).collect();
    assert_eq!(values, ["007", "1.50", "12", "true"]);
}

#[test]
fn the_template_of_this_workspace_loads() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../template.yaml");
    let template = match Template::load(&path, &context(&[])) {
        Ok(template) => template,
        Err(error) => panic!("{error}"),
    };
    assert!(!template.functions.is_empty() && !template.rules.is_empty());
    for rule in &template.rules {
        assert_eq!(rule.sql_version, "2016-03-23", "{}", rule.name);
        let parsed = iot_sql::Statement::parse(&rule.sql, iot_sql::Version::V2016);
        assert!(parsed.is_ok(), "{}: {parsed:?}", rule.name);
    }
    for (name, document) in &template.iot_policies {
        let parsed = aws_policy::Document::parse(document);
        assert!(parsed.is_ok(), "{name}: {parsed:?}");
    }
}
