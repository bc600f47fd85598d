//! The conversation of a device and its cloud over a session: subscriptions, reports and their
//! answers, presses, commands.
//!
//! Must not know: the form of a packet.

use serde_json::{Value, json};

use super::{
    ACCEPTED, BUTTON_SHADOW, BUTTON_TOPICS, COMMANDS, LOCK_TOPICS, Packet, Session, command_text,
    now_s,
};

impl Session {
    /// Reads the subscriptions of a button and grants them.
    pub fn grant_button(&mut self) {
        for topic in BUTTON_TOPICS {
            let Packet::Subscribe(id, topics) = self.packet() else {
                panic!("a button subscribes first");
            };
            assert_eq!(topics, [(format!("{BUTTON_SHADOW}{topic}"), 1)]);
            self.answer_subscribe(id, topics.len(), 1);
        }
    }

    /// Accepts health updates of a button until it knows the time. Returns the last one.
    pub fn accept_health(&mut self) -> Value {
        self.accept_health_at(now_s())
    }

    /// [`Session::accept_health`] at this time of the server, in seconds since 1970.
    pub fn accept_health_at(&mut self, second: u64) -> Value {
        loop {
            let (topic, update) = self.publish();
            assert_eq!(topic, format!("{BUTTON_SHADOW}/update"));
            let mut answer = update.clone();
            answer["timestamp"] = json!(second);
            self.send(
                &format!("{BUTTON_SHADOW}/update/accepted"),
                &answer.to_string(),
            );
            if update["state"]["reported"]["clock"] == "synced" {
                return update;
            }
        }
    }

    /// The next press of a button, which is acknowledged; health updates are skipped.
    pub fn press(&mut self) -> Value {
        loop {
            let (topic, payload) = self.publish();
            if topic == "iotbutton/thing-1" {
                return payload;
            }
            assert_eq!(topic, format!("{BUTTON_SHADOW}/update"));
        }
    }

    /// [`Session::press`] without an acknowledgement.
    pub fn unanswered_press(&mut self) -> Value {
        loop {
            match self.packet() {
                Packet::Publish(topic, payload, _) if topic == "iotbutton/thing-1" => {
                    return payload;
                }
                Packet::Publish(..) => {}
                other => panic!("a publish was expected: {other:?}"),
            }
        }
    }

    /// Reads the subscriptions of a lock and grants them.
    pub fn grant_lock(&mut self, thing: &str) {
        for topic in LOCK_TOPICS {
            let topic = topic.replace("THING", thing);
            let Packet::Subscribe(id, topics) = self.packet() else {
                panic!("a lock subscribes first");
            };
            assert_eq!(topics, [(topic, 1)]);
            self.answer_subscribe(id, topics.len(), 1);
        }
    }

    /// The request of the next report that fulfils `wanted`; no report is answered.
    pub fn report(&mut self, mut wanted: impl FnMut(&Value) -> bool) -> Value {
        loop {
            let (topic, payload) = self.publish();
            assert_eq!(topic, "$aws/things/thing-1/shadow/update");
            let id = payload["state"]["reported"]["reportId"].as_str();
            let token = id
                .and_then(|id| id.rsplit_once('-'))
                .map(|(token, _)| token);
            assert_eq!(payload["clientToken"].as_str(), token);
            if wanted(&payload["state"]["reported"]) {
                return payload;
            }
        }
    }

    /// Accepts an update as the shadow does, as this version.
    pub fn accept_update(&mut self, update: &Value, version: u64) {
        self.accept_update_at(update, version, now_s());
    }

    /// [`Session::accept_update`] at this time of the server, in seconds since 1970.
    pub fn accept_update_at(&mut self, update: &Value, version: u64, second: u64) {
        let mut answer = update.clone();
        answer["version"] = json!(version);
        answer["timestamp"] = json!(second);
        self.send(ACCEPTED, &answer.to_string());
    }

    /// Accepts reports until one says that the lock knows the time. Returns that one.
    pub fn sync(&mut self) -> Value {
        loop {
            let update = self.report(|_| true);
            let mut answer = update.clone();
            answer["timestamp"] = json!(now_s());
            self.send(ACCEPTED, &answer.to_string());
            if update["state"]["reported"]["clock"] == "synced" {
                return update;
            }
        }
    }

    /// Accepts reports until one fulfils `wanted`. Returns that one.
    pub fn accept_until(
        &mut self,
        version: &mut u64,
        mut wanted: impl FnMut(&Value) -> bool,
    ) -> Value {
        loop {
            let update = self.report(|_| true);
            *version += 1;
            self.accept_update(&update, *version);
            if wanted(&update["state"]["reported"]) {
                return update;
            }
        }
    }

    /// Sends a command that is valid now.
    pub fn command(&mut self, action: &str, version: u64) {
        self.send(COMMANDS, &command_text(action, version));
    }
}
