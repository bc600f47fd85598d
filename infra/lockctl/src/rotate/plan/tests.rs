//! The steps of a rotation, from one certificate to the next.

use std::collections::BTreeSet;

use super::*;
use crate::register::key::sign_new as signed;

fn complete(id: &str, pem: &str) -> Certificate {
    Certificate {
        id: id.to_owned(),
        arn: format!("cert/{id}"),
        pem: pem.to_owned(),
        is_active: true,
        is_revoked: false,
        policies: vec!["p".to_owned()],
        things: vec!["lock-1".to_owned()],
    }
}

fn thing(certificates: Vec<Certificate>, rotation: &[&str]) -> Thing {
    Thing {
        name: "lock-1".to_owned(),
        kind: None,
        certificates,
        others: Vec::new(),
        noted: BTreeSet::new(),
        rotation: rotation.iter().map(|&id| id.to_owned()).collect(),
    }
}

fn changes(steps: &[Step]) -> Vec<String> {
    let of = |then: &Then| then.of("new", "cert/new").to_string();
    let all = steps.iter().filter_map(|step| match step {
        Step::Change(change) => Some(change.to_string()),
        Step::Then(then) => Some(of(then)),
        _ => None,
    });
    all.collect()
}

#[test]
fn the_new_certificate_is_noted_before_it_may_connect_and_each_attempt_is_shorter() {
    let (key, pem) = signed();
    let old = complete("old", "other");
    let all = [
        "iot:UpdateThing lock-1 rotating=new:old",
        "iot:AttachPolicy p to cert/new",
        "iot:AttachThingPrincipal cert/new to lock-1",
        "iot:UpdateCertificate new ACTIVE",
    ];
    let steps = begin(&thing(vec![old.clone()], &[]), None, &[]).expect("steps");
    assert_eq!(steps[..3], [Step::Key, Step::Sign, Step::File(None)]);
    assert_eq!(changes(&steps), all);
    assert_eq!(steps.last(), Some(&Step::Move));

    let mut new = complete("new", &pem);
    (new.is_active, new.policies, new.things) = (false, Vec::new(), Vec::new());
    let first = thing(vec![old.clone()], &[]);
    let steps = begin(&first, Some(&key), &[new.clone()]).expect("steps");
    assert_eq!(changes(&steps), all, "its answer was lost");
    let left = |new: &Certificate| {
        let thing = thing(vec![new.clone(), old.clone()], &["new", "old"]);
        changes(&begin(&thing, Some(&key), &[]).expect("steps"))
    };
    assert_eq!(left(&new), all[1..]);
    new.policies.push("p".to_owned());
    assert_eq!(left(&new), all[2..]);
    new.things.push("lock-1".to_owned());
    assert_eq!(left(&new), all[3..]);
    new.is_active = true;
    assert!(left(&new).is_empty());
}

#[test]
fn a_new_certificate_whose_key_is_lost_becomes_an_old_one() {
    let thing = thing(
        vec![complete("lost", "a"), complete("old", "b")],
        &["lost", "old"],
    );
    let steps = begin(&thing, None, &[]).expect("steps");
    let note = "iot:UpdateThing lock-1 rotating=new:lost:old";
    assert_eq!(changes(&steps)[0], note);
}

