//! `lockctl register` and `retire` are killed at each of their calls on `DynamoDB`. Repeated, the
//! command leaves one record, one binding, and one line of the history for what is done once.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use e2e::item::to_json;
use e2e::place::{Place, REGION, STACK};
use e2e::proxy::Stop;
use serde_json::Value;

use crate::account::{certificates, check_complete, files, iot, whole};
use crate::command::run;
use crate::kill::{Kill, Service, kill_at, kill_at_each};

const LATCH: [&str; 4] = ["--unlocked-level", "1", "--power-on", "locked"];
/// The lock that the buttons command.
const DOOR: &str = "front-door";

/// Every item of the table of a place.
struct Table(Vec<Value>);

impl Table {
    async fn read(place: &Place) -> Result<Self> {
        let keys = place.cloud.credentials();
        let (id, secret) = (&keys.access_key_id, &keys.secret_access_key);
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(&place.cloud.endpoints().dynamodb)
            .credentials_provider(Credentials::from_keys(id, secret, None))
            .http_client(aws_smithy_http_client::Builder::new().build_http());
        let client = aws_sdk_dynamodb::Client::from_conf(config.build());
        let items = client.scan().table_name(STACK).into_paginator().items();
        let items: Vec<_> = items.send().try_collect().await.context("scan the table")?;
        Ok(Self(items.iter().map(to_json).collect::<Result<_>>()?))
    }

    fn find(&self, pk: &str, sk: &str) -> Option<&Value> {
        let is_it = |item: &&Value| item["pk"]["S"] == pk && item["sk"]["S"] == sk;
        self.0.iter().find(is_it)
    }

    /// How many items have this sort key.
    fn count(&self, sk: &str) -> usize {
        self.0.iter().filter(|item| item["sk"]["S"] == sk).count()
    }

    /// Whether it is in the list of what is registered.
    fn has_listed(&self, pk: &str) -> bool {
        self.find("things", pk).is_some()
    }

    /// How many lines of this kind about a change a history has. `button` selects those about one.
    fn count_lines(&self, pk: &str, kind: &str, button: Option<&str>) -> usize {
        let is_line = |item: &&Value| {
            item["pk"]["S"] == pk
                && item["kind"]["S"] == kind
                && item["decision"]["S"] != "ignored"
                && button.is_none_or(|button| item["button"]["S"] == button)
        };
        self.0.iter().filter(is_line).count()
    }
}

fn folder(place: &Place, name: &str) -> PathBuf {
    place.folder().join("devices").join(name)
}

/// Checks that AWS `IoT` and the folder have everything of a device.
async fn check_identity(place: &Place, name: &str, (kind, policy): (&str, &str)) -> Result<()> {
    let folder = folder(place, name);
    check_complete(&iot(place), (name, kind, STACK, policy), &folder).await?;
    let files = files(&folder)?;
    ensure!(files == whole(name), "{files:?}");
    Ok(())
}

/// Checks that a device is gone from AWS `IoT`. No other device has a certificate.
async fn check_gone(place: &Place, name: &str) -> Result<()> {
    let iot = iot(place);
    let things = iot.list_things().send().await?;
    let mut names = things
        .things()
        .iter()
        .filter_map(|thing| thing.thing_name());
    ensure!(!names.any(|thing| thing == name), "{name} is still a thing");
    let left = certificates(&iot).await?;
    ensure!(left.is_empty(), "{left:?}");
    Ok(())
}

/// Makes the attempts for both ways to stop at the same time, each in its own place. Returns the
/// number of kills.
async fn kill_both_ways(
    door: bool,
    attempt: impl AsyncFn(&Place, Kill) -> Result<bool>,
) -> Result<usize> {
    let sweep = async |stop: Stop| {
        let place = Place::start().await?;
        if door {
            run(&place, &["register", "lock", DOOR, "--record-only"]).await?;
        }
        let attempt = async |kill: Kill| attempt(&place, kill).await;
        let calls = kill_at_each(Service::Table, stop, attempt).await?;
        place.cloud.shutdown().await;
        anyhow::Ok(calls)
    };
    let (before, after) = (Box::pin(sweep(Stop::Before)), Box::pin(sweep(Stop::After)));
    let (before, after) = tokio::try_join!(before, after)?;
    Ok(before + after)
}

async fn register_lock(place: &Place, kill: Kill) -> Result<bool> {
    let name = format!("lock-{}", kill.calls);
    let pk = format!("lock#{name}");
    let arguments = [&["register", "lock", &name][..], &LATCH].concat();
    let was_killed = kill_at(place, &arguments, kill).await?;
    let text = run(place, &arguments).await?;
    check_identity(place, &name, ("remote-lock-lock", "doors-lock"))
        .await
        .context(text)?;
    let table = Table::read(place).await?;
    let records = table.count("record");
    ensure!(records == kill.calls + 1, "{records} records");
    let record = table.find(&pk, "record").context("no record")?;
    ensure!(record["version"]["N"] == "0", "{record}");
    ensure!(table.has_listed(&pk), "{name} is not in the list");
    let lines = table.count_lines(&pk, "register", None);
    ensure!(lines == 1, "{lines} lines about the registration");
    Ok(was_killed)
}

