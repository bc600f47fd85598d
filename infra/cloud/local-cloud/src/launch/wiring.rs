//! Connects the services: passes each the others that it uses.
//!
//! Must not know: in which order they start.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;

use super::{Opened, Tasks};
use crate::Endpoints;
use crate::alarm::{self, AlarmRunner};
use crate::broker::user::Users;
use crate::caller::Callers;
use crate::clock::Clock;
use crate::cloudwatch::{self, CloudWatch};
use crate::configuration;
use crate::control_plane::{self, ControlPlane};
use crate::data_plane::{self, DataPlane};
use crate::dynamodb::{self, Backend, Proxy};
use crate::event::{EventBus, EventKind};
use crate::event_source::Reader;
use crate::fault::{self, Faults};
use crate::guard::{Service, guarded};
use crate::iam::{self, Iam};
use crate::invocation;
use crate::kill::Killer;
use crate::metric;
use crate::notification::{self, Content, Publisher, Sns, Topics};
use crate::queue::{self, Queues};
use crate::rule::Services;
use crate::schedule::ScheduleRunner;
use crate::stack::{self, CloudFormation};
use lambda_host::{
    Credentials, External, Functions, Notice, Outcome, Surroundings, Tuning, Wiring,
};
use sam_template::Function;

/// The local cloud as its functions' host sees it.
struct Host {
    events: EventBus,
    queues: Queues,
    topics: Topics,
    callers: Callers,
    iam: Iam,
    faults: Arc<Faults>,
    clock: Clock,
}

impl Surroundings for Host {
    fn observe(&self, notice: Notice) {
        if let Notice::Log { function, .. } = &notice
            && !self.iam.may_log(function)
        {
            return;
        }
        let now_ms = self.clock.now_ms();
        self.events.metrics().observe_function(&notice, now_ms);
        self.pass_on(notice, now_ms);
    }

    fn credentials_of(&self, function: &Function) -> Credentials {
        // A function that a reload added is admitted with its first process.
        self.callers.admit(std::slice::from_ref(function));
        let credentials = self.callers.credentials_of(function);
        credentials.expect("it has just been admitted")
    }

    fn fate_of_event(&self, function: &Function) -> (u32, Duration) {
        let names = [&function.name, &function.logical_id, &function.binary];
        let fate = self.faults.fate_of_event(&names.map(String::as_str));
        (fate.copies, fate.delay)
    }

    fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }
}

impl Opened {
    /// What `lambda-host` needs, with the endpoints in the variables that AWS SDKs read.
    pub(super) fn wiring(
        &self,
        endpoints: &Endpoints,
        external: BTreeMap<String, External>,
    ) -> Wiring {
        let env = [
            ("AWS_ENDPOINT_URL_DYNAMODB", &endpoints.dynamodb),
            ("AWS_ENDPOINT_URL_DYNAMODB_STREAMS", &endpoints.dynamodb),
            ("AWS_ENDPOINT_URL_IOT_DATA_PLANE", &endpoints.iot_data),
            ("AWS_ENDPOINT_URL_SNS", &endpoints.iot),
        ];
        Wiring {
            binaries: self.programs.binaries.clone(),
            interpreters: self.programs.interpreters.clone(),
            layers: self.programs.layers.clone(),
            external,
            env: env
                .map(|(name, value)| (name.to_owned(), value.clone()))
                .into(),
            region: self.account.region.clone(),
            account: self.account.id.clone(),
            surroundings: Arc::new(Host {
                events: self.events.clone(),
                queues: self.queues.clone(),
                topics: self.topics.clone(),
                callers: self.callers.clone(),
                iam: self.iam.clone(),
                faults: Arc::clone(&self.faults),
                clock: self.clock,
            }),
            tuning: Tuning {
                time_scale: self.options.time_scale,
                ..Tuning::default()
            },
        }
    }

    /// Who may sign handshakes of MQTT over WebSocket.
    pub(super) fn users(&self) -> Users {
        Users {
            callers: self.callers.clone(),
            iam: self.iam.clone(),
        }
    }

    /// The services that rule actions can use.
    pub(super) fn services(&self, functions: &Functions, backend: &Backend) -> Services {
        Services {
            broker: self.broker.clone(),
            registry: self.registry.clone(),
            functions: functions.clone(),
            queues: self.queues.clone(),
            topics: self.topics.clone(),
            shadows: self.shadows.clone(),
            database: backend.database.clone(),
            streams: backend.streams.clone(),
            folder: self.folder.clone(),
            events: self.events.clone(),
            clock: self.clock,
            account: self.account.clone(),
            iam: self.iam.clone(),
            switches: self.switches.clone(),
        }
    }

    pub(super) fn schedule_runner(&self, functions: &Functions) -> ScheduleRunner {
        ScheduleRunner {
            functions: functions.clone(),
            iam: self.iam.clone(),
            events: self.events.clone(),
            clock: self.clock,
            account: self.account.clone(),
            time_scale: self.options.time_scale,
        }
    }

    pub(super) fn reader(&self, functions: &Functions, backend: &Backend) -> Reader {
        Reader {
            queues: self.queues.clone(),
            streams: backend.streams.clone(),
            positions: self.positions.clone(),
            functions: functions.clone(),
            faults: self.faults.clone(),
            events: self.events.clone(),
            clock: self.clock,
            region: self.account.region.clone(),
            time_scale: self.options.time_scale,
        }
    }

