//! The ready file: the addresses of a running laptop stack, for scripts, other clients and `lockctl`. Its shape is a contract:
//! fields may be added, but not renamed or removed.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use local_cloud::LocalCloud;
use lock_aws::{Access, Cloud};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::device::Kind;
use crate::provision::output;

/// The addresses and credentials of a running stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    /// Console.
    pub console: String,
    /// Region that signatures name.
    pub region: String,
    /// The table's name.
    pub table: String,
    /// Every registered thing with its certificate.
    pub things: BTreeMap<String, Thing>,
    /// The operator's credentials.
    pub credentials: Credentials,
    /// Process id of `lockctl local`.
    pub pid: u32,
}

/// A registered thing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Thing {
    /// What it is.
    pub kind: Kind,
    /// Path of its certificate.
    pub cert: PathBuf,
    /// Path of its private key.
    pub key: PathBuf,
}

/// Credentials for an AWS client.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: String,
}

impl Ready {
    /// The addresses of a started cloud and of the console.
    pub fn of(
        cloud: &LocalCloud,
        console: &TcpListener,
        region: String,
        ca: PathBuf,
        things: BTreeMap<String, Thing>,
    ) -> Result<Self> {
        let (endpoints, credentials) = (cloud.endpoints(), cloud.credentials());
        let console = console.local_addr().context("find the console's port")?;
        Ok(Self {
            mqtts: endpoints.mqtts.to_string(),
            ca,
            iot_data: endpoints.iot_data.clone(),
            iot: endpoints.iot.clone(),
            dynamodb: endpoints.dynamodb.clone(),
            console: format!("http://{console}"),
            region,
            table: output(cloud, "TableName")?.to_owned(),
            things,
            credentials: Credentials {
                access_key_id: credentials.access_key_id.clone(),
                secret_access_key: credentials.secret_access_key.clone(),
            },
            pid: std::process::id(),
        })
    }

    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read(path).with_context(|| format!("read ready file {}", path.display()))?;
        serde_json::from_slice(&text)
            .with_context(|| format!("ready file {} is not one of ours", path.display()))
    }

    /// Writes the file whole or not at all, readable by its owner only: it holds credentials.
    pub fn write(&self, path: &Path) -> Result<()> {
        let directory = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        std::fs::create_dir_all(directory)
            .with_context(|| format!("make directory {}", directory.display()))?;
        let mut file = tempfile::NamedTempFile::new_in(directory)
            .with_context(|| format!("write beside ready file {}", path.display()))?;
        serde_json::to_writer_pretty(&mut file, self).context("encode the ready file")?;
        file.write_all(b"\n")
            .and_then(|()| file.flush())
            .context("write the ready file")?;
        file.persist(path)
            .with_context(|| format!("put ready file {} in place", path.display()))?;
        Ok(())
    }

    /// Its table, topics and shadows.
    pub fn cloud(&self) -> Cloud {
        let access = Access {
            region: self.region.clone(),
            access_key_id: self.credentials.access_key_id.clone(),
            secret_access_key: self.credentials.secret_access_key.clone(),
            session_token: None,
            dynamodb: Some(self.dynamodb.clone()),
            iot_data: Some(self.iot_data.clone()),
        };
        Cloud::new(&access, &self.table)
    }

    /// Whether the console still answers: a file can outlive its stack.
    pub fn is_live(&self) -> bool {
        let address = self
            .console
            .trim_start_matches("http://")
            .trim_end_matches('/');
        address.parse().is_ok_and(|address| {
            TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_has_the_names_that_scripts_rely_on() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("ready.json");
        let ready = Ready {
            mqtts: "127.0.0.1:8883".into(),
            ca: "ca.pem".into(),
            iot_data: "http://127.0.0.1:1".into(),
            iot: "http://127.0.0.1:2".into(),
            dynamodb: "http://127.0.0.1:3".into(),
            console: "http://127.0.0.1:4".into(),
            region: "us-east-1".into(),
            table: "remote-lock".into(),
            things: [(
                "lock-1".to_owned(),
                Thing {
                    kind: Kind::Lock,
                    cert: "c.pem".into(),
                    key: "k.pem".into(),
                },
            )]
            .into(),
            credentials: Credentials {
                access_key_id: "A".into(),
                secret_access_key: "S".into(),
            },
            pid: 7,
        };
        ready.write(&path).expect("written");
        let text: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&path).expect("read")).expect("JSON");
        let expected = serde_json::json!({
            "mqtts": "127.0.0.1:8883", "ca": "ca.pem", "iotData": "http://127.0.0.1:1", "iot": "http://127.0.0.1:2",
            "dynamodb": "http://127.0.0.1:3", "console": "http://127.0.0.1:4", "region": "us-east-1", "table": "remote-lock",
            "things": {"lock-1": {"kind": "lock", "cert": "c.pem", "key": "k.pem"}},
            "credentials": {"accessKeyId": "A", "secretAccessKey": "S"}, "pid": 7
        });
        assert_eq!(text, expected);
        assert_eq!(Ready::read(&path).expect("read back").table, "remote-lock");
    }

    #[test]
    fn a_file_whose_stack_is_gone_is_not_live() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let console = format!("http://{}", listener.local_addr().expect("an address"));
        let text = format!(
            r#"{{"mqtts":"","ca":"","iotData":"","iot":"","dynamodb":"","console":"{console}","region":"","table":"","things":{{}},"credentials":{{"accessKeyId":"","secretAccessKey":""}},"pid":1}}"#
        );
        let ready: Ready = serde_json::from_str(&text).expect("a ready file");
        assert!(ready.is_live());
        drop(listener);
        assert!(!ready.is_live());
    }
}
