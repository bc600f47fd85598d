//! Statements as public rules write them, from the broker to the rule's action, and the variables
//! of SET in its templates.

use std::collections::BTreeSet;

use local_cloud::{LocalCloud, Options};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::world::{Client, certificate, options, rest};

/// A template with one rule for each statement; rule `n` republishes to `out/n`.
fn template(rules: &[(&str, &str)]) -> String {
    let mut text = "\
Transform: AWS::Serverless-2016-10-31
Resources:
  Reader:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {}
      Policies:
        - PolicyName: all
          PolicyDocument:
            Version: '2012-10-17'
            Statement:
              - Effect: Allow
                Action: [iot:Publish, iot:DescribeThing, iot:ListThingGroupsForThing]
                Resource: '*'
"
    .to_owned();
    for (number, (sql, topic)) in rules.iter().enumerate() {
        text += &format!(
            "  Rule{number}:
    Type: AWS::IoT::TopicRule
    Properties:
      TopicRulePayload:
        AwsIotSqlVersion: '2016-03-23'
        Sql: !Sub {sql:?}
        Actions:
          - Republish: {{Topic: {topic:?}, RoleArn: !GetAtt Reader.Arn}}
"
        );
    }
    text
}

async fn start(rules: &[(&str, &str)]) -> (LocalCloud, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, template(rules)).unwrap();
    let cloud = LocalCloud::start(Options {
        template: path,
        ..options()
    });
    (cloud.await.unwrap(), folder)
}

/// The thing `a`, connected, with all rights.
async fn client(cloud: &LocalCloud) -> Client {
    let all = json!([{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]);
    let certificate = certificate(cloud, "all", &all);
    let mut client = Client::connect(cloud, "a", &certificate).await;
    client.subscribe("out/#").await;
    client
}

// AWS same(rules): variables of SET are in the substitution templates of the rule's actions
#[tokio::test]
async fn statements_that_public_rules_have_reach_their_actions() {
    let rows: [(&str, &str, &str, Value, &str, Value); 7] = [
        // (statement, target, topic, payload, topic of the output, output)
        (
            "SELECT * AS said FROM 'huts/one'",
            "out/0",
            "huts/one",
            json!({"degrees": 17}),
            "out/0",
            json!({"said": {"degrees": 17}}),
        ),
        (
            "SELECT * FROM \"huts/two\"",
            "out/1",
            "huts/two",
            json!({"a": 1}),
            "out/1",
            json!({"a": 1}),
        ),
        (
            "SELECT *, clientid() FROM 'huts/three'",
            "out/2",
            "huts/three",
            json!({"a": 1}),
            "out/2",
            json!({"a": 1, "clientid": "a"}),
        ),
        (
            "SELECT inside.* FROM 'huts/four'",
            "out/3",
            "huts/four",
            json!({"inside": {"a": 1, "b": 2}}),
            "out/3",
            json!({"a": 1, "b": 2}),
        ),
        (
            "SELECT * FROM 'huts/five' WHERE colour IN ['red', 'blue']",
            "out/4",
            "huts/five",
            json!({"colour": "blue"}),
            "out/4",
            json!({"colour": "blue"}),
        ),
        (
            "SET @c = (f - 32) * 5 / 9, @id = newuuid() SELECT @c AS c, @id AS id, wet \
             FROM 'huts/six'",
            "out/${wet}/${@c}/${@id}",
            "huts/six",
            json!({"f": 77, "wet": 60}),
            "out/60/25/",
            json!({"c": 25, "wet": 60}),
        ),
        (
            "SELECT get_or_default(t, 0) AS t FROM 'huts/seven'",
            "out/6",
            "huts/seven",
            json!({"x": 1}),
            "out/6",
            json!({"t": 0}),
        ),
    ];
    let rules: Vec<(&str, &str)> = rows.iter().map(|row| (row.0, row.1)).collect();
    let (cloud, _folder) = start(&rules).await;
    let mut client = client(&cloud).await;
    for (sql, _, topic, payload, out, expected) in rows {
        client.publish(topic, &payload.to_string()).await;
        let (found, mut output) = client.json().await;
        // A variable has one value for the message: in the output and in the template.
        let id = output.as_object_mut().unwrap().remove("id");
        let id = id.as_ref().and_then(Value::as_str).unwrap_or_default();
        assert_eq!(found, format!("{out}{id}"), "{sql}");
        assert_eq!(output, expected, "{sql}");
    }
    cloud.shutdown().await;
}

// AWS same(rules): get_registry_data answers as DescribeThing does, with the role's permission
// AWS unknown(rules): whether ListThingGroupsForThing yields names alone, as a public sample shows,
//     or the operation's answer; here the operation's answer
#[tokio::test]
async fn a_statement_reads_what_the_registry_keeps() {
    let ask = |operation: &str| {
        format!(
            "SELECT get_registry_data('{operation}', clientid(), '${{Reader.Arn}}') AS r \
             FROM 'ask/{operation}'"
        )
    };
    let (describe, groups) = (ask("DescribeThing"), ask("ListThingGroupsForThing"));
    let rules = [
        (describe.as_str(), "out/thing"),
        (groups.as_str(), "out/groups"),
    ];
    let (cloud, _folder) = start(&rules).await;
    let plane = &cloud.endpoints().iot;
    let attributes = json!({"attributePayload": {"attributes": {"place": "attic"}}});
    for (request, body) in [
        ("POST /things/a", attributes),
        ("POST /thing-groups/g", json!({})),
        (
            "PUT /thing-groups/addThingToThingGroup",
            json!({"thingGroupName": "g", "thingName": "a"}),
        ),
    ] {
        let answer = rest(&cloud, plane, request, "", &body.to_string()).await;
        assert_eq!(answer.status, 200, "{request}: {answer:?}");
    }
    let described = rest(&cloud, plane, "GET /things/a", "", "").await.body;
    let mut client = client(&cloud).await;
    client.publish("ask/DescribeThing", "{}").await;
    let (topic, output) = client.json().await;
    assert_eq!((topic.as_str(), &output["r"]), ("out/thing", &described));
    assert_eq!(output["r"]["attributes"], json!({"place": "attic"}));
    client.publish("ask/ListThingGroupsForThing", "{}").await;
    let (topic, output) = client.json().await;
    let arn = "arn:aws:iot:us-east-1:123456789012:thinggroup/g";
    let expected = json!({"thingGroups": [{"groupName": "g", "groupArn": arn}]});
    assert_eq!((topic.as_str(), &output["r"]), ("out/groups", &expected));
    cloud.shutdown().await;
}

// AWS unknown(rules): what differs between the versions beta and 2016-03-23; here beta is run as
//     2016-03-23, with a warning at the start
#[tokio::test]
async fn the_version_beta_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.yaml");
    let text = template(&[("SELECT [a] AS r FROM 'huts/one'", "out/0")]);
    std::fs::write(&path, text.replace("'2016-03-23'", "beta")).unwrap();
    let started = LocalCloud::start(Options {
        template: path,
        ..options()
    });
    let cloud = started.await.unwrap();
    let mut client = client(&cloud).await;
    client.publish("huts/one", r#"{"a":1}"#).await;
    assert_eq!(client.json().await.1, json!({"r": [1]}));
    assert_eq!(cloud.reload(&BTreeSet::new()).await.unwrap(), [""; 0]);
    cloud.shutdown().await;
}
