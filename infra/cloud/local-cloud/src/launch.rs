//! Starts the local cloud in three steps: open, listen, run.
//!
//! Must not know: the protocols.

mod deletion;
mod fleet;
mod import;
mod listener;
mod outside;
mod place;
mod program;
mod reload;
mod remainder;
mod task;
mod wiring;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc, watch};
use tokio_rustls::TlsAcceptor;

use crate::account::Account;
use crate::alarm::Alarms;
use crate::broker::Broker;
use crate::caller::Callers;
use crate::clock::Clock;
use crate::data_plane::thing_shadow::ShadowService;
use crate::dynamodb::{self, DynamoDbError};
use crate::event::EventBus;
use crate::event_source::{self, Positions, SourceError};
use crate::fault::{Faults, Targets, UnknownTarget};
use crate::folder::Folder;
use crate::iam::{Iam, IamError};
use crate::notification::{Declared, TopicError, Topics};
use crate::provisioning::{self, ProvisioningError};
use crate::queue::{self, Queues};
use crate::registry::{AuthorityError, Registry, RegistryError, Setting};
use crate::rule::{RuleEngine, RuleError, Switches};
use crate::socket;
use crate::stack::Stack;
use crate::storage::{self, StorageError};
use crate::{Endpoints, LocalCloud, Options};
pub use deletion::{DeleteError, DeleteFailed, Deleted};
use fleet::Fleet;
pub use import::ImportError;
use lambda_host::{FunctionError, Functions};
use listener::Listeners;
pub use outside::OutsideError;
pub use program::ExecutableError;
use program::Programs;
pub use reload::ReloadError;
pub(crate) use reload::Reloader;
use sam_template::{Template, TemplateError};
use task::Tasks;

