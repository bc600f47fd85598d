//! An independent MQTT client (rumqttc) with a thing's certificate.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rumqttc_v4::{
    AsyncClient, Event, EventLoop, MqttOptions, Packet, PublishOptions, QoS, SubscribeReasonCode,
    TlsConfiguration, Transport,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;

/// How long an answer of the broker may take.
const DEADLINE: Duration = Duration::from_secs(15);
/// How long a message may take that other programs cause. Generous: test machines are shared.
const MESSAGE_DEADLINE: Duration = Duration::from_secs(120);
/// Keep-alive in seconds of a client that may wait unread: longer than any test.
const PATIENT: u16 = 600;

/// Longer than any message of a house.
const PACKET_BYTES_MAX: usize = 64 * 1024;
/// Topic of the message by which a client knows that everything before it has arrived.
const MARK: &str = "mark";

/// A connected client.
pub struct Client {
    client: AsyncClient,
    events: EventLoop,
}

impl Client {
    /// Connects as `client_id` with `[ca, certificate, key]` and waits for CONNACK.
    pub async fn connect(client_id: &str, address: &str, files: &[PathBuf; 3]) -> Result<Self> {
        Self::connect_with(client_id, address, files, |_| {}).await
    }

    /// Connects with options that `change` sets.
    pub async fn connect_with(
        client_id: &str,
        address: &str,
        files: &[PathBuf; 3],
        change: impl FnOnce(&mut MqttOptions),
    ) -> Result<Self> {
        let (host, port) = host_and_port(address)?;
        let mut options = MqttOptions::new(client_id, (host, port));
        options.set_transport(Transport::tls_with_config(tls(files)?));
        options.set_keep_alive(30);
        change(&mut options);
        Self::open(options).await
    }

    /// Connects to a broker that asks for no certificate. The client may stay unread for minutes.
    pub async fn connect_plain(client_id: &str, address: &str) -> Result<Self> {
        let mut options = MqttOptions::new(client_id, host_and_port(address)?);
        options.set_keep_alive(PATIENT);
        options.set_max_packet_size(PACKET_BYTES_MAX, PACKET_BYTES_MAX);
        Self::open(options).await
    }

    async fn open(options: MqttOptions) -> Result<Self> {
        let (client, events) = AsyncClient::builder(options).capacity(16).build();
        let mut this = Self { client, events };
        this.wait("CONNACK", |packet| {
            matches!(packet, Packet::ConnAck(_)).then_some(())
        })
        .await?;
        Ok(this)
    }

    /// Publishes at `QoS` 1 and waits for PUBACK.
    pub async fn publish(&mut self, topic: &str, payload: impl AsRef<[u8]>) -> Result<()> {
        let options = PublishOptions::at_least_once();
        self.send(topic, payload.as_ref(), options).await
    }

    /// The same, as a retained message.
    pub async fn retain(&mut self, topic: &str, payload: impl AsRef<[u8]>) -> Result<()> {
        let options = PublishOptions::at_least_once().retained();
        self.send(topic, payload.as_ref(), options).await
    }

    /// Queues a message at `QoS` 0, which has no answer. It leaves when the client waits for one.
    pub async fn say(&mut self, topic: &str, payload: impl AsRef<[u8]>) -> Result<()> {
        let options = PublishOptions::at_most_once();
        let queued = self.client.publish(topic, payload.as_ref(), options).await;
        queued.context("queue a PUBLISH")
    }

    async fn send(&mut self, topic: &str, payload: &[u8], options: PublishOptions) -> Result<()> {
        let queued = self.client.publish(topic, payload, options).await;
        queued.context("queue a PUBLISH")?;
        self.wait("PUBACK", |packet| {
            matches!(packet, Packet::PubAck(_)).then_some(())
        })
        .await
    }

    /// Subscribes at `QoS` 1 and waits for SUBACK; fails if it refuses.
    pub async fn subscribe(&mut self, filter: &str) -> Result<()> {
        self.client
            .subscribe(filter, QoS::AtLeastOnce)
            .await
            .context("queue a SUBSCRIBE")?;
        let codes = self.wait("SUBACK", |packet| match packet {
            Packet::SubAck(answer) => Some(answer.return_codes.clone()),
            _ => None,
        });
        if codes.await?.contains(&SubscribeReasonCode::Failure) {
            bail!("the broker refused the subscription to {filter}");
        }
        Ok(())
    }

