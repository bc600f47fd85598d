//! Streams of tables and their event sources.

use super::*;

const SHOP: &str = "\
Resources:
  Count:
    Type: AWS::Serverless::Function
    Metadata: {SkipBuild: true}
    Properties:
      CodeUri: count
      Handler: bootstrap
      Runtime: provided.al2023
      Environment: {Variables: {STREAM: !GetAtt Orders.StreamArn}}
      Events:
        Sold:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt Sales.StreamArn
            StartingPosition: TRIM_HORIZON
            DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Lost.Arn}}
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
  Sales:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      StreamSpecification: {StreamViewType: KEYS_ONLY}
  Plain:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      StreamSpecification: !Ref AWS::NoValue
  Lost: {Type: AWS::SQS::Queue}
  Ordered:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: !GetAtt Orders.StreamArn
      FunctionName: !Ref Count
      StartingPosition: LATEST
      BatchSize: 10
      MaximumBatchingWindowInSeconds: 5
      BisectBatchOnFunctionError: true
      MaximumRetryAttempts: 3
      MaximumRecordAgeInSeconds: 3600
      ParallelizationFactor: 1
      FunctionResponseTypes: [ReportBatchItemFailures]
      FilterCriteria: {Filters: [{Pattern: '{\"eventName\":[\"INSERT\"]}'}]}
      DestinationConfig: {OnFailure: {Destination: !GetAtt Lost.Arn}}
      Enabled: false
";

const PREFIX: &str = "arn:aws:dynamodb:us-east-1:123456789012:table";
const LABEL: &str = "2020-01-01T00:00:00.000";

