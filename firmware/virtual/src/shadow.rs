//! The AWS shadow library of Mongoose OS: five subscriptions in one packet, a client token made of the thing's name,
//! accepted updates passed on only if they carry it. It must not know what is reported.

use serde_json::Value as Json;

use crate::call::{EventData, event};
use crate::config::Config;
use crate::device::Device;
use crate::output::log;
use crate::restart;

/// State of the library.
pub struct Shadow {
    thing: String,
    connected: bool,
}

#[derive(serde::Deserialize)]
struct Answer {
    state: Option<Json>,
    #[serde(rename = "clientToken")]
    token: Option<String>,
    code: Option<i32>,
    message: Option<String>,
}

/// CRC-32 (IEEE 802.3), of which the library makes its token.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

impl Shadow {
    /// Starts the library where the settings let it: enabled, a thing's name, and AWS or `shadow.lib` = aws.
    pub fn start(config: &Config) -> Option<Self> {
        let library = config.text("shadow.lib");
        let server = config.text("mqtt.server");
        if !config.flag("shadow.enable") || !config.flag("mqtt.enable") {
            return None;
        }
        if !(library == "aws" || library.is_empty() && server.contains("amazonaws.com")) {
            log(
                "error",
                "MQTT is not configured for AWS, not initialising shadow",
            );
            return None;
        }
        let thing = config.text("aws.thing_name").to_owned();
        if thing.is_empty() {
            log(
                "error",
                "AWS Device Shadow requires thing_name or device.id",
            );
            return None;
        }
        Some(Self {
            thing,
            connected: false,
        })
    }

    fn token(&self) -> String {
        format!("{:08x}", crc32(self.thing.as_bytes()))
    }

    fn topic(&self, suffix: &str) -> String {
        format!("$aws/things/{}/shadow/{suffix}", self.thing)
    }

    /// What the library subscribes to.
    pub fn topics(&self) -> Vec<String> {
        [
            "get/accepted",
            "get/rejected",
            "update/accepted",
            "update/rejected",
            "update/delta",
        ]
        .map(|suffix| self.topic(suffix))
        .to_vec()
    }
}

impl Device {
    /// `mgos_shadow_updatef` with its text formatted. True means that the library exists, not that anything was sent.
    pub fn shadow_update(&mut self, version: u64, reported: &str) -> bool {
        let Some(shadow) = &self.shadow else {
            return false;
        };
        let version = match version {
            0 => String::new(),
            version => format!(", \"version\": {version}"),
        };
        let payload = format!(
            "{{\"state\": {{\"reported\": {reported}}}{version}, \"clientToken\": \"{}\"}}",
            shadow.token()
        );
        let topic = shadow.topic("update");
        self.mqtt_pub(&topic, payload.as_bytes(), 1, false);
        true
    }

    /// The broker granted the five subscriptions.
    pub fn shadow_subscribed(&mut self) {
        let Some(shadow) = &mut self.shadow else {
            return;
        };
        shadow.connected = true;
        let get = self.config.flag("shadow.get_on_connect");
        let (topic, token) = (shadow.topic("get"), shadow.token());
        self.trigger(event::CLOUD_CONNECTED, &EventData::Cloud(event::CLOUD_AWS));
        self.trigger(event::SHADOW_CONNECTED, &EventData::Nothing);
        if get {
            let payload = format!("{{\"clientToken\":\"{token}\"}}");
            self.mqtt_pub(&topic, payload.as_bytes(), 1, false);
        }
    }

    /// The connection is gone.
    pub fn shadow_closed(&mut self) {
        if let Some(shadow) = &mut self.shadow
            && std::mem::take(&mut shadow.connected)
        {
            self.trigger(
                event::CLOUD_DISCONNECTED,
                &EventData::Cloud(event::CLOUD_AWS),
            );
        }
    }

    /// A message that no subscription of the firmware's took.
    pub fn shadow_message(&mut self, topic: &str, payload: &[u8]) {
        let Some(shadow) = &self.shadow else {
            return;
        };
        let prefix = shadow.topic("");
        let Some(suffix) = topic.strip_prefix(&prefix) else {
            return;
        };
        let is_rejection = suffix.ends_with("/rejected");
        let answer = match serde_json::from_slice::<Answer>(payload) {
            Ok(answer) if is_rejection && answer.message.is_none() => {
                restart::crash("the shadow library reads a rejection's message, and there is none")
            }
            Ok(answer) => answer,
            Err(_) if is_rejection => restart::crash(
                "the shadow library reads a rejection's message, and this is no JSON",
            ),
            Err(_) => {
                log("error", &format!("shim: {topic} carries no JSON"));
                return;
            }
        };
        let is_ours = answer.token.as_deref() == Some(&shadow.token());
        let state = || {
            let text = answer.state.as_ref().map(Json::to_string);
            EventData::Text(text.unwrap_or_default().into_bytes())
        };
        let error = || {
            let message = answer.message.clone().unwrap_or_default();
            EventData::ShadowError(answer.code.unwrap_or(-1), message.into_bytes())
        };
        // Deltas and errors come without a token: the library takes them for its own.
        let (number, data) = match suffix {
            "get/accepted" if is_ours => (event::SHADOW_GET_ACCEPTED, state()),
            "update/accepted" if is_ours => (event::SHADOW_UPDATE_ACCEPTED, state()),
            "update/delta" => (event::SHADOW_UPDATE_DELTA, state()),
            "get/rejected" => (event::SHADOW_GET_REJECTED, error()),
            "update/rejected" => (event::SHADOW_UPDATE_REJECTED, error()),
            _ => return,
        };
        self.trigger(number, &data);
    }
}

#[cfg(test)]
mod tests {
    use super::crc32;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
