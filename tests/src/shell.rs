//! A shell whose environment selects AWS, and `lockctl` in it. The account is a local cloud.
//!
//! Must not know: what the commands do.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use anyhow::{Context, Result, ensure};
use local_cloud::{Credentials, LocalCloud};
use tokio::process::Command;

use crate::World;
use crate::program::program;

/// Every address that `lockctl` reads: its variable, and its field of the ready file.
const ADDRESSES: [(&str, &str); 7] = [
    ("AWS_ENDPOINT_URL_DYNAMODB", "dynamodb"),
    ("AWS_ENDPOINT_URL_IOT_DATA_PLANE", "iotData"),
    ("AWS_ENDPOINT_URL_IOT", "iot"),
    ("AWS_ENDPOINT_URL_CLOUDFORMATION", "cloudformation"),
    ("AWS_ENDPOINT_URL_LAMBDA", "lambda"),
    ("AWS_ENDPOINT_URL_CLOUDWATCH", "cloudwatch"),
    ("AWS_ENDPOINT_URL_SQS", "sqs"),
];

/// Where every other service is: nothing listens there, so that no call ever reaches AWS.
const NOWHERE: &str = "http://127.0.0.1:1";

/// Variables of the machine that would reach `lockctl` too.
const FOREIGN: [&str; 3] = ["AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION"];

/// Keys, region and addresses.
#[derive(Debug, Clone)]
pub struct Shell {
    /// Directory in which commands run.
    folder: PathBuf,
    variables: Vec<(&'static str, String)>,
}

impl Shell {
    /// The shell of somebody who has these keys for this cloud.
    pub fn of_cloud(cloud: &LocalCloud, region: &str, keys: &Credentials, folder: &Path) -> Self {
        let at = cloud.endpoints();
        let addresses = [
            &at.dynamodb,
            &at.iot_data,
            &at.iot,
            &at.cloudformation,
            &at.lambda,
            &at.cloudwatch,
            &at.sqs,
        ];
        let variables = ADDRESSES.into_iter().zip(addresses);
        let variables = variables.map(|((variable, _), at)| (variable, at.clone()));
        Self::new(folder, region, keys, variables.collect())
    }

    fn new(
        folder: &Path,
        region: &str,
        keys: &Credentials,
        mut variables: Vec<(&'static str, String)>,
    ) -> Self {
        variables.push(("AWS_ENDPOINT_URL", NOWHERE.to_owned()));
        variables.push(("AWS_REGION", region.to_owned()));
        variables.push(("AWS_ACCESS_KEY_ID", keys.access_key_id.clone()));
        variables.push(("AWS_SECRET_ACCESS_KEY", keys.secret_access_key.clone()));
        Self {
            folder: folder.to_owned(),
            variables,
        }
    }

    /// The same shell with this variable set to another value.
    #[must_use]
    pub fn with(mut self, variable: &'static str, value: &str) -> Self {
        self.variables.retain(|(name, _)| *name != variable);
        self.variables.push((variable, value.to_owned()));
        self
    }

    /// `lockctl` with these arguments, not yet started; it ends when its handle is dropped.
    pub fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(program("lockctl")?);
        for variable in FOREIGN {
            command.env_remove(variable);
        }
        command
            .args(arguments)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Ok(command)
    }

    /// Runs `lockctl` to its end.
    pub async fn lockctl(&self, arguments: &[&str]) -> Result<Output> {
        let run = self.command(arguments)?.output();
        run.await.context("run lockctl")
    }
}

impl World {
    /// A shell with the operator's keys for this stack.
    pub fn shell(&self) -> Result<Shell> {
        let text = |name: &str| self.ready()["credentials"][name].as_str();
        let keys = text("accessKeyId").zip(text("secretAccessKey"));
        let (id, secret) = keys.context("the ready file has no credentials")?;
        let keys = Credentials {
            access_key_id: id.to_owned(),
            secret_access_key: secret.to_owned(),
        };
        let addresses = ADDRESSES.map(|(variable, field)| (variable, self.at(field).to_owned()));
        let region = self.at("region");
        Ok(Shell::new(self.folder(), region, &keys, addresses.into()))
    }
}

/// The standard output of a command that succeeded.
pub fn succeeds(output: &Output) -> Result<String> {
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{errors}");
    Ok(String::from_utf8(output.stdout.clone())?)
}
