//! A local cloud of its own for each test, told to clients by its ready file.
//!
//! Must not know the clients.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use local_cloud::{LocalCloud, Options, Ports};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A running cloud.
pub struct Cloud {
    directory: TempDir,
    ready: Value,
    _cloud: LocalCloud,
}

impl Cloud {
    /// A cloud with these things, each with a certificate and the template's policy.
    pub async fn start(things: &[&str]) -> Cloud {
        let directory = tempfile::tempdir().unwrap();
        let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/template.yaml");
        let cloud = LocalCloud::start(Options {
            template,
            parameters: BTreeMap::new(),
            stack_name: "stack".to_owned(),
            region: "us-east-1".to_owned(),
            account: "123456789012".to_owned(),
            data_dir: None,
            binaries: BTreeMap::new(),
            ports: Ports::default(),
            seed: 1,
            time_scale: 1.0,
            faults: Vec::new(),
        })
        .await
        .unwrap();
        let mut files = serde_json::Map::new();
        for thing in things {
            let registry = cloud.registry();
            registry.create_thing(thing).unwrap();
            let issued = registry.create_keys_and_certificate().unwrap();
            registry.attach_policy("device", &issued.arn).unwrap();
            registry.attach_thing_principal(thing, &issued.arn).unwrap();
            let (c, k) = paths(&directory, thing);
            fs::write(&c, issued.pem).unwrap();
            fs::write(&k, issued.private_key_pem).unwrap();
            files.insert((*thing).to_owned(), json!({"cert": c, "key": k}));
        }
        let ca = directory.path().join("ca.pem");
        fs::write(&ca, cloud.ca_pem()).unwrap();
        let e = cloud.endpoints();
        let ready = json!({
            "mqtts": e.mqtts.to_string(), "ca": ca, "iotData": e.iot_data, "iot": e.iot, "dynamodb": e.dynamodb,
            "region": "us-east-1", "credentials": cloud.credentials(), "things": files,
        });
        fs::write(directory.path().join("ready.json"), ready.to_string()).unwrap();
        Cloud {
            directory,
            ready,
            _cloud: cloud,
        }
    }

    /// The ready file.
    pub fn ready_file(&self) -> PathBuf {
        self.directory.path().join("ready.json")
    }

    /// A text of the ready file.
    pub fn text(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap()
    }

    /// Certificate and key of a thing, where they are or are to be written.
    pub fn files_for(&self, thing: &str) -> (PathBuf, PathBuf) {
        let files = &self.ready["things"][thing];
        match (files["cert"].as_str(), files["key"].as_str()) {
            (Some(certificate), Some(key)) => (certificate.into(), key.into()),
            _ => paths(&self.directory, thing),
        }
    }
}

fn paths(directory: &TempDir, thing: &str) -> (PathBuf, PathBuf) {
    let at = |kind| directory.path().join(format!("{thing}.{kind}.pem"));
    (at("cert"), at("key"))
}