    pub(super) fn alarm_runner(&self) -> AlarmRunner {
        AlarmRunner {
            alarms: self.alarms.clone(),
            topics: self.topics.clone(),
            events: self.events.clone(),
            clock: self.clock,
            account: self.account.clone(),
            time_scale: self.options.time_scale,
        }
    }

    pub(super) fn killer(&self, functions: &Functions, tasks: &Tasks) -> Killer {
        Killer {
            faults: self.faults.clone(),
            functions: functions.clone(),
            stopping: tasks.stopping.clone(),
        }
    }

    /// The data plane of AWS IoT.
    pub(super) fn iot_data(&self, killer: Killer) -> Router {
        let plane = data_plane::router(DataPlane {
            broker: self.broker.clone(),
            shadows: self.shadows.clone(),
            callers: self.callers.clone(),
            killer,
            clock: self.clock,
        });
        self.guarded(iam::authorised(plane, self.iam.clone()), Service::IotData)
    }

    /// The services that people call: the control plane of AWS IoT, Lambda, SQS, CloudFormation,
    /// CloudWatch; and SNS.
    pub(super) fn iot(&self, endpoints: &Endpoints, functions: &Functions) -> Router {
        let plane = control_plane::router(ControlPlane {
            registry: self.registry.clone(),
            callers: self.callers.clone(),
            endpoint: endpoints.mqtts.to_string(),
            rules: self.switches.clone(),
            events: self.events.clone(),
            jobs: self.fleet.jobs.clone(),
            provisioning: self.fleet.provisioning.clone(),
        });
        let sns = Sns {
            topics: self.topics.clone(),
            iam: self.iam.clone(),
        };
        let cloudformation = CloudFormation {
            stack: self.stack.clone(),
            iam: self.iam.clone(),
        };
        let permitted = |router, service| iam::permitted(router, service, self.iam.clone());
        let queues = permitted(queue::router(self.queues.clone()), Service::Sqs);
        let forms = notification::answer_forms(queues, sns);
        let forms = stack::answer_forms(forms, cloudformation);
        let pages = metric::router(self.events.metrics().clone())
            .merge(notification::page(self.topics.clone()))
            .merge(alarm::page(self.alarms.clone()))
            .merge(fault::page::router(self.faults.clone()));
        let functions_api = invocation::router(functions.clone()).merge(configuration::router(
            functions.clone(),
            self.account.clone(),
        ));
        let cloudwatch = cloudwatch::router(CloudWatch {
            alarms: self.alarms.clone(),
            metrics: self.events.metrics().clone(),
            account: self.account.clone(),
            iam: self.iam.clone(),
        });
        [
            (permitted(plane, Service::Iot), Service::Iot),
            (permitted(functions_api, Service::Lambda), Service::Lambda),
            (cloudwatch, Service::CloudWatch),
            (forms, Service::Sqs),
        ]
        .into_iter()
        .fold(pages, |all, (router, service)| {
            all.merge(self.guarded(router, service))
        })
    }

    pub(super) fn dynamodb(&self, backend: Backend, killer: Killer) -> Router {
        let tables = dynamodb::Tables::new(&self.template.tables, &self.account);
        let proxy = Proxy::new(
            backend,
            self.iam.clone(),
            tables,
            killer,
            self.events.clone(),
        );
        self.guarded(dynamodb::router(proxy), Service::DynamoDb)
    }

    fn guarded(&self, router: Router, service: Service) -> Router {
        guarded(router, service, self.callers.clone())
    }
}

impl Host {
    /// Functions speak of themselves in notices: most become events, a given-up invocation goes to
    /// its destination.
    fn pass_on(&self, notice: Notice, now_ms: u64) {
        let events = &self.events;
        match notice {
            Notice::Invoked {
                function,
                request_id,
                cold,
                ..
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
                ..
            } => events.emit(EventKind::Completed {
                function,
                request_id,
                duration_ms,
                outcome: match outcome {
                    Outcome::Success(_) => "ok".to_owned(),
                    Outcome::Failure(failure) => {
                        format!("{}: {}", failure.error_type, failure.message)
                    }
                },
            }),
            Notice::Queued { .. } => {}
            Notice::Throttled {
                function,
                request_id,
                wait_ms,
            } => events.emit(EventKind::Throttled {
                function,
                request_id,
                wait_ms,
            }),
            Notice::Log { function, line } => {
                events.emit(EventKind::FunctionLog { function, line })
            }
            Notice::Retrying {
                function,
                request_id,
                attempts,
                wait_ms,
            } => events.emit(EventKind::Retrying {
                function,
                request_id,
                attempts,
                wait_ms,
            }),
            Notice::GivenUp {
                function,
                request_id,
                destination,
                record,
            } => {
                tracing::warn!(%function, %request_id, "function given up");
                if let Some(destination) = destination
                    && let Err(error) = self.send(&destination, record.to_string(), &function)
                {
                    tracing::error!(%function, error, "send to on-failure destination");
                    events.metrics().destination_failed(&function, now_ms);
                }
                events.emit(EventKind::GivenUp {
                    function,
                    request_id,
                });
            }
        }
    }

    /// Sends a record to a function's destination, a queue or a topic, in the function's role.
    fn send(&self, destination: &str, record: String, function: &str) -> Result<String, String> {
        if destination.split(':').nth(2) != Some("sns") {
            return self
                .queues
                .send(destination, record, &queue::sender(function));
        }
        let content = Content {
            message: record,
            ..Content::default()
        };
        let publisher = Publisher::Identity { arn: function };
        let published = self.topics.publish(destination, content, publisher);
        published.map_err(|error| error.to_string())
    }
}
