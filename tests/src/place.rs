//! The services of the template in this process, without functions, and people who run `lockctl`
//! on them.
//!
//! Must not know: who may do what.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::{Context, Result};
use local_cloud::{Credentials, EventKind, LocalCloud, Options, Ports};
use sam_template::Template;
use tempfile::TempDir;

use crate::shell::Shell;

/// Region of the stack.
pub const REGION: &str = "us-east-1";
/// Account of the stack.
pub const ACCOUNT: &str = "123456789012";
/// Name of the stack.
pub const STACK: &str = "doors";

/// A running stack whose template can be changed.
pub struct Place {
    /// Its services.
    pub cloud: LocalCloud,
    folder: TempDir,
}

/// The text of the template.
pub fn text() -> Result<String> {
    std::fs::read_to_string(path()).context("read the template")
}

/// The path of the template.
pub fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml")
}

/// The template of the stack.
pub fn template() -> Result<Template> {
    let context = sam_template::Context {
        stack_name: STACK.to_owned(),
        region: REGION.to_owned(),
        account: ACCOUNT.to_owned(),
        parameters: BTreeMap::new(),
        inert: [].into(),
    };
    Ok(Template::parse("template.yaml", &text()?, &context)?)
}

/// Options of a stack in memory with the template in the file `template`. Each of its functions
/// fails at once.
pub fn options(template_file: PathBuf) -> Result<Options> {
    let fails = fails()?;
    let functions = template()?.functions.into_iter();
    Ok(Options {
        template: template_file,
        parameters: BTreeMap::new(),
        stack_name: STACK.to_owned(),
        region: REGION.to_owned(),
        account: ACCOUNT.to_owned(),
        data_dir: None,
        binaries: functions.map(|f| (f.binary, fails.clone())).collect(),
        no_start: Vec::new(),
        ports: Ports::default(),
        seed: 1,
        time_scale: 1.0,
        faults: Vec::new(),
        import_retained: false,
        inert: [].into(),
    })
}

/// A program that fails at once.
fn fails() -> Result<PathBuf> {
    let places = ["/bin/false", "/usr/bin/false"].map(PathBuf::from);
    let found = places.into_iter().find(|place| place.exists());
    found.context("this system has no `false`")
}

impl Place {
    /// Starts the stack with a copy of the template.
    pub async fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("template.yaml");
        std::fs::write(&path, text()?)?;
        let cloud = LocalCloud::start(options(path)?).await?;
        Ok(Self { cloud, folder })
    }

    /// The folder in which commands run.
    pub fn folder(&self) -> &Path {
        self.folder.path()
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

    /// The shell of somebody with these keys.
    pub fn shell(&self, keys: &Credentials) -> Shell {
        Shell::of_cloud(&self.cloud, REGION, keys, self.folder.path())
    }

    /// Runs `lockctl` on the stack with these keys.
    pub async fn lockctl(&self, keys: &Credentials, arguments: &[&str]) -> Result<Output> {
        let arguments = [arguments, &["--stack", STACK]].concat();
        self.shell(keys).lockctl(&arguments).await
    }

    /// Runs `lockctl` as a person who has exactly this managed policy. Returns the output, and the
    /// statements that were missing.
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
}
