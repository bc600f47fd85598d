//! The ready file: the addresses of a running laptop stack, for scripts, other clients and
//! `lockctl`. Its shape is a contract: fields may be added, but not renamed or removed.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use local_cloud::LocalCloud;
use local_cloud::ready::{self, ThingFiles};
use lock_aws::{Access, Cloud, OperatorEndpoints};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::device::Kind;

/// The addresses and credentials of a running stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ready {
    /// Those of the local cloud.
    #[serde(flatten)]
    pub cloud: ready::Ready<Thing>,
    /// URL of the console.
    pub console: String,
    /// Name of the table.
    pub table: String,
}

/// A provisioned thing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Thing {
    /// Its kind.
    pub kind: Kind,
    /// Its certificate and key.
    #[serde(flatten)]
    pub files: ThingFiles,
}

impl Ready {
    /// Describes a started cloud and the console, and writes the cloud's root certificate to `ca`.
    pub(crate) fn new(
        cloud: &LocalCloud,
        console: &TcpListener,
        region: &str,
        ca: PathBuf,
        things: BTreeMap<String, Thing>,
    ) -> Result<Self> {
        let console = console.local_addr().context("find the console's port")?;
        Ok(Self {
            cloud: ready::Ready::new(cloud, region, ca, things)?,
            console: format!("http://{console}"),
            table: output(cloud, "TableName")?.to_owned(),
        })
    }

    /// Reads a ready file.
    ///
    /// # Errors
    ///
    /// There is no such file, or it is not a ready file.
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read(path).with_context(|| format!("read ready file {}", path.display()))?;
        serde_json::from_slice(&text)
            .with_context(|| format!("{} is not a ready file", path.display()))
    }

    /// Region, credentials and addresses of the stack.
    ///
    /// # Errors
    ///
    /// An older `lockctl` started the stack, and its ready file lacks an address. Without one, the
    /// call would go to AWS.
    pub fn access(&self) -> Result<Access> {
        let cloud = &self.cloud;
        Ok(Access {
            region: cloud.region.clone(),
            access_key_id: cloud.credentials.access_key_id.clone(),
            secret_access_key: cloud.credentials.secret_access_key.clone(),
            session_token: None,
            dynamodb: Some(cloud.dynamodb.clone()),
            iot_data: Some(cloud.iot_data.clone()),
            // No command of an operator sends to a topic.
            sns: None,
            operator: OperatorEndpoints {
                iot: Some(cloud.iot.clone()),
                cloudformation: Some(self.address("CloudFormation", &cloud.cloudformation)?),
                lambda: Some(self.address("Lambda", &cloud.lambda)?),
                cloudwatch: Some(self.address("CloudWatch", &cloud.cloudwatch)?),
                sqs: Some(self.address("SQS", &cloud.sqs)?),
            },
        })
    }

    fn address(&self, service: &str, address: &Option<String>) -> Result<String> {
        let address = address.clone().filter(|address| !address.is_empty());
        address.with_context(|| {
            format!(
                "the ready file of the stack at {} has no address of {service}: an older lockctl \
                 started the stack; end it and run `lockctl local` again",
                self.console
            )
        })
    }

    /// The stack's table, topics and shadows.
    ///
    /// # Errors
    ///
    /// As [`Ready::access`].
    pub fn remote(&self) -> Result<Cloud> {
        Ok(Cloud::new(&self.access()?, &self.table))
    }

    /// Whether the console still answers: a file can outlive its stack.
    pub fn is_live(&self) -> bool {
        let address = self
            .console
            .trim_start_matches("http://")
            .trim_end_matches('/');
        address.parse().is_ok_and(|address| {
            TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
        })
    }
}

/// An output of the template.
///
/// # Errors
///
/// The template has no output of this name.
pub fn output<'a>(cloud: &'a LocalCloud, name: &str) -> Result<&'a str> {
    let output = cloud.outputs().get(name).map(String::as_str);
    output.with_context(|| {
        format!(
            "the template has no output {name}: add the outputs of this project's template.yaml"
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn sample(console: &str) -> Value {
        json!({
            "mqtts": "127.0.0.1:8883", "ca": "ca.pem", "iotData": "http://127.0.0.1:1",
            "iot": "http://127.0.0.1:2", "dynamodb": "http://127.0.0.1:3", "console": console,
            "cloudformation": "http://127.0.0.1:4", "lambda": "http://127.0.0.1:5",
            "cloudwatch": "http://127.0.0.1:6", "sqs": "http://127.0.0.1:7",
            "region": "us-east-1", "table": "remote-lock", "outputs": {"TableName": "remote-lock"},
            "things": {"lock-1": {"kind": "lock", "cert": "c.pem", "key": "k.pem"}},
            "credentials": {"accessKeyId": "A", "secretAccessKey": "S"}, "pid": 7
        })
    }

    #[test]
    fn the_file_has_the_names_that_scripts_rely_on() {
        let sample = sample("http://127.0.0.1:4");
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("ready.json");
        let ready: Ready = serde_json::from_value(sample.clone()).expect("a ready file");
        ready::write(&path, &ready).expect("written");
        let text = std::fs::read(&path).expect("read");
        let written: Value = serde_json::from_slice(&text).expect("JSON");
        assert_eq!(written, sample);
        assert_eq!(Ready::read(&path).expect("read back").table, "remote-lock");
    }

    #[test]
    fn an_older_file_is_read_and_no_call_goes_to_aws() {
        let access = |ready: &Value| {
            let ready: Ready = serde_json::from_value(ready.clone()).expect("a ready file");
            ready.access()
        };
        let newest = sample("http://127.0.0.1:9");
        let at = access(&newest).expect("every address").operator;
        let addresses = [at.iot, at.cloudformation, at.lambda, at.cloudwatch, at.sqs];
        let ports = [2, 4, 5, 6, 7].map(|port| Some(format!("http://127.0.0.1:{port}")));
        assert_eq!(addresses, ports);
        for (field, service) in [
            ("cloudformation", "CloudFormation"),
            ("lambda", "Lambda"),
            ("cloudwatch", "CloudWatch"),
            ("sqs", "SQS"),
        ] {
            let mut older = newest.clone();
            older.as_object_mut().expect("an object").remove(field);
            let error = access(&older).expect_err("an address is missing");
            assert_eq!(
                error.to_string(),
                format!(
                    "the ready file of the stack at http://127.0.0.1:9 has no address of \
                     {service}: an older lockctl started the stack; end it and run `lockctl local` \
                     again"
                )
            );
        }
    }

    #[test]
    fn a_file_whose_stack_is_gone_is_not_live() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let console = format!("http://{}", listener.local_addr().expect("an address"));
        let ready: Ready = serde_json::from_value(sample(&console)).expect("a ready file");
        assert!(ready.is_live());
        drop(listener);
        assert!(!ready.is_live());
    }
}
