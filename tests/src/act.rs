//! What comes from outside the stack: the message of a button, another program's command.
//!
//! Must not know: what the stack makes of it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use aws_sdk_iotdataplane::primitives::Blob;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::World;

/// The button whose message it is.
const BUTTON: &str = "button-1";

impl World {
    /// Sends the message of a press of button-1, which must not run here, on a connection of its
    /// own.
    pub async fn send_press(&self, click: &str, sequence: u64) -> Result<()> {
        let payload = json!({ "serialNumber": BUTTON, "clickType": click,
            "batteryVoltage": "3000mV", "sequence": sequence });
        let mut button = self.client(BUTTON).await?;
        let topic = format!("iotbutton/{BUTTON}");
        button.publish(&topic, &payload.to_string()).await
    }

    /// Asks the console's server to do something. Returns the status, and the answer; what is not
    /// JSON is a string.
    pub async fn ask_console(&self, path: &str, body: &Value) -> Result<(StatusCode, Value)> {
        let url = format!("{}/api/{path}", self.at("console"));
        let answer = reqwest::Client::new().post(url).json(body).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(json!(text))))
    }

    /// Another program locks a lock, with a version of its own clock, which is ahead. Returns that
    /// version.
    pub async fn lock_by_another(&self, lock: &str, ahead: Duration) -> Result<u64> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let version = u64::try_from((now + ahead).as_millis())?;
        let command = json!({ "v": 1, "action": "lock", "version": version,
            "commandId": "of-another-program", "issuedAt": now.as_secs() });
        let publish = self.iot_data().publish().qos(1);
        let publish = publish.topic(format!("remote-lock/{lock}"));
        let publish = publish.payload(Blob::new(command.to_string()));
        publish.send().await.context("publish the command")?;
        Ok(version)
    }
}
