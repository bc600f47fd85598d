//! MQTT clients over mutual TLS.
//!
//! Must not know: which broker answers.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rumqttc_v4::{
    AsyncClient, Event, EventLoop, MqttOptions, Packet, PublishOptions, QoS, TlsConfiguration,
    Transport,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::time::timeout;

/// Longest wait for anything from the broker.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);
const KEEP_ALIVE_S: u16 = 60;
/// Requests that may wait for the connection.
const QUEUE: usize = 64;

/// A connected client.
pub struct Client {
    client: AsyncClient,
    events: EventLoop,
}

impl Client {
    /// Connects, and subscribes at `QoS` 1.
    pub async fn connect(
        id: &str,
        address: &str,
        files: &[PathBuf; 3],
        filter: &str,
    ) -> Result<Self> {
        let (host, port) = address.rsplit_once(':').context("the broker has no port")?;
        let mut options = MqttOptions::new(id, (host, port.parse().context("read the port")?));
        let tls = TlsConfiguration::Rustls(Arc::new(tls(files)?));
        options.set_transport(Transport::tls_with_config(tls));
        options.set_keep_alive(KEEP_ALIVE_S);
        let (client, mut events) = AsyncClient::builder(options).capacity(QUEUE).build();
        // Otherwise a message waits for the acknowledgement of the packet before it, up to 40 ms.
        events.network_options.set_tcp_nodelay(true);
        let mut this = Self { client, events };
        this.client.subscribe(filter, QoS::AtLeastOnce).await?;
        let is_done = |packet: &Packet| matches!(packet, Packet::SubAck(_)).then_some(());
        this.until("SUBACK", is_done).await?;
        Ok(this)
    }

    /// Publishes at `QoS` 1 and waits for a message on `answer` that `read` takes; the time
    /// between, and what `read` made of it.
    pub async fn ask<T>(
        &mut self,
        topic: &str,
        payload: String,
        answer: &str,
        read: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<(Duration, T)> {
        let began = Instant::now();
        let qos_1 = PublishOptions::at_least_once();
        self.client.publish(topic, payload, qos_1).await?;
        let what = format!("answer on {answer}");
        let read = |packet: &Packet| match packet {
            Packet::Publish(publish) if publish.topic == answer => read(&publish.payload),
            _ => None,
        };
        let read = self.until(&what, read).await?;
        Ok((began.elapsed(), read))
    }

    /// Queues a message, and does not wait for it.
    pub fn send(&self, topic: &str, payload: &[u8], qos: u8) -> Result<()> {
        let options = match qos {
            0 => PublishOptions::at_most_once(),
            _ => PublishOptions::at_least_once(),
        };
        let queued = self.client.try_publish(topic, payload.to_vec(), options);
        queued.context("queue a message")
    }

    /// The next packet; whether it is a message.
    pub async fn is_next_a_message(&mut self) -> Result<bool> {
        let event = self.events.poll().await.context("the connection ended")?;
        Ok(matches!(event, Event::Incoming(Packet::Publish(_))))
    }

    async fn until<T>(&mut self, what: &str, read: impl Fn(&Packet) -> Option<T>) -> Result<T> {
        let answer = async {
            loop {
                match self.events.poll().await {
                    Ok(Event::Incoming(packet)) => {
                        if let Some(read) = read(&packet) {
                            return Ok(read);
                        }
                    }
                    Ok(_) => {}
                    Err(error) => bail!("no {what}: {error}"),
                }
            }
        };
        timeout(ANSWER_TIME_MAX, answer)
            .await
            .with_context(|| format!("no {what} in time"))?
    }
}

fn tls([ca, certificate, key]: &[PathBuf; 3]) -> Result<rustls::ClientConfig> {
    let read = |path: &PathBuf| format!("read {}", path.display());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).with_context(|| read(ca))?)?;
    let chain = CertificateDer::from_pem_file(certificate).with_context(|| read(certificate))?;
    let key = PrivateKeyDer::from_pem_file(key).with_context(|| read(key))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![chain], key)?)
}
