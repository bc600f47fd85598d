//! Starts the cloud with the given options, provisions things, writes the ready file, prints
//! events, and stops everything at Ctrl-C.
//!
//! Must not know: what the stack is used for.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use local_cloud::cli::{Log, interrupted, parse_pairs};
use local_cloud::fault::Fault;
use local_cloud::ready::{self, ProvisionError, Ready, ThingFiles};
use local_cloud::{Event, LocalCloud, Options, Ports, RegistryError, narrate};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::broadcast::error::RecvError;

use crate::change;
use crate::command::Command;
use crate::unused;

/// Name of the policy that allows everything.
const EVERYTHING: &str = "everything";

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Runs until Ctrl-C or SIGTERM, then ends everything it started.
#[tokio::main]
pub async fn run(command: Command) -> Outcome<()> {
    if let Some(help) = command.cloud.fault_help(false) {
        print!("{help}");
        return Ok(());
    }
    let options = options(&command)?;
    let directory = Directory::open(&command)?;
    // A template that cannot be read is refused by the start.
    let template = fs::read_to_string(&options.template).unwrap_or_default();
    let context = options.context();
    let cloud = LocalCloud::start(options).await.map_err(|error| {
        let needed = unused::needed(&error, &template, &context);
        format!("{}{needed}", narrate::chain(&error))
    })?;
    for sentence in unused::find(&command, &template) {
        tracing::warn!("{sentence}");
    }
    let ended = serve(&command, &cloud, directory.path()).await;
    // Whatever ended it: accepted data is written before the process ends.
    cloud.shutdown().await;
    ended
}

/// Provisions the things and prints what happens, until Ctrl-C or until standard output is closed.
async fn serve(command: &Command, cloud: &LocalCloud, directory: &Path) -> Outcome<()> {
    let log = command.cloud.log;
    // The cloud sends no events while nobody receives them.
    let events = (log != Log::None).then(|| cloud.subscribe());
    let ready = announce(command, cloud, directory)?;
    let greeted = match log {
        Log::Pretty => print_addresses(&ready, cloud),
        Log::Json | Log::None => Ok(()),
    };
    let printed = async {
        greeted.map_err(output_closed)?;
        let Some(mut events) = events else {
            return std::future::pending().await;
        };
        loop {
            match events.recv().await {
                Ok(event) => print_event(log, &event).map_err(output_closed)?,
                Err(RecvError::Lagged(missed)) => {
                    eprintln!("({missed} events dropped: output too slow)");
                }
                Err(RecvError::Closed) => return Err("the cloud has ended".into()),
            }
        }
    };
    let template = command.template.clone().unwrap_or_default();
    let changes = async {
        if command.no_watch {
            std::future::pending().await
        } else {
            change::apply(cloud, &template, directory).await
        }
    };
    let ended: Outcome<()> = tokio::select! {
        printed = printed => printed,
        () = changes => Err("the watch for changes has ended".into()),
        interrupted = interrupted() => interrupted.map_err(Into::into),
    };
    if let Some(path) = &command.ready_file {
        fs::remove_file(path)?;
    }
    ended
}

fn output_closed(error: io::Error) -> Box<dyn Error> {
    format!("write to standard output: {error}: everything is stopped").into()
}

fn print_event(log: Log, event: &Event) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match log {
        Log::Json => writeln!(out, "{}", json!({ "cloud": event })),
        Log::Pretty => match narrate::line(&event.kind) {
            Some((who, what)) => writeln!(out, "{who:<12} {what}"),
            None => Ok(()),
        },
        Log::None => Ok(()),
    }
}

/// The directory of certificates and keys.
enum Directory {
    Kept(PathBuf),
    Temporary(TempDir),
}

impl Directory {
    fn open(command: &Command) -> Outcome<Self> {
        Ok(match &command.data_dir {
            Some(path) => {
                fs::create_dir_all(path)
                    .map_err(|e| format!("--data-dir {}: {e}", path.display()))?;
                Self::Kept(path.canonicalize()?)
            }
            // A new random name: a name by process id could find the files of a killed run.
            None => Self::Temporary(tempfile::Builder::new().prefix("local-cloud-").tempdir()?),
        })
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(directory) => directory.path(),
        }
    }
}

