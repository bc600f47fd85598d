//! The steps of a rotation: a new certificate next to the old ones, and the end of the old ones.
//!
//! The thing notes the new certificate first and the old ones after it, before the new one may
//! connect. So each attempt knows which is which, even of certificates that are no longer attached.

use lock_aws::registry::{Call, Certificate, Change, Thing};

use crate::register::key::{PublicKey, key_of};
use crate::register::plan::Then;

/// A step that makes the new certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Was done before.
    Already(String),
    /// Makes the new private key.
    Key,
    /// Has the new key signed. The certificate is inactive.
    Sign,
    /// Writes the new certificate, this one or the one just signed.
    File(Option<String>),
    /// A change in AWS IoT.
    Change(Change),
    /// A change that names the certificate just signed.
    Then(Then),
    /// Moves the old files into `old`, and the new ones into their place.
    Move,
}

/// Why nothing is rotated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A retirement of the thing has begun.
    #[error("it is being retired: finish that with `lockctl retire {0}`")]
    Retiring(String),
    /// The thing has no certificate with a policy.
    #[error("it has no certificate with a policy to replace: `lockctl register` makes the first")]
    NoCertificate,
    /// The key is that of a certificate that the thing has had before.
    #[error("this is the key of its certificate {0}, not a new one: make a request with a new key")]
    SameKey(String),
    /// The new certificate is not complete.
    #[error("its new certificate is not complete: repeat `lockctl rotate {0}` first")]
    Incomplete(String),
}

/// The steps that give a thing a new certificate. `key` is the new key, if there is one already,
/// and `inactive` the inactive certificates of the account with that key.
///
/// # Errors
///
/// [`Refusal`].
pub fn begin(
    thing: &Thing,
    key: Option<&PublicKey>,
    inactive: &[Certificate],
) -> Result<Vec<Step>, Refusal> {
    if !thing.noted.is_empty() {
        return Err(Refusal::Retiring(thing.name.clone()));
    }
    let is_new = |certificate: &&Certificate| {
        key.is_some() && key_of(&certificate.pem).as_ref() == key && !certificate.is_revoked
    };
    let new = thing.certificates.iter().chain(inactive).find(is_new);
    let is_old = |certificate: &&Certificate| new.is_none_or(|new| new.id != certificate.id);
    let old: Vec<&Certificate> = thing.certificates.iter().filter(is_old).collect();
    if let Some(new) = new.filter(|new| old.is_empty() && is_ready(thing, new)) {
        // It was finished before the new files were moved into place.
        return Ok(vec![
            Step::Already("new private key".to_owned()),
            Step::Already(format!("new certificate {}", new.id)),
            Step::File(Some(new.pem.clone())),
            Step::Move,
        ]);
    }
    let mut policies: Vec<&String> = old.iter().flat_map(|old| &old.policies).collect();
    policies.sort();
    policies.dedup();
    if policies.is_empty() {
        return Err(Refusal::NoCertificate);
    }
    let mut steps = vec![match key {
        Some(_) => Step::Already("new private key".to_owned()),
        None => Step::Key,
    }];
    let note = Then::Note(
        thing.name.clone(),
        old.iter().map(|old| old.id.clone()).collect(),
    );
    let attach = policies.into_iter().map(|policy| {
        let is_done = new.is_some_and(|new| new.policies.contains(policy));
        (is_done, Then::AttachPolicy(policy.clone()))
    });
    let is_noted = new.is_some_and(|new| thing.rotation.first() == Some(&new.id));
    let is_attached = new.is_some_and(|new| new.things.contains(&thing.name));
    let is_active = new.is_some_and(|new| new.is_active);
    let thens = std::iter::once((is_noted, note)).chain(attach).chain([
        (is_attached, Then::AttachThing(thing.name.clone())),
        (is_active, Then::Activate),
    ]);
    match new {
        Some(new) => {
            steps.push(Step::Already(format!("new certificate {}", new.id)));
            steps.push(Step::File(Some(new.pem.clone())));
            steps.extend(
                thens
                    .filter(|(is_done, _)| !is_done)
                    .map(|(_, then)| Step::Change(then.of(&new.id, &new.arn))),
            );
        }
        None => {
            steps.extend([Step::Sign, Step::File(None)]);
            steps.extend(thens.map(|(_, then)| Step::Then(then)));
        }
    }
    steps.push(Step::Move);
    Ok(steps)
}

