//! Publishing over the IoT data plane, and reading shadows. Must not decide what is worth publishing.

use aws_sdk_iotdataplane::Client;
use aws_sdk_iotdataplane::primitives::Blob;
use lock_core::decide::{Life, Publish};
use lock_core::name::{ButtonSerial, LockName};
use lock_core::time::UnixMillis;
use serde_json::Value;

use crate::clock::Clock;
use crate::error::CallError;

/// Wait before the second attempt of a publish; it doubles up to [`RETRY_WAIT_MAX_MS`]. *Units*: ms.
const RETRY_WAIT_FIRST_MS: u64 = 50;
/// Longest wait between two attempts. *Units*: ms.
const RETRY_WAIT_MAX_MS: u64 = 1_000;

/// Publishes commands, requests and presses.
#[derive(Debug, Clone)]
pub struct Publisher {
    client: Client,
    clock: Clock,
}

/// Something that was not published or read. Names what, and holds the service's own error.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A command was committed, and could not be published within its life or the function's (C13).
    #[error("publish command {command_id} to {topic} in {attempts} attempts")]
    Command {
        /// The command.
        command_id: String,
        /// Where to.
        topic: String,
        /// How often it was tried.
        attempts: u32,
        /// The last attempt's error.
        source: CallError,
    },
    /// An unlock's life was over before it could be published: nothing must be sent any more.
    #[error("command {command_id} expired after {attempts} attempts to publish it")]
    Expired {
        /// The command.
        command_id: String,
        /// How often it was tried.
        attempts: u32,
    },
    /// Another message was not published.
    #[error("publish to {topic}")]
    Message {
        /// Where to.
        topic: String,
        /// The service's error.
        source: CallError,
    },
    /// A shadow was not read.
    #[error("read shadow of {thing}")]
    Shadow {
        /// Whose.
        thing: String,
        /// The service's error, or what is wrong with its answer.
        source: CallError,
    },
}

impl Publisher {
    /// A publisher over `client`.
    pub fn new(client: Client) -> Publisher {
        Publisher {
            client,
            clock: Clock::system(),
        }
    }

    /// The same, going by `clock`.
    pub(crate) fn going_by(self, clock: Clock) -> Publisher {
        Publisher { clock, ..self }
    }

    /// The SDK's client, for start-up.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Publishes a committed command: QoS 1, never retained, an unlock with the rest of its life as message expiry.
    /// Tries again until `deadline` or the command's end (C13). Answers the number of attempts.
    ///
    /// *Errors*: [`PublishError::Command`], [`PublishError::Expired`].
    pub async fn publish_command(
        &self,
        publish: &Publish,
        deadline: UnixMillis,
    ) -> Result<u32, PublishError> {
        let topic = publish.lock.command_topic();
        let command_id = || publish.command.command_id.to_string();
        let mut attempts = 0;
        let mut wait_ms = RETRY_WAIT_FIRST_MS;
        loop {
            let expiry_s = match publish.life(self.clock.now()) {
                Life::Over => {
                    return Err(PublishError::Expired {
                        command_id: command_id(),
                        attempts,
                    });
                }
                Life::Endless => None,
                Life::Seconds(seconds) => Some(i64::from(seconds)),
            };
            attempts += 1;
            let source = match self.send(&topic, publish.command.to_json(), expiry_s).await {
                Ok(()) => return Ok(attempts),
                Err(source) => source,
            };
            if self.clock.now().plus(wait_ms) >= deadline {
                return Err(PublishError::Command {
                    command_id: command_id(),
                    topic,
                    attempts,
                    source,
                });
            }
            tracing::warn!(topic, attempts, error = %source, "publish failed, trying again");
            self.clock.pass(wait_ms).await;
            wait_ms = (wait_ms * 2).min(RETRY_WAIT_MAX_MS);
        }
    }

    /// Publishes an operator's request to `remote-lock/<thing>/request`, QoS 1.
    /// *Shape* of `request`: `{"action":"unlock","requestId":"<uuid>","actor":"alice"}`.
    ///
    /// *Errors*: [`PublishError::Message`].
    pub async fn publish_request(
        &self,
        lock: &LockName,
        request: &Value,
    ) -> Result<(), PublishError> {
        self.publish(lock.request_topic(), request).await
    }

    /// Publishes a press to `iotbutton/<serial>`, QoS 1, as the button itself would.
    /// *Shape* of `press`: `{"serialNumber":"button-1","clickType":"SINGLE","batteryVoltage":"3000mV"}`.
    ///
    /// *Errors*: [`PublishError::Message`].
    pub async fn publish_press(
        &self,
        button: &ButtonSerial,
        press: &Value,
    ) -> Result<(), PublishError> {
        self.publish(button.press_topic(), press).await
    }

    /// The classic shadow of a thing, whole; none if it has none. *Shape*: `{"state":{"reported":{…}},"metadata":…,"version":17,"timestamp":…}`.
    ///
    /// *Errors*: [`PublishError::Shadow`].
    pub async fn get_shadow(&self, thing: &LockName) -> Result<Option<Value>, PublishError> {
        let failed = |source| PublishError::Shadow {
            thing: thing.to_string(),
            source,
        };
        let answer = self
            .client
            .get_thing_shadow()
            .thing_name(thing.as_str())
            .send()
            .await;
        let payload = match answer {
            Ok(shadow) => shadow.payload,
            // By the status, which every answer has: the error's name stands in a header that not every server sends.
            Err(error)
                if error
                    .raw_response()
                    .is_some_and(|raw| raw.status().as_u16() == 404) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(failed(CallError::of(&error))),
        };
        let payload = payload.map(Blob::into_inner).unwrap_or_default();
        serde_json::from_slice(&payload)
            .map(Some)
            .map_err(|error| failed(CallError::Unreadable(error.to_string())))
    }

    async fn publish(&self, topic: String, message: &Value) -> Result<(), PublishError> {
        let sent = self.send(&topic, message.to_string(), None).await;
        sent.map_err(|source| PublishError::Message { topic, source })
    }

    async fn send(
        &self,
        topic: &str,
        payload: String,
        expiry_s: Option<i64>,
    ) -> Result<(), CallError> {
        let call = self.client.publish().topic(topic).qos(1).retain(false);
        let call = call
            .set_message_expiry(expiry_s)
            .payload(Blob::new(payload));
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(CallError::of(&error)),
        }
    }
}
