//! The ready file: the addresses of a running stack, for scripts and clients.
//!
//! `{"mqtts":"127.0.0.1:8883","ca":"…/ca.pem","iotData":"http://…","iot":"http://…",
//! "dynamodb":"http://…","cloudformation":"http://…","lambda":"http://…","cloudwatch":"http://…",
//! "sqs":"http://…","region":"us-east-1","credentials":{"accessKeyId":"…","secretAccessKey":"…"},
//! "outputs":{…},"things":{"<thing>":{"cert":"….pem","key":"….pem"}},"pid":1}`, and if functions
//! are not started here `"functions":{"<logical id>":{"runtimeApi":"127.0.0.1:…",
//! "environment":"….env","command":"python3 ….py"}}` (`command` for a handler in Python or Node).
//! Fields may be added, but not renamed or removed.

mod environment;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use serde::{Deserialize, Serialize};

use crate::registry::{certificate_id, fingerprint};
use crate::storage::{self, StorageError};
use crate::{Credentials, LocalCloud, Registry, RegistryError};
pub use environment::{WaitingFunction, write_environments};

/// The ready file, or one that it names, could not be written.
#[derive(Debug, thiserror::Error)]
#[error("write {path}")]
pub struct ReadyError {
    path: PathBuf,
    #[source]
    source: StorageError,
}

/// A thing could not be provisioned.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// The registry refused.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A file could not be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A device could not connect with what an earlier run left.
    #[error(
        "use the key and certificate in {directory}: {why}: remove that directory, and the next \
         start makes new ones"
    )]
    Unusable {
        /// The directory of the thing's files.
        directory: PathBuf,
        /// What is wrong with them.
        why: &'static str,
    },
}

/// The addresses and credentials of a running stack. `T` describes one of its things.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ready<T = ThingFiles> {
    /// `host:port` of the broker, MQTT over mutual TLS.
    pub mqtts: String,
    /// Path of the certificate authority to trust.
    pub ca: PathBuf,
    /// URL of the data plane: shadows and publish.
    pub iot_data: String,
    /// URL of the control plane: things, certificates, policies.
    pub iot: String,
    /// URL of DynamoDB.
    pub dynamodb: String,
    /// URL of CloudFormation. An older local cloud wrote no such field; so with the next three.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloudformation: Option<String>,
    /// URL of Lambda.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda: Option<String>,
    /// URL of CloudWatch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloudwatch: Option<String>,
    /// URL of SQS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sqs: Option<String>,
    /// Region of signatures.
    pub region: String,
    /// The operator's credentials.
    pub credentials: Credentials,
    /// Outputs of the template.
    pub outputs: BTreeMap<String, String>,
    /// Things that were provisioned with a certificate.
    pub things: BTreeMap<String, T>,
    /// Functions that are not started here, by logical id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub functions: BTreeMap<String, WaitingFunction>,
    /// Process id of the stack.
    pub pid: u32,
}

/// The files that a thing connects with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ThingFiles {
    /// Path of its certificate.
    pub cert: PathBuf,
    /// Path of its private key.
    pub key: PathBuf,
}

impl<T> Ready<T> {
    /// Describes a running cloud, and writes its root certificate to `ca`.
    ///
    /// # Errors
    ///
    /// [`ReadyError`]: the certificate cannot be written.
    pub fn new(
        cloud: &LocalCloud,
        region: &str,
        ca: PathBuf,
        things: BTreeMap<String, T>,
    ) -> Result<Self, ReadyError> {
        let written = storage::write(&ca, cloud.ca_pem().as_bytes());
        if let Err(source) = written {
            return Err(ReadyError { path: ca, source });
        }
        let endpoints = cloud.endpoints();
        Ok(Self {
            mqtts: endpoints.mqtts.to_string(),
            ca,
            iot_data: endpoints.iot_data.clone(),
            iot: endpoints.iot.clone(),
            dynamodb: endpoints.dynamodb.clone(),
            cloudformation: Some(endpoints.cloudformation.clone()),
            lambda: Some(endpoints.lambda.clone()),
            cloudwatch: Some(endpoints.cloudwatch.clone()),
            sqs: Some(endpoints.sqs.clone()),
            region: region.to_owned(),
            credentials: cloud.credentials().clone(),
            outputs: cloud.outputs().clone(),
            things,
            functions: BTreeMap::new(),
            pid: std::process::id(),
        })
    }
}

