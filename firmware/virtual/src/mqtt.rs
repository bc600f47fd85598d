//! The MQTT library of Mongoose OS, with its behaviour as read from its source, including what
//! surprises: a publish "succeeds" offline, acknowledged messages are queued and replayed, and the
//! delay between reconnects doubles from two seconds to a minute.
//!
//! Must not know: what a message means.

mod connect;
mod queue;
#[cfg(test)]
mod tests;
mod timestamp;
mod topic;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::call::{Call, Context, MqttCallback, Packet};
use crate::config::{Config, Value};
use crate::effect::Effect;
use crate::event;
use crate::link::{Connection, Link, LinkEvent, Publish, Signal};
use crate::mqtt::queue::{Queue, Queued};
use crate::output::{Output, emit, log};

/// `MG_F_CLOSE_IMMEDIATELY`.
const CLOSE_IMMEDIATELY: u64 = 1 << 11;

struct Subscription {
    topic: String,
    callback: MqttCallback,
    context: Context,
}

/// State of the library.
pub struct Mqtt {
    link: Link,
    connection: Option<Connection>,
    is_connected: bool,
    /// Whether to end the connection once everything is sent; never before the handshake is over.
    ends_when_sent: bool,
    /// Whether `connected` was reported to the parent.
    is_announced: bool,
    /// Delay before the last reconnect; negative if the firmware wants no connection.
    reconnect_ms: f64,
    subscriptions: Vec<Subscription>,
    global_handlers: Vec<(MqttCallback, Context)>,
    queue: Queue,
    /// Settings from the firmware, in place of those of the configuration.
    own: Option<Config>,
    /// Settings that [`Mqtt::take_offer`] will use.
    offered: BTreeMap<String, Value>,
    /// Subscriptions that the broker has not granted.
    subscribes_open: usize,
    /// Whether messages arrive with their timestamps; without them, the server seems to omit the
    /// time.
    pub hears_time: bool,
    /// By how many seconds the timestamps in messages are ahead.
    pub ahead_s: i64,
}

impl Mqtt {
    /// The library before its first connection.
    pub fn new(link: Link) -> Self {
        Self {
            link,
            connection: None,
            is_connected: false,
            ends_when_sent: false,
            is_announced: false,
            reconnect_ms: 0.0,
            subscriptions: Vec::new(),
            global_handlers: Vec::new(),
            queue: Queue::default(),
            own: None,
            offered: BTreeMap::new(),
            subscribes_open: 0,
            hears_time: true,
            ahead_s: 0,
        }
    }

    /// `mgos_mqtt_global_is_connected`.
    pub fn is_connected(&self) -> bool {
        self.is_connected
    }

    /// Whether there is a connection or an attempt at one.
    pub fn has_connection(&self) -> bool {
        self.connection.is_some()
    }

    /// Whether the library connects by itself; not after [`Mqtt::disconnect`].
    pub fn wants_connection(&self) -> bool {
        self.reconnect_ms >= 0.0
    }

    /// Starts or ends the silence, in which nothing sent arrives in either direction.
    pub fn set_silent(&mut self, silent: bool) {
        self.link.set_silent(silent);
    }

    /// The library's settings: those that the firmware gave it, or else those of `system`.
    pub fn settings<'a>(&'a self, system: &'a Config) -> &'a Config {
        self.own.as_ref().unwrap_or(system)
    }

    /// Adds a setting to the struct that [`Mqtt::take_offer`] will use.
    pub fn offer(&mut self, key: &str, value: Value) {
        self.offered.insert(key.to_owned(), value);
    }

    /// `mgos_mqtt_set_config`: copies the offered settings, unless they are those of the
    /// configuration itself (`is_system`), and closes the connection. Nobody is notified, and the
    /// library still counts as connected. Returns whether the settings are usable.
    pub fn take_offer(&mut self, is_system: bool) -> bool {
        let offered = Config::of(std::mem::take(&mut self.offered));
        let enabled = offered.flag("mqtt.enable");
        if enabled && offered.text("mqtt.server").is_empty() {
            log("error", "MQTT requires server name");
            return false;
        }
        self.own = (!is_system || !enabled).then_some(offered);
        if let Some(connection) = self.connection.take() {
            connection.abort();
            self.forget_connection();
        }
        true
    }

