//! Clients of the AWS SDK for the stack.

use anyhow::{Context, Result};
use aws_credential_types::Credentials;
use aws_sdk_iotdataplane::config::{BehaviorVersion, Region};
use serde_json::Value;

use crate::World;

macro_rules! client {
    ($sdk:ident, $world:ident, $endpoint:literal) => {{
        let config = $sdk::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new($world.at("region").to_owned()))
            .endpoint_url($world.at($endpoint))
            .credentials_provider($world.credentials())
            .http_client(aws_smithy_http_client::Builder::new().build_http());
        $sdk::Client::from_conf(config.build())
    }};
}

impl World {
    /// An AWS SDK client for `DynamoDB`.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        client!(aws_sdk_dynamodb, self, "dynamodb")
    }

    /// An AWS SDK client for the data plane of AWS `IoT`.
    pub fn iot_data(&self) -> aws_sdk_iotdataplane::Client {
        client!(aws_sdk_iotdataplane, self, "iotData")
    }

    /// An AWS SDK client for the control plane of AWS `IoT`.
    pub fn iot(&self) -> aws_sdk_iot::Client {
        client!(aws_sdk_iot, self, "iot")
    }

    /// An AWS SDK client for `CloudFormation`.
    pub fn cloudformation(&self) -> aws_sdk_cloudformation::Client {
        client!(aws_sdk_cloudformation, self, "cloudformation")
    }

    /// An AWS SDK client for Lambda.
    pub fn lambda(&self) -> aws_sdk_lambda::Client {
        client!(aws_sdk_lambda, self, "lambda")
    }

    /// An AWS SDK client for `CloudWatch`.
    pub fn cloudwatch(&self) -> aws_sdk_cloudwatch::Client {
        client!(aws_sdk_cloudwatch, self, "cloudwatch")
    }

    /// An AWS SDK client for SQS.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        client!(aws_sdk_sqs, self, "sqs")
    }

    fn credentials(&self) -> Credentials {
        let credentials = &self.ready()["credentials"];
        let text = |name: &str| credentials[name].as_str().unwrap_or_default().to_owned();
        Credentials::from_keys(text("accessKeyId"), text("secretAccessKey"), None)
    }

    /// Reads a lock's shadow through the AWS SDK.
    pub async fn shadow(&self, thing: &str) -> Result<Value> {
        let call = self.iot_data().get_thing_shadow().thing_name(thing);
        let answer = call.send().await.context("call GetThingShadow")?;
        let payload = answer.payload().context("GetThingShadow had no payload")?;
        serde_json::from_slice(payload.as_ref()).context("the shadow is not JSON")
    }
}
