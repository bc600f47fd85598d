//! Resources, events and actions that have no effect, and the notes about them.

use super::*;

fn asked(text: &str, inert: &[&str]) -> Result<Template, String> {
    let context = Context {
        inert: inert.iter().map(|kind| (*kind).to_owned()).collect(),
        ..context(&[])
    };
    Template::parse("t.yaml", text, &context).map_err(|e| e.to_string())
}

const POOL: &str = "Resources:
  Pool:
    Type: AWS::Cognito::UserPool
    Properties: {Anything: !GetAtt Other.Thing}
  Other: {Type: 'Custom::Other', Properties: {Zone: !GetAZs ''}}
  Hut: {Type: AWS::IoT::Thing, Properties: {ThingName: !Ref Pool}}
";

// AWS different(template): AWS makes every resource; here a type that nothing runs is a name only,
//     and the start reports it
#[test]
fn a_type_that_nothing_runs_is_a_name() {
    let template = asked(POOL, &[]).unwrap();
    assert_eq!(template.things[0].name, "my-home-Pool");
    assert_eq!(
        template.notes,
        [
            "t.yaml:2:3: Pool: AWS::Cognito::UserPool is a name only: nothing here does its work",
            "t.yaml:5:3: Other: Custom::Other is a name only: nothing here does its work",
        ]
    );
    let kinds: Vec<&str> = template
        .without_effect
        .iter()
        .map(|other| other.resource_type.as_str())
        .collect();
    assert_eq!(kinds, ["AWS::Cognito::UserPool", "Custom::Other"]);
    assert_eq!(template.resources.len(), 3);
}

#[test]
fn an_attribute_of_a_name_has_a_value_only_if_it_was_asked_for() {
    let text = POOL.replace("!Ref Pool", "!Sub 'a-${Pool.ProviderName}'");
    let message = asked(&text, &[]).unwrap_err();
    assert!(message.starts_with("t.yaml:6:"), "{message}");
    let expected = "Hut: Pool.ProviderName has no value: AWS::Cognito::UserPool is a name only \
                    here; --inert AWS::Cognito::UserPool makes values up";
    assert!(message.ends_with(expected), "{message}");
    for pattern in ["AWS::Cognito::UserPool", "AWS::Cognito::*"] {
        let template = asked(&text, &[pattern]).unwrap();
        assert_eq!(template.things[0].name, "a-my-home-Pool-ProviderName");
        assert!(
            template.notes[0].contains("as --inert says"),
            "{:?}",
            template.notes
        );
    }
    let arn = POOL.replace("!Ref Pool", "!GetAtt Pool.Arn");
    let template = asked(&arn, &["AWS::Cognito::UserPool"]).unwrap();
    let expected = "arn:aws:cognito:us-east-1:123456789012:my-home-Pool";
    assert_eq!(template.things[0].name, expected);
}

// AWS unknown(template): the Ref of a Timestream table: CloudFormation's schema identifies it by
//     DatabaseName and TableName, and no source says how Ref joins them; here `database|table`
#[test]
fn a_selected_part_of_a_name_is_there_or_names_the_resource() {
    let text = "Resources:
  Base: {Type: AWS::Timestream::Database}
  Log: {Type: AWS::Timestream::Table, Properties: {DatabaseName: !Ref Base}}
  Named: {Type: AWS::Timestream::Table, Properties: {DatabaseName: db, TableName: rows}}
  Pool: {Type: AWS::Cognito::UserPool}
  Hut: {Type: AWS::IoT::Thing, Properties: {ThingName: !Select [1, !Split ['|', !Ref Log]]}}
";
    for (from, to, expected) in [
        ("Ref Log", "Ref Log", "my-home-Log"),
        (
            "1, !Split ['|', !Ref Log",
            "0, !Split ['|', !Ref Log",
            "my-home-Base",
        ),
        ("Ref Log", "Ref Named", "rows"),
        (
            "!Select [1, !Split ['|', !Ref Log]]",
            "!GetAtt Named.Name",
            "rows",
        ),
        ("!Ref Base", "!GetAtt Pool.Arn", "my-home-Log"),
    ] {
        let template = asked(&text.replacen(from, to, 1), &[]).unwrap();
        assert_eq!(template.things[0].name, expected, "{to}");
    }
    let message = asked(&text.replace("Ref Log", "Ref Pool"), &[]).unwrap_err();
    let expected = "Hut: Select cannot be \"1\": the list has 1 items, as Pool is a name only here \
                    (AWS::Cognito::UserPool): ";
    assert!(message.contains(expected), "{message}");
}

