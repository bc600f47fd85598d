//! The locks to operate: those of a laptop stack or of an AWS account. Both are reached by the same
//! calls.
//!
//! Must not know: what is decided about locks.

mod environment;

use std::path::PathBuf;

use anyhow::{Result, anyhow, bail};
use laptop::cli::StackArgs;
use laptop::ready::Ready;
use lock_aws::{Access, Cloud, Registry, Remedy, StoreError, chain};
use lock_core::label::Names;
use lock_core::limits::Limits;
use lock_core::time::UnixMillis;

use self::environment::Environment;
use crate::cli::Actor;

/// A deployment, and its name for the first line of every answer.
#[derive(Debug, Clone)]
pub struct Target {
    /// Name for people: `local (…), table …`, or stack, account and region.
    pub name: String,
    /// Name of its stack, and of the table: the template gives the table the stack's name.
    pub stack: String,
    /// Its table, topics and shadows.
    pub cloud: Cloud,
    /// URL of a laptop stack's console, which says when something changes.
    pub console: Option<String>,
    /// Region, credentials and endpoints.
    access: Access,
    /// The authority that signed the certificate of a laptop stack's broker.
    authority: Option<PathBuf>,
}

/// The authority of AWS IoT's brokers: Amazon Root CA 1, from amazontrust.com.
const AMAZON_ROOT_CA: &str = include_str!("register/amazon-root-ca-1.pem");

/// The limits of a deployment; `None` until one of its functions has written them to the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownLimits(pub Option<Limits>);

/// Who changes something, and with which limits events are written.
pub struct Operator<'a> {
    /// The cloud of the target.
    pub cloud: &'a Cloud,
    /// Label for the history.
    pub actor: Option<&'a str>,
    /// The deployment's limits, or the longest possible ones.
    pub limits: Limits,
    /// What people call the locks and buttons.
    pub names: Names,
    /// A line for the answer if the limits are not known.
    pub note: Option<String>,
}

impl Target {
    /// Finds the target: the stack of `--ready-file`, else AWS if there are credentials, else the
    /// stack that runs on the data directory.
    ///
    /// # Errors
    ///
    /// No stack runs there, or AWS cannot be reached; the message says what to do.
    pub async fn find(args: &StackArgs) -> Result<Self> {
        let located = Self::locate(args)?;
        if located.is_local() {
            Ok(located)
        } else {
            located.check().await
        }
    }

    /// Finds the target as [`Self::find`] does, without a call to AWS: whether it is there is not
    /// known, and its clock is this machine's.
    ///
    /// # Errors
    ///
    /// No stack runs there, or the environment selects no account; the message says what to do.
    pub fn locate(args: &StackArgs) -> Result<Self> {
        if let Some(path) = &args.ready_file {
            let ready = Ready::read(path).map_err(|error| {
                anyhow!(
                    "{error:#}; `lockctl local --ready-file …` writes the file once it is ready"
                )
            })?;
            if !ready.is_live() {
                bail!(
                    "the stack of {} is not running: start it with `lockctl local --ready-file …`",
                    path.display()
                );
            }
            return Self::local(&ready);
        }
        let environment = environment::read(&|name| std::env::var(name).ok());
        if environment == Environment::Credentials {
            return Self::aws(&args.name);
        }
        let running = Ready::read(&args.data_dir.join("ready.json")).ok();
        match running.filter(Ready::is_live) {
            Some(ready) => Self::local(&ready),
            None => bail!(
                "no locks to operate: no stack runs on {} (start one with `lockctl local`), and {}",
                args.data_dir.display(),
                environment.advice()
            ),
        }
    }

    fn local(ready: &Ready) -> Result<Self> {
        Ok(Self {
            name: format!("local ({}), table {}", ready.console, ready.table),
            stack: ready.table.clone(),
            cloud: ready.remote()?,
            console: Some(ready.console.clone()),
            access: ready.access()?,
            authority: Some(ready.cloud.ca.clone()),
        })
    }

    fn aws(stack: &str) -> Result<Self> {
        let access = Access::from_env().map_err(|error| {
            let text = chain(&error);
            anyhow!(
                "AWS settings are incomplete: {text}; set it, or unset AWS_ACCESS_KEY_ID to use a \
                 laptop stack"
            )
        })?;
        Ok(Self {
            name: format!("stack {stack} (table {stack}), {}", access.region),
            stack: stack.to_owned(),
            cloud: Cloud::new(&access, stack),
            console: None,
            access,
            authority: None,
        })
    }

