//! The world as a plain AWS SDK sees it. It must not know which story is told.

use anyhow::{Context, Result};
use aws_credential_types::Credentials;
use aws_sdk_iotdataplane::config::{BehaviorVersion, Region};
use serde_json::Value;

use crate::World;

impl World {
    /// A plain AWS SDK client of the tables.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.at("region").to_owned()))
            .endpoint_url(self.at("dynamodb"))
            .credentials_provider(self.credentials())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        aws_sdk_dynamodb::Client::from_conf(config)
    }

    fn credentials(&self) -> Credentials {
        let credentials = &self.ready()["credentials"];
        let text = |name: &str| credentials[name].as_str().unwrap_or_default().to_owned();
        Credentials::from_keys(text("accessKeyId"), text("secretAccessKey"), None)
    }

    /// A plain AWS SDK client of the data plane.
    pub fn iot_data(&self) -> aws_sdk_iotdataplane::Client {
        let config = aws_sdk_iotdataplane::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.at("region").to_owned()))
            .endpoint_url(self.at("iotData"))
            .credentials_provider(self.credentials())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        aws_sdk_iotdataplane::Client::from_conf(config)
    }

    /// A lock's shadow, as the AWS SDK reads it.
    pub async fn shadow(&self, thing: &str) -> Result<Value> {
        let answer = self
            .iot_data()
            .get_thing_shadow()
            .thing_name(thing)
            .send()
            .await
            .context("GetThingShadow")?;
        let payload = answer.payload().context("GetThingShadow had no payload")?;
        serde_json::from_slice(payload.as_ref()).context("the shadow is not JSON")
    }
}