/// Writes a ready file whole or not at all. Only its owner may read it, since it holds credentials.
///
/// # Errors
///
/// [`ReadyError`]: the directory or the file cannot be written.
pub fn write(path: &Path, content: &impl Serialize) -> Result<(), ReadyError> {
    let failed = |source| ReadyError {
        path: path.to_owned(),
        source,
    };
    let directory = path.parent().filter(|parent| *parent != Path::new(""));
    if let Some(directory) = directory {
        storage::create_directory(directory).map_err(failed)?;
    }
    let text = serde_json::to_string_pretty(content).map_err(|source| {
        let path = path.to_owned();
        failed(StorageError::Damaged { path, source })
    })?;
    storage::write(path, format!("{text}\n").as_bytes()).map_err(failed)
}

impl ThingFiles {
    /// Creates the thing `name` with a certificate that carries `policy`. A certificate that an
    /// earlier run left in `directory` is used again, if the registry still knows it.
    ///
    /// # Errors
    ///
    /// [`ProvisionError`]: there is no such policy, a file cannot be read or written, or a device
    /// could not connect with what the earlier run left.
    pub fn provision(
        registry: &Registry,
        directory: &Path,
        name: &str,
        policy: &str,
    ) -> Result<Self, ProvisionError> {
        let files = Self {
            cert: directory.join("certificate.pem"),
            key: directory.join("private.key"),
        };
        registry.create_thing(name)?;
        let arn_file = directory.join("certificate-arn");
        let unusable = |why| ProvisionError::Unusable {
            directory: directory.to_owned(),
            why,
        };
        let kept = storage::read(&arn_file)?;
        let kept = kept.map(|arn| String::from_utf8_lossy(&arn).into_owned());
        let is_known = |arn: &String| {
            let records = registry.records();
            records.certificates.contains_key(certificate_id(arn))
        };
        let arn = match kept.filter(is_known) {
            Some(arn) => {
                files.check(&arn)?.map_err(unusable)?;
                arn
            }
            None => {
                let issued = registry.create_keys_and_certificate()?;
                storage::create_directory(directory)?;
                storage::write(&files.key, issued.private_key_pem.as_bytes())?;
                storage::write(&files.cert, issued.pem.as_bytes())?;
                // Written last: its presence means that the certificate is complete.
                storage::write(&arn_file, issued.arn.as_bytes())?;
                issued.arn
            }
        };
        registry.attach_policy(policy, &arn)?;
        registry.attach_thing_principal(name, &arn)?;
        Ok(files)
    }

    /// Whether a device can connect with the files as the certificate of this ARN; if not, why.
    fn check(&self, arn: &str) -> Result<Result<(), &'static str>, StorageError> {
        let (cert, key) = (storage::read(&self.cert)?, storage::read(&self.key)?);
        let certificate = CertificateDer::from_pem_slice(&cert.unwrap_or_default());
        let key = PrivateKeyDer::from_pem_slice(&key.unwrap_or_default());
        let (certificate, key) = match (certificate, key) {
            (Ok(certificate), Ok(key)) => (certificate, key),
            (Err(_), _) => return Ok(Err("the certificate is missing or damaged")),
            (_, Err(_)) => return Ok(Err("the key is missing or damaged")),
        };
        if fingerprint(&certificate) != certificate_id(arn) {
            return Ok(Err("the certificate is damaged, or another one"));
        }
        let provider = rustls::crypto::ring::default_provider();
        let pair = CertifiedKey::from_der(vec![certificate], key, &provider);
        Ok(match pair {
            Ok(_) => Ok(()),
            Err(_) => Err("the key is damaged, or not of the certificate"),
        })
    }
}

#[cfg(test)]
mod tests;