    /// `mgos_mqtt_global_connect`.
    pub fn connect(&mut self, system: &Config, network_is_up: bool) -> Option<Effect> {
        let settings = self.settings(system);
        let enabled = settings.flag("mqtt.enable");
        let target = connect::target(settings, system.text("device.id")).filter(|_| enabled)?;
        if self.connection.is_some() {
            return None;
        }
        self.reconnect_ms = self.reconnect_ms.max(0.0);
        if !network_is_up {
            return self.schedule_reconnect(system);
        }
        match self.link.open(&target) {
            Ok(connection) => {
                self.connection = Some(connection);
                None
            }
            Err(e) => {
                log("error", &format!("MQTT0 cannot connect: {e:#}"));
                self.schedule_reconnect(system)
            }
        }
    }

    fn schedule_reconnect(&mut self, system: &Config) -> Option<Effect> {
        if !self.wants_connection() {
            return None;
        }
        let settings = self.settings(system);
        self.reconnect_ms = connect::reconnect_delay_ms(settings, self.reconnect_ms);
        let delay = Duration::from_secs_f64(self.reconnect_ms / 1000.0);
        Some(Effect::Reconnect(delay))
    }

    /// `mgos_mqtt_global_disconnect`: prevents reconnects until [`Mqtt::connect`], which does
    /// nothing before the connection has closed: at the next poll or, in a handshake that hangs,
    /// never.
    pub fn disconnect(&mut self) {
        self.reconnect_ms = -1.0;
        self.ends_when_sent = self.connection.is_some();
    }

    /// One turn of the event loop: ends the connection if the firmware asked for it, also by
    /// `flags`, which it set on the connection itself.
    pub fn poll(&mut self, system: &Config, flags: u64) -> Vec<Effect> {
        // Which part of the handshake hangs is unknown; over TLS, assume one that never ends.
        let may_hang = !self.is_connected
            && (self.link.is_silent()
                || !self.settings(system).text("mqtt.ssl_ca_cert").is_empty());
        let aborts = flags & CLOSE_IMMEDIATELY != 0;
        let ends = aborts || (self.ends_when_sent && !may_hang);
        let Some(connection) = self.connection.take_if(|_| ends) else {
            return Vec::new();
        };
        if aborts {
            connection.abort();
            return self.closed(system, "closed by the firmware");
        }
        connection.disconnect();
        self.closed(system, "disconnected by the firmware")
    }

    /// Freezes the connection, because the network is down.
    pub fn lose_network(&mut self, system: &Config) -> Vec<Effect> {
        let Some(connection) = self.connection.take() else {
            return Vec::new();
        };
        connection.freeze();
        self.closed(system, "network down")
    }

    /// Discards the connection and all that was in progress on it.
    fn forget_connection(&mut self) {
        self.connection = None;
        self.ends_when_sent = false;
        self.subscribes_open = 0;
        if std::mem::take(&mut self.is_announced) {
            emit(&Output::Disconnected);
        }
    }

    /// `MG_EV_CLOSE`.
    fn closed(&mut self, system: &Config, reason: &str) -> Vec<Effect> {
        log("info", &format!("MQTT0 disconnected: {reason}"));
        self.forget_connection();
        let mut effects = Vec::new();
        if std::mem::take(&mut self.is_connected) {
            effects.extend(self.call_global_handlers(event::MQTT_CLOSE, None));
        }
        effects.extend(self.schedule_reconnect(system));
        effects
    }

    /// `mgos_mqtt_add_global_handler`.
    pub fn add_global_handler(&mut self, callback: MqttCallback, context: Context) {
        self.global_handlers.push((callback, context));
    }

    fn call_global_handlers(
        &self,
        event: i32,
        packet: Option<Packet>,
    ) -> impl Iterator<Item = Effect> {
        let handlers = self.global_handlers.iter();
        handlers.map(move |(callback, context)| {
            Effect::Call(Call::Mqtt(*callback, event, packet.clone(), *context))
        })
    }

    /// `mgos_mqtt_global_subscribe`.
    pub fn subscribe(&mut self, topic: String, callback: MqttCallback, context: Context) {
        self.subscriptions.push(Subscription {
            topic,
            callback,
            context,
        });
        if self.is_connected {
            self.send_subscribe(self.subscriptions.len() - 1);
        }
    }

    fn send_subscribe(&mut self, number: usize) {
        let topic = &self.subscriptions[number].topic;
        let connection = self.connection.as_mut();
        let id = u16::try_from(number).expect("the firmware has few subscriptions");
        if connection.is_some_and(|c| c.subscribe(id, topic)) {
            self.subscribes_open += 1;
        }
    }

