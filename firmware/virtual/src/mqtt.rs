//! The MQTT library of Mongoose OS, with its behaviour as read from its source, also where it surprises: a publish
//! "succeeds" offline, QoS 1 is queued and replayed, reconnects double from two seconds to a minute. It must not know
//! what a message means.

mod connect;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::call::{Call, Context, EventData, MqttCallback, Packet, event};
use crate::config::{Config, Value};
use crate::device::Device;
use crate::link::{Connection, Link, LinkEvent, LinkEventKind};
use crate::output::{Output, emit, log};

/// A subscription of the firmware's.
struct Subscription {
    topic: String,
    callback: MqttCallback,
    context: Context,
}

/// A QoS 1 message kept until its PUBACK.
struct Queued {
    id: u16,
    topic: String,
    payload: Vec<u8>,
    retain: bool,
    sent: bool,
}

/// State of the library.
pub struct Mqtt {
    link: Link,
    connection: Option<Connection>,
    connections: u64,
    is_connected: bool,
    /// `MG_F_SEND_AND_CLOSE`: ends once what is to be sent has left, which it never does before a handshake is over.
    ends_when_sent: bool,
    announced: bool,
    /// Delay of the last reconnect; negative = the user does not want one.
    reconnect_ms: f64,
    reconnect_timer: usize,
    subscriptions: Vec<Subscription>,
    global_handlers: Vec<(MqttCallback, Context)>,
    queue: VecDeque<Queued>,
    queue_drained: bool,
    last_id: u16,
    publishes_sent: VecDeque<u16>,
    publish_ids: HashMap<u16, u16>,
    /// The firmware's own settings of the library, over those of the configuration.
    own: Option<Config>,
    /// Settings on their way to become those.
    offered: BTreeMap<String, Value>,
    /// Which subscriptions, by their place.
    subscribes_sent: VecDeque<usize>,
    subscribe_ids: HashMap<u16, usize>,
    subscribes_open: usize,
    hears_time: bool,
}

/// Whether a topic filter takes a topic, by the library's own reading, which takes `a/b/` for `a/b`.
fn matches(filter: &str, topic: &str) -> bool {
    fn next<'a>(rest: &mut &'a str) -> &'a str {
        let (level, after) = rest.split_once('/').unwrap_or((rest, ""));
        *rest = after;
        level
    }
    let (mut filter, mut topic) = (filter, topic);
    if filter.is_empty() {
        return false;
    }
    loop {
        let (wanted, level) = (next(&mut filter), next(&mut topic));
        match wanted {
            "" if !level.is_empty() => return false,
            "" if filter.is_empty() => return topic.is_empty(),
            "" => {}
            "+" if level.is_empty() && topic.is_empty() => return false,
            "+" => {}
            "#" => return filter.is_empty(),
            wanted if wanted == level => {}
            _ => return false,
        }
    }
}

/// Renames the member that holds a time, as a fault: whoever reads the text finds none.
fn forget_time(payload: &mut [u8]) {
    const MEMBER: &[u8] = b"\"timestamp\"";
    let places: Vec<usize> = (0..payload.len())
        .filter(|at| payload[*at..].starts_with(MEMBER))
        .collect();
    for at in places {
        payload[at + 1] = b'T';
    }
}

impl Mqtt {
    /// The library before its first connection.
    pub fn new(link: Link) -> Self {
        Self {
            link,
            connection: None,
            connections: 0,
            is_connected: false,
            ends_when_sent: false,
            announced: false,
            reconnect_ms: 0.0,
            reconnect_timer: 0,
            subscriptions: Vec::new(),
            global_handlers: Vec::new(),
            queue: VecDeque::new(),
            queue_drained: true,
            last_id: 0,
            publishes_sent: VecDeque::new(),
            publish_ids: HashMap::new(),
            own: None,
            offered: BTreeMap::new(),
            subscribes_sent: VecDeque::new(),
            subscribe_ids: HashMap::new(),
            subscribes_open: 0,
            hears_time: true,
        }
    }

    /// `mgos_mqtt_global_is_connected`.
    pub fn is_connected(&self) -> bool {
        self.is_connected
    }

    /// `mgos_mqtt_add_global_handler`.
    pub fn add_global_handler(&mut self, callback: MqttCallback, context: Context) {
        self.global_handlers.push((callback, context));
    }

    /// Lets everything that is sent vanish, either way, and tells nobody; or ends that.
    pub fn set_silent(&mut self, silent: bool) {
        self.link.set_silent(silent);
    }

