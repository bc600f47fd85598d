//! A stack without functions, and people who run `lockctl` on it.
//!
//! Must not know: who may do what.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use anyhow::{Context, Result, ensure};
use e2e::world::program;
use local_cloud::{Credentials, EventKind, LocalCloud, Options, Ports};
use sam_template::Template;
use tempfile::TempDir;
use tokio::process::Command;

pub const REGION: &str = "us-east-1";
pub const ACCOUNT: &str = "123456789012";
pub const STACK: &str = "doors";

/// A running stack whose template can be changed.
pub struct Place {
    pub cloud: LocalCloud,
    folder: TempDir,
}

/// The text of the template.
pub fn text() -> Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    std::fs::read_to_string(path).context("read the template")
}

/// The template of the stack.
pub fn template() -> Result<Template> {
    let context = sam_template::Context {
        stack_name: STACK.to_owned(),
        region: REGION.to_owned(),
        account: ACCOUNT.to_owned(),
        parameters: BTreeMap::new(),
    };
    Ok(Template::parse("template.yaml", &text()?, &context)?)
}

/// A program that fails at once: these tests do not need the functions.
fn fails() -> Result<PathBuf> {
    let places = ["/bin/false", "/usr/bin/false"].map(PathBuf::from);
    let found = places.into_iter().find(|place| place.exists());
    found.context("this system has no `false`")
}

/// The standard output of a command that succeeded.
pub fn succeeds(output: &Output) -> Result<String> {
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{errors}");
    Ok(String::from_utf8(output.stdout.clone())?)
}

impl Place {
    pub async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("template.yaml");
        std::fs::write(&path, text()?)?;
        let fails = fails()?;
        let functions = template()?.functions.into_iter();
        let options = Options {
            template: path,
            parameters: BTreeMap::new(),
            stack_name: STACK.to_owned(),
            region: REGION.to_owned(),
            account: ACCOUNT.to_owned(),
            data_dir: None,
            binaries: functions.map(|f| (f.binary, fails.clone())).collect(),
            ports: Ports::default(),
            seed: 1,
            time_scale: 1.0,
            faults: Vec::new(),
            import_retained: false,
        };
        let cloud = LocalCloud::start(options).await?;
        Ok(Self { cloud, folder })
    }

    /// Three locks, and two buttons that are bound to the first two, registered by somebody with
    /// every right. Only `button-1` has a thing and a certificate.
    pub async fn furnish(&self) -> Result<()> {
        let registry = self.cloud.registry();
        registry.create_thing("button-1")?;
        let certificate = registry.create_keys_and_certificate()?;
        registry.attach_policy(&format!("{STACK}-button"), &certificate.arn)?;
        registry.attach_thing_principal("button-1", &certificate.arn)?;
        for arguments in [
            &["register", "lock", "lock-1"][..],
            &["register", "lock", "lock-2"],
            &["register", "lock", "lock-3"],
            &["register", "button", "button-1", "--lock", "lock-1"],
            &["register", "button", "button-2", "--lock", "lock-2"],
        ] {
            succeeds(&self.lockctl(self.cloud.credentials(), arguments).await?)?;
        }
        Ok(())
    }

    /// Puts a changed template in force.
    pub async fn change(&self, text: &str) -> Result<()> {
        std::fs::write(self.folder.path().join("template.yaml"), text)?;
        self.cloud.reload(&[].into()).await?;
        Ok(())
    }

    /// The credentials of a person who has exactly this managed policy.
    pub fn person(&self, policy: &str) -> Result<Credentials> {
        let found = self.cloud.credentials_with_policy(policy);
        found.with_context(|| format!("no policy {policy}"))
    }

    /// Runs `lockctl` as a person. Returns the output, and the statements that were missing.
    pub async fn run(&self, policy: &str, arguments: &[&str]) -> Result<(Output, Vec<String>)> {
        let mut events = self.cloud.subscribe();
        let output = self.lockctl(&self.person(policy)?, arguments).await?;
        let mut missing = Vec::new();
        while let Ok(event) = events.try_recv() {
            if let EventKind::MissingRight { statement, .. } = &event.kind {
                missing.push(statement.clone());
            }
        }
        Ok((output, missing))
    }

    async fn lockctl(&self, keys: &Credentials, arguments: &[&str]) -> Result<Output> {
        let endpoints = self.cloud.endpoints();
        let run = Command::new(program("lockctl")?)
            .args(arguments)
            .args(["--stack", STACK])
            .env("AWS_ACCESS_KEY_ID", &keys.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", &keys.secret_access_key)
            .env_remove("AWS_SESSION_TOKEN")
            .env("AWS_REGION", REGION)
            .env("AWS_ENDPOINT_URL_DYNAMODB", &endpoints.dynamodb)
            .env("AWS_ENDPOINT_URL_IOT_DATA_PLANE", &endpoints.iot_data)
            .env("AWS_ENDPOINT_URL_IOT", &endpoints.iot)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        run.await.context("run lockctl")
    }
}
