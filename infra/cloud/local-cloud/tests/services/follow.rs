//! A cloud whose function follows the stream of a table, for the tests of streams.
//!
//! Must not know: the tests.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use local_cloud::{Event, EventKind, LocalCloud, Options};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::broadcast;

use crate::world::{Answer, DEADLINE, event, here, options, rest};

/// The line of the template that tests add settings to.
pub const SETTING: &str = "            BatchSize: 10\n";
/// Turns the source off.
pub const OFF: &str = "            BatchSize: 10\n            Enabled: false\n";

/// A stack with the streams' template in a folder, whose time runs a hundred times as fast.
pub struct Stack {
    folder: TempDir,
    pub options: Options,
}

impl Stack {
    /// The template with each first text replaced by the second.
    pub fn new(edits: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = options();
        options.template = folder.path().join("template.yaml");
        options.binaries = [("follow".to_owned(), here("follow.py"))].into();
        options.time_scale = 0.01;
        let stack = Self { folder, options };
        stack.edit(edits);
        stack
    }

    /// The same, with a data directory.
    pub fn kept(edits: &[(&str, &str)]) -> Self {
        let mut stack = Self::new(edits);
        stack.options.data_dir = Some(stack.path("data"));
        stack
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the template with these edits in place of earlier ones.
    pub fn edit(&self, edits: &[(&str, &str)]) {
        let mut text = std::fs::read_to_string(here("stream.yaml")).unwrap();
        for (from, to) in edits {
            assert!(text.contains(from), "{from}");
            text = text.replacen(from, to, 1);
        }
        std::fs::write(&self.options.template, text).unwrap();
    }

    pub async fn start(&self) -> (LocalCloud, broadcast::Receiver<Arc<Event>>) {
        let cloud = LocalCloud::start(self.options.clone()).await.unwrap();
        let events = cloud.subscribe();
        (cloud, events)
    }

    /// A cloud whose source finds these items at once: it is enabled after they are written, with
    /// these settings.
    pub async fn with_items(
        &self,
        items: &[(&str, &str)],
        settings: &str,
    ) -> (LocalCloud, broadcast::Receiver<Arc<Event>>) {
        self.edit(&[(SETTING, OFF)]);
        let (cloud, events) = self.start().await;
        for (id, act) in items {
            put(&cloud, id, act).await;
        }
        self.edit(&[(SETTING, settings)]);
        let changed = cloud.reload(&Default::default()).await.unwrap();
        assert_eq!(changed, ["FollowFunctionChanges"]);
        (cloud, events)
    }
}

/// A call of DynamoDB by the operator.
pub async fn dynamodb(cloud: &LocalCloud, operation: &str, body: Value) -> Answer {
    let service = match operation {
        "DescribeStream" | "GetRecords" | "GetShardIterator" | "ListStreams" => {
            "DynamoDBStreams_20120810"
        }
        _ => "DynamoDB_20120810",
    };
    let headers = format!(
        "X-Amz-Target: {service}.{operation}\r\nContent-Type: application/x-amz-json-1.0\r\n"
    );
    let endpoint = &cloud.endpoints().dynamodb;
    rest(cloud, endpoint, "POST /", &headers, body.to_string()).await
}

/// Writes an item that tells the function what to do.
pub async fn put(cloud: &LocalCloud, id: &str, act: &str) {
    let item = json!({"id": {"S": id}, "do": {"S": act}});
    let body = json!({"TableName": "items", "Item": item});
    let answer = dynamodb(cloud, "PutItem", body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// The next records that the function gets.
pub async fn given(events: &mut broadcast::Receiver<Arc<Event>>) -> Vec<Value> {
    event(events, "a batch", |kind| {
        let EventKind::FunctionLog { line, .. } = kind else {
            return None;
        };
        let line: Value = serde_json::from_str(line).ok()?;
        line["given"]["Records"].as_array().cloned()
    })
    .await
}

/// The keys of the next records that the function gets.
pub async fn given_ids(events: &mut broadcast::Receiver<Arc<Event>>) -> Vec<String> {
    ids(&given(events).await)
}

pub fn ids(records: &[Value]) -> Vec<String> {
    let ids = records.iter();
    ids.filter_map(|r| r["dynamodb"]["Keys"]["id"]["S"].as_str())
        .map(str::to_owned)
        .collect()
}

/// Waits until the queue `lost` has so many messages, and returns them.
pub async fn lost(cloud: &LocalCloud, count: usize) -> Vec<Value> {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let messages = cloud.queue_messages("lost");
        if messages.len() >= count {
            let parsed = messages.iter().map(|m| serde_json::from_str(m).unwrap());
            return parsed.collect();
        }
        assert!(tokio::time::Instant::now() < deadline, "{messages:?}");
        tokio::task::yield_now().await;
    }
}

/// Waits until the stored position of the only source is past this record.
pub async fn until_position(data: &Path, number: &str) {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let files = std::fs::read_dir(data.join("positions")).unwrap();
        let texts = files.filter_map(|f| std::fs::read_to_string(f.unwrap().path()).ok());
        let texts: Vec<String> = texts.collect();
        if texts.iter().any(|text| text.contains(number)) {
            return;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "{number}: {texts:?}"
        );
        tokio::task::yield_now().await;
    }
}
