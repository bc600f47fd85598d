//! In which order a thing and its certificates are removed.
//!
//! Nothing leads to a certificate that has no thing, so its id is first written into the thing.
//! The certificate is deactivated next: then a stolen device loses its connection even if the rest
//! fails.

use std::collections::BTreeSet;

use lock_aws::registry::{Call, Certificate, Thing};

use crate::register::kind::Kind;

/// The calls that remove a thing as it is now, and strays: certificates of its device that it does
/// not lead to. Without a thing only they are left.
pub fn plan(thing: Option<&Thing>, strays: &[Certificate]) -> Vec<Call> {
    // What can connect is cut off before the rest.
    let mut calls = thing.map(detach_all).unwrap_or_default();
    calls.extend(strays.iter().flat_map(delete));
    calls.extend(thing.map(delete_policies).unwrap_or_default());
    calls.extend(thing.map(|thing| Call::DeleteThing {
        thing: thing.name.clone(),
    }));
    calls
}

/// The calls that delete a stray. Nothing has it, but a policy may be attached to it already.
fn delete(stray: &Certificate) -> Vec<Call> {
    let policies = stray.policies.iter().map(|policy| Call::DetachPolicy {
        policy: policy.clone(),
        principal: stray.arn.clone(),
    });
    let things = stray.things.iter().map(|thing| Call::DetachThing {
        thing: thing.clone(),
        principal: stray.arn.clone(),
    });
    let delete = Call::DeleteCertificate {
        certificate: stray.id.clone(),
    };
    policies.chain(things).chain([delete]).collect()
}

fn detach_all(thing: &Thing) -> Vec<Call> {
    let mut calls = Vec::new();
    let own: Vec<&Certificate> = own(thing).collect();
    if own
        .iter()
        .any(|certificate| !thing.noted.contains(&certificate.id))
    {
        calls.push(Call::Note {
            thing: thing.name.clone(),
            certificates: own
                .iter()
                .map(|certificate| certificate.id.clone())
                .collect(),
        });
    }
    let active = own.iter().filter(|certificate| certificate.is_active);
    calls.extend(active.map(|certificate| Call::Deactivate {
        certificate: certificate.id.clone(),
    }));
    for certificate in own {
        let policies = certificate.policies.iter();
        calls.extend(policies.map(|policy| Call::DetachPolicy {
            policy: policy.clone(),
            principal: certificate.arn.clone(),
        }));
        calls.extend(detach(thing, certificate));
        calls.push(Call::DeleteCertificate {
            certificate: certificate.id.clone(),
        });
    }
    calls.extend(shared(thing).filter_map(|certificate| detach(thing, certificate)));
    calls.extend(thing.others.iter().map(|principal| Call::DetachThing {
        thing: thing.name.clone(),
        principal: principal.clone(),
    }));
    calls
}

/// The calls that delete the policies that a bridge has for itself. Other things share theirs.
fn delete_policies(thing: &Thing) -> Vec<Call> {
    if thing.kind.as_deref() != Some(Kind::Bridge.thing_type()) {
        return Vec::new();
    }
    let all = own(thing).flat_map(|certificate| &certificate.policies);
    let begin = format!("-bridge-{}-", thing.name);
    let policies: BTreeSet<&String> = all.filter(|policy| policy.contains(&begin)).collect();
    let delete = |policy: &String| Call::DeletePolicy {
        policy: policy.clone(),
    };
    policies.into_iter().map(delete).collect()
}

/// The certificates that only this thing has. They are deleted.
fn own(thing: &Thing) -> impl Iterator<Item = &Certificate> {
    let certificates = thing.certificates.iter();
    certificates.filter(|certificate| !is_shared(thing, certificate))
}

/// The certificates that another thing has too. They are only detached.
pub fn shared(thing: &Thing) -> impl Iterator<Item = &Certificate> {
    let certificates = thing.certificates.iter();
    certificates.filter(|certificate| is_shared(thing, certificate))
}

fn is_shared(thing: &Thing, certificate: &Certificate) -> bool {
    certificate.things.iter().any(|name| *name != thing.name)
}

