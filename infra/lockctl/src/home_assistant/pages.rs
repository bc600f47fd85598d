//! The files of a bridge's folder: the settings of mosquitto, the script that publishes the
//! discovery messages, and what to do with them.
//!
//! Must not know: AWS. It writes nothing.

use super::choice::{Door, Record};
use super::discovery::Message;
use super::topic;
use crate::register::folder::{AUTHORITY, Folder, PORT};

/// Settings of a mosquitto of your own.
pub const PLAIN: &str = "mosquitto.conf";
/// Settings of Home Assistant's add-on.
pub const ADD_ON: &str = "mosquitto-addon.conf";
/// The script that publishes.
pub const SCRIPT: &str = "publish.sh";
/// What to do.
pub const README: &str = "README.md";
/// The folder of the discovery messages.
pub const MESSAGES: &str = "discovery";
/// Where Home Assistant says that it has started, by its default.
const BIRTH: &str = "homeassistant/status";
/// How long Home Assistant may take to make the entities of new doors, in s.
pub const SETTLE_S: u64 = 5;
/// Where the key and the certificates are on the machine of a mosquitto of your own.
const PLAIN_PLACE: &str = "/etc/mosquitto/remote-lock";
/// Where they are for the add-on.
const ADD_ON_PLACE: &str = "/share/mosquitto/remote-lock";

/// A bridge.
#[derive(Debug)]
pub struct Bridge<'a> {
    /// Its thing name, which is also its client id.
    pub name: &'a str,
    /// `host` or `host:port` of AWS IoT's broker.
    pub endpoint: &'a str,
    /// Its folder.
    pub folder: &'a Folder,
    /// Its doors.
    pub record: &'a Record,
    /// The discovery messages.
    pub messages: &'a [Message],
}

impl Bridge<'_> {
    /// The files with their texts.
    pub fn files(&self) -> [(&'static str, String); 4] {
        [
            (PLAIN, self.settings(PLAIN_PLACE)),
            (ADD_ON, self.settings(ADD_ON_PLACE)),
            (SCRIPT, self.script()),
            (README, self.readme()),
        ]
    }

    /// The settings of a mosquitto whose files are in `place`.
    fn settings(&self, place: &str) -> String {
        let address = if self.endpoint.contains(':') {
            self.endpoint.to_owned()
        } else {
            format!("{}:{PORT}", self.endpoint)
        };
        let (name, folder) = (self.name, self.folder);
        let mut text = format!(
            "# Made by `lockctl home-assistant`, which writes it again at each run.\n\
             connection remote-lock-{name}\n\
             address {address}\n\
             # The client id that the certificate may use.\n\
             remote_clientid {name}\n\
             bridge_cafile {place}/{AUTHORITY}\n\
             bridge_certfile {place}/{certificate}\n\
             bridge_keyfile {place}/{key}\n\
             bridge_insecure false\n\
             bridge_protocol_version mqttv311\n\
             # AWS IoT closes the connection at anything that the certificate may not do.\n\
             try_private false\n\
             bridge_outgoing_retain false\n\
             bridge_attempt_unsubscribe false\n\
             # A request that was made while the line was down is lost, not late.\n\
             cleansession true\n\
             keepalive_interval 60\n\
             restart_timeout 5 60\n\
             # By this topic, 1 or 0, Home Assistant knows whether the line is up.\n\
             notifications true\n\
             notifications_local_only true\n\
             notification_topic {line}\n",
            certificate = folder.certificate(),
            key = folder.key(),
            line = topic::line(name),
        );
        let doors = &self.record.doors;
        if !doors.is_empty() {
            // AWS marks no update of a state as one to be kept, so a copy that this broker kept
            // would be an old one.
            text += "# Nothing about a door is kept here. The broker asks for the states when its\n\
                     # line comes up, when Home Assistant starts, and when doors are published.\n";
            let ask = topic::cloud_ask(doors);
            for here in [topic::line(name), BIRTH.to_owned(), topic::ask(name)] {
                text += &format!("topic \"\" out 1 {here} {ask}\n");
            }
        }
        for door in doors {
            text += &topics(door);
        }
        text
    }

    /// The script that publishes the discovery messages, and removes those of former doors.
    fn script(&self) -> String {
        let mut text = "#!/bin/sh\n\
             # Made by `lockctl home-assistant`, which writes it again at each run.\n\
             # Run it as: sh publish.sh -h HOST -u USER -P PASSWORD\n\
             set -e\n\
             cd \"$(dirname \"$0\")\"\n"
            .to_owned();
        for Message { topic, file, .. } in self.messages {
            text += &format!("mosquitto_pub \"$@\" -q 1 -r -t '{topic}' -f '{MESSAGES}/{file}'\n");
        }
        for topic in &self.record.removed {
            text += &format!("mosquitto_pub \"$@\" -q 1 -r -t '{topic}' -n\n");
        }
        text += &format!(
            "# Home Assistant needs a moment to make the entities. Then their states.\n\
             sleep {SETTLE_S}\n\
             mosquitto_pub \"$@\" -q 1 -t '{ask}' -m states\n",
            ask = topic::ask(self.name)
        );
        text
    }

    fn readme(&self) -> String {
        let (certificate, key) = (self.folder.certificate(), self.folder.key());
        let name = self.name;
        let doors = self.record.doors.iter().map(|door| {
            let may = if door.lock_only {
                "lock"
            } else {
                "lock and unlock"
            };
            format!("- `{}`: Home Assistant may {may}\n", door.lock)
        });
        let doors: String = doors.collect();
        format!(
            "# {name}\n\nThe line between the MQTT broker in this house and AWS IoT. It may use \
             the topics of\nthese doors and no other:\n\n{doors}\n`{key}` is its private key: keep \
             it secret. Whoever has it may do what is listed above.\n\n\
             ## The add-on \"Mosquitto broker\" of Home Assistant\n\n\
             1. Make the folder `{ADD_ON_PLACE}`. Copy `{AUTHORITY}`, `{certificate}` and `{key}` \
             into it,\n   and `{ADD_ON}` into `/share/mosquitto`.\n\
             2. In the add-on's configuration set `customize` to `active: true` and `folder: \
             mosquitto`,\n   and restart the add-on.\n\
             3. Publish the doors: `lockctl home-assistant --bridge {name} --mqtt HOST --mqtt-user \
             USER`, with the\n   password in `LOCKCTL_MQTT_PASSWORD`, or `sh {SCRIPT} -h HOST -u \
             USER -P PASSWORD`.\n\n\
             ## A mosquitto of your own\n\n\
             1. Make the folder `{PLAIN_PLACE}`, which the user `mosquitto` may read. Copy \
             `{AUTHORITY}`,\n   `{certificate}` and `{key}` into it.\n\
             2. Copy `{PLAIN}` to `/etc/mosquitto/conf.d/remote-lock-{name}.conf`, and restart \
             mosquitto.\n\
             3. Publish the doors, as in step 3 above.\n\n\
             ## If it does not work\n\n\
             The doors are devices in Home Assistant under Settings, Devices, MQTT. If they are \
             there and\nunavailable, look at mosquitto's log. A line that connects and ends again \
             and again is one that\nAWS refuses: run the command again, and copy the new files. \
             mosquitto before 2.0.15 does not notice\na line that dies silently: use a later \
             one. An unlock that was refused is an event of the entity\n\"Refusal\", with its \
             reason.\n\n\
             After each run of `lockctl home-assistant` copy the settings again and restart the \
             broker.\n`lockctl retire {name}` ends the line for good.\n"
        )
    }
}

