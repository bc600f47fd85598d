//! What to start: names, options, devices and the ready file, worked out from the arguments. Starts nothing itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use local_cloud::{LocalCloud, Options, Ports};
use lock_aws::Cloud;
use lock_core::BindWish;
use lock_core::binding::Actions;
use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::cli::{LocalArgs, StackArgs};
use crate::device::{Kind, Plan};
use crate::fault::Faults;
use crate::program::{self, Programs};
use crate::provision::Provision;
use crate::ready::{Credentials, Ready, Thing};

/// Account that the stand-in plays.
const ACCOUNT: &str = "123456789012";
/// Region that it plays.
const REGION: &str = "us-east-1";

/// Whether every lock is settled and every button that runs is connected.
pub fn is_up(state: &Value, args: &LocalArgs) -> bool {
    let all = |list: &str, fits: &dyn Fn(&Value) -> bool| {
        state[list]
            .as_array()
            .is_some_and(|all| all.iter().all(fits))
    };
    let counted = state["locks"].as_array().map_or(0, Vec::len) == usize::from(args.locks);
    counted
        && all("locks", &|lock| lock["record"]["status"] == "settled")
        && (args.no_button_devices
            || all("buttons", &|button| button["device"]["connected"] == true))
}

/// The names of the things, and what each is.
pub fn things(locks: u16, buttons: u16) -> BTreeMap<String, Kind> {
    let locks = (1..=locks).map(|i| (format!("lock-{i}"), Kind::Lock));
    locks
        .chain((1..=buttons).map(|i| (format!("button-{i}"), Kind::Button)))
        .collect()
}

/// What the local cloud is asked to run.
pub fn options(
    args: &LocalArgs,
    place: &StackArgs,
    home: &Path,
    faults: &Faults,
) -> Result<Options> {
    let mut parameters = BTreeMap::new();
    for given in &args.parameters {
        let (name, value) = given
            .split_once('=')
            .with_context(|| format!("--parameter is NAME=VALUE, not {given}"))?;
        parameters.insert(name.to_owned(), value.to_owned());
    }
    Ok(Options {
        template: args
            .template
            .clone()
            .unwrap_or_else(|| program::workspace().join("template.yaml")),
        parameters,
        stack_name: place.name.clone(),
        region: REGION.to_owned(),
        account: ACCOUNT.to_owned(),
        data_dir: if args.memory {
            None
        } else {
            Some(home.join("cloud"))
        },
        binaries: BTreeMap::new(),
        ports: Ports::default(),
        seed: args.seed,
        time_scale: args.time_scale,
        faults: faults.cloud.clone(),
    })
}

/// The programs that the template names.
pub fn function_names(options: &Options) -> Result<Vec<String>> {
    let context = sam_template::Context {
        stack_name: options.stack_name.clone(),
        region: options.region.clone(),
        account: options.account.clone(),
        parameters: options.parameters.clone(),
    };
    let template = sam_template::Template::load(&options.template, &context)?;
    Ok(template
        .functions
        .into_iter()
        .map(|function| function.binary)
        .collect())
}

/// Registers the things with the policies that the template puts out.
pub fn provision(
    cloud: &LocalCloud,
    home: &Path,
    things: &BTreeMap<String, Kind>,
) -> Result<BTreeMap<String, Thing>> {
    let output = |name: &str| {
        cloud
            .outputs()
            .get(name)
            .map(String::as_str)
            .with_context(|| format!("the template has no output {name}"))
    };
    let provision = Provision {
        registry: cloud.registry(),
        directory: home.join("things"),
        lock_policy: output("LockPolicyName")?,
        button_policy: output("ButtonPolicyName")?,
    };
    provision.all(things)
}

/// What the ready file will say.
pub fn ready(
    cloud: &LocalCloud,
    listener: &TcpListener,
    region: String,
    ca: PathBuf,
    things: BTreeMap<String, Thing>,
) -> Result<Ready> {
    let endpoints = cloud.endpoints();
    let credentials = cloud.credentials();
    Ok(Ready {
        mqtts: endpoints.mqtts.to_string(),
        ca,
        iot_data: endpoints.iot_data.clone(),
        iot: endpoints.iot.clone(),
        dynamodb: endpoints.dynamodb.clone(),
        console: format!(
            "http://{}",
            listener.local_addr().context("find the console's port")?
        ),
        region,
        table: cloud
            .outputs()
            .get("TableName")
            .cloned()
            .context("the template has no output TableName")?,
        things,
        credentials: Credentials {
            access_key_id: credentials.access_key_id.clone(),
            secret_access_key: credentials.secret_access_key.clone(),
        },
        pid: std::process::id(),
    })
}

/// From so long after a binding on, a press counts. A button knows the time to within about a second and says the earliest that it
/// can be, and a press made before its binding is `overtaken` (C3).
pub const PRESS_COUNTS_AFTER: Duration = Duration::from_secs(2);

/// Who registers and binds here, for the history.
const ACTOR: &str = "lockctl local";

/// Registers each lock and button, as an operator does in AWS, and binds the buttons that were never bound. What an operator
/// has bound or unbound stays. Whether a button was bound.
pub async fn register(cloud: &Cloud, args: &LocalArgs) -> Result<bool> {
    let mut has_bound = false;
    let limits = cloud.store.read_limits().await.ok().flatten();
    let limits = limits.unwrap_or_else(Limits::longest);
    for index in 1..=args.locks {
        let lock = LockName::new(format!("lock-{index}")).context("name a lock")?;
        let registered = cloud.register_lock(&lock, Some(ACTOR), &limits).await;
        registered.with_context(|| format!("register {lock}"))?;
    }
    for index in 0..args.buttons {
        let button = ButtonSerial::new(format!("button-{}", index + 1)).context("name a button")?;
        let registered = cloud.register_button(&button, Some(ACTOR), &limits).await;
        registered.with_context(|| format!("register {button}"))?;
        if args.locks == 0 {
            continue;
        }
        let binding = cloud.store.read_binding(&button).await?;
        if binding.is_some_and(|binding| binding.lock.is_none() && binding.bound_at.is_none()) {
            let lock = LockName::new(format!("lock-{}", index % args.locks + 1));
            let lock = lock.context("name a lock")?;
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

/// The devices to run.
pub fn plans(
    ready: &Ready,
    home: &Path,
    args: &LocalArgs,
    programs: &Programs,
) -> Result<Vec<Plan>> {
    let program = programs.path(program::DEVICE)?;
    let devices = ready
        .things
        .iter()
        .filter(|(_, thing)| thing.kind == Kind::Lock || !args.no_button_devices);
    devices
        .map(|(name, thing)| {
            let flash = home.join("flash").join(name);
            std::fs::create_dir_all(&flash).with_context(|| format!("make the flash of {name}"))?;
            Ok(Plan {
                program: program.clone(),
                thing: name.clone(),
                kind: thing.kind,
                broker: ready.mqtts.clone(),
                ca: ready.ca.clone(),
                cert: thing.cert.clone(),
                key: thing.key.clone(),
                flash,
                settings: args.device_settings.clone(),
            })
        })
        .collect()
}
