//! SNS's Query API, as far as functions and tools need it: publishing, and reading topics.
//!
//! It is served at the control plane's address (`AWS_ENDPOINT_URL_SNS`), where SQS is too: a
//! request of SNS is a form. Source: SNS API reference.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::Response;

use super::{Attribute, Content, PublishError, Publisher, Topics};
use crate::answer::{Element, SNS, is_form, xml_answer, xml_error};
use crate::caller::Caller;
use crate::form::read_form;
use crate::iam::{Iam, Need};
use sam_template::{Protocol, SnsTopic, Subscription};

/// Largest body: a message of 256 KB, each byte of it written as `%XX`, and room for the rest.
const BODY_BYTES_MAX: usize = 1 << 20;

/// A refusal: status, SNS's name for it, and the message.
struct Refusal(u16, &'static str, String);

/// What the service needs.
#[derive(Debug, Clone)]
pub struct Sns {
    pub topics: Topics,
    pub iam: Iam,
}

/// Answers forms, and passes any other request on to `router`. A middleware must add the
/// [`Caller`] to the request's extensions.
pub fn answer_forms(router: Router, sns: Sns) -> Router {
    router.layer(middleware::from_fn_with_state(sns, split))
}

async fn split(State(sns): State<Sns>, request: Request, next: Next) -> Response {
    if !is_form(request.headers()) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_BYTES_MAX).await;
    match (parts.extensions.get::<Caller>(), body) {
        (Some(caller), Ok(body)) => sns.answer(caller, &body),
        (Some(_), Err(_)) => {
            let message = "Invalid parameter: Message too long";
            Refusal(400, "InvalidParameter", message.to_owned()).into_response()
        }
        (None, _) => {
            let message = "The security token included in the request is invalid.";
            Refusal(403, "InvalidClientTokenId", message.to_owned()).into_response()
        }
    }
}

impl Sns {
    fn answer(&self, caller: &Caller, body: &Bytes) -> Response {
        let mut form = read_form(body);
        form.remove("Version");
        let action = form.remove("Action").unwrap_or_default();
        let mut call = Call {
            sns: self,
            caller,
            form,
        };
        let result = match action.as_str() {
            "Publish" => call.publish(),
            "ListTopics" => call.list_topics(),
            "GetTopicAttributes" => call.attributes(),
            "ListSubscriptionsByTopic" => call.list_subscriptions(),
            other => {
                let message = format!("{other} is not part of the local cloud");
                Err(Refusal(400, "InvalidAction", message))
            }
        };
        match result {
            Ok(elements) => xml_answer(SNS, &action, &elements),
            Err(refusal) => refusal.into_response(),
        }
    }
}

struct Call<'a> {
    sns: &'a Sns,
    caller: &'a Caller,
    form: BTreeMap<String, String>,
}

type Result<T> = std::result::Result<T, Refusal>;