    /// Whether messages arrive with the time that is in them. A fault, as of a server that says none.
    pub fn set_hears_time(&mut self, hears_time: bool) {
        self.hears_time = hears_time;
    }

    /// Whether there is a connection or an attempt at one.
    pub fn has_connection(&self) -> bool {
        self.connection.is_some()
    }

    fn next_id(&mut self) -> u16 {
        loop {
            self.last_id = self.last_id.wrapping_add(1);
            if self.last_id != 0 && self.queue.iter().all(|q| q.id != self.last_id) {
                return self.last_id;
            }
        }
    }

    fn send(&mut self, id: u16, topic: &str, payload: &[u8], qos: u8, retain: bool) {
        let Some(connection) = &self.connection else {
            return;
        };
        if !connection.publish(topic, payload, qos, retain) {
            log(
                "error",
                &format!("shim: publish to {topic} not taken by the network"),
            );
        } else if qos > 0 {
            self.publishes_sent.push_back(id);
        }
    }

    /// The connection is gone, and what was under way on it.
    fn forget_connection(&mut self) {
        self.connection = None;
        self.ends_when_sent = false;
        self.publishes_sent.clear();
        self.publish_ids.clear();
        self.subscribes_sent.clear();
        self.subscribe_ids.clear();
        self.subscribes_open = 0;
        if std::mem::take(&mut self.announced) {
            emit(&Output::Disconnected);
        }
    }

    fn subscribe(&mut self, place: usize) {
        let Some(connection) = &self.connection else {
            return;
        };
        if connection.subscribe(&self.subscriptions[place].topic) {
            self.subscribes_sent.push_back(place);
            self.subscribes_open += 1;
        }
    }

    /// Sends the first queued message not sent on this connection; without any, immediate publishing is allowed again.
    fn drain(&mut self) {
        if self.queue.is_empty() {
            self.queue_drained = true;
            return;
        }
        if let Some(entry) = self.queue.iter_mut().find(|q| !q.sent) {
            entry.sent = true;
            let (id, retain) = (entry.id, entry.retain);
            let (topic, payload) = (entry.topic.clone(), entry.payload.clone());
            self.send(id, &topic, &payload, 1, retain);
        }
    }
}

impl Device {
    /// `mgos_mqtt_global_subscribe`.
    pub fn mqtt_global_subscribe(
        &mut self,
        topic: String,
        callback: MqttCallback,
        context: Context,
    ) {
        self.mqtt.subscriptions.push(Subscription {
            topic,
            callback,
            context,
        });
        if self.mqtt.is_connected {
            self.mqtt.subscribe(self.mqtt.subscriptions.len() - 1);
        }
    }

    /// `mgos_mqtt_pub`: never 0 once MQTT is enabled, connected or not.
    pub fn mqtt_pub(&mut self, topic: &str, payload: &[u8], qos: u8, retain: bool) -> u16 {
        let config = self.mqtt_config();
        if !config.flag("mqtt.enable") {
            return 0;
        }
        let qos_max = u8::try_from(config.int("mqtt.max_qos")).unwrap_or(2);
        let length_max = usize::try_from(config.int("mqtt.max_queue_length")).unwrap_or(0);
        let qos = qos.min(qos_max).min(1);
        let mqtt = &mut self.mqtt;
        let id = mqtt.next_id();
        let now = mqtt.is_connected && (qos == 0 || mqtt.queue_drained);
        if now {
            mqtt.send(id, topic, payload, qos, retain);
        }
        if qos > 0 && length_max > 0 {
            while mqtt.queue.len() >= length_max {
                log("error", "MQTT0 queue overflow!");
                mqtt.queue.pop_front();
            }
            let (topic, payload) = (topic.to_owned(), payload.to_vec());
            mqtt.queue.push_back(Queued {
                id,
                topic,
                payload,
                retain,
                sent: now,
            });
        }
        id
    }

    /// Tells the global handlers: event, and the packet where it is one.
    fn mqtt_tell(&mut self, event: i32, packet: Option<&Packet>) {
        for (callback, context) in &self.mqtt.global_handlers {
            self.calls
                .push_back(Call::Mqtt(*callback, event, packet.cloned(), *context));
        }
    }