// AWS same(template): StreamSpecification with each view, GetAtt StreamArn, DynamoDB events of
//     functions and AWS::Lambda::EventSourceMapping of streams, with AWS's defaults; SAM adds the
//     rights to read a DynamoDB event's stream and to send to its destination
// AWS different(template): the last part of a stream's ARN is the time when it was enabled; here it
//     is the same for every stream
#[test]
fn streams_and_sources_have_awss_values_and_defaults() {
    let template = Template::parse("t.yaml", SHOP, &context(&[])).unwrap_or_else(|e| panic!("{e}"));
    let stream = |name: &str| format!("{PREFIX}/my-home-{name}/stream/{LABEL}");
    let of_tables: Vec<_> = template.tables.iter().map(|t| t.stream.clone()).collect();
    let expected = |name: &str, view| {
        let arn = stream(name);
        Some(Stream { arn, view })
    };
    assert_eq!(
        of_tables,
        [
            expected("Orders", StreamView::NewAndOldImages),
            expected("Sales", StreamView::KeysOnly),
            None
        ]
    );
    let function = &template.functions[0];
    assert_eq!(function.environment["STREAM"], stream("Orders"));
    let lost = "arn:aws:sqs:us-east-1:123456789012:my-home-Lost".to_owned();
    assert_eq!(
        template.event_sources,
        [
            EventSource {
                logical_id: "CountSold".to_owned(),
                source_arn: stream("Sales"),
                function_arn: function.arn.clone(),
                batch_size: 100,
                window_s: 0,
                reports_item_failures: false,
                enabled: true,
                kind: SourceKind::Stream(StreamReading {
                    start: StartingPosition::TrimHorizon,
                    bisects: false,
                    retries_max: None,
                    age_max_s: None,
                    filters: Vec::new(),
                    on_failure: Some(lost.clone()),
                }),
            },
            EventSource {
                logical_id: "Ordered".to_owned(),
                source_arn: stream("Orders"),
                function_arn: function.arn.clone(),
                batch_size: 10,
                window_s: 5,
                reports_item_failures: true,
                enabled: false,
                kind: SourceKind::Stream(StreamReading {
                    start: StartingPosition::Latest,
                    bisects: true,
                    retries_max: Some(3),
                    age_max_s: Some(3600),
                    filters: vec![json!({"eventName": ["INSERT"]})],
                    on_failure: Some(lost.clone()),
                }),
            },
        ]
    );
    let managed = "arn:aws:iam::aws:policy/service-role/AWSLambdaDynamoDBExecutionRole";
    let allow = json!({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": lost});
    assert_eq!(
        function.role_policies,
        [json!(managed), json!({"Statement": [allow]})]
    );
}

// AWS same(template): a mapping of a stream without StartingPosition is refused, as are one of a
//     queue with it, a second mapping of a stream to the same function, and a number out of range
// AWS absent(template): ParallelizationFactor above 1, tumbling windows and more than five filters
//     of a stream's source; refused with file, line, column and advice
#[test]
fn settings_of_streams_that_cannot_be_honoured_are_refused() {
    let pattern = format!("Pattern: '{{\"a\":[\"{}\"]}}'", "x".repeat(4090));
    let six = ["{Pattern: '{}'}"; 6].join(", ");
    let six = format!("Filters: [{six}]");
    let rows = [
        // (text of the template, replacement, message)
        (
            "StreamViewType: NEW_AND_OLD_IMAGES",
            "StreamViewType: IMAGES",
            "t.yaml:22:28: Orders: StreamSpecification.StreamViewType cannot be \"IMAGES\": it \
             must be KEYS_ONLY, NEW_IMAGE, OLD_IMAGE or NEW_AND_OLD_IMAGES",
        ),
        (
            "{StreamViewType: KEYS_ONLY}",
            "{}",
            "Sales: property StreamSpecification.StreamViewType is missing",
        ),
        (
            "!GetAtt Orders.StreamArn}}",
            "!GetAtt Plain.StreamArn}}",
            "Count: resource Plain has no attribute StreamArn; it has: Arn",
        ),
        (
            "EventSourceArn: !GetAtt Orders.StreamArn",
            "EventSourceArn: !Sub '${Orders.Arn}/stream/other'",
            "/stream/other is not a stream of this template",
        ),
        (
            "      StartingPosition: LATEST\n",
            "",
            "t.yaml:39:7: Ordered: property StartingPosition is missing",
        ),
        (
            "StartingPosition: LATEST",
            "StartingPosition: AT_TIMESTAMP",
            "Ordered: StartingPosition cannot be \"AT_TIMESTAMP\": a table's stream is read from \
             TRIM_HORIZON or LATEST",
        ),
        (
            "StartingPosition: LATEST",
            "StartingPosition: LATEST\n      StartingPositionTimestamp: 7",
            "t.yaml:42:34: Ordered: StartingPositionTimestamp cannot be \"7\": only a Kinesis \
             stream",
        ),
        (
            "EventSourceArn: !GetAtt Orders.StreamArn",
            "EventSourceArn: !GetAtt Lost.Arn",
            "t.yaml:41:25: Ordered: StartingPosition cannot be \"LATEST\": a queue has no such \
             setting",
        ),
        (
            "StartingPosition: LATEST",
            "StartingPosition: LATEST\n      ScalingConfig: {MaximumConcurrency: 2}",
            "Ordered: ScalingConfig cannot be \"…\": only a queue has this setting",
        ),
        (
            "EventSourceArn: !GetAtt Orders.StreamArn",
            "EventSourceArn: !GetAtt Sales.StreamArn",
            "Ordered: stream cannot be \"Sales\": CountSold already delivers its records to Count",
        ),
        (
            "BatchSize: 10",
            "BatchSize: 10001",
            "Ordered: BatchSize cannot be \"10001\": must be 1 to 10000",
        ),
        (
            "MaximumRetryAttempts: 3",
            "MaximumRetryAttempts: -2",
            "t.yaml:45:29: Ordered: MaximumRetryAttempts cannot be \"-2\": must be -1, or 0 to \
             10000",
        ),
        (
            "MaximumRecordAgeInSeconds: 3600",
            "MaximumRecordAgeInSeconds: 59",
            "Ordered: MaximumRecordAgeInSeconds cannot be \"59\": must be -1, or 60 to 604800",
        ),
        (
            "MaximumRecordAgeInSeconds: 3600",
            "MaximumRecordAgeInSeconds: day",
            "Ordered: MaximumRecordAgeInSeconds must be a whole number",
        ),
        (
            "ParallelizationFactor: 1",
            "ParallelizationFactor: 2",
            "Ordered: ParallelizationFactor cannot be \"2\": one batch of a shard is processed at \
             a time here",
        ),
        (
            "ParallelizationFactor: 1",
            "TumblingWindowInSeconds: 30",
            "Ordered: property TumblingWindowInSeconds is not supported: windows have no state",
        ),
        (
            "'{\"eventName\":[\"INSERT\"]}'",
            "'[1]'",
            "t.yaml:49:44: Ordered: FilterCriteria.Filters.Pattern must be a JSON object as text",
        ),
        (
            "Pattern: '{\"eventName\":[\"INSERT\"]}'",
            &pattern,
            "x…\": at most 4096 characters",
        ),
        (
            "Filters: [{Pattern: '{\"eventName\":[\"INSERT\"]}'}]",
            &six,
            "Ordered: FilterCriteria.Filters cannot be \"6\": at most 5",
        ),
        (
            "{OnFailure: {Destination: !GetAtt Lost.Arn}}",
            "{OnFailure: {Destination: 'arn:other'}}",
            "Ordered: arn:other is not a queue or topic of this template",
        ),
        (
            "{OnFailure: {Destination: !GetAtt Lost.Arn}}",
            "{OnFailure: {Type: SQS, Destination: !GetAtt Lost.Arn}}",
            "Ordered: unknown property DestinationConfig.OnFailure.Type",
        ),
        (
            "{OnFailure: {Type: SQS,",
            "{OnFailure: {Type: S3,",
            "Count: Events.Sold.Properties.DestinationConfig.OnFailure.Type cannot be \"S3\": it \
             must be SQS or SNS",
        ),
        (
            "{OnFailure: {Destination: !GetAtt Lost.Arn}}",
            "{OnSuccess: {Destination: !GetAtt Lost.Arn}}",
            "Ordered: property DestinationConfig.OnSuccess is not supported: only failures",
        ),
    ];
    for (from, to, expected) in rows {
        assert!(SHOP.contains(from), "{from}");
        let message = error(&SHOP.replacen(from, to, 1), &[]);
        assert!(
            message.starts_with("t.yaml:") && message.contains(expected),
            "{to}\n   gave {message}\n   want {expected}"
        );
    }
}
