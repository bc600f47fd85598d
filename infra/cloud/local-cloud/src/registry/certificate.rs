//! Certificates: issued, activated, revoked, removed.

use super::authority::Signed;
use super::record::{CertificateRecord, CertificateStatus};
use super::store::RecordKey;
use super::{IssuedCertificate, Registry, RegistryError};

impl Registry {
    /// The ARN of a certificate id.
    pub(crate) fn certificate_arn(&self, id: &str) -> String {
        self.arn(&format!("cert/{id}"))
    }

    /// Creates a key and an active certificate for it.
    ///
    /// # Errors
    /// [`RegistryError::Authority`], [`RegistryError::Storage`].
    pub fn create_keys_and_certificate(&self) -> Result<IssuedCertificate, RegistryError> {
        let (signed, key) = self.authority().sign_new_keys()?;
        self.add_certificate(&signed)?;
        Ok(IssuedCertificate {
            arn: self.certificate_arn(&signed.id),
            id: signed.id,
            pem: signed.pem,
            private_key_pem: key.serialize_pem(),
            public_key_pem: key.public_key_pem(),
        })
    }

    /// Creates an active certificate for a signing request.
    pub(crate) fn create_certificate_from_csr(
        &self,
        csr_pem: &str,
    ) -> Result<Signed, RegistryError> {
        let signed = self.authority().sign_request(csr_pem)?;
        self.add_certificate(&signed)?;
        Ok(signed)
    }

    fn add_certificate(&self, signed: &Signed) -> Result<(), RegistryError> {
        let record = CertificateRecord::new(signed.pem.clone(), self.now_ms());
        self.change(RecordKey::Certificate(&signed.id), |records| {
            records.certificates.insert(signed.id.clone(), record);
            Ok(())
        })
    }

    /// Activates or deactivates a certificate; its connections lose their rights at once.
    ///
    /// # Errors
    /// [`RegistryError::CertificateNotFound`], [`RegistryError::Storage`].
    pub fn set_certificate_active(&self, id: &str, active: bool) -> Result<(), RegistryError> {
        let status = if active {
            CertificateStatus::Active
        } else {
            CertificateStatus::Inactive
        };
        self.set_certificate_status(id, status)
    }

    /// Activates, deactivates or revokes a certificate.
    pub(crate) fn set_certificate_status(
        &self,
        id: &str,
        status: CertificateStatus,
    ) -> Result<(), RegistryError> {
        let now_ms = self.now_ms();
        self.change(RecordKey::Certificate(id), |records| {
            let certificate = records.certificate_mut(id)?;
            certificate.active = status == CertificateStatus::Active;
            certificate.revoked = status == CertificateStatus::Revoked;
            certificate.pending = status == CertificateStatus::PendingActivation;
            certificate.modified_at_ms = Some(now_ms);
            Ok(())
        })
    }

    /// Removes a certificate, with `force` including the attachments of its policies.
    pub(crate) fn delete_certificate(&self, id: &str, force: bool) -> Result<(), RegistryError> {
        self.change(RecordKey::Certificate(id), |records| {
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
