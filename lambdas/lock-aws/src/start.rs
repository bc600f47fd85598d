//! Start-up: clients of one shared HTTP client, with their connections open before the first event.
//!
//! No credential chain, no profile files, ring for TLS: what a function needs stands in its environment, and start-up time
//! is what a person at the door waits for. Must not know messages.

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
use crate::publisher::Publisher;
use crate::settings::{Access, Settings};
use crate::store::Store;

/// Longest wait for a connection. *Units*: ms.
const CONNECT_MS: u64 = 1_000;
/// Longest wait for one attempt of one call. *Units*: ms.
const ATTEMPT_MS: u64 = 2_000;
/// Longest wait for one call, its retries included: a press makes three within its function's timeout. *Units*: ms.
const CALL_MS: u64 = 4_000;
/// Attempts of one call, the first included; publishing has its own retry, bounded by the command's life (C13).
const ATTEMPTS_MAX: u32 = 3;
/// Longest wait for a connection to open during start-up; what is not open by then opens with the first event. *Units*: ms.
const OPEN_MS: u64 = 1_500;

const _: () = assert!(CONNECT_MS < ATTEMPT_MS && ATTEMPT_MS < CALL_MS);

/// The services behind the functions: the table, and the topics.
#[derive(Debug, Clone)]
pub struct Cloud {
    /// The table.
    pub store: Store,
    /// The topics and shadows.
    pub publisher: Publisher,
    /// Whose time it goes by.
    pub clock: Clock,
    tls: Tls,
}

#[derive(Debug, Clone, Copy)]
struct Tls {
    dynamodb: bool,
    iot_data: bool,
}

impl Cloud {
    /// Clients for `access`, sharing one HTTP client. Calls nothing.
    pub fn new(access: &Access, table: &str) -> Cloud {
        let tls = Tls {
            dynamodb: is_tls(&access.dynamodb),
            iot_data: is_tls(&access.iot_data),
        };
        let http = http_client(tls.dynamodb || tls.iot_data);
        let token = access.session_token.clone();
        let credentials = Credentials::new(
            &access.access_key_id,
            &access.secret_access_key,
            token,
            None,
            "environment",
        );
        Cloud {
            store: Store::new(dynamodb(access, http.clone(), credentials.clone()), table),
            publisher: Publisher::new(iot_data(access, http, credentials)),
            clock: Clock::system(),
            tls,
        }
    }

    /// The same, going by `clock`.
    pub fn going_by(mut self, clock: Clock) -> Cloud {
        self.publisher = self.publisher.going_by(clock.clone());
        self.clock = clock;
        self
    }

    /// Clients for a function's settings, with both TLS connections open: during start-up a function has more CPU than
    /// later, and no one waits yet. What cannot be opened now is opened by the first event, which then says why.
    pub async fn start(settings: &Settings) -> Cloud {
        let cloud = Cloud::new(&settings.access, &settings.table);
        let opened = async { tokio::join!(cloud.open_dynamodb(), cloud.open_iot_data()) };
        if tokio::time::timeout(Duration::from_millis(OPEN_MS), opened)
            .await
            .is_err()
        {
            tracing::warn!("connections not open within {OPEN_MS} ms of start-up");
        }
        cloud
    }

    /// One request that asks for nothing: the connection stays open whatever the answer says.
    async fn open_dynamodb(&self) {
        if self.tls.dynamodb {
            let request = self.store.client().get_item().table_name("-").customize();
            let no_retry =
                aws_sdk_dynamodb::config::Builder::new().retry_config(RetryConfig::disabled());
            let _ = request
                .config_override(no_retry)
                .mutate_request(as_ping)
                .send()
                .await;
        }
    }

    async fn open_iot_data(&self) {
        if self.tls.iot_data {
            let request = self
                .publisher
                .client()
                .get_thing_shadow()
                .thing_name("-")
                .customize();
            let no_retry =
                aws_sdk_iotdataplane::config::Builder::new().retry_config(RetryConfig::disabled());
            let _ = request
                .config_override(no_retry)
                .mutate_request(as_ping)
                .send()
                .await;
        }
    }
}

/// Turns a request into `GET /ping`, which DynamoDB answers and the data plane knows nothing of: either way no API call.
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
        // The request had a body: announcing it and not sending it would leave the server waiting.
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

/// One client for both services; without TLS where neither needs it, so that no root certificate is read for nothing.
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

fn dynamodb(
    access: &Access,
    http: SharedHttpClient,
    credentials: Credentials,
) -> aws_sdk_dynamodb::Client {
    use aws_sdk_dynamodb::config::{
        BehaviorVersion, Config, Region, StalledStreamProtectionConfig,
    };
    let retry = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS_MAX)
        .with_initial_backoff(Duration::from_millis(50));
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(access.region.clone()))
        .credentials_provider(credentials)
        .http_client(http)
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .timeout_config(timeouts())
        .retry_config(retry)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    config.set_endpoint_url(access.dynamodb.clone());
    aws_sdk_dynamodb::Client::from_conf(config.build())
}

fn iot_data(
    access: &Access,
    http: SharedHttpClient,
    credentials: Credentials,
) -> aws_sdk_iotdataplane::Client {
    use aws_sdk_iotdataplane::config::{
        BehaviorVersion, Config, Region, StalledStreamProtectionConfig,
    };
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(access.region.clone()))
        .credentials_provider(credentials)
        .http_client(http)
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .timeout_config(timeouts())
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    config.set_endpoint_url(access.iot_data.clone());
    aws_sdk_iotdataplane::Client::from_conf(config.build())
}
