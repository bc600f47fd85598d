//! Publishes messages on the broker in the house. This is the only file that knows the
//! MQTT client.
//!
//! Must not know: what the messages say.

use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use rumqttc_v4::{AsyncClient, Event, EventLoop, MqttOptions, Packet, PublishOptions, QoS};

/// How long an answer of the broker may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long a broker may take to name its version, which not every broker does.
const VERSION_DEADLINE: Duration = Duration::from_secs(2);
/// Where mosquitto names its version: `mosquitto version 2.0.11`.
const VERSION: &str = "$SYS/broker/version";
/// The first mosquitto that notices a line that has died silently. Source: its change log.
const VERSION_MIN: [u32; 3] = [2, 0, 15];
/// Port of MQTT without TLS.
const PORT: u16 = 1883;
/// Longer than any discovery message.
const PACKET_BYTES_MAX: usize = 64 * 1024;
/// The password of the broker's user.
const PASSWORD: &str = "LOCKCTL_MQTT_PASSWORD";

/// The broker in the house.
#[derive(Clone)]
pub struct Broker {
    host: String,
    port: u16,
    user: Option<(String, String)>,
}

impl Broker {
    /// A broker by `HOST` or `HOST:PORT`, and who publishes.
    ///
    /// # Errors
    ///
    /// The port is not a number, or the user has no password.
    pub fn new(address: &str, user: Option<&str>) -> Result<Self> {
        // An IPv6 address without a port has several colons.
        let split = address.rsplit_once(':');
        let (host, port) = match split.filter(|(host, _)| !host.contains(':')) {
            None => (address, PORT),
            Some((host, text)) => match text.parse() {
                Ok(port) => (host, port),
                Err(_) => {
                    bail!("{address} is not an address of a broker: give --mqtt HOST or HOST:PORT")
                }
            },
        };
        let user = match user {
            None => None,
            Some(name) => match std::env::var(PASSWORD) {
                Ok(password) => Some((name.to_owned(), password)),
                Err(_) => bail!(
                    "no password for {name} on the broker: set LOCKCTL_MQTT_PASSWORD, or leave \
                     --mqtt-user out"
                ),
            },
        };
        Ok(Self {
            host: host.to_owned(),
            port,
            user,
        })
    }

    /// Publishes retained messages, one after the other; an empty one removes what was retained.
    ///
    /// # Errors
    ///
    /// The broker does not answer, refuses the user, or does not acknowledge a message.
    pub async fn publish(&self, messages: &[(String, String)]) -> Result<()> {
        self.send(messages, true).await
    }

    /// Asks the bridge, on its topic for that, for the states of its doors.
    ///
    /// # Errors
    ///
    /// As [`Self::publish`].
    pub async fn ask(&self, topic: String) -> Result<()> {
        self.send(&[(topic, "states".to_owned())], false).await
    }

    async fn send(&self, messages: &[(String, String)], is_retained: bool) -> Result<()> {
        let at = format!("{}:{}", self.host, self.port);
        let sent = Box::pin(self.try_send(messages, is_retained)).await;
        sent.map_err(|error| {
            anyhow!(
                "the broker at {at} did not take the discovery messages: {error:#}; check --mqtt, \
                 --mqtt-user and LOCKCTL_MQTT_PASSWORD, then repeat the command, or run publish.sh \
                 in the folder"
            )
        })
    }

    /// What is wrong with the broker's version, if it is a mosquitto that is too old.
    ///
    /// # Errors
    ///
    /// The broker does not answer, or refuses the user.
    pub async fn find_fault(&self) -> Result<Option<String>> {
        let (client, mut events) = self.connect().await?;
        client.subscribe(VERSION, QoS::AtMostOnce).await?;
        let named = async {
            loop {
                match events.poll().await {
                    Ok(Event::Incoming(Packet::Publish(message))) => {
                        return String::from_utf8_lossy(&message.payload).into_owned();
                    }
                    Ok(_) => {}
                    Err(_) => return String::new(),
                }
            }
        };
        let named = tokio::time::timeout(VERSION_DEADLINE, named).await;
        Ok(fault_of(&named.unwrap_or_default()))
    }

