//! `lockctl` is killed at each of its calls on a service, before the service gets the call and
//! after it has carried it out. Repeated, the command completes what is left.

use anyhow::{Context, Result, bail, ensure};
use e2e::place::{Place, STACK};
use e2e::proxy::{Proxy, Stop};
use e2e::shell::succeeds;

use crate::account::{certificates, check_complete, iot};

/// Most calls of one attempt. More means that it never ends.
const CALLS_MAX: usize = 40;

/// The service at whose calls `lockctl` is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// The control plane of AWS `IoT`.
    Control,
    /// The data plane of AWS `IoT`.
    Data,
    /// `DynamoDB`.
    Table,
}

/// When `lockctl` is killed: at the call after the first `calls` on the service.
#[derive(Debug, Clone, Copy)]
pub struct Kill {
    pub service: Service,
    pub calls: usize,
    pub stop: Stop,
}

impl Service {
    /// The variable and the address of the service.
    fn address(self, place: &Place) -> (&'static str, &str) {
        let at = place.cloud.endpoints();
        match self {
            Self::Control => ("AWS_ENDPOINT_URL_IOT", &at.iot),
            Self::Data => ("AWS_ENDPOINT_URL_IOT_DATA_PLANE", &at.iot_data),
            Self::Table => ("AWS_ENDPOINT_URL_DYNAMODB", &at.dynamodb),
        }
    }
}

/// Runs `lockctl` and kills it. Returns whether it was killed; it was not if it made no more calls.
pub async fn kill_at(place: &Place, arguments: &[&str], kill: Kill) -> Result<bool> {
    let (variable, address) = kill.service.address(place);
    let proxy = Proxy::start(address, kill.calls, kill.stop).await?;
    let shell = place.shell(place.cloud.credentials());
    let shell = shell.with(variable, &proxy.address);
    let arguments = [arguments, &["--stack", STACK]].concat();
    proxy.kill_at_stop(&mut shell.command(&arguments)?).await
}

/// Makes an attempt that is killed at the first call, one at the second, and so on until one makes
/// no more calls. Returns how many were killed.
pub async fn kill_at_each(
    service: Service,
    stop: Stop,
    mut attempt: impl AsyncFnMut(Kill) -> Result<bool>,
) -> Result<usize> {
    for calls in 0..=CALLS_MAX {
        let kill = Kill {
            service,
            calls,
            stop,
        };
        let was_killed = attempt(kill).await;
        if !was_killed.with_context(|| format!("{kill:?}"))? {
            return Ok(calls);
        }
    }
    bail!("lockctl makes more than {CALLS_MAX} calls")
}

/// Kills the registration of a new lock, and repeats it. Returns whether it was killed.
async fn register_killed(place: &Place, kill: Kill) -> Result<bool> {
    let iot = iot(place);
    let (calls, stop) = (kill.calls, kill.stop);
    let name = format!("lock-{calls}");
    let latch = ["--unlocked-level", "1", "--power-on", "locked"];
    let arguments = [&["register", "lock", &name][..], &latch].concat();
    let was_killed = kill_at(place, &arguments, kill).await?;
    let active = certificates(&iot).await?;
    let active = active.iter().filter(|one| one.is_active).count();
    let done = calls + usize::from(!was_killed);
    // The certificate becomes active with the last call, or not at all.
    let may_be_active = stop == Stop::After && active == done + 1;
    ensure!(active == done || may_be_active, "{active} are active");
    let next = place.lockctl(place.cloud.credentials(), &arguments).await?;
    let text = succeeds(&next)?;
    let folder = place.folder().join("devices").join(&name);
    let wanted = (name.as_str(), "remote-lock-lock", STACK, "doors-lock");
    let complete = check_complete(&iot, wanted, &folder).await;
    complete.with_context(|| text)?;
    let all = certificates(&iot).await?.len();
    ensure!(all == calls + 1, "{all} certificates");
    Ok(was_killed)
}

#[tokio::test]
async fn a_registration_that_is_killed_at_any_call_is_completed_by_the_next() -> Result<()> {
    for stop in [Stop::Before, Stop::After] {
        let place = Place::start().await?;
        let attempt = async |kill: Kill| register_killed(&place, kill).await;
        let calls = kill_at_each(Service::Control, stop, attempt).await?;
        // Otherwise it was not killed where it makes its changes.
        ensure!(calls > 8, "{calls}");
        place.cloud.shutdown().await;
    }
    Ok(())
}
