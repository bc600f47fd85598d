//! Provisions the things of the stack as an operator does in AWS: thing, certificate, policy, then register and binding. What
//! an earlier run left in the data directory stays as it is.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use local_cloud::LocalCloud;
use lock_aws::Cloud;
use lock_core::BindWish;
use lock_core::binding::Actions;
use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName};

use crate::cli::LocalArgs;
use crate::device::Kind;
use crate::ready::Thing;

/// Time after a binding until a press counts (C3). A button states the earliest time at which it can have been pressed, up to
/// about a second early, and a press that may be older than its binding is ignored.
pub const PRESS_COUNTS_AFTER: Duration = Duration::from_secs(2);
/// Actor of registrations and bindings in the history.
const ACTOR: &str = "lockctl local";
/// File with the ARN of a thing's certificate. Written last: its presence means that the certificate is complete.
const CERTIFICATE_ARN: &str = "certificate-arn";

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
        let folder = home.join("things").join(name);
        let thing = create_thing(cloud, folder, name, *kind, policy);
        Ok((
            name.clone(),
            thing.with_context(|| format!("provision {name}"))?,
        ))
    };
    things.iter().map(create).collect()
}

/// An output of the template.
pub fn output<'a>(cloud: &'a LocalCloud, name: &str) -> Result<&'a str> {
    let output = cloud.outputs().get(name).map(String::as_str);
    output.with_context(|| format!("the template has no output {name}"))
}

fn create_thing(
    cloud: &LocalCloud,
    folder: PathBuf,
    name: &str,
    kind: Kind,
    policy: &str,
) -> Result<Thing> {
    let registry = cloud.registry();
    let thing = Thing {
        kind,
        cert: folder.join("certificate.pem"),
        key: folder.join("private.key"),
    };
    registry.create_thing(name)?;
    let arn_file = folder.join(CERTIFICATE_ARN);
    let arn = match fs::read_to_string(&arn_file) {
        Ok(arn) => arn,
        Err(_) => {
            let issued = registry.create_keys_and_certificate()?;
            fs::create_dir_all(&folder)
                .with_context(|| format!("make directory {}", folder.display()))?;
            write_secret(&thing.key, &issued.private_key_pem)?;
            write_secret(&thing.cert, &issued.pem)?;
            write_secret(&arn_file, &issued.arn)?;
            issued.arn
        }
    };
    registry.attach_policy(policy, &arn)?;
    registry.attach_thing_principal(name, &arn)?;
    Ok(thing)
}

/// Writes a file that only its owner may read.
pub fn write_secret(path: &Path, text: &str) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let file = options.open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("write {}", path.display()))
}

/// Registers each lock and button, and binds the buttons that were never bound. Returns whether it bound one.
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
