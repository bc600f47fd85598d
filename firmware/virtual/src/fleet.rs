//! Locks in this process: each is a task with the firmware's core and an MQTT connection of its
//! own over TLS. Thousands fit, because no lock has a thread, a file or a process.
//!
//! It connects as the firmware does: certificate, clean session, one subscription to its commands
//! and one to each answer of its shadow, and no report before all of them are granted.
//!
//! Must not know: who presses, and what a command is for.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rumqttc_v4::{
    AsyncClient, Event, EventLoop, Packet, PublishOptions, QoS, SubscribeReasonCode, Transport,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::time::{Instant, sleep_until};

use crate::core_ffi::Outcome;
use crate::online::{OnlineLock, answer_suffixes};
use crate::transport::{make_client, make_transport};

/// Delay before a reconnect: doubling between these, as in Mongoose OS.
const RECONNECT_FIRST: Duration = Duration::from_secs(2);
const RECONNECT_MOST: Duration = Duration::from_secs(60);
/// Requests that may wait for the connection.
const QUEUE: usize = 16;
/// `report.interval_s` of mos.yml, in ms.
const REPORT_INTERVAL_MS: u32 = 15 * 60 * 1000;

/// A lock that may be started, and where it connects.
#[derive(Debug, Clone)]
pub struct Place {
    /// Number of the lock, for its signs.
    pub number: usize,
    /// Its thing name and MQTT client id.
    pub thing: String,
    /// The broker's host.
    pub host: String,
    /// The broker's port.
    pub port: u16,
    /// CA bundle, client certificate and key as paths of PEM files; empty is none.
    pub tls: [String; 3],
    /// Delay of auto-relock in ms; 0 is off.
    pub relock_ms: u32,
}

/// What a person does to a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Cut or restore its power.
    Power(bool),
    /// Cut or restore its network.
    Network(bool),
}

/// What a lock did.
#[derive(Debug)]
pub enum Sign {
    /// It is connected and every subscription is granted.
    Online,
    /// Its connection ended, or could not be opened, for this reason.
    Offline(String),
    /// It was powered on, which moves the latch once.
    Booted,
    /// It received this payload on the topic of its commands.
    Commanded(Outcome, Vec<u8>),
    /// It relocked by itself.
    Relocked,
    /// It sent a report.
    Reported,
}

/// A sign of one lock.
#[derive(Debug)]
pub struct Seen {
    /// Number of the lock, from its place.
    pub lock: usize,
    /// When.
    pub at: Instant,
    /// How often the latch was moved since the lock was made.
    pub moves: u32,
    /// What it did.
    pub sign: Sign,
}

/// A connection, or an attempt at one.
struct Session {
    client: AsyncClient,
    events: EventLoop,
    granted: usize,
}

/// A lock of the fleet.
pub struct Member {
    place: Place,
    lock: OnlineLock,
    /// The topic of its commands, then those of its shadow's answers.
    topics: Vec<String>,
    transport: Transport,
    signs: UnboundedSender<Seen>,
    booted: Instant,
    has_power: bool,
    has_network: bool,
    session: Option<Session>,
    reconnect: Duration,
    connect_at: Instant,
    random: u64,
}

impl Member {
    /// A lock without power.
    ///
    /// # Errors
    /// A file of its TLS settings cannot be read.
    pub fn new(place: Place, signs: UnboundedSender<Seen>) -> Result<Self> {
        let shadow = format!("$aws/things/{}/shadow", place.thing);
        let answers = answer_suffixes().into_iter();
        let answers = answers.map(|suffix| format!("{shadow}{suffix}"));
        let command = format!("remote-lock/{}", place.thing);
        let transport = make_transport(&place.tls)?;
        Ok(Self {
            lock: OnlineLock::new(place.relock_ms, REPORT_INTERVAL_MS),
            topics: std::iter::once(command).chain(answers).collect(),
            transport,
            signs,
            booted: Instant::now(),
            has_power: false,
            has_network: true,
            session: None,
            reconnect: Duration::ZERO,
            connect_at: Instant::now(),
            random: place.number as u64,
            place,
        })
    }

