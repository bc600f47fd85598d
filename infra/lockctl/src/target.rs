//! Which locks are meant: a laptop stack or an AWS account. Everything said to the cloud goes through here, by the same
//! calls for both. Decides nothing about locks.

use anyhow::{Context, Result, bail};
use lock_aws::{Access, Cloud, Operated, clock};
use lock_core::action::Intent;
use lock_core::binding::{Actions, Binding};
use lock_core::event::{Event, Subject};
use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::Record;
use serde_json::{Value, json};

use crate::cli::Global;
use crate::ready::Ready;

/// A target, and its name for the first line of every answer.
#[derive(Debug, Clone)]
pub struct Target {
    name: String,
    cloud: Cloud,
}

impl Target {
    /// Finds the target: the ready file that was named, else AWS settings, else the stack that runs on the data directory.
    pub async fn find(global: &Global) -> Result<Self> {
        if let Some(path) = &global.ready_file {
            let ready = Ready::read(path)?;
            if !ready.is_live() {
                bail!(
                    "the stack of {} has ended: start it with `lockctl local --ready-file …`",
                    path.display()
                );
            }
            return Ok(Self::local(&ready));
        }
        if aws_settings_present() {
            return Self::aws(global).await;
        }
        match Ready::read(&global.data_dir.join("ready.json")) {
            Ok(ready) if ready.is_live() => Ok(Self::local(&ready)),
            _ => bail!(
                "no locks to operate: no stack runs on {} (start one with `lockctl local`), and the environment has no AWS settings \
                 (eval \"$(aws configure export-credentials --format env)\", and AWS_REGION)",
                global.data_dir.display()
            ),
        }
    }

    /// A laptop stack.
    pub fn local(ready: &Ready) -> Self {
        let access = Access {
            region: ready.region.clone(),
            access_key_id: ready.credentials.access_key_id.clone(),
            secret_access_key: ready.credentials.secret_access_key.clone(),
            session_token: None,
            dynamodb: Some(ready.dynamodb.clone()),
            iot_data: Some(ready.iot_data.clone()),
        };
        Self {
            name: format!("local ({})", ready.console),
            cloud: Cloud::new(&access, &ready.table),
        }
    }

    async fn aws(global: &Global) -> Result<Self> {
        let access = Access::from_env().context(
            "AWS settings are incomplete; for profiles and SSO: eval \"$(aws configure export-credentials --format env)\"",
        )?;
        let cloud = Cloud::new(&access, &global.stack);
        let account = cloud.store.account().await.with_context(|| {
            format!(
                "look at table {} in {}: is --stack the name of your stack?",
                global.stack, access.region
            )
        })?;
        let own = access
            .dynamodb
            .as_ref()
            .map(|endpoint| format!(" ({endpoint})"))
            .unwrap_or_default();
        Ok(Self {
            name: format!("account {account}, {}{own}", access.region),
            cloud,
        })
    }

    /// Its name for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is known of a lock.
    pub async fn record(&self, lock: &str) -> Result<Option<Record>> {
        Ok(self.cloud.store.read_record(&lock_name(lock)?).await?)
    }

    /// What is known of every lock, by name.
    pub async fn records(&self) -> Result<Vec<Record>> {
        Ok(self.cloud.store.records().await?)
    }

    /// What a button may do.
    pub async fn binding(&self, button: &str) -> Result<Option<Binding>> {
        Ok(self
            .cloud
            .store
            .read_binding(&button_serial(button)?)
            .await?)
    }

    /// A lock's shadow document.
    pub async fn shadow(&self, lock: &str) -> Result<Option<Value>> {
        Ok(self.cloud.publisher.get_shadow(&lock_name(lock)?).await?)
    }

    /// The newest events of a lock.
    pub async fn events_of_lock(&self, lock: &str, limit: u16) -> Result<Vec<Event>> {
        self.events(&Subject::Lock(lock_name(lock)?), limit).await
    }

    /// The newest events of a button that no lock knew.
    pub async fn events_of_button(&self, button: &str, limit: u16) -> Result<Vec<Event>> {
        self.events(&Subject::Button(button_serial(button)?), limit)
            .await
    }

    async fn events(&self, subject: &Subject, limit: u16) -> Result<Vec<Event>> {
        Ok(self
            .cloud
            .store
            .history(subject, usize::from(limit), clock::now())
            .await?)
    }

    /// Publishes what a button publishes when pressed. It counts nothing, as the AWS IoT Button does not.
    pub async fn press(&self, button: &str, click: &str) -> Result<()> {
        let press = json!({ "serialNumber": button, "clickType": click });
        Ok(self
            .cloud
            .publisher
            .publish_press(&button_serial(button)?, &press)
            .await?)
    }

    /// Publishes an operator's request.
    pub async fn request(&self, lock: &str, intent: Intent, id: &str, actor: &str) -> Result<()> {
        let request = json!({ "action": intent, "requestId": id, "actor": actor });
        Ok(self
            .cloud
            .publisher
            .publish_request(&lock_name(lock)?, &request)
            .await?)
    }

    /// Lets a button command a lock.
    pub async fn bind(&self, button: &str, lock: &str, actions: Actions) -> Result<Binding> {
        let (button, lock) = (button_serial(button)?, lock_name(lock)?);
        Ok(self
            .cloud
            .store
            .bind(&button, &lock, &actions, clock::now())
            .await?
            .binding)
    }

    /// Every binding, by button.
    pub async fn bindings(&self) -> Result<Vec<Binding>> {
        Ok(self.cloud.store.bindings().await?)
    }

    /// Takes a button's right away; none if it has none.
    pub async fn revoke(&self, button: &str, actor: &str) -> Result<Option<Operated>> {
        let (button, limits) = (button_serial(button)?, Limits::default());
        let revoked = self.cloud.revoke(&button, Some(actor), &limits).await;
        revoked.with_context(|| format!("revoke {button}"))
    }

    /// Believes nothing of a lock until it is heard; none if it is not known.
    pub async fn recover(&self, lock: &str, actor: &str) -> Result<Option<Operated>> {
        let (lock, limits) = (lock_name(lock)?, Limits::default());
        let recovered = self.cloud.recover(&lock, Some(actor), &limits).await;
        recovered.with_context(|| format!("recover {lock}"))
    }
}

/// Whether the environment speaks of AWS at all. A region alone is set on many machines and names no account.
fn aws_settings_present() -> bool {
    [
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "AWS_ENDPOINT_URL_DYNAMODB",
    ]
    .iter()
    .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

fn lock_name(name: &str) -> Result<LockName> {
    LockName::new(name).with_context(|| format!("{name} is not the name of a lock"))
}

fn button_serial(serial: &str) -> Result<ButtonSerial> {
    ButtonSerial::new(serial)
        .with_context(|| format!("{serial} is not the serial number of a button"))
}
