//! The calls that make a device known: thing type, group, thing, attachments, activation. Each may
//! be repeated.

use std::fmt;

use aws_sdk_iot::types::{AttributePayload, CertificateStatus};

use super::thing::{ROTATION, SEPARATOR};
use super::{Registry, RegistryError};

/// A call that adds to the control plane, or changes what is there. What it names must exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Creates a thing type.
    CreateType {
        /// Its name.
        kind: String,
    },
    /// Creates a thing group.
    CreateGroup {
        /// Its name.
        group: String,
    },
    /// Creates a thing of a thing type.
    CreateThing {
        /// The thing's name.
        thing: String,
        /// The thing type's name.
        kind: String,
    },
    /// Gives an existing thing a thing type.
    SetType {
        /// The thing's name.
        thing: String,
        /// The thing type's name.
        kind: String,
    },
    /// Puts a thing into a group.
    JoinGroup {
        /// The thing's name.
        thing: String,
        /// The group's name.
        group: String,
    },
    /// Attaches a policy to a certificate.
    AttachPolicy {
        /// The policy's name.
        policy: String,
        /// ARN of the certificate.
        principal: String,
    },
    /// Attaches a certificate to a thing.
    AttachThing {
        /// The thing's name.
        thing: String,
        /// ARN of the certificate.
        principal: String,
    },
    /// Sets a certificate to ACTIVE.
    Activate {
        /// Certificate id.
        certificate: String,
    },
    /// Sets a certificate to REVOKED.
    Revoke {
        /// Certificate id.
        certificate: String,
    },
    /// Writes the certificates of a rotation into the thing's attributes, next to the others; none
    /// removes them.
    NoteRotation {
        /// The thing's name.
        thing: String,
        /// Certificate ids: the new one, then the old ones.
        certificates: Vec<String>,
    },
}

/// `iot:CreateThing lock-1 (remote-lock-lock)`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateType { kind } => write!(f, "iot:CreateThingType {kind}"),
            Self::CreateGroup { group } => write!(f, "iot:CreateThingGroup {group}"),
            Self::CreateThing { thing, kind } => write!(f, "iot:CreateThing {thing} ({kind})"),
            Self::SetType { thing, kind } => write!(f, "iot:UpdateThing {thing} ({kind})"),
            Self::JoinGroup { thing, group } => {
                write!(f, "iot:AddThingToThingGroup {thing} to {group}")
            }
            Self::AttachPolicy { policy, principal } => {
                write!(f, "iot:AttachPolicy {policy} to {principal}")
            }
            Self::AttachThing { thing, principal } => {
                write!(f, "iot:AttachThingPrincipal {principal} to {thing}")
            }
            Self::Activate { certificate } => {
                write!(f, "iot:UpdateCertificate {certificate} ACTIVE")
            }
            Self::Revoke { certificate } => {
                write!(f, "iot:UpdateCertificate {certificate} REVOKED")
            }
            Self::NoteRotation {
                thing,
                certificates,
            } => {
                let ids = certificates.join(SEPARATOR);
                write!(f, "iot:UpdateThing {thing} {ROTATION}={ids}")
            }
        }
    }
}

impl Registry {
    /// Makes a change.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if the call fails.
    pub async fn make(&self, change: &Change) -> Result<(), RegistryError> {
        /// Sends a request, and names the change in its error.
        macro_rules! send {
            ($request:expr) => {{
                let sent = $request.send().await;
                sent.map(drop)
                    .map_err(|error| RegistryError::of(change.to_string(), &error))
            }};
        }
        let client = &self.client;
        let status = |certificate: &str, status| {
            let request = client.update_certificate().certificate_id(certificate);
            request.new_status(status)
        };
        match change {
            Change::CreateType { kind } => {
                send!(client.create_thing_type().thing_type_name(kind))
            }
            Change::CreateGroup { group } => {
                send!(client.create_thing_group().thing_group_name(group))
            }
            Change::CreateThing { thing, kind } => {
                send!(
                    client
                        .create_thing()
                        .thing_name(thing)
                        .thing_type_name(kind)
                )
            }
            Change::SetType { thing, kind } => {
                send!(
                    client
                        .update_thing()
                        .thing_name(thing)
                        .thing_type_name(kind)
                )
            }
            Change::JoinGroup { thing, group } => {
                let request = client.add_thing_to_thing_group().thing_name(thing);
                send!(request.thing_group_name(group))
            }
            Change::AttachPolicy { policy, principal } => {
                send!(client.attach_policy().policy_name(policy).target(principal))
            }
            Change::AttachThing { thing, principal } => {
                let request = client.attach_thing_principal().thing_name(thing);
                send!(request.principal(principal))
            }
            Change::Activate { certificate } => {
                send!(status(certificate, CertificateStatus::Active))
            }
            Change::Revoke { certificate } => {
                send!(status(certificate, CertificateStatus::Revoked))
            }
            Change::NoteRotation {
                thing,
                certificates,
            } => {
                let note = AttributePayload::builder()
                    .attributes(ROTATION, certificates.join(SEPARATOR))
                    .merge(true);
                let request = client.update_thing().thing_name(thing);
                send!(request.attribute_payload(note.build()))
            }
        }
    }
}
