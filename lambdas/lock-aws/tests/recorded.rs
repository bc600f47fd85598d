//! Items recorded for each release are read, and written again as they were: no attribute is lost.

use std::path::Path;

use lock_aws::item::{Item, Key, from_item, item_of_image, to_item};
use lock_core::binding::Binding;
use lock_core::event::Event;
use lock_core::limits::Limits;
use lock_core::record::Record;
use serde_json::Value;

/// The recorded items of every release.
fn items() -> Vec<Item> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/recorded");
    let releases = std::fs::read_dir(folder).expect("recorded releases");
    let read = |release: std::io::Result<std::fs::DirEntry>| {
        let path = release.expect("a release").path().join("items.json");
        let text = std::fs::read_to_string(&path).expect("items.json");
        let items: Vec<Value> = serde_json::from_str(&text).expect("a list of items");
        items
    };
    let images = releases.flat_map(read);
    images
        .map(|image| item_of_image(&image).expect("an item"))
        .collect()
}

/// Reads an item as its sort key demands, and writes it again; `None` for a form without a type.
fn rewrite(item: &Item) -> Option<Item> {
    let sk = item["sk"].as_s().expect("a text");
    Some(match sk.as_str() {
        "record" => {
            let record: Record = from_item(item).expect("a record");
            to_item(&Key::record(&record.lock), &record)
        }
        "binding" => {
            let binding: Binding = from_item(item).expect("a binding");
            to_item(&Key::binding(&binding.button), &binding)
        }
        "limits" => {
            let limits: Limits = from_item(item).expect("limits");
            to_item(&Key::limits(), &limits)
        }
        sk if sk.starts_with("event#") => {
            let event: Event = from_item(item).expect("an event");
            let mut written = to_item(&Key::event(&event), &event);
            // Events that several messages share have a key of their own.
            written.insert("sk".to_owned(), item["sk"].clone());
            written
        }
        _ => return None,
    })
}

#[test]
fn every_recorded_item_is_written_again_as_it_was() {
    let items = items();
    let mut kinds = std::collections::BTreeSet::new();
    for item in &items {
        if let Some(written) = rewrite(item) {
            assert_eq!(&written, item);
            let sk = item["sk"].as_s().expect("a text");
            kinds.insert(sk.split('#').next().unwrap_or_default());
        }
    }
    let all = ["binding", "event", "limits", "record"];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), all);
}
