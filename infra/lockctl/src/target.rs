//! Which locks are meant: a laptop stack or an AWS account. Everything said to the cloud goes by the same calls for both.
//! Decides nothing about locks.

mod environment;

use anyhow::{Context, Result, anyhow, bail};
use laptop::ready::Ready;
use lock_aws::{Access, Cloud, Remedy, StoreError, chain};
use lock_core::limits::Limits;
use lock_core::time::UnixMillis;

use self::environment::Means;
use crate::cli::Global;

/// A target, and its name for the first line of every answer.
#[derive(Debug, Clone)]
pub struct Target {
    name: String,
    cloud: Cloud,
}

/// The deployment's limits, as far as they are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known(Option<Limits>);

impl Target {
    /// Finds the target: the ready file that was named, else whole AWS credentials, else the stack that runs on the data
    /// directory.
    pub async fn find(global: &Global) -> Result<Self> {
        if let Some(path) = &global.stack.ready_file {
            let ready = Ready::read(path)?;
            if !ready.is_live() {
                bail!(
                    "the stack of {} has ended: start it with `lockctl local --ready-file …`",
                    path.display()
                );
            }
            return Ok(Self::local(&ready));
        }
        let running = || Ready::read(&global.stack.data_dir.join("ready.json")).ok();
        match environment::means(&|name| std::env::var(name).ok()) {
            Means::Aws => Self::aws(global).await,
            means => match running().filter(Ready::is_live) {
                Some(ready) => Ok(Self::local(&ready)),
                None => bail!(
                    "no locks to operate: no stack runs on {} (start one with `lockctl local`), and {}",
                    global.stack.data_dir.display(),
                    means.advice()
                ),
            },
        }
    }

    /// A laptop stack.
    pub fn local(ready: &Ready) -> Self {
        Self {
            name: format!("local ({}), table {}", ready.console, ready.table),
            cloud: ready.cloud(),
        }
    }

    async fn aws(global: &Global) -> Result<Self> {
        let access = Access::from_env().context("AWS settings are incomplete")?;
        // The template gives the table the stack's name.
        let stack = &global.stack.name;
        let cloud = Cloud::new(&access, stack);
        let seen = cloud.store.look().await;
        let seen = seen.map_err(|error| not_found(&error, &access))?;
        let own = access
            .dynamodb
            .as_ref()
            .map(|endpoint| format!(" ({endpoint})"))
            .unwrap_or_default();
        Ok(Self {
            name: format!(
                "stack {stack} (table {stack}), account {}, {}{own}",
                seen.account, access.region
            ),
            cloud: cloud.going_by(seen.clock),
        })
    }

    /// Its name for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The time there.
    pub fn now(&self) -> UnixMillis {
        self.cloud.clock.now()
    }

    /// Its table, topics and shadows.
    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// The limits that its functions decide with. That they cannot be read stops nothing: it is a warning, and then they are
    /// not known.
    pub async fn limits(&self) -> Known {
        match self.cloud.store.read_limits().await {
            Ok(limits) => Known(limits),
            Err(error) => {
                tracing::warn!("{}", chain(&error));
                Known(None)
            }
        }
    }
}

/// Why the table is not there to be looked at, and what can be done about it.
fn not_found(error: &StoreError, access: &Access) -> anyhow::Error {
    let region = &access.region;
    let said = chain(error);
    match error.source.remedy() {
        Remedy::Connection => {
            let whose = match &access.dynamodb {
                Some(endpoint) => format!("nobody answers at {endpoint}"),
                None => format!("DynamoDB in {region} does not answer"),
            };
            anyhow!("{said}; {whose}: check the network, AWS_REGION and AWS_ENDPOINT_URL")
        }
        Remedy::Rights => anyhow!(
            "{said}; these credentials may not see the table: log in again, or ask for the right"
        ),
        Remedy::Name => anyhow!(
            "{said}; no such table in {region}: is --stack the name of your stack, and AWS_REGION its region?"
        ),
        Remedy::Other => anyhow!(said),
    }
}

impl Known {
    /// They are these.
    pub fn these(limits: Limits) -> Known {
        Known(Some(limits))
    }

    /// They are not known.
    #[cfg(test)]
    pub fn nothing() -> Known {
        Known(None)
    }

    /// The limits, to judge by; none where they are not known, and then nothing is judged.
    pub fn get(self) -> Option<Limits> {
        self.0
    }

    /// The limits to write a line with, or to wait by: where they are not known, a line is kept as long as any deployment
    /// keeps one, and nothing is given up before any deployment would.
    pub fn or_longest(self) -> Limits {
        self.0.unwrap_or_else(Limits::longest)
    }

    /// One line that says so, where they are not known.
    pub fn note(self) -> Option<String> {
        let unknown = "the limits of this deployment are not known yet: none of its functions has handled anything";
        self.0.is_none().then(|| unknown.to_owned())
    }
}
