//! The ready file: where a running stack is, for scripts and clients.
//!
//! *Shape*: `{"mqtts":"127.0.0.1:8883","ca":"…/ca.pem","iotData":"http://…","iot":"http://…","dynamodb":"http://…",
//! "region":"us-east-1","credentials":{"accessKeyId":"…","secretAccessKey":"…"},"outputs":{…},"things":{"<thing>":
//! {"cert":"….pem","key":"….pem"}},"pid":1}`. Fields may be added, none renamed or dropped. Must not know who reads it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::storage::{self, StorageError};
use crate::{Credentials, LocalCloud};

/// The ready file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("write ready file {path}")]
pub struct ReadyError {
    /// The file.
    path: PathBuf,
    /// What the system said.
    #[source]
    source: StorageError,
}

/// Where everything is.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ready {
    /// `host:port` of the broker, MQTT over mutual TLS.
    pub mqtts: String,
    /// Path of the certificate authority to trust.
    pub ca: PathBuf,
    /// Data plane: shadows and publish.
    pub iot_data: String,
    /// Control plane: things, certificates, policies.
    pub iot: String,
    /// DynamoDB.
    pub dynamodb: String,
    /// Region that signatures name.
    pub region: String,
    /// The operator's credentials.
    pub credentials: Credentials,
    /// The template's outputs.
    pub outputs: BTreeMap<String, String>,
    /// Things that were made with a certificate.
    pub things: BTreeMap<String, ThingFiles>,
    /// Process id.
    pub pid: u32,
}

/// What a thing connects with.
#[derive(Debug, Clone, Serialize)]
pub struct ThingFiles {
    /// Path of its certificate.
    pub cert: PathBuf,
    /// Path of its private key.
    pub key: PathBuf,
}

impl Ready {
    /// What can be said of a running cloud; `ca` holds its root certificate.
    pub fn of(
        cloud: &LocalCloud,
        region: &str,
        ca: PathBuf,
        things: BTreeMap<String, ThingFiles>,
    ) -> Ready {
        let endpoints = cloud.endpoints();
        Ready {
            mqtts: endpoints.mqtts.to_string(),
            ca,
            iot_data: endpoints.iot_data.clone(),
            iot: endpoints.iot.clone(),
            dynamodb: endpoints.dynamodb.clone(),
            region: region.to_owned(),
            credentials: cloud.credentials().clone(),
            outputs: cloud.outputs().clone(),
            things,
            pid: std::process::id(),
        }
    }

    /// Writes the file whole or not at all, readable by its owner only: it holds credentials.
    pub fn write(&self, path: &Path) -> Result<(), ReadyError> {
        write(path, self)
    }
}

/// Writes any ready file whole or not at all, readable by its owner only.
///
/// *Errors*: [`ReadyError`] when the folder cannot be made or the file not be written.
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
