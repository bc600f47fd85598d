//! Things, certificates and IoT policies: who may connect, and what they may do there.
//!
//! Kept as one JSON file each in the data directory. Must not know MQTT or HTTP: broker and control plane both ask here.

mod authority;
mod certificate;
mod error;
mod identity;
mod policy;
mod record;
mod right;
mod stack;
mod store;
mod thing;
mod version;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde_json::Value;
use tokio::sync::watch;

pub use authority::{Authority, AuthorityError, Signed, SignedKeys, fingerprint};
pub use error::RegistryError;
pub use identity::{Identity, certificate_variables};
pub use record::{
    CertificateRecord, CertificateStatus, PolicyRecord, PolicyVersion, Records, Thing,
};
pub use thing::AttributeChange;

use crate::account::Account;
use crate::clock::Clock;
use aws_policy::Document;
use store::{Store, What};

/// A certificate with its private key, which exists only in this answer.
#[derive(Debug, Clone)]
pub struct IssuedCertificate {
    /// Certificate id, the principal of policies and rules.
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

/// Where a registry lives.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Account and region in ARNs.
    pub account: Account,
    /// `None`: memory only.
    pub data_dir: Option<PathBuf>,
    /// Policies that the template declares, by name.
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
    /// Parsed documents by certificate id; emptied by every change.
    documents: RwLock<BTreeMap<String, Arc<[Document]>>>,
    /// Tells of every change.
    changes: watch::Sender<()>,
}

impl Registry {
    /// Loads what `setting` names, with the template's policies on top.
    pub fn open(setting: Setting, clock: Clock) -> Result<Registry, RegistryError> {
        let authority = Authority::load_or_create(setting.data_dir.as_deref())?;
        let store = setting.data_dir.map(|dir| Store::open(&dir)).transpose()?;
        let mut records = match &store {
            Some(store) => store.load()?,
            None => Records::default(),
        };
        for (name, document) in setting.policies {
            let record = PolicyRecord::new(&name, document.to_string(), clock.now_ms())?;
            records.policies.insert(name, record);
        }
        Ok(Registry {
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
    pub fn authority(&self) -> &Authority {
        &self.inner.authority
    }

    /// The AWS account that everything belongs to.
    pub fn account(&self) -> &str {
        &self.inner.account.id
    }

    /// `arn:aws:iot:<region>:<account>:<resource>`.
    pub fn arn(&self, resource: &str) -> String {
        self.inner.account.arn("iot", resource)
    }

    /// Wakes after every change.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.inner.changes.subscribe()
    }

    /// A view of everything, for reading.
    pub fn records(&self) -> RwLockReadGuard<'_, Records> {
        // A poisoned lock only means that a reader panicked: changes are made by whole values.
        self.inner
            .records
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn records_mut(&self) -> RwLockWriteGuard<'_, Records> {
        self.inner
            .records
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a change to one record and keeps it. A `change` that fails has changed nothing yet.
    fn change<T>(
        &self,
        what: What<'_>,
        change: impl FnOnce(&mut Records) -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        let mut records = self.records_mut();
        let answer = change(&mut records)?;
        self.clear_documents();
        if let Some(store) = &self.inner.store {
            store.keep(&records, what)?;
        }
        self.inner.changes.send_replace(());
        Ok(answer)
    }

    fn clear_documents(&self) {
        self.inner
            .documents
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    fn now_ms(&self) -> u64 {
        self.inner.clock.now_ms()
    }
}

/// The id in a certificate's ARN; an id stays what it is.
pub fn certificate_id(arn: &str) -> &str {
    arn.rsplit_once("cert/").map_or(arn, |(_, id)| id)
}