    /// `mgos_mqtt_pub`: returns the message's id, which is 0 only if MQTT is disabled. Being
    /// offline is not an error.
    pub fn publish(&mut self, system: &Config, mut message: Publish) -> u16 {
        let settings = self.settings(system);
        if !settings.flag("mqtt.enable") {
            return 0;
        }
        let qos_max = u8::try_from(settings.int("mqtt.max_qos")).unwrap_or(2);
        let length_max = usize::try_from(settings.int("mqtt.max_queue_length")).unwrap_or(0);
        message.qos = message.qos.min(qos_max).min(1);
        let id = self.queue.next_id();
        let is_sent = self.is_connected && (message.qos == 0 || self.queue.is_drained());
        if is_sent {
            self.send(id, &message);
        }
        if message.qos > 0 && length_max > 0 {
            let queued = Queued {
                id,
                message,
                is_sent,
            };
            self.queue.push(queued, length_max);
        }
        id
    }

    fn send(&mut self, id: u16, message: &Publish) {
        let connection = self.connection.as_mut();
        if connection.is_some_and(|c| !c.publish(id, message)) {
            let topic = &message.topic;
            log(
                "error",
                &format!("shim: cannot send to {topic}: the network's queue is full"),
            );
        }
    }

    fn send_queued(&mut self) {
        if let Some((id, message)) = self.queue.take_unsent() {
            self.send(id, &message);
        }
    }

    /// Handles a signal from the network thread; one from an earlier connection is ignored.
    pub fn receive(&mut self, system: &Config, signal: Signal) -> Vec<Effect> {
        let connection = self.connection.as_mut();
        let Some(event) = connection.and_then(|c| c.receive(signal)) else {
            return Vec::new();
        };
        match event {
            LinkEvent::Accepted => return self.accept(),
            LinkEvent::Message(topic, payload) => return self.receive_message(&topic, payload),
            LinkEvent::PublishAcknowledged(id) => {
                self.queue.acknowledge(id);
                self.send_queued();
                let packet = Some(Packet::of_id(id));
                return self
                    .call_global_handlers(event::MQTT_PUBACK, packet)
                    .collect();
            }
            LinkEvent::SubscribeAnswered(number, packet, granted) => {
                return vec![self.receive_suback(number, packet, granted)];
            }
            LinkEvent::Pong => {
                self.queue.forget_sent();
                self.send_queued();
            }
            LinkEvent::Closed(reason) => return self.closed(system, &reason),
        }
        Vec::new()
    }

    /// CONNACK 0: sends the subscriptions, the last one first, then calls the global handlers.
    fn accept(&mut self) -> Vec<Effect> {
        self.is_connected = true;
        self.reconnect_ms = 0.0;
        for number in (0..self.subscriptions.len()).rev() {
            self.send_subscribe(number);
        }
        self.queue.restart();
        self.send_queued();
        self.announce_if_subscribed();
        self.call_global_handlers(event::MQTT_CONNACK, Some(Packet::default()))
            .collect()
    }

    /// SUBACK: calls only that subscription's handler, without the code: to the handler, a refusal
    /// looks like a grant.
    fn receive_suback(&mut self, number: u16, id: u16, granted: bool) -> Effect {
        if granted {
            self.subscribes_open = self.subscribes_open.saturating_sub(1);
            self.announce_if_subscribed();
        } else {
            log("error", "shim: the broker refused a subscription");
        }
        let Subscription {
            callback, context, ..
        } = self.subscriptions[usize::from(number)];
        let packet = Some(Packet::of_id(id));
        Effect::Call(Call::Mqtt(callback, event::MQTT_SUBACK, packet, context))
    }

    fn announce_if_subscribed(&mut self) {
        if self.subscribes_open == 0 && !self.is_announced {
            self.is_announced = true;
            emit(&Output::Connected);
        }
    }

    fn receive_message(&self, topic: &str, mut payload: Vec<u8>) -> Vec<Effect> {
        if !self.hears_time {
            timestamp::hide(&mut payload);
        } else if self.ahead_s != 0 {
            payload = timestamp::shift(&payload, self.ahead_s);
        }
        let packet = Packet {
            topic: topic.as_bytes().to_vec(),
            payload,
            ..Packet::default()
        };
        let all = self.subscriptions.iter();
        all.filter(|s| topic::matches(&s.topic, topic))
            .map(|s| {
                let packet = Some(packet.clone());
                Effect::Call(Call::Mqtt(
                    s.callback,
                    event::MQTT_PUBLISH,
                    packet,
                    s.context,
                ))
            })
            .collect()
    }
}
