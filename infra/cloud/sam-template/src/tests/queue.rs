//! Queues and their event sources.

use super::*;

const MAIL: &str = "\
Resources:
  Sort:
    Type: AWS::Serverless::Function
    Metadata: {SkipBuild: true}
    Properties:
      CodeUri: sort
      Handler: bootstrap
      Runtime: provided.al2023
      Timeout: 20
      Events:
        Letters:
          Type: SQS
          Properties:
            Queue: !GetAtt Letters.Arn
            FunctionResponseTypes: [ReportBatchItemFailures]
            ScalingConfig: {MaximumConcurrency: 3}
  Letters:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 120
      DelaySeconds: 2
      MessageRetentionPeriod: 1209600
      MaximumMessageSize: 2048
      ReceiveMessageWaitTimeSeconds: 20
      SqsManagedSseEnabled: true
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 5}
  Parcels: {Type: AWS::SQS::Queue}
  Dead: {Type: AWS::SQS::Queue, Properties: {QueueName: dead}}
  Weigh:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: !GetAtt Parcels.Arn
      FunctionName: !Ref Sort
      BatchSize: 100
      MaximumBatchingWindowInSeconds: 5
      Enabled: false
";

// AWS same(template): AWS::SQS::Queue with RedrivePolicy, SQS events of functions and
//     AWS::Lambda::EventSourceMapping of queues, with AWS's defaults
#[test]
fn queues_and_sources_have_awss_values_and_defaults() {
    let template = Template::parse("t.yaml", MAIL, &context(&[])).unwrap_or_else(|e| panic!("{e}"));
    let arn = |name: &str| format!("arn:aws:sqs:us-east-1:123456789012:{name}");
    let url = |name: &str| format!("https://sqs.us-east-1.amazonaws.com/123456789012/{name}");
    let plain = |id: &str, name: &str| Queue {
        logical_id: id.to_owned(),
        name: name.to_owned(),
        arn: arn(name),
        url: url(name),
        visibility_s: 30,
        delay_s: 0,
        retention_s: 345_600,
        message_bytes_max: 1_048_576,
        redrive: None,
    };
    assert_eq!(
        template.queues,
        [
            Queue {
                visibility_s: 120,
                delay_s: 2,
                retention_s: 1_209_600,
                message_bytes_max: 2048,
                redrive: Some(Redrive {
                    target_arn: arn("dead"),
                    receives_max: 5,
                }),
                ..plain("Letters", "my-home-Letters")
            },
            plain("Parcels", "my-home-Parcels"),
            plain("Dead", "dead"),
        ]
    );
    let function_arn = template.functions[0].arn.clone();
    assert_eq!(
        template.event_sources,
        [
            EventSource {
                logical_id: "SortLetters".to_owned(),
                source_arn: arn("my-home-Letters"),
                function_arn: function_arn.clone(),
                batch_size: 10,
                window_s: 0,
                reports_item_failures: true,
                enabled: true,
                kind: SourceKind::Queue {
                    concurrency: Some(3),
                },
            },
            EventSource {
                logical_id: "Weigh".to_owned(),
                source_arn: arn("my-home-Parcels"),
                function_arn,
                batch_size: 100,
                window_s: 5,
                reports_item_failures: false,
                enabled: false,
                kind: SourceKind::Queue { concurrency: None },
            },
        ]
    );
    // The permission to read comes with the event, not with the mapping.
    let policies = &template.functions[0].role_policies;
    let managed = "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole";
    assert_eq!(policies, &[json!(managed)]);
}

#[test]
fn a_mapping_gives_its_function_no_permission() {
    let without = MAIL.replace("        Letters:\n", "        Other:\n");
    let without = without.replace(
        "          Type: SQS\n          Properties:\n            Queue: !GetAtt Letters.Arn\n\
         \x20           FunctionResponseTypes: [ReportBatchItemFailures]\n\
         \x20           ScalingConfig: {MaximumConcurrency: 3}\n",
        "          Type: ScheduleV2\n          Properties: {ScheduleExpression: rate(1 minute)}\n",
    );
    assert_ne!(without, MAIL);
    let template =
        Template::parse("t.yaml", &without, &context(&[])).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(template.event_sources.len(), 1);
    assert_eq!(template.functions[0].role_policies, [Value::Null; 0]);
}

