//! Publishing over the `IoT` data plane, and reading shadows.
//! Must not know: why a message is published.

use aws_sdk_iotdataplane::Client;
use aws_sdk_iotdataplane::config::http::HttpResponse;
use aws_sdk_iotdataplane::error::SdkError;
use aws_sdk_iotdataplane::primitives::Blob;
use lock_core::decide::{Life, Publish};
use lock_core::name::LockName;
use lock_core::time::UnixMillis;
use serde_json::Value;

use crate::clock::Clock;
use crate::error::CallError;

/// Wait before the second attempt to publish, in ms. Doubles up to [`RETRY_WAIT_MAX_MS`].
const RETRY_WAIT_FIRST_MS: u64 = 50;
/// Longest wait between two attempts, in ms.
const RETRY_WAIT_MAX_MS: u64 = 1_000;
/// Attempts to publish a message for readers.
const TELL_ATTEMPTS_MAX: u32 = 3;

/// Publishes commands, requests, presses, and messages for readers.
#[derive(Debug, Clone)]
pub struct Publisher {
    client: Client,
    clock: Clock,
}

/// Whether the broker keeps a message for those who subscribe later (`RETAIN`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It does, until the next one on the topic.
    Yes,
    /// It does not.
    No,
}

/// A message that was not published, or a shadow that was not read.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A committed command was not published within its life or the function's time (C13).
    #[error("publish command {command_id} to {topic} in {attempts} attempts")]
    Command {
        /// The command's id.
        command_id: String,
        /// The topic that was tried.
        topic: String,
        /// Number of attempts.
        attempts: u32,
        /// The last attempt's error.
        source: CallError,
    },
    /// An unlock expired before it could be published, and must no longer be sent.
    #[error("command {command_id} expired after {attempts} attempts to publish it")]
    Expired {
        /// The command's id.
        command_id: String,
        /// Number of attempts.
        attempts: u32,
    },
    /// An operator's message was not published.
    #[error("publish to {topic}")]
    Message {
        /// The topic that was tried.
        topic: String,
        /// The service's error.
        source: CallError,
    },
    /// A kept message was not read.
    #[error("read the message kept on {topic}")]
    Kept {
        /// The topic.
        topic: String,
        /// The service's error, or the error of its answer.
        source: CallError,
    },
    /// The shadow of a thing was not read.
    #[error("read shadow of {thing}")]
    Shadow {
        /// The thing's name.
        thing: String,
        /// The service's error, or the error of its answer.
        source: CallError,
    },
}

impl Publisher {
    /// A publisher over `client`.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            clock: Clock::system(),
        }
    }

    /// The same publisher with another clock.
    pub(crate) fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Publishes a committed command: QoS 1, never retained, an unlock with the rest of its life as
    /// message expiry. Retries until `deadline` or the end of the command's life (C13). Returns the
    /// number of attempts.
    pub(crate) async fn publish_command(
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
            let source = match self
                .send(&topic, publish.command.to_json(), expiry_s, Kept::No)
                .await
            {
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
            self.clock.wait(wait_ms).await;
            wait_ms = (wait_ms * 2).min(RETRY_WAIT_MAX_MS);
        }
    }

    /// Publishes an operator's request, or a press as the button itself would, once at QoS 1.
    /// Shapes: `{"action":"unlock","requestId":"<uuid>","actor":"alice"}`,
    /// `{"serialNumber":"button-1","clickType":"SINGLE","batteryVoltage":"3000mV"}`.
    ///
    /// # Errors
    ///
    /// [`PublishError::Message`] if the attempt fails.
    pub async fn publish(&self, topic: String, message: &Value) -> Result<(), PublishError> {
        let sent = self.send(&topic, message.to_string(), None, Kept::No);
        let sent = sent.await;
        sent.map_err(|source| PublishError::Message { topic, source })
    }

    /// Publishes a message for readers at `QoS` 1, in a few attempts. One that is [kept](Kept::Yes)
    /// is what a later subscription to exactly this topic gets first; an empty one removes it.
    ///
    /// # Errors
    ///
    /// [`PublishError::Message`] if every attempt fails.
    pub async fn tell(&self, topic: String, text: &str, kept: Kept) -> Result<(), PublishError> {
        let mut attempts = 1;
        let mut wait_ms = RETRY_WAIT_FIRST_MS;
        loop {
            let sent = self.send(&topic, text.to_owned(), None, kept).await;
            match sent {
                Ok(()) => return Ok(()),
                Err(source) if attempts == TELL_ATTEMPTS_MAX => {
                    return Err(PublishError::Message { topic, source });
                }
                Err(_) => {}
            }
            self.clock.wait(wait_ms).await;
            attempts += 1;
            wait_ms *= 2;
        }
    }

    /// The message for readers that the broker keeps on a topic, if it keeps one.
    ///
    /// # Errors
    ///
    /// [`PublishError::Kept`] if the call fails or the message is not a text.
    pub async fn read_kept(&self, topic: &str) -> Result<Option<String>, PublishError> {
        let failed = |source| PublishError::Kept {
            topic: topic.to_owned(),
            source,
        };
        let answer = self.client.get_retained_message().topic(topic).send().await;
        let payload = match answer {
            Ok(kept) => kept.payload.map(Blob::into_inner).unwrap_or_default(),
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(failed(CallError::of(&error))),
        };
        let text = String::from_utf8(payload);
        text.map(Some)
            .map_err(|error| failed(CallError::Unreadable(error.to_string())))
    }

    /// The classic shadow document of a thing, if it has one. Shape:
    /// `{"state":{"reported":{…}},"metadata":…,"version":17,"timestamp":…}`.
    ///
    /// # Errors
    ///
    /// [`PublishError::Shadow`] if the call fails or the answer is not JSON.
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
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(failed(CallError::of(&error))),
        };
        let payload = payload.map(Blob::into_inner).unwrap_or_default();
        serde_json::from_slice(&payload)
            .map(Some)
            .map_err(|error| failed(CallError::Unreadable(error.to_string())))
    }

    async fn send(
        &self,
        topic: &str,
        payload: String,
        expiry_s: Option<i64>,
        kept: Kept,
    ) -> Result<(), CallError> {
        let call = self.client.publish().topic(topic).qos(1);
        let call = call.retain(kept == Kept::Yes);
        let call = call.set_message_expiry(expiry_s);
        let sent = call.payload(Blob::new(payload)).send().await;
        sent.map(drop).map_err(|error| CallError::of(&error))
    }
}

/// Whether the service says that there is no such thing. By status: the error's name is in a header
/// that not every server sends.
fn is_absent<E>(error: &SdkError<E, HttpResponse>) -> bool {
    let status = error.raw_response().map(|raw| raw.status().as_u16());
    status == Some(404)
}
