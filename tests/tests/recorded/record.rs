//! Records what this release's functions write, and the events that they are given.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_iotdataplane::primitives::Blob;
use e2e::program::program;
use e2e::{World, item};
use local_cloud::{LocalCloud, Options, Ports};
use sam_template::{Context, Template};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Name of the stack and of its table.
pub const STACK: &str = "doors";
const REGION: &str = "us-east-1";
/// How long every function may take to get an event. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);

macro_rules! client {
    ($sdk:ident, $cloud:expr, $endpoint:expr) => {{
        let keys = $cloud.credentials();
        let (id, secret) = (&keys.access_key_id, &keys.secret_access_key);
        let config = $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new(REGION))
            .endpoint_url($endpoint)
            .credentials_provider(aws_credential_types::Credentials::from_keys(
                id, secret, None,
            ))
            .http_client(aws_smithy_http_client::Builder::new().build_http());
        $sdk::Client::from_conf(config.build())
    }};
}

/// A client for the stack's table.
pub fn table_of(cloud: &LocalCloud) -> Result<aws_sdk_dynamodb::Client> {
    Ok(client!(
        aws_sdk_dynamodb,
        cloud,
        &cloud.endpoints().dynamodb
    ))
}

fn template() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml")
}

/// The names of the functions' programs.
fn binaries() -> Result<Vec<String>> {
    let context = Context {
        stack_name: STACK.to_owned(),
        region: REGION.to_owned(),
        account: "123456789012".to_owned(),
        parameters: BTreeMap::new(),
        inert: [].into(),
    };
    let functions = Template::load(&template(), &context)?.functions;
    Ok(functions
        .into_iter()
        .map(|function| function.binary)
        .collect())
}

/// The template's services in short minutes, with `programs` as functions.
async fn start(programs: BTreeMap<String, PathBuf>) -> Result<LocalCloud> {
    let options = Options {
        template: template(),
        parameters: BTreeMap::new(),
        stack_name: STACK.to_owned(),
        region: REGION.to_owned(),
        account: "123456789012".to_owned(),
        data_dir: None,
        binaries: programs,
        no_start: Vec::new(),
        ports: Ports::default(),
        seed: 1,
        time_scale: 0.01,
        faults: Vec::new(),
        import_retained: false,
        inert: [].into(),
    };
    Ok(LocalCloud::start(options).await?)
}

/// The template's services with the real functions.
pub async fn cloud_of_functions() -> Result<LocalCloud> {
    let programs = binaries()?
        .into_iter()
        .map(|name| Ok((name.clone(), program(&name)?)));
    start(programs.collect::<Result<_>>()?).await
}

/// One event of each kind that each function is given, by this release's template.
pub async fn events() -> Result<Vec<Value>> {
    let folder = tempfile::tempdir()?;
    let recorder = folder.path().join("record.py");
    std::fs::write(&recorder, include_str!("record.py"))?;
    std::fs::set_permissions(&recorder, std::fs::Permissions::from_mode(0o755))?;
    let names = binaries()?;
    let programs = names.iter().map(|name| (name.clone(), recorder.clone()));
    let cloud = start(programs.collect()).await?;
    cause_events(&cloud).await?;
    let deadline = Instant::now() + DEADLINE;
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    let events = loop {
        let events = recorded(&folder)?;
        let seen: BTreeSet<&str> = events
            .iter()
            .filter_map(|e| e["function"].as_str())
            .collect();
        // A press and a request both go to one function, and a press that failed to another.
        if seen.len() == names.len() && events.len() > names.len() {
            break events;
        }
        ensure!(
            Instant::now() < deadline,
            "events only of {seen:?} after {DEADLINE:?}"
        );
        ticks.tick().await;
    };
    cloud.shutdown().await;
    Ok(events)
}

/// The message that the recorder answers with a failure, and the same as a rule passes it on.
const FAILING: &str = "fail";
const FAILING_IN_BASE64: &str = "ZmFpbA==";

