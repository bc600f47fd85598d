//! Policies that an operator makes: those of a bridge. Each has one version.
//!
//! Must not know: what a policy allows.

use std::fmt;

use super::{Registry, RegistryError};

/// What was done to a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It was created.
    Created,
    /// It has a new text.
    Changed,
    /// It had this text already.
    Already,
}

impl fmt::Display for Put {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "iot:CreatePolicy",
            Self::Changed => "iot:CreatePolicyVersion",
            Self::Already => "already there:",
        })
    }
}

impl Registry {
    /// Gives a policy a text, and creates it if it is not there. Older versions are deleted: AWS
    /// keeps five at most.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if a call fails.
    pub async fn put_policy(&self, name: &str, document: &str) -> Result<Put, RegistryError> {
        let put = match self.find_policy(name).await? {
            Some(found) if found.document == document => Put::Already,
            Some(_) => {
                // An attempt that ended early may have left versions.
                self.delete_old_versions(name).await?;
                let call = self.client.create_policy_version().policy_name(name);
                let sent = call.policy_document(document).set_as_default(true).send();
                sent.await.map_err(|error| {
                    RegistryError::of(format!("iot:CreatePolicyVersion {name}"), &error)
                })?;
                Put::Changed
            }
            None => {
                let call = self.client.create_policy().policy_name(name);
                let sent = call.policy_document(document).send();
                sent.await.map_err(|error| {
                    RegistryError::of(format!("iot:CreatePolicy {name}"), &error)
                })?;
                Put::Created
            }
        };
        self.delete_old_versions(name).await?;
        Ok(put)
    }

    /// Deletes the versions of a policy that are not in force.
    async fn delete_old_versions(&self, name: &str) -> Result<(), RegistryError> {
        let call = self.client.list_policy_versions().policy_name(name);
        let listed = call
            .send()
            .await
            .map_err(|error| RegistryError::of(format!("iot:ListPolicyVersions {name}"), &error))?;
        let old = listed.policy_versions().iter();
        let old = old.filter(|version| !version.is_default_version());
        for id in old.filter_map(|version| version.version_id()) {
            let call = self.client.delete_policy_version().policy_name(name);
            let sent = call.policy_version_id(id).send();
            sent.await.map_err(|error| {
                RegistryError::of(format!("iot:DeletePolicyVersion {name} {id}"), &error)
            })?;
        }
        Ok(())
    }
}
