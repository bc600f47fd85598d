//! `lockctl retire`: a lost button, a lost lock, an interrupted attempt, and a policy that a stack
//! can delete afterwards.

use anyhow::{Context, Result, bail, ensure};
use aws_sdk_iot::error::ProvideErrorMetadata;
use e2e::World;
use e2e::proxy::{Proxy, Stop};
use serde_json::Value;
use tokio::process::Command;

/// Most calls of one attempt. More means that it never ends.
const CALLS_MAX: usize = 30;

const POLICY: &str = "remote-lock-lock";

/// ARNs of the certificates of a thing.
async fn certificates(world: &World, thing: &str) -> Result<Vec<String>> {
    let listed = world.iot().list_thing_principals().thing_name(thing);
    let listed = listed.send().await.context("list the certificates")?;
    Ok(listed.principals().to_vec())
}

async fn is_thing(world: &World, thing: &str) -> Result<bool> {
    match world.iot().describe_thing().thing_name(thing).send().await {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(false),
        Err(error) => Err(error).context("describe the thing"),
    }
}

async fn is_certificate(world: &World, arn: &str) -> Result<bool> {
    let id = arn.rsplit('/').next().unwrap_or_default();
    let described = world.iot().describe_certificate().certificate_id(id);
    match described.send().await {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(false),
        Err(error) => Err(error).context("describe the certificate"),
    }
}

/// A registered lock with a thing and a certificate, as a board of its own has. Returns the ARN.
async fn add_lock(world: &World, name: &str) -> Result<String> {
    let iot = world.iot();
    iot.create_thing().thing_name(name).send().await?;
    let made = iot.create_keys_and_certificate().set_as_active(true);
    let made = made.send().await?;
    let arn = made.certificate_arn().context("no ARN")?.to_owned();
    iot.attach_policy()
        .policy_name(POLICY)
        .target(&arn)
        .send()
        .await?;
    let attach = iot.attach_thing_principal().thing_name(name);
    attach.principal(&arn).send().await?;
    world
        .lockctl_json(&["register", "lock", name, "--record-only"])
        .await?;
    Ok(arn)
}

async fn names_of_locks(world: &World) -> Result<Vec<String>> {
    let status = world.lockctl_json(&["status"]).await?;
    let locks = status["locks"].as_array().context("no locks")?.iter();
    let names = locks.filter_map(|lock| lock["lock"].as_str().or(lock["thing"].as_str()));
    Ok(names.map(str::to_owned).collect())
}

#[tokio::test]
async fn a_lost_button_is_revoked_and_retired() -> Result<()> {
    let world = World::start().await?;
    world.until_settled("lock-1", "locked").await?;
    let held = certificates(&world, "button-1").await?;
    assert_eq!(held.len(), 1);
    world.lockctl_json(&["revoke", "button-1"]).await?;

    // Without a terminal or --yes, and with --dry-run, nothing changes.
    let asked = world.lockctl(&["retire", "button-1"]).await?;
    let text = String::from_utf8_lossy(&asked.stderr);
    assert!(
        !asked.status.success() && text.contains("pass --yes"),
        "{text}"
    );
    let planned = world
        .lockctl_json(&["retire", "button-1", "--dry-run"])
        .await?;
    let calls = planned["calls"].as_array().context("no calls")?;
    for begin in [
        "unbind button button-1",
        "mark button button-1 as retired",
        "iot:UpdateCertificate",
        "iot:DeleteThing button-1",
    ] {
        let is_planned = |call: &Value| call.as_str().is_some_and(|call| call.starts_with(begin));
        assert!(calls.iter().any(is_planned), "{begin}: {calls:#?}");
    }
    assert_eq!(certificates(&world, "button-1").await?, held);

    let retired = world.lockctl_json(&["retire", "button-1", "--yes"]).await?;
    assert_eq!(retired["retired"], true, "{retired}");
    assert!(!is_thing(&world, "button-1").await?);
    assert!(!is_certificate(&world, &held[0]).await?);
    ensure!(
        world.client("button-1").await.is_err(),
        "its certificate still connects"
    );
    let pressed = world.lockctl(&["press", "button-1"]).await?;
    let text = String::from_utf8_lossy(&pressed.stdout);
    assert!(text.contains("ignored: not bound"), "{text}");
    world.until_history("lock-1", "button-1").await?;

    let again = world.lockctl(&["retire", "button-1", "--yes"]).await?;
    let text = String::from_utf8_lossy(&again.stdout);
    assert!(again.status.success(), "{text}");
    assert!(text.contains("thing button-1: already gone"), "{text}");
    let unknown = world.lockctl(&["retire", "buton-1", "--yes"]).await?;
    let text = String::from_utf8_lossy(&unknown.stderr);
    assert!(text.contains("neither registered nor a thing"), "{text}");
    Ok(())
}

