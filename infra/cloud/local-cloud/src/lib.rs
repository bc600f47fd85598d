//! A stand-in for the AWS services that a SAM template uses: MQTT broker, shadows, topic rules,
//! functions, DynamoDB and the calls that provision a device. Each speaks its real protocol on
//! loopback.
//!
//! The template configures everything. If the local cloud does not support something in it, the
//! start fails with the place and the reason.
//!
//! Must not know: what the stack is used for, and the crates that use this one.

mod account;
mod alarm;
mod answer;
pub mod broker;
mod caller;
#[cfg(test)]
mod captured;
#[cfg(feature = "cli")]
pub mod cli;
pub mod clock;
mod cloudwatch;
mod configuration;
mod contain;
mod control_plane;
mod data_plane;
mod dynamodb;
pub mod event;
mod event_source;
pub mod fault;
mod folder;
mod form;
mod guard;
mod iam;
mod invocation;
mod job;
mod kill;
mod launch;
pub mod metric;
pub mod narrate;
mod notification;
mod page;
mod parameter;
mod provisioning;
mod queue;
pub mod ready;
pub mod registry;
mod rule;
mod schedule;
mod socket;
mod stack;
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

pub use account::Account;
pub use alarm::{AlarmStatus, State as AlarmState};
pub use caller::Credentials;
pub use contain::Panicked;
pub use event::{Delivery, Event, EventKind, Outcome};
pub use fault::{Fault, FaultError};
pub use launch::{
    DeleteError, DeleteFailed, Deleted, ExecutableError, ImportError, OutsideError, ReloadError,
    StartError,
};
pub use notification::{Notification, TopicError};
pub use queue::Depth;
pub use registry::{IssuedCertificate, Registry, RegistryError};

use alarm::Alarms;
use caller::Callers;
use event::EventBus;
use fault::Faults;
use folder::Folder;
use lambda_host::{Awaited, Functions};
use metric::Metrics;
use notification::Topics;
use queue::Queues;

/// Time that services get to finish their work.
const SHUTDOWN_TIME: Duration = Duration::from_secs(5);

/// What to start, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The SAM template.
    pub template: PathBuf,
    /// Values of its parameters that differ from the defaults, and of its dynamic references by
    /// [`sam_template::reference_key`].
    pub parameters: BTreeMap<String, String>,
    /// `AWS::StackName`.
    pub stack_name: String,
    /// `AWS::Region`.
    pub region: String,
    /// `AWS::AccountId`.
    pub account: String,
    /// Directory of all data; `None` keeps everything in memory, except a temporary folder for the
    /// template's inline code and for objects.
    pub data_dir: Option<PathBuf>,
    /// Executables, or folders of code, by `Metadata.BuildProperties.Binary` of the functions, else
    /// by logical id. A function without one runs `bootstrap` or its handler in its `CodeUri`.
    pub binaries: BTreeMap<String, PathBuf>,
    /// Functions whose processes are not started here, by logical id, name or binary; see
    /// [`LocalCloud::awaited`]. They need no executable.
    pub no_start: Vec<String>,
    /// Ports to listen on.
    pub ports: Ports,
    /// Seed of every random decision of a fault.
    pub seed: u64,
    /// Factor on the waits of functions' retries and on the periods of schedules, above 0 and at
    /// most 1: 1.0 is real time, 0.05 turns a minute into 3 s.
    pub time_scale: f64,
    /// Faults to inject. Faults of devices are left to the caller.
    pub faults: Vec<Fault>,
    /// Whether the stack takes over tables that a deleted stack left in the data directory, as a
    /// resource import does in AWS. Without it, such a table stops the start.
    pub import_retained: bool,
    /// Types of resources that are names only, of events that never come and of rules' actions that
    /// do nothing. See [`sam_template::Context::inert`].
    pub inert: BTreeSet<String>,
}

impl Options {
    /// What the template's functions and references are resolved with.
    pub fn context(&self) -> sam_template::Context {
        sam_template::Context {
            stack_name: self.stack_name.clone(),
            region: self.region.clone(),
            account: self.account.clone(),
            parameters: self.parameters.clone(),
            inert: self.inert.clone(),
        }
    }
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

/// Addresses of the services.
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
    /// `http://127.0.0.1:<port>` of CloudFormation.
    pub cloudformation: String,
    /// `http://127.0.0.1:<port>` of Lambda.
    pub lambda: String,
    /// `http://127.0.0.1:<port>` of CloudWatch.
    pub cloudwatch: String,
    /// `http://127.0.0.1:<port>` of SQS.
    pub sqs: String,
}

/// The running services.
pub struct LocalCloud {
    endpoints: Endpoints,
    callers: Callers,
    outputs: BTreeMap<String, String>,
    registry: Registry,
    functions: Functions,
    queues: Queues,
    topics: Topics,
    alarms: Alarms,
    faults: Arc<Faults>,
    folder: Folder,
    events: EventBus,
    reloader: launch::Reloader,
    stop: tokio::sync::watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl LocalCloud {
    /// Starts everything that the template declares.
    ///
    /// # Errors
    ///
    /// See [`StartError`]; nothing is left running.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        launch::start(options).await
    }

