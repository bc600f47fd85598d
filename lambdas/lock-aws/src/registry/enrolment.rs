//! What a registration looks up, and the certificate that it asks for.

use super::thing::Certificate;
use super::{Registry, RegistryError};

const NOT_FOUND: &str = "ResourceNotFoundException";
/// AWS's host of devices, with a certificate of Amazon's own authority.
const DATA_ENDPOINT: &str = "iot:Data-ATS";

/// A policy of AWS `IoT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyText {
    /// Its ARN.
    pub arn: String,
    /// The JSON of its default version.
    pub document: String,
}

/// A certificate that was just signed. It is inactive, and nothing is attached to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCertificate {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Itself, as PEM.
    pub pem: String,
}

impl Registry {
    /// A policy; `None` if there is none of this name.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if the call fails.
    pub async fn find_policy(&self, name: &str) -> Result<Option<PolicyText>, RegistryError> {
        match self.client.get_policy().policy_name(name).send().await {
            Ok(found) => Ok(Some(PolicyText {
                arn: found.policy_arn().unwrap_or_default().to_owned(),
                document: found.policy_document().unwrap_or_default().to_owned(),
            })),
            Err(error) => {
                let error = RegistryError::of(format!("iot:GetPolicy {name}"), &error);
                error.absent_if(NOT_FOUND)
            }
        }
    }

    /// Whether there is a thing type of this name.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if the call fails.
    pub async fn has_thing_type(&self, name: &str) -> Result<bool, RegistryError> {
        let call = self.client.describe_thing_type().thing_type_name(name);
        match call.send().await {
            Ok(_) => Ok(true),
            Err(error) => {
                let error = RegistryError::of(format!("iot:DescribeThingType {name}"), &error);
                Ok(error.absent_if::<()>(NOT_FOUND)?.is_some())
            }
        }
    }

    /// Whether there is a thing group of this name.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if the call fails.
    pub async fn has_thing_group(&self, name: &str) -> Result<bool, RegistryError> {
        let call = self.client.describe_thing_group().thing_group_name(name);
        match call.send().await {
            Ok(_) => Ok(true),
            Err(error) => {
                let error = RegistryError::of(format!("iot:DescribeThingGroup {name}"), &error);
                Ok(error.absent_if::<()>(NOT_FOUND)?.is_some())
            }
        }
    }

    /// Names of the groups that a thing is in.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if a call fails.
    pub async fn list_groups(&self, thing: &str) -> Result<Vec<String>, RegistryError> {
        let call = self.client.list_thing_groups_for_thing().thing_name(thing);
        let mut pages = call.into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                RegistryError::of(format!("iot:ListThingGroupsForThing {thing}"), &error)
            })?;
            let groups = page.thing_groups().iter();
            names.extend(groups.filter_map(|group| group.group_name().map(str::to_owned)));
        }
        Ok(names)
    }

    /// The inactive certificates of the account that `fits` accepts by their PEM, oldest first.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if a call fails.
    pub async fn find_inactive(
        &self,
        fits: impl Fn(&str) -> bool,
    ) -> Result<Vec<Certificate>, RegistryError> {
        use aws_sdk_iot::types::CertificateStatus::Inactive;
        let call = self.client.list_certificates().ascending_order(true);
        let mut pages = call.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| RegistryError::of("iot:ListCertificates", &error))?;
            let all = page.certificates().iter();
            for listed in all.filter(|listed| listed.status() == Some(&Inactive)) {
                let id = listed.certificate_id().unwrap_or_default();
                let pem = self.read_pem(id).await?;
                if pem.is_some_and(|pem| fits(&pem)) {
                    found.extend(self.find_certificate(id).await?);
                }
            }
        }
        Ok(found)
    }

    /// The PEM of a certificate; `None` if it is gone.
    async fn read_pem(&self, id: &str) -> Result<Option<String>, RegistryError> {
        let call = self.client.describe_certificate().certificate_id(id);
        match call.send().await {
            Ok(found) => {
                let description = found.certificate_description();
                let pem = description.and_then(|found| found.certificate_pem());
                Ok(pem.map(str::to_owned))
            }
            Err(error) => {
                let error = RegistryError::of(format!("iot:DescribeCertificate {id}"), &error);
                error.absent_if(NOT_FOUND)
            }
        }
    }

    /// Has a signing request signed. The certificate is inactive. Repeated, it makes another one.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if the call fails.
    pub async fn sign(&self, csr_pem: &str) -> Result<NewCertificate, RegistryError> {
        let call = self.client.create_certificate_from_csr();
        let call = call.certificate_signing_request(csr_pem);
        let signed = call.set_as_active(false).send().await;
        let signed =
            signed.map_err(|error| RegistryError::of("iot:CreateCertificateFromCsr", &error))?;
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Ok(NewCertificate {
            id: text(signed.certificate_id()),
            arn: text(signed.certificate_arn()),
            pem: text(signed.certificate_pem()),
        })
    }

    /// The host that devices connect to; with a port if it is not 8883.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if the call fails.
    pub async fn find_endpoint(&self) -> Result<String, RegistryError> {
        let call = self.client.describe_endpoint().endpoint_type(DATA_ENDPOINT);
        let found = call.send().await;
        let found = found.map_err(|error| RegistryError::of("iot:DescribeEndpoint", &error))?;
        Ok(found.endpoint_address().unwrap_or_default().to_owned())
    }
}
