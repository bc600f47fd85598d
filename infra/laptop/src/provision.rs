//! Registers the stack's things as a person would in AWS: thing, keys and certificate, policy, attachments. Done once for
//! each thing; what is there from an earlier run is kept.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use local_cloud::Registry;

use crate::device::Kind;
use crate::ready::Thing;

/// Name of the file that remembers a thing's certificate; written last, so that its presence means the rest is whole.
const CERTIFICATE_ARN: &str = "certificate-arn";

/// Where the secrets are kept, and which policy a lock and a button get.
#[derive(Debug)]
pub struct Provision<'a> {
    /// The registry to register with.
    pub registry: &'a Registry,
    /// A folder for certificates and keys.
    pub directory: PathBuf,
    /// Policy of a lock.
    pub lock_policy: &'a str,
    /// Policy of a button.
    pub button_policy: &'a str,
}

impl Provision<'_> {
    /// Registers every thing that is not yet.
    pub fn all(&self, things: &BTreeMap<String, Kind>) -> Result<BTreeMap<String, Thing>> {
        things
            .iter()
            .map(|(name, kind)| Ok((name.clone(), self.thing(name, *kind)?)))
            .collect()
    }

    fn thing(&self, name: &str, kind: Kind) -> Result<Thing> {
        let folder = self.directory.join(name);
        let files = Thing {
            kind,
            cert: folder.join("certificate.pem"),
            key: folder.join("private.key"),
        };
        let policy = match kind {
            Kind::Lock => self.lock_policy,
            Kind::Button => self.button_policy,
        };
        self.registry
            .create_thing(name)
            .with_context(|| format!("create thing {name}"))?;
        let remembered = folder.join(CERTIFICATE_ARN);
        let arn = match fs::read_to_string(&remembered) {
            Ok(arn) => arn,
            Err(_) => self.issue(name, &files, &remembered)?,
        };
        self.registry
            .attach_policy(policy, &arn)
            .with_context(|| format!("attach policy {policy} to {name}"))?;
        self.registry
            .attach_thing_principal(name, &arn)
            .with_context(|| format!("attach the certificate to {name}"))?;
        Ok(files)
    }

    fn issue(&self, name: &str, files: &Thing, remembered: &Path) -> Result<String> {
        let issued = self
            .registry
            .create_keys_and_certificate()
            .with_context(|| format!("issue a certificate for {name}"))?;
        if let Some(folder) = remembered.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("make folder {}", folder.display()))?;
        }
        write_secret(&files.key, &issued.private_key_pem)?;
        write_secret(&files.cert, &issued.pem)?;
        write_secret(remembered, &issued.arn)?;
        Ok(issued.arn)
    }
}

/// Writes a file that only its owner may read.
pub fn write_secret(path: &Path, text: &str) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options
        .open(path)
        .with_context(|| format!("create {}", path.display()))?;
    file.write_all(text.as_bytes())
        .with_context(|| format!("write {}", path.display()))
}
