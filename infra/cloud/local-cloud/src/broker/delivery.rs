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
    /// Set only if a retained message answers a subscription.
    pub retain: bool,
    /// The shared filter, if this client received it as a member of a group.
    pub shared_filter: Option<Arc<str>>,
    /// Reports the outcome. Such a message is for this connection only, not for the session.
    pub receipt: Option<mpsc::UnboundedSender<Receipt>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// It was written to the connection.
    Sent,
    Acknowledged,
    /// The client's policies do not allow the topic, or the packet is too large for the client.
    LeftOut,
}

impl Delivery {
    /// `message` at `qos`, or at its own if that is lower.
    pub fn new(message: Arc<Message>, qos: Qos) -> Self {
        let is_both = message.qos == Qos::AtLeastOnce && qos == Qos::AtLeastOnce;
        Self {
            message,
            qos: if is_both {
                Qos::AtLeastOnce
            } else {
                Qos::AtMostOnce
            },
            retain: false,
            shared_filter: None,
            receipt: None,
        }
    }

    /// Reports the outcome to the sender, if it asked for it and still waits.
    pub fn report(&self, receipt: Receipt) {
        if let Some(sender) = &self.receipt {
            let _ = sender.send(receipt);
        }
    }
}
