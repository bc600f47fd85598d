//! The network side of the MQTT library. Each connection has an event loop of its own, so that
//! nothing is replayed that Mongoose OS would not replay. This is the only file that knows the MQTT
//! client.
//!
//! Must not know: topics, nor when to reconnect.

use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::Sender;
use std::time::Duration;

use anyhow::{Context as _, Result};
use firmware_core::transport::make_transport;
use rumqttc_v4::{
    AsyncClient, Event, EventLoop, MqttOptions, NetworkOptions, Outgoing, Packet, PublishOptions,
    QoS, SubscribeReasonCode,
};
use tokio::sync::{mpsc, oneshot, watch};

/// The library under Mongoose OS has no timeout for TLS or CONNACK; a year stands for that.
const NO_TIMEOUT_S: u64 = 365 * 24 * 60 * 60;
/// Larger than any packet that a device sends or AWS accepts.
const PACKET_BYTES_MAX: usize = 160 * 1024;
/// After this many keep-alive intervals without an answer the connection is given up.
const KEEP_ALIVES_MAX: f32 = 1.7;

/// What happened on a connection.
#[derive(Debug)]
pub enum LinkEvent {
    /// CONNACK with code 0.
    Accepted,
    /// A message: topic, payload.
    Message(String, Vec<u8>),
    /// PUBACK, with the number that was given to [`Connection::publish`].
    PublishAcknowledged(u16),
    /// SUBACK: number that was given to [`Connection::subscribe`], packet id, whether it was
    /// granted.
    SubscribeAnswered(u16, u16, bool),
    /// PINGRESP.
    Pong,
    /// The connection, or the attempt at one, ended for this reason.
    Closed(String),
}

/// What the network thread saw; [`Connection::receive`] makes an event of it.
#[derive(Debug)]
pub struct Signal {
    connection: u64,
    step: Step,
}

/// What the client library reports, with the packet ids that it assigns when a packet leaves.
#[derive(Debug)]
enum Step {
    Sent(u16),
    PublishAcknowledged(u16),
    SubscribeAnswered(u16, bool),
    Event(LinkEvent),
}

/// Where and as whom to connect.
#[derive(Clone, Debug)]
pub struct Target {
    pub host: String,
    pub port: u16,
    pub client_id: String,
    /// Longest silence of this side before it pings.
    pub keep_alive: Duration,
    /// A longer packet ends the connection; 0 means no limit.
    pub packet_bytes_max: usize,
    /// Whether the broker forgets the session when the connection ends.
    pub clean_session: bool,
    /// CA bundle, client certificate and key as paths of PEM files; empty is none.
    pub tls: [String; 3],
}

/// A message to publish.
#[derive(Clone, Debug)]
pub struct Publish {
    pub topic: String,
    pub payload: Vec<u8>,
    /// 0, or anything else for 1.
    pub qos: u8,
    /// Whether the broker keeps it.
    pub retain: bool,
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
    number: u64,
    client: AsyncClient,
    /// The caller's numbers of packets that have not left, in order.
    waiting: VecDeque<u16>,
    /// The caller's numbers of the other packets, by packet id.
    sent: HashMap<u16, u16>,
    end: oneshot::Sender<End>,
}

/// The network thread. At most one connection is open at a time.
pub struct Link {
    jobs: mpsc::UnboundedSender<Job>,
    silent: watch::Sender<bool>,
    connections: u64,
}

impl Link {
    /// Starts the network thread, which sends its signals to `signals`.
    ///
    /// # Errors
    /// The thread or its runtime cannot be started.
    pub fn start<S: From<Signal> + Send + 'static>(signals: Sender<S>) -> Result<Self> {
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
                        tokio::spawn(run(job, signals.clone()));
                    }
                });
            })
            .context("start the network thread")?;
        Ok(Self {
            jobs,
            silent: watch::Sender::new(false),
            connections: 0,
        })
    }

    /// Starts or ends the silence, in which nothing sent arrives in either direction.
    pub fn set_silent(&self, silent: bool) {
        self.silent.send_replace(silent);
    }

    /// Whether nothing that is sent arrives.
    pub fn is_silent(&self) -> bool {
        *self.silent.borrow()
    }

    /// Starts to connect.
    ///
    /// # Errors
    /// The TLS settings are incomplete, or one of their files cannot be read.
    pub fn open(&mut self, target: &Target) -> Result<Connection> {
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
            .set_transport(make_transport(&target.tls)?);
        let (client, mut event_loop) = AsyncClient::builder(options).capacity(64).build();
        let mut network = NetworkOptions::new();
        network
            .set_connection_timeout(NO_TIMEOUT_S)
            .set_tcp_nodelay(true);
        event_loop.set_network_options(network);
        let (end, end_receiver) = oneshot::channel();
        self.connections += 1;
        let job = Job {
            connection: self.connections,
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
            number: self.connections,
            client,
            waiting: VecDeque::new(),
            sent: HashMap::new(),
            end,
        })
    }
}

