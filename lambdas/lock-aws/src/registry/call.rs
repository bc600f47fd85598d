//! The calls that remove a thing and its certificates. Each may be repeated: one that finds nothing
//! left to do succeeds.

use std::fmt;

use aws_sdk_iot::types::{AttributePayload, CertificateStatus};

use super::thing::{NOTE, SEPARATOR};
use super::{Registry, RegistryError};

/// Attempts of a deletion that AWS refuses because of an attachment. Detaching takes AWS several
/// seconds.
const ATTEMPTS_MAX: u32 = 10;
/// Wait between two attempts, in ms.
const WAIT_MS: u64 = 1_000;

/// A call that changes the control plane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Writes the ids of the certificates into the thing's attributes, instead of all others.
    Note {
        /// The thing's name.
        thing: String,
        /// Certificate ids.
        certificates: Vec<String>,
    },
    /// Sets a certificate to INACTIVE. AWS then ends its connections within minutes.
    Deactivate {
        /// Certificate id.
        certificate: String,
    },
    /// Takes a policy from a certificate.
    DetachPolicy {
        /// The policy's name.
        policy: String,
        /// ARN of the certificate.
        principal: String,
    },
    /// Detaches a certificate or another principal from a thing.
    DetachThing {
        /// The thing's name.
        thing: String,
        /// ARN of the principal.
        principal: String,
    },
    /// Deletes a certificate.
    DeleteCertificate {
        /// Certificate id.
        certificate: String,
    },
    /// Deletes a policy that has one version and is attached to nothing.
    DeletePolicy {
        /// The policy's name.
        policy: String,
    },
    /// Deletes a thing.
    DeleteThing {
        /// The thing's name.
        thing: String,
    },
}

/// What a call found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It made the change.
    Done,
    /// What it removes is not there any more.
    AlreadyGone,
}

/// `iot:DeleteThing lock-1`.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Note {
                thing,
                certificates,
            } => {
                let ids = certificates.join(SEPARATOR);
                write!(f, "iot:UpdateThing {thing} {NOTE}={ids}")
            }
            Self::Deactivate { certificate } => {
                write!(f, "iot:UpdateCertificate {certificate} INACTIVE")
            }
            Self::DetachPolicy { policy, principal } => {
                write!(f, "iot:DetachPolicy {policy} from {principal}")
            }
            Self::DetachThing { thing, principal } => {
                write!(f, "iot:DetachThingPrincipal {principal} from {thing}")
            }
            Self::DeleteCertificate { certificate } => {
                write!(f, "iot:DeleteCertificate {certificate}")
            }
            Self::DeletePolicy { policy } => write!(f, "iot:DeletePolicy {policy}"),
            Self::DeleteThing { thing } => write!(f, "iot:DeleteThing {thing}"),
        }
    }
}

impl Registry {
    /// Makes a call. A deletion that AWS refuses because of an attachment is repeated for some
    /// seconds.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if the call fails.
    pub async fn perform(&self, call: &Call) -> Result<Outcome, RegistryError> {
        let mut attempts = 1;
        loop {
            let error = match self.send(call).await {
                Ok(()) => return Ok(Outcome::Done),
                Err(error) => error,
            };
            match (call, error.code()) {
                (_, Some("ResourceNotFoundException")) => return Ok(Outcome::AlreadyGone),
                (
                    Call::DeleteCertificate { .. } | Call::DeletePolicy { .. },
                    Some("DeleteConflictException"),
                )
                | (Call::DeleteThing { .. }, Some("InvalidRequestException"))
                    if attempts < ATTEMPTS_MAX =>
                {
                    attempts += 1;
                    self.clock.wait(WAIT_MS).await;
                }
                _ => return Err(error),
            }
        }
    }

    async fn send(&self, call: &Call) -> Result<(), RegistryError> {
        /// Sends a request, and names `call` in its error.
        macro_rules! send {
            ($request:expr) => {{
                let sent = $request.send().await;
                sent.map(drop)
                    .map_err(|error| RegistryError::of(call.to_string(), &error))
            }};
        }
        let client = &self.client;
        match call {
            Call::Note {
                thing,
                certificates,
            } => {
                let note = AttributePayload::builder()
                    .attributes(NOTE, certificates.join(SEPARATOR))
                    .merge(false);
                let request = client.update_thing().thing_name(thing);
                send!(request.attribute_payload(note.build()))
            }
            Call::Deactivate { certificate } => {
                let request = client.update_certificate().certificate_id(certificate);
                send!(request.new_status(CertificateStatus::Inactive))
            }
            Call::DetachPolicy { policy, principal } => {
                send!(client.detach_policy().policy_name(policy).target(principal))
            }
            Call::DetachThing { thing, principal } => {
                let request = client.detach_thing_principal().thing_name(thing);
                send!(request.principal(principal))
            }
            Call::DeleteCertificate { certificate } => {
                send!(client.delete_certificate().certificate_id(certificate))
            }
            Call::DeletePolicy { policy } => send!(client.delete_policy().policy_name(policy)),
            Call::DeleteThing { thing } => send!(client.delete_thing().thing_name(thing)),
        }
    }
}
