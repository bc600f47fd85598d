//! Topic rules in the control plane: read, enabled and disabled while messages arrive.

use std::collections::BTreeSet;
use std::fs;

use local_cloud::{EventKind, LocalCloud, Options};
use serde_json::{Value, json};

use crate::world::{Answer, Client, cloud, event, here, options, rest, rest_of_function, thing};

async fn ask(cloud: &LocalCloud, request: &str) -> Answer {
    let endpoint = cloud.endpoints().iot.clone();
    rest(cloud, &endpoint, request, "", "").await
}

async fn succeed(cloud: &LocalCloud, request: &str) -> Value {
    let answer = ask(cloud, request).await;
    assert_eq!(answer.status, 200, "{request}: {answer:?}");
    answer.body
}

/// Whether the control plane calls the rule disabled, in both of its answers.
async fn is_disabled(cloud: &LocalCloud, rule: &str) -> bool {
    let got = succeed(cloud, &format!("GET /rules/{rule}")).await;
    let listed = succeed(cloud, "GET /rules?ruleDisabled=true").await;
    let listed = listed["rules"].as_array().unwrap().iter();
    let disabled = got["rule"]["ruleDisabled"] == true;
    let mut names = listed.map(|row| row["ruleName"].as_str().unwrap());
    assert_eq!(names.any(|name| name == rule), disabled, "{got}");
    disabled
}

