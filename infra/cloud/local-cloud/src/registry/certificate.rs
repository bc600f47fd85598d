//! Certificates: issued, activated, revoked, removed.
//!
//! Must not know what a certificate's policies say.

use super::authority::Signed;
use super::record::{CertificateRecord, CertificateStatus};
use super::store::What;
use super::{IssuedCertificate, Registry, RegistryError};

impl Registry {
    /// The ARN of a certificate id.
    pub fn certificate_arn(&self, id: &str) -> String {
        self.arn(&format!("cert/{id}"))
    }

    /// A new key and an active certificate for it.
    pub fn create_keys_and_certificate(&self) -> Result<IssuedCertificate, RegistryError> {
        let keys = self.authority().sign_new_keys()?;
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
        let signed = self.authority().sign_request(csr_pem)?;
        self.add_certificate(&signed)?;
        Ok(signed)
    }

    fn add_certificate(&self, signed: &Signed) -> Result<(), RegistryError> {
        let record = CertificateRecord::new(signed.pem.clone(), self.now_ms());
        self.change(What::Certificate(&signed.id), |records| {
            records.certificates.insert(signed.id.clone(), record);
            Ok(())
        })
    }

    /// Activates or deactivates a certificate; connections made with it lose their rights at once.
    pub fn set_certificate_active(&self, id: &str, active: bool) -> Result<(), RegistryError> {
        let status = if active {
            CertificateStatus::Active
        } else {
            CertificateStatus::Inactive
        };
        self.set_certificate_status(id, status)
    }

    /// Activates, deactivates or revokes a certificate.
    pub fn set_certificate_status(
        &self,
        id: &str,
        status: CertificateStatus,
    ) -> Result<(), RegistryError> {
        let now_ms = self.now_ms();
        self.change(What::Certificate(id), |records| {
            let certificate = records.certificate_mut(id)?;
            certificate.active = status == CertificateStatus::Active;
            certificate.revoked = status == CertificateStatus::Revoked;
            certificate.modified_at_ms = Some(now_ms);
            Ok(())
        })
    }

    /// Removes a certificate, by `force` together with its policies' attachments. Errors:
    /// [`RegistryError::CertificateActive`], [`RegistryError::CertificateAttached`].
    pub fn delete_certificate(&self, id: &str, force: bool) -> Result<(), RegistryError> {
        self.change(What::Certificate(id), |records| {
            let certificate = records.certificate_mut(id)?;
            if certificate.active {
                return Err(RegistryError::CertificateActive(id.to_owned()));
            }
            let has_policies = !force && !certificate.policies.is_empty();
            let has_things = records.things_of(id).next().is_some();
            let attached = |what| {
                let arn = self.certificate_arn(id);
                Err(RegistryError::CertificateAttached { what, arn })
            };
            if has_things {
                return attached("Things");
            }
            if has_policies {
                return attached("Certificate policies");
            }
            records.certificates.remove(id);
            Ok(())
        })
    }
}