impl Connection {
    /// Sends a message under a number of the caller's. Returns whether the library accepted it.
    pub fn publish(&mut self, number: u16, message: &Publish) -> bool {
        let qos = match message.qos {
            0 => QoS::AtMostOnce,
            _ => QoS::AtLeastOnce,
        };
        let (topic, payload) = (message.topic.as_str(), message.payload.as_slice());
        let options = PublishOptions::new(qos).retain(message.retain);
        let sent = self.client.try_publish(topic, payload, options);
        if sent.is_ok() && message.qos > 0 {
            self.waiting.push_back(number);
        }
        sent.is_ok()
    }

    /// Subscribes under a number of the caller's, with acknowledged messages. Returns whether the
    /// library accepted it.
    pub fn subscribe(&mut self, number: u16, topic: &str) -> bool {
        let sent = self.client.try_subscribe(topic, QoS::AtLeastOnce);
        if sent.is_ok() {
            self.waiting.push_back(number);
        }
        sent.is_ok()
    }

    /// The event that a signal means; none if the signal belongs to an earlier connection.
    pub fn receive(&mut self, signal: Signal) -> Option<LinkEvent> {
        if signal.connection != self.number {
            return None;
        }
        match signal.step {
            Step::Sent(packet) => {
                self.sent.insert(packet, self.waiting.pop_front()?);
            }
            Step::PublishAcknowledged(packet) => {
                // The broker may acknowledge what was never published; then the id is its own.
                let number = self.sent.remove(&packet).unwrap_or(packet);
                return Some(LinkEvent::PublishAcknowledged(number));
            }
            Step::SubscribeAnswered(packet, granted) => {
                let number = self.sent.remove(&packet)?;
                return Some(LinkEvent::SubscribeAnswered(number, packet, granted));
            }
            Step::Event(event) => return Some(event),
        }
        None
    }

    /// Ends the connection with a DISCONNECT.
    pub fn disconnect(self) {
        let _ = self.client.try_disconnect();
        self.finish(End::Disconnect);
    }

    /// Closes the socket without a DISCONNECT.
    pub fn abort(self) {
        self.finish(End::Abort);
    }

    /// Leaves the socket open and silent, as the far side sees it when the network is gone.
    pub fn freeze(self) {
        self.finish(End::Freeze);
    }

    fn finish(self, how: End) {
        // The task is gone if the connection was closed from the other side.
        let _ = self.end.send(how);
    }
}

async fn run<S: From<Signal>>(mut job: Job, signals: Sender<S>) {
    let connection = job.connection;
    let send = |step| signals.send(Signal { connection, step }.into()).is_ok();
    let close = |reason| send(Step::Event(LinkEvent::Closed(reason)));
    let mut accepted = false;
    let patience = job.keep_alive.mul_f32(KEEP_ALIVES_MAX);
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
                close("no answer to pings".into());
                return deliver_late(job).await;
            }
            polled = job.event_loop.poll(), if !silent => polled,
        };
        match polled {
            Ok(event) => {
                accepted |= matches!(event, Event::Incoming(Packet::ConnAck(_)));
                if let Some(step) = translate(event)
                    && !send(step)
                {
                    return;
                }
            }
            Err(e) => {
                // What arrived together with the end was received before it.
                let rest = job.event_loop.state.events.drain(..);
                for step in rest.filter_map(translate) {
                    send(step);
                }
                close(e.to_string());
                return;
            }
        }
    }
}

/// A connection that was ended in the silence: TCP keeps what it holds, and delivers it when the
/// silence ends.
async fn deliver_late(mut job: Job) {
    if job.silent.wait_for(|silent| !silent).await.is_ok() {
        finish(job.event_loop, Some(End::Disconnect)).await;
    }
}

/// Lets a DISCONNECT leave, or keeps a frozen socket open until the far side has given it up.
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

fn translate(event: Event) -> Option<Step> {
    Some(match event {
        Event::Incoming(Packet::ConnAck(_)) => Step::Event(LinkEvent::Accepted),
        Event::Incoming(Packet::Publish(p)) => {
            let topic = String::from_utf8_lossy(&p.topic).into_owned();
            Step::Event(LinkEvent::Message(topic, p.payload.to_vec()))
        }
        Event::Incoming(Packet::PingResp) => Step::Event(LinkEvent::Pong),
        Event::Incoming(Packet::PubAck(ack)) => Step::PublishAcknowledged(ack.pkid),
        Event::Incoming(Packet::SubAck(ack)) => {
            let refused = ack.return_codes.contains(&SubscribeReasonCode::Failure);
            Step::SubscribeAnswered(ack.pkid, !refused)
        }
        Event::Outgoing(Outgoing::Publish(id)) if id != 0 => Step::Sent(id),
        Event::Outgoing(Outgoing::Subscribe(id)) => Step::Sent(id),
        _ => return None,
    })
}
