//! Puts the services together: who listens where, and who tells whom.
//!
//! Must not know the protocols.

mod executable;
mod listener;
mod reload;
mod thing;
mod wiring;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::broker::Broker;
use crate::caller::{Callers, Home};
use crate::clock::Clock;
use crate::control_plane::{self, ControlPlane};
use crate::data_plane::thing_shadow::ShadowService;
use crate::data_plane::{self, DataPlane};
use crate::dynamodb::{self, DynamoDbError, Proxy};
use crate::event::EventBus;
use crate::event_source::Reader;
use crate::fault::{Faults, Targets, UnknownTarget};
use crate::guard::{Service, guarded};
use crate::iam::{self, Iam, IamError};
use crate::invocation;
use crate::kill::Killer;
use crate::metric;
use crate::queue::{self, Queues};
use crate::registry::{AuthorityError, Registry, RegistryError, Setting};
use crate::rule::{RuleEngine, RuleError};
use crate::schedule::Ringer;
use crate::socket;
use crate::storage::{self, StorageError};
use crate::{Endpoints, LocalCloud, Options};
pub use executable::ExecutableError;
use lambda_host::{FunctionError, Functions};
use listener::Listeners;
pub use reload::ReloadError;
pub(crate) use reload::Reloader;
use sam_template::{Context, Template, TemplateError};

