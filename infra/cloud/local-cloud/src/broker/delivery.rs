//! A message for one client, and its outcome.

use std::sync::Arc;

use mqtt_protocol_core::mqtt::packet::Qos;
use tokio::sync::mpsc;

use super::message::Message;

#[derive(Debug, Clone)]
pub struct Delivery {
    pub message: Arc<Message>,
    /// The lower of the message's QoS and the subscription's.
    pub qos: Qos,
    /// Whether it is a retained message that is sent because the client has just subscribed.
    pub retain: bool,
    /// Filter of the shared subscription that this client received it for.
    pub shared_filter: Option<Arc<str>>,
    /// Receives the outcome. A message with a receipt is dropped when the connection ends.
    pub receipt: Option<mpsc::UnboundedSender<Receipt>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// It was written to the connection.
    Sent,
    Acknowledged,
    /// The client's policies do not allow the topic, or the packet is too large for the client.
    Skipped,
}

impl Delivery {
    /// `message` at `qos`, or at its own if that is lower.
    pub fn new(message: Arc<Message>, qos: Qos) -> Self {
        let qos = match (message.qos, qos) {
            (Qos::AtLeastOnce, Qos::AtLeastOnce) => Qos::AtLeastOnce,
            _ => Qos::AtMostOnce,
        };
        Self {
            message,
            qos,
            retain: false,
            shared_filter: None,
            receipt: None,
        }
    }

    /// Reports the outcome, if the sender wants it and still waits.
    pub fn report(&self, receipt: Receipt) {
        if let Some(sender) = &self.receipt {
            let _ = sender.send(receipt);
        }
    }
}
