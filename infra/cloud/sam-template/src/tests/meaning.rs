//! The results of functions, globals, events and the smaller resource types.

use super::*;

/// The outputs of a template without resources.
fn outputs(text: &str, parameters: &[(&str, &str)]) -> BTreeMap<String, String> {
    let text = format!("{text}\n");
    match Template::parse("t.yaml", &text, &context(parameters)) {
        Ok(template) => template.outputs,
        Err(error) => panic!("{error}\n{text}"),
    }
}

// AWS same(template): Ref, Sub (both forms), GetAtt (both), Join, Select, Split, Base64, FindInMap,
//     If and pseudo parameters
#[test]
fn intrinsic_functions_resolve_as_in_cloudformation() {
    let rows = [
        // Function, value.
        ("!Ref AWS::Region", "us-east-1"),
        ("!Ref Room", "attic"),
        ("{Ref: Room}", "attic"),
        ("!Sub '${Room}-${!kept}'", "attic-${kept}"),
        ("!Sub ['${a}/${Room}', {a: !Ref Room}]", "attic/attic"),
        (
            "{'Fn::Sub': '${Queue.Arn}'}",
            "arn:aws:sqs:us-east-1:123456789012:my-home-Queue",
        ),
        ("!GetAtt Queue.QueueName", "my-home-Queue"),
        ("{'Fn::GetAtt': [Queue, QueueName]}", "my-home-Queue"),
        (
            "!Ref Queue",
            "https://sqs.us-east-1.amazonaws.com/123456789012/my-home-Queue",
        ),
        ("!Join ['-', [a, !Ref Room, b]]", "a-attic-b"),
        ("!Select ['1', [a, b]]", "b"),
        ("!Select [2, !Split [':', 'a:b:c']]", "c"),
        ("!Join ['+', !Split [',', 'x,y']]", "x+y"),
        ("{'Fn::Base64': !Ref Room}", "YXR0aWM="),
        ("!FindInMap [Floors, !Ref Room, name]", "up"),
        ("!Select [0, !FindInMap [Floors, attic, steps]]", "3"),
        ("!If [IsAttic, yes, no]", "yes"),
        ("!If [Both, yes, no]", "no"),
        ("!If [Neither, yes, no]", "no"),
        (
            "!GetAtt Worker.Arn",
            "arn:aws:lambda:us-east-1:123456789012:function:my-home-Worker",
        ),
        (
            "!GetAtt WorkerRole.Arn",
            "arn:aws:iam::123456789012:role/my-home-WorkerRole",
        ),
        ("!Ref Thermometer", "t-1"),
    ];
    for (function, expected) in rows {
        let text = format!("{SMALL}Outputs:\n  It:\n    Value: {function}\n");
        assert_eq!(outputs(&text, &[])["It"], expected, "{function}");
    }
}

const SMALL: &str = "\
Parameters:
  Room: {Type: String, Default: attic, NoEcho: true, AllowedPattern: '[a-z]+',
      ConstraintDescription: small letters only}
Mappings:
  Floors: {attic: {name: up, steps: [3, 4]}}
Conditions:
  IsAttic: !Equals [!FindInMap [Floors, attic, name], up]
  Both: !And [!Condition IsAttic, !Not [!Condition IsAttic]]
  Neither: !Or [!Condition Both, !Equals [a, b]]
Globals:
  Function:
    Runtime: provided.al2023
    Handler: bootstrap
    Tags: {global: a, both: a}
    Architectures: [arm64]
    Environment: {Variables: {A: global, B: global}}
  SimpleTable:
    SSESpecification: {SSEEnabled: true}
