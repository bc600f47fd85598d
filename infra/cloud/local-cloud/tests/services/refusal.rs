//! What is found after the template was read is refused with its place in the template, too.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use local_cloud::{LocalCloud, Options, narrate};

use crate::world::{here, options};

const FUNCTION: &str = "\
Transform: AWS::Serverless-2016-10-31
Parameters:
  Certificate: {Type: String, Default: 'arn:aws:iot:us-east-1:123456789012:cert/none'}
Resources:
  Ears:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ears/
      Handler: bootstrap
      Runtime: provided.al2023
";

fn stack(path: PathBuf, has_binary: bool) -> Options {
    let binaries = BTreeMap::from([("Ears".to_owned(), here("echo.py"))]);
    Options {
        template: path,
        binaries: if has_binary {
            binaries
        } else {
            BTreeMap::new()
        },
        ..options()
    }
}

// AWS same(rules): the statement of a disabled rule is parsed
// AWS absent(functions): runtimes other than python3.N, nodejsN.x, provided.al2 and
//     provided.al2023; refused with file, line and advice, unless --binary names a program or
//     --no-start is given
// AWS different(template): CloudFormation names the logical id of what it refuses; here also file,
//     line and column, even for what is found after the template was read
#[tokio::test]
async fn every_refusal_names_file_line_and_logical_id() {
    let rows: &[(&str, &str)] = &[
        (
            "  Nonsense:
    Type: AWS::IoT::TopicRule
    Properties:
      TopicRulePayload:
        RuleDisabled: true
        AwsIotSqlVersion: '2016-03-23'
        Sql: SELECT FROM nonsense !!
        Actions: [{Lambda: {FunctionArn: !GetAtt Ears.Arn}}]
",
            "17:14: Nonsense: rule stack_Nonsense: parse statement: rule sql at character",
        ),
        (
            "      Events:
        Said: {Type: IoTRule, Properties: {Sql: SELECT 1, AwsIotSqlVersion: '2020-01-01'}}
",
            "5:3: EarsSaid: rule stack_EarsSaid: sql version 2020-01-01 is not supported, write",
        ),
        (
            "      Environment: {Variables: {AWS_REGION: here}}
",
            "5:3: Ears: configure function stack-Ears: environment variable AWS_REGION",
        ),
        (
            "      Policies:
        - Statement: {Effect: Allow, Action: 's3:GetObject', Resource: '${aws:username}'}
",
            "5:3: Ears: read policy 1 of Ears: policy document: ",
        ),
        (
            "  Device:
    Type: AWS::IoT::Policy
    Properties:
      PolicyDocument: {Version: '2012-10-17', Statement: {Effect: Maybe}}
",
            "11:3: Device: policy stack-Device: policy document: Effect must be Allow or Deny",
        ),
        (
            "  Device:
    Type: AWS::IoT::Policy
    Properties:
      PolicyDocument: {Version: '2012-10-17', Statement: []}
  Attached:
    Type: AWS::IoT::PolicyPrincipalAttachment
    Properties: {PolicyName: !Ref Device, Principal: !Ref Certificate}
",
            "15:3: Attached: certificate none is not here: \
             start with the --data-dir in which it was made, or leave the attachment out with \
             --inert AWS::IoT::PolicyPrincipalAttachment",
        ),
        (
            "  Device:
    Type: AWS::IoT::Policy
    Properties:
      PolicyName: a b
      PolicyDocument: {Version: '2012-10-17', Statement: []}
",
            "11:3: Device: the policy's name: ",
        ),
        (
            "  Huts:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: x
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: hut, AttributeType: S}]
      KeySchema: [{AttributeName: hut, KeyType: HASH}]
",
            "11:3: Huts: create table x: ",
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.yaml");
    for (added, expected) in rows {
        std::fs::write(&path, format!("{FUNCTION}{added}")).unwrap();
        let refused = LocalCloud::start(stack(path.clone(), true)).await.err();
        let found = narrate::chain(&refused.unwrap());
        let expected = format!("{}:{expected}", path.display());
        assert!(found.starts_with(&expected), "{found}\n   want {expected}");
    }
    std::fs::write(&path, FUNCTION).unwrap();
    let refused = LocalCloud::start(stack(path.clone(), false)).await.err();
    let found = narrate::chain(&refused.unwrap());
    let expected = format!("{}:5:3: Ears: function Ears: no executable", path.display());
    assert!(found.starts_with(&expected), "{found}");

    // Whatever nothing here can run is refused, unless somebody else starts it or names a program.
    for (runtime, code, expected) in [
        (
            "java11",
            "ears/",
            "the runtime java11 is not run here: name an executable",
        ),
        (
            "go1.x",
            "s3://heap/ears.zip",
            "the runtime go1.x is not run here: name an executable",
        ),
        (
            "python2.7",
            "ears/",
            "the runtime python2.7 is not run here: name an executable",
        ),
        (
            "python3.12",
            "s3://heap/ears.zip",
            "its code is s3://heap/ears.zip, which is not here",
        ),
        ("nodejs22.x", "ears/", "no code: "),
        (
            "provided.al2023",
            "s3://heap/ears.zip",
            "its code is s3://heap/ears.zip, which is not",
        ),
    ] {
        let text = FUNCTION
            .replace("provided.al2023", runtime)
            .replace("ears/", code);
        std::fs::write(&path, text).unwrap();
        let refused = LocalCloud::start(stack(path.clone(), false)).await.err();
        let found = narrate::chain(&refused.unwrap());
        let place = format!("{}:5:3: Ears: function Ears: {expected}", path.display());
        assert!(found.starts_with(&place), "{found}\n   want {place}");
        let outside = Options {
            no_start: vec!["Ears".to_owned()],
            ..stack(path.clone(), false)
        };
        for accepted in [outside, stack(path.clone(), true)] {
            let cloud = LocalCloud::start(accepted).await;
            cloud
                .unwrap_or_else(|error| panic!("{runtime} {code}: {error}"))
                .shutdown()
                .await;
        }
    }
    std::fs::write(&path, FUNCTION).unwrap();

    // A reload says the same, and everything keeps running.
    let cloud = LocalCloud::start(stack(path.clone(), true)).await.unwrap();
    let (added, expected) = rows[0];
    std::fs::write(&path, format!("{FUNCTION}{added}")).unwrap();
    let refused = cloud.reload(&BTreeSet::new()).await.unwrap_err();
    let found = narrate::chain(&refused);
    assert!(
        found.starts_with(&format!("{}:{expected}", path.display())),
        "{found}"
    );
    cloud.shutdown().await;
}
