//! Which steps give a device its identity, decided from what was found. A step that was done before
//! is named and not repeated.
//!
//! The certificate is made inactive and becomes ACTIVE last: an attempt that ends before leaves
//! nothing that may connect, and the next one finds its certificate by the key.

use std::fmt;

use lock_aws::registry::{Call, Certificate, Change, Thing};

use super::key::{PublicKey, key_of};
use super::kind::Kind;

/// What the device is to be.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The thing's name.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// The policy of its certificate.
    pub policy: String,
    /// The thing group of the stack.
    pub group: String,
}

/// What is there.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Whether the thing type exists.
    pub has_type: bool,
    /// Whether the thing group exists.
    pub has_group: bool,
    /// The thing, if it exists.
    pub thing: Option<Thing>,
    /// The groups that the thing is in.
    pub groups: Vec<String>,
    /// The key in the device's folder or signing request, if there is one.
    pub key: Option<PublicKey>,
    /// Inactive certificates of the account with this key.
    pub inactive: Vec<Certificate>,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Was done before.
    Already(String),
    /// A change in AWS IoT.
    Change(Change),
    /// A removal in AWS IoT.
    Call(Call),
    /// Makes the private key.
    Key,
    /// Has the key signed. The certificate is inactive.
    Sign,
    /// Writes the files of the folder but the key, with this certificate or the one just signed.
    Files(Option<String>),
    /// A change that names the certificate just signed.
    Then(Then),
}

/// A change of the certificate that an earlier step signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// Notes it as the new certificate of a thing's rotation, before these old ones.
    Note(String, Vec<String>),
    /// Attaches a policy.
    AttachPolicy(String),
    /// Attaches it to a thing.
    AttachThing(String),
    /// Activates it.
    Activate,
}

/// The steps, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
    /// The id of a complete certificate whose key is not in the folder.
    pub elsewhere: Option<String>,
}

/// Why the device gets no identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The thing is of another thing type.
    #[error(
        "{name} is not registered: its thing is of the type {found}, not {wanted}; choose another \
         name, or retire that thing with `lockctl retire {name}`"
    )]
    OtherType {
        /// The thing's name.
        name: String,
        /// Its thing type.
        found: String,
        /// The thing type of this kind of device.
        wanted: &'static str,
    },
    /// A retirement of the thing has begun.
    #[error(
        "{name} is not registered: it is being retired; finish that with `lockctl retire {name}`, \
         then repeat this command"
    )]
    Retiring {
        /// The thing's name.
        name: String,
    },
    /// The certificate of the key was revoked.
    #[error(
        "{name} is not registered: certificate {certificate} of its key was revoked; move its \
         folder away, and repeat this command for a new key"
    )]
    Revoked {
        /// The thing's name.
        name: String,
        /// Certificate id.
        certificate: String,
    },
}

impl Then {
    /// The change, once the certificate is there.
    pub fn of(&self, id: &str, arn: &str) -> Change {
        let (certificate, principal) = (id.to_owned(), arn.to_owned());
        match self {
            Self::Note(thing, old) => Change::NoteRotation {
                thing: thing.clone(),
                certificates: [std::slice::from_ref(&certificate), old].concat(),
            },
            Self::AttachPolicy(policy) => Change::AttachPolicy {
                policy: policy.clone(),
                principal,
            },
            Self::AttachThing(thing) => Change::AttachThing {
                thing: thing.clone(),
                principal,
            },
            Self::Activate => Change::Activate { certificate },
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Already(what) => write!(f, "{what}: already there"),
            Self::Change(change) => write!(f, "{change}"),
            Self::Call(call) => write!(f, "{call}"),
            Self::Key => write!(f, "make a private key, which stays in the folder"),
            Self::Sign => write!(f, "iot:CreateCertificateFromCsr, inactive"),
            Self::Files(_) => write!(f, "write the files of the folder"),
            Self::Then(then) => write!(f, "{}", then.of("CERTIFICATE", "CERTIFICATE")),
        }
    }
}