Resources:
  Queue: {Type: 'AWS::SQS::Queue', DependsOn: Table, DeletionPolicy: Retain,
      Metadata: {Any: !Sub '${Room}'}}
  Table: {Type: 'AWS::Serverless::SimpleTable', Properties: {PrimaryKey: {Name: pk, Type: String}}}
  Plain: {Type: 'AWS::Serverless::SimpleTable'}
  Thermometer: {Type: 'AWS::IoT::Thing', Properties: {ThingName: t-1,
      AttributePayload: {Attributes: {room: !Ref Room}}}}
  Held: {Type: 'AWS::IoT::ThingPrincipalAttachment', Properties: {ThingName: !Ref Thermometer,
      Principal: 'arn:c'}}
  Allowed: {Type: 'AWS::IoT::PolicyPrincipalAttachment', Properties: {PolicyName: p,
      Principal: 'arn:c'}}
  Worker:
    Type: AWS::Serverless::Function
    Metadata: {SkipBuild: true}
    Properties:
      CodeUri: functions/worker
      ReservedConcurrentExecutions: 2
      Environment: {Variables: {B: own}}
      Events:
        Said: {Type: IoTRule, Properties: {Sql: SELECT * FROM 'said',
            AwsIotSqlVersion: '2016-03-23'}}
        Old: {Type: Schedule, Properties: {Schedule: rate(2 minutes), Enabled: false}}
  Patience:
    Type: AWS::Lambda::EventInvokeConfig
    Properties:
      FunctionName: !Ref Worker
      Qualifier: $LATEST
      MaximumRetryAttempts: 0
      DestinationConfig: {OnFailure: {Destination: !GetAtt Queue.Arn}}
  More:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: more
      Roles: [!Ref WorkerRole]
      PolicyDocument: {Version: '2012-10-17', Statement: []}
  Errors: {Type: 'AWS::Logs::MetricFilter', Properties: {LogGroupName: g, FilterPattern: x,
      MetricTransformations: []}}
  Alarm: {Type: 'AWS::CloudWatch::Alarm',
      Properties: {ComparisonOperator: GreaterThanThreshold, EvaluationPeriods: 1, Threshold: 0,
      Namespace: AWS/Lambda, MetricName: Errors, Statistic: Sum, Period: 60}}
";

// AWS same(template): of a key that a mapping has twice the last value counts, in YAML and JSON; a
//     note names both lines
#[test]
fn the_last_value_of_a_key_counts() {
    for (text, expected) in [
        (
            "Resources:\n  Q:\n    Type: AWS::SQS::Queue\n    Properties:\n      \
             DelaySeconds: 1\n      DelaySeconds: 2\n",
            "t.yaml:6:7: DelaySeconds: the key is in line 5, too, in the same mapping: the value \
             here counts, as in CloudFormation; remove the other",
        ),
        (
            "{\"Resources\": {\n\"Q\": {\"Type\": \"AWS::SNS::Topic\"},\n\"Q\": {\"Type\": \
             \"AWS::SQS::Queue\", \"Properties\": {\"DelaySeconds\": 2}}}}",
            "t.yaml:3:1: Q: the key is in line 2, too",
        ),
    ] {
        let template = Template::parse("t.yaml", text, &context(&[])).unwrap();
        assert_eq!(template.topics, []);
        assert_eq!(template.queues[0].delay_s, 2);
        let [note] = template.notes.as_slice() else {
            panic!("{:?}", template.notes);
        };
        assert!(note.starts_with(expected), "{note}");
    }
}

fn small() -> Template {
    match Template::parse("t.yaml", SMALL, &context(&[])) {
        Ok(template) => template,
        Err(error) => panic!("{error}"),
    }
}

// AWS same(template): Globals: maps merge, lists are concatenated, and any other value is replaced
//     by the function's own
#[test]
fn a_functions_own_properties_override_globals() {
    let function = &small().functions[0];
    let variables: Vec<_> = function.environment.iter().collect();
    let text = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    let expected = [text("A", "global"), text("B", "own")];
    assert_eq!(
        variables,
        expected.iter().map(|(a, b)| (a, b)).collect::<Vec<_>>()
    );
    assert_eq!(function.handler, "bootstrap");
}

// AWS same(template): an IoTRule event becomes a rule with its permission, a Schedule event an
//     EventBridge rule
#[test]
fn events_become_rules_permissions_and_schedules() {
    let template = small();
    let function = &template.functions[0];
    let rule = &template.rules[0];
    assert_eq!(
        (rule.logical_id.as_str(), rule.sql.as_str()),
        ("WorkerSaid", "SELECT * FROM 'said'")
    );
    assert_eq!(
        rule.actions,
        [Action::Lambda {
            function_arn: function.arn.clone()
        }]
    );
    assert_eq!(function.permissions[0].source_arn.as_ref(), Some(&rule.arn));
    let schedule = &template.schedules[0];
    assert_eq!(
        schedule.arn,
        "arn:aws:events:us-east-1:123456789012:rule/my-home-WorkerOld"
    );
    assert_eq!(
        (schedule.kind, schedule.enabled),
        (ScheduleKind::Rule, false)
    );
    assert_eq!(schedule.period.as_secs(), 120);
}

