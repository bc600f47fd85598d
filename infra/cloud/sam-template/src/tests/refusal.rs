//! Wrong templates and their errors: file, line, column, logical id, and what to do.

use super::*;

// AWS same(template): a resource, property, function or reference that does not exist is refused
//     before anything is made
// AWS absent(template): further resource types, events, functions and sections; refused with file,
//     line, column and advice
#[test]
fn errors_name_file_line_and_logical_id() {
    let cases = [
        // Text of the thermostat, replacement, message.
        (
            "Type: AWS::SNS::Topic",
            "Type: AWS::Events::Rule",
            "Alerts: resource type AWS::Events::Rule is not supported: use \
             AWS::Scheduler::Schedule",
        ),
        (
            "      BillingMode: PAY_PER_REQUEST",
            "      LocalSecondaryIndexes: []",
            "t.yaml:{line}: Readings: property LocalSecondaryIndexes is not supported: use a \
             global secondary index",
        ),
        (
            "Projection: {ProjectionType: INCLUDE,",
            "Projection: {ProjectionType: SOME,",
            "t.yaml:{line}: Readings: GlobalSecondaryIndexes.Projection.ProjectionType cannot be \
             \"SOME\": it must be ALL, KEYS_ONLY or INCLUDE",
        ),
        (
            "MAX: !Ref MaxDegrees",
            "MAX: !Ref MinDegrees",
            "t.yaml:{line}: Regulate: MinDegrees is not a parameter or resource of this template: \
             did you mean MaxDegrees?",
        ),
        (
            "WHERE: !If [IsAttic, up, down]",
            "WHERE: !ImportValue other-stack-where",
            "t.yaml:{line}: Regulate: function ImportValue is not supported: other stacks are not \
             known: give the value by --resolve import:other-stack-where=VALUE",
        ),
        (
            "WHERE: !If [IsAttic, up, down]",
            "WHERE: !If [IsCellar, up, down]",
            "t.yaml:{line}: Regulate: IsCellar is not a condition of this template",
        ),
        (
            "WHERE: !If [IsAttic, up, down]",
            "WHERE: [up, down]",
            "t.yaml:{line}: Regulate: WHERE must be text",
        ),
        (
            "SECOND: !Select [1, !Ref Zones]",
            "SECOND: !Select [2, !Ref Zones]",
            "t.yaml:{line}: Regulate: Select cannot be \"2\": the list has 2 items",
        ),
        (
            "Resource: !GetAtt Readings.Arn",
            "Resource: !GetAtt Readings.StreamArn",
            "t.yaml:{line}: Regulate: resource Readings has no attribute StreamArn; it has: Arn",
        ),
        (
            "- DynamoDBCrudPolicy:",
            "- DynamoDBCrudPolicie:",
            "t.yaml:{line}: Regulate: Policies cannot be \"DynamoDBCrudPolicie\": it is neither \
             a document with a Statement, nor one of SAM's policy templates, nor the name of a \
             managed policy",
        ),
        (
            "MaximumRetryAttempts: 1",
            "MaximumRetryAttempts: 3",
            "Regulate: EventInvokeConfig.MaximumRetryAttempts cannot be \"3\": must be 0 to 2",
        ),
        (
            "- Lambda: {FunctionArn: !GetAtt Regulate.Arn}",
            "- Firehose: {DeliveryStreamName: x}",
            "t.yaml:{line}: Measured: property TopicRulePayload.Actions.Firehose is not supported: \
             supported actions are CloudwatchLogs, CloudwatchMetric, DynamoDB, DynamoDBv2, Lambda, \
             Republish, S3, Sns, Sqs; --inert Firehose starts without it",
        ),
        (
            "- Lambda: {FunctionArn: !GetAtt Regulate.Arn}",
            "- Lamda: {FunctionArn: !GetAtt Regulate.Arn}",
            "t.yaml:{line}: Measured: property TopicRulePayload.Actions.Lamda is not supported: \
             did you mean Lambda?",
        ),
        (
            "          Type: ScheduleV2",
            "          Type: SheduleV2",
            "Regulate: Events.Often.Type SheduleV2 is not supported: did you mean ScheduleV2?",
        ),
        (
            "          Type: ScheduleV2",
            "          Type: SNS",
            "Regulate: Events.Often.Type SNS is not supported: supported events are DynamoDB, \
             IoTRule, Schedule, ScheduleV2, SQS; --inert SNS starts without it",
        ),
        (
            "- Lambda: {FunctionArn: !GetAtt Regulate.Arn}",
            "- Firehos: {DeliveryStreamName: a, RoleArn: 'arn:r'}",
            "property TopicRulePayload.Actions.Firehos is not supported: did you mean Firehose?",
        ),
        (
            "- Lambda: {FunctionArn: !GetAtt Regulate.Arn}",
            "- Lambda: {FunctionArn: 'arn:other'}",
            "t.yaml:{line}: Measured: arn:other is not a function of this template: declare it, \
             and refer to it by !GetAtt or !Ref; or --inert Lambda starts without Lambda actions",
        ),
        (
            "Qos: 1",
            "Qos: 2",
            "Measured: TopicRulePayload.Actions.Republish.Qos cannot be \"2\": must be 0 to 1",
        ),
        (
            "FunctionName: !Ref Regulate",
            "FunctionName: other",
            "t.yaml:{line}: MeasuredPermission: other is not a function of this template: declare \
             it, and refer to it by !GetAtt or !Ref",
        ),
        (
            "    Value: 'yes'",
            "    Value: 'yes'\nHooks: {}",
            "template: section Hooks is not supported: hooks are not run",
        ),
        (
            "IsAttic: !Equals [!Ref Room, attic]",
            "IsAttic: !Condition AtticWithSuffix",
            "IsAttic: circular dependency through IsAttic: remove one of the references",
        ),
        (
            "TableName: !Ref AWS::StackName",
            "TableName: !Ref Readings",
            "Readings: circular dependency through Readings",
        ),
        (
            "Type: CommaDelimitedList",
            "Type: AWS::SSM::Parameter::Value<String>",
            "Zones: Type cannot be \"AWS::SSM::Parameter::Value<String>\"",
        ),
        (
            "  Function:\n    Runtime",
            "  Apis: {}\n  Function:\n    Runtime",
            "Globals: property Apis is not supported: SAM has Api, Function",
        ),
        (
            "${!iot:Connection.Thing.ThingName}",
            "${!iot:Connection.Thing.ThingName",
            "Sensor: Sub cannot be",
        ),
        (
            "      BillingMode: PAY_PER_REQUEST",
            "      BilingMode: PAY_PER_REQUEST",
            "t.yaml:{line}: Readings: unknown property BilingMode: did you mean BillingMode?",
        ),
        (
            "MemorySize: 256",
            "ProvisionedConcurrencyConfig: {}",
            "Regulate: property ProvisionedConcurrencyConfig is not supported: processes start on \
             demand",
        ),
        (
            "MemorySize: 256",
            "MemorySize: 64",
            "t.yaml:{line}: Regulate: MemorySize cannot be \"64\": must be 128 to 10240",
        ),
        (
            "WHERE: !If [IsAttic, up, down]",
            "WHERE: !FindInMap [Floors, cellar, name]",
            "t.yaml:{line}: Regulate: FindInMap Floors cannot be \"cellar\": its keys are attic, \
             kitchen",
        ),
        (
            "WHERE: !If [IsAttic, up, down]",
            "WHERE: !FindInMap [Floor, attic, name]",
            "t.yaml:{line}: Regulate: Floor is not a mapping of this template: did you mean \
             Floors?",
        ),
        (
            "WHERE: !If [IsAttic, up, down]",
            "WHERE: !If [IsAttic, !Ref Nowhere, down]",
            "t.yaml:{line}: Regulate: Nowhere is not a parameter or resource of this template",
        ),
        (
            "WHERE: !If [IsAttic, up, down]",
            "WHERE: !Equals [up, down]",
            "Regulate: function Equals is not supported: use it only in Conditions",
        ),
        (
            "WHERE: !If [IsAttic, up, down]",
            "WHERE: !GetAtt AtticOnly.Arn",
            "t.yaml:{line}: Regulate: resource AtticOnly is not created, because its condition is \
             false",
        ),
        (
            "WHERE: !If [IsAttic, up, down]",
            "WHERE: !GetAtt Measured.Arn",
            "remove one of the references",
        ),
        (
            "DependsOn: Failures",
            "DependsOn: [Failures, Failure]",
            "t.yaml:{line}: Regulate: Failure is not a resource of this template: did you mean \
             Failures?",
        ),
        (
            "DeletionPolicy: Retain",
            "DeletionPolicy: Keep",
            "t.yaml:{line}: Readings: DeletionPolicy cannot be \"Keep\": it must be one of Delete, \
             Retain",
        ),
        (
            "Transform: AWS::Serverless-2016-10-31",
            "Transform: AWS::Include",
            "t.yaml:{line}: template: Transform cannot be \"AWS::Include\": only \
             AWS::Serverless-2016-10-31",
        ),
        (
            "    Type: AWS::SNS::Topic",
            "    Typ: AWS::SNS::Topic",
            "t.yaml:{line}: Alerts: unknown property Typ (attribute of a resource): did you mean \
             Type?",
        ),
        (
            "  IsAttic: !Equals [!Ref Room, attic]",
            "  IsAttic: !Equals [!Ref Readings, attic]",
            "t.yaml:{line}: IsAttic: Readings is not a parameter or resource",
        ),
        (
            "OnFailure: {Type: SQS, Destination: !GetAtt [Failures, Arn]}",
            "OnFailure: {Type: SQS, Destination: 'arn:other'}",
            "t.yaml:{line}: Regulate: arn:other is not a queue or topic of this template: declare",
        ),
        (
            "OnFailure: {Type: SQS, Destination: !GetAtt [Failures, Arn]}",
            "OnSuccess: {Type: SQS, Destination: !GetAtt [Failures, Arn]}",
            "Regulate: property EventInvokeConfig.DestinationConfig.OnSuccess is not supported: \
             only failures have a destination",
        ),
        (
            "          Type: ScheduleV2",
            "          Type: Kinesis",
            "Regulate: Events.Often.Type Kinesis is not supported: supported events are \
             DynamoDB, IoTRule, Schedule, ScheduleV2, SQS; --inert Kinesis starts without it",
        ),
    ];
    for (from, to, expected) in cases {
        refused(from, to, expected);
    }
}