// AWS same(control-plane): DisableTopicRule and EnableTopicRule act on the messages that come after
//     them, and succeed again on a rule that is already so
// AWS same(rules): a disabled rule matches no message, and counts as missing for Basic Ingest
#[tokio::test]
async fn a_disabled_rule_matches_nothing_until_it_is_enabled() {
    let cloud = cloud().await;
    let a = thing(&cloud, "a");
    let client = Client::connect(&cloud, "a", &a).await;
    let rule = "stack_AskRule";
    assert!(!is_disabled(&cloud, rule).await);
    for _ in 0..2 {
        succeed(&cloud, &format!("POST /rules/{rule}/disable")).await;
        assert!(is_disabled(&cloud, rule).await);
    }
    let mut events = cloud.subscribe();
    client.publish("ask/a", r#"{"question":"lost"}"#).await;
    let topic = format!("$aws/rules/{rule}/ask/a");
    client.publish(&topic, r#"{"question":"lost"}"#).await;
    event(&mut events, "failure of Basic Ingest", |kind| match kind {
        EventKind::RuleMatched { rule, .. } => panic!("{rule} is disabled"),
        EventKind::RuleFailed { error, .. } => error.contains("RuleNotFound").then_some(()),
        _ => None,
    })
    .await;
    for _ in 0..2 {
        succeed(&cloud, &format!("POST /rules/{rule}/enable")).await;
        assert!(!is_disabled(&cloud, rule).await);
    }
    client.publish("ask/a", r#"{"question":"kept"}"#).await;
    event(&mut events, "match", |kind| match kind {
        EventKind::RuleMatched { rule: matched, .. } => (matched == rule).then_some(()),
        _ => None,
    })
    .await;
    cloud.shutdown().await;
}

// AWS same(control-plane): GetTopicRule shows statement, actions and error action, ListTopicRules
//     the topic, in pages
// AWS different(control-plane): GetTopicRule and ListTopicRules in AWS know the rule's description
//     and filter by topic; here the description is left out and the filter refused
// AWS absent(control-plane): CreateTopicRule, ReplaceTopicRule, DeleteTopicRule; the template
//     declares the rules, so the operations are refused with UnknownOperationException
#[tokio::test]
async fn rules_are_shown_as_the_template_declares_them() {
    let cloud = cloud().await;
    let rule = succeed(&cloud, "GET /rules/stack_AskRule").await;
    let arn = "arn:aws:iot:us-east-1:123456789012:rule/stack_AskRule";
    assert_eq!(rule["ruleArn"], arn);
    let shown = &rule["rule"];
    let function = "arn:aws:lambda:us-east-1:123456789012:function:stack-EchoFunction";
    assert_eq!(
        shown["actions"][0],
        json!({"lambda": {"functionArn": function}})
    );
    assert_eq!(shown["awsIotSqlVersion"], "2016-03-23");
    assert!(shown["sql"].as_str().unwrap().contains("FROM 'ask/+'"));
    assert!(shown["createdAt"].is_number(), "{shown}");

    let first = succeed(&cloud, "GET /rules?maxResults=1").await;
    let token = first["nextToken"].as_str().unwrap();
    let second = succeed(
        &cloud,
        &format!("GET /rules?maxResults=1&nextToken={token}"),
    )
    .await;
    assert_ne!(first["rules"][0], second["rules"][0]);
    let all = succeed(&cloud, "GET /rules").await;
    let mut all = all["rules"].as_array().unwrap().iter();
    let row = all.find(|row| row["ruleArn"] == arn).unwrap();
    assert_eq!(row["topicPattern"], "ask/+");
    assert_eq!(ask(&cloud, "GET /rules?topic=ask/a").await.status, 400);
    assert_eq!(ask(&cloud, "DELETE /rules/stack_AskRule").await.status, 404);
    cloud.shutdown().await;
}

// AWS same(control-plane): an unknown rule is UnauthorizedException in all operations, as if it
//     belonged to someone else
#[tokio::test]
async fn an_unknown_rule_and_a_function_are_refused() {
    let cloud = cloud().await;
    for request in [
        "GET /rules/other",
        "POST /rules/other/enable",
        "POST /rules/other/disable",
    ] {
        let answer = ask(&cloud, request).await;
        assert_eq!(answer.status, 401, "{request}: {answer:?}");
        let kind = "x-amzn-errortype: unauthorizedexception";
        assert!(answer.head.contains(kind), "{answer:?}");
        let text = answer.body["message"].as_str().unwrap();
        assert_eq!(text, "Access to topic rule 'other' was denied");
    }
    let endpoint = cloud.endpoints().iot.clone();
    let disable = "POST /rules/stack_AskRule/disable";
    let answer = rest_of_function(&cloud, &endpoint, disable, "", "").await;
    assert_eq!(answer.status, 403, "{answer:?}");
    assert!(!is_disabled(&cloud, "stack_AskRule").await);
    cloud.shutdown().await;
}

/// Options of a stack with one rule, which keeps its data.
fn kept(directory: &std::path::Path) -> Options {
    let base = fs::read_to_string(here("reload.yaml")).unwrap();
    let template = directory.join("template.yaml");
    fs::write(&template, base).unwrap();
    let mut options = options();
    options.template = template;
    options.data_dir = Some(directory.join("data"));
    options.binaries.insert("greet".to_owned(), here("echo.py"));
    options
}

// AWS same(rules): a disabled rule stays disabled through an update of the stack until its own
//     declaration changes; then it has the template's RuleDisabled
#[tokio::test]
async fn a_switch_survives_a_reload_and_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let options = kept(directory.path());
    let cloud = LocalCloud::start(options.clone()).await.unwrap();
    let rule = "stack_WordRule";
    succeed(&cloud, &format!("POST /rules/{rule}/disable")).await;
    let edit = async |cloud: &LocalCloud, old: &str, new: &str| {
        let text = fs::read_to_string(&options.template).unwrap();
        assert!(text.contains(old), "{old}");
        fs::write(&options.template, text.replacen(old, new, 1)).unwrap();
        cloud.reload(&BTreeSet::new()).await.unwrap()
    };
    edit(&cloud, "GREETING: hello", "GREETING: goodbye").await;
    assert!(is_disabled(&cloud, rule).await);
    cloud.shutdown().await;

    let cloud = LocalCloud::start(options.clone()).await.unwrap();
    assert!(is_disabled(&cloud, rule).await);
    edit(&cloud, "VALUE 'one'", "VALUE 'two'").await;
    assert!(!is_disabled(&cloud, rule).await);
    cloud.shutdown().await;
}
