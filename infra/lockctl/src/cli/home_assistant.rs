//! The options of `home-assistant`.

use std::path::PathBuf;

use clap::Args;
use lock_core::name::LockName;

/// Options of `home-assistant`.
#[derive(Debug, Args)]
pub struct HomeAssistantArgs {
    /// Thing names of the doors that Home Assistant shows: all of them, each time. [default: those
    /// of the last run]
    pub locks: Vec<LockName>,
    /// Take a door out of Home Assistant; the others stay. Repeatable.
    #[arg(long = "remove", value_name = "LOCK", conflicts_with = "locks")]
    pub removed: Vec<LockName>,
    /// A door that Home Assistant may lock and never unlock; it stays so at later runs. Repeatable.
    #[arg(long, value_name = "LOCK")]
    pub lock_only: Vec<LockName>,
    /// End --lock-only for a door. Repeatable.
    #[arg(long, value_name = "LOCK")]
    pub may_unlock: Vec<LockName>,
    /// Thing name of the bridge. Two houses have two bridges.
    #[arg(long, value_name = "NAME", default_value = "home-assistant")]
    pub bridge: LockName,
    /// Publish the discovery messages on this MQTT broker, the one that Home Assistant uses. Port
    /// 1883 by default. Without it, `publish.sh` in the folder does it.
    #[arg(long, value_name = "HOST[:PORT]")]
    pub mqtt: Option<String>,
    /// Your user name on that broker. Its password is read from
    /// `LOCKCTL_MQTT_PASSWORD`.
    #[arg(long, value_name = "NAME", requires = "mqtt")]
    pub mqtt_user: Option<String>,
    /// Home Assistant's discovery prefix.
    #[arg(
        long,
        value_name = "TOPIC",
        default_value = "homeassistant",
        value_parser = read_prefix
    )]
    pub prefix: String,
    /// Print the calls, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Folder of the devices' folders, each with a private key.
    #[arg(long, value_name = "DIR", default_value = "devices")]
    pub devices: PathBuf,
}

/// Reads a discovery prefix: a topic that a shell and a configuration take as it is.
fn read_prefix(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-');
    if text.is_empty() || !text.chars().all(fits) {
        return Err("wanted letters, digits, '/', '_' or '-'".to_owned());
    }
    Ok(text.to_owned())
}
