//! The network side of the MQTT library: one connection at a time, each with an event loop of its own, so that nothing
//! is replayed that Mongoose OS would not replay. It must not know topics, nor when to reconnect.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rumqttc_v4::{
    AsyncClient, Event, EventLoop, MqttOptions, NetworkOptions, Outgoing, Packet, PublishOptions,
    QoS, SubscribeReasonCode, TlsConfiguration, Transport,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::sync::{mpsc, oneshot, watch};

/// The library under Mongoose OS has no timeout for TLS or CONNACK; a year stands for that.
const NO_TIMEOUT_S: u64 = 365 * 24 * 60 * 60;
/// Larger than any packet that a device sends, or a broker of AWS IoT.
const PACKET_BYTES_MAX: usize = 160 * 1024;
/// A peer that answers no ping is given up after this part of the keep-alive.
const PATIENCE_OF_KEEP_ALIVE: f32 = 1.7;

/// What happened on a connection.
#[derive(Debug)]
pub enum LinkEventKind {
    /// CONNACK with code 0.
    Accepted,
    /// A message: topic, payload.
    Message(String, Vec<u8>),
    /// A PUBLISH with QoS 1 went out under this packet id, in the order of [`Link::publish`].
    PublishSent(u16),
    /// PUBACK for a packet id.
    PublishAcknowledged(u16),
    /// A SUBSCRIBE went out under this packet id, in the order of [`Link::subscribe`].
    SubscribeSent(u16),
    /// SUBACK for a packet id; false if a topic was refused.
    SubscribeAnswered(u16, bool),
    /// PINGRESP.
    Pong,
    /// The connection, or the attempt at one, is over.
    Closed(String),
}

/// What happened, and on which connection.
#[derive(Debug)]
pub struct LinkEvent {
    /// Number given to [`Link::open`].
    pub connection: u64,
    /// What happened.
    pub kind: LinkEventKind,
}

/// Where and as whom to connect.
#[derive(Clone, Debug)]
pub struct Target {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// MQTT client id.
    pub client_id: String,
    /// Keep-alive.
    pub keep_alive: Duration,
    /// A longer packet ends the connection; 0 = any length.
    pub packet_bytes_max: usize,
    /// Forget the session at each end of the connection.
    pub clean_session: bool,
    /// CA bundle, client certificate and key; empty = none.
    pub tls: [String; 3],
}

enum End {
    Disconnect,
    Freeze,
    Abort,
}

struct Job {
    connection: u64,
    event_loop: EventLoop,
    end: oneshot::Receiver<End>,
    silent: watch::Receiver<bool>,
    keep_alive: Duration,
}

/// A connection, or an attempt at one.
pub struct Connection {
    /// Its number.
    pub number: u64,
    client: AsyncClient,
    end: Option<oneshot::Sender<End>>,
}

/// The network thread.
pub struct Link {
    jobs: mpsc::UnboundedSender<Job>,
    silent: watch::Sender<bool>,
}

impl Link {
    /// Starts the network thread; `events` gets what happens.
    ///
    /// # Errors
    /// The thread or its runtime cannot be started.
    pub fn start<E: From<LinkEvent> + Send + 'static>(events: Sender<E>) -> Result<Self> {
        let (jobs, mut queue) = mpsc::unbounded_channel::<Job>();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("start the network runtime")?;
        std::thread::Builder::new()
            .name("network".into())
            .spawn(move || {
                runtime.block_on(async {
                    while let Some(job) = queue.recv().await {
                        tokio::spawn(run(job, events.clone()));
                    }
                });
            })
            .context("start the network thread")?;
        Ok(Self {
            jobs,
            silent: watch::Sender::new(false),
        })
    }

    /// Lets everything that is sent vanish, either way; or ends that.
    pub fn set_silent(&self, silent: bool) {
        self.silent.send_replace(silent);
    }

    /// Whether everything that is sent vanishes.
    pub fn is_silent(&self) -> bool {
        *self.silent.borrow()
    }

    /// Starts to connect.
    ///
    /// # Errors
    /// A file of the TLS settings is missing or unreadable, or they are incomplete.
    pub fn open(&self, number: u64, target: &Target) -> Result<Connection> {
        let bytes_max = match target.packet_bytes_max {
            0 => PACKET_BYTES_MAX,
            most => most,
        };
        let mut options = MqttOptions::new(&target.client_id, (&*target.host, target.port));
        let keep_alive_s = u16::try_from(target.keep_alive.as_secs()).unwrap_or(u16::MAX);
        options
            .set_keep_alive(keep_alive_s)
            .set_clean_session(target.clean_session)
            .set_max_packet_size(bytes_max, PACKET_BYTES_MAX)
            .set_transport(transport(&target.tls)?);
        let (client, mut event_loop) = AsyncClient::builder(options).capacity(64).build();
        let mut network = NetworkOptions::new();
        network
            .set_connection_timeout(NO_TIMEOUT_S)
            .set_tcp_nodelay(true);
        event_loop.set_network_options(network);
        let (end, end_receiver) = oneshot::channel();
        let job = Job {
            connection: number,
            event_loop,
            end: end_receiver,
            silent: self.silent.subscribe(),
            keep_alive: target.keep_alive,
        };
        self.jobs
            .send(job)
            .ok()
            .context("reach the network thread")?;
        Ok(Connection {
            number,
            client,
            end: Some(end),
        })
    }
}

impl Connection {
    /// Sends a message. Returns whether it was taken.
    pub fn publish(&self, topic: &str, payload: &[u8], qos: u8, retain: bool) -> bool {
        let qos = if qos == 0 {
            QoS::AtMostOnce
        } else {
            QoS::AtLeastOnce
        };
        let options = PublishOptions::new(qos).retain(retain);
        self.client.try_publish(topic, payload, options).is_ok()
    }

