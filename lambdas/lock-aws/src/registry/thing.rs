//! What is attached to a thing: its principals, and the policies and other things of its
//! certificates.

use std::collections::BTreeSet;

use aws_sdk_iot::types::CertificateStatus;

use super::{Registry, RegistryError};

/// The attribute of a thing that names the certificates being deleted with it. Once a certificate
/// is detached, nothing else leads to it.
pub(super) const NOTE: &str = "retiring";
/// The attribute of a thing whose certificate is being rotated: the new certificate, then the old
/// ones.
pub(super) const ROTATION: &str = "rotating";
/// Separates the certificate ids in that attribute.
pub(super) const SEPARATOR: &str = ":";

const NOT_FOUND: &str = "ResourceNotFoundException";

/// A thing, and what is attached to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thing {
    /// Its name.
    pub name: String,
    /// Its thing type.
    pub kind: Option<String>,
    /// The certificates that are attached to it, or that an earlier attempt has noted.
    pub certificates: Vec<Certificate>,
    /// ARNs of its principals that are not certificates.
    pub others: Vec<String>,
    /// Ids of the certificates that an earlier attempt has noted.
    pub noted: BTreeSet<String>,
    /// Ids of the certificates of a rotation: the new one, then the old ones.
    pub rotation: Vec<String>,
}

/// A certificate of a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Itself, as PEM.
    pub pem: String,
    /// Whether a device may connect with it.
    pub is_active: bool,
    /// Whether it was revoked, for good.
    pub is_revoked: bool,
    /// Names of the policies that are attached to it.
    pub policies: Vec<String>,
    /// Names of the things that it is attached to.
    pub things: Vec<String>,
}

/// The id in a certificate's ARN; `None` for the ARN of another principal.
pub fn certificate_id(arn: &str) -> Option<&str> {
    arn.rsplit_once(":cert/").map(|(_, id)| id)
}

impl Registry {
    /// The thing of this name with all that is attached to it; `None` if there is no such thing.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if a call fails.
    pub async fn find_thing(&self, name: &str) -> Result<Option<Thing>, RegistryError> {
        let described = self.client.describe_thing().thing_name(name).send().await;
        let described = match described {
            Ok(described) => described,
            Err(error) => {
                let error = RegistryError::of(format!("iot:DescribeThing {name}"), &error);
                return error.absent_if(NOT_FOUND);
            }
        };
        let note = described.attributes().and_then(|all| all.get(NOTE));
        let noted = note.into_iter().flat_map(|ids| ids.split(SEPARATOR));
        let noted: BTreeSet<String> = noted.map(str::to_owned).collect();
        let rotation = described.attributes().and_then(|all| all.get(ROTATION));
        let rotation = rotation.into_iter().flat_map(|ids| ids.split(SEPARATOR));
        let rotation: Vec<String> = rotation.map(str::to_owned).collect();
        let (mut ids, mut others) = (noted.clone(), Vec::new());
        ids.extend(rotation.iter().cloned());
        for arn in self.list_principals(name).await? {
            match certificate_id(&arn) {
                Some(id) => drop(ids.insert(id.to_owned())),
                None => others.push(arn),
            }
        }
        let mut certificates = Vec::new();
        for id in ids {
            certificates.extend(self.find_certificate(&id).await?);
        }
        Ok(Some(Thing {
            name: name.to_owned(),
            kind: described.thing_type_name().map(str::to_owned),
            certificates,
            others,
            noted,
            rotation,
        }))
    }

    /// ARNs of what is attached to a thing.
    async fn list_principals(&self, thing: &str) -> Result<Vec<String>, RegistryError> {
        let call = self.client.list_thing_principals().thing_name(thing);
        let mut pages = call.into_paginator().send();
        let mut all = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                RegistryError::of(format!("iot:ListThingPrincipals {thing}"), &error)
            })?;
            all.extend_from_slice(page.principals());
        }
        Ok(all)
    }

    /// The certificate of this id with all that is attached to it; `None` if there is none.
    pub(super) async fn find_certificate(
        &self,
        id: &str,
    ) -> Result<Option<Certificate>, RegistryError> {
        let call = self.client.describe_certificate().certificate_id(id);
        let described = match call.send().await {
            Ok(described) => described,
            Err(error) => {
                let error = RegistryError::of(format!("iot:DescribeCertificate {id}"), &error);
                return error.absent_if(NOT_FOUND);
            }
        };
        let description = described.certificate_description();
        let arn = description.and_then(|found| found.certificate_arn());
        let arn = arn.unwrap_or_default().to_owned();
        let status = description.and_then(|found| found.status());
        let pem = description.and_then(|found| found.certificate_pem());
        Ok(Some(Certificate {
            id: id.to_owned(),
            pem: pem.unwrap_or_default().to_owned(),
            is_active: status == Some(&CertificateStatus::Active),
            is_revoked: status == Some(&CertificateStatus::Revoked),
            policies: self.list_policies(&arn).await?,
            things: self.list_things(&arn).await?,
            arn,
        }))
    }

    /// Names of the policies that are attached to a certificate.
    async fn list_policies(&self, arn: &str) -> Result<Vec<String>, RegistryError> {
        let call = self.client.list_attached_policies().target(arn);
        let mut pages = call.into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                RegistryError::of(format!("iot:ListAttachedPolicies {arn}"), &error)
            })?;
            let policies = page.policies().iter();
            names.extend(policies.filter_map(|policy| policy.policy_name().map(str::to_owned)));
        }
        Ok(names)
    }

    /// Names of the things that a certificate is attached to.
    async fn list_things(&self, arn: &str) -> Result<Vec<String>, RegistryError> {
        let call = self.client.list_principal_things().principal(arn);
        let mut pages = call.into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                RegistryError::of(format!("iot:ListPrincipalThings {arn}"), &error)
            })?;
            names.extend_from_slice(page.things());
        }
        Ok(names)
    }
}
