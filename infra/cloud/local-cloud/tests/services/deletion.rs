//! Deletion of the stack while it runs: what goes, what stays, and what cannot go.

use local_cloud::{EventKind, LocalCloud};
use serde_json::{Value, json};

use crate::world::{Answer, Client, deployed, deployment, event, rest, thing};

async fn database(cloud: &LocalCloud, operation: &str, body: &Value) -> Answer {
    let headers = format!(
        "X-Amz-Target: DynamoDB_20120810.{operation}\r\n\
         Content-Type: application/x-amz-json-1.0\r\n"
    );
    let endpoint = &cloud.endpoints().dynamodb;
    rest(cloud, endpoint, "POST /", &headers, body.to_string()).await
}

/// Status of an operator's call at the control plane's address.
async fn status(cloud: &LocalCloud, line: &str) -> u16 {
    let body = if line.starts_with("GET") { "" } else { "{}" };
    rest(cloud, &cloud.endpoints().iot, line, "", body)
        .await
        .status
}

const INVOKE: &str = "POST /2015-03-31/functions/stack-EchoFunction/invocations";

// AWS same(template): a deleted stack leaves what its DeletionPolicy retains; a new stack does not
//     create a table that exists, unless it imports it
// AWS different(template): AWS imports resources by a change set; here the option --import-retained
//     does
#[tokio::test]
async fn a_deleted_stack_leaves_its_table_which_a_new_stack_can_import() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = deployment(&[]);
    options.data_dir = Some(directory.path().to_owned());
    let cloud = LocalCloud::start(options.clone()).await.unwrap();
    cloud.registry().create_thing("a").unwrap();
    let item = json!({"TableName": "stack", "Item": {"pk": {"S": "kept"}}});
    assert_eq!(database(&cloud, "PutItem", &item).await.status, 200);
    let done = cloud.delete_stack().await.unwrap();
    assert_eq!(done.retained, ["EchoLogGroup", "Items"]);
    let position = |id: &str| done.deleted.iter().position(|other| other == id).expect(id);
    for (first, then) in [
        ("AliasRulePermission", "AliasRule"),
        ("AliasRule", "EchoFunction"),
        ("Source", "Waiting"),
        ("EchoFunction", "EchoRole"),
        ("EchoRole", "DevicePolicy"),
    ] {
        assert!(
            position(first) < position(then),
            "{first} {then}: {:?}",
            done.deleted
        );
    }
    assert_eq!(done.deleted.len(), 11);
    assert_eq!(status(&cloud, INVOKE).await, 404);
    assert_eq!(status(&cloud, "GET /policies/thing").await, 404);
    assert_eq!(status(&cloud, "GET /things/a").await, 200);
    let scratch = json!({"TableName": "stack-Scratch"});
    assert_eq!(
        database(&cloud, "DescribeTable", &scratch).await.status,
        400
    );
    cloud.shutdown().await;

    let Err(error) = LocalCloud::start(options.clone()).await else {
        panic!("it created a table that exists");
    };
    let error = error.to_string();
    assert!(error.contains("'stack' already exists (Items)"), "{error}");
    assert!(error.contains("--import-retained"), "{error}");
    options.import_retained = true;
    let cloud = LocalCloud::start(options.clone()).await.unwrap();
    let key = json!({"TableName": "stack", "Key": {"pk": {"S": "kept"}}});
    let answer = database(&cloud, "GetItem", &key).await;
    assert_eq!(answer.body["Item"]["pk"]["S"], "kept", "{answer:?}");
    cloud.shutdown().await;
    // It is part of the stack again.
    options.import_retained = false;
    LocalCloud::start(options).await.unwrap().shutdown().await;
}

// AWS same(template): a policy that a certificate has is not deleted (DELETE_FAILED); rules and
//     functions are, and a further deletion deletes the rest
#[tokio::test]
async fn a_stack_whose_policy_is_attached_is_deleted_but_for_the_policy() {
    let cloud = deployed(&[]).await;
    let certificate = thing(&cloud, "a");
    let client = Client::connect(&cloud, "a", &certificate).await;
    let error = cloud.delete_stack().await.unwrap_err();
    let message = error.to_string();
    let expected = "DELETE_FAILED: The following resource(s) failed to delete: [DevicePolicy]. \
                    DevicePolicy (AWS::IoT::Policy): Resource handler returned message: \
                    \"The policy cannot be deleted as the policy is attached to one or more";
    assert!(message.starts_with(expected), "{message}");
    assert_eq!(error.done.deleted.len(), 10);
    assert_eq!(status(&cloud, INVOKE).await, 404);
    assert_eq!(status(&cloud, "GET /policies/thing").await, 200);
    // The client may still publish, and no rule sees it.
    let mut events = cloud.subscribe();
    client.publish("ask/a", r#"{"question": "who"}"#).await;
    client
        .publish(
            "$aws/things/a/shadow/update",
            r#"{"state":{"reported":{"on":true}}}"#,
        )
        .await;
    let first = event(&mut events, "a rule or the shadow", |kind| match kind {
        EventKind::RuleMatched { rule, .. } => Some(rule.clone()),
        EventKind::ShadowUpdated { thing, .. } => Some(thing.clone()),
        _ => None,
    });
    assert_eq!(first.await, "a");
    let id = &certificate.id;
    assert_eq!(
        status(
            &cloud,
            &format!("PUT /certificates/{id}?newStatus=INACTIVE")
        )
        .await,
        200
    );
    let detach = json!({"target": certificate.arn}).to_string();
    let line = "POST /target-policies/thing";
    let answer = rest(&cloud, &cloud.endpoints().iot, line, "", detach).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        cloud.delete_stack().await.unwrap().deleted,
        ["DevicePolicy"]
    );
    assert_eq!(
        status(&cloud, &format!("GET /certificates/{id}")).await,
        200
    );
    cloud.shutdown().await;
}

// AWS same(dynamodb): a table with deletion protection is not deleted until the protection is off
#[tokio::test]
async fn a_protected_table_keeps_its_stack_from_being_deleted() {
    let cloud = deployed(&[("Protect", "true")]).await;
    let error = cloud.delete_stack().await.unwrap_err();
    let failed: Vec<&str> = error.failed.iter().map(|f| f.logical_id.as_str()).collect();
    assert_eq!(failed, ["Scratch"]);
    let reason = &error.failed[0].reason;
    assert!(reason.contains("protected against deletion"), "{reason}");
    let off = json!({"TableName": "stack-Scratch", "DeletionProtectionEnabled": false});
    assert_eq!(database(&cloud, "UpdateTable", &off).await.status, 200);
    assert_eq!(cloud.delete_stack().await.unwrap().deleted, ["Scratch"]);
    cloud.shutdown().await;
}