    /// `MG_EV_CLOSE`.
    fn mqtt_closed(&mut self, reason: &str) {
        log("info", &format!("MQTT0 disconnected: {reason}"));
        self.mqtt.forget_connection();
        if std::mem::take(&mut self.mqtt.is_connected) {
            self.trigger(
                event::CLOUD_DISCONNECTED,
                &EventData::Cloud(event::CLOUD_MQTT),
            );
            self.mqtt_tell(event::MQTT_CLOSE, None);
        }
        self.mqtt_schedule_reconnect();
    }

    /// Takes what the network thread saw; of a connection given up already, nothing.
    pub fn mqtt_link_event(&mut self, event: LinkEvent) {
        if self.mqtt.connection.as_ref().map(|c| c.number) != Some(event.connection) {
            return;
        }
        let mqtt = &mut self.mqtt;
        match event.kind {
            LinkEventKind::Accepted => self.mqtt_accepted(),
            LinkEventKind::Message(topic, payload) => self.mqtt_message(&topic, payload),
            LinkEventKind::PublishSent(packet) => {
                if let Some(id) = mqtt.publishes_sent.pop_front() {
                    mqtt.publish_ids.insert(packet, id);
                }
            }
            LinkEventKind::PublishAcknowledged(packet) => {
                let known = mqtt.publish_ids.remove(&packet);
                if let Some(id) = known {
                    mqtt.queue.retain(|q| q.id != id);
                }
                mqtt.drain();
                // To the firmware a packet has the id that its publish returned.
                let id = known.unwrap_or(packet);
                self.mqtt_tell(
                    event::MQTT_PUBACK,
                    Some(&Packet {
                        id,
                        ..Packet::default()
                    }),
                );
            }
            LinkEventKind::SubscribeSent(packet) => {
                if let Some(place) = mqtt.subscribes_sent.pop_front() {
                    mqtt.subscribe_ids.insert(packet, place);
                }
            }
            LinkEventKind::SubscribeAnswered(packet, granted) => {
                self.mqtt_subscribed(packet, granted);
            }
            LinkEventKind::Pong => {
                mqtt.queue.iter_mut().for_each(|q| q.sent = false);
                mqtt.drain();
            }
            LinkEventKind::Closed(reason) => self.mqtt_closed(&reason),
        }
    }

    /// CONNACK 0: the event, the firmware's subscriptions, the last one first, then the global handlers.
    fn mqtt_accepted(&mut self) {
        self.mqtt.is_connected = true;
        self.mqtt.reconnect_ms = 0.0;
        self.trigger(event::CLOUD_CONNECTED, &EventData::Cloud(event::CLOUD_MQTT));
        for place in (0..self.mqtt.subscriptions.len()).rev() {
            self.mqtt.subscribe(place);
        }
        self.mqtt.queue.iter_mut().for_each(|q| q.sent = false);
        self.mqtt.queue_drained = self.mqtt.queue.is_empty();
        self.mqtt_tell(event::MQTT_CONNACK, Some(&Packet::default()));
        self.mqtt.drain();
        self.announce_if_subscribed();
    }

    /// SUBACK, which only the handler of its subscription gets, and without the code: one that was refused counts for it.
    fn mqtt_subscribed(&mut self, id: u16, granted: bool) {
        if let Some(place) = self.mqtt.subscribe_ids.remove(&id) {
            let Subscription {
                callback, context, ..
            } = self.mqtt.subscriptions[place];
            let packet = Packet {
                id,
                ..Packet::default()
            };
            self.calls.push_back(Call::Mqtt(
                callback,
                event::MQTT_SUBACK,
                Some(packet),
                context,
            ));
        }
        if !granted {
            log("error", "shim: the broker refused a subscription");
            return;
        }
        self.mqtt.subscribes_open = self.mqtt.subscribes_open.saturating_sub(1);
        self.announce_if_subscribed();
    }

    fn announce_if_subscribed(&mut self) {
        if self.mqtt.subscribes_open == 0 && !self.mqtt.announced {
            self.mqtt.announced = true;
            emit(&Output::Connected);
        }
    }

    fn mqtt_message(&mut self, topic: &str, mut payload: Vec<u8>) {
        if !self.mqtt.hears_time {
            forget_time(&mut payload);
        }
        let packet = Packet {
            topic: topic.as_bytes().to_vec(),
            payload,
            ..Packet::default()
        };
        for subscription in &self.mqtt.subscriptions {
            if matches(&subscription.topic, topic) {
                let (callback, context) = (subscription.callback, subscription.context);
                let packet = Some(packet.clone());
                self.calls
                    .push_back(Call::Mqtt(callback, event::MQTT_PUBLISH, packet, context));
            }
        }
    }
}
