//! Strays: inactive certificates of a device's key that its thing does not lead to. A registration
//! or rotation that ended right after the signing leaves one.
//!
//! Must not know: what else is removed.

use std::path::Path;

use anyhow::{Context, Result};
use lock_aws::Registry;
use lock_aws::registry::{Certificate, Thing};

use crate::register::folder::Folder;
use crate::register::key::{self, PublicKey};

/// The strays of a device, by the keys in its folder and that of a signing request; none without
/// either.
///
/// # Errors
///
/// A file is there but is not a key or certificate, or a call fails.
pub async fn find(
    registry: &Registry,
    (devices, request): (&Path, Option<PublicKey>),
    name: &str,
    thing: Option<&Thing>,
) -> Result<Vec<Certificate>> {
    let mut keys = list_keys(devices, name)?;
    keys.extend(request);
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let has_key = |pem: &str| key::key_of(pem).is_some_and(|key| keys.contains(&key));
    let found = registry.find_inactive(has_key).await?;
    Ok(select(name, thing, found))
}

/// The public keys of a device's folder, and of a rotation that has not moved its files.
fn list_keys(devices: &Path, name: &str) -> Result<Vec<PublicKey>> {
    let main = Folder::new(devices, name);
    let mut keys = Vec::new();
    for folder in [&main.inner("new"), &main] {
        let file = folder.key();
        if let Some(pem) = folder.read(&file)? {
            keys.push(
                key::request(name, &pem)
                    .with_context(|| unusable(folder, &file))?
                    .key,
            );
        }
        // The key of a genuine button is elsewhere, but its certificate is here.
        let file = folder.certificate();
        if let Some(pem) = folder.read(&file)? {
            keys.push(key::key_of(&pem).with_context(|| unusable(folder, &file))?);
        }
    }
    Ok(keys)
}

fn unusable(folder: &Folder, file: &str) -> String {
    let path = folder.path().join(file);
    format!(
        "{} cannot be used: move it away, and repeat the command",
        path.display()
    )
}

/// Those that the thing does not lead to, and that no other thing has.
fn select(name: &str, thing: Option<&Thing>, found: Vec<Certificate>) -> Vec<Certificate> {
    let known = thing.map_or(&[][..], |thing| &thing.certificates);
    let is_stray = |one: &Certificate| {
        known.iter().all(|known| known.id != one.id) && one.things.iter().all(|other| other == name)
    };
    found.into_iter().filter(is_stray).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::retire::plan::tests::certificate;

    #[test]
    fn a_stray_is_neither_of_the_thing_nor_of_another() {
        let thing = Thing {
            name: "lock-1".to_owned(),
            kind: None,
            certificates: vec![certificate("own", &["lock-1"])],
            others: Vec::new(),
            noted: BTreeSet::new(),
            rotation: Vec::new(),
        };
        let found = vec![
            certificate("own", &["lock-1"]),
            certificate("stray", &[]),
            certificate("others", &["lock-2"]),
        ];
        let ids = |thing: Option<&Thing>| {
            let strays = select("lock-1", thing, found.clone()).into_iter();
            strays.map(|stray| stray.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(Some(&thing)), ["stray"]);
        assert_eq!(ids(None), ["own", "stray"], "its thing is gone");
    }

    #[test]
    fn the_keys_of_a_folder_are_those_of_its_files_and_of_new() {
        let devices = tempfile::tempdir().expect("a folder");
        let keys = || list_keys(devices.path(), "lock-1");
        assert!(keys().expect("no keys").is_empty(), "there is no folder");
        let folder = Folder::new(devices.path(), "lock-1");
        let (main, (genuine, certificate)) = (key::make_key().expect("a key"), key::sign_new());
        folder.write_key(&main).expect("a file");
        let new = folder.inner("new");
        new.write_certificate(&certificate).expect("a file");
        let main = key::request("lock-1", &main).expect("a request").key;
        assert_eq!(keys().expect("keys"), [genuine, main]);
        new.write_key("half").expect("a file");
        let error = keys().expect_err("an error");
        assert!(
            format!("{error:#}").contains("new/lock-1.key.pem"),
            "{error:#}"
        );
    }
}
