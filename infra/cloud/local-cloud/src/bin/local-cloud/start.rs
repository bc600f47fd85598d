//! Starts the cloud as asked, makes the things, writes the ready file, and ends everything at Ctrl-C.
//!
//! Must not know what the template's resources are for.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use local_cloud::fault::Fault;
use local_cloud::ready::{Ready, ThingFiles};
use local_cloud::{LocalCloud, Options, Ports};
use tempfile::TempDir;
use tokio::sync::broadcast::error::RecvError;

use crate::change;
use crate::command::{Command, Log, pair};
use crate::narrate;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Runs until Ctrl-C (or SIGTERM), then ends everything it started.
#[tokio::main]
pub async fn run(command: Command) -> Outcome<()> {
    if command.faults.iter().any(|spec| spec == "help") {
        println!("A fault is written what[:target]@when; give --fault as often as you like.\n");
        println!("{}", Fault::help());
        return Ok(());
    }
    let options = options(&command)?;
    let home = Home::open(&command)?;
    let cloud = LocalCloud::start(options).await?;
    let ended = attend(&command, &cloud, home.path()).await;
    // Whatever ended it, what was accepted is written down before the process goes.
    cloud.shutdown().await;
    ended
}

/// Makes the things, says where everything is and what happens, until Ctrl-C or until nobody reads it.
async fn attend(command: &Command, cloud: &LocalCloud, home: &Path) -> Outcome<()> {
    let mut events = cloud.subscribe();
    let ready = announce(command, cloud, home)?;
    let said = match command.log {
        Log::Pretty => greet(&ready, cloud),
        Log::Json => Ok(()),
    };
    let told = async {
        said.map_err(unread)?;
        loop {
            match events.recv().await {
                Ok(event) => narrate::event(command.log, &event).map_err(unread)?,
                Err(RecvError::Lagged(missed)) => {
                    eprintln!("({missed} events were too fast to tell)");
                }
                Err(RecvError::Closed) => return Err("the cloud has ended".into()),
            }
        }
    };
    let template = command.template.clone().unwrap_or_default();
    let kept_up = async {
        match command.no_watch {
            true => std::future::pending().await,
            false => change::keep_up(cloud, &template).await,
        }
    };
    let ended: Outcome<()> = tokio::select! {
        told = told => told,
        () = kept_up => Err("nothing looks for changes any more".into()),
        interrupted = interrupted() => interrupted.map_err(Into::into),
    };
    if let Some(path) = &command.ready_file {
        fs::remove_file(path)?;
    }
    ended
}

fn unread(error: std::io::Error) -> Box<dyn Error> {
    format!("write to standard output: {error}: everything is ended").into()
}

/// Completes at Ctrl-C or SIGTERM.
async fn interrupted() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminate.recv() => Ok(()),
    }
}

/// The folder for what clients need: the data directory, or one that vanishes at the end.
enum Home {
    Kept(PathBuf),
    Scratch(TempDir),
}

impl Home {
    fn open(command: &Command) -> Outcome<Home> {
        Ok(match &command.data_dir {
            Some(path) => {
                fs::create_dir_all(path)
                    .map_err(|e| format!("--data-dir {}: {e}", path.display()))?;
                Home::Kept(path.canonicalize()?)
            }
            // A folder nobody had before: by process id, a killed run's certificates could be found here.
            None => Home::Scratch(tempfile::Builder::new().prefix("local-cloud-").tempdir()?),
        })
    }

    fn path(&self) -> &Path {
        match self {
            Home::Kept(path) => path,
            Home::Scratch(folder) => folder.path(),
        }
    }
}

