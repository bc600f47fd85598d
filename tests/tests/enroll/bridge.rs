//! `lockctl home-assistant`: the house's broker may use its own doors' topics and no other, and a
//! door that leaves is out of its reach.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use e2e::mqtt::Client;
use e2e::place::{Place, STACK};
use serde_json::Value;

use crate::account::{check_complete, iot};
use crate::command::{self, refused};

const BRIDGE: &str = "home-assistant";
const UNLOCK: &str = r#"{"v":1,"action":"unlock","requestId":"r1"}"#;
/// A name that fills most of a policy.
const LONG: &str = concat!(
    "a-name-that-fills-a-policy-a-name-that-fills-a-policy-",
    "a-name-that-fills-a-policy-a-name-that-fills-a-policy"
);

async fn start() -> Result<Place> {
    let place = Place::start().await?;
    for lock in ["lock-1", "lock-2", "lock-3", LONG] {
        command::run(&place, &["register", "lock", lock, "--record-only"]).await?;
    }
    Ok(place)
}

/// A connection with the files of the bridge's folder.
async fn connect(place: &Place, client: &str) -> Result<Client> {
    let folder = place.folder().join("devices").join(BRIDGE);
    // The folder has the authority of AWS, which has not signed this broker's certificate.
    let authority = place.folder().join("broker.pem");
    std::fs::write(&authority, place.cloud.ca_pem())?;
    let file = |end: &str| folder.join(format!("{BRIDGE}.{end}.pem"));
    let files: [PathBuf; 3] = [authority, file("crt"), file("key")];
    Client::connect(client, &place.cloud.endpoints().mqtts.to_string(), &files).await
}

/// Whether the bridge may publish a request, or else subscribe. What it may not do ends its
/// connection.
async fn may(place: &Place, act: &str, topic: &str) -> Result<bool> {
    let mut client = connect(place, BRIDGE).await?;
    let done = match act {
        "publish" => client.publish(topic, UNLOCK).await,
        _ => client.subscribe(topic).await,
    };
    Ok(done.is_ok())
}

async fn check(place: &Place, cases: &[(&str, &str, bool)]) -> Result<()> {
    for (act, topic, wanted) in cases {
        ensure!(may(place, act, topic).await? == *wanted, "{act} {topic}");
    }
    Ok(())
}

/// The names of the policies of the bridge in the account.
async fn policies(place: &Place) -> Result<Vec<String>> {
    let listed = iot(place).list_policies().send().await?;
    let names = listed.policies().iter().filter_map(|one| one.policy_name());
    let own = names.filter(|name| name.contains("-bridge-"));
    Ok(own.map(str::to_owned).collect())
}

/// The files of the folder, below it, with their texts.
fn texts(place: &Place) -> Result<BTreeMap<String, String>> {
    let folder = place.folder().join("devices").join(BRIDGE);
    let mut texts = BTreeMap::new();
    for (below, prefix) in [
        (folder.clone(), ""),
        (folder.join("discovery"), "discovery/"),
    ] {
        for entry in std::fs::read_dir(below)? {
            let path = entry?.path();
            if path.is_file() {
                let name = path.file_name().context("a name")?.to_string_lossy();
                texts.insert(format!("{prefix}{name}"), std::fs::read_to_string(&path)?);
            }
        }
    }
    Ok(texts)
}