/// Causes an event for each function: presses (one of which fails), a request, a report, an item.
async fn cause_events(cloud: &LocalCloud) -> Result<()> {
    let data = client!(aws_sdk_iotdataplane, cloud, &cloud.endpoints().iot_data);
    let press = json!({"serialNumber": "button-1", "clickType": "SINGLE",
        "batteryVoltage": "1568mV", "sequence": 412, "pressedAt": 1_763_779_512_100_u64,
        "goodForMs": 3000});
    let request = json!({"action": "unlock", "requestId": "r1",
        "requestedAt": 1_763_779_512_100_u64, "actor": "alice"});
    let messages = [
        ("iotbutton/button-1", press.to_string()),
        ("iotbutton/button-1", FAILING.to_owned()),
        ("remote-lock/lock-1/request", request.to_string()),
    ];
    for (topic, payload) in messages {
        let publish = data.publish().topic(topic).qos(1);
        publish.payload(Blob::new(payload)).send().await?;
    }
    let reported = json!({
        "lock": "locked", "version": 1_763_779_512_345_u64,
        "commandId": "01JD000000000000000000000A", "result": "executed", "source": "remote",
        "refused": null, "bootCount": 7, "clock": "synced", "clockUncertaintyMs": 1043,
        "firmware": "2.0.0", "rssi": -61, "door": "closed", "settings": "stated",
        "relockMs": 30000, "pulseMs": 0, "reportId": "7-12-907060870"});
    let report = json!({"clientToken": "7-12", "state": {"reported": reported}});
    let update = data.update_thing_shadow().thing_name("lock-1");
    update.payload(Blob::new(report.to_string())).send().await?;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let put = table_of(cloud)?.put_item().table_name(STACK);
    let put = put.item("pk", text("lock#lock-1"));
    put.item("sk", text("event#1763779512345#k")).send().await?;
    Ok(())
}

/// The first event of each shape that each recorder wrote.
fn recorded(folder: &TempDir) -> Result<Vec<Value>> {
    let mut kept: BTreeMap<String, Value> = BTreeMap::new();
    for entry in std::fs::read_dir(folder.path())? {
        let path = entry?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .context("no name")?;
        let Some((function, _)) = name.split_once('.').filter(|_| name.ends_with(".jsonl")) else {
            continue;
        };
        let text = std::fs::read_to_string(&path)?;
        for line in text
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'))
        {
            let event: Value = serde_json::from_str(line)?;
            // It only makes another function's event, and may come before the press.
            if event["payload"] == FAILING_IN_BASE64 {
                continue;
            }
            let one = json!({"function": function, "event": event});
            let shape = format!(
                "{function} {:?}",
                super::of_events(std::slice::from_ref(&one))
            );
            kept.entry(shape).or_insert(one);
        }
    }
    Ok(kept.into_values().collect())
}

/// Items of every kind, as this release's functions and lockctl write them.
pub async fn items() -> Result<Vec<Value>> {
    let arguments = [
        "--memory",
        "--locks",
        "2",
        "--buttons",
        "2",
        "--time-scale",
        "0.05",
    ];
    let world = World::start_with(&arguments).await?;
    for lock in ["lock-1", "lock-2"] {
        world.until_settled(lock, "locked").await?;
    }
    world.press("button-1", "LONG").await?;
    world.until_settled("lock-1", "unlocked").await?;
    world.press("button-1", "DOUBLE").await?;
    world.until_settled("lock-1", "locked").await?;
    for line in [
        &["unlock", "lock-1"][..],
        &["bind", "button-2", "lock-1"],
        &["revoke", "button-2"],
        &["unbind", "button-1"],
        &["register", "lock", "shed", "--record-only"],
        &["forget", "shed"],
        &["recover", "lock-1"],
    ] {
        world.lockctl(line).await?;
    }
    world.press("button-2", "SINGLE").await?;
    world.until_history("lock-1", "revoked").await?;
    world.power("lock-2", false).await?;
    let done = world.lockctl(&["lock", "lock-2", "--no-wait"]).await?;
    ensure!(done.status.success(), "{done:?}");
    world.until_history("lock-2", "not answered").await?;
    world.items().await?.iter().map(item::to_json).collect()
}