    /// Powers the lock on, and lives until the sender of `orders` is dropped.
    ///
    /// # Errors
    /// The broker refuses a subscription: the lock could never work.
    pub async fn live(mut self, mut orders: UnboundedReceiver<Order>) -> Result<()> {
        self.obey(Order::Power(true));
        loop {
            self.poll();
            let (due, connect_at) = (self.next_due(), self.connect_at);
            let connects = self.has_power && self.has_network && self.session.is_none();
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.obey(order),
                    None => return Ok(()),
                },
                event = next_event(&mut self.session) => match event {
                    Ok(event) => self.receive(event)?,
                    Err(reason) => self.close(reason),
                },
                () = sleep_until(connect_at), if connects => self.connect(),
                () = sleep_until(due.unwrap_or(connect_at)), if due.is_some() => {}
            }
        }
    }

    fn uptime_ms(&self) -> u64 {
        u64::try_from(self.booted.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// When the core has something to do next, at least a millisecond from now.
    fn next_due(&self) -> Option<Instant> {
        let due = self.lock.due_ms().filter(|_| self.has_power)?;
        let soon = Instant::now() + Duration::from_millis(1);
        Some((self.booted + Duration::from_millis(due)).max(soon))
    }

    /// Lets the core do what is due.
    fn poll(&mut self) {
        if !self.has_power {
            return;
        }
        if self.lock.tick(self.uptime_ms()) {
            self.show(Sign::Relocked);
        }
        let random = self.next_random();
        let Some(update) = self.lock.update(self.uptime_ms(), random) else {
            return;
        };
        let topic = format!("$aws/things/{}/shadow/update", self.place.thing);
        if let Some(session) = &self.session {
            // A full queue loses the report; the core sends again what is not accepted.
            let _ = session
                .client
                .try_publish(topic, update, PublishOptions::at_least_once());
        }
        self.show(Sign::Reported);
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Power(false) => self.has_power = false,
            Order::Power(true) => {
                self.has_power = true;
                self.booted = Instant::now();
                self.lock.boot();
                self.show(Sign::Booted);
            }
            Order::Network(up) => self.has_network = up,
        }
        if self.session.is_some() {
            self.close(format!("{order:?}"));
        }
        self.reconnect = Duration::ZERO;
        self.connect_at = Instant::now();
    }

    fn connect(&mut self) {
        let broker = (self.place.host.as_str(), self.place.port);
        let transport = self.transport.clone();
        let (client, events) = make_client(&self.place.thing, broker, transport, QUEUE);
        self.session = Some(Session {
            client,
            events,
            granted: 0,
        });
    }

    /// The connection has ended. What it had queued is lost.
    fn close(&mut self, reason: String) {
        self.session = None;
        self.lock.set_connected(false);
        self.reconnect = (self.reconnect * 2).clamp(RECONNECT_FIRST, RECONNECT_MOST);
        self.connect_at = Instant::now() + self.reconnect;
        self.show(Sign::Offline(reason));
    }

    fn receive(&mut self, event: Event) -> Result<()> {
        let Event::Incoming(packet) = event else {
            return Ok(());
        };
        match packet {
            Packet::ConnAck(_) => self.subscribe(),
            Packet::SubAck(answer) => {
                if answer.return_codes.contains(&SubscribeReasonCode::Failure) {
                    let thing = &self.place.thing;
                    bail!("the broker refused a subscription of {thing}: check the lock's policy");
                }
                self.count_grant();
                Ok(())
            }
            Packet::Publish(message) => {
                self.take(&message.topic, &message.payload);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn subscribe(&mut self) -> Result<()> {
        let Some(session) = &self.session else {
            return Ok(());
        };
        // The answers the last one first, as the firmware's library does.
        let (commands, answers) = self.topics.split_at(1);
        for topic in commands.iter().chain(answers.iter().rev()) {
            let queued = session.client.try_subscribe(topic, QoS::AtLeastOnce);
            queued.context("queue a subscription: the queue holds all of them")?;
        }
        Ok(())
    }

    fn count_grant(&mut self) {
        let Some(session) = &mut self.session else {
            return;
        };
        session.granted += 1;
        if session.granted == self.topics.len() {
            self.reconnect = Duration::ZERO;
            self.lock.set_connected(true);
            self.show(Sign::Online);
        }
    }

    fn take(&mut self, topic: &[u8], payload: &[u8]) {
        let uptime_ms = self.uptime_ms();
        let Some(number) = self.topics.iter().position(|own| own.as_bytes() == topic) else {
            return;
        };
        match number.checked_sub(1) {
            None => {
                let outcome = self.lock.command(payload, uptime_ms);
                self.show(Sign::Commanded(outcome, payload.to_vec()));
            }
            Some(answer) => self.lock.answer(answer, payload, uptime_ms),
        }
    }

    fn show(&self, sign: Sign) {
        // Nobody looks any more when the fleet is taken down.
        let _ = self.signs.send(Seen {
            lock: self.place.number,
            at: Instant::now(),
            moves: self.lock.moves(),
            sign,
        });
    }

    /// splitmix64, for the jitter of retries.
    fn next_random(&mut self) -> u32 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed >> 32) as u32
    }
}

/// The next event of the connection; never without one.
async fn next_event(session: &mut Option<Session>) -> Result<Event, String> {
    match session {
        Some(session) => session.events.poll().await.map_err(|e| e.to_string()),
        None => std::future::pending().await,
    }
}