#[tokio::test]
async fn a_bridge_has_the_topics_of_its_doors_and_no_other() -> Result<()> {
    let place = start().await?;
    let first = [BRIDGE, "lock-1", "lock-2", "--lock-only", "lock-2"];
    command::run(&place, &first).await?;
    let folder = place.folder().join("devices").join(BRIDGE);
    let policy = format!("{STACK}-bridge-{BRIDGE}-1");
    let wanted = (BRIDGE, "remote-lock-bridge", STACK, policy.as_str());
    check_complete(&iot(&place), wanted, &folder).await?;
    check(
        &place,
        &[
            ("publish", "remote-lock/lock-1/request", true),
            ("publish", "remote-lock/lock-2/request/lock", true),
            ("publish", "remote-lock/lock-2/request", false),
            ("publish", "remote-lock/lock-3/request", false),
            ("publish", "remote-lock/lock-1", false),
            ("publish", "iotbutton/button-1", false),
            ("publish", "remote-lock-ask/lock-1,lock-2", true),
            ("publish", "remote-lock-ask/lock-1", false),
            ("subscribe", "remote-lock-live/lock-1", true),
            ("subscribe", "remote-lock-event/lock-2", true),
            ("subscribe", "remote-lock-live/lock-3", false),
            ("subscribe", "remote-lock-live/+", false),
            ("subscribe", "remote-lock-state/lock-1", false),
            ("subscribe", "#", false),
        ],
    )
    .await?;
    ensure!(
        connect(&place, "lock-1").await.is_err(),
        "another client id"
    );

    command::run(&place, &[BRIDGE, "--remove", "lock-1"]).await?;
    check(
        &place,
        &[
            ("publish", "remote-lock/lock-1/request", false),
            ("subscribe", "remote-lock-live/lock-1", false),
            ("publish", "remote-lock-ask/lock-1,lock-2", false),
            ("publish", "remote-lock-ask/lock-2", true),
            ("publish", "remote-lock/lock-2/request/lock", true),
        ],
    )
    .await?;

    command::run(&place, &["retire", BRIDGE, "--yes"]).await?;
    ensure!(connect(&place, BRIDGE).await.is_err(), "a retired bridge");
    let left = policies(&place).await?;
    ensure!(left.is_empty(), "{left:?}");
    place.cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn doors_that_fill_two_policies_leave_none_behind() -> Result<()> {
    let place = start().await?;
    let other = format!("{}-2", &LONG[..LONG.len() - 2]);
    command::run(&place, &["register", "lock", &other, "--record-only"]).await?;
    command::run(&place, &[BRIDGE, LONG, &other]).await?;
    ensure!(
        policies(&place).await?.len() == 2,
        "{:?}",
        policies(&place).await?
    );
    let states = [LONG, other.as_str()].map(|lock| format!("remote-lock-live/{lock}"));
    for state in &states {
        check(&place, &[("subscribe", state.as_str(), true)]).await?;
    }
    command::run(&place, &[BRIDGE, LONG]).await?;
    ensure!(
        policies(&place).await?.len() == 1,
        "{:?}",
        policies(&place).await?
    );
    check(
        &place,
        &[
            ("subscribe", states[0].as_str(), true),
            ("subscribe", states[1].as_str(), false),
        ],
    )
    .await?;
    place.cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn the_folder_follows_the_doors() -> Result<()> {
    let place = start().await?;
    command::run(&place, &["label", "lock-1", "Front door", "--room", "Hall"]).await?;
    command::run(&place, &[BRIDGE, "lock-1", "lock-2"]).await?;
    let before = texts(&place)?;
    let message = before.get("discovery/remote-lock-lock-1.json");
    let message: Value = serde_json::from_str(message.context("no message")?)?;
    ensure!(message["device"]["name"] == "Front door", "{message}");
    ensure!(message["device"]["suggested_area"] == "Hall", "{message}");

    command::run(&place, &[BRIDGE, "lock-2"]).await?;
    let after = texts(&place)?;
    ensure!(
        !after.contains_key("discovery/remote-lock-lock-1.json"),
        "{after:?}"
    );
    for file in ["mosquitto.conf", "mosquitto-addon.conf"] {
        let text = after.get(file).context(file)?;
        ensure!(
            !text.contains("lock-1") && text.contains("lock-2"),
            "{text}"
        );
    }
    let script = after.get("publish.sh").context("no script")?;
    let removed = "-t 'homeassistant/device/remote-lock-lock-1/config' -n\n";
    ensure!(script.contains(removed), "{script}");
    ensure!(after.get("ca.pem") == before.get("ca.pem"));
    ensure!(after.get("home-assistant.key.pem") == before.get("home-assistant.key.pem"));

    // A label is for people; any other name is refused before anything is made.
    let error = refused(&place, &[BRIDGE, "--bridge", "other", "Front"]).await?;
    ensure!(error.contains("no lock Front is registered"), "{error}");
    ensure!(!place.folder().join("devices/other").exists());
    place.cloud.shutdown().await;
    Ok(())
}
