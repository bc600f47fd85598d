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