    /// The same target with its account in its name, and with the clock of AWS.
    async fn check(self) -> Result<Self> {
        let (access, stack) = (self.access, self.stack);
        let seen = self.cloud.store.describe().await;
        let seen = seen.map_err(|error| unreachable_table(&error, &access))?;
        let endpoint = access.dynamodb.as_ref();
        let endpoint = endpoint.map(|endpoint| format!(" ({endpoint})"));
        Ok(Self {
            name: format!(
                "stack {stack} (table {stack}), account {}, {}{}",
                seen.account,
                access.region,
                endpoint.unwrap_or_default()
            ),
            stack,
            cloud: self.cloud.with_clock(seen.clock),
            console: None,
            access,
            authority: None,
        })
    }

    /// Whether it is a laptop stack.
    pub fn is_local(&self) -> bool {
        self.authority.is_some()
    }

    /// Its region.
    pub fn region(&self) -> &str {
        &self.access.region
    }

    /// The authority that a device trusts, as PEM.
    ///
    /// # Errors
    ///
    /// The laptop stack's file cannot be read.
    pub fn authority(&self) -> Result<String> {
        match &self.authority {
            None => Ok(AMAZON_ROOT_CA.to_owned()),
            Some(path) => std::fs::read_to_string(path).map_err(|error| {
                let path = path.display();
                anyhow!(
                    "read the stack's authority {path}: {error}; end `lockctl local`, and \
                         start it again to write the file"
                )
            }),
        }
    }

    /// The control plane of the target: its rules, things and certificates.
    pub fn registry(&self) -> Registry {
        Registry::new(&self.access)
    }

    /// The time by the target's clock.
    pub fn now(&self) -> UnixMillis {
        self.cloud.clock.now()
    }

    /// The limits that the functions decide with. A failed read is a warning, and leaves them
    /// unknown.
    pub async fn limits(&self) -> KnownLimits {
        let read = self.cloud.store.read_limits().await;
        KnownLimits(read.unwrap_or_else(|error| {
            tracing::warn!("{}", chain(&error));
            None
        }))
    }

    /// What people call the locks and buttons. A failed read is a warning, and leaves names alone.
    pub async fn names(&self) -> Names {
        let read = self.cloud.store.read_register().await;
        let names = read.map(|register| register.names);
        names.unwrap_or_else(|error| {
            tracing::warn!("{}", chain(&error));
            Names::default()
        })
    }

    /// The operator for one command.
    pub async fn operator<'a>(&'a self, actor: &'a Actor) -> Operator<'a> {
        let (limits, names) = tokio::join!(self.limits(), self.names());
        Operator {
            cloud: &self.cloud,
            actor: Some(&actor.name),
            limits: limits.or_longest(),
            names,
            note: limits.note(),
        }
    }
}

/// Why the table cannot be read, and what to do.
fn unreachable_table(error: &StoreError, access: &Access) -> anyhow::Error {
    let region = &access.region;
    let text = chain(error);
    match error.source.remedy() {
        Remedy::Connection => {
            let silent = match &access.dynamodb {
                Some(endpoint) => format!("nothing answers at {endpoint}"),
                None => format!("DynamoDB in {region} does not answer"),
            };
            anyhow!("{text}; {silent}: check the network, AWS_REGION and AWS_ENDPOINT_URL")
        }
        Remedy::Rights => anyhow!(
            "{text}; these credentials may not read the table: log in again, or ask for permission"
        ),
        Remedy::Name => anyhow!(
            "{text}; no such table in {region}: is --stack the name of your stack, and AWS_REGION \
             its region?"
        ),
        Remedy::Other => anyhow!(
            "{text}; repeat the command; if it fails again, `lockctl doctor` looks at each part"
        ),
    }
}

impl KnownLimits {
    /// The limits to write an event with, or to wait by. If unknown, the longest of any deployment:
    /// no event is dropped early, and nothing is given up early.
    pub fn or_longest(self) -> Limits {
        self.0.unwrap_or_else(Limits::longest)
    }

    /// One line for the answer if the limits are unknown.
    pub fn note(self) -> Option<String> {
        let unknown =
            "the limits of this deployment are unknown: none of its functions has run yet";
        self.0.is_none().then(|| unknown.to_owned())
    }
}

#[cfg(test)]
mod tests;