#[test]
fn a_mapping_of_a_source_that_is_a_name_says_how_to_start_without_it() {
    const MAPPING: &str = "AWS::Lambda::EventSourceMapping";
    let text = "Resources:
  Flow: {Type: AWS::Kinesis::Stream}
  Read:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt Flow.Arn, FunctionName: ears, StartingPosition: LATEST}
";
    for (inert, expected) in [
        (
            &[][..],
            "event source Flow.Arn is not supported: AWS::Kinesis::Stream is a name only",
        ),
        (
            &["AWS::Kinesis::Stream"],
            "EventSourceArn cannot be \"arn:aws:kinesis:",
        ),
    ] {
        let message = asked(text, inert).unwrap_err();
        assert!(message.starts_with("t.yaml:5:"), "{message}");
        assert!(message.contains(expected), "{message}");
        let advice = format!("--inert {MAPPING} starts without such mappings");
        assert!(message.ends_with(&advice), "{message}");
    }
    assert_eq!(asked(text, &[MAPPING]).unwrap().event_sources, []);
}

#[test]
fn an_output_that_needs_such_an_attribute_is_left_out() {
    let outputs =
        "Outputs:\n  Url: {Value: !GetAtt Pool.ProviderURL}\n  Name: {Value: !Ref Pool}\n";
    let template = asked(&format!("{POOL}{outputs}"), &[]).unwrap();
    assert_eq!(template.outputs.keys().collect::<Vec<_>>(), ["Name"]);
    let note = template.notes.last().unwrap();
    assert_eq!(
        note,
        "t.yaml:8:3: Url: the output is left out: it needs an attribute of a name only"
    );
}

// AWS different(template): AWS makes a bucket; here it is a folder for the S3 actions of rules, and
//     its properties have no effect
#[test]
fn a_bucket_has_its_own_attributes() {
    let text = "Resources:
  Heap: {Type: AWS::S3::Bucket, Properties: {Anything: 1}}
  Hut: {Type: AWS::IoT::Thing, Properties: {ThingName: !GetAtt Heap.Arn}}
";
    let template = asked(text, &[]).unwrap();
    assert_eq!(template.things[0].name, "arn:aws:s3:::my-home-heap");
    assert!(
        template.notes[0].contains("a folder for the S3 actions"),
        "{:?}",
        template.notes
    );
    let unknown = text.replace("Heap.Arn", "Heap.WebsiteURL");
    assert!(asked(&unknown, &[]).is_err_and(|e| e.contains("Heap.WebsiteURL has no value")));
}

// AWS different(template): AWS sends every event and performs every action; here one of a service
//     that is absent never comes, or does nothing, if the caller wants it (`--inert`)
#[test]
fn events_and_actions_that_were_asked_for_do_nothing() {
    let text = "Transform: AWS::Serverless-2016-10-31
Resources:
  Ears:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2
      Handler: bootstrap
      CodeUri: ears
      Events:
        Asked: {Type: Api, Properties: {Path: /, Method: get}}
        Flowed: {Type: Kinesis}
  Keep:
    Type: AWS::IoT::TopicRule
    Properties:
      TopicRulePayload:
        Sql: SELECT * FROM 'a'
        Actions: [{Firehose: {Anything: 1}}]
";
    let template = asked(text, &["Kinesis", "Firehose"]).unwrap();
    let outputs = "Outputs:\n  Url: {Value: !Sub 'https://${ServerlessRestApi}.example'}\n";
    let with_url = asked(&format!("{text}{outputs}"), &["Kinesis", "Firehose"]).unwrap();
    assert_eq!(
        with_url.outputs["Url"],
        "https://my-home-ServerlessRestApi.example"
    );
    let name = "Firehose".to_owned();
    let settings = json!({"Anything": 1});
    assert_eq!(
        template.rules[0].actions,
        [Action::Inert { name, settings }]
    );
    assert_eq!(
        template.notes,
        [
            "t.yaml:10:9: Ears: no event Asked (Api) arrives: nothing here sends it",
            "t.yaml:11:9: Ears: no event Flowed (Kinesis) arrives: nothing here sends it",
            "t.yaml:12:3: Keep: the action Firehose does nothing, as --inert says",
        ]
    );
    assert!(asked(text, &["Firehose"]).is_err_and(|e| e.contains("Events.Flowed.Type Kinesis")));
    assert!(asked(text, &["Kinesis"]).is_err_and(|e| e.contains("Actions.Firehose")));
}

