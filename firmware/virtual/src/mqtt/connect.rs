//! When and where the MQTT library connects: settings, network, reconnects. It must not know messages.

use std::time::Duration;

use super::Mqtt;
use crate::config::{Config, Value};
use crate::device::Device;
use crate::link::Target;
use crate::output::log;
use crate::timer::Task;

/// Where to connect by the library's settings, as whom unless those say so.
fn target(config: &Config, device_id: &str) -> Option<Target> {
    let server = config.text("mqtt.server");
    let ca = config.text("mqtt.ssl_ca_cert");
    if server.is_empty() {
        return None;
    }
    let default_port = if ca.is_empty() { 1883 } else { 8883 };
    let (host, port) = match server.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().unwrap_or(default_port)),
        None => (server, default_port),
    };
    let client_id = match config.text("mqtt.client_id") {
        "" => device_id,
        id => id,
    };
    Some(Target {
        host: host.to_owned(),
        port,
        client_id: client_id.to_owned(),
        keep_alive: Duration::from_secs(u64::try_from(config.int("mqtt.keep_alive")).unwrap_or(60)),
        packet_bytes_max: usize::try_from(config.int("mqtt.recv_mbuf_limit")).unwrap_or(0),
        clean_session: config.flag("mqtt.clean_session"),
        tls: [
            ca.to_owned(),
            config.text("mqtt.ssl_cert").to_owned(),
            config.text("mqtt.ssl_key").to_owned(),
        ],
    })
}

impl Mqtt {
    /// A setting of the struct that the firmware gives the library.
    pub fn offer(&mut self, key: String, value: Value) {
        self.offered.insert(key, value);
    }
}

impl Device {
    /// The library's settings.
    pub fn mqtt_config(&self) -> &Config {
        self.mqtt.own.as_ref().unwrap_or(&self.config)
    }

    /// `mgos_mqtt_set_config`: the settings offered are copied, unless they are those of the configuration itself, and the connection
    /// is closed. Nobody hears of that: the library goes on believing in it.
    pub fn mqtt_take_offer(&mut self, is_system: bool) -> bool {
        let offered = Config::of(std::mem::take(&mut self.mqtt.offered));
        let enabled = offered.flag("mqtt.enable");
        if enabled && offered.text("mqtt.server").is_empty() {
            log("error", "MQTT requires server name");
            return false;
        }
        self.mqtt.own = (!is_system || !enabled).then_some(offered);
        if let Some(connection) = self.mqtt.connection.take() {
            connection.abort();
            self.mqtt.forget_connection();
        }
        true
    }

    /// `mgos_mqtt_global_connect`.
    pub fn mqtt_connect(&mut self) -> bool {
        let config = self.mqtt_config();
        if !config.flag("mqtt.enable") {
            return false;
        }
        let Some(target) = target(config, self.config.text("device.id")) else {
            return false;
        };
        if self.mqtt.connection.is_some() {
            return true;
        }
        if self.mqtt.reconnect_ms < 0.0 {
            self.mqtt.reconnect_ms = 0.0;
        }
        if !self.network_is_up {
            self.mqtt_schedule_reconnect();
            return false;
        }
        self.mqtt.connections += 1;
        match self.mqtt.link.open(self.mqtt.connections, &target) {
            Ok(connection) => {
                self.mqtt.connection = Some(connection);
                true
            }
            Err(e) => {
                log("error", &format!("MQTT0 cannot connect: {e:#}"));
                self.mqtt_schedule_reconnect();
                false
            }
        }
    }

    /// `mgos_mqtt_global_disconnect`: no reconnect until [`Device::mqtt_connect`], and that does nothing before the
    /// connection has closed, which is at the next poll or, in a handshake that hangs, never.
    pub fn mqtt_disconnect(&mut self) {
        self.mqtt.reconnect_ms = -1.0;
        self.mqtt.ends_when_sent = self.mqtt.connection.is_some();
    }

    /// One turn of the event loop: ends the connection if the firmware asked for it. `flags` are those that it set on the
    /// connection itself.
    pub fn mqtt_poll(&mut self, flags: u64) {
        const SEND_AND_CLOSE: u64 = 1 << 10;
        const CLOSE_IMMEDIATELY: u64 = 1 << 11;
        if self.mqtt.connection.is_none() {
            return;
        }
        if flags & CLOSE_IMMEDIATELY != 0 {
            if let Some(connection) = self.mqtt.connection.take() {
                connection.abort();
            }
            self.mqtt_closed("closed by the firmware");
            return;
        }
        self.mqtt.ends_when_sent |= flags & SEND_AND_CLOSE != 0;
        // Which part of the handshake hangs is not known here; over TLS it is taken to be the worse one.
        let may_hang = !self.mqtt.is_connected
            && (self.mqtt.link.is_silent()
                || !self.mqtt_config().text("mqtt.ssl_ca_cert").is_empty());
        if self.mqtt.ends_when_sent && !may_hang {
            if let Some(connection) = self.mqtt.connection.take() {
                connection.disconnect();
            }
            self.mqtt_closed("disconnected by the firmware");
        }
    }

    /// The network gave an address.
    pub fn mqtt_network_up(&mut self) {
        if self.mqtt.reconnect_ms >= 0.0 {
            self.mqtt_connect();
        }
    }

    /// The network is gone.
    pub fn mqtt_network_down(&mut self) {
        if let Some(connection) = self.mqtt.connection.take() {
            connection.freeze();
            self.mqtt_closed("network down");
        }
    }

    /// The reconnect timer ran out.
    pub fn mqtt_reconnect_due(&mut self) {
        self.mqtt.reconnect_timer = 0;
        self.mqtt_connect();
    }

    pub(super) fn mqtt_schedule_reconnect(&mut self) {
        let config = self.mqtt_config();
        let most_ms = config.double("mqtt.reconnect_timeout_max") * 1000.0;
        let least_ms = config.double("mqtt.reconnect_timeout_min") * 1000.0;
        let mqtt = &mut self.mqtt;
        if mqtt.reconnect_ms < 0.0 {
            return;
        }
        let last_ms = if mqtt.reconnect_ms == 0.0 {
            1000.0
        } else {
            mqtt.reconnect_ms
        };
        mqtt.reconnect_ms = (last_ms * 2.0).max(least_ms).min(most_ms);
        let (timer, wait_ms) = (mqtt.reconnect_timer, mqtt.reconnect_ms);
        self.timers.stop(timer);
        let fuzz = 0.9 + 0.2 * (self.clock.uptime_s() * 1e6 % 1000.0) / 1000.0;
        let after = Duration::from_secs_f64(wait_ms * fuzz / 1000.0);
        self.mqtt.reconnect_timer = self.start_timer(after, None, Task::Reconnect);
    }
}
