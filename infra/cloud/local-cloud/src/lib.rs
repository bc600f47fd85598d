//! A stand-in for the AWS services that a SAM template uses: MQTT broker, shadow, topic rules, functions, DynamoDB and
//! the calls that provision a device, each by its real protocol on loopback.
//!
//! Everything is configured by the template; what it cannot honour it names at start. Must not know what the template's
//! resources are for, and depends on none of the crates that use it.

mod answer;
pub mod broker;
mod caller;
#[cfg(test)]
mod captured;
pub mod clock;
mod contain;
mod control_plane;
mod data_plane;
mod dynamodb;
pub mod event;
mod event_source;
pub mod fault;
mod guard;
mod iam;
mod invocation;
mod kill;
mod launch;
pub mod metric;
mod page;
mod parameter;
mod queue;
pub mod ready;
pub mod registry;
mod rule;
mod schedule;
mod socket;
mod storage;
mod sync;
pub mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::task::JoinSet;

pub use caller::Credentials;
pub use contain::Panicked;
pub use event::{Event, EventKind};
pub use fault::{Fault, FaultError};
pub use launch::{ExecutableError, ReloadError, StartError};
pub use queue::Depth;
pub use registry::{IssuedCertificate, Registry, RegistryError};

use caller::Callers;
use event::EventBus;
use fault::Faults;
use lambda_host::Functions;
use metric::Metrics;
use queue::Queues;

/// How long services get to finish what they are doing.
const SHUTDOWN_TIME: Duration = Duration::from_secs(5);

/// What to start, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The SAM template.
    pub template: PathBuf,
    /// Its parameters, where they differ from their defaults.
    pub parameters: BTreeMap<String, String>,
    /// `AWS::StackName`.
    pub stack_name: String,
    /// `AWS::Region`.
    pub region: String,
    /// `AWS::AccountId`.
    pub account: String,
    /// Where everything is kept; `None` keeps it in memory.
    pub data_dir: Option<PathBuf>,
    /// Executables by the functions' `Metadata.BuildProperties.Binary`; a function without one runs `bootstrap` in its
    /// `CodeUri`.
    pub binaries: BTreeMap<String, PathBuf>,
    /// Where to listen.
    pub ports: Ports,
    /// Seed of everything random that faults decide.
    pub seed: u64,
    /// Factor on the waits of functions' retries and on the periods of schedules: 1.0 is real time, 0.05 makes 3 s of a minute.
    pub time_scale: f64,
    /// Faults to inject. Faults of devices are the caller's business and are ignored here.
    pub faults: Vec<Fault>,
}

/// Ports on 127.0.0.1; 0 takes a free one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ports {
    /// MQTT over mutual TLS.
    pub mqtts: u16,
    /// The data plane: shadows and publishing.
    pub iot_data: u16,
    /// The control plane: things, certificates, policies.
    pub iot: u16,
    /// DynamoDB.
    pub dynamodb: u16,
}

/// Where the services are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// MQTT over mutual TLS.
    pub mqtts: SocketAddr,
    /// `http://127.0.0.1:<port>` of the data plane.
    pub iot_data: String,
    /// `http://127.0.0.1:<port>` of the control plane.
    pub iot: String,
    /// `http://127.0.0.1:<port>` of DynamoDB.
    pub dynamodb: String,
}

/// The running services.
pub struct LocalCloud {
    endpoints: Endpoints,
    callers: Callers,
    outputs: BTreeMap<String, String>,
    registry: Registry,
    functions: Functions,
    queues: Queues,
    faults: Arc<Faults>,
    events: EventBus,
    reloader: launch::Reloader,
    stop: tokio::sync::watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl LocalCloud {
    /// Starts everything that the template declares.
    ///
    /// *Errors*: see [`StartError`]; nothing is left running.
    pub async fn start(options: Options) -> Result<LocalCloud, StartError> {
        launch::start(options).await
    }

    /// Where the services are.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The root certificate that MQTT clients must trust.
    pub fn ca_pem(&self) -> &str {
        self.registry.authority().pem()
    }

    /// The operator's credentials for the REST services.
    pub fn credentials(&self) -> &Credentials {
        self.callers.operator()
    }

    /// What the function of this name, logical id or binary signs with: to do as it would.
    pub fn credentials_of(&self, function: &str) -> Option<lambda_host::Credentials> {
        self.callers.credentials_of_name(function)
    }

    /// The template's outputs.
    pub fn outputs(&self) -> &BTreeMap<String, String> {
        &self.outputs
    }

    /// Everything that happens from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Event>> {
        self.events.subscribe()
    }

    /// Things, certificates and policies.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The faults of this run; more can be armed while it runs.
    pub fn faults(&self) -> &Arc<Faults> {
        &self.faults
    }

    /// The metrics that functions and services wrote; another process reads them as JSON from `GET /metrics` at the
    /// control plane's address.
    pub fn metrics(&self) -> &Metrics {
        self.events.metrics()
    }

    /// The functions, to be invoked like any caller would.
    pub fn functions(&self) -> &Functions {
        &self.functions
    }

    /// What is in the queue, or was sent to the topic, of this name, oldest first.
    pub fn queue_messages(&self, name: &str) -> Vec<String> {
        self.queues.messages(name)
    }

    /// How many messages are in the queue of this name; none where there is no such queue.
    pub fn queue_depth(&self, name: &str) -> Option<Depth> {
        self.queues.depth(name)
    }

    /// Sends a message to the queue of this name, as its owner may. The error says that there is none, or what is wrong with
    /// the message.
    pub fn send_message(&self, queue: &str, body: &str) -> Result<String, String> {
        let sender = self.callers.operator().access_key_id.clone();
        self.queues.send(queue, body.to_owned(), &sender)
    }

    /// Takes up the template as it is now, and the code of the functions whose logical ids are in `rebuilt`; gives the names
    /// of what has changed. Connections, tables and shadows stay.
    ///
    /// *Errors*: see [`ReloadError`]; everything runs on as it was.
    pub async fn reload(&self, rebuilt: &BTreeSet<String>) -> Result<Vec<String>, ReloadError> {
        self.reloader.reload(rebuilt).await
    }

    /// The folder of each function's code, or its executable where one was given, by logical id.
    pub async fn code(&self) -> BTreeMap<String, PathBuf> {
        self.reloader.folders().await
    }

    /// What rules wrote to this log group, oldest first.
    pub fn log_lines(&self, group: &str) -> Vec<String> {
        self.queues.log_lines(group)
    }

    /// Ends every process and connection.
    pub async fn shutdown(mut self) {
        // A receiver that is gone has stopped already.
        let _ = self.stop.send(true);
        self.functions.shutdown().await;
        let mut tasks = std::mem::take(&mut self.tasks);
        let finish = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(SHUTDOWN_TIME, finish).await.is_err() {
            tracing::warn!("services did not end in time and are cut off");
        }
        // What still runs is aborted with the set.
        drop(tasks);
    }
}

impl Drop for LocalCloud {
    fn drop(&mut self) {
        // Without a call of `shutdown` the services still end, a little later and unobserved.
        let _ = self.stop.send(true);
        self.tasks.detach_all();
    }
}
