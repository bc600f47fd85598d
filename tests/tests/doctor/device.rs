//! Links that are broken and fixed on a running stack.

use anyhow::{Context, Result, ensure};
use e2e::World;
use serde_json::json;

use crate::until_named;

const LOCK: &str = "lock-1";
const BUTTON: &str = "button-1";
const POLICY: &str = "remote-lock-lock";
const RULE: &str = "remote_lock_request";

/// What is done to a stack.
#[derive(Clone, Copy, Debug)]
pub enum Break {
    Rule,
    Registration,
    Attachment,
    Certificate,
    Policy,
    /// A policy that forbids this action.
    Denial(&'static str),
    Power,
    Binding,
    Permission,
}

/// What is broken, the link that must be named, a part of what fixes it.
pub const ROWS: [(Break, &str, &str); 11] = [
    (Break::Rule, "rule request", "lockctl resume"),
    (
        Break::Registration,
        "button-9 thing",
        "lockctl register button button-9",
    ),
    (
        Break::Attachment,
        "lock-1 certificate",
        "lockctl register lock lock-1",
    ),
    (
        Break::Certificate,
        "lock-1 active",
        "--new-status ACTIVE --certificate-id",
    ),
    (
        Break::Policy,
        "lock-1 may connect",
        "aws iot attach-policy --policy-name remote-lock-lock --target arn:aws:iot:",
    ),
    (
        Break::Denial("Publish"),
        "lock-1 may publish",
        "aws iot detach-policy --policy-name no-Publish",
    ),
    (
        Break::Denial("Subscribe"),
        "lock-1 may subscribe",
        "aws iot detach-policy --policy-name no-Subscribe",
    ),
    (
        Break::Denial("Receive"),
        "lock-1 may receive",
        "aws iot detach-policy --policy-name no-Receive",
    ),
    (Break::Power, "lock-1 connected", "the board's light"),
    (
        Break::Binding,
        "button-1 binding",
        "lockctl bind button-1 LOCK",
    ),
    (
        Break::Permission,
        "button-1 binding",
        "lockctl enable button-1",
    ),
];

async fn certificate(world: &World) -> Result<String> {
    let listed = world.iot().list_thing_principals().thing_name(LOCK);
    let listed = listed.send().await.context("list the certificates")?;
    let first = listed.principals().first().cloned();
    first.context("no certificate")
}

async fn set_active(world: &World, arn: &str, active: bool) -> Result<()> {
    use aws_sdk_iot::types::CertificateStatus::{Active, Inactive};
    let id = arn.rsplit('/').next().unwrap_or_default();
    let status = if active { Active } else { Inactive };
    let update = world.iot().update_certificate().certificate_id(id);
    update.new_status(status).send().await?;
    Ok(())
}

/// Attaches or detaches a policy that forbids an action.
async fn set_denial(world: &World, arn: &str, action: &str, is_denied: bool) -> Result<()> {
    let (iot, name) = (world.iot(), format!("no-{action}"));
    if !is_denied {
        let detach = iot.detach_policy().policy_name(name).target(arn);
        detach.send().await?;
        return Ok(());
    }
    let denial = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Action": format!("iot:{action}"), "Resource": "*"}]});
    let create = iot.create_policy().policy_name(&name);
    create.policy_document(denial.to_string()).send().await?;
    let attach = iot.attach_policy().policy_name(name).target(arn);
    attach.send().await?;
    Ok(())
}

/// Breaks one link, or fixes it.
async fn act(world: &World, what: Break, arn: &str, is_mended: bool) -> Result<()> {
    let iot = world.iot();
    match (what, is_mended) {
        (Break::Rule, false) => drop(iot.disable_topic_rule().rule_name(RULE).send().await?),
        (Break::Rule, true) => drop(world.lockctl_json(&["resume"]).await?),
        (Break::Registration, false) => {
            let register = ["register", "button", "button-9", "--record-only"];
            world.lockctl_json(&register).await?;
            world.lockctl_json(&["bind", "button-9", LOCK]).await?;
        }
        // It stays in the register.
        (Break::Registration, true) => {
            world.lockctl_json(&["retire", "button-9", "--yes"]).await?;
        }
        (Break::Attachment, false) => {
            let detach = iot.detach_thing_principal().thing_name(LOCK);
            detach.principal(arn).send().await?;
        }
        (Break::Attachment, true) => {
            let attach = iot.attach_thing_principal().thing_name(LOCK);
            attach.principal(arn).send().await?;
        }
        (Break::Certificate, _) => set_active(world, arn, is_mended).await?,
        (Break::Policy, false) => {
            let detach = iot.detach_policy().policy_name(POLICY).target(arn);
            detach.send().await?;
        }
        (Break::Policy, true) => {
            let attach = iot.attach_policy().policy_name(POLICY).target(arn);
            attach.send().await?;
        }
        (Break::Denial(action), _) => set_denial(world, arn, action, !is_mended).await?,
        (Break::Power, _) => world.power(LOCK, is_mended).await?,
        (Break::Binding, false) => drop(world.lockctl_json(&["unbind", BUTTON]).await?),
        (Break::Binding, true) => drop(world.lockctl_json(&["bind", BUTTON, LOCK]).await?),
        (Break::Permission, false) => drop(world.lockctl_json(&["revoke", BUTTON]).await?),
        (Break::Permission, true) => drop(world.lockctl_json(&["enable", BUTTON]).await?),
    }
    Ok(())
}

#[tokio::test]
async fn each_broken_link_is_named_first_until_it_is_mended() -> Result<()> {
    let world = World::start().await?;
    world.until_settled(LOCK, "locked").await?;
    until_named(&world, None).await?;
    let arn = certificate(&world).await?;
    for (what, title, part) in ROWS {
        act(&world, what, &arn, false).await?;
        let named = until_named(&world, Some(title)).await;
        let fix = named.with_context(|| format!("{what:?}"))?;
        ensure!(fix.contains(part), "{what:?}: {fix}");
        act(&world, what, &arn, true).await?;
        let fixed = until_named(&world, None).await;
        fixed.with_context(|| format!("{what:?} was fixed"))?;
    }
    Ok(())
}

#[tokio::test]
async fn a_message_in_the_poison_queue_is_named_and_sent_back() -> Result<()> {
    let world = World::start().await?;
    world.until_settled(LOCK, "locked").await?;
    let outputs = &world.ready()["outputs"];
    let url = outputs["PoisonQueueUrl"].as_str().context("no queue")?;
    // What the rules engine writes about a press that it could not deliver.
    let failure = json!({
        "ruleName": "remote_lock_button", "topic": "iotbutton/button-1",
        "cloudwatchTraceId": "5b7f2a10-0000-4000-8000-000000000001", "clientId": BUTTON,
        "base64OriginalPayload": "e30=",
        "failures": [{
            "failedAction": "LambdaAction", "failedResource": "press",
            "errorMessage": "not permitted",
        }],
    });
    let send = world.sqs().send_message().queue_url(url);
    send.message_body(failure.to_string()).send().await?;
    let fix = until_named(&world, Some("poison queue")).await?;
    ensure!(fix.contains("lockctl failures --redrive"), "{fix}");

    let shown = world.lockctl_json(&["failures"]).await?;
    ensure!(shown["messages"][0]["body"].as_str().is_some(), "{shown}");
    let deadline = std::time::Instant::now() + crate::DEADLINE;
    loop {
        // It is hidden for some seconds after it was shown.
        let sent = world.lockctl_json(&["failures", "--redrive"]).await?;
        if sent["sentBack"]
            .as_array()
            .is_some_and(|sent| !sent.is_empty())
        {
            break;
        }
        ensure!(std::time::Instant::now() < deadline, "{sent}");
    }
    world.until_history(LOCK, "given up").await?;
    let shown = world.lockctl_json(&["failures"]).await?;
    let given_up = shown["givenUp"].as_array().map(Vec::len);
    ensure!(given_up == Some(1), "{shown}");
    Ok(())
}
