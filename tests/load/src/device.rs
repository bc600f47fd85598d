//! A device, which subscribes to its own topic and publishes to its neighbour's at a steady pace.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context, Result};
use rumqttc_v4::{
    AsyncClient, Event, EventLoop, MqttOptions, Packet, PublishOptions, QoS, TlsConfiguration,
    Transport,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::time::{Instant, interval_at};

use crate::cloud::{Cloud, thing};

const KEEP_ALIVE_S: u16 = 60;
/// Requests that may wait for the connection.
const QUEUE: usize = 4;
/// A payload as small as a device's usually is.
const PAYLOAD: [u8; 64] = [b'.'; 64];

/// What all devices together have done.
#[derive(Default)]
pub struct Tally {
    subscribed: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
}

impl Tally {
    /// Number of devices that are subscribed.
    pub fn subscribed(&self) -> u64 {
        self.subscribed.load(Relaxed)
    }

    /// Number of messages acknowledged by the broker.
    pub fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }

    /// Number of messages received.
    pub fn received(&self) -> u64 {
        self.received.load(Relaxed)
    }
}

/// A device that is not connected yet.
pub struct Device {
    client: AsyncClient,
    events: EventLoop,
    own: String,
    neighbour: String,
    every: Duration,
    /// Part of the interval that passes before the first message, so that devices do not send at
    /// once.
    phase: f64,
}

impl Device {
    /// The device `number` of `count`, which sends every `every_s` seconds.
    pub fn new(cloud: &Cloud, number: u64, count: u64, every_s: u64) -> Result<Self> {
        let name = thing(number);
        let (host, port) = cloud.broker()?;
        let mut options = MqttOptions::new(&name, (host, port));
        let tls = tls(&cloud.files(&name)?)?;
        options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(
            Arc::new(tls),
        )));
        options.set_keep_alive(KEEP_ALIVE_S);
        let (client, events) = AsyncClient::builder(options).capacity(QUEUE).build();
        #[expect(clippy::cast_precision_loss, reason = "numbers of devices are small")]
        let phase = number as f64 / count as f64;
        Ok(Self {
            client,
            events,
            own: format!("load/{name}"),
            neighbour: format!("load/{}", thing((number + 1) % count)),
            every: Duration::from_secs(every_s),
            phase,
        })
    }

    /// Runs until the connection ends, which is an error.
    pub async fn run(mut self, tally: Arc<Tally>) -> Result<()> {
        let lost = || format!("connection of {}", self.own);
        self.client.subscribe(&self.own, QoS::AtLeastOnce).await?;
        let first = Instant::now() + self.every.mul_f64(1.0 + self.phase);
        let mut pace = interval_at(first, self.every);
        loop {
            tokio::select! {
                event = self.events.poll() => {
                    if let Event::Incoming(packet) = event.with_context(lost)? {
                        count_packet(&tally, &packet);
                    }
                }
                _ = pace.tick() => {
                    let qos_1 = PublishOptions::at_least_once();
                    let queued = self.client.try_publish(&self.neighbour, PAYLOAD, qos_1);
                    queued.with_context(lost)?;
                }
            }
        }
    }
}

fn count_packet(tally: &Tally, packet: &Packet) {
    match packet {
        Packet::SubAck(_) => tally.subscribed.fetch_add(1, Relaxed),
        Packet::PubAck(_) => tally.sent.fetch_add(1, Relaxed),
        Packet::Publish(_) => tally.received.fetch_add(1, Relaxed),
        _ => 0,
    };
}

fn tls([ca, certificate, key]: &[PathBuf; 3]) -> Result<rustls::ClientConfig> {
    let read = |path: &PathBuf| format!("read {}", path.display());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).with_context(|| read(ca))?)?;
    let chain =
        vec![CertificateDer::from_pem_file(certificate).with_context(|| read(certificate))?];
    let key = PrivateKeyDer::from_pem_file(key).with_context(|| read(key))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)?)
}
