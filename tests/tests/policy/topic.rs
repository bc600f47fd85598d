//! Which topics a lock and a button may publish to and subscribe to.

use std::path::PathBuf;

use anyhow::Result;
use e2e::mqtt::Client;
use local_cloud::EventKind;
use serde_json::{Value, json};

use super::{BUTTON, Cloud, DEADLINE, LOCK, text};

/// A thing that is neither a lock nor a button.
const OTHER: &str = "garden-gate";

/// The topics that a thing may publish to, and those it may subscribe to, of all candidates.
async fn rights(cloud: &Cloud, thing: &str, files: &[PathBuf; 3]) -> Result<[Vec<String>; 2]> {
    let bases = [thing, OTHER].map(|name| {
        let shadow = format!("$aws/things/{name}/shadow");
        [
            shadow.clone(),
            format!("{shadow}/name/button"),
            format!("{shadow}/name/other"),
        ]
    });
    let mut topics: Vec<String> = [thing, OTHER]
        .iter()
        .flat_map(|name| ["iotbutton/", "remote-lock/"].map(|first| format!("{first}{name}")))
        .collect();
    let requests = [thing, OTHER].map(|name| format!("remote-lock/{name}/request"));
    topics.extend(requests);
    topics.extend([thing, OTHER].map(|name| format!("remote-lock/{name}/request/lock")));
    topics.push(format!("remote-lock-ask/{thing}"));
    let shown = [
        "remote-lock-state/",
        "remote-lock-live/",
        "remote-lock-event/",
    ];
    topics.extend(shown.map(|first| format!("{first}{thing}")));
    let mut filters = topics.clone();
    filters.extend(["iotbutton/+", "remote-lock/+", "remote-lock/#"].map(str::to_owned));
    for base in bases.as_flattened() {
        let at = |end: &str| format!("{base}/{end}");
        topics.extend(["update", "get", "delete"].map(at));
        filters.extend(["update/accepted", "update/rejected", "update/delta"].map(at));
        filters.extend(["update/documents", "delete/accepted", "delete/rejected"].map(at));
        filters.extend(["get/accepted", "update", "update/+", "+/accepted", "#"].map(at));
    }
    let mut events = cloud.cloud.subscribe();
    let mut granted = [Vec::new(), Vec::new()];
    let asked = topics.into_iter().map(|topic| ("iot:Publish", topic));
    let filters = filters.into_iter().map(|topic| ("iot:Subscribe", topic));
    for (action, topic) in asked.chain(filters) {
        let mut client = Client::connect(thing, &cloud.address(), files).await?;
        let answer = match action {
            "iot:Publish" => client.publish(&topic, "{}").await,
            _ => client.subscribe(&topic).await,
        };
        let mut is_refused = false;
        while let Ok(event) = events.try_recv() {
            is_refused |= matches!(&event.kind, EventKind::Denied { action: denied, resource, .. }
                if denied == action && resource.ends_with(&topic));
        }
        match answer {
            Ok(()) => granted[usize::from(action == "iot:Subscribe")].push(topic),
            Err(error) => assert!(is_refused, "{thing}: {action} {topic}: {error:#}"),
        }
    }
    Ok(granted)
}

#[tokio::test]
async fn a_lock_and_a_button_reach_the_topics_that_they_need_and_no_other() -> Result<()> {
    let cloud = Cloud::start(&text()?, &[]).await?;
    let lock = format!("$aws/things/{LOCK}/shadow");
    let button = format!("$aws/things/{BUTTON}/shadow/name/button");
    let (commands, presses) = (format!("remote-lock/{LOCK}"), format!("iotbutton/{BUTTON}"));
    for (thing, policy, shadow, publishes, subscribes) in [
        (LOCK, "doors-lock", &lock, None, Some(commands)),
        (BUTTON, "doors-button", &button, Some(presses), None),
    ] {
        let files = cloud.certificate(thing, policy)?;
        let answers = ["update/accepted", "update/rejected", "delete/accepted"];
        let answers = answers.map(|end| format!("{shadow}/{end}"));
        let updates = [format!("{shadow}/update")];
        let wanted = [
            publishes.into_iter().chain(updates).collect::<Vec<_>>(),
            subscribes.into_iter().chain(answers).collect(),
        ];
        assert_eq!(rights(&cloud, thing, &files).await?, wanted, "{thing}");
    }
    cloud.cloud.shutdown().await;
    Ok(())
}

/// A button's health in its named shadow is not a report: rules match the classic shadow only.
#[tokio::test]
async fn a_button_receives_the_answers_of_its_named_shadow_and_no_rule_matches_them() -> Result<()>
{
    let cloud = Cloud::start(&text()?, &[]).await?;
    let shadow = format!("$aws/things/{BUTTON}/shadow/name/button");
    let [update, accepted, rejected] =
        ["update", "update/accepted", "update/rejected"].map(|end| format!("{shadow}/{end}"));
    let deleted = format!("{shadow}/delete/accepted");
    let files = cloud.certificate(BUTTON, "doors-button")?;
    let mut button = Client::connect(BUTTON, &cloud.address(), &files).await?;
    for answer in [&accepted, &rejected, &deleted] {
        button.subscribe(answer).await?;
    }
    let mut events = cloud.cloud.subscribe();
    let health = json!({ "state": { "reported": { "bootCount": 7 } }, "clientToken": "7-12" });
    button.publish(&update, health.to_string()).await?;
    let answer: Value = serde_json::from_slice(&button.message(&accepted).await?)?;
    assert_eq!(answer["clientToken"], "7-12");
    assert!(
        answer["timestamp"].is_u64(),
        "no time for the button: {answer}"
    );
    button.publish(&update, r#"{"state":7}"#).await?;
    button.message(&rejected).await?;
    let shadows = cloud.cloud.registry();
    let all = r#"{"Version":"2012-10-17",
        "Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]}"#;
    shadows.create_policy("all", all)?;
    let files = cloud.certificate("person", "all")?;
    let mut person = Client::connect("person", &cloud.address(), &files).await?;
    person.publish(&format!("{shadow}/delete"), "").await?;
    button.message(&deleted).await?;

    // The first update that a rule matches is the lock's.
    let files = cloud.certificate(LOCK, "doors-lock")?;
    let mut lock = Client::connect(LOCK, &cloud.address(), &files).await?;
    let update = format!("$aws/things/{LOCK}/shadow/update");
    lock.publish(&update, health.to_string()).await?;
    let matched = async {
        loop {
            if let EventKind::RuleMatched { topic, .. } = &events.recv().await?.kind {
                return anyhow::Ok(topic.clone());
            }
        }
    };
    let topic = tokio::time::timeout(DEADLINE, matched).await??;
    assert_eq!(topic, format!("{update}/accepted"));
    cloud.cloud.shutdown().await;
    Ok(())
}
