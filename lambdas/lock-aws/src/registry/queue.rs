//! The queues of a stack: how much is in them, reading a message, sending it elsewhere.

use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use lock_core::time::UnixMillis;

use super::{Registry, RegistryError};

/// Most messages that SQS gives in one answer.
const BATCH: i32 = 10;

/// How many messages a queue has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// Messages that wait.
    pub waiting: u64,
    /// Messages that somebody has received and not deleted yet.
    pub in_flight: u64,
}

/// A message that was received. It stays in the queue until it is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedMessage {
    /// Its id.
    pub id: String,
    /// Its text.
    pub body: String,
    /// When it was sent, if known.
    pub sent_at: Option<UnixMillis>,
    /// What deletes it.
    receipt: String,
}

impl Depth {
    /// All messages.
    pub fn total(self) -> u64 {
        self.waiting + self.in_flight
    }
}

impl Registry {
    /// How many messages a queue has, approximately.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if the call fails.
    pub async fn measure_queue(&self, url: &str) -> Result<Depth, RegistryError> {
        use QueueAttributeName::{
            ApproximateNumberOfMessages as Waiting,
            ApproximateNumberOfMessagesNotVisible as InFlight,
        };
        let call = self.clients.sqs.get_queue_attributes().queue_url(url);
        let call = call.attribute_names(Waiting).attribute_names(InFlight);
        let found = call.send().await;
        let found = found.map_err(|error| failed("GetQueueAttributes", url, &error))?;
        let count = |name| {
            let text = found.attributes().and_then(|all| all.get(&name));
            text.and_then(|text| text.parse().ok()).unwrap_or_default()
        };
        Ok(Depth {
            waiting: count(Waiting),
            in_flight: count(InFlight),
        })
    }

    /// Up to ten messages of a queue. Nobody else receives them for `hidden_s` seconds.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if the call fails.
    pub async fn receive(
        &self,
        url: &str,
        hidden_s: i32,
    ) -> Result<Vec<QueuedMessage>, RegistryError> {
        let call = self.clients.sqs.receive_message().queue_url(url);
        let call = call
            .max_number_of_messages(BATCH)
            .visibility_timeout(hidden_s)
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp);
        let found = call.send().await;
        let found = found.map_err(|error| failed("ReceiveMessage", url, &error))?;
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let read = found.messages().iter().map(|message| {
            let all = message.attributes();
            let sent = all.and_then(|all| all.get(&MessageSystemAttributeName::SentTimestamp));
            QueuedMessage {
                id: text(message.message_id()),
                body: text(message.body()),
                sent_at: sent.and_then(|at| at.parse().ok()).map(UnixMillis),
                receipt: text(message.receipt_handle()),
            }
        });
        Ok(read.collect())
    }

    /// Sends a message from one queue to another, then deletes it from the first. If that fails,
    /// the message is in both.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if a call fails.
    pub async fn move_message(
        &self,
        message: &QueuedMessage,
        from: &str,
        to: &str,
    ) -> Result<(), RegistryError> {
        let sqs = &self.clients.sqs;
        let send = sqs.send_message().queue_url(to).message_body(&message.body);
        let sent = send.send().await;
        sent.map_err(|error| failed("SendMessage", to, &error))?;
        let delete = sqs.delete_message().queue_url(from);
        let deleted = delete.receipt_handle(&message.receipt).send().await;
        deleted
            .map(drop)
            .map_err(|error| failed("DeleteMessage", from, &error))
    }
}

fn failed<E>(
    operation: &str,
    url: &str,
    error: &aws_smithy_runtime_api::client::result::SdkError<
        E,
        aws_smithy_runtime_api::client::orchestrator::HttpResponse,
    >,
) -> RegistryError
where
    E: aws_smithy_types::error::metadata::ProvideErrorMetadata + std::error::Error + 'static,
{
    let queue = url.rsplit('/').next().unwrap_or_default();
    RegistryError::of(format!("sqs:{operation} {queue}"), error)
}
