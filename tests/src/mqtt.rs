//! An independent MQTT client (rumqttc) with a thing's certificate.

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

/// How long an answer of the broker may take.
const DEADLINE: Duration = Duration::from_secs(15);

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
        self.client
            .publish(topic, payload.as_ref(), PublishOptions::at_least_once())
            .await
            .context("queue a PUBLISH")?;
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

    /// Waits for a message on `topic` and returns its payload.
    pub async fn message(&mut self, topic: &str) -> Result<Vec<u8>> {
        self.wait(topic, |packet| match packet {
            Packet::Publish(publish) if publish.topic == topic => Some(publish.payload.to_vec()),
            _ => None,
        })
        .await
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

    async fn wait<T>(&mut self, what: &str, fits: impl Fn(&Packet) -> Option<T>) -> Result<T> {
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