fn options(command: &Command) -> Outcome<Options> {
    let template = command.template.clone();
    let mut faults = Vec::new();
    for spec in &command.faults {
        match spec.parse::<Fault>()? {
            Fault::Device { effect, .. } => {
                let what = effect.name();
                let reason = "devices are not run here: only faults of the cloud can be given";
                return Err(format!("--fault {spec}: {what}: {reason}").into());
            }
            fault => faults.push(fault),
        }
    }
    let pairs = |option: &str, given: &[String]| -> Result<BTreeMap<_, _>, String> {
        given.iter().map(|text| pair(option, text)).collect()
    };
    let mut binaries = BTreeMap::new();
    for (name, path) in pairs("binary", &command.binaries)? {
        let path = fs::canonicalize(&path).map_err(|e| format!("--binary {name}={path}: {e}"))?;
        binaries.insert(name, path);
    }
    Ok(Options {
        template: template.ok_or("--template FILE is needed: the template to run")?,
        parameters: pairs("parameter", &command.parameters)?,
        stack_name: command.stack.clone(),
        region: command.region.clone(),
        account: command.account.clone(),
        data_dir: command.data_dir.clone(),
        binaries,
        ports: Ports {
            mqtts: command.port_mqtts,
            iot_data: command.port_iot_data,
            iot: command.port_iot,
            dynamodb: command.port_dynamodb,
        },
        seed: command.seed,
        time_scale: command.time_scale,
        faults,
    })
}

/// Makes the things and writes the ready file.
fn announce(command: &Command, cloud: &LocalCloud, home: &Path) -> Outcome<Ready> {
    let ca = home.join("ca.pem");
    fs::write(&ca, cloud.ca_pem())?;
    let mut things = BTreeMap::new();
    for given in &command.things {
        let (name, policy) = pair("thing", given)?;
        let files = thing(cloud, home, &name, &policy)
            .map_err(|e| format!("--thing {given}: {}", narrate::chain(&*e)))?;
        things.insert(name, files);
    }
    let ready = Ready::of(cloud, &command.region, ca, things);
    if let Some(path) = &command.ready_file {
        ready.write(path)?;
    }
    Ok(ready)
}

/// A thing whose certificate carries the policy; what an earlier run made is kept.
fn thing(cloud: &LocalCloud, home: &Path, name: &str, policy: &str) -> Outcome<ThingFiles> {
    let folder = home.join("things").join(name);
    fs::create_dir_all(&folder)?;
    let files = ThingFiles {
        cert: folder.join("certificate.pem"),
        key: folder.join("private.key"),
    };
    let remembered = folder.join("certificate-arn");
    let registry = cloud.registry();
    registry.create_thing(name)?;
    let arn = if remembered.exists() {
        fs::read_to_string(&remembered)?
    } else {
        let issued = registry.create_keys_and_certificate()?;
        secret(&files.key, &issued.private_key_pem)?;
        fs::write(&files.cert, &issued.pem)?;
        // Written last: its presence means that the rest is whole.
        fs::write(&remembered, &issued.arn)?;
        issued.arn
    };
    registry.attach_policy(policy, &arn)?;
    registry.attach_thing_principal(name, &arn)?;
    Ok(files)
}

/// Writes a file that only its owner may read.
fn secret(path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = fs::OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)?.write_all(text.as_bytes())
}

fn greet(ready: &Ready, cloud: &LocalCloud) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let (mqtts, ca) = (&ready.mqtts, ready.ca.display());
    writeln!(out, "MQTT over TLS  {mqtts}   (trust {ca})")?;
    writeln!(out, "data plane     {}", ready.iot_data)?;
    writeln!(out, "control plane  {}", ready.iot)?;
    writeln!(out, "DynamoDB       {}", ready.dynamodb)?;
    let keys = &ready.credentials;
    writeln!(
        out,
        "credentials    AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY={} AWS_REGION={}",
        keys.access_key_id, keys.secret_access_key, ready.region
    )?;
    for (name, files) in &ready.things {
        writeln!(
            out,
            "thing          {name}: --cert {} --key {}",
            files.cert.display(),
            files.key.display()
        )?;
    }
    for (name, value) in cloud.outputs() {
        writeln!(out, "output         {name} = {value}")?;
    }
    writeln!(out, "\nready; Ctrl-C ends everything\n")
}