#[tokio::test]
async fn a_lost_lock_is_retired_and_its_button_goes_to_the_new_board() -> Result<()> {
    let world = World::start_with(&["--memory", "--locks", "2", "--no-button-devices"]).await?;
    world.until_settled("lock-1", "locked").await?;
    world.until_settled("lock-2", "locked").await?;
    let held = certificates(&world, "lock-1").await?;
    world.lockctl_json(&["unlock", "lock-1"]).await?;
    world.until_settled("lock-1", "unlocked").await?;
    world.power("lock-1", false).await?;
    for (arguments, refusal) in [
        (
            &["retire", "lock-1", "--yes"][..],
            "first `lockctl unbind button-1`",
        ),
        (&["retire", "lock-1", "--yes"], "pass --gone"),
    ] {
        let refused = world.lockctl(arguments).await?;
        let text = String::from_utf8_lossy(&refused.stderr);
        assert!(
            !refused.status.success() && text.contains(refusal),
            "{text}"
        );
        assert!(is_certificate(&world, &held[0]).await?, "{text}");
        world.lockctl_json(&["unbind", "button-1"]).await?;
    }
    world
        .lockctl_json(&["retire", "lock-1", "--gone", "--yes"])
        .await?;
    assert!(!is_thing(&world, "lock-1").await?);
    assert!(!is_certificate(&world, &held[0]).await?);
    assert_eq!(names_of_locks(&world).await?, ["lock-2"]);
    let history = world.lockctl_json(&["history", "lock-1"]).await?;
    let events = history["history"].as_array().map(Vec::len);
    assert!(events.is_some_and(|events| events > 2), "{history}");

    world.lockctl_json(&["bind", "button-1", "lock-2"]).await?;
    world.lockctl_json(&["press", "button-1"]).await?;
    world.until_settled("lock-2", "unlocked").await?;
    Ok(())
}

#[tokio::test]
async fn a_certificate_of_two_things_is_only_detached() -> Result<()> {
    let world = World::start().await?;
    let arn = add_lock(&world, "lock-9").await?;
    let iot = world.iot();
    iot.create_thing().thing_name("other").send().await?;
    let attach = iot.attach_thing_principal().thing_name("other");
    attach.principal(&arn).send().await?;
    let retired = world.lockctl(&["retire", "lock-9", "--yes"]).await?;
    let text = String::from_utf8_lossy(&retired.stdout);
    assert!(retired.status.success(), "{text}");
    assert!(text.contains("it is attached to other too"), "{text}");
    assert!(!is_thing(&world, "lock-9").await?);
    assert!(is_certificate(&world, &arn).await?);
    assert_eq!(certificates(&world, "other").await?, [arn]);
    Ok(())
}

#[tokio::test]
async fn a_policy_can_be_deleted_once_its_devices_are_retired() -> Result<()> {
    let world = World::start().await?;
    world.until_settled("lock-1", "locked").await?;
    let delete = || world.iot().delete_policy().policy_name(POLICY).send();
    let refused = delete()
        .await
        .err()
        .context("an attached policy was deleted")?;
    assert_eq!(refused.code(), Some("DeleteConflictException"));
    for name in ["button-1", "lock-1"] {
        world.lockctl_json(&["retire", name, "--yes"]).await?;
    }
    delete().await.context("delete the policy")?;
    Ok(())
}

/// `lockctl retire lock-9 --yes` that reaches the control plane through `iot`.
fn retire(world: &World, iot: &str) -> Result<Command> {
    let shell = world.shell()?.with("AWS_ENDPOINT_URL_IOT", iot);
    shell.command(&["retire", "lock-9", "--yes"])
}

/// Retires lock-9, and kills lockctl at the call after the first `calls`. Returns whether it was
/// killed; it was not if it made no more calls.
async fn kill_at(world: &World, calls: usize, stop: Stop) -> Result<bool> {
    let proxy = Proxy::start(world.at("iot"), calls, stop).await?;
    let mut command = retire(world, &proxy.address)?;
    proxy.kill_at_stop(&mut command).await
}

#[tokio::test]
async fn an_attempt_that_is_killed_at_any_call_is_completed_by_the_next() -> Result<()> {
    let world = World::start_with(&["--memory", "--locks", "1"]).await?;
    world.until_settled("lock-1", "locked").await?;
    for stop in [Stop::Before, Stop::After] {
        let mut calls = 0;
        loop {
            let arn = add_lock(&world, "lock-9").await?;
            let was_killed = kill_at(&world, calls, stop).await?;
            let next = retire(&world, world.at("iot"))?.output().await?;
            let text = String::from_utf8_lossy(&next.stdout);
            let errors = String::from_utf8_lossy(&next.stderr);
            let place = format!("{stop:?} call {calls}: {text}{errors}");
            assert!(next.status.success(), "{place}");
            assert!(!is_thing(&world, "lock-9").await?, "{place}");
            assert!(!is_certificate(&world, &arn).await?, "{place}");
            assert_eq!(names_of_locks(&world).await?, ["lock-1"], "{place}");
            if !was_killed {
                break;
            }
            calls += 1;
            if calls > CALLS_MAX {
                bail!("lockctl makes more than {CALLS_MAX} calls");
            }
        }
        // Five to look, six to remove.
        assert_eq!(calls, 11);
    }
    Ok(())
}