    /// What a broker without rights has retained for the topics of a filter, by topic. The client
    /// stays subscribed to them.
    pub async fn kept(&mut self, filter: &str) -> Result<BTreeMap<String, String>> {
        self.subscribe(MARK).await?;
        let subscribed = self.client.subscribe(filter, QoS::AtLeastOnce).await;
        subscribed.context("queue a SUBSCRIBE")?;
        let mut kept = BTreeMap::new();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut keep = |packet: &Packet| match packet {
            Packet::Publish(publish) if publish.topic == MARK => true,
            Packet::Publish(publish) if publish.retain => {
                kept.insert(text(&publish.topic), text(&publish.payload));
                false
            }
            packet => matches!(packet, Packet::SubAck(_)),
        };
        // The mark must not overtake the subscription.
        self.wait("SUBACK", |packet| keep(packet).then_some(()))
            .await?;
        let options = PublishOptions::at_least_once();
        let marked = self.client.publish(MARK, "".as_bytes(), options).await;
        marked.context("queue a PUBLISH")?;
        self.wait(MARK, |packet| keep(packet).then_some(())).await?;
        Ok(kept)
    }

    /// Waits for a message on `topic` and returns its payload.
    pub async fn message(&mut self, topic: &str) -> Result<Vec<u8>> {
        self.wait(topic, |packet| match packet {
            Packet::Publish(publish) if publish.topic == topic => Some(publish.payload.to_vec()),
            _ => None,
        })
        .await
    }

    /// Waits for JSON on `topic` that `fits` accepts; fails with the last one that it did not.
    pub async fn until(
        &mut self,
        topic: &str,
        what: &str,
        fits: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let mut last = None;
        let search = async {
            loop {
                match self.events.poll().await {
                    Ok(Event::Incoming(Packet::Publish(publish))) if publish.topic == topic => {
                        let value: Value = serde_json::from_slice(&publish.payload)
                            .with_context(|| format!("{topic}: {:?}", publish.payload))?;
                        if fits(&value) {
                            return Ok(value);
                        }
                        last = Some(value);
                    }
                    Ok(_) => {}
                    Err(error) => bail!("{topic} did not show {what}: {error}"),
                }
            }
        };
        let found = tokio::time::timeout(MESSAGE_DEADLINE, search).await;
        found.unwrap_or_else(|_| bail!("{topic} never showed {what}; last seen {last:?}"))
    }

    /// Keeps the connection alive for `time` and ignores what arrives.
    pub async fn idle(&mut self, time: Duration) -> Result<()> {
        let polled = async {
            loop {
                if let Err(error) = self.events.poll().await {
                    bail!("connection ended: {error}");
                }
            }
        };
        match tokio::time::timeout(time, polled).await {
            Ok(ended) => ended,
            Err(_) => Ok(()),
        }
    }

    async fn wait<T>(
        &mut self,
        what: &str,
        mut fits: impl FnMut(&Packet) -> Option<T>,
    ) -> Result<T> {
        let answer = async {
            loop {
                match self.events.poll().await {
                    Ok(Event::Incoming(packet)) => {
                        if let Some(found) = fits(&packet) {
                            return Ok(found);
                        }
                    }
                    Ok(_) => {}
                    Err(error) => bail!("no {what}: {error}"),
                }
            }
        };
        tokio::time::timeout(DEADLINE, answer)
            .await
            .with_context(|| format!("no {what} in time"))?
    }
}

/// Splits `host:port`.
pub fn host_and_port(address: &str) -> Result<(&str, u16)> {
    let (host, port) = address
        .rsplit_once(':')
        .with_context(|| format!("{address} is not host:port"))?;
    Ok((host, port.parse().context("read the port")?))
}

/// TLS settings with the files `[ca, certificate, key]`.
pub fn tls([ca, certificate, key]: &[PathBuf; 3]) -> Result<TlsConfiguration> {
    let mut roots = rustls::RootCertStore::empty();
    for root in
        CertificateDer::pem_file_iter(ca).with_context(|| format!("read {}", ca.display()))?
    {
        roots.add(root?)?;
    }
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<Vec<_>, _>>()?;
    let key =
        PrivateKeyDer::from_pem_file(key).with_context(|| format!("read {}", key.display()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?;
    let config = builder
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)?;
    Ok(config.into())
}
