//! Things, certificates and IoT policies: who may connect, and what they may do there.
//!
//! Kept as one JSON file each in the data directory. Must not know MQTT or HTTP: broker and control plane both ask here.

mod authority;
mod error;
mod identity;
mod record;
mod right;
mod store;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde_json::Value;

pub use authority::{Authority, AuthorityError, Signed, SignedKeys, fingerprint};
pub use error::RegistryError;
pub use identity::{Identity, certificate_variables};
pub use record::{CertificateRecord, PolicyRecord, Records, Thing};

use crate::clock::Clock;
use crate::policy::Document;
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
    /// AWS region in ARNs.
    pub region: String,
    /// AWS account id in ARNs.
    pub account: String,
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
    region: String,
    account: String,
    store: Option<Store>,
    clock: Clock,
    records: RwLock<Records>,
    /// Parsed documents by certificate id; emptied by every change.
    documents: RwLock<HashMap<String, Arc<[Document]>>>,
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
            let record = PolicyRecord::new(&name, document.to_string())?;
            records.policies.insert(name, record);
        }
        Ok(Registry {
            inner: Arc::new(Inner {
                authority,
                region: setting.region,
                account: setting.account,
                store,
                clock,
                records: RwLock::new(records),
                documents: RwLock::default(),
            }),
        })
    }

    /// The certificate authority.
    pub fn authority(&self) -> &Authority {
        &self.inner.authority
    }

    /// `arn:aws:iot:<region>:<account>:<resource>`.
    pub fn arn(&self, resource: &str) -> String {
        format!(
            "arn:aws:iot:{}:{}:{resource}",
            self.inner.region, self.inner.account
        )
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
        self.inner
            .documents
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        if let Some(store) = &self.inner.store {
            store.keep(&records, what)?;
        }
        Ok(answer)
    }

    /// Makes a thing; making it again changes nothing.
    pub fn create_thing(&self, name: &str) -> Result<(), RegistryError> {
        self.create_thing_with(name, BTreeMap::new())
    }

    /// Makes a thing with attributes. Errors: [`RegistryError::AlreadyExists`] where it exists with others.
    pub fn create_thing_with(
        &self,
        name: &str,
        attributes: BTreeMap<String, String>,
    ) -> Result<(), RegistryError> {
        record::check_name(name)?;
        if let Some(existing) = self.records().things.get(name) {
            return if existing.attributes == attributes {
                Ok(())
            } else {
                Err(RegistryError::AlreadyExists(format!("thing {name}")))
            };
        }
        self.change(What::Thing(name), |records| {
            records
                .things
                .entry(name.to_owned())
                .or_insert_with(|| Thing::new(attributes));
            Ok(())
        })
    }

    /// Removes a thing. Errors: [`RegistryError::InUse`] while a certificate is attached. A missing thing is no error.
    pub fn delete_thing(&self, name: &str) -> Result<(), RegistryError> {
        self.change(What::Thing(name), |records| {
            match records.things.get(name) {
                Some(thing) if !thing.principals.is_empty() => {
                    Err(RegistryError::InUse(format!("thing {name}")))
                }
                _ => {
                    records.things.remove(name);
                    Ok(())
                }
            }
        })
    }

    /// A new key and an active certificate for it.
    pub fn create_keys_and_certificate(&self) -> Result<IssuedCertificate, RegistryError> {
        let keys = self.inner.authority.sign_new_keys()?;
        self.add_certificate(&keys.certificate)?;
        Ok(IssuedCertificate {
            arn: self.certificate_arn(&keys.certificate.id),
            id: keys.certificate.id,
            pem: keys.certificate.pem,
            private_key_pem: keys.private_key_pem,
            public_key_pem: keys.public_key_pem,
        })
    }

    /// An active certificate for a signing request.
    pub fn create_certificate_from_csr(&self, csr_pem: &str) -> Result<Signed, RegistryError> {
        let signed = self.inner.authority.sign_request(csr_pem)?;
        self.add_certificate(&signed)?;
        Ok(signed)
    }

    fn add_certificate(&self, signed: &Signed) -> Result<(), RegistryError> {
        let record = CertificateRecord::new(signed.pem.clone(), self.inner.clock.now_ms());
        self.change(What::Certificate(&signed.id), |records| {
            records.certificates.insert(signed.id.clone(), record);
            Ok(())
        })
    }

    /// The ARN of a certificate id.
    pub fn certificate_arn(&self, id: &str) -> String {
        self.arn(&format!("cert/{id}"))
    }

    /// Activates or deactivates a certificate; connections made with it lose their rights at once.
    pub fn set_certificate_active(&self, id: &str, active: bool) -> Result<(), RegistryError> {
        self.change(What::Certificate(id), |records| {
            records.certificate_mut(id)?.active = active;
            Ok(())
        })
    }

    /// Removes a certificate. Errors: [`RegistryError::InUse`] while active or attached.
    pub fn delete_certificate(&self, id: &str) -> Result<(), RegistryError> {
        self.change(What::Certificate(id), |records| {
            let certificate = records.certificate_mut(id)?;
            let in_use = certificate.active || !certificate.policies.is_empty();
            if in_use || records.things_of(id).next().is_some() {
                return Err(RegistryError::InUse(format!("certificate {id}")));
            }
            records.certificates.remove(id);
            Ok(())
        })
    }

    /// Makes a policy. Errors: [`RegistryError::AlreadyExists`], [`RegistryError::Policy`].
    pub fn create_policy(&self, name: &str, document: &str) -> Result<(), RegistryError> {
        let record = PolicyRecord::new(name, document.to_owned())?;
        self.change(What::Policy(name), |records| {
            if records.policies.contains_key(name) {
                return Err(RegistryError::AlreadyExists(format!("policy {name}")));
            }
            records.policies.insert(name.to_owned(), record);
            Ok(())
        })
    }

    /// Removes a policy. Errors: [`RegistryError::InUse`] while attached.
    pub fn delete_policy(&self, name: &str) -> Result<(), RegistryError> {
        self.change(What::Policy(name), |records| {
            if records
                .certificates
                .values()
                .any(|c| c.policies.contains(name))
            {
                return Err(RegistryError::InUse(format!("policy {name}")));
            }
            match records.policies.remove(name) {
                Some(_) => Ok(()),
                None => Err(RegistryError::PolicyNotFound(name.to_owned())),
            }
        })
    }

    /// Attaches a policy to a certificate, by ARN; again changes nothing.
    pub fn attach_policy(&self, name: &str, certificate_arn: &str) -> Result<(), RegistryError> {
        let id = certificate_id(certificate_arn);
        self.change(What::Certificate(id), |records| {
            if !records.policies.contains_key(name) {
                return Err(RegistryError::PolicyNotFound(name.to_owned()));
            }
            records
                .certificate_mut(id)?
                .policies
                .insert(name.to_owned());
            Ok(())
        })
    }

    /// Undoes [`Registry::attach_policy`].
    pub fn detach_policy(&self, name: &str, certificate_arn: &str) -> Result<(), RegistryError> {
        let id = certificate_id(certificate_arn);
        self.change(What::Certificate(id), |records| {
            records.certificate_mut(id)?.policies.remove(name);
            Ok(())
        })
    }

    /// Attaches a certificate to a thing, by ARN; again changes nothing.
    pub fn attach_thing_principal(
        &self,
        thing: &str,
        certificate_arn: &str,
    ) -> Result<(), RegistryError> {
        let id = certificate_id(certificate_arn);
        self.change(What::Thing(thing), |records| {
            records.certificate_mut(id)?;
            records.thing_mut(thing)?.principals.insert(id.to_owned());
            Ok(())
        })
    }

    /// Undoes [`Registry::attach_thing_principal`].
    pub fn detach_thing_principal(
        &self,
        thing: &str,
        certificate_arn: &str,
    ) -> Result<(), RegistryError> {
        let id = certificate_id(certificate_arn);
        self.change(What::Thing(thing), |records| {
            records.thing_mut(thing)?.principals.remove(id);
            Ok(())
        })
    }
}

/// The id in a certificate's ARN; an id stays what it is.
pub fn certificate_id(arn: &str) -> &str {
    arn.rsplit_once("cert/").map_or(arn, |(_, id)| id)
}