/// Why the local cloud cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The template is invalid, or uses something that the local cloud does not support.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A factor that is out of range.
    #[error("time scale {0}: it must be above 0 and at most 1")]
    TimeScale(f64),
    /// A fault that could never strike: its target is not in the template.
    #[error(transparent)]
    Fault(#[from] UnknownTarget),
    /// A port that cannot be opened.
    #[error("listen for {service} on 127.0.0.1:{port}: choose another port, or 0 for a free one")]
    Listen {
        /// The service that would listen there.
        service: &'static str,
        /// The configured port.
        port: u16,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The data directory cannot be used.
    #[error("use data directory {path}: choose another that can be written")]
    DataDirectory {
        /// Its path.
        path: PathBuf,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A table that an earlier stack left in the data directory.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// Things, certificates or policies.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// TLS of the MQTT listener.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// Stored shadows, or the operator's credentials.
    #[error(transparent)]
    Shadow(#[from] StorageError),
    /// Tables.
    #[error(transparent)]
    DynamoDb(#[from] DynamoDbError),
    /// Functions.
    #[error(transparent)]
    Function(#[from] FunctionError),
    /// Their executables.
    #[error(transparent)]
    Executable(#[from] ExecutableError),
    /// Functions that are not started here.
    #[error(transparent)]
    Outside(#[from] OutsideError),
    /// Policies of roles.
    #[error(transparent)]
    Iam(#[from] IamError),
    /// Policies of topics and queues.
    #[error(transparent)]
    Topic(#[from] TopicError),
    /// Topic rules.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// Event sources.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Provisioning templates.
    #[error(transparent)]
    Provisioning(#[from] ProvisioningError),
    /// One of these, about a resource of the template.
    #[error("{place}")]
    At {
        /// `file:line:column: logical id`.
        place: String,
        /// The refusal.
        #[source]
        source: Box<Self>,
    },
}

/// See [`LocalCloud::start`].
pub(crate) async fn start(options: Options) -> Result<LocalCloud, StartError> {
    if !(options.time_scale > 0.0 && options.time_scale <= 1.0) {
        return Err(StartError::TimeScale(options.time_scale));
    }
    let template = place::load(&options)?;
    let started = begin(options, template.clone()).await;
    started.map_err(|error| place::located(error, &template))
}

async fn begin(options: Options, template: Template) -> Result<LocalCloud, StartError> {
    let opened = Opened::open(options, template)?;
    let listening = opened.listen().await?;
    listening.run().await
}

/// First step: the template is read and everything kept on disk is open. Nothing runs yet.
struct Opened {
    options: Options,
    /// What every function runs.
    programs: Programs,
    folder: Folder,
    account: Account,
    template: Template,
    clock: Clock,
    events: EventBus,
    faults: Arc<Faults>,
    registry: Registry,
    broker: Broker,
    shadows: ShadowService,
    fleet: Fleet,
    queues: Queues,
    topics: Topics,
    alarms: Alarms,
    positions: Positions,
    callers: Callers,
    iam: Iam,
    switches: Switches,
    stack: Stack,
}

/// Second step: every port is taken.
struct Listening {
    opened: Opened,
    listeners: Listeners,
    endpoints: Endpoints,
    tls: TlsAcceptor,
}

impl Opened {
    fn open(options: Options, template: Template) -> Result<Self, StartError> {
        for note in &template.notes {
            tracing::warn!("{note}");
        }
        let targets = Targets::of(&template);
        for fault in &options.faults {
            targets.check(fault)?;
        }
        let data_dir = options.data_dir.as_deref();
        if let Some(path) = data_dir {
            storage::create_directory(path).map_err(|e| data_directory(path, e))?;
        }
        import::check(&options, &template)?;
        let account = Account {
            id: options.account.clone(),
            region: options.region.clone(),
        };
        let clock = Clock::system();
        let events = EventBus::new(clock);
        let setting = Setting {
            account: account.clone(),
            data_dir: options.data_dir.clone(),
            policies: template.iot_policies.clone(),
        };
        let registry = Registry::open(setting, clock)?;
        let faults = Faults::new(options.faults.clone(), options.seed, events.clone());
        faults.aim_at(targets);
        let faults = Arc::new(faults);
        let (bus, failing) = (events.clone(), faults.clone());
        let broker = match data_dir {
            Some(path) => Broker::open(registry.clone(), bus, clock, failing, path)?,
            None => Broker::new(registry.clone(), bus, clock, failing),
        };
        let callers = Callers::open(&account, data_dir, &template.functions, clock)?;
        callers.admit_users(&template.managed_policies);
        let iam = Iam::new(&template, account.clone(), events.clone(), clock)?;
        let kept = options.data_dir.clone();
        let shadows = ShadowService::open(kept, broker.clone(), events.clone(), clock)?;
        let fleet = Fleet::open(&options, &registry, &broker, clock, &iam)?;
        event_source::joints(&template)?;
        provisioning::check(&template.provisioning_templates)?;
        let positions = Positions::open(options.data_dir.clone())?;
        registry.change_stack(&template.iot_policies, &template)?;
        let switches = Switches::open(data_dir, &template.rules, clock.now_ms())?;
        let folder = Folder::open(data_dir).map_err(|source| StartError::DataDirectory {
            path: data_dir.map_or_else(std::env::temp_dir, std::path::Path::to_owned),
            source: Box::new(source),
        })?;
        let programs = program::programs(&options, &template, &folder)?;
        let queues = Queues::new(&template, &events, clock, options.time_scale);
        let declared = Declared::read(&template, &account)?;
        let stack = Stack::new(&options.stack_name, &account, &template, clock);
        let (bus, account_of_topics) = (events.clone(), account.clone());
        Ok(Self {
            topics: Topics::new(declared, account_of_topics, queues.clone(), bus, clock),
            alarms: Alarms::default(),
            queues,
            options,
            programs,
            folder,
            account,
            template,
            clock,
            events,
            faults,
            registry,
            broker,
            shadows,
            fleet,
            positions,
            callers,
            iam,
            switches,
            stack,
        })
    }

    async fn listen(self) -> Result<Listening, StartError> {
        let listeners = Listeners::bind(&self.options, &self.template).await?;
        Ok(Listening {
            endpoints: listeners.endpoints()?,
            tls: TlsAcceptor::from(Arc::new(self.registry.authority().server_config()?)),
            listeners,
            opened: self,
        })
    }
}

impl Listening {
    /// Third step: runs the services, and then serves.
    async fn run(self) -> Result<LocalCloud, StartError> {
        let Self {
            opened,
            listeners,
            endpoints,
            tls,
        } = self;
        let template = &opened.template;
        let mut tasks = Tasks::new();
        let wiring = opened.wiring(&endpoints, listeners.external);
        let functions = Functions::start(template.functions.clone(), wiring.clone())?;
        let data_dir = opened.options.data_dir.clone();
        let stopping = tasks.stopping.clone();
        let backend = dynamodb::start(&template.tables, data_dir, stopping, &mut tasks.set).await?;
        let services = opened.services(&functions, &backend);
        let engine = RuleEngine::new(template, services.clone())?;
        let (engines, next_engine) = mpsc::unbounded_channel();
        let stopping = tasks.stopping.clone();
        tasks.spawn(reload::route(
            opened.broker.tap(),
            engine,
            next_engine,
            stopping,
        ));
        tasks.spawn(opened.shadows.clone().run(opened.broker.tap()));
        opened.fleet.run(&opened.broker, &functions, &mut tasks);
        tasks.spawn(queue::sample(opened.queues.clone()));
        let reloader = Reloader {
            wiring,
            functions: functions.clone(),
            callers: opened.callers.clone(),
            registry: opened.registry.clone(),
            provisioning: opened.fleet.provisioning.clone(),
            services,
            schedule_runner: opened.schedule_runner(&functions),
            reader: opened.reader(&functions, &backend),
            alarm_runner: opened.alarm_runner(),
            events: opened.events.clone(),
            faults: opened.faults.clone(),
            stack: opened.stack.clone(),
            stopping: tasks.stopping.clone(),
            engines,
            running: Mutex::default(),
            options: opened.options.clone(),
        };
        reloader.begin(template.clone()).await?;
        let stop = stopped(tasks.stopping.clone());
        opened.broker.admit_users(opened.users());
        tasks
            .set
            .spawn(opened.broker.clone().serve(listeners.mqtts, tls, stop));
        for (listener, router) in [
            (
                listeners.iot_data,
                opened.iot_data(opened.killer(&functions, &tasks)),
            ),
            (listeners.iot, opened.iot(&endpoints, &functions)),
            (
                listeners.dynamodb,
                opened.dynamodb(backend, opened.killer(&functions, &tasks)),
            ),
        ] {
            tasks
                .set
                .spawn(serve(listener, router, tasks.stopping.clone()));
        }
        import::complete(&opened.options, &opened.template)?;
        Ok(LocalCloud {
            endpoints,
            callers: opened.callers,
            outputs: opened.template.outputs,
            registry: opened.registry,
            functions,
            queues: opened.queues,
            topics: opened.topics,
            alarms: opened.alarms,
            folder: opened.folder,
            faults: opened.faults,
            events: opened.events,
            reloader,
            stop: tasks.stop,
            tasks: tasks.set,
        })
    }
}

fn data_directory(path: &std::path::Path, source: StorageError) -> StartError {
    StartError::DataDirectory {
        path: path.to_owned(),
        source: Box::new(source),
    }
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    // A dropped sender also means stop.
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// Runs `work` until it ends or everything stops.
async fn until_stop(work: impl Future<Output = ()>, stopping: watch::Receiver<bool>) {
    tokio::select! {
        () = work => {}
        () = stopped(stopping) => {}
    }
}

async fn serve(listener: TcpListener, router: Router, stopping: watch::Receiver<bool>) {
    let router = router.layer(axum::middleware::from_fn(socket::track_connection));
    let service = router.into_make_service_with_connect_info::<socket::Connection>();
    let served = axum::serve(socket::Listener(listener), service)
        .with_graceful_shutdown(stopped(stopping))
        .await;
    if let Err(error) = served {
        tracing::error!(%error, "serve http");
    }
}