// AWS same(template): EventInvokeConfig and IAM policy resources apply to the function that they
//     name
#[test]
fn attached_resources_reach_those_they_name() {
    let template = small();
    let function = &template.functions[0];
    assert_eq!(
        (function.max_retries, function.max_event_age_s),
        (0, 21_600)
    );
    assert_eq!(function.on_failure.as_ref(), Some(&template.queues[0].arn));
    assert_eq!(
        function.role_policies,
        [json!({"Version": "2012-10-17", "Statement": []})]
    );
    assert_eq!(function.reserved_concurrency, Some(2));
    assert_eq!(
        (function.binary.as_str(), function.code_uri.as_str()),
        ("Worker", "functions/worker")
    );
}

// AWS same(template): SimpleTable with its primary key, things with attributes, attachments by ARN
#[test]
fn simple_tables_things_and_attachments_are_read() {
    let template = small();
    let keys: Vec<_> = template.tables.iter().map(|t| t.hash.0.as_str()).collect();
    assert_eq!(keys, ["pk", "id"]);
    assert_eq!(template.things[0].attributes["room"], "attic");
    let attached = |a: &Attachment| (a.to.clone(), a.principal.clone());
    assert_eq!(
        attached(&template.thing_attachments[0]),
        ("t-1".to_owned(), "arn:c".to_owned())
    );
    assert_eq!(
        attached(&template.policy_attachments[0]),
        ("p".to_owned(), "arn:c".to_owned())
    );
    let without: Vec<_> = template
        .without_effect
        .iter()
        .map(|w| w.logical_id.as_str())
        .collect();
    // AWS different(template): metric filters count lines of logs; here they are checked and have
    //     no effect
    assert_eq!(without, ["Errors"]);
}

#[test]
fn parameters_are_listed_with_their_bounds() {
    let declared = parameters("t.yaml", THERMOSTAT).expect("a sound template");
    let names: Vec<&str> = declared.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["Room", "MaxDegrees", "Suffix", "Zones"]);
    let [room, degrees, suffix, zones] = declared.as_slice() else {
        panic!("{names:?}");
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(room.default, text("kitchen"));
    let allowed = ["kitchen", "attic"].map(str::to_owned);
    assert_eq!(room.allowed, Some(allowed.to_vec()));
    assert_eq!(degrees.kind, "Number");
    assert_eq!((&degrees.least, &degrees.most), (&text("5"), &text("30")));
    assert_eq!(suffix.pattern, text("[a-z]{0,3}"));
    assert_eq!(zones.kind, "CommaDelimitedList");
    let wrong = "Parameters:\n  P: {Type: String, Defualt: a}\nResources: {}\n";
    let error = parameters("t.yaml", wrong).expect_err("a typing mistake");
    assert!(error.to_string().contains("Defualt"), "{error}");
    assert_eq!(
        parameters("t.yaml", "Resources: {}\n").ok(),
        Some(Vec::new())
    );
}

// AWS same(template): a parameter that violates its constraint is refused with
//     ConstraintDescription; NoEcho hides its value
#[test]
fn an_error_hides_the_value_of_a_secret_parameter() {
    let message = error(SMALL, &[("Room", "SECRET")]);
    assert_eq!(
        message,
        "t.yaml:2:3: Room: the value cannot be \"****\": small letters only"
    );
}

// AWS same(template): circular dependencies between resources are refused, except through events
//     and the deployment preference of a function
#[test]
fn circular_dependencies_are_refused() {
    let text = SMALL
        .replace("DependsOn: Table", "DependsOn: Worker")
        .replace("B: own", "B: !Ref Queue");
    let message = error(&text, &[]);
    assert!(
        message.contains("circular dependency through Worker, Queue")
            || message.contains("circular dependency through Queue, Worker"),
        "{message}"
    );
    // The preference itself may be refused for another reason.
    let text = SMALL
        .replace("DependsOn: Table", "DependsOn: Worker")
        .replace(
            "      ReservedConcurrentExecutions: 2\n",
            "      DeploymentPreference: {Type: AllAtOnce, Role: !Ref Queue}\n",
        );
    assert!(text.contains("DeploymentPreference"));
    if let Err(error) = Template::parse("t.yaml", &text, &context(&[])) {
        assert!(!error.to_string().contains("circular"), "{error}");
    }
    let text = SMALL.replace("SELECT * FROM 'said'", "!Sub \"SELECT * FROM '${Worker}'\"");
    assert!(Template::parse("t.yaml", &text, &context(&[])).is_ok());
}
