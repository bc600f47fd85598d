//! The calls of the functions, made with the credentials of their roles.
//!
//! Must not know: which role has which permission.

use std::fmt::Debug;

use anyhow::{Context, Result};
use aws_credential_types::Credentials;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use aws_sdk_iotdataplane::config::{BehaviorVersion, Region};
use local_cloud::LocalCloud;

use super::{ACCOUNT, REGION, STACK};

/// A call, by the permission it needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Call {
    /// Of the item with this partition key.
    Get(&'static str),
    BatchGet(&'static str),
    Put(&'static str),
    Update,
    Query,
    Publish(&'static str),
    /// A message that the broker keeps: it needs a permission beyond that of `Publish`.
    Retain(&'static str),
    /// The message that the broker keeps on a topic.
    Kept(&'static str),
    Shadow,
    Notify,
    /// Calls of Lambda, which checks them when a function is set up: to a queue, to a stream.
    Queue(&'static str, &'static str),
    Stream(&'static str),
    /// Calls of Lambda for a function's log.
    Log(&'static str),
}

/// A refusal in the words of the service.
pub type Refusal = String;

impl Call {
    /// Action and resource as refusals name them.
    pub fn right(self) -> (&'static str, String) {
        let at = |service: &str| format!("arn:aws:{service}:{REGION}:{ACCOUNT}");
        let table = format!("{}:table/{STACK}", at("dynamodb"));
        match self {
            Self::Get(_) => ("dynamodb:GetItem", table),
            Self::BatchGet(_) => ("dynamodb:BatchGetItem", table),
            Self::Put(_) => ("dynamodb:PutItem", table),
            Self::Update => ("dynamodb:UpdateItem", table),
            Self::Query => ("dynamodb:Query", format!("{table}/index/due")),
            Self::Publish(topic) => ("iot:Publish", format!("{}:topic/{topic}", at("iot"))),
            Self::Retain(topic) => ("iot:RetainPublish", format!("{}:topic/{topic}", at("iot"))),
            Self::Kept(topic) => {
                let topic = format!("{}:topic/{topic}", at("iot"));
                ("iot:GetRetainedMessage", topic)
            }
            Self::Shadow => ("iot:GetThingShadow", format!("{}:thing/lock-1", at("iot"))),
            Self::Notify => ("sns:Publish", format!("{}:{STACK}-AlertTopic", at("sns"))),
            Self::Queue(action, queue) => (action, format!("{}:{STACK}-{queue}", at("sqs"))),
            Self::Stream(action) => (action, format!("{table}/stream/")),
            Self::Log(action) => (action, format!("{}:log-group:", at("logs"))),
        }
    }

    /// Action and resource of the refusal if it has no permission at all.
    pub fn refused_right(self) -> (&'static str, String) {
        match self {
            // The first of the two that is checked.
            Self::Retain(topic) => Self::Publish(topic).right(),
            _ => self.right(),
        }
    }

    /// Makes the call as a function. Returns the refusal if it has no permission.
    pub async fn make(self, function: &Function) -> Result<Option<Refusal>> {
        let key = |name: &str| AttributeValue::S(name.to_owned());
        let table = &function.table;
        match self {
            Self::Get(pk) => {
                let call = table.get_item().table_name(STACK);
                let call = call.key("pk", key(pk)).key("sk", key("b"));
                refusal(call.send().await)
            }
            Self::BatchGet(pk) => {
                let item = [("pk".to_owned(), key(pk)), ("sk".to_owned(), key("b"))];
                let keys = KeysAndAttributes::builder().keys(item.into()).build()?;
                let call = table.batch_get_item().request_items(STACK, keys);
                refusal(call.send().await)
            }
            Self::Put(pk) => {
                let call = table.put_item().table_name(STACK);
                let call = call.item("pk", key(pk)).item("sk", key("b"));
                refusal(call.send().await)
            }
            Self::Update => {
                let call = table.update_item().table_name(STACK);
                let call = call.key("pk", key("a")).key("sk", key("b"));
                refusal(call.send().await)
            }
            Self::Query => {
                let call = table.query().table_name(STACK).index_name("due");
                let call = call.key_condition_expression("dueShard = :shard");
                let call = call.expression_attribute_values(":shard", key("0"));
                refusal(call.send().await)
            }
            Self::Publish(topic) => refusal(function.data.publish().topic(topic).send().await),
            Self::Retain(topic) => {
                let call = function.data.publish().topic(topic).retain(true);
                refusal(call.send().await)
            }
            Self::Kept(topic) => refusal(
                function
                    .data
                    .get_retained_message()
                    .topic(topic)
                    .send()
                    .await,
            ),
            Self::Shadow => {
                let call = function.data.get_thing_shadow().thing_name("lock-1");
                refusal(call.send().await)
            }
            Self::Notify => {
                let (_, topic) = self.right();
                let call = function.topic.publish().topic_arn(topic).message("m");
                refusal(call.send().await)
            }
            Self::Queue(..) | Self::Stream(_) | Self::Log(_) => {
                anyhow::bail!("{self:?} is a call of Lambda, not of the function")
            }
        }
    }
}

/// The clients that a function calls the services with.
pub struct Function {
    table: aws_sdk_dynamodb::Client,
    data: aws_sdk_iotdataplane::Client,
    topic: aws_sdk_sns::Client,
}

impl Function {
    pub fn new(cloud: &LocalCloud, name: &str) -> Result<Self> {
        let keys = cloud.credentials_of(name).context("no such function")?;
        let token = Some(keys.session_token);
        let keys = Credentials::from_keys(keys.access_key_id, keys.secret_access_key, token);
        let http = aws_smithy_http_client::Builder::new().build_http();
        let table = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(&cloud.endpoints().dynamodb)
            .credentials_provider(keys.clone())
            .http_client(http.clone());
        let data = aws_sdk_iotdataplane::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(&cloud.endpoints().iot_data)
            .credentials_provider(keys.clone())
            .http_client(http.clone());
        let topic = aws_sdk_sns::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(&cloud.endpoints().iot)
            .credentials_provider(keys)
            .http_client(http);
        Ok(Self {
            table: aws_sdk_dynamodb::Client::from_conf(table.build()),
            data: aws_sdk_iotdataplane::Client::from_conf(data.build()),
            topic: aws_sdk_sns::Client::from_conf(topic.build()),
        })
    }
}

/// The refusal, if a permission is missing. Other failures do not matter here.
fn refusal<T, E>(answer: Result<T, SdkError<E>>) -> Result<Option<Refusal>>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    SdkError<E>: Debug,
{
    let Err(error) = answer else { return Ok(None) };
    match error.code() {
        Some("AccessDeniedException" | "ForbiddenException" | "AuthorizationError") => {
            let message = error.message().context("a refusal without a message")?;
            Ok(Some(message.to_owned()))
        }
        Some("ResourceNotFoundException") => Ok(None),
        _ => Err(error.into()),
    }
}