/// Asserts that the thermostat is refused with `from` replaced by `to`. `expected` is the text
/// after the column; with the prefix `t.yaml:{line}: ` the error must be on the line of `from`.
pub(super) fn refused(from: &str, to: &str, expected: &str) {
    assert!(THERMOSTAT.contains(from), "{from} is not in the thermostat");
    let before = THERMOSTAT.split(from).next().unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let message = error(&THERMOSTAT.replacen(from, to, 1), &[]);
    let (start, rest) = match expected.strip_prefix("t.yaml:{line}: ") {
        Some(rest) => (format!("t.yaml:{line}:"), rest),
        None => ("t.yaml:".to_owned(), expected),
    };
    assert!(
        message.starts_with(&start) && message.contains(rest),
        "{to}\n   gave {message}\n   want {start} … {rest}"
    );
}

#[test]
fn text_that_is_not_a_yaml_document_is_refused_with_its_line() {
    let cases = [
        ("Resources: [", "t.yaml:"),
        (
            "A: &x 1\nB: *x\n",
            "t.yaml:2:4: parse yaml: the alias *x is not supported: write its value out; \
             CloudFormation does not take aliases",
        ),
        (
            "A: &x {B: 1}\nC: [1, *x]\n",
            "t.yaml:2:8: parse yaml: the alias *x is",
        ),
        (
            "A: &x {B: 1}\nC:\n  <<: *x\n",
            "t.yaml:3:3: parse yaml: the merge key << is not supported: write its entries out",
        ),
        (
            "---\nResources: {}\n---\nResources: {}\n",
            "t.yaml:3:1: parse yaml: a second document starts here: a template is one document",
        ),
        ("Resources: {}\n...\n]\n", "t.yaml:3:"),
        ("", "t.yaml:1:1: parse yaml: a value is missing"),
        (
            "just text",
            "t.yaml:1:1: template: the template must be a map",
        ),
        (
            "Resources:",
            "t.yaml:1:1: template: property Resources is missing",
        ),
    ];
    for (text, expected) in cases {
        let message = error(text, &[]);
        assert!(message.contains(expected), "{text:?}: {message}");
    }
}
