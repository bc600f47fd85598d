//! Links that the table's items show: a lock's record with its last report, a button's voltage.
//! Each item is changed in the table, and written back unchanged after that.
//!
//! Must not know: how an item comes about.

use anyhow::{Context, Result, ensure};
use e2e::World;
use e2e::item::{Item, from_json, to_json};
use serde_json::{Value, json};

use crate::until_named;

const LOCK: &str = "lock-1";
/// Keys of the two items that are changed.
const RECORD: [&str; 2] = ["lock#lock-1", "record"];
const BINDING: [&str; 2] = ["button#button-1", "binding"];

/// The keys of an item, what is changed in it, the link that must be named, a part of what fixes
/// it.
pub type Row = (
    [&'static str; 2],
    fn(&mut Value),
    &'static str,
    &'static str,
);

pub const ROWS: [Row; 8] = [
    (
        RECORD,
        // A time in the past.
        |record| record["reported"]["M"]["at"] = json!({"N": "1763779513000"}),
        "lock-1 reports",
        "mos console",
    ),
    (
        RECORD,
        |record| record["reported"]["M"]["firmware"] = json!({"S": "1.9.0"}),
        "lock-1 firmware",
        "mos build --platform esp8266 && mos flash",
    ),
    (
        RECORD,
        |record| record["reported"]["M"]["settings"] = json!({"S": "kept"}),
        "lock-1 settings",
        "mos put devices/lock-1/conf9.json",
    ),
    (
        RECORD,
        |record| record["reported"]["M"]["clock"] = json!({"S": "unsynced"}),
        "lock-1 clock",
        "restart the board of lock-1",
    ),
    (
        RECORD,
        |record| refuse(record, "clock"),
        "lock-1 clock",
        "restart the board of lock-1",
    ),
    (
        RECORD,
        |record| refuse(record, "journal"),
        "lock-1 journal",
        "lockctl lock lock-1",
    ),
    (
        RECORD,
        |record| refuse(record, "implausible"),
        "lock-1 version",
        "lockctl recover lock-1 --running",
    ),
    (
        BINDING,
        |binding| binding["batteryMv"] = json!({"N": "1100"}),
        "button-1 battery",
        "replace the battery of button-1",
    ),
];

/// The device refused the record's command, for this reason.
fn refuse(record: &mut Value, reason: &str) {
    let id = record["command"]["M"]["id"].clone();
    record["reported"]["M"]["refused"] = json!({"M": {"commandId": id, "reason": {"S": reason}}});
}

async fn find_item(world: &World, [pk, sk]: [&str; 2]) -> Result<Item> {
    let is_wanted = |item: &Item| {
        let is = |name: &str, text: &str| item[name].as_s().is_ok_and(|found| found == text);
        is("pk", pk) && is("sk", sk)
    };
    let found = world.items().await?.into_iter().find(is_wanted);
    found.with_context(|| format!("no item {pk} {sk}"))
}

async fn put(world: &World, item: Item) -> Result<()> {
    let put = world.dynamodb().put_item().table_name(world.at("table"));
    put.set_item(Some(item)).send().await.context("put")?;
    Ok(())
}

#[tokio::test]
async fn what_an_item_shows_is_named_until_it_is_as_before() -> Result<()> {
    let world = World::start().await?;
    world.until_settled(LOCK, "locked").await?;
    // A command that the device could have refused.
    world.lockctl_json(&["lock", LOCK]).await?;
    world.until_settled(LOCK, "locked").await?;
    until_named(&world, None).await?;
    for (keys, change, title, part) in ROWS {
        let whole = find_item(&world, keys).await?;
        let mut changed = to_json(&whole)?;
        change(&mut changed);
        ensure!(changed != to_json(&whole)?, "{title}: nothing is changed");
        put(&world, from_json(&changed)?).await?;
        let fix = until_named(&world, Some(title)).await?;
        ensure!(fix.contains(part), "{title}: {fix}");
        put(&world, whole).await?;
        let fixed = until_named(&world, None).await;
        fixed.with_context(|| format!("{title} was fixed"))?;
    }
    Ok(())
}

/// Each fix that the doctor names is carried out.
#[tokio::test]
async fn a_lock_whose_record_is_missing_is_registered_and_restarted() -> Result<()> {
    let world = World::start().await?;
    world.until_settled(LOCK, "locked").await?;
    until_named(&world, None).await?;
    let mut key = find_item(&world, RECORD).await?;
    key.retain(|name, _| name == "pk" || name == "sk");
    let delete = world.dynamodb().delete_item().table_name(world.at("table"));
    delete.set_key(Some(key)).send().await.context("delete")?;
    let fix = until_named(&world, Some("lock-1 registered")).await?;
    ensure!(fix == "lockctl register lock lock-1 --record-only", "{fix}");
    let register = ["register", "lock", LOCK, "--record-only"];
    world.lockctl_json(&register).await?;
    let fix = until_named(&world, Some("lock-1 reports")).await?;
    ensure!(fix.contains("restart the board of lock-1"), "{fix}");
    world.power(LOCK, false).await?;
    world.power(LOCK, true).await?;
    until_named(&world, None).await?;
    Ok(())
}
