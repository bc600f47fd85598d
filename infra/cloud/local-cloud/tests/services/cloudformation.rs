//! CloudFormation: the stack's state, parameters and outputs.

use std::fs;

use local_cloud::{LocalCloud, Options};
use serde_json::json;
use tempfile::TempDir;

use crate::user::rest_of_user;
use crate::world::{Answer, deployed, deployment, here, rest, rest_as, thing};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const MORE: &str = "
  Secret: {Type: String, Default: hush, NoEcho: true}

Outputs:
  Greeting: {Value: 'hello & <goodbye>'}
  Table: {Value: !Ref Items}
";

/// Options of a cloud with the stack of `stack.yaml`, and outputs and a secret parameter.
fn with_outputs(folder: &TempDir) -> Options {
    let mut options = deployment(&[("Log", "*")]);
    let text = fs::read_to_string(here("stack.yaml")).unwrap();
    let (more, outputs) = MORE.split_once("\n\n").unwrap();
    let text = text.replacen("\nResources:", &format!("{more}\n\nResources:"), 1);
    options.template = folder.path().join("template.yaml");
    fs::write(&options.template, format!("{text}\n{outputs}")).unwrap();
    options
}

/// A call of CloudFormation by the operator.
async fn call(cloud: &LocalCloud, action: &str, parameters: &str) -> Answer {
    let body = format!("Action={action}&Version=2010-05-15{parameters}");
    let endpoint = &cloud.endpoints().cloudformation;
    rest(cloud, endpoint, "POST /", FORM, body).await
}

async fn describe(cloud: &LocalCloud, parameters: &str) -> Answer {
    call(cloud, "DescribeStacks", parameters).await
}

fn has(answer: &Answer, element: &str, text: &str) -> bool {
    answer
        .text
        .contains(&format!("<{element}>{text}</{element}>"))
}

fn pair(kind: &str, name: &str, value: &str) -> String {
    format!("<{kind}Key>{name}</{kind}Key><{kind}Value>{value}</{kind}Value>")
}

// AWS same(stack): DescribeStacks by name, by id or for all stacks: state, times, parameters (one
//     with NoEcho hidden) and outputs, in CloudFormation's XML
// AWS same(stack): a reload is an update of the stack (UPDATE_COMPLETE) with new outputs; one that
//     changes nothing is not
// AWS different(stack): a stack keeps its id and its times for its life; here each start of the
//     local cloud is a creation
#[tokio::test]
async fn a_stack_is_described_after_its_creation_and_its_update() {
    let folder = tempfile::tempdir().unwrap();
    let options = with_outputs(&folder);
    let template = options.template.clone();
    let cloud = LocalCloud::start(options).await.unwrap();
    let created = describe(&cloud, "&StackName=stack").await;
    assert_eq!(created.status, 200, "{created:?}");
    for (element, text) in [("StackName", "stack"), ("StackStatus", "CREATE_COMPLETE")] {
        assert!(has(&created, element, text), "{element}: {created:?}");
    }
    for (kind, name, value) in [
        ("Parameter", "Log", "*"),
        ("Parameter", "Protect", "false"),
        ("Parameter", "Secret", "****"),
        ("Output", "Greeting", "hello &amp; &lt;goodbye&gt;"),
        ("Output", "Table", "stack"),
    ] {
        let pair = pair(kind, name, value);
        assert!(created.text.contains(&pair), "{pair}: {created:?}");
    }
    assert!(!created.text.contains("LastUpdatedTime"), "{created:?}");
    let unchanged = cloud.reload(&[].into()).await.unwrap();
    assert_eq!(unchanged, Vec::<String>::new());
    let same = describe(&cloud, "").await;
    assert!(has(&same, "StackStatus", "CREATE_COMPLETE"), "{same:?}");

    let text = fs::read_to_string(&template).unwrap();
    fs::write(&template, text.replacen("hello &", "adieu &", 1)).unwrap();
    cloud.reload(&[].into()).await.unwrap();
    let (_, id) = created.text.split_once("<StackId>").unwrap();
    let (id, _) = id.split_once("</StackId>").unwrap();
    let id = id.replace(':', "%3A").replace('/', "%2F");
    let updated = describe(&cloud, &format!("&StackName={id}")).await;
    assert!(
        has(&updated, "StackStatus", "UPDATE_COMPLETE"),
        "{updated:?}"
    );
    assert!(updated.text.contains("<LastUpdatedTime>"), "{updated:?}");
    let greeting = pair("Output", "Greeting", "adieu &amp; &lt;goodbye&gt;");
    assert!(updated.text.contains(&greeting), "{updated:?}");
    cloud.shutdown().await;
}