    async fn connect(&self) -> Result<(AsyncClient, EventLoop)> {
        let id = format!("lockctl-{}", uuid::Uuid::new_v4());
        let mut options = MqttOptions::new(id, (self.host.as_str(), self.port));
        options.set_keep_alive(30);
        options.set_max_packet_size(PACKET_BYTES_MAX, PACKET_BYTES_MAX);
        if let Some((name, password)) = &self.user {
            options.set_credentials(name.clone(), password.clone());
        }
        let (client, mut events) = AsyncClient::builder(options).capacity(16).build();
        wait(&mut events, |packet| matches!(packet, Packet::ConnAck(_))).await?;
        Ok((client, events))
    }

    async fn try_send(&self, messages: &[(String, String)], is_retained: bool) -> Result<()> {
        let (client, mut events) = self.connect().await?;
        for (topic, payload) in messages {
            let options = PublishOptions::at_least_once();
            let options = if is_retained {
                options.retained()
            } else {
                options
            };
            client
                .publish(topic.as_str(), payload.as_bytes(), options)
                .await?;
            wait(&mut events, |packet| matches!(packet, Packet::PubAck(_))).await?;
        }
        client.disconnect().await?;
        // Everything is acknowledged: whether the broker sees the end in order does not matter.
        let ended = async { while events.poll().await.is_ok() {} };
        let _ended = tokio::time::timeout(Duration::from_secs(1), ended).await;
        Ok(())
    }
}

/// What is wrong with a version; nothing if it is not mosquitto's.
fn fault_of(named: &str) -> Option<String> {
    let version = named.strip_prefix("mosquitto version ")?;
    let numbers: Vec<u32> = version
        .split('.')
        .map_while(|part| part.parse().ok())
        .collect();
    (numbers.len() == 3 && numbers[..] < VERSION_MIN[..]).then(|| {
        let wanted = VERSION_MIN.map(|number| number.to_string()).join(".");
        format!(
            "the broker is mosquitto {version}, which does not notice a line to AWS that dies \
             silently: Home Assistant would go on showing the last state; update it to {wanted} or \
             later"
        )
    })
}

/// Waits for a packet of the broker.
async fn wait(events: &mut EventLoop, fits: impl Fn(&Packet) -> bool) -> Result<()> {
    let answer = async {
        loop {
            match events.poll().await {
                Ok(Event::Incoming(packet)) if fits(&packet) => return Ok(()),
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
        }
    };
    match tokio::time::timeout(DEADLINE, answer).await {
        Ok(answered) => answered,
        Err(_) => bail!("no answer within ten seconds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_mosquitto_that_is_too_old_has_a_fault() {
        for (named, is_old) in [
            ("mosquitto version 2.0.11", true),
            ("mosquitto version 1.6.12", true),
            ("mosquitto version 2.0.15", false),
            ("mosquitto version 2.1.2", false),
            ("mosquitto version 3.0.0", false),
            ("mosquitto version 2.1-rc1", false),
            ("vernemq 1.0", false),
            ("", false),
        ] {
            assert_eq!(fault_of(named).is_some(), is_old, "{named}");
        }
    }

    #[test]
    fn an_address_may_have_a_port() {
        for (address, host, port) in [
            ("homeassistant.local", "homeassistant.local", 1883),
            ("192.168.1.2:1884", "192.168.1.2", 1884),
            ("fe80::1", "fe80::1", 1883),
        ] {
            let broker = Broker::new(address, None).expect("an address");
            assert_eq!((broker.host.as_str(), broker.port), (host, port));
        }
        let error = Broker::new("host:mqtt", None).err().expect("no port");
        assert!(
            error.to_string().contains("is not an address of a broker"),
            "{error}"
        );
    }
}