/// The topics of a door: exact ones, with a name on each side.
fn topics(door: &Door) -> String {
    let (lock, request) = (&door.lock, topic::request(door));
    let mut text = format!("topic \"\" out 1 {request} {request}\n");
    for (here, there) in [
        (topic::state(lock), lock.live_topic()),
        (topic::event(lock), lock.event_topic()),
    ] {
        text += &format!("topic \"\" in 1 {here} {there}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use lock_core::name::LockName;

    use super::*;

    #[test]
    fn the_files_name_each_door_and_each_topic_that_is_left_to_remove() {
        let folder = Folder::new(Path::new("devices"), "house");
        let lock = |name: &str| LockName::new(name).expect("a name");
        let door = |name: &str, lock_only| Door {
            lock: lock(name),
            lock_only,
        };
        let record = Record {
            prefix: "homeassistant".to_owned(),
            doors: vec![door("lock-1", false), door("lock-2", true)],
            removed: [topic::discovery("homeassistant", &lock("lock-3"))].into(),
        };
        let messages = [Message {
            topic: topic::discovery("homeassistant", &lock("lock-1")),
            file: "remote-lock-lock-1.json".to_owned(),
            payload: "{}".to_owned(),
        }];
        let bridge = Bridge {
            name: "house",
            endpoint: "x-ats.iot.us-east-1.amazonaws.com",
            folder: &folder,
            record: &record,
            messages: &messages,
        };
        let [(_, plain), (_, add_on), (_, script), (_, readme)] = bridge.files();
        for line in [
            "address x-ats.iot.us-east-1.amazonaws.com:8883",
            "remote_clientid house",
            "bridge_keyfile /etc/mosquitto/remote-lock/house.key.pem",
            "notifications_local_only true",
            "notification_topic remote-lock-bridge/house",
            "topic \"\" out 1 remote-lock-bridge/house remote-lock-ask/lock-1,lock-2",
            "topic \"\" out 1 homeassistant/status remote-lock-ask/lock-1,lock-2",
            "topic \"\" out 1 remote-lock-bridge/house/ask remote-lock-ask/lock-1,lock-2",
            "cleansession true",
            "topic \"\" out 1 remote-lock/lock-1/request remote-lock/lock-1/request",
            "topic \"\" out 1 remote-lock/lock-2/request/lock remote-lock/lock-2/request/lock",
            "topic \"\" in 1 remote-lock/lock-1/state remote-lock-live/lock-1",
            "topic \"\" in 1 remote-lock/lock-2/event remote-lock-event/lock-2",
        ] {
            assert!(plain.lines().any(|there| there == line), "{line}: {plain}");
        }
        assert!(
            !plain.contains('+') && !plain.contains("topic #"),
            "{plain}"
        );
        assert!(add_on.contains("bridge_cafile /share/mosquitto/remote-lock/ca.pem\n"));
        assert!(script.contains("-t 'homeassistant/device/remote-lock-lock-1/config' -f"));
        assert!(script.contains("-t 'homeassistant/device/remote-lock-lock-3/config' -n\n"));
        assert!(
            readme.contains("`lock-1`: Home Assistant may lock and unlock\n"),
            "{readme}"
        );
        assert!(
            readme.contains("`lock-2`: Home Assistant may lock\n"),
            "{readme}"
        );
    }
}
