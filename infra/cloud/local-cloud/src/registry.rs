//! Things, their types and groups, certificates and IoT policies: who may connect, and what they
//! may do.
//!
//! Each is kept as a JSON file in the data directory. Must not know: MQTT, HTTP; the broker and the
//! control plane both use it.

mod authority;
mod certificate;
mod claim;
mod error;
mod group;
mod identity;
mod name;
mod policy;
mod record;
mod right;
mod stack;
mod store;
mod thing;
mod version;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, RwLock, RwLockReadGuard};

use serde_json::Value;
use tokio::sync::watch;

pub(crate) use authority::{ALPN, Authority, AuthorityError, fingerprint};
pub use error::RegistryError;
pub(crate) use identity::{Identity, certificate_variables};
pub(crate) use record::{
    CertificateRecord, CertificateStatus, PolicyRecord, PolicyVersion, Records, Thing,
};
pub(crate) use thing::{ThingChange, TypeChange};

use crate::account::Account;
use crate::clock::Clock;
use crate::sync::{read, write};
use right::Documents;
use store::{RecordKey, Store};

/// A certificate with its private key, which exists only in this answer.
#[derive(Debug, Clone)]
pub struct IssuedCertificate {
    /// Certificate id, which is the principal in policies and rules.
    pub id: String,
    /// Certificate ARN.
    pub arn: String,
    /// The certificate.
    pub pem: String,
    /// Its key, PKCS#8.
    pub private_key_pem: String,
    /// Its public key.
    pub public_key_pem: String,
}

/// Settings of a registry.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Account and region in ARNs.
    pub account: Account,
    /// `None` keeps everything in memory.
    pub data_dir: Option<PathBuf>,
    /// Documents of the policies that the template declares, by name.
    pub policies: BTreeMap<String, Value>,
}

/// The registry; clones share it.
#[derive(Debug, Clone)]
pub struct Registry {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    authority: Authority,
    account: Account,
    store: Option<Store>,
    clock: Clock,
    records: RwLock<Records>,
    /// Cleared by every change.
    documents: RwLock<Documents>,
    /// Signals every change.
    changes: watch::Sender<()>,
}

impl Registry {
    /// Loads the records in the data directory, and adds the template's policies.
    ///
    /// # Errors
    /// [`RegistryError`] if the data directory cannot be used or a policy is invalid.
    pub fn open(setting: Setting, clock: Clock) -> Result<Self, RegistryError> {
        let authority = Authority::load_or_create(setting.data_dir.as_deref())?;
        let store = setting.data_dir.map(|dir| Store::open(&dir)).transpose()?;
        let mut records = match &store {
            Some(store) => store.load()?,
            None => Records::default(),
        };
        for (name, document) in setting.policies {
            let record = PolicyRecord::declared(&name, &document, clock.now_ms())?;
            records.policies.insert(name, record);
        }
        Ok(Self {
            inner: Arc::new(Inner {
                authority,
                account: setting.account,
                store,
                clock,
                records: RwLock::new(records),
                documents: RwLock::default(),
                changes: watch::Sender::new(()),
            }),
        })
    }

    /// The certificate authority.
    pub(crate) fn authority(&self) -> &Authority {
        &self.inner.authority
    }

    /// The AWS account that everything belongs to.
    pub(crate) fn account(&self) -> &str {
        &self.inner.account.id
    }

    /// `arn:aws:iot:<region>:<account>:<resource>`.
    pub fn arn(&self, resource: &str) -> String {
        self.inner.account.arn("iot", resource)
    }

    /// A receiver that is woken by every change.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.inner.changes.subscribe()
    }

    /// All records, locked for reading.
    pub(crate) fn records(&self) -> RwLockReadGuard<'_, Records> {
        read(&self.inner.records)
    }

    /// Changes one record and saves it. A `change` that fails must not have changed anything.
    fn change<T>(
        &self,
        key: RecordKey<'_>,
        change: impl FnOnce(&mut Records) -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        let mut records = write(&self.inner.records);
        let answer = change(&mut records)?;
        self.clear_documents();
        if let Some(store) = &self.inner.store {
            store.save(&records, key)?;
        }
        self.inner.changes.send_replace(());
        Ok(answer)
    }

    fn clear_documents(&self) {
        *write(&self.inner.documents) = Documents::default();
    }

    fn now_ms(&self) -> u64 {
        self.inner.clock.now_ms()
    }
}

/// The id in a certificate's ARN; an id is returned unchanged.
pub fn certificate_id(arn: &str) -> &str {
    arn.rsplit_once("cert/").map_or(arn, |(_, id)| id)
}
