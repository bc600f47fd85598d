//! A reload of the template: each refusal leaves everything unchanged, in memory and on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use local_cloud::LocalCloud;
use serde_json::Value;
use tempfile::TempDir;

use crate::world::{DEADLINE, here, options, rest};

/// A function that answers with its variable `GREETING`.
const GREET: &str = r#"#!/usr/bin/env python3
import json, os, urllib.request
RUNTIME = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation"
while True:
    with urllib.request.urlopen(RUNTIME + "/next") as event:
        url = RUNTIME + "/" + event.headers["Lambda-Runtime-Aws-Request-Id"] + "/response"
    urllib.request.urlopen(url, json.dumps(os.environ["GREETING"]).encode()).read()
"#;

const INVOKE: &str = "POST /2015-03-31/functions/stack-GreetFunction/invocations";
const PUBLISH: &str = "POST /topics/words?qos=1";

/// Changes that succeed: in the function, the rule, the policies and the things.
const GOOD: [(&str, &str); 4] = [
    ("GREETING: hello", "GREETING: goodbye"),
    ("VALUE 'one'", "VALUE 'two'"),
    (
        "  AtticThing:",
        "  HallPolicy:\n    Type: AWS::IoT::Policy\n    Properties:\n      PolicyName: hall\n      \
         PolicyDocument: {Version: '2012-10-17', Statement: []}\n\n  AtticThing:",
    ),
    (
        "  AtticThing:",
        "  CellarThing:\n    Type: AWS::IoT::Thing\n    Properties: {ThingName: cellar}\n\n  \
         AtticThing:",
    ),
];

fn edited(text: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(text.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "the template has no {old:?}");
        text.replacen(old, new, 1)
    })
}

struct Stack {
    cloud: LocalCloud,
    directory: TempDir,
    base: String,
}

/// What a reload could change.
#[derive(Debug, PartialEq)]
struct Observed {
    policies: BTreeMap<String, Value>,
    things: Value,
    files: BTreeMap<String, String>,
    greeting: Value,
    word: String,
}

impl Stack {
    /// A running stack whose policy `room` is attached to a certificate.
    async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let greet = directory.path().join("greet");
        fs::write(&greet, GREET).unwrap();
        fs::set_permissions(&greet, fs::Permissions::from_mode(0o755)).unwrap();
        let base = fs::read_to_string(here("reload.yaml")).unwrap();
        let template = directory.path().join("template.yaml");
        fs::write(&template, &base).unwrap();
        let mut options = options();
        options.template = template;
        options.data_dir = Some(directory.path().join("data"));
        options.binaries = BTreeMap::from([("greet".to_owned(), greet)]);
        let cloud = LocalCloud::start(options).await.unwrap();
        let certificate = cloud.registry().create_keys_and_certificate().unwrap();
        cloud
            .registry()
            .attach_policy("room", &certificate.arn)
            .unwrap();
        Self {
            cloud,
            directory,
            base,
        }
    }

    async fn reload(&self, text: &str) -> Result<Vec<String>, String> {
        fs::write(self.directory.path().join("template.yaml"), text).unwrap();
        let outcome = self.cloud.reload(&BTreeSet::new()).await;
        outcome.map_err(|error| {
            let mut text = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                text += &format!(": {error}");
                cause = error.source();
            }
            text
        })
    }

    async fn observe(&self) -> Observed {
        let data = self.directory.path().join("data/registry");
        let mut files = BTreeMap::new();
        for folder in ["things", "policies", "certificates"] {
            read_files(&data.join(folder), &mut files);
        }
        let endpoints = self.cloud.endpoints();
        let get = async |path: &str| {
            let request = format!("GET {path}");
            rest(&self.cloud, &endpoints.iot, &request, "", "")
                .await
                .body
        };
        let mut policies = BTreeMap::new();
        for policy in get("/policies").await["policies"].as_array().unwrap() {
            let name = policy["policyName"].as_str().unwrap();
            policies.insert(name.to_owned(), get(&format!("/policies/{name}")).await);
        }
        let things = get("/things").await["things"].clone();
        let greeting = rest(&self.cloud, &endpoints.iot, INVOKE, "", "{}").await;
        assert_eq!(greeting.status, 200, "{greeting:?}");
        let before = self.cloud.log_lines("words").len();
        let published = rest(&self.cloud, &endpoints.iot_data, PUBLISH, "", "{}").await;
        assert_eq!(published.status, 200, "{published:?}");
        let deadline = tokio::time::Instant::now() + DEADLINE;
        while self.cloud.log_lines("words").len() == before {
            assert!(tokio::time::Instant::now() < deadline, "no line in words");
            tokio::task::yield_now().await;
        }
        Observed {
            policies,
            things,
            files,
            greeting: greeting.body,
            word: self.cloud.log_lines("words").pop().unwrap(),
        }
    }
}

