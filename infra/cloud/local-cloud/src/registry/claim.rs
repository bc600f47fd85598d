//! Claims, with which devices that have no certificate of their own begin, and certificates that
//! wait for their thing.
//!
//! Must not know: what a provisioning template says.

use serde_json::{Value, json};

use super::record::Claim;
use super::store::RecordKey;
use super::{IssuedCertificate, Registry, RegistryError};

/// How long a claim is valid. Source: AWS IoT API, `CreateProvisioningClaim`.
const CLAIM_MS: u64 = 5 * 60 * 1000;

impl Registry {
    /// Creates keys and a certificate that may provision by a template, and when it ends.
    pub(crate) fn create_claim(
        &self,
        template: &str,
    ) -> Result<(IssuedCertificate, u64), RegistryError> {
        let issued = self.create_keys_and_certificate()?;
        let until_ms = self.now_ms() + CLAIM_MS;
        self.change(RecordKey::Certificate(&issued.id), |records| {
            records.certificate_mut(&issued.id)?.claim = Some(Claim {
                template: template.to_owned(),
                until_ms,
            });
            Ok(())
        })?;
        Ok((issued, until_ms))
    }

    /// Removes claims that are over, and certificates that have waited longer than `wait_ms` and
    /// have neither thing nor policy.
    pub(crate) fn remove_unclaimed(&self, wait_ms: u64) -> Result<(), RegistryError> {
        let now_ms = self.now_ms();
        let records = self.records();
        let all = records.certificates.iter();
        let old = all.filter(|(id, c)| {
            let is_free = c.policies.is_empty() && records.things_of(id).next().is_none();
            c.is_over(now_ms) || (c.pending && is_free && c.created_at_ms + wait_ms <= now_ms)
        });
        let ids: Vec<String> = old.map(|(id, _)| id.clone()).collect();
        drop(records);
        for id in ids {
            self.change(RecordKey::Certificate(&id), |records| {
                records.certificates.remove(&id);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// The policy of a claim.
    pub(super) fn policy_of(&self, claim: &Claim) -> Value {
        let topics = |kind: &str| -> Vec<String> {
            let template = &claim.template;
            [
                "$aws/certificates/create/*".to_owned(),
                "$aws/certificates/create-from-csr/*".to_owned(),
                format!("$aws/provisioning-templates/{template}/provision/*"),
            ]
            .map(|topic| self.arn(&format!("{kind}/{topic}")))
            .into()
        };
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"},
            {"Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"],
                "Resource": topics("topic")},
            {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": topics("topicfilter")},
        ]})
    }
}