#[test]
fn the_old_certificate_is_revoked_and_deleted_after_the_device_was_seen() {
    let shown = |thing: &Thing| {
        let end = end(thing, false).expect("an end").expect("a rotation");
        let calls = end.cut.iter().map(ToString::to_string);
        let seen = (end.sight != Sight::Earlier).then(|| format!("{:?}", end.sight));
        let revoke = end.revoke.iter().map(ToString::to_string);
        let remove = end.remove.iter().map(ToString::to_string);
        let all = calls.chain(seen).chain(revoke).chain(remove);
        all.chain([end.forget.to_string()]).collect::<Vec<_>>()
    };
    let mut thing = thing(
        vec![complete("new", "a"), complete("old", "b")],
        &["new", "old"],
    );
    let all = [
        "iot:UpdateCertificate old INACTIVE",
        "Connection",
        "iot:UpdateCertificate old REVOKED",
        "iot:DetachPolicy p from cert/old",
        "iot:DetachThingPrincipal cert/old from lock-1",
        "iot:DeleteCertificate old",
        "iot:UpdateThing lock-1 rotating=",
    ];
    assert_eq!(shown(&thing), all);
    thing.certificates[1].is_active = false;
    assert_eq!(shown(&thing), all[1..]);
    let restore = end(&thing, false)
        .expect("an end")
        .expect("a rotation")
        .restore;
    assert_eq!(restore[0].to_string(), "iot:UpdateCertificate old ACTIVE");
    thing.certificates[1].is_revoked = true;
    assert_eq!(shown(&thing), all[3..]);
    thing.certificates[1].policies.clear();
    assert_eq!(shown(&thing), all[4..]);
    thing.certificates[1].things.clear();
    assert_eq!(shown(&thing), all[5..]);
    thing.certificates.pop();
    assert_eq!(shown(&thing), all[6..]);
    thing.rotation.clear();
    assert_eq!(end(&thing, false), Ok(None));
}

#[test]
fn the_files_of_a_rotation_that_was_finished_too_early_are_still_moved() {
    let (key, pem) = signed();
    let thing = thing(vec![complete("new", &pem)], &[]);
    let steps = begin(&thing, Some(&key), &[]).expect("steps");
    assert_eq!(steps[2..], [Step::File(Some(pem)), Step::Move]);
    assert!(changes(&steps).is_empty());
}

#[test]
fn what_the_operator_has_seen_is_not_looked_for_and_the_old_certificate_is_still_cut_off_first() {
    let mut thing = thing(
        vec![complete("new", "a"), complete("old", "b")],
        &["new", "old"],
    );
    let of = |thing: &Thing, is_seen| end(thing, is_seen).expect("an end").expect("a rotation");
    let (looked, seen) = (of(&thing, false), of(&thing, true));
    assert_eq!(
        seen.cut[0].to_string(),
        "iot:UpdateCertificate old INACTIVE"
    );
    assert_eq!(seen.sight, Sight::Operator);
    let sight = Sight::Connection;
    assert_eq!(End { sight, ..seen }, looked, "nothing else differs");
    // An attempt that was killed may have seen the device, or not.
    thing.certificates[1].is_active = false;
    assert_eq!(of(&thing, true).sight, Sight::Operator);
    thing.certificates[1].is_revoked = true;
    for is_seen in [false, true] {
        assert_eq!(of(&thing, is_seen).sight, Sight::Earlier);
    }
}

#[test]
fn a_key_that_the_thing_has_had_before_is_refused() {
    let (key, pem) = signed();
    let refusal = |certificates: &[&Certificate], rotation: &[&str]| {
        let certificates = certificates.iter().map(|&one| one.clone()).collect();
        check_request(&thing(certificates, rotation), &key).err()
    };
    let (ours, other) = (complete("ours", &pem), complete("other", "b"));
    let same = Some(Refusal::SameKey("ours".to_owned()));
    assert_eq!(refusal(&[&ours], &[]), same);
    assert_eq!(refusal(&[&ours, &other], &["other", "ours"]), same);
    assert_eq!(refusal(&[&ours, &other], &["ours", "other"]), None);
    assert_eq!(refusal(&[&other], &[]), None);
}

#[test]
fn what_cannot_be_rotated_is_refused() {
    let mut retiring = thing(vec![complete("old", "b")], &["new", "old"]);
    retiring.noted.insert("old".to_owned());
    let retired = Refusal::Retiring("lock-1".to_owned());
    assert_eq!(begin(&retiring, None, &[]), Err(retired.clone()));
    assert_eq!(end(&retiring, true), Err(retired));
    assert_eq!(
        begin(&thing(Vec::new(), &[]), None, &[]),
        Err(Refusal::NoCertificate)
    );
    let mut new = complete("new", "a");
    new.is_active = false;
    let incomplete = thing(vec![new, complete("old", "b")], &["new", "old"]);
    let refusal = Refusal::Incomplete("lock-1".to_owned());
    assert_eq!(end(&incomplete, true), Err(refusal));
}
