//! The end of a process: what was accepted is written down, whatever the runtime still does.

use std::collections::BTreeMap;

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::account::Account;
use crate::captured::Captured;
use crate::registry::Setting;

fn open(directory: &TempDir) -> Broker {
    let setting = Setting {
        account: Account {
            id: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
        },
        data_dir: None,
        policies: BTreeMap::from([(
            "all".to_owned(),
            json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}),
        )]),
    };
    let registry = Registry::open(setting, Clock::system()).unwrap();
    let events = EventBus::new(Clock::system());
    let faults = Faults::new(Vec::new(), 1, events.clone());
    Broker::open(
        registry,
        events,
        Clock::system(),
        faults.into(),
        directory.path(),
    )
    .unwrap()
}

#[test]
fn a_runtime_that_has_ended_leaves_nothing_unwritten_and_no_error() {
    let directory = tempfile::tempdir().unwrap();
    let (log, _capturing) = Captured::begin();
    let broker = open(&directory);
    let mut message = Message::from_cloud("kept/here".to_owned(), b"x".to_vec());
    message.retain = true;
    broker.publish(message);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let handle = runtime.handle().clone();
    // As a process that ends early does it while the broker's task still runs.
    drop(runtime);
    handle.block_on(broker.save_in_background());
    assert_eq!(log.text(), "");
    let stored = Store::open(directory.path()).unwrap().load(0).unwrap();
    assert_eq!(stored.retained.keys().collect::<Vec<_>>(), ["kept/here"]);
}
