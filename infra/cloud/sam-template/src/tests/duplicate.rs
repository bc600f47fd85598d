//! Two resources of one name.

use super::*;

const FUNCTION: &str = "Runtime: provided.al2, Handler: bootstrap, CodeUri: ears";
const SQL: &str = "AwsIotSqlVersion: '2016-03-23', Sql: SELECT 1, Actions: []";
const DAILY: &str = "Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 day)";

// AWS same(template): a second function, table, queue, topic, bucket, role, policy, rule, schedule,
//     alarm, log group or provisioning template of one name is refused
#[test]
fn a_second_resource_of_one_name_is_refused() {
    let role = "AssumeRolePolicyDocument: {}, RoleName: a";
    let plain = "Runtime: python3.12, Handler: a.b, Role: x, Code: {ZipFile: x}";
    let template = "TemplateBody: '{}', ProvisioningRoleArn: x";
    let key = "AttributeDefinitions: [{AttributeName: k, AttributeType: S}], KeySchema: \
               [{AttributeName: k, KeyType: HASH}], BillingMode: PAY_PER_REQUEST";
    for (first, second, property, class) in [
        (
            format!("AWS::Serverless::Function, Properties: {{{FUNCTION}, FunctionName: a}}"),
            format!("AWS::Lambda::Function, Properties: {{{plain}, FunctionName: a}}"),
            "FunctionName",
            "function",
        ),
        (
            "AWS::Serverless::SimpleTable, Properties: {TableName: a}".to_owned(),
            format!("AWS::DynamoDB::Table, Properties: {{{key}, TableName: a}}"),
            "TableName",
            "table",
        ),
        twice("AWS::SQS::Queue", "QueueName: a", "queue"),
        twice("AWS::SNS::Topic", "TopicName: a", "topic"),
        twice("AWS::S3::Bucket", "BucketName: a", "bucket"),
        twice("AWS::IAM::Role", role, "role"),
        twice(
            "AWS::IoT::Policy",
            "PolicyDocument: {}, PolicyName: a",
            "policy",
        ),
        twice(
            "AWS::IoT::TopicRule",
            &format!("TopicRulePayload: {{{SQL}}}, RuleName: a"),
            "rule",
        ),
        twice(
            "AWS::IoT::ProvisioningTemplate",
            &format!("{template}, TemplateName: a"),
            "provisioning template",
        ),
        twice("AWS::Logs::LogGroup", "LogGroupName: a", "log group"),
        // One name is given, the other is made of the logical id.
        (
            "AWS::SQS::Queue, Properties: {QueueName: my-home-Two}".to_owned(),
            "AWS::SQS::Queue".to_owned(),
            "the name",
            "queue",
        ),
    ] {
        let text = format!("  One: {{Type: {first}}}\n  Two: {{Type: {second}}}\n");
        let message = resources(&text).unwrap_err().to_string();
        let name = if property == "the name" {
            "my-home-Two"
        } else {
            "a"
        };
        let expected = format!(
            ": Two: {property} cannot be \"{name}\": t.yaml:3:3: One is the {class} of this \
             name, and CloudFormation fails (already exists): give another name"
        );
        assert!(
            message.starts_with("t.yaml:4:") && message.ends_with(&expected),
            "{text}\n gave {message}\n want {expected}"
        );
    }
}

/// The types and properties of two equal resources; the last property names them.
fn twice(
    kind: &str,
    properties: &str,
    class: &'static str,
) -> (String, String, &'static str, &'static str) {
    let resource = format!("{kind}, Properties: {{{properties}}}");
    let property = properties.rsplit(", ").next().unwrap_or_default();
    let property = property.strip_suffix(": a").unwrap_or_default().to_owned();
    (resource.clone(), resource, property.leak(), class)
}

#[test]
fn a_second_schedule_of_one_name_is_refused_at_its_event() {
    let events = format!(
        "  Ears:
    Type: AWS::Serverless::Function
    Properties:
      {}
      Events:
        One: {{{DAILY}, Name: a}}}}
        Two: {{{DAILY}, Name: a}}}}
",
        FUNCTION.replace(", ", "\n      ")
    );
    let message = resources(&events).unwrap_err().to_string();
    assert!(
        message.starts_with("t.yaml:11:")
            && message.contains(
                "EarsTwo: Name cannot be \"a\": t.yaml:3:3: EarsOne is the schedule of this name"
            ),
        "{message}"
    );
    let other = events.replacen("Name: a", "Name: a, GroupName: night", 1);
    assert_eq!(resources(&other).unwrap().schedules.len(), 2);
}

#[test]
fn names_of_different_kinds_may_be_equal() {
    let text = "  One: {Type: AWS::SQS::Queue, Properties: {QueueName: a}}
  Two: {Type: AWS::SNS::Topic, Properties: {TopicName: a}}
";
    assert_eq!(resources(text).unwrap().queues.len(), 1);
}
