//! Provisions the things of the stack as an operator does in AWS: thing, certificate, policy, then
//! register and binding. What an earlier run left in the data directory stays as it is.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use local_cloud::LocalCloud;
use local_cloud::ready::ThingFiles;
use lock_aws::Cloud;
use lock_core::BindWish;
use lock_core::binding::Actions;
use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName};

use crate::cli::LocalArgs;
use crate::device::Kind;
use crate::ready::{Thing, output};

/// Time after a binding until a press counts (C3). A press that may be older than its binding is
/// ignored, and a button states the earliest possible time of a press, which can be a second early.
pub const PRESS_COUNTS_AFTER: Duration = Duration::from_secs(2);
/// Actor of registrations and bindings in the history.
const ACTOR: &str = "lockctl local";

/// Creates each thing with its certificate and the policy of its kind, which the template outputs.
pub fn create_things(
    cloud: &LocalCloud,
    home: &Path,
    things: &BTreeMap<String, Kind>,
) -> Result<BTreeMap<String, Thing>> {
    let create = |(name, kind): (&String, &Kind)| {
        let policy = match kind {
            Kind::Lock => output(cloud, "LockPolicyName")?,
            Kind::Button => output(cloud, "ButtonPolicyName")?,
        };
        let directory = home.join("things").join(name);
        let files = ThingFiles::provision(cloud.registry(), &directory, name, policy);
        let files = files.with_context(|| format!("provision {name}"))?;
        Ok((name.clone(), Thing { kind: *kind, files }))
    };
    things.iter().map(create).collect()
}

/// Registers each lock and button, and binds the buttons that were never bound. Returns whether it
/// bound one.
pub async fn register(cloud: &Cloud, args: &LocalArgs) -> Result<bool> {
    let limits = cloud.store.read_limits().await?;
    let limits = limits.unwrap_or_else(Limits::longest);
    let lock_name = |index: u16| LockName::new(format!("lock-{index}")).context("name a lock");
    for index in 1..=args.locks {
        let lock = lock_name(index)?;
        let registered = cloud.register_lock(&lock, Some(ACTOR), &limits).await;
        registered.with_context(|| format!("register {lock}"))?;
    }
    let mut has_bound = false;
    for index in 0..args.buttons {
        let button = ButtonSerial::new(format!("button-{}", index + 1)).context("name a button")?;
        let registered = cloud.register_button(&button, Some(ACTOR), &limits).await;
        registered.with_context(|| format!("register {button}"))?;
        let binding = cloud.store.read_binding(&button).await?;
        let is_new =
            binding.is_some_and(|binding| binding.lock.is_none() && binding.bound_at.is_none());
        if is_new && args.locks > 0 {
            let lock = lock_name(index % args.locks + 1)?;
            let wish = BindWish {
                actions: Actions::default(),
                forget_last_press: false,
            };
            let bound = cloud
                .bind(&button, &lock, &wish, Some(ACTOR), &limits)
                .await;
            bound.with_context(|| format!("bind {button} to {lock}"))?;
            has_bound = true;
        }
    }
    Ok(has_bound)
}
