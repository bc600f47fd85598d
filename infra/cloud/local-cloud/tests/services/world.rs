//! Starts a separate local cloud for each test, and clients that use the real protocols.
//!
//! Everything waits for a condition with a deadline. Must not know: the tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::http::header::HOST;
use axum::http::{HeaderMap, HeaderName};
use local_cloud::{Event, EventKind, IssuedCertificate, LocalCloud, Options, Ports};
use rumqttc_v4::{
    AsyncClient, ConnectionError, Incoming, MqttOptions, Publish, PublishOptions, QoS,
    TlsConfiguration, Transport,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{broadcast, mpsc};
use tokio::time::timeout;

pub const DEADLINE: Duration = Duration::from_secs(60);

/// A file in the folder of these tests.
pub fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/services")
        .join(name)
}

/// Options of a cloud with the tests' template, in memory.
pub fn options() -> Options {
    Options {
        template: here("template.yaml"),
        parameters: BTreeMap::new(),
        stack_name: "stack".to_owned(),
        region: "us-east-1".to_owned(),
        account: "123456789012".to_owned(),
        data_dir: None,
        binaries: BTreeMap::from([("echo".to_owned(), here("echo.py"))]),
        no_start: Vec::new(),
        ports: Ports::default(),
        seed: 1,
        time_scale: 1.0,
        faults: Vec::new(),
        import_retained: false,
        inert: [].into(),
    }
}

/// A cloud in memory with the stack of `stack.yaml`.
pub async fn deployed(parameters: &[(&str, &str)]) -> LocalCloud {
    LocalCloud::start(deployment(parameters)).await.unwrap()
}

/// Options of a cloud with the stack of `stack.yaml`.
pub fn deployment(parameters: &[(&str, &str)]) -> Options {
    let parameters = parameters.iter();
    Options {
        template: here("stack.yaml"),
        parameters: parameters
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        ..options()
    }
}

/// A cloud in memory.
pub async fn cloud() -> LocalCloud {
    LocalCloud::start(options()).await.unwrap()
}

/// A thing with a certificate that the template's policy is attached to.
pub fn thing(cloud: &LocalCloud, name: &str) -> IssuedCertificate {
    let registry = cloud.registry();
    registry.create_thing(name).unwrap();
    let certificate = registry.create_keys_and_certificate().unwrap();
    registry.attach_policy("thing", &certificate.arn).unwrap();
    registry
        .attach_thing_principal(name, &certificate.arn)
        .unwrap();
    certificate
}

/// A certificate without a thing, with a policy that has these statements.
pub fn certificate(cloud: &LocalCloud, policy: &str, statements: &Value) -> IssuedCertificate {
    let registry = cloud.registry();
    let document = serde_json::json!({"Version": "2012-10-17", "Statement": statements});
    registry
        .create_policy(policy, &document.to_string())
        .unwrap();
    let certificate = registry.create_keys_and_certificate().unwrap();
    registry.attach_policy(policy, &certificate.arn).unwrap();
    certificate
}

/// TLS settings of a device.
pub fn tls(ca_pem: &str, certificate: &str, key: &str) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap())
        .unwrap();
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .unwrap();
    Arc::new(config)
}

/// An MQTT 3.1.1 client.
pub struct Client {
    pub mqtt: AsyncClient,
    incoming: mpsc::UnboundedReceiver<Result<Incoming, ConnectionError>>,
}

/// Default settings of a client, which tests may change.
pub fn settings(cloud: &LocalCloud, id: &str, certificate: &IssuedCertificate) -> MqttOptions {
    let address = cloud.endpoints().mqtts;
    let mut settings = MqttOptions::new(id, ("127.0.0.1", address.port()));
    let config = tls(
        cloud.ca_pem(),
        &certificate.pem,
        &certificate.private_key_pem,
    );
    settings.set_transport(Transport::Tls(TlsConfiguration::Rustls(config)));
    settings.set_keep_alive(30);
    settings
}