/// Refuses the key of a signing request if the thing has a certificate for it that is not the new
/// one of a rotation.
///
/// # Errors
///
/// [`Refusal::SameKey`].
pub fn check_request(thing: &Thing, key: &PublicKey) -> Result<(), Refusal> {
    let mut attached = thing.certificates.iter();
    let same = attached.find(|certificate| {
        key_of(&certificate.pem).as_ref() == Some(key)
            && certificate.things.contains(&thing.name)
            && thing.rotation.first() != Some(&certificate.id)
    });
    match same {
        Some(same) => Err(Refusal::SameKey(same.id.clone())),
        None => Ok(()),
    }
}

/// Whether a device can connect with a certificate as this thing.
fn is_ready(thing: &Thing, certificate: &Certificate) -> bool {
    certificate.is_active
        && certificate.things.contains(&thing.name)
        && !certificate.policies.is_empty()
}

/// Who sees the device with its new certificate, before anything is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// The command does, by the device's connection.
    Connection,
    /// The operator has.
    Operator,
    /// An earlier attempt had it: it revoked the old certificates.
    Earlier,
}

/// The end of a rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// Cuts the old certificates off.
    pub cut: Vec<Call>,
    /// Who sees the device after that.
    pub sight: Sight,
    /// Revokes the old certificates.
    pub revoke: Vec<Change>,
    /// Detaches and deletes them.
    pub remove: Vec<Call>,
    /// Undoes `cut`.
    pub restore: Vec<Change>,
    /// Removes the note from the thing.
    pub forget: Change,
}

/// The end of a thing's rotation; `None` if no rotation has begun. `is_seen` says that the operator
/// has seen the device with its new certificate.
///
/// # Errors
///
/// [`Refusal`].
pub fn end(thing: &Thing, is_seen: bool) -> Result<Option<End>, Refusal> {
    if !thing.noted.is_empty() {
        return Err(Refusal::Retiring(thing.name.clone()));
    }
    let Some((new, noted)) = thing.rotation.split_first() else {
        return Ok(None);
    };
    let is_new = |certificate: &Certificate| certificate.id == *new && is_ready(thing, certificate);
    if !thing.certificates.iter().any(is_new) {
        return Err(Refusal::Incomplete(thing.name.clone()));
    }
    let is_old = |certificate: &&Certificate| noted.contains(&certificate.id);
    let old: Vec<&Certificate> = thing.certificates.iter().filter(is_old).collect();
    let id = |certificate: &Certificate| certificate.id.clone();
    let left = || old.iter().filter(|old| !old.is_revoked);
    Ok(Some(End {
        cut: left()
            .filter(|old| old.is_active)
            .map(|old| Call::Deactivate {
                certificate: id(old),
            })
            .collect(),
        sight: match (left().next(), is_seen) {
            (None, _) => Sight::Earlier,
            (Some(_), true) => Sight::Operator,
            (Some(_), false) => Sight::Connection,
        },
        revoke: left()
            .map(|old| Change::Revoke {
                certificate: id(old),
            })
            .collect(),
        remove: old.iter().flat_map(|old| removal(thing, old)).collect(),
        restore: left()
            .map(|old| Change::Activate {
                certificate: id(old),
            })
            .collect(),
        forget: Change::NoteRotation {
            thing: thing.name.clone(),
            certificates: Vec::new(),
        },
    }))
}

/// The calls that delete a certificate. One that another thing has too is only detached.
fn removal(thing: &Thing, certificate: &Certificate) -> Vec<Call> {
    let principal = &certificate.arn;
    let mut calls = Vec::new();
    let is_shared = certificate.things.iter().any(|name| *name != thing.name);
    if !is_shared {
        calls.extend(
            certificate
                .policies
                .iter()
                .map(|policy| Call::DetachPolicy {
                    policy: policy.clone(),
                    principal: principal.clone(),
                }),
        );
    }
    if certificate.things.contains(&thing.name) {
        calls.push(Call::DetachThing {
            thing: thing.name.clone(),
            principal: principal.clone(),
        });
    }
    if !is_shared {
        calls.push(Call::DeleteCertificate {
            certificate: certificate.id.clone(),
        });
    }
    calls
}

#[cfg(test)]
mod tests;
