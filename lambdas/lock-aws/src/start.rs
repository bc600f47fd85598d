//! Start-up: SDK clients over one connector, with their connections open before the first event.
//! Must not know: messages.
//!
//! No credential chain, no profile files, ring for TLS: a function finds all it needs in its
//! environment, and a person at the door waits for its start-up.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::address::Address;
use crate::clock::{self, Clock};
use crate::metric::Metrics;
use crate::notifier::Notifier;
use crate::publisher::Publisher;
use crate::route::{CONNECT_MS, Route};
use crate::settings::{Access, Settings};
use crate::store::Store;

/// Longest wait for one attempt of one call, in ms.
const ATTEMPT_MS: u64 = 2_000;
/// Longest wait for one call with its retries, in ms. A press makes three within its timeout.
const CALL_MS: u64 = 4_000;
/// The data plane of AWS `IoT` in its addresses.
const IOT_DATA: &str = "data-ats.iot";
/// Attempts of one call. Publishing has its own retry, bounded by the command's life (C13).
const ATTEMPTS_MAX: u32 = 3;

const _: () = assert!(CONNECT_MS < ATTEMPT_MS && ATTEMPT_MS < CALL_MS);

/// A client of the crate `$sdk`. Each SDK crate has its own types of the same names.
macro_rules! client {
    ($sdk:ident, $access:ident, $route:ident, $retry:expr) => {{
        use $sdk::config::{BehaviorVersion, Config, Region, StalledStreamProtectionConfig};
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new($access.region.clone()))
            .credentials_provider(credentials($access))
            .http_client($route.to_http_client())
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .timeout_config(timeouts())
            .retry_config($retry)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        config.set_endpoint_resolver(Some($route.address().to_resolver()));
        $sdk::Client::from_conf(config.build())
    }};
}

/// The connections that a function opens at start-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Connections {
    /// To the table and to the devices' topics and shadows.
    All,
    /// To the table: the function publishes to no device.
    Table,
}

/// The services that functions and operator use.
#[derive(Debug, Clone)]
pub struct Cloud {
    /// The table of records, bindings and histories.
    pub store: Store,
    /// The topics and shadows of devices.
    pub publisher: Publisher,
    /// The source of every `now`.
    pub clock: Clock,
    /// Where metrics are written; nowhere for an operator.
    pub metrics: Metrics,
    /// The way to the devices' topics and shadows.
    iot_data: Route,
}

impl Cloud {
    /// Clients for `access` over one connector. Calls nothing.
    pub fn new(access: &Access, table: &str) -> Self {
        Self::over(routes(access), access, table)
    }

    fn over([dynamodb, iot_data]: [Route; 2], access: &Access, table: &str) -> Self {
        let store = client!(aws_sdk_dynamodb, access, dynamodb, retry());
        let no_retry = RetryConfig::disabled();
        let publisher = client!(aws_sdk_iotdataplane, access, iot_data, no_retry);
        Self {
            store: Store::new(store, table),
            publisher: Publisher::new(publisher),
            clock: Clock::system(),
            metrics: Metrics::silent(),
            iot_data,
        }
    }

    /// The same services with another clock.
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.publisher = self.publisher.with_clock(clock.clone());
        self.clock = clock;
        self
    }

    /// The same services with other metrics.
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// Clients for a function's settings, with their TLS connections open: at start-up a function
    /// has more CPU than later.
    ///
    /// The first event begins with a read of the table, so only the table's connection is waited
    /// for. The clients are built while the services answer. A connection that fails now is opened
    /// by the call that needs it, which then reports the error.
    pub(crate) async fn start(settings: &Settings, connections: Connections) -> Self {
        let routes = routes(&settings.access);
        let [dynamodb, iot_data] = &routes;
        if connections == Connections::All {
            iot_data.open_aside();
            iot_data.note_opened(clock::now());
        }
        let clients = async {
            // The connections begin first.
            tokio::task::yield_now().await;
            Self::over(routes.clone(), &settings.access, &settings.table)
        };
        let ((), cloud) = tokio::join!(dynamodb.open(), clients);
        cloud.with_metrics(Metrics::new(settings.metrics.clone()))
    }

    /// Opens the connection to the devices during the first call of an event that comes after a
    /// pause, so that the publish after it does not wait for a connection.
    pub(crate) fn open_after_pause(&self) {
        self.iot_data.note_event(self.clock.now());
    }
}

impl Notifier {
    /// A notifier of the topic with this ARN. Calls nothing: its connection opens with the first
    /// message, for which nobody waits at a door.
    pub fn new(access: &Access, topic_arn: &str) -> Self {
        let [sns] = Route::to_all([address(access.sns.as_ref(), "sns", access)]);
        let client = client!(aws_sdk_sns, access, sns, retry());
        Self::over(client, topic_arn)
    }
}

/// Clients of the services that only an operator calls.
#[cfg(feature = "registry")]
#[derive(Debug, Clone)]
pub(crate) struct OperatorClients {
    pub iot: aws_sdk_iot::Client,
    pub iot_data: aws_sdk_iotdataplane::Client,
    pub cloudformation: aws_sdk_cloudformation::Client,
    pub lambda: aws_sdk_lambda::Client,
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    pub sqs: aws_sdk_sqs::Client,
}

#[cfg(feature = "registry")]
impl OperatorClients {
    /// Clients over one connector. Calls nothing.
    pub fn new(access: &Access) -> Self {
        let at = &access.operator;
        let [iot, iot_data, cloudformation, lambda, cloudwatch, sqs] = Route::to_all([
            address(at.iot.as_ref(), "iot", access),
            address(access.iot_data.as_ref(), IOT_DATA, access),
            address(at.cloudformation.as_ref(), "cloudformation", access),
            address(at.lambda.as_ref(), "lambda", access),
            address(at.cloudwatch.as_ref(), "monitoring", access),
            address(at.sqs.as_ref(), "sqs", access),
        ]);
        Self {
            iot: client!(aws_sdk_iot, access, iot, retry()),
            iot_data: client!(aws_sdk_iotdataplane, access, iot_data, retry()),
            cloudformation: client!(aws_sdk_cloudformation, access, cloudformation, retry()),
            lambda: client!(aws_sdk_lambda, access, lambda, retry()),
            cloudwatch: client!(aws_sdk_cloudwatch, access, cloudwatch, retry()),
            sqs: client!(aws_sdk_sqs, access, sqs, retry()),
        }
    }
}

/// The ways to the table, and to the devices' topics and shadows.
fn routes(access: &Access) -> [Route; 2] {
    Route::to_all([
        address(access.dynamodb.as_ref(), "dynamodb", access),
        address(access.iot_data.as_ref(), IOT_DATA, access),
    ])
}

fn address(given: Option<&String>, service: &str, access: &Access) -> Address {
    Address::new(given, service, &access.region)
}

fn credentials(access: &Access) -> Credentials {
    let token = access.session_token.clone();
    let (id, secret) = (&access.access_key_id, &access.secret_access_key);
    Credentials::new(id, secret, token, None, "environment")
}

fn retry() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(ATTEMPTS_MAX)
        .with_initial_backoff(Duration::from_millis(50))
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(CONNECT_MS))
        .operation_attempt_timeout(Duration::from_millis(ATTEMPT_MS))
        .operation_timeout(Duration::from_millis(CALL_MS))
        .build()
}