// AWS same(template): a queue whose VisibilityTimeout is shorter than its function's Timeout is
//     refused, as are a second mapping of a queue to the same function and a batch above 10 without
//     a window
// AWS absent(template): FIFO queues, RedriveAllowPolicy, filters of queues, provisioned pollers,
//     and sources other than queues and tables' streams; refused with file, line, column and advice
#[test]
fn unsupported_settings_of_queues_and_sources_are_refused() {
    let rows = [
        (
            "VisibilityTimeout: 120",
            "VisibilityTimeout: 19",
            "SortLetters: VisibilityTimeout of Letters cannot be \"19\": Queue visibility timeout: \
             19 seconds is less than Function timeout: 20 seconds",
        ),
        (
            "!GetAtt Parcels.Arn",
            "!GetAtt Letters.Arn",
            "t.yaml:30:5: Weigh: queue cannot be \"Letters\": SortLetters already delivers its \
             messages to Sort",
        ),
        (
            "      MaximumBatchingWindowInSeconds: 5\n",
            "",
            "Weigh: BatchSize cannot be \"100\": more than 10 needs a \
             MaximumBatchingWindowInSeconds of at least 1",
        ),
        (
            "BatchSize: 100",
            "BatchSize: 10001",
            "Weigh: BatchSize cannot be \"10001\": must be 1 to 10000",
        ),
        (
            "Enabled: false",
            "FilterCriteria: {Filters: []}",
            "Weigh: property FilterCriteria is not supported: every message is delivered",
        ),
        (
            "            ScalingConfig: {MaximumConcurrency: 3}",
            "            FilterCriteria: {Filters: []}",
            "Sort: property Events.Letters.Properties.FilterCriteria is not supported: every \
             message",
        ),
        (
            "            ScalingConfig: {MaximumConcurrency: 3}",
            "            ProvisionedPollerConfig: {MinimumPollers: 2}",
            "Sort: property Events.Letters.Properties.ProvisionedPollerConfig is not supported: a \
             queue is read",
        ),
        (
            "MaximumConcurrency: 3",
            "MaximumConcurrency: 1",
            "Sort: Events.Letters.Properties.ScalingConfig.MaximumConcurrency cannot be \"1\": \
             must be 2 to 1000",
        ),
        (
            "[ReportBatchItemFailures]",
            "[ReportFailures]",
            "Sort: Events.Letters.Properties.FunctionResponseTypes cannot be \"ReportFailures\": \
             the only type is ReportBatchItemFailures",
        ),
        (
            "            Queue: !GetAtt Letters.Arn",
            "            Queue: arn:aws:sqs:us-east-1:123456789012:other",
            "SortLetters: arn:aws:sqs:us-east-1:123456789012:other is not a queue of this template",
        ),
        (
            "            Queue: !GetAtt Letters.Arn",
            "            Que: x",
            "Sort: unknown property Events.Letters.Properties.Que: did you mean \
             Events.Letters.Properties.Queue?",
        ),
        (
            "FunctionName: !Ref Sort",
            "FunctionName: other",
            "Weigh: other is not a function of this template",
        ),
        (
            "EventSourceArn: !GetAtt Parcels.Arn",
            "EventSourceArn: arn:aws:kinesis:us-east-1:123456789012:stream/s",
            "Weigh: EventSourceArn cannot be \"arn:aws:kinesis:us-east-1:123456789012:stream/s\": \
             only queues and streams of tables are supported",
        ),
        (
            "!GetAtt Dead.Arn",
            "arn:aws:sqs:us-east-1:123456789012:other",
            "Letters: arn:aws:sqs:us-east-1:123456789012:other is not a queue of this template",
        ),
        (
            ", maxReceiveCount: 5",
            "",
            "Letters: property RedrivePolicy.maxReceiveCount is missing",
        ),
        (
            "maxReceiveCount: 5",
            "maxReceiveCount: 0",
            "Letters: RedrivePolicy.maxReceiveCount cannot be \"0\": must be 1 to 1000",
        ),
        (
            "DelaySeconds: 2",
            "DelaySeconds: 901",
            "Letters: DelaySeconds cannot be \"901\": must be 0 to 900",
        ),
        (
            "DelaySeconds: 2",
            "FifoQueue: true",
            "Letters: property FifoQueue is not supported: order is not kept; use a standard queue",
        ),
        (
            "DelaySeconds: 2",
            "RedriveAllowPolicy: {redrivePermission: denyAll}",
            "Letters: property RedriveAllowPolicy is not supported",
        ),
    ];
    for (from, to, expected) in rows {
        assert!(MAIL.contains(from), "{from}");
        let message = error(&MAIL.replacen(from, to, 1), &[]);
        assert!(
            message.starts_with("t.yaml:") && message.contains(expected),
            "{to}\n   gave {message}\n   want {expected}"
        );
    }
}
