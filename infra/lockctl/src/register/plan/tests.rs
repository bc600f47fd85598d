//! The steps of a registration, from a new name to a complete device.

use std::collections::BTreeSet;

use super::*;
use crate::register::key::sign_new as signed;

fn wanted() -> Wanted {
    Wanted {
        name: "lock-1".to_owned(),
        kind: Kind::Lock,
        policy: "p".to_owned(),
        group: "doors".to_owned(),
    }
}

fn certificate(id: &str, pem: &str) -> Certificate {
    Certificate {
        id: id.to_owned(),
        arn: format!("cert/{id}"),
        pem: pem.to_owned(),
        is_active: false,
        is_revoked: false,
        policies: Vec::new(),
        things: Vec::new(),
    }
}

fn complete(id: &str, pem: &str) -> Certificate {
    Certificate {
        is_active: true,
        policies: vec!["p".to_owned()],
        things: vec!["lock-1".to_owned()],
        ..certificate(id, pem)
    }
}

fn thing(certificates: Vec<Certificate>) -> Thing {
    Thing {
        name: "lock-1".to_owned(),
        kind: Some("remote-lock-lock".to_owned()),
        certificates,
        others: Vec::new(),
        noted: BTreeSet::new(),
        rotation: Vec::new(),
    }
}

/// The steps that are not done, as a dry run shows them.
fn left(found: &Found) -> Vec<String> {
    let plan = plan(&wanted(), found).expect("a plan");
    let left = plan.steps.iter().filter(|s| !matches!(s, Step::Already(_)));
    left.map(ToString::to_string).collect()
}

#[test]
fn a_step_that_was_done_is_left_out_and_the_activation_is_the_last() {
    let (key, pem) = signed();
    let mut found = Found::default();
    let new = [
        "iot:CreateThingType remote-lock-lock",
        "iot:CreateThingGroup doors",
        "iot:CreateThing lock-1 (remote-lock-lock)",
        "iot:AddThingToThingGroup lock-1 to doors",
        "make a private key, which stays in the folder",
        "iot:CreateCertificateFromCsr, inactive",
        "write the files of the folder",
        "iot:AttachPolicy p to CERTIFICATE",
        "iot:AttachThingPrincipal CERTIFICATE to lock-1",
        "iot:UpdateCertificate CERTIFICATE ACTIVE",
    ];
    assert_eq!(left(&found), new);
    found.has_type = true;
    assert_eq!(left(&found), new[1..]);
    found.has_group = true;
    assert_eq!(left(&found), new[2..]);
    found.thing = Some(thing(Vec::new()));
    assert_eq!(left(&found), new[3..]);
    found.groups = vec!["doors".to_owned()];
    assert_eq!(left(&found), new[4..]);
    found.key = Some(key);
    assert_eq!(left(&found), new[5..]);

    // The answer to the signing request was lost: the certificate is found by its key.
    found.inactive = vec![certificate("a", &pem)];
    let known: Vec<String> = new[6..].iter().map(|step| rename(step)).collect();
    assert_eq!(left(&found), known);
    found.inactive[0].policies.push("p".to_owned());
    assert_eq!(left(&found), [known[0].as_str(), &known[2], &known[3]]);
    let mut attached = complete("a", &pem);
    attached.is_active = false;
    found.inactive.clear();
    found.thing = Some(thing(vec![attached]));
    assert_eq!(left(&found), [known[0].as_str(), &known[3]]);
    found.thing = Some(thing(vec![complete("a", &pem)]));
    assert_eq!(left(&found), known[..1]);
}

fn rename(step: &str) -> String {
    let step = step.replace("UpdateCertificate CERTIFICATE", "UpdateCertificate a");
    step.replace("CERTIFICATE", "cert/a")
}

#[test]
fn of_two_certificates_for_one_key_the_unused_one_is_deleted() {
    let (key, pem) = signed();
    let found = Found {
        key: Some(key),
        inactive: vec![certificate("a", &pem), certificate("b", &pem)],
        ..Found::default()
    };
    let left = left(&found);
    let deletions: Vec<_> = left.iter().filter(|s| s.contains("Delete")).collect();
    assert_eq!(deletions, ["iot:DeleteCertificate b"]);
    assert!(left.contains(&"iot:AttachPolicy p to cert/a".to_owned()));
}

#[test]
fn a_complete_certificate_with_a_key_elsewhere_gets_no_second_one() {
    let (_, pem) = signed();
    let found = Found {
        has_type: true,
        has_group: true,
        groups: vec!["doors".to_owned()],
        thing: Some(thing(vec![complete("a", &pem)])),
        ..Found::default()
    };
    assert!(left(&found).is_empty());
    let plan = plan(&wanted(), &found).expect("a plan");
    assert_eq!(plan.elsewhere.as_deref(), Some("a"));

    // The same if the folder has another key.
    let other = Found {
        key: Some(signed().0),
        ..found
    };
    assert!(left(&other).is_empty());
}

#[test]
fn a_thing_without_a_type_gets_one() {
    let mut plain = thing(Vec::new());
    plain.kind = None;
    let found = Found {
        thing: Some(plain),
        ..Found::default()
    };
    let wanted = "iot:UpdateThing lock-1 (remote-lock-lock)".to_owned();
    assert!(left(&found).contains(&wanted));
}

#[test]
fn a_thing_of_another_type_a_retirement_and_a_revoked_certificate_are_refused() {
    let (key, pem) = signed();
    let mut other = thing(Vec::new());
    other.kind = Some("remote-lock-button".to_owned());
    let mut retiring = thing(Vec::new());
    retiring.noted.insert("a".to_owned());
    let mut revoked = complete("a", &pem);
    (revoked.is_active, revoked.is_revoked) = (false, true);
    for (thing, words) in [
        (
            other,
            "of the type remote-lock-button, not remote-lock-lock",
        ),
        (retiring, "is being retired"),
        (thing(vec![revoked]), "was revoked"),
    ] {
        let found = Found {
            thing: Some(thing),
            key: Some(key.clone()),
            ..Found::default()
        };
        let refusal = plan(&wanted(), &found).expect_err("refused").to_string();
        assert!(refusal.contains(words), "{refusal}");
    }
}