/// Why the local cloud cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The template, or something in it that has no local counterpart.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A factor that time cannot be multiplied with.
    #[error("time scale {0}: it must lie above 0 and be at most 1")]
    TimeScale(f64),
    /// A fault that could never strike.
    #[error(transparent)]
    Fault(#[from] UnknownTarget),
    /// A port that is taken.
    #[error("listen for {service} on 127.0.0.1:{port}: choose another port, or 0 for a free one")]
    Listen {
        /// Which service.
        service: &'static str,
        /// The port asked for.
        port: u16,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The data directory.
    #[error("use data directory {path}: choose another that can be written")]
    DataDirectory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
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
    /// Policies of roles.
    #[error(transparent)]
    Iam(#[from] IamError),
    /// Topic rules.
    #[error(transparent)]
    Rule(#[from] RuleError),
}

/// See [`LocalCloud::start`].
pub(crate) async fn start(options: Options) -> Result<LocalCloud, StartError> {
    let usable = options.time_scale > 0.0 && options.time_scale <= 1.0;
    if !usable {
        return Err(StartError::TimeScale(options.time_scale));
    }
    let parts = Parts::open(&options)?;
    thing::provision(&parts.registry, &parts.template)?;
    let given = options.binaries.clone();
    let options = Options {
        binaries: executable::executables(&options, &parts.template.functions)?,
        ..options
    };
    let listeners = Listeners::bind(&options).await?;
    let endpoints = listeners.endpoints()?;
    let tls = TlsAcceptor::from(Arc::new(parts.registry.authority().server_config()?));
    let wiring = wiring::wiring(&options, &endpoints, &parts);
    let functions = Functions::start(parts.template.functions.clone(), wiring.clone())?;
    let (stop, stopping) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let backend = dynamodb::start(
        &parts.template.tables,
        options.data_dir.clone(),
        stopping.clone(),
        &mut tasks,
    )
    .await?;
    let reach = wiring::reach(&options, &parts, &functions, backend);
    let engine = RuleEngine::new(&parts.template, reach.clone())?;
    let killer = Killer {
        faults: parts.faults.clone(),
        functions: functions.clone(),
        stopping: stopping.clone(),
    };
    let messages = parts.broker.tap();
    let (engines, next_engine) = mpsc::unbounded_channel();
    let routing = reload::route(messages, engine, next_engine, stopping.clone());
    spawn_until_stop(&mut tasks, &stopping, routing);
    let reloader = Reloader {
        binaries: given,
        wiring,
        functions: functions.clone(),
        callers: parts.callers.clone(),
        registry: parts.registry.clone(),
        reach,
        ringer: parts.ringer(&options, &functions),
        reader: parts.reader(&options, &functions),
        events: parts.events.clone(),
        faults: parts.faults.clone(),
        stopping: stopping.clone(),
        engines,
        running: Mutex::default(),
        options: options.clone(),
    };
    reloader.begin(parts.template.clone()).await;
    let messages = parts.broker.tap();
    spawn_until_stop(&mut tasks, &stopping, parts.shadows.clone().run(messages));
    let stopped = stopped(stopping.clone());
    tasks.spawn(parts.broker.clone().serve(listeners.mqtts, tls, stopped));
    let place = (options.region.as_str(), options.account.as_str());
    let tables = dynamodb::Tables::new(&parts.template.tables, place);
    let proxy = Proxy::new(backend, parts.iam.clone(), tables, killer.clone());
    let guard = |router, service| guarded(router, service, parts.callers.clone());
    for (listener, router) in [
        (
            listeners.iot_data,
            guard(
                iam::authorised(parts.data_plane(killer), parts.iam.clone()),
                Service::IotData,
            ),
        ),
        (
            listeners.iot,
            guard(
                iam::for_people(parts.control_plane(&endpoints)),
                Service::Iot,
            )
            .merge(guarded(
                iam::for_people(invocation::router(functions.clone())),
                Service::Lambda,
                parts.callers.clone(),
            ))
            .merge(guarded(
                iam::for_people(queue::router(parts.queues.clone())),
                Service::Sqs,
                parts.callers.clone(),
            ))
            .merge(metric::router(parts.events.metrics().clone())),
        ),
        (
            listeners.dynamodb,
            guard(dynamodb::router(proxy), Service::DynamoDb),
        ),
    ] {
        tasks.spawn(serve(listener, router, stopping.clone()));
    }
    Ok(LocalCloud {
        endpoints,
        callers: parts.callers,
        outputs: parts.template.outputs,
        registry: parts.registry,
        functions,
        queues: parts.queues,
        faults: parts.faults,
        events: parts.events,
        reloader,
        stop,
        tasks,
    })
}

/// What the services share, opened and not yet running.
struct Parts {
    template: Template,
    clock: Clock,
    events: EventBus,
    faults: Arc<Faults>,
    registry: Registry,
    broker: Broker,
    shadows: ShadowService,
    queues: Queues,
    callers: Callers,
    iam: Iam,
}

impl Parts {
    fn open(options: &Options) -> Result<Parts, StartError> {
        let template = load_template(options)?;
        let targets = Targets::of(&template);
        for fault in &options.faults {
            targets.check(fault)?;
        }
        if let Some(path) = &options.data_dir {
            storage::create_directory(path).map_err(|e| data_directory(path, e))?;
        }
        let clock = Clock::system();
        let events = EventBus::new(clock);
        let setting = Setting {
            region: options.region.clone(),
            account: options.account.clone(),
            data_dir: options.data_dir.clone(),
            policies: template.iot_policies.clone(),
        };
        let registry = Registry::open(setting, clock)?;
        let faults = Faults::new(options.faults.clone(), options.seed, events.clone());
        faults.aim_at(targets);
        let faults = Arc::new(faults);
        let (told, failing) = (events.clone(), faults.clone());
        let broker = match &options.data_dir {
            Some(path) => Broker::open(registry.clone(), told, clock, failing, path)?,
            None => Broker::new(registry.clone(), told, clock, failing),
        };
        let data_dir = options.data_dir.clone();
        let home = Home {
            region: &options.region,
            account: &options.account,
            data_dir: options.data_dir.as_deref(),
        };
        let callers = Callers::open(home, &template.functions, clock)?;
        let place = (options.region.as_str(), options.account.as_str());
        let iam = Iam::new(&template, place, events.clone(), clock)?;
        let shadows = ShadowService::open(data_dir, broker.clone(), events.clone(), clock)?;
        Ok(Parts {
            queues: Queues::new(&template, &events, clock, options.time_scale),
            callers,
            iam,
            template,
            clock,
            events,
            faults,
            registry,
            broker,
            shadows,
        })
    }

    fn ringer(&self, options: &Options, functions: &Functions) -> Ringer {
        Ringer {
            functions: functions.clone(),
            iam: self.iam.clone(),
            events: self.events.clone(),
            clock: self.clock,
            account: options.account.clone(),
            region: options.region.clone(),
            time_scale: options.time_scale,
        }
    }

    fn reader(&self, options: &Options, functions: &Functions) -> Reader {
        Reader {
            queues: self.queues.clone(),
            functions: functions.clone(),
            faults: self.faults.clone(),
            region: options.region.clone(),
            time_scale: options.time_scale,
        }
    }

    fn data_plane(&self, killer: Killer) -> Router {
        data_plane::router(DataPlane {
            broker: self.broker.clone(),
            shadows: self.shadows.clone(),
            callers: self.callers.clone(),
            killer,
            clock: self.clock,
        })
    }

    fn control_plane(&self, endpoints: &Endpoints) -> Router {
        control_plane::router(ControlPlane {
            registry: self.registry.clone(),
            callers: self.callers.clone(),
            endpoint: endpoints.mqtts.to_string(),
        })
    }
}

fn load_template(options: &Options) -> Result<Template, TemplateError> {
    Template::load(
        &options.template,
        &Context {
            stack_name: options.stack_name.clone(),
            region: options.region.clone(),
            account: options.account.clone(),
            parameters: options.parameters.clone(),
        },
    )
}

fn data_directory(path: &std::path::Path, source: StorageError) -> StartError {
    StartError::DataDirectory {
        path: path.to_owned(),
        source: Box::new(source),
    }
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = stopping.wait_for(|stop| *stop).await;
}

fn spawn_until_stop(
    tasks: &mut JoinSet<()>,
    stopping: &watch::Receiver<bool>,
    work: impl Future<Output = ()> + Send + 'static,
) {
    let stop = stopped(stopping.clone());
    tasks.spawn(async move {
        tokio::select! {
            () = work => {}
            () = stop => {}
        }
    });
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
