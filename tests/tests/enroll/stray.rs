//! `lockctl retire` after a registration or rotation that was killed at any call: nothing is left,
//! even a certificate that no thing leads to.

use anyhow::{Result, bail, ensure};
use e2e::place::Place;
use e2e::proxy::Stop;

use crate::account::{certificates, iot};
use crate::command::run;
use crate::kill::{Kill, Service, kill_at, kill_at_each};

/// Most calls before the signing. More means that nothing is signed.
const CALLS_MAX: usize = 40;
const LATCH: [&str; 4] = ["--unlocked-level", "1", "--power-on", "locked"];

fn registration(name: &str) -> Vec<&str> {
    [&["register", "lock", name][..], &LATCH].concat()
}

/// Whether the thing is there.
async fn has_thing(place: &Place, name: &str) -> Result<bool> {
    let things = iot(place).list_things().send().await?;
    let mut all = things.things().iter();
    Ok(all.any(|thing| thing.thing_name() == Some(name)))
}

/// Checks that neither thing nor certificate is left of the only device.
async fn check_gone(place: &Place, name: &str, text: &str) -> Result<()> {
    let left = certificates(&iot(place)).await?;
    ensure!(left.is_empty(), "{left:?}: {text}");
    ensure!(!has_thing(place, name).await?, "the thing is left: {text}");
    Ok(())
}

/// Retires a device whose registration was killed. Returns whether it was, and how many
/// certificates no thing led to.
async fn retire_begun(place: &Place, kill: Kill, strays: &mut usize) -> Result<bool> {
    let name = format!("lock-{}", kill.calls);
    let was_killed = kill_at(place, &registration(&name), kill).await?;
    if !has_thing(place, &name).await? {
        ensure!(certificates(&iot(place)).await?.is_empty());
        return Ok(was_killed);
    }
    let attached = iot(place).list_thing_principals().thing_name(&name);
    let attached = attached.send().await?.principals().len();
    *strays += certificates(&iot(place)).await?.len() - attached;
    let retire = ["retire", &name, "--gone", "--yes"];
    check_gone(place, &name, &run(place, &retire).await?).await?;
    Ok(was_killed)
}

#[tokio::test]
async fn nothing_is_left_of_a_registration_that_was_killed_at_any_call() -> Result<()> {
    for stop in [Stop::Before, Stop::After] {
        let place = Place::start().await?;
        let mut strays = 0;
        let attempt = async |kill: Kill| retire_begun(&place, kill, &mut strays).await;
        let calls = kill_at_each(Service::Control, stop, attempt).await?;
        ensure!(calls > 8, "{calls}");
        // Signed, then the endpoint read, then the policy attached.
        ensure!(strays == 3, "{strays} strays: {stop:?}");
        place.cloud.shutdown().await;
    }
    Ok(())
}

/// Retires a device whose rotation was killed.
async fn retire_rotating(place: &Place, kill: Kill) -> Result<bool> {
    let name = format!("lock-{}", kill.calls);
    run(place, &registration(&name)).await?;
    let was_killed = kill_at(place, &["rotate", &name], kill).await?;
    let retire = ["retire", &name, "--gone", "--yes"];
    check_gone(place, &name, &run(place, &retire).await?).await?;
    Ok(was_killed)
}

#[tokio::test]
async fn nothing_is_left_of_a_rotation_that_was_killed_at_any_call() -> Result<()> {
    for stop in [Stop::Before, Stop::After] {
        let place = Place::start().await?;
        let attempt = async |kill: Kill| retire_rotating(&place, kill).await;
        let calls = kill_at_each(Service::Control, stop, attempt).await?;
        ensure!(calls > 8, "{calls}");
        place.cloud.shutdown().await;
    }
    Ok(())
}

/// How many calls a registration makes before it signs. The thing type and the group are there
/// from now on, so that each device takes the same calls.
async fn count_calls(place: &Place) -> Result<usize> {
    run(place, &registration("first")).await?;
    run(place, &["retire", "first", "--gone", "--yes"]).await?;
    for calls in 0..CALLS_MAX {
        let name = format!("count-{calls}");
        kill_after(place, &name, calls).await?;
        if !certificates(&iot(place)).await?.is_empty() {
            run(place, &["retire", &name, "--yes"]).await?;
            return Ok(calls);
        }
    }
    bail!("a registration signs nothing within {CALLS_MAX} calls")
}

/// Kills a registration after the call that follows the first `calls`.
async fn kill_after(place: &Place, name: &str, calls: usize) -> Result<()> {
    let kill = Kill {
        service: Service::Control,
        calls,
        stop: Stop::After,
    };
    let was_killed = kill_at(place, &registration(name), kill).await?;
    ensure!(was_killed, "it makes no more than {calls} calls");
    Ok(())
}

/// Retires a device with a stray. The retirement is killed, and repeated.
async fn retire_killed(place: &Place, kill: Kill, signs: usize) -> Result<bool> {
    let name = format!("lock-{}", kill.calls);
    kill_after(place, &name, signs).await?;
    let retire = ["retire", &name, "--yes"];
    let was_killed = kill_at(place, &retire, kill).await?;
    if has_thing(place, &name).await? || !certificates(&iot(place)).await?.is_empty() {
        let text = run(place, &retire).await?;
        check_gone(place, &name, &text).await?;
    }
    Ok(was_killed)
}

#[tokio::test]
async fn a_retirement_with_a_stray_that_is_killed_at_any_call_is_completed_by_the_next()
-> Result<()> {
    for stop in [Stop::Before, Stop::After] {
        let place = Place::start().await?;
        let signs = count_calls(&place).await?;
        let attempt = async |kill: Kill| retire_killed(&place, kill, signs).await;
        let calls = kill_at_each(Service::Control, stop, attempt).await?;
        // The thing and what it has, the list, the certificate, and the two deletions.
        ensure!(calls >= 6, "{calls}");
        place.cloud.shutdown().await;
    }
    Ok(())
}

#[tokio::test]
async fn a_stray_is_found_by_the_folder_alone_and_a_broken_folder_stops_nothing() -> Result<()> {
    let place = Place::start().await?;
    let iot = iot(&place);
    kill_after(&place, "lock-1", count_calls(&place).await?).await?;
    let stray = certificates(&iot).await?;
    let folder = place.folder().join("devices/lock-1");

    // Elsewhere, nothing leads to it: only the thing goes.
    let other = ["retire", "lock-1", "--yes", "--devices", "elsewhere"];
    let text = run(&place, &other).await?;
    ensure!(!text.contains("DeleteCertificate"), "{text}");
    ensure!(certificates(&iot).await? == stray, "{text}");
    let dry = run(&place, &["retire", "lock-1", "--dry-run"]).await?;
    let call = format!("iot:DeleteCertificate {}", stray[0].id);
    ensure!(dry.contains(&call), "{dry}");
    let text = run(&place, &["retire", "lock-1", "--yes"]).await?;
    ensure!(text.contains(&call), "{text}");
    check_gone(&place, "lock-1", &text).await?;

    run(&place, &registration("lock-2")).await?;
    let key = folder.with_file_name("lock-2").join("lock-2.key.pem");
    std::fs::write(key, "half a key")?;
    let retire = ["retire", "lock-2", "--gone", "--yes"];
    let output = place.lockctl(place.cloud.credentials(), &retire).await?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.code() == Some(1), "{output:?}");
    ensure!(
        text.contains("failed: devices/lock-2/lock-2.key.pem cannot be used: "),
        "{text}"
    );
    check_gone(&place, "lock-2", &text).await?;
    place.cloud.shutdown().await;
    Ok(())
}
