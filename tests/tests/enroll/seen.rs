//! `lockctl rotate --finish` where AWS does not offer `GetConnection`: the operator has seen the
//! device. Killed at each call too.

use anyhow::{Context, Result, ensure};
use e2e::place::{Place, STACK, text};
use e2e::proxy::Stop;
use e2e::shell::succeeds;
use local_cloud::Credentials;

use crate::account::{certificates, check_complete, iot};
use crate::command::run;
use crate::kill::{Kill, Service, kill_at, kill_at_each};

/// The calls about connections in the owners' policy.
const OFFERED: &str = "Action: [iot:GetConnection, iot:DeleteConnection]";

async fn register(place: &Place, name: &str) -> Result<()> {
    let latch = ["--unlocked-level", "1", "--power-on", "locked"];
    run(place, &[&["register", "lock", name][..], &latch].concat()).await?;
    Ok(())
}

/// Rotates a new device to its end. The end is killed, and repeated.
async fn finish_killed(place: &Place, kill: Kill) -> Result<bool> {
    let name = format!("lock-{}", kill.calls);
    register(place, &name).await?;
    let iot = iot(place);
    let folder = place.folder().join("devices").join(&name);
    let wanted = (name.as_str(), "remote-lock-lock", STACK, "doors-lock");
    let old = check_complete(&iot, wanted, &folder).await?;
    run(place, &["rotate", &name]).await?;

    let finish = ["rotate", &name, "--finish", "--seen"];
    let was_killed = kill_at(place, &finish, kill).await?;
    let text = run(place, &finish).await?;
    let left = check_complete(&iot, wanted, &folder).await;
    let left = left.with_context(|| text.clone())?;
    ensure!(left.id != old.id, "the old certificate is left: {text}");
    let thing = iot.describe_thing().thing_name(&name).send().await?;
    let note = thing.attributes().and_then(|all| all.get("rotating"));
    ensure!(note.is_none(), "{note:?}");
    let all = certificates(&iot).await?.len();
    ensure!(all == kill.calls + 1, "{all} certificates: {text}");
    Ok(was_killed)
}

#[tokio::test]
async fn an_end_that_the_operator_has_seen_is_completed_after_any_kill() -> Result<()> {
    for stop in [Stop::Before, Stop::After] {
        let place = Place::start().await?;
        let attempt = async |kill: Kill| finish_killed(&place, kill).await;
        let calls = kill_at_each(Service::Control, stop, attempt).await?;
        // Otherwise it was not killed where it makes its changes.
        ensure!(calls > 8, "{calls}");
        place.cloud.shutdown().await;
    }
    Ok(())
}

#[tokio::test]
async fn an_end_that_the_operator_has_seen_looks_at_no_connection() -> Result<()> {
    let place = Place::start().await?;
    let attempt = async |kill: Kill| finish_killed(&place, kill).await;
    let calls = kill_at_each(Service::Data, Stop::Before, attempt).await?;
    ensure!(calls == 0, "{calls} calls");
    place.cloud.shutdown().await;
    Ok(())
}

/// Checks what `rotate --finish` says if the stack's owners may do only this with connections.
/// Nothing changes.
async fn check_unfinished(offered: &str, missing: &str) -> Result<(Place, Credentials)> {
    let place = Place::start().await?;
    let iot = iot(&place);
    let whole = text()?;
    ensure!(whole.contains(OFFERED), "the template has changed");
    place.change(&whole.replace(OFFERED, offered)).await?;
    let owner = place.person("OwnerPolicy")?;
    register(&place, "lock-1").await?;
    run(&place, &["rotate", "lock-1"]).await?;
    let before = certificates(&iot).await?;

    let finish = ["rotate", "lock-1", "--finish", "--wait", "0"];
    let output = place.lockctl(&owner, &finish).await?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.code() == Some(1), "{output:?}");
    for part in [missing, "ForbiddenException", "is active again"] {
        ensure!(text.contains(part), "{part}: {text}");
    }
    let next = "run `lockctl rotate lock-1 --finish --seen`";
    ensure!(text.contains(next), "{text}");
    ensure!(!text.contains("--finish`"), "two advices: {text}");
    ensure!(certificates(&iot).await? == before, "{text}");
    Ok((place, owner))
}

#[tokio::test]
async fn a_rotation_is_finished_where_no_connection_can_be_looked_at() -> Result<()> {
    let missing = "iot:GetConnection lock-1";
    let (place, owner) = check_unfinished("Action: [sns:ListTopics]", missing).await?;
    let finish = ["rotate", "lock-1", "--finish", "--seen"];
    let text = succeeds(&place.lockctl(&owner, &finish).await?)?;
    ensure!(
        text.contains("nobody but you has seen lock-1 with its new certificate (--seen)"),
        "{text}"
    );
    let cut = text.find(" INACTIVE").context("it is not cut off")?;
    ensure!(text.find(" REVOKED").is_some_and(|at| at > cut), "{text}");
    let left = certificates(&iot(&place)).await?;
    ensure!(left.len() == 1 && left[0].is_active, "{left:?}");
    place.cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_connection_that_cannot_be_ended_is_like_one_that_cannot_be_looked_at() -> Result<()> {
    let missing = "iot:DeleteConnection lock-1";
    let (place, _) = check_unfinished("Action: [iot:GetConnection]", missing).await?;
    place.cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_data_plane_that_is_not_reached_is_no_reason_to_finish_unseen() -> Result<()> {
    let place = Place::start().await?;
    register(&place, "lock-1").await?;
    run(&place, &["rotate", "lock-1"]).await?;
    let shell = place.shell(place.cloud.credentials());
    let shell = shell.with("AWS_ENDPOINT_URL_IOT_DATA_PLANE", "http://127.0.0.1:1");
    let finish = ["rotate", "lock-1", "--finish", "--stack", STACK];
    let output = shell.lockctl(&finish).await?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.code() == Some(1), "{output:?}");
    ensure!(text.contains("no connection: "), "{text}");
    ensure!(text.contains("is active again"), "{text}");
    ensure!(!text.contains("--seen"), "{text}");
    place.cloud.shutdown().await;
    Ok(())
}
