//! IoT policies, their versions, and the certificates they are attached to.

use super::record::{PolicyRecord, Records};
use super::store::RecordKey;
use super::{Registry, RegistryError, certificate_id};

/// Most policies on one certificate. Source: AWS IoT Core quotas.
const POLICIES_PER_CERTIFICATE_MAX: usize = 10;

impl Registry {
    /// The ARN of a policy.
    pub(crate) fn policy_arn(&self, name: &str) -> String {
        self.arn(&format!("policy/{name}"))
    }

    /// Creates a policy.
    ///
    /// # Errors
    /// [`RegistryError::AlreadyExists`], [`RegistryError::Policy`], [`RegistryError::Invalid`].
    pub fn create_policy(&self, name: &str, document: &str) -> Result<(), RegistryError> {
        let record = PolicyRecord::new(name, document.to_owned(), self.now_ms())?;
        self.change(RecordKey::Policy(name), |records| {
            if records.policies.contains_key(name) {
                return Err(RegistryError::AlreadyExists {
                    message: format!(
                        "Policy cannot be created - name already exists (name={name})"
                    ),
                    name: name.to_owned(),
                    arn: self.policy_arn(name),
                });
            }
            records.policies.insert(name.to_owned(), record);
            Ok(())
        })
    }

    /// Adds a version and returns its number.
    pub(crate) fn create_policy_version(
        &self,
        name: &str,
        document: &str,
        is_default: bool,
    ) -> Result<u32, RegistryError> {
        let now_ms = self.now_ms();
        self.change(RecordKey::Policy(name), |records| {
            let policy = records.policy_mut(name)?;
            policy.add_version(name, document.to_owned(), is_default, now_ms)
        })
    }

    /// Makes another version the default.
    pub(crate) fn set_default_policy_version(
        &self,
        name: &str,
        version: &str,
    ) -> Result<(), RegistryError> {
        self.change(RecordKey::Policy(name), |records| {
            records.policy_mut(name)?.set_default(name, version)
        })
    }

    /// Removes a version.
    pub(crate) fn delete_policy_version(
        &self,
        name: &str,
        version: &str,
    ) -> Result<(), RegistryError> {
        self.change(RecordKey::Policy(name), |records| {
            records.policy_mut(name)?.delete_version(name, version)
        })
    }

    /// Removes a policy.
    pub(crate) fn delete_policy(&self, name: &str) -> Result<(), RegistryError> {
        self.change(RecordKey::Policy(name), |records| {
            records.delete_policy(name)
        })
    }

    /// The names of all policies, in order.
    pub fn policy_names(&self) -> Vec<String> {
        self.records().policies.keys().cloned().collect()
    }

    /// Attaches a policy to a certificate, by ARN; a repetition changes nothing.
    ///
    /// # Errors
    /// [`RegistryError::TooManyPolicies`], or one of the two is not found.
    pub fn attach_policy(&self, name: &str, certificate_arn: &str) -> Result<(), RegistryError> {
        let id = certificate_id(certificate_arn);
        self.change(RecordKey::Certificate(id), |records| {
            records.attach_policy(name, certificate_arn)
        })
    }

    /// Undoes [`Registry::attach_policy`].
    pub(crate) fn detach_policy(
        &self,
        name: &str,
        certificate_arn: &str,
    ) -> Result<(), RegistryError> {
        let id = certificate_id(certificate_arn);
        self.change(RecordKey::Certificate(id), |records| {
            records.policy_mut(name)?;
            records.certificate_mut(id)?.policies.remove(name);
            Ok(())
        })
    }
}

impl Records {
    pub(super) fn delete_policy(&mut self, name: &str) -> Result<(), RegistryError> {
        if self.certificates_with(name).next().is_some() {
            return Err(RegistryError::PolicyAttached(name.to_owned()));
        }
        if self.policy_mut(name)?.versions().count() > 1 {
            return Err(RegistryError::PolicyHasVersions(name.to_owned()));
        }
        self.policies.remove(name);
        Ok(())
    }

    pub(super) fn attach_policy(&mut self, name: &str, arn: &str) -> Result<(), RegistryError> {
        self.policy_mut(name)?;
        let policies = &mut self.certificate_mut(certificate_id(arn))?.policies;
        if policies.len() == POLICIES_PER_CERTIFICATE_MAX && !policies.contains(name) {
            return Err(RegistryError::TooManyPolicies(arn.to_owned()));
        }
        policies.insert(name.to_owned());
        Ok(())
    }
}