/// The steps for a device.
///
/// # Errors
///
/// [`Refusal`]: what is there must not be used.
pub fn plan(wanted: &Wanted, found: &Found) -> Result<Plan, Refusal> {
    check(wanted, found)?;
    let mut steps = steps_of_thing(wanted, found);
    let matching =
        |certificate: &&Certificate| found.key.is_some() && key_of(&certificate.pem) == found.key;
    let attached = found.thing.iter().flat_map(|thing| &thing.certificates);
    let mut own: Vec<&Certificate> = attached.clone().filter(matching).collect();
    own.extend(found.inactive.iter());
    own.dedup_by_key(|certificate| &certificate.id);
    if let Some(revoked) = own.iter().find(|certificate| certificate.is_revoked) {
        return Err(Refusal::Revoked {
            name: wanted.name.clone(),
            certificate: revoked.id.clone(),
        });
    }
    let is_complete = |certificate: &&Certificate| {
        certificate.is_active
            && certificate.policies.contains(&wanted.policy)
            && certificate.things.contains(&wanted.name)
    };
    let mut complete = attached.filter(is_complete);
    let mut elsewhere = None;
    match (own.split_first(), complete.next()) {
        (Some((certificate, doubles)), _) => {
            steps.push(Step::Already("private key".to_owned()));
            steps.extend(steps_of_certificate(wanted, certificate));
            // An answer that was lost, and asked for again.
            let unused = doubles
                .iter()
                .filter(|double| double.policies.is_empty() && double.things.is_empty());
            steps.extend(unused.map(|double| {
                let certificate = double.id.clone();
                Step::Call(Call::DeleteCertificate { certificate })
            }));
        }
        (None, Some(complete)) => {
            steps.push(Step::Already(format!("certificate {}", complete.id)));
            elsewhere = Some(complete.id.clone());
        }
        (None, None) => {
            steps.push(match found.key {
                Some(_) => Step::Already("private key".to_owned()),
                None => Step::Key,
            });
            steps.extend([
                Step::Sign,
                Step::Files(None),
                Step::Then(Then::AttachPolicy(wanted.policy.clone())),
                Step::Then(Then::AttachThing(wanted.name.clone())),
                Step::Then(Then::Activate),
            ]);
        }
    }
    Ok(Plan { steps, elsewhere })
}

fn check(wanted: &Wanted, found: &Found) -> Result<(), Refusal> {
    let Some(thing) = &found.thing else {
        return Ok(());
    };
    let name = wanted.name.clone();
    match &thing.kind {
        Some(kind) if kind != wanted.kind.thing_type() => Err(Refusal::OtherType {
            name,
            found: kind.clone(),
            wanted: wanted.kind.thing_type(),
        }),
        _ if !thing.noted.is_empty() => Err(Refusal::Retiring { name }),
        _ => Ok(()),
    }
}

/// Thing type, group and thing.
fn steps_of_thing(wanted: &Wanted, found: &Found) -> Vec<Step> {
    let kind = wanted.kind.thing_type().to_owned();
    let (thing, group) = (wanted.name.clone(), wanted.group.clone());
    let step = |is_there: bool, what: String, change: Change| {
        if is_there {
            Step::Already(what)
        } else {
            Step::Change(change)
        }
    };
    let made = match &found.thing {
        Some(found) => step(
            found.kind.is_some(),
            format!("thing {thing}"),
            Change::SetType {
                thing: thing.clone(),
                kind: kind.clone(),
            },
        ),
        None => Step::Change(Change::CreateThing {
            thing: thing.clone(),
            kind: kind.clone(),
        }),
    };
    vec![
        step(
            found.has_type,
            format!("thing type {kind}"),
            Change::CreateType { kind },
        ),
        step(
            found.has_group,
            format!("thing group {group}"),
            Change::CreateGroup {
                group: group.clone(),
            },
        ),
        made,
        step(
            found.groups.contains(&group),
            format!("{thing} in group {group}"),
            Change::JoinGroup { thing, group },
        ),
    ]
}

/// What is left to do for a certificate with the folder's key.
fn steps_of_certificate(wanted: &Wanted, certificate: &Certificate) -> Vec<Step> {
    let id = &certificate.id;
    let step = |is_done: bool, what: String, then: Then| {
        if is_done {
            Step::Already(what)
        } else {
            Step::Change(then.of(id, &certificate.arn))
        }
    };
    vec![
        Step::Already(format!("certificate {id}")),
        Step::Files(Some(certificate.pem.clone())),
        step(
            certificate.policies.contains(&wanted.policy),
            format!("policy {} of the certificate", wanted.policy),
            Then::AttachPolicy(wanted.policy.clone()),
        ),
        step(
            certificate.things.contains(&wanted.name),
            format!("certificate of {}", wanted.name),
            Then::AttachThing(wanted.name.clone()),
        ),
        step(
            certificate.is_active,
            "active certificate".to_owned(),
            Then::Activate,
        ),
    ]
}

#[cfg(test)]
mod tests;