#[test]
fn a_supported_type_is_a_name_only_if_it_was_asked_for() {
    let text = "Resources:\n  Line: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}\n";
    assert!(asked(text, &[]).is_err_and(|e| e.contains("FifoQueue")));
    let template = asked(text, &["AWS::SQS::Queue"]).unwrap();
    assert_eq!(template.queues, []);
}

// AWS same(template): SAM drops an attribute Name of its own types; CloudFormation refuses it in
//     others
#[test]
fn a_name_next_to_a_type_is_accepted_of_sam_only() {
    let table = "  Log:\n    Type: AWS::Serverless::SimpleTable\n    Name: Log\n";
    assert_eq!(resources(table).unwrap().tables.len(), 1);
    let thing = "  Hut:\n    Type: AWS::IoT::Thing\n    Name: Hut\n";
    let message = resources(thing).unwrap_err().to_string();
    assert!(message.contains("unknown property Name"), "{message}");
}

// AWS different(template): AWS checks every AllowedPattern; here one with look-around, or anything
//     else that no expression has here, is not checked, which a note says
// AWS different(template): CDK's bootstrap stack stores its version, which a template of CDK
//     compares; here it is 21, which a note says
#[test]
fn a_parameter_that_is_less_than_in_aws_has_a_note() {
    let text = "Parameters:
  Id: {Type: String, Default: Hut-1, AllowedPattern: '^(?!-)[a-z-]+$'}
  Plain: {Type: String, Default: hut, AllowedPattern: '[a-z]+', ConstraintDescription: low}
  Version: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /cdk-bootstrap/hnb659fds/version}
Rules:
  Check:
    Assertions:
      - Assert: !Not [!Contains [['1', '2', '3', '4', '5'], !Ref Version]]
        AssertDescription: too old
Resources:
  Hut: {Type: AWS::IoT::Thing, Properties: {ThingName: !Sub '${Id}-${Version}'}}
";
    let template = asked(text, &[]).unwrap();
    assert_eq!(template.things[0].name, "Hut-1-21");
    let [pattern, version] = template.notes.as_slice() else {
        panic!("{:?}", template.notes);
    };
    let expected = "t.yaml:2:3: Id: the value is not checked against AllowedPattern \
                    ^(?!-)[a-z-]+$, which cannot be evaluated here: ";
    assert!(pattern.starts_with(expected), "{pattern}");
    assert!(pattern.contains("look-around"), "{pattern}");
    let expected = "t.yaml:4:3: Version: the value is 21: there is neither a stored parameter nor";
    assert!(version.starts_with(expected), "{version}");
    // What can be checked is checked, and a given version is compared.
    assert!(error(text, &[("Plain", "HUT")]).ends_with("cannot be \"HUT\": low"));
    assert!(error(text, &[("Version", "5")]).contains("too old"));
    let other = text.replace("/cdk-bootstrap/hnb659fds/version", "/hut/version");
    assert!(error(&other, &[]).contains("nothing looks up the stored parameter"));
}

// AWS different(template): AWS looks up the values of parameters of its own types; here they are
//     text, and one of the parameter store must be given
#[test]
fn a_parameter_of_awss_own_type_is_text() {
    let text = "Parameters:
  Net: {Type: 'AWS::EC2::VPC::Id'}
  Parts: {Type: 'List<AWS::EC2::Subnet::Id>'}
  Image: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /image}
Resources:
  Hut:
    Type: AWS::IoT::Thing
    Properties: {ThingName: !Sub ['${Net}-${first}-${Image}', {first: !Select [1, !Ref Parts]}]}
