//! `lockctl` is killed at each of its calls on the control plane, before the service gets the call
//! and after it has carried it out. Repeated, the command completes what is left.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use e2e::place::{Place, STACK};
use e2e::proxy::{Proxy, Stop};
use e2e::shell::succeeds;

use crate::account::{certificates, check_complete, iot};

/// How long a step may take. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);

/// Most calls of one attempt. More means that it never ends.
const CALLS_MAX: usize = 40;

/// Runs `lockctl` and kills it at the call after the first `calls`. Returns whether it was killed;
/// it was not if it made no more calls.
pub async fn kill_at(place: &Place, arguments: &[&str], calls: usize, stop: Stop) -> Result<bool> {
    let proxy = Proxy::start(&place.cloud.endpoints().iot, calls, stop).await?;
    let shell = place.shell(place.cloud.credentials());
    let shell = shell.with("AWS_ENDPOINT_URL_IOT", &proxy.address);
    let arguments = [arguments, &["--stack", STACK]].concat();
    let mut child = shell.command(&arguments)?.spawn().context("run lockctl")?;
    let race = async {
        tokio::select! {
            () = proxy.struck() => {
                child.kill().await.context("kill lockctl")?;
                Ok(true)
            }
            status = child.wait() => {
                let status = status.context("wait for lockctl")?;
                ensure!(status.success(), "lockctl ended with {status}");
                Ok(false)
            }
        }
    };
    let killed = tokio::time::timeout(DEADLINE, race).await;
    killed.context("lockctl neither ended nor made a call")?
}

#[tokio::test]
async fn a_registration_that_is_killed_at_any_call_is_completed_by_the_next() -> Result<()> {
    for stop in [Stop::Before, Stop::After] {
        let place = Place::start().await?;
        let iot = iot(&place);
        let mut calls = 0;
        loop {
            let name = format!("lock-{calls}");
            let arguments = ["register", "lock", &name];
            let latch = ["--unlocked-level", "1", "--power-on", "locked"];
            let arguments = [&arguments[..], &latch].concat();
            let was_killed = kill_at(&place, &arguments, calls, stop).await?;
            let place_of = format!("{stop:?} call {calls}");
            let active = certificates(&iot)
                .await?
                .iter()
                .filter(|c| c.is_active)
                .count();
            let done = calls + usize::from(!was_killed);
            // The certificate becomes active with the last call, or not at all.
            let may_be_active = stop == Stop::After && active == done + 1;
            ensure!(
                active == done || may_be_active,
                "{place_of}: {active} are active"
            );
            let next = place.lockctl(place.cloud.credentials(), &arguments).await?;
            let text = succeeds(&next).with_context(|| place_of.clone())?;
            let folder = place.folder().join("devices").join(&name);
            let wanted = (name.as_str(), "remote-lock-lock", STACK, "doors-lock");
            let complete = check_complete(&iot, wanted, &folder).await;
            complete.with_context(|| format!("{place_of}: {text}"))?;
            let all = certificates(&iot).await?.len();
            ensure!(all == calls + 1, "{place_of}: {all} certificates");
            if !was_killed {
                break;
            }
            calls += 1;
            if calls > CALLS_MAX {
                bail!("lockctl makes more than {CALLS_MAX} calls");
            }
        }
        // Otherwise it was not killed where it makes its changes.
        ensure!(calls > 8, "{calls}");
        place.cloud.shutdown().await;
    }
    Ok(())
}
