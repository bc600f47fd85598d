//! A button on its own TLS connection. It publishes presses as the firmware of a button does, and
//! in quiet times its health, of which the cloud keeps only the last.
//!
//! Must not know: what a press will do.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use firmware_core::transport::{make_client, make_transport};
use rumqttc_v4::{
    AsyncClient, Event, EventLoop, Outgoing, Packet, PublishOptions, QoS, SubscribeReasonCode,
};
use serde_json::json;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::time::{Instant, interval_at};

/// Requests that may wait for the connection.
const QUEUE: usize = 64;
/// How long a button waits for its answer, in ms: that of our firmware.
const GOOD_FOR_MS: u64 = 3_000;
/// Time between two messages about its health, while nobody presses.
pub const HEALTH_EVERY: Duration = Duration::from_secs(10);

/// What all buttons together have done.
#[derive(Default)]
pub struct Tally {
    pub online: AtomicU64,
    /// Presses that the broker acknowledged.
    pub acknowledged: AtomicU64,
    /// Messages about health that the broker acknowledged.
    pub health_sent: AtomicU64,
    /// Answers of the shadow to them.
    pub health_answered: AtomicU64,
}

/// How to press: the word in the payload.
#[derive(Debug, Clone, Copy)]
pub struct Click {
    /// Number of the press, from 1.
    pub sequence: u64,
    /// `SINGLE`, `DOUBLE` or `LONG`.
    pub kind: &'static str,
}

/// A button that is not connected yet.
pub struct Button {
    client: AsyncClient,
    events: EventLoop,
    name: String,
    tally: Arc<Tally>,
    /// Whether it publishes its health.
    is_quiet: watch::Receiver<bool>,
    /// What was queued and has no packet id yet.
    waiting: VecDeque<What>,
    /// What was sent and is not acknowledged.
    sent: HashMap<u16, What>,
    /// Part of the interval before the first message about health.
    phase: f64,
}

#[derive(Debug, Clone, Copy)]
enum What {
    Press,
    Health,
}

impl Button {
    /// A button of this name. `phase`, from 0 to 1, spreads the buttons over the interval.
    ///
    /// # Errors
    /// A file of its TLS settings cannot be read.
    pub fn new(
        name: String,
        (host, port): (String, u16),
        files: &[String; 3],
        tally: Arc<Tally>,
        is_quiet: watch::Receiver<bool>,
        phase: f64,
    ) -> Result<Self> {
        let (client, events) = make_client(&name, (&host, port), make_transport(files)?, QUEUE);
        Ok(Self {
            client,
            events,
            name,
            tally,
            is_quiet,
            waiting: VecDeque::new(),
            sent: HashMap::new(),
            phase,
        })
    }

    /// Presses as `clicks` says, until its sender is dropped or the connection ends, which is an
    /// error.
    ///
    /// # Errors
    /// The connection ended, or the broker refused the subscription.
    pub async fn live(mut self, mut clicks: UnboundedReceiver<Click>) -> Result<()> {
        let lost = format!("connection of {}", self.name);
        let answers = format!("{}/update/accepted", self.shadow());
        self.client.subscribe(&answers, QoS::AtLeastOnce).await?;
        let first = Instant::now() + HEALTH_EVERY.mul_f64(self.phase);
        let mut pace = interval_at(first, HEALTH_EVERY);
        loop {
            tokio::select! {
                event = self.events.poll() => self.receive(event.context(lost.clone())?)?,
                click = clicks.recv() => match click {
                    Some(click) => self.press(click)?,
                    None => return Ok(()),
                },
                _ = pace.tick() => if *self.is_quiet.borrow() {
                    self.report_health()?;
                },
            }
        }
    }

    fn shadow(&self) -> String {
        format!("$aws/things/{}/shadow/name/button", self.name)
    }

    fn press(&mut self, click: Click) -> Result<()> {
        let payload = json!({
            "serialNumber": self.name,
            "clickType": click.kind,
            "batteryVoltage": "3012mV",
            "sequence": click.sequence,
            "pressedAt": now_ms(),
            "goodForMs": GOOD_FOR_MS,
        });
        let topic = format!("iotbutton/{}", self.name);
        self.publish(topic, payload.to_string(), What::Press)
    }

    fn report_health(&mut self) -> Result<()> {
        let reported = json!({ "firmware": "2.0.0", "supplyMv": 3012, "clock": "synced" });
        let payload = json!({ "state": { "reported": reported } });
        let topic = format!("{}/update", self.shadow());
        self.publish(topic, payload.to_string(), What::Health)
    }

    fn publish(&mut self, topic: String, payload: String, what: What) -> Result<()> {
        let options = PublishOptions::at_least_once();
        let queued = self.client.try_publish(topic, payload, options);
        queued.with_context(|| format!("queue a message of {}", self.name))?;
        self.waiting.push_back(what);
        Ok(())
    }

    fn receive(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Outgoing(Outgoing::Publish(id)) => {
                if let Some(what) = self.waiting.pop_front() {
                    self.sent.insert(id, what);
                }
            }
            Event::Incoming(Packet::PubAck(answer)) => match self.sent.remove(&answer.pkid) {
                Some(What::Press) => add(&self.tally.acknowledged),
                Some(What::Health) => add(&self.tally.health_sent),
                None => {}
            },
            Event::Incoming(Packet::Publish(_)) => add(&self.tally.health_answered),
            Event::Incoming(Packet::SubAck(answer)) => {
                if answer.return_codes.contains(&SubscribeReasonCode::Failure) {
                    bail!("the broker refused the subscription of {}", self.name);
                }
                add(&self.tally.online);
            }
            _ => {}
        }
        Ok(())
    }
}

fn add(count: &AtomicU64) {
    count.fetch_add(1, Relaxed);
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0))
}