";
    let given = [("Net", "vpc-1"), ("Parts", "a, b"), ("Image", "ami-1")];
    let template = Template::parse("t.yaml", text, &context(&given)).unwrap();
    assert_eq!(template.things[0].name, "vpc-1-b-ami-1");
    assert_eq!(
        error(text, &given[..2]),
        "t.yaml:4:3: Image: Type cannot be \"AWS::SSM::Parameter::Value<String>\": nothing looks \
         up the stored parameter: give its value by --parameter Image=VALUE"
    );
    let wrong = text.replace("AWS::EC2::VPC::Id", "AWS::EC2::Net");
    assert!(error(&wrong, &given).contains("Net: Type cannot be \"AWS::EC2::Net\""));
}

// AWS same(template): a misspelled resource type is refused with the name that it is near to
#[test]
fn a_type_that_is_not_known_is_refused_with_what_to_do() {
    let template = |kind: &str| {
        format!(
            "Resources:\n  Hut: {{Type: AWS::IoT::Thing, Properties: {{ThingName: !Ref Odd}}}}\n  \
             Odd: {{Type: '{kind}'}}\n"
        )
    };
    for (kind, advice) in [
        ("AWS::S3::Bukket", "did you mean AWS::S3::Bucket? --inert"),
        (
            "AWS::Kinesis::Strem",
            "did you mean AWS::Kinesis::Stream? --inert",
        ),
        ("AWS::SQS::Quee", "did you mean AWS::SQS::Queue? --inert"),
        (
            "AWS::Lambda::Verson",
            "did you mean AWS::Lambda::Version? --inert",
        ),
        (
            "AWS::Dynamo::Table",
            "did you mean AWS::DynamoDB::Table? --inert",
        ),
        ("AWS::Foo::Bar", "--inert"),
        (
            "AWS::Events::Rule",
            "use AWS::Scheduler::Schedule, or a Schedule or ScheduleV2 event of the function; or \
             --inert",
        ),
        (
            "AWS::IoT::ThingType",
            "create it while the cloud runs, by CreateThingType or CreateThingGroup; or \
             --inert",
        ),
    ] {
        let message = asked(&template(kind), &[]).unwrap_err();
        let expected = format!(
            "t.yaml:3:3: Odd: resource type {kind} is not supported: {advice} {kind} starts with \
             it as a name only"
        );
        assert!(
            message.starts_with(&expected),
            "gave {message}\nwant {expected}"
        );
        let named = asked(&template(kind), &[kind]).unwrap();
        assert_eq!(named.things[0].name, "my-home-Odd");
    }
    let paper = asked(&template("AWS::IoT::Certificate"), &[]).unwrap_err();
    assert!(
        paper.ends_with("as a name only, if --inert names the types of its attachments too"),
        "{paper}"
    );
    for kind in [
        "AWS::ApiGateway::Model",
        "AWS::Cognito::UserPoolUser",
        "AWS::EC2::EIP",
        "AWS::Kinesis::StreamConsumer",
        "AWS::S3::AccessPoint",
        "Custom::Buket",
    ] {
        assert_eq!(asked(&template(kind), &[]).map(|t| t.things.len()), Ok(1));
    }
}

#[test]
fn everything_that_a_template_needs_is_found_in_one_go() {
    let text = "Transform: AWS::Serverless-2016-10-31
Resources:
  Ears:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ears
      Handler: ears.hear
      Runtime: python3.12
      Events:
        Said: {Type: SNS, Properties: {Topic: 'arn:x'}}
        Seen: {Type: S3, Properties: {Bucket: !Ref Heap}}
  Heap: {Type: AWS::S3::Bucket}
  Bus: {Type: AWS::Bus::Line}
  Keep:
    Type: AWS::IoT::TopicRule
    Properties:
      TopicRulePayload:
        Sql: SELECT * FROM 'a'
        Actions: [{Firehose: {DeliveryStreamName: !GetAtt River.Arn, RoleArn: 'arn:r'}}]
  River: {Type: AWS::KinesisFirehose::DeliveryStream}
";
    let mut needed = inert_needed(text, &context(&[]));
    needed.sort();
    let river = "AWS::KinesisFirehose::DeliveryStream";
    assert_eq!(needed, ["AWS::Bus::Line", river, "Firehose", "S3", "SNS"]);
    let inert: Vec<&str> = needed.iter().map(String::as_str).collect();
    asked(text, &inert).unwrap();
    // A mistake is not left out.
    let wrong = text.replace("Type: SNS", "Type: SQSS");
    assert_eq!(inert_needed(&wrong, &context(&[])), ["AWS::Bus::Line"]);
}