    /// Addresses of the services.
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

    /// The credentials of the function with this name, logical id or binary, to call as it would.
    pub fn credentials_of(&self, function: &str) -> Option<lambda_host::Credentials> {
        self.callers.credentials_of_name(function)
    }

    /// The credentials of an IAM user who has exactly the template's managed policy with this
    /// logical id.
    pub fn credentials_with_policy(&self, logical_id: &str) -> Option<Credentials> {
        self.callers.credentials_of_user(logical_id)
    }

    /// The template's outputs.
    pub fn outputs(&self) -> &BTreeMap<String, String> {
        &self.outputs
    }

    /// Every event from this moment.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Event>> {
        self.events.subscribe()
    }

    /// Things, certificates and policies.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The faults of this run; more can be added while it runs.
    pub fn faults(&self) -> &Arc<Faults> {
        &self.faults
    }

    /// The metrics that functions and services wrote. Another process reads them as JSON from
    /// `GET /metrics` at the control plane's address.
    pub fn metrics(&self) -> &Metrics {
        self.events.metrics()
    }

    /// The functions, to invoke them as any caller would.
    pub fn functions(&self) -> &Functions {
        &self.functions
    }

    /// The functions of [`Options::no_start`]: where each waits for its process, and the
    /// environment that its process needs.
    pub fn awaited(&self) -> Vec<Awaited> {
        self.functions.awaited()
    }

    /// Messages in the queue, or published to the topic, of this name; oldest first.
    pub fn queue_messages(&self, name: &str) -> Vec<String> {
        let published = self.topics.messages(name);
        published.unwrap_or_else(|| self.queues.messages(name))
    }

    /// The newest messages published to topics, at most 1,000, oldest first. Another process reads
    /// them as JSON from `GET /notifications` at the control plane's address.
    pub fn notifications(&self) -> Vec<Notification> {
        self.topics.notifications()
    }

    /// Every alarm with its state. Another process reads them as JSON from `GET /alarms` at the
    /// control plane's address.
    pub fn alarms(&self) -> Vec<AlarmStatus> {
        self.alarms.all()
    }

    /// Number of messages in the queue of this name; `None` if there is no such queue.
    pub fn queue_depth(&self, name: &str) -> Option<Depth> {
        self.queues.depth(name)
    }

    /// Sends a message to the queue of this name with the operator's rights.
    ///
    /// # Errors
    ///
    /// A sentence that says that the queue does not exist or why it refuses the message.
    pub fn send_message(&self, queue: &str, body: &str) -> Result<String, String> {
        let sender = self.callers.operator().access_key_id.clone();
        self.queues.send(queue, body.to_owned(), &sender)
    }

    /// Applies the template as it is now, and the code of the functions whose logical ids are in
    /// `rebuilt`. Returns the names of what changed. Connections, tables and shadows stay.
    ///
    /// # Errors
    ///
    /// See [`ReloadError`]; everything keeps running unchanged.
    pub async fn reload(&self, rebuilt: &BTreeSet<String>) -> Result<Vec<String>, ReloadError> {
        self.reloader.reload(rebuilt).await
    }

    /// Deletes the stack, as CloudFormation does: functions and rules end, policies and tables are
    /// deleted, and what a `DeletionPolicy` retains stays in the data directory. Things and
    /// certificates are not the stack's and stay. The endpoints answer until the shutdown.
    ///
    /// # Errors
    ///
    /// [`DeleteError`] names each resource that could not be deleted, such as a policy that a
    /// certificate has. Everything that does not depend on it is deleted. A further call deletes
    /// what is left.
    pub async fn delete_stack(&self) -> Result<Deleted, DeleteError> {
        self.reloader.delete().await
    }

    /// The folder of the objects that rules write, with a folder for each bucket.
    pub fn buckets(&self) -> PathBuf {
        self.folder.buckets()
    }

    /// The folder of each function's code, or the executable given for it, by logical id.
    pub async fn code(&self) -> BTreeMap<String, PathBuf> {
        self.reloader.folders().await
    }

    /// Lines that rules wrote to this log group, oldest first.
    pub fn log_lines(&self, group: &str) -> Vec<String> {
        self.queues.log_lines(group)
    }

    /// Ends every process and connection, and waits for it.
    pub async fn shutdown(mut self) {
        // A dropped receiver has already stopped.
        let _ = self.stop.send(true);
        self.functions.shutdown().await;
        let mut tasks = std::mem::take(&mut self.tasks);
        let finish = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(SHUTDOWN_TIME, finish).await.is_err() {
            tracing::warn!("services did not end in time and are aborted");
        }
        // Dropping the set aborts what still runs.
        drop(tasks);
    }
}

impl Drop for LocalCloud {
    fn drop(&mut self) {
        // Without `shutdown` the services still end, a little later and in the background.
        let _ = self.stop.send(true);
        self.tasks.detach_all();
    }
}
