//! Sending announcements to a topic of SNS. Must not know: why something is announced.

use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use lock_core::announce::Announcement;
use lock_core::event::Subject;

use crate::error::CallError;

/// Sends announcements to one topic.
#[derive(Debug, Clone)]
pub struct Notifier {
    client: Client,
    topic_arn: String,
}

/// An announcement that was not sent.
#[derive(Debug, thiserror::Error)]
#[error("send {code} of {name} to {topic_arn}")]
pub struct NotifyError {
    /// The announcement's code.
    pub code: &'static str,
    /// The lock or button whose history has the event.
    pub name: String,
    /// The topic.
    pub topic_arn: String,
    /// Why it was not sent.
    pub source: CallError,
}

impl Notifier {
    pub(crate) fn over(client: Client, topic_arn: &str) -> Self {
        Self {
            client,
            topic_arn: topic_arn.to_owned(),
        }
    }

    /// Sends an announcement about `subject`, at least once. The message attributes `code`, and
    /// `lock` or `button`, are for a subscription's filter.
    ///
    /// # Errors
    ///
    /// [`NotifyError`] if the topic does not take it.
    pub async fn send(
        &self,
        subject: &Subject,
        announcement: &Announcement,
    ) -> Result<(), NotifyError> {
        let kind = match subject {
            Subject::Lock(_) => "lock",
            Subject::Button(_) => "button",
        };
        let call = self
            .client
            .publish()
            .topic_arn(&self.topic_arn)
            .subject(&announcement.subject)
            .message(&announcement.text)
            .message_attributes("code", text(announcement.code))
            .message_attributes(kind, text(subject.name()));
        let sent = call.send().await;
        sent.map(drop).map_err(|error| NotifyError {
            code: announcement.code,
            name: subject.name().to_owned(),
            topic_arn: self.topic_arn.clone(),
            source: CallError::of(&error),
        })
    }
}

fn text(value: &str) -> MessageAttributeValue {
    let value = MessageAttributeValue::builder()
        .data_type("String")
        .string_value(value);
    value.build().expect("a data type is given")
}