fn read_files(folder: &Path, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let name = path.strip_prefix(folder.parent().unwrap()).unwrap();
            let text = fs::read_to_string(&path).unwrap();
            files.insert(name.display().to_string(), text);
        }
    }
}

#[tokio::test]
async fn a_refused_reload_changes_nothing_whatever_refuses_it() {
    let stack = Stack::start().await;
    let before = stack.observe().await;
    assert_eq!(
        (&before.greeting, before.word.as_str()),
        (&"hello".into(), "\"one\"")
    );
    let rows: [(&str, (&str, &str), &str); 11] = [
        ("not YAML", ("Resources:", "Resources: ["), "template.yaml"),
        (
            "a table",
            (
                "BillingMode:",
                "TimeToLiveSpecification: {AttributeName: end, Enabled: true}\n      BillingMode:",
            ),
            "a table has changed",
        ),
        (
            "an executable",
            ("Binary: greet", "Binary: shout"),
            "name one with --binary shout=PATH",
        ),
        (
            "a variable",
            (
                "          GREETING",
                "          AWS_REGION: moon\n          GREETING",
            ),
            "environment variable AWS_REGION",
        ),
        ("a statement", ("SELECT VALUE", "SELEKT VALUE"), "WordRule"),
        (
            "a role",
            (
                "Action: logs:*",
                "Action: logs:*\n                Condition: {Odd: {a: b}}",
            ),
            "RuleRole",
        ),
        (
            "a document",
            ("Action: iot:Connect", "Action: [1]"),
            "policy room",
        ),
        (
            "an attached policy",
            ("PolicyName: room", "PolicyName: chamber"),
            "The policy cannot be deleted as the policy is attached",
        ),
        (
            "another thing",
            ("floor: third", "floor: first"),
            "Thing attic already exists in account with different attributes",
        ),
        (
            "a missing certificate",
            (
                "  AtticThing:",
                "  Attached:\n    Type: AWS::IoT::ThingPrincipalAttachment\n    Properties:\n      \
                 ThingName: attic\n      \
                 Principal: arn:aws:iot:us-east-1:123456789012:cert/00\n\n  AtticThing:",
            ),
            "certificate 00 is not here",
        ),
        ("the disk", ("floor: third", "floor: third"), "cellar"),
    ];
    for (stage, edit, refusal) in rows {
        // A directory where the record of the new thing is to be written.
        let blocked = stack
            .directory
            .path()
            .join("data/registry/things/cellar.json.new");
        let is_disk = stage == "the disk";
        if is_disk {
            fs::create_dir(&blocked).unwrap();
        }
        let bad = edited(&edited(&stack.base, &GOOD), &[edit]);
        let error = stack.reload(&bad).await.expect_err(stage);
        assert!(error.contains(refusal), "{stage}: {error}");
        assert_eq!(stack.observe().await, before, "{stage}");
        if is_disk {
            fs::remove_dir(&blocked).unwrap();
        }
    }
    let changed = stack.reload(&edited(&stack.base, &GOOD)).await;
    assert_eq!(
        changed.as_deref(),
        Ok(["hall", "stack-GreetFunction", "stack_WordRule"]
            .map(str::to_owned)
            .as_slice())
    );
    let after = stack.observe().await;
    assert_eq!(
        (&after.greeting, after.word.as_str()),
        (&"goodbye".into(), "\"two\"")
    );
    assert_eq!(after.policies.keys().collect::<Vec<_>>(), ["hall", "room"]);
    let things = after.things.as_array().unwrap();
    let names: Vec<&Value> = things.iter().map(|thing| &thing["thingName"]).collect();
    assert_eq!(names, ["attic", "cellar"]);
    stack.cloud.shutdown().await;
}
