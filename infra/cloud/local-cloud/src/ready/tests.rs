//! Files that an earlier run left: used again, or refused with what to do.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::account::Account;
use crate::clock::Clock;
use crate::registry::Setting;

const POLICY: &str = "p";

fn registry(data_dir: &Path) -> Registry {
    let document = json!({"Version": "2012-10-17", "Statement": []});
    let setting = Setting {
        account: Account {
            id: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
        },
        data_dir: Some(data_dir.to_owned()),
        policies: BTreeMap::from([(POLICY.to_owned(), document)]),
    };
    Registry::open(setting, Clock::system()).unwrap()
}

#[test]
fn a_key_and_a_certificate_are_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let things = folder.path().join("a");
    let provision =
        |registry: &Registry| ThingFiles::provision(registry, &things, "a", POLICY).unwrap();
    let first = provision(&registry(folder.path()));
    let key = std::fs::read(&first.key).unwrap();
    let again = provision(&registry(folder.path()));
    assert_eq!(std::fs::read(again.key).unwrap(), key);
}

#[test]
fn files_that_let_no_device_in_are_refused_and_made_again_without_them() {
    for (file, content, wanted) in [
        ("private.key", Some("x"), "the key is missing or damaged"),
        ("private.key", None, "the key is missing or damaged"),
        (
            "private.key",
            Some("other.key"),
            "the key is damaged, or not of the certificate",
        ),
        (
            "certificate.pem",
            Some(""),
            "the certificate is missing or damaged",
        ),
        (
            "certificate.pem",
            Some("other.pem"),
            "the certificate is damaged, or another one",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let registry = registry(folder.path());
        let things = folder.path().join("a");
        ThingFiles::provision(&registry, &things, "a", POLICY).unwrap();
        let other = folder.path().join("b");
        let other = ThingFiles::provision(&registry, &other, "b", POLICY).unwrap();
        match content {
            Some("other.key") => std::fs::copy(other.key, things.join(file)).map(drop),
            Some("other.pem") => std::fs::copy(other.cert, things.join(file)).map(drop),
            Some(text) => std::fs::write(things.join(file), text),
            None => std::fs::remove_file(things.join(file)),
        }
        .unwrap();
        let refused = ThingFiles::provision(&registry, &things, "a", POLICY).unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!(
                "use the key and certificate in {}: {wanted}: remove that directory, and the next \
                 start makes new ones",
                things.display()
            )
        );
        std::fs::remove_dir_all(&things).unwrap();
        ThingFiles::provision(&registry, &things, "a", POLICY).unwrap();
    }
}

#[test]
fn a_certificate_that_the_cloud_has_forgotten_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let things = folder.path().join("a");
    let provision =
        |registry: &Registry| ThingFiles::provision(registry, &things, "a", POLICY).unwrap();
    let first = provision(&registry(folder.path()));
    let key = std::fs::read(&first.key).unwrap();
    std::fs::remove_dir_all(folder.path().join("registry")).unwrap();
    let registry = registry(folder.path());
    let again = provision(&registry);
    assert_ne!(std::fs::read(again.key).unwrap(), key);
    assert_eq!(registry.records().certificates.len(), 1);
}