#[tokio::test]
async fn a_lock_whose_registration_is_killed_at_any_call_of_the_table_has_one_record() -> Result<()>
{
    let kills = kill_both_ways(false, register_lock).await?;
    // At least the list, the record and the transaction, both ways.
    ensure!(kills >= 6, "{kills}");
    Ok(())
}

async fn register_button(place: &Place, kill: Kill) -> Result<bool> {
    let name = format!("hall-{}", kill.calls);
    let (pk, door) = (format!("button#{name}"), format!("lock#{DOOR}"));
    let arguments = ["register", "button", &name, "--lock", DOOR];
    let was_killed = kill_at(place, &arguments, kill).await?;
    let table = Table::read(place).await?;
    let bound = table.count_lines(&door, "bind", Some(&name));
    let lock = table.find(&pk, "binding").map(|found| &found["lock"]["S"]);
    let is_bound = lock.is_some_and(|lock| lock == DOOR);
    ensure!(bound == usize::from(is_bound), "{bound} lines, {lock:?}");

    let text = run(place, &arguments).await?;
    check_identity(place, &name, ("remote-lock-button", "doors-button"))
        .await
        .context(text)?;
    let table = Table::read(place).await?;
    let bindings = table.count("binding");
    ensure!(bindings == kill.calls + 1, "{bindings} bindings");
    let binding = table.find(&pk, "binding").context("no binding")?;
    let is_bound = binding["lock"]["S"] == DOOR && binding["enabled"]["BOOL"] == true;
    ensure!(is_bound, "{binding}");
    ensure!(table.has_listed(&pk), "{name} is not in the list");
    let lines = table.count_lines(&pk, "register", None);
    ensure!(lines == 1, "{lines} lines about the registration");
    let lines = table.count_lines(&door, "bind", Some(&name));
    ensure!(lines == 1, "{lines} lines about the binding");
    Ok(was_killed)
}

#[tokio::test]
async fn a_button_whose_registration_is_killed_at_any_call_of_the_table_has_one_binding()
-> Result<()> {
    let kills = kill_both_ways(true, register_button).await?;
    // At least what a lock has, the lock of the binding, and the binding's own transaction.
    ensure!(kills >= 12, "{kills}");
    Ok(())
}

async fn retire_lock(place: &Place, kill: Kill) -> Result<bool> {
    let name = format!("lock-{}", kill.calls);
    let pk = format!("lock#{name}");
    run(place, &[&["register", "lock", &name][..], &LATCH].concat()).await?;
    let arguments = ["retire", &name, "--yes"];
    let was_killed = kill_at(place, &arguments, kill).await?;
    let table = Table::read(place).await?;
    let (record, lines) = (
        table.find(&pk, "record"),
        table.count_lines(&pk, "forget", None),
    );
    ensure!(
        lines == usize::from(record.is_none()),
        "{record:?}, {lines} lines"
    );
    ensure!(table.has_listed(&pk) == record.is_some(), "{record:?}");

    let text = run(place, &arguments).await?;
    check_gone(place, &name).await.context(text)?;
    let table = Table::read(place).await?;
    ensure!(table.find(&pk, "record").is_none(), "the record is there");
    ensure!(!table.has_listed(&pk), "{name} is still in the list");
    let lines = table.count_lines(&pk, "forget", None);
    ensure!(lines == 1, "{lines} lines about the end of the lock");
    Ok(was_killed)
}

#[tokio::test]
async fn a_lock_whose_retirement_is_killed_at_any_call_of_the_table_is_gone_after_the_next()
-> Result<()> {
    let kills = kill_both_ways(false, retire_lock).await?;
    // At least the list, the history, the record, the bindings and the transaction, both ways.
    ensure!(kills >= 10, "{kills}");
    Ok(())
}

async fn retire_button(place: &Place, kill: Kill) -> Result<bool> {
    let name = format!("hall-{}", kill.calls);
    let (pk, door) = (format!("button#{name}"), format!("lock#{DOOR}"));
    run(place, &["register", "button", &name, "--lock", DOOR]).await?;
    let arguments = ["retire", &name, "--yes"];
    let was_killed = kill_at(place, &arguments, kill).await?;
    let text = run(place, &arguments).await?;
    check_gone(place, &name).await.context(text)?;
    let table = Table::read(place).await?;
    let binding = table.find(&pk, "binding").context("no binding")?;
    ensure!(binding["lock"].is_null(), "{binding}");
    // The line is in the history of the lock; one about an unbound button would be in its own.
    let histories = [&door, &pk].map(|pk| table.count_lines(pk, "unbind", Some(&name)));
    let lines: usize = histories.iter().sum();
    ensure!(lines == 1, "{lines} lines about the end of the binding");
    let records = table.count("record");
    ensure!(records == 1, "{records} records");
    Ok(was_killed)
}

#[tokio::test]
async fn a_button_whose_retirement_is_killed_at_any_call_of_the_table_is_gone_after_the_next()
-> Result<()> {
    let kills = kill_both_ways(true, retire_button).await?;
    // At least the list, the history, the binding, the record and the transaction, both ways.
    ensure!(kills >= 10, "{kills}");
    Ok(())
}
