//! `lockctl rotate`: killed at each call, and a device that does not come.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_sdk_iot::types::CertificateStatus;
use e2e::mqtt::Client;
use e2e::place::{Place, STACK};
use e2e::proxy::Stop;
use e2e::shell::succeeds;
use tokio::task::JoinSet;

use crate::account::{certificates, check_complete, iot};
use crate::kill::{Kill, Service, kill_at, kill_at_each};

/// How long a device keeps one connection.
const LONG: Duration = Duration::from_secs(600);
/// Pause between two attempts of a device to connect.
const AGAIN: Duration = Duration::from_millis(50);

const LATCH: [&str; 4] = ["--unlocked-level", "1", "--power-on", "locked"];

/// A device that connects again whenever its connection ends.
struct Device(#[expect(dead_code, reason = "it ends the device when it is dropped")] JoinSet<()>);

impl Device {
    fn start(place: &Place, name: &str, certificate: PathBuf, key: PathBuf) -> Result<Self> {
        let ca = place.folder().join("broker.pem");
        std::fs::write(&ca, place.cloud.ca_pem())?;
        let (name, address) = (name.to_owned(), place.cloud.endpoints().mqtts.to_string());
        let files = [ca, certificate, key];
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut attempts = tokio::time::interval(AGAIN);
            loop {
                attempts.tick().await;
                if let Ok(mut client) = Client::connect(&name, &address, &files).await {
                    // Its end is the reason to connect again.
                    let _ = client.idle(LONG).await;
                }
            }
        });
        Ok(Self(tasks))
    }
}

fn file(folder: &Path, name: &str, end: &str) -> PathBuf {
    folder.join(format!("{name}.{end}.pem"))
}

async fn lockctl(place: &Place, arguments: &[&str]) -> Result<(bool, String)> {
    let output = place.lockctl(place.cloud.credentials(), arguments).await?;
    let text = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8(text)?))
}

async fn register(place: &Place, name: &str) -> Result<PathBuf> {
    let arguments = [&["register", "lock", name][..], &LATCH].concat();
    let output = place.lockctl(place.cloud.credentials(), &arguments).await?;
    succeeds(&output)?;
    Ok(place.folder().join("devices").join(name))
}

/// Rotates a new device, and kills both phases. Returns whether one of them was killed.
async fn rotate_killed(place: &Place, kill: Kill) -> Result<bool> {
    let iot = iot(place);
    let calls = kill.calls;
    let name = format!("lock-{calls}");
    let folder = register(place, &name).await?;
    let wanted = (name.as_str(), "remote-lock-lock", STACK, "doors-lock");
    let old = check_complete(&iot, wanted, &folder).await?;
    let old_key = std::fs::read(file(&folder, &name, "key"))?;

    let was_killed = kill_at(place, &["rotate", &name], kill).await?;
    let (is_done, text) = lockctl(place, &["rotate", &name]).await?;
    ensure!(is_done, "{text}");
    let of_device = iot.list_thing_principals().thing_name(&name).send().await?;
    ensure!(of_device.principals().len() == 2, "{of_device:?}");
    let kept = std::fs::read(file(&folder.join("old"), &name, "key"))?;
    ensure!(kept == old_key, "the old key is not in old");
    ensure!(file(&folder.join("old"), &name, "crt").exists());
    let new = std::fs::read_to_string(file(&folder, &name, "crt"))?;
    ensure!(new != old.pem, "the old certificate is still in its place");
    let all = certificates(&iot).await?;
    ensure!(all.len() == calls + 2, "{} certificates", all.len());
    ensure!(all.iter().all(|certificate| certificate.is_active));

    let files = (file(&folder, &name, "crt"), file(&folder, &name, "key"));
    let _device = Device::start(place, &name, files.0, files.1)?;
    let finish = ["rotate", &name, "--finish"];
    let was_finish_killed = kill_at(place, &finish, kill).await?;
    let (is_done, text) = lockctl(place, &finish).await?;
    ensure!(is_done, "{text}");
    if was_finish_killed && kill.service == Service::Data {
        // Nothing is deleted before the device was seen: the killed attempt may not have seen it.
        ensure!(text.contains("connected with its new"), "{text}");
    }
    let left = check_complete(&iot, wanted, &folder).await;
    let left = left.with_context(|| text.clone())?;
    ensure!(left.pem == new && left.id != old.id);
    let thing = iot.describe_thing().thing_name(&name).send().await?;
    let note = thing.attributes().and_then(|all| all.get("rotating"));
    ensure!(note.is_none(), "{note:?}");
    let all = certificates(&iot).await?.len();
    ensure!(all == calls + 1, "{all} certificates: {text}");
    Ok(was_killed || was_finish_killed)
}

#[tokio::test]
async fn a_rotation_that_is_killed_at_any_call_is_completed_by_the_next() -> Result<()> {
    for stop in [Stop::Before, Stop::After] {
        let place = Place::start().await?;
        let attempt = async |kill: Kill| rotate_killed(&place, kill).await;
        let calls = kill_at_each(Service::Control, stop, attempt).await?;
        // Otherwise it was not killed where it makes its changes.
        ensure!(calls > 10, "{calls}");
        place.cloud.shutdown().await;
    }
    Ok(())
}

#[tokio::test]
async fn a_rotation_that_is_killed_while_it_looks_for_the_device_is_finished_by_the_next()
-> Result<()> {
    for stop in [Stop::Before, Stop::After] {
        let place = Place::start().await?;
        let attempt = async |kill: Kill| rotate_killed(&place, kill).await;
        let calls = kill_at_each(Service::Data, stop, attempt).await?;
        // It looks for the connection, ends it, and looks again.
        ensure!(calls >= 3, "{calls}");
        place.cloud.shutdown().await;
    }
    Ok(())
}

#[tokio::test]
async fn a_device_that_does_not_come_with_its_new_certificate_keeps_the_old_one() -> Result<()> {
    let place = Place::start().await?;
    let iot = iot(&place);
    let folder = register(&place, "lock-1").await?;
    let old = certificates(&iot).await?;
    let (_, text) = lockctl(&place, &["rotate", "lock-1", "--finish"]).await?;
    ensure!(text.contains("no rotation of it has begun"), "{text}");
    let (is_done, text) = lockctl(&place, &["rotate", "lock-1"]).await?;
    ensure!(
        is_done && text.contains("$ mos put lock-1.key.pem"),
        "{text}"
    );

    // It comes again and again, but with the old certificate.
    let of_old = folder.join("old");
    let files = ["crt", "key"].map(|end| file(&of_old, "lock-1", end));
    let [certificate, key] = files;
    let _device = Device::start(&place, "lock-1", certificate, key)?;
    let finish = ["rotate", "lock-1", "--finish", "--wait", "1"];
    let (is_done, text) = lockctl(&place, &finish).await?;
    ensure!(!is_done, "{text}");
    ensure!(
        text.contains("its old certificate is active again"),
        "{text}"
    );
    let described = iot.describe_certificate().certificate_id(&old[0].id);
    let described = described.send().await?;
    let status = described
        .certificate_description()
        .and_then(|found| found.status());
    ensure!(status == Some(&CertificateStatus::Active), "{status:?}");
    place.cloud.shutdown().await;
    Ok(())
}
