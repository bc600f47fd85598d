//! SNS topics: who may publish, who is subscribed, and what was published.
//!
//! Nothing leaves this machine: a message for an e-mail address, a phone or a web server is shown
//! and not sent; a message for a queue is delivered. Must not know: publishers, contents.
//!
//! Source: SNS developer guide, "Publishing", "Example cases for Amazon SNS access control" and
//! "Fanout to Amazon SQS queues".

mod content;
mod envelope;
mod filter;
mod page;
mod policy;
mod service;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, RwLock};

use serde::Serialize;

use crate::account::Account;
use crate::clock::Clock;
use crate::event::{Delivery, EventBus, EventKind, Outcome};
use crate::queue::Queues;
use crate::sync::{lock, read, write};
pub use content::{Attribute, Content};
pub(crate) use page::router as page;
use policy::{Policies, SNS};
pub use policy::{Publisher, TopicError};
use sam_template::{Protocol, SnsTopic, Subscription, Template};
pub use service::{Sns, answer_forms};

/// Notifications kept, for all topics together.
const KEPT_MAX: usize = 1000;

/// A published message.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// The topic's name.
    pub topic: String,
    /// The subject, if there is one.
    pub subject: Option<String>,
    /// The message.
    pub message: String,
    /// Values of its attributes by name; a binary value is in base64.
    pub attributes: BTreeMap<String, String>,
    /// When it was published, milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// What happened to it, for each subscription of the topic.
    pub deliveries: Vec<Delivery>,
}

/// Why a message is not published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// There is no such topic.
    #[error("Topic does not exist")]
    NotFound,
    /// A policy refuses it; the text is AWS's.
    #[error("{0}")]
    Denied(String),
    /// The message breaks a rule of SNS; the text is AWS's.
    #[error("Invalid parameter: {0}")]
    Invalid(String),
}

/// What the template declares about topics.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    pub topics: Vec<SnsTopic>,
    pub subscriptions: Vec<Subscription>,
    policies: Policies,
}

impl Declared {
    /// Reads the topics, subscriptions and policies of a template.
    ///
    /// # Errors
    ///
    /// See [`TopicError`].
    pub fn read(template: &Template, account: &Account) -> Result<Self, TopicError> {
        Ok(Self {
            topics: template.topics.clone(),
            subscriptions: template.subscriptions.clone(),
            policies: Policies::read(template, account)?,
        })
    }

    fn topic(&self, arn: &str) -> Option<&SnsTopic> {
        self.topics.iter().find(|topic| topic.arn == arn)
    }

    /// The subscriptions of the topic with this ARN.
    pub fn subscriptions_of(&self, arn: &str) -> impl Iterator<Item = &Subscription> {
        self.subscriptions
            .iter()
            .filter(move |s| s.topic_arn == arn)
    }

    /// The text of the policy of the topic with this ARN.
    pub fn policy_of(&self, arn: &str) -> String {
        self.policies.text_of_topic(arn)
    }
}

/// All topics; clones share them.
#[derive(Debug, Clone)]
pub struct Topics {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    account: Account,
    declared: RwLock<Arc<Declared>>,
    /// Oldest first.
    published: Mutex<VecDeque<Notification>>,
    queues: Queues,
    events: EventBus,
    clock: Clock,
}

impl Topics {
    pub fn new(
        declared: Declared,
        account: Account,
        queues: Queues,
        events: EventBus,
        clock: Clock,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                account,
                declared: RwLock::new(Arc::new(declared)),
                published: Mutex::default(),
                queues,
                events,
                clock,
            }),
        }
    }

    /// Puts the topics of a changed template in force.
    pub fn replace(&self, declared: Declared) {
        *write(&self.inner.declared) = Arc::new(declared);
    }

    /// The topics, subscriptions and policies that are in force.
    pub fn declared(&self) -> Arc<Declared> {
        Arc::clone(&read(&self.inner.declared))
    }

    pub fn account(&self) -> &Account {
        &self.inner.account
    }

    /// Publishes a message to the topic with this ARN, and returns the message's id.
    ///
    /// # Errors
    ///
    /// See [`PublishError`]; nothing is delivered.
    pub fn publish(
        &self,
        arn: &str,
        content: Content,
        publisher: Publisher<'_>,
    ) -> Result<String, PublishError> {
        let declared = self.declared();
        let topic = declared.topic(arn).ok_or(PublishError::NotFound)?;
        let now_ms = self.inner.clock.now_ms();
        let checked = declared
            .policies
            .check_publish(arn, publisher, &self.inner.account, now_ms);
        checked.map_err(PublishError::Denied)?;
        content.check().map_err(PublishError::Invalid)?;
        let id = uuid::Uuid::new_v4().to_string();
        let deliveries = declared
            .subscriptions_of(arn)
            .map(|subscription| Delivery {
                protocol: subscription.protocol.name().to_owned(),
                endpoint: subscription.endpoint.clone(),
                outcome: self.deliver(&declared, subscription, &id, &content, now_ms),
            })
            .collect();
        let notification = Notification {
            topic: topic.name.clone(),
            attributes: content.attribute_values(),
            subject: content.subject,
            message: content.message,
            at_ms: now_ms,
            deliveries,
        };
        self.keep(notification);
        Ok(id)
    }

    fn deliver(
        &self,
        declared: &Declared,
        subscription: &Subscription,
        id: &str,
        content: &Content,
        now_ms: u64,
    ) -> Outcome {
        let filter = subscription.filter.as_ref();
        if filter.is_some_and(|filter| !filter::accepts(filter, &content.attributes)) {
            return Outcome::Filtered;
        }
        if subscription.protocol != Protocol::Sqs {
            return Outcome::Shown;
        }
        let (topic, queue) = (&subscription.topic_arn, &subscription.endpoint);
        let account = &self.inner.account;
        let body = if subscription.is_raw {
            content.message.clone()
        } else {
            envelope::envelope(topic, id, content, now_ms, &account.region)
        };
        let sent = declared
            .policies
            .check_send(queue, topic, account, now_ms)
            .and_then(|()| self.inner.queues.send(queue, body, SNS));
        match sent {
            Ok(_) => Outcome::Delivered,
            Err(error) => {
                tracing::warn!(topic, queue, error, "notification not delivered");
                Outcome::Failed(error)
            }
        }
    }

    fn keep(&self, notification: Notification) {
        self.inner.events.emit(EventKind::Notified {
            topic: notification.topic.clone(),
            subject: notification.subject.clone(),
            message: notification.message.clone(),
            attributes: notification.attributes.clone(),
            deliveries: notification.deliveries.clone(),
        });
        let mut published = lock(&self.inner.published);
        if published.len() == KEPT_MAX {
            published.pop_front();
        }
        published.push_back(notification);
    }

    /// The newest notifications of all topics, oldest first.
    pub fn notifications(&self) -> Vec<Notification> {
        lock(&self.inner.published).iter().cloned().collect()
    }

    /// The messages kept of the topic with this name, oldest first; `None` without such a topic.
    pub fn messages(&self, name: &str) -> Option<Vec<String>> {
        let declared = self.declared();
        declared.topics.iter().find(|topic| topic.name == name)?;
        let published = lock(&self.inner.published);
        let of_topic = published.iter().filter(|n| n.topic == name);
        Some(of_topic.map(|n| n.message.clone()).collect())
    }
}