fn detach(thing: &Thing, certificate: &Certificate) -> Option<Call> {
    certificate
        .things
        .contains(&thing.name)
        .then(|| Call::DetachThing {
            thing: thing.name.clone(),
            principal: certificate.arn.clone(),
        })
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// An active certificate with a policy, of these things.
    pub fn certificate(id: &str, things: &[&str]) -> Certificate {
        Certificate {
            id: id.to_owned(),
            arn: format!("cert/{id}"),
            pem: String::new(),
            is_active: true,
            is_revoked: false,
            policies: vec!["p".to_owned()],
            things: things.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    fn shown(thing: &Thing) -> Vec<String> {
        plan(Some(thing), &[])
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_certificate_is_noted_and_cut_off_before_it_is_detached() {
        let mut thing = Thing {
            name: "lock-1".to_owned(),
            kind: None,
            certificates: vec![
                certificate("a", &["lock-1"]),
                certificate("b", &["lock-1", "x"]),
            ],
            others: vec!["identity".to_owned()],
            noted: BTreeSet::new(),
            rotation: Vec::new(),
        };
        let all = [
            "iot:UpdateThing lock-1 retiring=a",
            "iot:UpdateCertificate a INACTIVE",
            "iot:DetachPolicy p from cert/a",
            "iot:DetachThingPrincipal cert/a from lock-1",
            "iot:DeleteCertificate a",
            "iot:DetachThingPrincipal cert/b from lock-1",
            "iot:DetachThingPrincipal identity from lock-1",
            "iot:DeleteThing lock-1",
        ];
        assert_eq!(shown(&thing), all);
        let stays: Vec<_> = shared(&thing).map(|certificate| &certificate.id).collect();
        assert_eq!(stays, ["b"]);

        // Each attempt is shorter than the one before it.
        thing.noted.insert("a".to_owned());
        assert_eq!(shown(&thing), all[1..]);
        thing.certificates[0].is_active = false;
        assert_eq!(shown(&thing), all[2..]);
        thing.certificates[0].policies.clear();
        assert_eq!(shown(&thing), all[3..]);
        thing.certificates[0].things.clear();
        assert_eq!(shown(&thing), all[4..]);
        thing.certificates.remove(0);
        assert_eq!(shown(&thing), all[5..]);
        thing.certificates.clear();
        thing.others.clear();
        assert_eq!(shown(&thing), all[7..]);
    }

    #[test]
    fn the_policies_of_a_bridge_go_with_it() {
        let mut made = certificate("a", &["house"]);
        made.policies = vec!["s-bridge-house-1".to_owned(), "p".to_owned()];
        let mut thing = Thing {
            name: "house".to_owned(),
            kind: Some("remote-lock-bridge".to_owned()),
            certificates: vec![made],
            others: Vec::new(),
            noted: BTreeSet::new(),
            rotation: Vec::new(),
        };
        let shown_all = shown(&thing);
        let last = ["iot:DeletePolicy s-bridge-house-1", "iot:DeleteThing house"];
        assert_eq!(shown_all[shown_all.len() - 2..], last);
        thing.kind = Some("remote-lock-lock".to_owned());
        assert!(
            !shown(&thing)
                .iter()
                .any(|call| call.contains("Policy s-") && call.starts_with("iot:DeletePolicy"))
        );
    }

    #[test]
    fn a_certificate_that_nothing_leads_to_is_deleted_before_the_thing() {
        let thing = Thing {
            name: "lock-1".to_owned(),
            kind: None,
            certificates: vec![certificate("own", &["lock-1"])],
            others: Vec::new(),
            noted: BTreeSet::from(["own".to_owned()]),
            rotation: Vec::new(),
        };
        let mut strays = [certificate("a", &[]), certificate("b", &[])];
        strays[0].policies.clear();
        let of = |thing: Option<&Thing>| {
            let calls = plan(thing, &strays).into_iter();
            calls.map(|call| call.to_string()).collect::<Vec<_>>()
        };
        let all = [
            "iot:DeleteCertificate a",
            "iot:DetachPolicy p from cert/b",
            "iot:DeleteCertificate b",
            "iot:DeleteThing lock-1",
        ];
        let shown = of(Some(&thing));
        assert_eq!(shown[0], "iot:UpdateCertificate own INACTIVE");
        assert_eq!(shown[4..], all);
        assert_eq!(of(None), all[..3]);
    }
}
