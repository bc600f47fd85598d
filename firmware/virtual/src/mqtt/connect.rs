//! What the settings say about where, as whom and how often to connect.
//!
//! Must not know: whether there is a connection.

use std::time::Duration;

use crate::config::Config;
use crate::link::Target;

/// Where to connect, as `device_id` unless the settings name a client; none without a server.
pub fn target(config: &Config, device_id: &str) -> Option<Target> {
    let text = |key| config.text(key).to_owned();
    let server = config.text("mqtt.server");
    let ca = text("mqtt.ssl_ca_cert");
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
        tls: [ca, text("mqtt.ssl_cert"), text("mqtt.ssl_key")],
    })
}

/// The delay before the next attempt: twice the last one within the bounds of the settings, from
/// two seconds on if `last_ms` is 0.
pub fn reconnect_delay_ms(config: &Config, last_ms: f64) -> f64 {
    let most_ms = config.double("mqtt.reconnect_timeout_max") * 1000.0;
    let least_ms = config.double("mqtt.reconnect_timeout_min") * 1000.0;
    let last_ms = if last_ms == 0.0 { 1000.0 } else { last_ms };
    (last_ms * 2.0).max(least_ms).min(most_ms)
}
