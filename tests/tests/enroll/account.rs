//! What AWS `IoT` has of a device, and what its folder has.
//!
//! Must not know: how it came there.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use aws_credential_types::Credentials;
use aws_sdk_iot::config::{BehaviorVersion, Region};
use aws_sdk_iot::types::CertificateStatus;
use e2e::place::{Place, REGION};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

/// A certificate of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    pub id: String,
    pub arn: String,
    pub is_active: bool,
    pub pem: String,
}

/// The control plane of a place, with every right.
pub fn iot(place: &Place) -> aws_sdk_iot::Client {
    let keys = place.cloud.credentials();
    let (id, secret) = (&keys.access_key_id, &keys.secret_access_key);
    let config = aws_sdk_iot::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(&place.cloud.endpoints().iot)
        .credentials_provider(Credentials::from_keys(id, secret, None))
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    aws_sdk_iot::Client::from_conf(config.build())
}

/// Every certificate of the account.
pub async fn certificates(iot: &aws_sdk_iot::Client) -> Result<Vec<Certificate>> {
    let listed = iot.list_certificates().send().await?;
    let mut all = Vec::new();
    for listed in listed.certificates() {
        let id = listed
            .certificate_id()
            .context("a certificate without id")?;
        let described = iot.describe_certificate().certificate_id(id).send().await?;
        let found = described.certificate_description();
        let found = found.context("no description")?;
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        all.push(Certificate {
            id: id.to_owned(),
            arn: text(found.certificate_arn()),
            is_active: found.status() == Some(&CertificateStatus::Active),
            pem: text(found.certificate_pem()),
        });
    }
    Ok(all)
}

/// Checks that a thing is complete: of this type, in the group, with one active certificate that
/// has only this policy and whose key is in the folder. Returns the certificate.
pub async fn check_complete(
    iot: &aws_sdk_iot::Client,
    (name, kind, group, policy): (&str, &str, &str, &str),
    folder: &Path,
) -> Result<Certificate> {
    let thing = iot.describe_thing().thing_name(name).send().await?;
    ensure!(thing.thing_type_name() == Some(kind), "{thing:?}");
    let groups = iot.list_thing_groups_for_thing().thing_name(name);
    let groups = groups.send().await?;
    let groups: Vec<_> = groups
        .thing_groups()
        .iter()
        .filter_map(|g| g.group_name())
        .collect();
    ensure!(groups == [group], "{groups:?}");
    let attached = iot.list_thing_principals().thing_name(name).send().await?;
    let [arn] = attached.principals() else {
        anyhow::bail!("{:?}", attached.principals());
    };
    let all = certificates(iot).await?;
    let found = all.into_iter().find(|certificate| certificate.arn == *arn);
    let found = found.context("the certificate is gone")?;
    ensure!(found.is_active, "{found:?}");
    let policies = iot.list_attached_policies().target(arn).send().await?;
    let policies: Vec<_> = policies
        .policies()
        .iter()
        .filter_map(|p| p.policy_name())
        .collect();
    ensure!(policies == [policy], "{policies:?}");
    check_key(folder, name, &found.pem)?;
    Ok(found)
}

/// Checks that the certificate of the folder is this one, and that its key belongs to it.
pub fn check_key(folder: &Path, name: &str, pem: &str) -> Result<()> {
    let file = |end: &str| folder.join(format!("{name}.{end}.pem"));
    let written = std::fs::read_to_string(file("crt"))?;
    ensure!(
        written == pem,
        "the folder has another certificate: {written}"
    );
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes())?;
    let key = PrivateKeyDer::from_pem_file(file("key"))?;
    CertifiedKey::from_der(vec![certificate], key, &default_provider())
        .context("the key is not that of the certificate")?;
    Ok(())
}

/// The names and rights of what a folder has, in their order.
pub fn files(folder: &Path) -> Result<Vec<(String, u32)>> {
    let mut files = Vec::new();
    for file in std::fs::read_dir(folder)? {
        let file = file?;
        let mode = file.metadata()?.permissions().mode() & 0o777;
        files.push((file.file_name().to_string_lossy().into_owned(), mode));
    }
    files.sort();
    Ok(files)
}

/// What the whole folder of a registered device has, as [`files`] returns it.
pub fn whole(name: &str) -> Vec<(String, u32)> {
    let mut files = vec![
        ("README.md".to_owned(), 0o644),
        ("ca.pem".to_owned(), 0o644),
        ("conf9.json".to_owned(), 0o644),
        (format!("{name}.crt.pem"), 0o644),
        (format!("{name}.key.pem"), 0o600),
    ];
    files.sort();
    files
}