    /// Subscribes with QoS 1. Returns whether it was taken.
    pub fn subscribe(&self, topic: &str) -> bool {
        self.client.try_subscribe(topic, QoS::AtLeastOnce).is_ok()
    }

    /// Ends the connection in good order.
    pub fn disconnect(mut self) {
        let _ = self.client.try_disconnect();
        self.finish(End::Disconnect);
    }

    /// Ends the connection without a word.
    pub fn abort(mut self) {
        self.finish(End::Abort);
    }

    /// The network is gone: the connection stays open and silent, as the far side would see it.
    pub fn freeze(mut self) {
        self.finish(End::Freeze);
    }

    fn finish(&mut self, how: End) {
        if let Some(end) = self.end.take() {
            let _ = end.send(how);
        }
    }
}

async fn run<E: From<LinkEvent>>(mut job: Job, events: Sender<E>) {
    let connection = job.connection;
    let tell = |kind| events.send(LinkEvent { connection, kind }.into()).is_ok();
    let mut accepted = false;
    let patience = job.keep_alive.mul_f32(PATIENCE_OF_KEEP_ALIVE);
    loop {
        let silent = *job.silent.borrow_and_update();
        let polled = tokio::select! {
            biased;
            end = &mut job.end => return match end.ok() {
                Some(_) if silent && accepted => deliver_late(job).await,
                end => finish(job.event_loop, end).await,
            },
            Ok(()) = job.silent.changed() => continue,
            () = tokio::time::sleep(patience), if silent && accepted && !patience.is_zero() => {
                tell(LinkEventKind::Closed("no answer to pings".into()));
                return deliver_late(job).await;
            }
            polled = job.event_loop.poll(), if !silent => polled,
        };
        match polled {
            Ok(event) => {
                accepted |= matches!(event, Event::Incoming(Packet::ConnAck(_)));
                if let Some(kind) = translate(event)
                    && !tell(kind)
                {
                    return;
                }
            }
            Err(e) => {
                // What arrived together with the end was still received before it.
                for event in job.event_loop.state.events.drain(..).collect::<Vec<_>>() {
                    if let Some(kind) = translate(event) {
                        tell(kind);
                    }
                }
                tell(LinkEventKind::Closed(e.to_string()));
                return;
            }
        }
    }
}

/// What TCP holds of a connection that was ended in the silence: it goes on trying, and delivers when the silence ends.
async fn deliver_late(mut job: Job) {
    if job.silent.wait_for(|silent| !silent).await.is_ok() {
        finish(job.event_loop, Some(End::Disconnect)).await;
    }
}

/// Lets a DISCONNECT leave, or keeps a frozen connection's socket open until the far side gives it up.
async fn finish(mut event_loop: EventLoop, end: Option<End>) {
    match end {
        Some(End::Disconnect) => {
            let drain = async { while event_loop.poll().await.is_ok() {} };
            let _ = tokio::time::timeout(Duration::from_millis(200), drain).await;
        }
        Some(End::Freeze) => {
            tokio::time::sleep(Duration::from_secs(300)).await;
            drop(event_loop);
        }
        Some(End::Abort) | None => {}
    }
}

fn translate(event: Event) -> Option<LinkEventKind> {
    Some(match event {
        Event::Incoming(Packet::ConnAck(_)) => LinkEventKind::Accepted,
        Event::Incoming(Packet::Publish(p)) => {
            let topic = String::from_utf8_lossy(&p.topic).into_owned();
            LinkEventKind::Message(topic, p.payload.to_vec())
        }
        Event::Incoming(Packet::PubAck(ack)) => LinkEventKind::PublishAcknowledged(ack.pkid),
        Event::Incoming(Packet::SubAck(ack)) => LinkEventKind::SubscribeAnswered(
            ack.pkid,
            !ack.return_codes.contains(&SubscribeReasonCode::Failure),
        ),
        Event::Incoming(Packet::PingResp) => LinkEventKind::Pong,
        Event::Outgoing(Outgoing::Publish(id)) if id != 0 => LinkEventKind::PublishSent(id),
        Event::Outgoing(Outgoing::Subscribe(id)) => LinkEventKind::SubscribeSent(id),
        _ => return None,
    })
}

/// No TLS settings at all means plain text, and a client certificate without a CA fails: both as in Mongoose OS.
fn transport([ca, cert, key]: &[String; 3]) -> Result<Transport> {
    if ca.is_empty() && cert.is_empty() {
        return Ok(Transport::tcp());
    }
    if ca.is_empty() {
        bail!("mqtt.ssl_cert without mqtt.ssl_ca_cert");
    }
    let mut roots = rustls::RootCertStore::empty();
    for root in certificates(ca)? {
        roots
            .add(root)
            .with_context(|| format!("take root certificate of {ca}"))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .context("choose TLS 1.2")?
        .with_root_certificates(roots);
    let config = if cert.is_empty() {
        builder.with_no_client_auth()
    } else {
        let key = PrivateKeyDer::from_pem_file(Path::new(key))
            .with_context(|| format!("read private key {key}"))?;
        builder
            .with_client_auth_cert(certificates(cert)?, key)
            .context("take client certificate")?
    };
    Ok(Transport::tls_with_config(TlsConfiguration::Rustls(
        Arc::new(config),
    )))
}

fn certificates(file: &str) -> Result<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_file_iter(Path::new(file))
        .and_then(Iterator::collect)
        .with_context(|| format!("read certificates {file}"))
}