// AWS same(stack): a failed deletion is DELETE_FAILED with its reason; a deleted stack does not
//     exist by its name, and is DELETE_COMPLETE by its id
#[tokio::test]
async fn a_stack_is_described_during_its_end() {
    let cloud = deployed(&[]).await;
    let id = describe(&cloud, "").await.text;
    let (_, id) = id.split_once("<StackId>").unwrap();
    let id = id.split_once("</StackId>").unwrap().0.to_owned();
    let certificate = thing(&cloud, "a");
    cloud.delete_stack().await.unwrap_err();
    let failed = describe(&cloud, "&StackName=stack").await;
    assert!(has(&failed, "StackStatus", "DELETE_FAILED"), "{failed:?}");
    let reason = "The following resource(s) failed to delete: [DevicePolicy]. ";
    assert!(has(&failed, "StackStatusReason", reason), "{failed:?}");
    let target = json!({"target": certificate.arn}).to_string();
    let line = "POST /target-policies/thing";
    let detached = rest(&cloud, &cloud.endpoints().iot, line, "", target).await;
    assert_eq!(detached.status, 200, "{detached:?}");
    cloud.delete_stack().await.unwrap();
    let gone = describe(&cloud, "&StackName=stack").await;
    assert_eq!(gone.status, 400);
    let message = "Stack with id stack does not exist";
    assert!(has(&gone, "Message", message), "{gone:?}");
    assert!(
        describe(&cloud, "")
            .await
            .text
            .contains("<Stacks></Stacks>")
    );
    let by_id = describe(&cloud, &format!("&StackName={id}")).await;
    assert!(has(&by_id, "StackStatus", "DELETE_COMPLETE"), "{by_id:?}");
    assert!(by_id.text.contains("<DeletionTime>"), "{by_id:?}");
    cloud.shutdown().await;
}

// AWS same(stack): a stack that does not exist is refused with ValidationError, a missing right
//     with AccessDenied, a wrong signature with SignatureDoesNotMatch
// AWS absent(stack): CloudFormation's other operations; refused with InvalidAction
#[tokio::test]
async fn calls_of_cloudformation_are_refused_in_its_words() {
    let cloud = deployed(&[]).await;
    let endpoint = cloud.endpoints().cloudformation.clone();
    let other = describe(&cloud, "&StackName=other").await;
    assert_eq!(other.status, 400);
    assert!(has(&other, "Code", "ValidationError"), "{other:?}");
    let message = "Stack with id other does not exist";
    assert!(has(&other, "Message", message), "{other:?}");
    let stray = describe(&cloud, "&StackName=stack&Filter=x").await;
    assert!(has(&stray, "Code", "ValidationError"), "{stray:?}");
    let unknown = call(&cloud, "CreateStack", "&StackName=other").await;
    assert!(has(&unknown, "Code", "InvalidAction"), "{unknown:?}");
    let unsigned = rest_as(&endpoint, "POST /", FORM, "Action=DescribeStacks").await;
    assert_eq!(unsigned.status, 403);
    for (name, refused) in [("stack", None), ("other", Some("stack/other/*"))] {
        let body = format!("Action=DescribeStacks&Version=2010-05-15&StackName={name}");
        let answer = rest_of_user(&cloud, &endpoint, "POST /", FORM, &body).await;
        let Some(resource) = refused else {
            assert_eq!(answer.status, 200, "{answer:?}");
            continue;
        };
        assert_eq!(answer.status, 403);
        assert!(has(&answer, "Code", "AccessDenied"), "{answer:?}");
        let denied = format!(
            "is not authorized to perform: cloudformation:DescribeStacks on resource: \
             arn:aws:cloudformation:us-east-1:123456789012:{resource} because"
        );
        assert!(answer.text.contains(&denied), "{answer:?}");
    }
    let all = "Action=DescribeStacks&Version=2010-05-15";
    let all = rest_of_user(&cloud, &endpoint, "POST /", FORM, all).await;
    assert_eq!(all.status, 403, "{all:?}");
    cloud.shutdown().await;
}