impl Call<'_> {
    fn publish(&mut self) -> Result<Vec<Element>> {
        let arn = match self.form.remove("TargetArn") {
            Some(arn) => arn,
            None => self.need("TopicArn")?,
        };
        self.check_right("sns:Publish", &arn)?;
        let content = Content {
            message: self.need("Message")?,
            subject: self.form.remove("Subject"),
            attributes: self.take_attributes()?,
        };
        self.finish()?;
        let publisher = Publisher::Identity {
            arn: &self.caller.arn,
        };
        let id = self.sns.topics.publish(&arn, content, publisher)?;
        Ok(vec![Element::text("MessageId", id)])
    }

    /// `MessageAttributes.entry.N.Name`, `.Value.DataType`, `.Value.StringValue` or
    /// `.Value.BinaryValue`.
    fn take_attributes(&mut self) -> Result<BTreeMap<String, Attribute>> {
        let mut attributes = BTreeMap::new();
        for number in 1.. {
            let entry = format!("MessageAttributes.entry.{number}");
            let Some(name) = self.form.remove(&format!("{entry}.Name")) else {
                break;
            };
            let data_type = self.form.remove(&format!("{entry}.Value.DataType"));
            let text = self.form.remove(&format!("{entry}.Value.StringValue"));
            let binary = self.form.remove(&format!("{entry}.Value.BinaryValue"));
            let attribute = Attribute {
                data_type: data_type.unwrap_or_default(),
                value: text.or(binary).unwrap_or_default(),
            };
            if attributes.insert(name.clone(), attribute).is_some() {
                return Err(invalid(&format!("the attribute {name} is given twice")));
            }
        }
        Ok(attributes)
    }

    fn list_topics(&mut self) -> Result<Vec<Element>> {
        self.check_right("sns:ListTopics", "*")?;
        self.finish()?;
        let declared = self.sns.topics.declared();
        let topics = declared.topics.iter();
        let members = topics
            .map(|topic| {
                let arn = Element::text("TopicArn", topic.arn.clone());
                Element::list("member", vec![arn])
            })
            .collect();
        Ok(vec![Element::list("Topics", members)])
    }

    fn attributes(&mut self) -> Result<Vec<Element>> {
        let topic = self.topic("sns:GetTopicAttributes")?;
        self.finish()?;
        let declared = self.sns.topics.declared();
        let subscriptions: Vec<_> = declared.subscriptions_of(&topic.arn).collect();
        let pending = subscriptions.iter().filter(|s| is_pending(s)).count();
        let confirmed = subscriptions.len() - pending;
        let entries = [
            ("TopicArn", topic.arn.clone()),
            ("Owner", self.sns.topics.account().id.clone()),
            ("DisplayName", topic.display_name),
            ("Policy", declared.policy_of(&topic.arn)),
            ("SubscriptionsConfirmed", confirmed.to_string()),
            ("SubscriptionsPending", pending.to_string()),
            ("SubscriptionsDeleted", "0".to_owned()),
        ];
        let entries = entries.into_iter().map(|(key, value)| {
            let pair = vec![
                Element::text("key", key.to_owned()),
                Element::text("value", value),
            ];
            Element::list("entry", pair)
        });
        Ok(vec![Element::list("Attributes", entries.collect())])
    }

    fn list_subscriptions(&mut self) -> Result<Vec<Element>> {
        let topic = self.topic("sns:ListSubscriptionsByTopic")?;
        self.finish()?;
        let declared = self.sns.topics.declared();
        let owner = &self.sns.topics.account().id;
        let members = declared.subscriptions_of(&topic.arn).map(|subscription| {
            let fields = [
                ("SubscriptionArn", arn_of(subscription)),
                ("Owner", owner.clone()),
                ("Protocol", subscription.protocol.name().to_owned()),
                ("Endpoint", subscription.endpoint.clone()),
                ("TopicArn", subscription.topic_arn.clone()),
            ];
            let fields = fields.map(|(name, text)| Element::text(name, text));
            Element::list("member", fields.into())
        });
        Ok(vec![Element::list("Subscriptions", members.collect())])
    }

    /// The topic that the request names; the right to it comes first.
    fn topic(&mut self, action: &str) -> Result<SnsTopic> {
        let arn = self.need("TopicArn")?;
        self.check_right(action, &arn)?;
        let declared = self.sns.topics.declared();
        let topic = declared.topics.iter().find(|topic| topic.arn == arn);
        topic.cloned().ok_or_else(|| PublishError::NotFound.into())
    }

    fn check_right(&self, action: &str, resource: &str) -> Result<()> {
        let need = Need::new(action, resource);
        let checked = self.sns.iam.check(self.caller, &[need]);
        checked.map_err(|denial| Refusal(403, "AuthorizationError", denial.to_string()))
    }

    fn need(&mut self, name: &str) -> Result<String> {
        let value = self.form.remove(name);
        value.ok_or_else(|| invalid(&format!("{name} Reason: no value for required parameter")))
    }

    /// Refuses parameters that were not used, before anything is done.
    fn finish(&mut self) -> Result<()> {
        // The whole list fits into one page.
        self.form.remove("NextToken");
        match self.form.keys().next() {
            None => Ok(()),
            Some(stray) => Err(invalid(&format!(
                "{stray} Reason: it is not part of the local cloud, leave it out"
            ))),
        }
    }
}

fn invalid(what: &str) -> Refusal {
    Refusal(
        400,
        "InvalidParameter",
        format!("Invalid parameter: {what}"),
    )
}

/// Whether a person would first have to confirm it.
fn is_pending(subscription: &Subscription) -> bool {
    matches!(
        subscription.protocol,
        Protocol::Email | Protocol::EmailJson | Protocol::Https
    )
}

fn arn_of(subscription: &Subscription) -> String {
    if is_pending(subscription) {
        return "PendingConfirmation".to_owned();
    }
    format!("{}:{}", subscription.topic_arn, subscription.logical_id)
}

impl From<PublishError> for Refusal {
    fn from(error: PublishError) -> Self {
        let (status, kind) = match error {
            PublishError::NotFound => (404, "NotFound"),
            PublishError::Denied(_) => (403, "AuthorizationError"),
            PublishError::Invalid(_) => (400, "InvalidParameter"),
        };
        Self(status, kind, error.to_string())
    }
}

impl Refusal {
    fn into_response(self) -> Response {
        let Self(status, kind, message) = self;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        xml_error(SNS, status, kind, &message)
    }
}
