//! SQS's JSON API, as far as a person or a tool needs it to inspect, fill and empty a queue.
//!
//! It is served at the control plane's address (`AWS_ENDPOINT_URL_SQS`). Must not know: other
//! readers of the queues. Source: SQS API reference.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::post;
use serde_json::{Map, Value, json};

use super::{Queues, Want, attributes, md5_of};
use crate::answer::{aws_json, aws_json_error};
use crate::caller::Caller;
use sam_template::Queue;

const TARGET: &str = "AmazonSQS.";
/// Longest that `ReceiveMessage` waits.
const WAIT_S_MAX: u64 = 20;
/// Longest visibility timeout, seconds.
const VISIBILITY_S_MAX: u64 = 43_200;

/// A refusal: SQS's name for it, and the message.
struct Refusal(&'static str, String);

type Answer = Result<Value, Refusal>;

/// The route. A middleware must add the [`Caller`] to the request's extensions.
pub fn router(queues: Queues) -> Router {
    Router::new().route("/", post(call)).with_state(queues)
}

async fn call(
    State(queues): State<Queues>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = headers.get("x-amz-target").and_then(|t| t.to_str().ok());
    let operation = target.and_then(|target| target.strip_prefix(TARGET));
    let answer = match serde_json::from_slice::<Map<String, Value>>(&body) {
        Ok(input) => {
            let request = Request { queues, input };
            request.answer(operation.unwrap_or_default(), &caller).await
        }
        Err(error) => Err(Refusal("InvalidParameterValue", error.to_string())),
    };
    answer.map_or_else(Refusal::into_response, |body| {
        aws_json(StatusCode::OK, &body)
    })
}

struct Request {
    queues: Queues,
    input: Map<String, Value>,
}

impl Request {
    async fn answer(mut self, operation: &str, caller: &Caller) -> Answer {
        match operation {
            "SendMessage" => self.send(caller),
            "ReceiveMessage" => self.receive().await,
            "DeleteMessage" => self.delete(),
            "GetQueueAttributes" => self.attributes(),
            "GetQueueUrl" => {
                let name = self.text("QueueName")?;
                let queue = self.named(&name)?;
                Ok(json!({ "QueueUrl": queue.url }))
            }
            "ListQueues" => {
                let prefix = self.input.remove("QueueNamePrefix");
                let prefix = prefix.as_ref().and_then(Value::as_str).unwrap_or_default();
                let queues = self.queues.all().iter();
                let found = queues.filter(|queue| queue.name.starts_with(prefix));
                Ok(json!({ "QueueUrls": found.map(|q| &q.url).collect::<Vec<_>>() }))
            }
            other => {
                let message = format!("{other} is not part of the local cloud");
                Err(Refusal("UnsupportedOperation", message))
            }
        }
    }

    /// Refuses parameters that were not used, before anything is done.
    fn finish(&self) -> Result<(), Refusal> {
        match self.input.keys().next() {
            None => Ok(()),
            Some(stray) => {
                let message = format!("{stray} is not part of the local cloud: leave it out");
                Err(Refusal("InvalidParameterValue", message))
            }
        }
    }

    fn send(&mut self, caller: &Caller) -> Answer {
        let queue = self.queue()?;
        let body = self.text("MessageBody")?;
        self.finish()?;
        let md5 = md5_of(&body);
        let id = self.queues.send(&queue.arn, body, &caller.principal);
        let id = id.map_err(|problem| Refusal("InvalidParameterValue", problem))?;
        Ok(json!({ "MessageId": id, "MD5OfMessageBody": md5 }))
    }

    async fn receive(&mut self) -> Answer {
        let queue = self.queue()?;
        let most = self.number("MaxNumberOfMessages", 1, 10)?.unwrap_or(1);
        let visibility = self.number("VisibilityTimeout", 0, VISIBILITY_S_MAX)?;
        let wait = self.number("WaitTimeSeconds", 0, WAIT_S_MAX)?.unwrap_or(0);
        // Every attribute is returned, whichever are requested.
        for names in ["AttributeNames", "MessageSystemAttributeNames"] {
            self.input.remove(names);
        }
        self.input.remove("MessageAttributeNames");
        self.finish()?;
        let want = Want {
            messages: usize::try_from(most).unwrap_or(1),
            bytes: usize::MAX,
            visibility: visibility.map(Duration::from_secs),
            holds: false,
        };
        let waited = self.queues.wait(&queue, want);
        let received = match wait {
            0 => self.queues.receive(&queue, want),
            wait => tokio::time::timeout(Duration::from_secs(wait), waited)
                .await
                .unwrap_or_default(),
        };
        if received.is_empty() {
            return Ok(json!({}));
        }
        let messages = received.iter().map(|delivery| {
            json!({
                "MessageId": delivery.message.id,
                "ReceiptHandle": delivery.receipt,
                "MD5OfBody": md5_of(&delivery.message.body),
                "Body": delivery.message.body,
                "Attributes": attributes(&delivery.message),
            })
        });
        Ok(json!({ "Messages": messages.collect::<Vec<_>>() }))
    }

    fn delete(&mut self) -> Answer {
        let queue = self.queue()?;
        let receipt = self.text("ReceiptHandle")?;
        self.finish()?;
        self.queues.delete(&queue, &receipt);
        Ok(json!({}))
    }

    fn attributes(&mut self) -> Answer {
        let queue = self.queue()?;
        self.input.remove("AttributeNames");
        self.finish()?;
        let depth = self.queues.depth(&queue.arn).unwrap_or_default();
        let mut attributes = json!({
            "QueueArn": queue.arn,
            "ApproximateNumberOfMessages": depth.visible.to_string(),
            "ApproximateNumberOfMessagesNotVisible": depth.in_flight.to_string(),
            "ApproximateNumberOfMessagesDelayed": depth.delayed.to_string(),
            "VisibilityTimeout": queue.visibility_s.to_string(),
            "DelaySeconds": queue.delay_s.to_string(),
            "MessageRetentionPeriod": queue.retention_s.to_string(),
            "MaximumMessageSize": queue.message_bytes_max.to_string(),
        });
        if let Some(redrive) = &queue.redrive {
            let policy = json!({
                "deadLetterTargetArn": redrive.target_arn,
                "maxReceiveCount": redrive.receives_max,
            });
            attributes["RedrivePolicy"] = policy.to_string().into();
        }
        Ok(json!({ "Attributes": attributes }))
    }

    /// The queue that the request names by its URL; only the last part of the URL counts.
    fn queue(&mut self) -> Result<Queue, Refusal> {
        let url = self.text("QueueUrl")?;
        self.named(url.rsplit('/').next().unwrap_or_default())
    }

    fn named(&self, name: &str) -> Result<Queue, Refusal> {
        let queue = self.queues.declared(name).cloned();
        let message = "The specified queue does not exist.";
        queue.ok_or_else(|| Refusal("QueueDoesNotExist", message.to_owned()))
    }

    fn text(&mut self, name: &str) -> Result<String, Refusal> {
        match self.input.remove(name) {
            Some(Value::String(text)) => Ok(text),
            _ => {
                let message = format!("The request must contain the parameter {name}.");
                Err(Refusal("MissingParameter", message))
            }
        }
    }

    fn number(&mut self, name: &str, least: u64, most: u64) -> Result<Option<u64>, Refusal> {
        let Some(value) = self.input.remove(name) else {
            return Ok(None);
        };
        match value.as_u64().filter(|n| (least..=most).contains(n)) {
            Some(number) => Ok(Some(number)),
            None => {
                let message = format!(
                    "Value {value} for parameter {name} is invalid. \
                     Reason: Must be between {least} and {most}, if provided."
                );
                Err(Refusal("InvalidParameterValue", message))
            }
        }
    }
}

impl Refusal {
    fn into_response(self) -> Response {
        let Self(kind, message) = self;
        aws_json_error(&format!("com.amazonaws.sqs#{kind}"), "message", &message)
    }
}