impl Client {
    /// Starts connecting; see [`Client::connected`].
    pub fn start(settings: MqttOptions) -> Self {
        let (mqtt, mut connection) = AsyncClient::builder(settings).capacity(100).build();
        let (sender, incoming) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            loop {
                let step = match connection.poll().await {
                    Ok(rumqttc_v4::Event::Incoming(packet)) => Ok(packet),
                    Ok(rumqttc_v4::Event::Outgoing(_)) => continue,
                    Err(error) => Err(error),
                };
                let ended = step.is_err();
                if sender.send(step).is_err() || ended {
                    return;
                }
            }
        });
        Self { mqtt, incoming }
    }

    /// A connected client.
    pub async fn connect(cloud: &LocalCloud, id: &str, certificate: &IssuedCertificate) -> Self {
        let mut client = Self::start(settings(cloud, id, certificate));
        client.connected().await;
        client
    }

    /// Waits for the CONNACK; returns whether a session was resumed.
    pub async fn connected(&mut self) -> bool {
        self.wait("connack", |packet| match packet {
            Incoming::ConnAck(ack) => Some(ack.session_present),
            _ => None,
        })
        .await
    }

    /// Waits for a packet that `pick` accepts, skipping others.
    pub async fn wait<T>(&mut self, what: &str, pick: impl Fn(Incoming) -> Option<T>) -> T {
        let search = async {
            loop {
                let packet = self.incoming.recv().await.expect("connection task runs");
                if let Some(found) = pick(packet.unwrap()) {
                    return found;
                }
            }
        };
        let found = timeout(DEADLINE, search).await;
        found.unwrap_or_else(|_| panic!("no {what} in time"))
    }

    /// Subscribes and waits for the acknowledgement.
    pub async fn subscribe(&mut self, filter: &str) {
        self.mqtt.subscribe(filter, QoS::AtLeastOnce).await.unwrap();
        self.wait("suback", |p| matches!(p, Incoming::SubAck(_)).then_some(()))
            .await;
    }

    /// Publishes with QoS 1.
    pub async fn publish(&self, topic: &str, payload: &str) {
        self.mqtt
            .publish(topic, payload, PublishOptions::at_least_once())
            .await
            .unwrap();
    }

    /// The next message.
    pub async fn message(&mut self) -> Publish {
        self.wait("message", |packet| match packet {
            Incoming::Publish(publish) => Some(publish),
            _ => None,
        })
        .await
    }

    /// The next message's topic and JSON payload.
    pub async fn json(&mut self) -> (String, Value) {
        let message = self.message().await;
        let payload = serde_json::from_slice(&message.payload).unwrap();
        let topic = std::str::from_utf8(&message.topic).unwrap().to_owned();
        (topic, payload)
    }

    /// Waits until the connection is over.
    pub async fn closed(&mut self) -> ConnectionError {
        let search = async {
            loop {
                if let Err(error) = self.incoming.recv().await.expect("connection task runs") {
                    return error;
                }
            }
        };
        let closed = timeout(DEADLINE, search).await;
        closed.expect("connection stays open")
    }
}

/// Waits for an event that `pick` accepts.
pub async fn event<T>(
    events: &mut broadcast::Receiver<Arc<Event>>,
    what: &str,
    pick: impl Fn(&EventKind) -> Option<T>,
) -> T {
    let search = async {
        loop {
            let event = events.recv().await.expect("cloud runs");
            if let Some(found) = pick(&event.kind) {
                return found;
            }
        }
    };
    let found = timeout(DEADLINE, search).await;
    found.unwrap_or_else(|_| panic!("no {what} in time"))
}

/// The answer to a REST call.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    /// `Null` if it is not JSON.
    pub body: Value,
    pub text: String,
    pub bytes: Vec<u8>,
}

/// A REST call of the operator.
pub async fn rest(
    cloud: &LocalCloud,
    endpoint: &str,
    request_line: &str,
    headers: &str,
    body: impl AsRef<[u8]>,
) -> Answer {
    let body = body.as_ref();
    let operator = cloud.credentials();
    let keys = (
        operator.access_key_id.as_str(),
        operator.secret_access_key.as_str(),
        "",
    );
    let signed = signed(cloud, keys, endpoint, request_line, headers, body);
    rest_as(endpoint, request_line, &signed, body).await
}

