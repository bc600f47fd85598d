//! References to what is not in the template, and the places that errors name.

use super::*;

const STACK: &str = "  Rows: {Type: AWS::Serverless::SimpleTable}
  Alerts: {Type: AWS::SNS::Topic}
  Work: {Type: AWS::SQS::Queue}
  Ears:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2
      Handler: bootstrap
      CodeUri: ears
      Events:
        Line:
          Type: SQS
          Properties:
            BatchSize: 1
            Queue: !GetAtt Work.Arn
        Sensed:
          Type: IoTRule
          Properties:
            AwsIotSqlVersion: '2016-03-23'
            Sql: SELECT * FROM 'b'
  Writer:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {}
      Policies: []
  Rights:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: rights
      PolicyDocument: {Statement: []}
      Roles:
        - !Ref Writer
  Keep:
    Type: AWS::IoT::TopicRule
    Properties:
      TopicRulePayload:
        Sql: |
          SELECT *
          FROM 'a'
        Actions:
          - Sns:
              RoleArn: !GetAtt Writer.Arn
              TargetArn: !Ref Alerts
          - DynamoDBv2:
              RoleArn: !GetAtt Writer.Arn
              PutItem:
                TableName: !Ref Rows
          - Sqs:
              RoleArn: !GetAtt Writer.Arn
              QueueUrl: !Ref Work
  Show:
    Type: AWS::SNS::Subscription
    Properties:
      Protocol: email
      Endpoint: a@b.example
      TopicArn: !Ref Alerts
  Failed:
    Type: AWS::Lambda::EventInvokeConfig
    Properties:
      FunctionName: !Ref Ears
      Qualifier: $LATEST
      DestinationConfig:
        OnFailure:
          Destination: !Ref Alerts
  Loud:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: Home
      MetricName: Noise
      Statistic: Sum
      Period: 60
      EvaluationPeriods: 1
      Threshold: 1
      ComparisonOperator: GreaterThanThreshold
      AlarmActions:
        - !Ref Alerts
";

/// Line and column of a text of the stack.
fn place_of(text: &str) -> (usize, usize) {
    let before = STACK.split(text).next().unwrap_or_default();
    let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1) + 1;
    (before.matches('\n').count() + 3, column)
}

// AWS different(template): AWS accepts what another stack has; here a reference must be to a
//     resource of the template, and else it is refused with file, line, column and advice
#[test]
fn a_reference_to_another_stack_is_refused_at_its_property() {
    resources(STACK).unwrap();
    let declare = "declare it, and refer to it by !GetAtt or !Ref";
    for (property, other, expected) in [
        (
            "TargetArn: !Ref Alerts",
            "arn:x",
            ("Keep", "topic", Some("Sns")),
        ),
        (
            "TableName: !Ref Rows",
            "x",
            ("Keep", "table", Some("DynamoDBv2")),
        ),
        (
            "QueueUrl: !Ref Work",
            "https://x",
            ("Keep", "queue", Some("Sqs")),
        ),
        (
            "Queue: !GetAtt Work.Arn",
            "arn:aws:sqs:x",
            ("EarsLine", "queue", None),
        ),
        ("TopicArn: !Ref Alerts", "arn:x", ("Show", "topic", None)),
        (
            "Destination: !Ref Alerts",
            "arn:x",
            ("Failed", "queue or topic", None),
        ),
        ("FunctionName: !Ref Ears", "x", ("Failed", "function", None)),
        ("!Ref Writer", "x", ("Rights", "role", None)),
        (
            "!Ref Alerts",
            "arn:aws:sns:us-east-1:1:x",
            ("Loud", "topic", None),
        ),
        (
            "AssumeRolePolicyDocument: {}",
            "{}\n      ManagedPolicyArns: ['arn:aws:iam::123456789012:policy/x']",
            ("Writer", "managed policy", None),
        ),
        (
            "CodeUri: ears",
            "ears\n      Role: x",
            ("Ears", "role", None),
        ),
    ] {
        // The last one that has the text, as the alarm's is the last in the stack.
        let from = STACK.rfind(property).expect(property);
        let name = property.split_once(": ").map_or("", |(name, _)| name);
        let value = if name.is_empty() {
            other.to_owned()
        } else {
            format!("{name}: {other}")
        };
        let text = format!(
            "{}{value}{}",
            &STACK[..from],
            &STACK[from + property.len()..]
        );
        let message = resources(&text).unwrap_err().to_string();
        let (id, kinds, action) = expected;
        let line = STACK[..from].matches('\n').count() + 3 + other.matches('\n').count();
        let end = action.map_or(String::new(), |name| {
            format!("; or --inert {name} starts without {name} actions")
        });
        let has_all = message.starts_with(&format!("t.yaml:{line}:"))
            && message.contains(&format!(": {id}: "))
            && message.ends_with(&format!(
                "is not a {kinds} of this template: {declare}{end}"
            ));
        assert!(has_all, "{property} on line {line} gave {message}");
    }
}

#[test]
fn the_place_of_a_rules_sql_is_known() {
    let places = resources(STACK).unwrap().places;
    let (line, column) = place_of("SELECT * FROM 'b'");
    assert_eq!(
        places.of_sql("EarsSensed"),
        format!("t.yaml:{line}:{column}: EarsSensed")
    );
    let (line, _) = place_of("          SELECT *\n");
    let of_block = places.of_sql("Keep");
    assert!(
        of_block.starts_with(&format!("t.yaml:{line}:")),
        "{line}: {of_block}"
    );
    assert_eq!(places.of_sql("Rows"), "t.yaml:3:3: Rows");
}