fn options(command: &Command) -> Outcome<Options> {
    let faults = command.cloud.faults()?;
    for (fault, spec) in faults.iter().zip(&command.cloud.faults) {
        if let Fault::Device { effect, .. } = fault {
            let what = effect.name();
            let reason = "devices are not run here: only faults of the cloud can be given";
            return Err(format!("--fault {spec}: {what}: {reason}").into());
        }
    }
    let mut binaries = BTreeMap::new();
    for (name, path) in parse_pairs("binary", "NAME=PATH", &command.binaries)? {
        let path = fs::canonicalize(&path).map_err(|e| format!("--binary {name}={path}: {e}"))?;
        binaries.insert(name, path);
    }
    let template = command.template.clone();
    Ok(Options {
        template: template.ok_or("--template FILE is missing: the template to run")?,
        parameters: command.cloud.parameters()?,
        stack_name: command.stack.clone(),
        region: command.region.clone(),
        account: command.account.clone(),
        data_dir: command.data_dir.clone(),
        binaries,
        no_start: command.cloud.no_start.clone(),
        ports: Ports {
            mqtts: command.port_mqtts,
            iot_data: command.port_iot_data,
            iot: command.port_iot,
            dynamodb: command.port_dynamodb,
        },
        seed: command.cloud.seed,
        time_scale: command.cloud.time_scale,
        faults,
        import_retained: command.cloud.import_retained,
        inert: command.cloud.inert.iter().cloned().collect(),
    })
}

/// Provisions the things and writes the ready file.
fn announce(command: &Command, cloud: &LocalCloud, directory: &Path) -> Outcome<Ready> {
    let mut things = BTreeMap::new();
    for (name, policy) in parse_pairs("thing", "NAME=POLICY", &command.things)? {
        let policy = policy_of(cloud, &policy)?;
        let folder = directory.join("things").join(&name);
        let files = ThingFiles::provision(cloud.registry(), &folder, &name, &policy)
            .map_err(|e| not_provisioned(cloud, &name, &policy, &e))?;
        things.insert(name, files);
    }
    let mut ready = Ready::new(cloud, &command.region, directory.join("ca.pem"), things)?;
    ready.functions = ready::write_environments(&cloud.awaited(), directory)?;
    if let Some(path) = &command.ready_file {
        ready::write(path, &ready)?;
    }
    Ok(ready)
}

/// The name of the policy that `--thing` asks for; one that allows everything is made for `*`.
fn policy_of(cloud: &LocalCloud, asked: &str) -> Outcome<String> {
    if asked != "*" {
        return Ok(asked.to_owned());
    }
    let allow = json!({"Effect": "Allow", "Action": "iot:*", "Resource": "*"});
    let document = json!({"Version": "2012-10-17", "Statement": allow}).to_string();
    match cloud.registry().create_policy(EVERYTHING, &document) {
        Ok(()) | Err(RegistryError::AlreadyExists { .. }) => Ok(EVERYTHING.to_owned()),
        Err(error) => Err(error.into()),
    }
}

/// Why a thing cannot be provisioned, with the policies that it could have.
fn not_provisioned(cloud: &LocalCloud, name: &str, policy: &str, error: &ProvisionError) -> String {
    let problem = format!("--thing {name}={policy}: {}", narrate::chain(error));
    if !matches!(
        error,
        ProvisionError::Registry(RegistryError::PolicyNotFound(_))
    ) {
        return problem;
    }
    let there = cloud.registry().policy_names();
    if there.is_empty() {
        return format!(
            "{problem}: the template has none; write --thing '{name}=*' for one that allows \
             everything"
        );
    }
    format!("{problem}: the template has {}", there.join(", "))
}

fn print_addresses(ready: &Ready, cloud: &LocalCloud) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let (mqtts, ca) = (&ready.mqtts, ready.ca.display());
    writeln!(out, "MQTT over TLS  {mqtts}   (trust {ca})")?;
    writeln!(out, "data plane     {}", ready.iot_data)?;
    writeln!(
        out,
        "control plane  {}   (also CloudFormation, CloudWatch, Lambda, SNS, SQS)",
        ready.iot
    )?;
    writeln!(out, "DynamoDB       {}", ready.dynamodb)?;
    writeln!(out, "objects        {}", cloud.buckets().display())?;
    let keys = &ready.credentials;
    writeln!(
        out,
        "credentials    AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY={} AWS_REGION={}",
        keys.access_key_id, keys.secret_access_key, ready.region
    )?;
    for (name, files) in &ready.things {
        let (cert, key) = (files.cert.display(), files.key.display());
        writeln!(out, "thing          {name}: --cert {cert} --key {key}")?;
    }
    for (name, waiting) in &ready.functions {
        writeln!(out, "waits          {name}: {waiting}")?;
    }
    for (name, value) in &ready.outputs {
        writeln!(out, "output         {name} = {value}")?;
    }
    writeln!(out, "\nready; Ctrl-C ends everything\n")
}