/// A REST call of the template's function `echo`.
pub async fn rest_of_function(
    cloud: &LocalCloud,
    endpoint: &str,
    request_line: &str,
    headers: &str,
    body: &str,
) -> Answer {
    let signed = signed_by_function(cloud, endpoint, request_line, headers, body);
    rest_as(endpoint, request_line, &signed, body).await
}

/// The headers with those of a signature by the template's function `echo` added.
pub fn signed_by_function(
    cloud: &LocalCloud,
    endpoint: &str,
    request_line: &str,
    headers: &str,
    body: &str,
) -> String {
    let function = cloud.credentials_of("echo").unwrap();
    let keys = (
        function.access_key_id.as_str(),
        function.secret_access_key.as_str(),
        function.session_token.as_str(),
    );
    signed(cloud, keys, endpoint, request_line, headers, body)
}

/// The headers with those of a signature by (key, secret, session token) added.
pub fn signed(
    cloud: &LocalCloud,
    (key, secret, token): (&str, &str, &str),
    endpoint: &str,
    request_line: &str,
    headers: &str,
    body: impl AsRef<[u8]>,
) -> String {
    let endpoints = cloud.endpoints();
    let service = match endpoint {
        e if e == endpoints.iot_data => "iotdata",
        e if e == endpoints.iot && request_line.contains(" /2015-03-31/") => "lambda",
        e if e == endpoints.iot && headers.contains("AmazonSQS.") => "sqs",
        e if e == endpoints.iot && request_line.contains("/GraniteService") => "monitoring",
        e if e == endpoints.iot && headers.contains("x-www-form-urlencoded") => {
            let body = String::from_utf8_lossy(body.as_ref());
            let is_stack = body.contains("Version=2010-05-15");
            if is_stack { "cloudformation" } else { "sns" }
        }
        e if e == endpoints.iot => "iot",
        _ => "dynamodb",
    };
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let date = aws_sigv4_verify::amz_date(since_epoch.unwrap().as_secs());
    let mut added = format!("X-Amz-Date: {date}\r\n");
    if !token.is_empty() {
        added += &format!("X-Amz-Security-Token: {token}\r\n");
    }
    let host = endpoint.strip_prefix("http://").unwrap();
    let mut to_sign = HeaderMap::from_iter([(HOST, host.parse().unwrap())]);
    for line in added.lines().chain(headers.lines()) {
        let (name, value) = line.split_once(": ").unwrap();
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        to_sign.append(name, value.parse().unwrap());
    }
    let (method, target) = request_line.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let request = aws_sigv4_verify::Request {
        method,
        path,
        query,
        headers: &to_sign,
        body: body.as_ref(),
    };
    let authorization =
        aws_sigv4_verify::authorization(&request, (key, secret), ("us-east-1", service));
    format!("{headers}{added}Authorization: {authorization}\r\n")
}

/// A REST call with only the given headers.
pub async fn rest_as(
    endpoint: &str,
    request_line: &str,
    headers: &str,
    body: impl AsRef<[u8]>,
) -> Answer {
    let body = body.as_ref();
    let exchange = async {
        let address = endpoint.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "{request_line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             {headers}Content-Length: {}\r\n\r\n",
            body.len()
        );
        let bytes = [request.as_bytes(), body].concat();
        stream.write_all(&bytes).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        answer
    };
    let answer = timeout(DEADLINE, exchange).await.expect("answer in time");
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, bytes) = answer.split_at(end.unwrap() + 4);
    let (head, text) = (
        String::from_utf8_lossy(head),
        String::from_utf8_lossy(bytes),
    );
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_ascii_lowercase(),
        body: serde_json::from_str(&text).unwrap_or(Value::Null),
        text: text.into_owned(),
        bytes: bytes.to_owned(),
    }
}
