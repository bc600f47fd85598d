//! Start-up: SDK clients over one HTTP client, with their connections open before the first event.
//! Must not know: messages.
//!
//! No credential chain, no profile files, ring for TLS: a function finds all it needs in its
//! environment, and a person at the door waits for its start-up.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::clock::Clock;
use crate::metric::Metrics;
use crate::notifier::Notifier;
use crate::publisher::Publisher;
use crate::settings::{Access, Settings};
use crate::store::Store;

/// Longest wait for a connection, in ms.
const CONNECT_MS: u64 = 1_000;
/// Longest wait for one attempt of one call, in ms.
const ATTEMPT_MS: u64 = 2_000;
/// Longest wait for one call with its retries, in ms. A press makes three within its timeout.
const CALL_MS: u64 = 4_000;
/// Attempts of one call. Publishing has its own retry, bounded by the command's life (C13).
const ATTEMPTS_MAX: u32 = 3;
/// Longest wait for connections to open at start-up, in ms. Later ones open with the first event.
const OPEN_MS: u64 = 1_500;

const _: () = assert!(CONNECT_MS < ATTEMPT_MS && ATTEMPT_MS < CALL_MS);

/// A client of the crate `$sdk`. Each SDK crate has its own types of the same names.
macro_rules! client {
    ($sdk:ident, $access:ident, $($endpoint:ident).+, $http:ident, $keys:ident, $retry:ident) => {{
        use $sdk::config::{BehaviorVersion, Config, Region, StalledStreamProtectionConfig};
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new($access.region.clone()))
            .credentials_provider($keys.clone())
            .http_client($http.clone())
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .timeout_config(timeouts())
            .retry_config($retry.clone())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        config.set_endpoint_url($access.$($endpoint).+.clone());
        $sdk::Client::from_conf(config.build())
    }};
}

/// Sends `$call` as a request without effect. The connection stays open whatever the answer is.
macro_rules! ping {
    ($sdk:ident, $call:ident) => {{
        let no_retry = $sdk::config::Builder::new().retry_config(RetryConfig::disabled());
        let ping = $call.customize().config_override(no_retry);
        let _ = ping.mutate_request(as_ping).send().await;
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
}

impl Cloud {
    /// Clients for `access` over one HTTP client. Calls nothing.
    pub fn new(access: &Access, table: &str) -> Self {
        let http = http_client(is_tls(&access.dynamodb) || is_tls(&access.iot_data));
        let (credentials, retry) = (credentials(access), retry());
        let dynamodb = client!(aws_sdk_dynamodb, access, dynamodb, http, credentials, retry);
        let no_retry = RetryConfig::disabled();
        let iot_data = client!(
            aws_sdk_iotdataplane,
            access,
            iot_data,
            http,
            credentials,
            no_retry
        );
        Self {
            store: Store::new(dynamodb, table),
            publisher: Publisher::new(iot_data),
            clock: Clock::system(),
            metrics: Metrics::silent(),
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
    /// has more CPU than later, and nobody waits yet. A connection that fails now is opened by the
    /// first event, which then reports the error.
    pub(crate) async fn start(settings: &Settings, connections: Connections) -> Self {
        let access = &settings.access;
        let metrics = Metrics::new(settings.metrics.clone());
        let cloud = Self::new(access, &settings.table).with_metrics(metrics);
        let opened = async {
            match connections {
                Connections::All => {
                    tokio::join!(cloud.open_dynamodb(access), cloud.open_iot_data(access));
                }
                Connections::Table => cloud.open_dynamodb(access).await,
            }
        };
        if tokio::time::timeout(Duration::from_millis(OPEN_MS), opened)
            .await
            .is_err()
        {
            tracing::warn!("connections not open within {OPEN_MS} ms of start-up");
        }
        cloud
    }

    async fn open_dynamodb(&self, access: &Access) {
        if is_tls(&access.dynamodb) {
            let call = self.store.client().get_item().table_name("-");
            ping!(aws_sdk_dynamodb, call);
        }
    }

    async fn open_iot_data(&self, access: &Access) {
        if is_tls(&access.iot_data) {
            let call = self.publisher.client().get_thing_shadow().thing_name("-");
            ping!(aws_sdk_iotdataplane, call);
        }
    }
}

impl Notifier {
    /// A notifier of the topic with this ARN. Calls nothing: its connection opens with the first
    /// message, for which nobody waits at a door.
    pub fn new(access: &Access, topic_arn: &str) -> Self {
        let http = http_client(is_tls(&access.sns));
        let (credentials, retry) = (credentials(access), retry());
        let client = client!(aws_sdk_sns, access, sns, http, credentials, retry);
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
    /// Clients over one HTTP client. Calls nothing.
    pub fn new(access: &Access) -> Self {
        let at = &access.operator;
        let endpoints = [&at.iot, &at.cloudformation, &at.lambda, &at.cloudwatch];
        let tls = endpoints.into_iter().chain([&at.sqs, &access.iot_data]);
        let http = http_client(tls.into_iter().any(is_tls));
        let (keys, retry) = (credentials(access), retry());
        Self {
            iot: client!(aws_sdk_iot, access, operator.iot, http, keys, retry),
            iot_data: client!(aws_sdk_iotdataplane, access, iot_data, http, keys, retry),
            cloudformation: client!(
                aws_sdk_cloudformation,
                access,
                operator.cloudformation,
                http,
                keys,
                retry
            ),
            lambda: client!(aws_sdk_lambda, access, operator.lambda, http, keys, retry),
            cloudwatch: client!(
                aws_sdk_cloudwatch,
                access,
                operator.cloudwatch,
                http,
                keys,
                retry
            ),
            sqs: client!(aws_sdk_sqs, access, operator.sqs, http, keys, retry),
        }
    }
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

/// Turns a request into `GET /ping`, which is not an API call: DynamoDB answers it, and the data
/// plane refuses it.
fn as_ping(request: &mut aws_smithy_runtime_api::client::orchestrator::HttpRequest) {
    let uri = request.uri().to_owned();
    let origin_end = uri.find("://").map_or(0, |at| at + 3);
    let path_start = uri[origin_end..]
        .find('/')
        .map_or(uri.len(), |at| origin_end + at);
    if request
        .set_uri(format!("{}/ping", &uri[..path_start]))
        .is_ok()
    {
        let _ = request.set_method("GET");
        // The headers of the removed body would leave the server waiting for it.
        for header in ["content-length", "content-type", "x-amz-target"] {
            request.headers_mut().remove(header);
        }
        *request.body_mut() = aws_smithy_types::body::SdkBody::empty();
    }
}

fn is_tls(endpoint: &Option<String>) -> bool {
    endpoint
        .as_ref()
        .is_none_or(|endpoint| endpoint.starts_with("https://"))
}

/// One client for all services of `tls`, without TLS and root certificates if none needs them.
fn http_client(tls: bool) -> SharedHttpClient {
    if tls {
        Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https()
    } else {
        Builder::new().build_http()
    }
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(CONNECT_MS))
        .operation_attempt_timeout(Duration::from_millis(ATTEMPT_MS))
        .operation_timeout(Duration::from_millis(CALL_MS))
        .build()
}
