//! Puts the services together: who listens where, and who tells whom.
//!
//! Must not know the protocols.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::broker::Broker;
use crate::caller::Callers;
use crate::clock::Clock;
use crate::control_plane::{self, ControlPlane};
use crate::data_plane::thing_shadow::ShadowService;
use crate::data_plane::{self, DataPlane};
use crate::dynamodb::{self, DynamoDbError, Proxy};
use crate::event::{EventBus, EventKind};
use crate::fault::Faults;
use crate::function::{FunctionError, Functions, Notice, Outcome, Tuning, Wiring};
use crate::kill::Killer;
use crate::queue::Queues;
use crate::registry::{AuthorityError, Registry, RegistryError, Setting};
use crate::rule::{Reach, RuleEngine, RuleError};
use crate::storage::{self, StorageError};
use crate::template::{Context, Template, TemplateError};
use crate::{Endpoints, LocalCloud, Options};

/// Why the local cloud cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The template, or something in it that has no local counterpart.
    #[error(transparent)]
    Template(#[from] TemplateError),
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
    /// Stored shadows.
    #[error(transparent)]
    Shadow(#[from] StorageError),
    /// Tables.
    #[error(transparent)]
    DynamoDb(#[from] DynamoDbError),
    /// Functions.
    #[error(transparent)]
    Function(#[from] FunctionError),
    /// Topic rules.
    #[error(transparent)]
    Rule(#[from] RuleError),
}

/// See [`LocalCloud::start`].
pub(crate) async fn start(options: Options) -> Result<LocalCloud, StartError> {
    let template = load_template(&options)?;
    if let Some(path) = &options.data_dir {
        storage::create_directory(path).map_err(|e| data_directory(path, e))?;
    }
    let clock = Clock;
    let events = EventBus::new(clock);
    let registry = Registry::open(
        Setting {
            region: options.region.clone(),
            account: options.account.clone(),
            data_dir: options.data_dir.clone(),
            policies: template.iot_policies.clone(),
        },
        clock,
    )?;
    let faults = Arc::new(Faults::new(
        options.faults.clone(),
        options.seed,
        events.clone(),
    ));
    let broker = Broker::new(registry.clone(), events.clone(), clock, faults.clone());
    let shadows = ShadowService::open(
        options.data_dir.clone(),
        broker.clone(),
        events.clone(),
        clock,
    )?;
    let queues = Queues::new(&template);
    let callers = Callers::new(&template.functions);
    let listeners = Listeners::bind(&options).await?;
    let endpoints = listeners.endpoints()?;
    let tls = TlsAcceptor::from(Arc::new(registry.authority().server_config()?));

    let functions = Functions::start(
        template.functions.clone(),
        wiring(&options, &endpoints, &events, &queues, &faults, clock),
    )?;
    let engine = RuleEngine::new(
        &template,
        Reach {
            broker: broker.clone(),
            functions: functions.clone(),
            queues: queues.clone(),
            events: events.clone(),
            clock,
            account: options.account.clone(),
        },
    )?;

    let (stop, stopping) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let backend = dynamodb::start(
        &template.tables,
        options.data_dir.clone(),
        stopping.clone(),
        &mut tasks,
    )
    .await?;
    let killer = Killer {
        faults,
        functions: functions.clone(),
        stopping: stopping.clone(),
    };
    let proxy = Proxy::new(backend, callers.clone(), killer.clone());
    spawn_until_stop(&mut tasks, &stopping, engine.run(broker.tap()));
    spawn_until_stop(&mut tasks, &stopping, shadows.clone().run(broker.tap()));
    tasks.spawn(
        broker
            .clone()
            .serve(listeners.mqtts, tls, stopped(stopping.clone())),
    );
    let data = data_plane::router(DataPlane {
        broker,
        shadows,
        callers: callers.clone(),
        killer,
        clock,
    });
    let control = control_plane::router(ControlPlane {
        registry: registry.clone(),
        callers: callers.clone(),
        endpoint: endpoints.mqtts.to_string(),
    });
    for (listener, router) in [
        (listeners.iot_data, data),
        (listeners.iot, control),
        (listeners.dynamodb, dynamodb::router(proxy)),
    ] {
        tasks.spawn(serve(listener, router, stopping.clone()));
    }
    Ok(LocalCloud {
        endpoints,
        credentials: callers.operator().clone(),
        outputs: template.outputs,
        registry,
        functions,
        queues,
        events,
        stop,
        tasks,
    })
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

struct Listeners {
    mqtts: TcpListener,
    iot_data: TcpListener,
    iot: TcpListener,
    dynamodb: TcpListener,
}

impl Listeners {
    async fn bind(options: &Options) -> Result<Listeners, StartError> {
        let ports = options.ports;
        Ok(Listeners {
            mqtts: bind("mqtt", ports.mqtts).await?,
            iot_data: bind("iot data plane", ports.iot_data).await?,
            iot: bind("iot control plane", ports.iot).await?,
            dynamodb: bind("dynamodb", ports.dynamodb).await?,
        })
    }

    fn endpoints(&self) -> Result<Endpoints, StartError> {
        let address = |listener: &TcpListener| -> Result<SocketAddr, StartError> {
            listener.local_addr().map_err(|source| StartError::Listen {
                service: "any service",
                port: 0,
                source,
            })
        };
        Ok(Endpoints {
            mqtts: address(&self.mqtts)?,
            iot_data: format!("http://{}", address(&self.iot_data)?),
            iot: format!("http://{}", address(&self.iot)?),
            dynamodb: format!("http://{}", address(&self.dynamodb)?),
        })
    }
}

async fn bind(service: &'static str, port: u16) -> Result<TcpListener, StartError> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    bound.map_err(|source| StartError::Listen {
        service,
        port,
        source,
    })
}

fn wiring(
    options: &Options,
    endpoints: &Endpoints,
    events: &EventBus,
    queues: &Queues,
    faults: &Arc<Faults>,
    clock: Clock,
) -> Wiring {
    let env = BTreeMap::from([
        (
            "AWS_ENDPOINT_URL_DYNAMODB".to_owned(),
            endpoints.dynamodb.clone(),
        ),
        (
            "AWS_ENDPOINT_URL_IOT_DATA_PLANE".to_owned(),
            endpoints.iot_data.clone(),
        ),
    ]);
    let (events, queues, faults) = (events.clone(), queues.clone(), Arc::clone(faults));
    Wiring {
        binaries: options.binaries.clone(),
        env,
        region: options.region.clone(),
        account: options.account.clone(),
        events: Arc::new(move |notice| pass_on(notice, &events, &queues)),
        credentials_for: Arc::new(Callers::credentials_of),
        fate_of_event: Arc::new(move |function| {
            let fate =
                faults.fate_of_event(&[&function.name, &function.logical_id, &function.binary]);
            (fate.copies, fate.delay)
        }),
        now_ms: Arc::new(move || clock.now_ms()),
        tuning: Tuning::default(),
    }
}

/// Functions speak of themselves in notices: most become events, a given-up invocation goes to its destination.
fn pass_on(notice: Notice, events: &EventBus, queues: &Queues) {
    match notice {
        Notice::Invoked {
            function,
            request_id,
            cold,
        } => events.emit(EventKind::Invoked {
            function,
            request_id,
            cold,
        }),
        Notice::Completed {
            function,
            request_id,
            duration_ms,
            outcome,
        } => events.emit(EventKind::Completed {
            function,
            request_id,
            duration_ms,
            outcome: match outcome {
                Outcome::Success(_) => "ok".to_owned(),
                Outcome::Failure {
                    error_type,
                    message,
                } => format!("{error_type}: {message}"),
            },
        }),
        Notice::Log { function, line } => events.emit(EventKind::FunctionLog { function, line }),
        Notice::Retrying {
            function,
            request_id,
            attempts,
            wait_ms,
        } => tracing::info!(%function, %request_id, attempts, wait_ms, "function will be retried"),
        Notice::GivenUp {
            function,
            request_id,
            destination,
            record,
        } => {
            tracing::warn!(%function, %request_id, "function given up");
            if let Some(destination) = destination
                && let Err(error) = queues.send(&destination, record.to_string())
            {
                tracing::error!(%function, error, "send to on-failure destination");
            }
        }
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
    let listener = listener.tap_io(|socket| {
        // Answers are single small writes: waiting to fill a segment would only add latency.
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "set nodelay");
        }
    });
    let served = axum::serve(listener, router)
        .with_graceful_shutdown(stopped(stopping))
        .await;
    if let Err(error) = served {
        tracing::error!(%error, "serve http");
    }
}
