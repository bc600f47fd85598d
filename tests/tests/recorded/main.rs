//! Items and events recorded for each release: the functions of this release understand them all,
//! so an upgrade
//! needs no migration. That every item is read whole is shown in lock-aws.
//!
//! `UPDATE_RECORDED=1 cargo nextest run -p e2e --test recorded` records this release.

mod record;
mod shape;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use e2e::item;
use lambda_host::Outcome;
use serde_json::Value;

use record::{cloud_of_functions, table_of};
use shape::{Shape, of_events, of_items};

/// The folder of a release's recorded set.
fn folder(release: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("vectors/recorded")
        .join(release)
}

fn read(release: &str, name: &str) -> Result<Vec<Value>> {
    let path = folder(release).join(name);
    let text = std::fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{}", path.display()))
}

fn releases() -> Result<Vec<String>> {
    let entries = std::fs::read_dir(folder("")).context("read the recorded releases")?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<Result<Vec<_>>>()?;
    names.sort();
    ensure!(!names.is_empty(), "no release is recorded");
    Ok(names)
}

#[tokio::test]
async fn recorded_items_and_events_of_every_release_are_understood() -> Result<()> {
    for release in releases()? {
        let cloud = cloud_of_functions().await?;
        let table = table_of(&cloud)?;
        let mut known = Vec::new();
        for recorded in read(&release, "items.json")? {
            let item = item::from_json(&recorded)?;
            known.push(item["sk"].clone());
            let put = table.put_item().table_name(record::STACK);
            put.set_item(Some(item)).send().await?;
        }
        for recorded in read(&release, "events.json")? {
            let function = recorded["function"].as_str().context("no function")?;
            let event = recorded["event"].to_string();
            let invoked = cloud
                .functions()
                .invoke(function, event.clone().into(), None);
            let outcome = invoked.await?;
            let is_success = matches!(outcome, Outcome::Success(_));
            ensure!(is_success, "{release} {function} {event}: {outcome:?}");
        }
        let all = table.scan().table_name(record::STACK).send().await?;
        for item in all.items() {
            let refused = item
                .get("decision")
                .is_some_and(|d| d.as_s().is_ok_and(|d| d == "refused"));
            let is_new = !known.contains(&item["sk"]);
            ensure!(
                !(is_new && refused),
                "{release}: an event was not understood: {item:?}"
            );
        }
        cloud.shutdown().await;
    }
    Ok(())
}

#[tokio::test]
async fn recorded_items_and_events_are_those_of_this_release() -> Result<()> {
    let release = env!("CARGO_PKG_VERSION");
    let items = record::items().await?;
    let events = record::events().await?;
    if std::env::var_os("UPDATE_RECORDED").is_some() {
        std::fs::create_dir_all(folder(release))?;
        for (name, values) in [("items.json", &items), ("events.json", &events)] {
            let text = serde_json::to_string_pretty(values)? + "\n";
            std::fs::write(folder(release).join(name), text)?;
        }
    }
    let check = |what, now: Shape, recorded: Shape| {
        let new: Vec<_> = now.difference(&recorded).collect();
        ensure!(
            new.is_empty(),
            "{what} of release {release} have parts that are not recorded: {new:?}; \
             record again: UPDATE_RECORDED=1 cargo nextest run -p e2e --test recorded"
        );
        Ok(())
    };
    check(
        "items",
        of_items(&items),
        of_items(&read(release, "items.json")?),
    )?;
    check(
        "events",
        of_events(&events),
        of_events(&read(release, "events.json")?),
    )
}
