//! A genuine AWS IoT Button: its key is made elsewhere, and its certificate carries its serial
//! number.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use e2e::place::{Place, STACK};
use e2e::proxy::Stop;
use e2e::shell::succeeds;

use crate::account::{Certificate, certificates, iot};
use crate::command::{refused, run};
use crate::kill::{Kill, Service, kill_at, kill_at_each};

const SERIAL: &str = "G030JF055364XVRB";
/// Made by `openssl req -new -newkey rsa:2048 -nodes -subj /CN=G030JF055364XVRB`.
const REQUEST: &str = include_str!("genuine.csr");
/// The same for another key.
const NEXT: &str = include_str!("genuine-next.csr");

#[tokio::test]
async fn a_genuine_button_gets_a_certificate_for_its_signing_request() -> Result<()> {
    let place = Place::start().await?;
    let iot = iot(&place);
    fs::write(place.folder().join("button.csr"), REQUEST)?;
    let keys = place.cloud.credentials();
    let of = |name: &'static str| {
        let genuine = ["--genuine", "--csr", "button.csr"];
        [&["register", "button", name][..], &genuine].concat()
    };
    let other = place.lockctl(keys, &of("G030JF055364XVRC")).await?;
    let text = String::from_utf8_lossy(&other.stderr);
    ensure!(!other.status.success(), "{text}");
    ensure!(text.contains("-subj /CN=G030JF055364XVRC"), "{text}");
    ensure!(certificates(&iot).await?.is_empty(), "it was signed");

    succeeds(&place.lockctl(keys, &of(SERIAL)).await?)?;
    let again = succeeds(&place.lockctl(keys, &of(SERIAL)).await?)?;
    ensure!(
        again.contains("active certificate: already there"),
        "{again}"
    );
    let all = certificates(&iot).await?;
    let [certificate] = all.as_slice() else {
        anyhow::bail!("{all:?}")
    };
    ensure!(certificate.is_active);
    let policies = iot.list_attached_policies().target(&certificate.arn);
    let policies = policies.send().await?;
    let policy = policies.policies().first().context("no policy")?;
    let wanted = format!("{STACK}-aws-iot-button");
    ensure!(policy.policy_name() == Some(&wanted), "{policy:?}");
    let folder = place.folder().join("devices").join(SERIAL);
    let written = fs::read_to_string(folder.join(format!("{SERIAL}.crt.pem")))?;
    ensure!(written == certificate.pem);
    ensure!(
        fs::read_dir(&folder)?.count() == 2,
        "certificate and README"
    );
    let bindings = succeeds(&place.lockctl(keys, &["bindings"]).await?)?;
    ensure!(bindings.contains(SERIAL), "{bindings}");
    place.cloud.shutdown().await;
    Ok(())
}

/// Most calls before the signing. More means that nothing is signed.
const CALLS_MAX: usize = 40;

const REGISTER: [&str; 6] = ["register", "button", SERIAL, "--genuine", "--csr", "a.csr"];
const ROTATE: [&str; 4] = ["rotate", SERIAL, "--csr", "b.csr"];
const FINISH: [&str; 4] = ["rotate", SERIAL, "--finish", "--seen"];

/// Starts a place with both signing requests.
async fn start() -> Result<Place> {
    let place = Place::start().await?;
    fs::write(place.folder().join("a.csr"), REQUEST)?;
    fs::write(place.folder().join("b.csr"), NEXT)?;
    Ok(place)
}

/// The certificates, all of which are active; that of the folder is the first.
async fn active(place: &Place, folder: &Path) -> Result<Vec<Certificate>> {
    let mut all = certificates(&iot(place)).await?;
    ensure!(all.iter().all(|one| one.is_active), "{all:?}");
    let written = fs::read_to_string(folder.join(format!("{SERIAL}.crt.pem")))?;
    all.sort_by_key(|one| one.pem != written);
    ensure!(all.first().is_some_and(|one| one.pem == written), "{all:?}");
    Ok(all)
}

/// Registers the button, rotates it to the other request, and retires it. Both phases of the
/// rotation are killed, and repeated.
async fn rotate_killed(place: &Place, kill: Kill) -> Result<bool> {
    run(place, &REGISTER).await?;
    let folder = place.folder().join("devices").join(SERIAL);
    let before = active(place, &folder).await?;
    let [old] = before.as_slice() else {
        bail!("{before:?}")
    };

    let was_killed = kill_at(place, &ROTATE, kill).await?;
    let text = run(place, &ROTATE).await?;
    let file = format!("{SERIAL}.crt.pem");
    ensure!(
        text.contains(&format!("new certificate devices/{SERIAL}/{file}")),
        "{text}"
    );
    ensure!(text.contains("--finish --seen`"), "{text}");
    let both = active(place, &folder).await?;
    ensure!(both.len() == 2 && both[1].id == old.id, "{both:?}");
    let kept = fs::read_to_string(folder.join("old").join(&file))?;
    ensure!(kept == old.pem, "the old certificate is not in old");
    let mut names: Vec<_> = fs::read_dir(&folder)?.collect::<Result<_, _>>()?;
    names.sort_by_key(fs::DirEntry::file_name);
    let names: Vec<_> = names.iter().map(fs::DirEntry::file_name).collect();
    ensure!(names == [file.as_str(), "README.md", "old"], "{names:?}");

    let was_finish_killed = kill_at(place, &FINISH, kill).await?;
    let text = run(place, &FINISH).await?;
    let left = active(place, &folder).await?;
    ensure!(left[..] == both[..1], "{left:?}: {text}");

    run(place, &["retire", SERIAL, "--yes"]).await?;
    fs::remove_dir_all(folder)?;
    Ok(was_killed || was_finish_killed)
}

#[tokio::test]
async fn a_rotation_to_a_signing_request_is_completed_after_any_kill() -> Result<()> {
    for stop in [Stop::Before, Stop::After] {
        let place = start().await?;
        let attempt = async |kill: Kill| rotate_killed(&place, kill).await;
        let calls = kill_at_each(Service::Control, stop, attempt).await?;
        // Otherwise it was not killed where it makes its changes.
        ensure!(calls > 10, "{calls}");
        place.cloud.shutdown().await;
    }
    Ok(())
}

/// What a rotation does with the certificates' files, in its order.
const MOVES: [&str; 4] = ["make old", "keep", "place", "remove new"];

#[tokio::test]
async fn a_rotation_to_a_signing_request_that_ends_at_any_move_is_completed_by_the_next()
-> Result<()> {
    let place = start().await?;
    run(&place, &REGISTER).await?;
    let folder = place.folder().join("devices").join(SERIAL);
    let file = format!("{SERIAL}.crt.pem");
    let (main, old, new) = (folder.join(&file), folder.join("old"), folder.join("new"));
    let before = fs::read_to_string(&main)?;
    run(&place, &ROTATE).await?;
    let after = fs::read_to_string(&main)?;
    for made in 0..=MOVES.len() {
        for undone in MOVES[made..].iter().rev() {
            match *undone {
                "make old" => fs::remove_dir(&old)?,
                "keep" => fs::rename(old.join(&file), &main)?,
                "place" => fs::rename(&main, new.join(&file))?,
                _ => fs::create_dir(&new)?,
            }
        }
        let text = run(&place, &ROTATE).await?;
        ensure!(fs::read_to_string(&main)? == after, "{made} moves: {text}");
        let kept = fs::read_to_string(old.join(&file))?;
        ensure!(kept == before, "{made} moves: {text}");
        ensure!(!new.exists(), "{made} moves: {text}");
    }
    ensure!(certificates(&iot(&place)).await?.len() == 2);
    place.cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_rotation_refuses_a_signing_request_that_is_not_new_or_of_another_button() -> Result<()> {
    let place = start().await?;
    run(&place, &REGISTER).await?;
    let before = certificates(&iot(&place)).await?;
    let text = refused(&place, &["rotate", SERIAL, "--csr", "a.csr"]).await?;
    let same = format!("this is the key of its certificate {}", before[0].id);
    ensure!(text.contains(&same), "{text}");
    let lock = ["register", "lock", "lock-1"];
    let latch = ["--unlocked-level", "1", "--power-on", "locked"];
    run(&place, &[&lock[..], &latch].concat()).await?;
    let text = refused(&place, &["rotate", "lock-1", "--csr", "b.csr"]).await?;
    ensure!(
        text.contains(&format!("is {SERIAL}, not the serial number lock-1")),
        "{text}"
    );
    ensure!(
        certificates(&iot(&place)).await?.len() == 2,
        "it was signed"
    );
    place.cloud.shutdown().await;
    Ok(())
}

/// Kills a registration or rotation right after its signing. `undo` takes an attempt back that
/// ended before that.
async fn leave_stray(place: &Place, arguments: &[&str], undo: &[&str]) -> Result<Certificate> {
    let iot = iot(place);
    let before = certificates(&iot).await?;
    for calls in 0..CALLS_MAX {
        let kill = Kill {
            service: Service::Control,
            calls,
            stop: Stop::After,
        };
        ensure!(kill_at(place, arguments, kill).await?, "it signs nothing");
        let mut after = certificates(&iot).await?;
        after.retain(|one| !before.contains(one));
        if let Some(new) = after.pop() {
            ensure!(!new.is_active, "{new:?}");
            return Ok(new);
        }
        run(place, undo).await?;
    }
    bail!("{arguments:?} signs nothing within {CALLS_MAX} calls")
}

#[tokio::test]
async fn a_certificate_that_only_the_signing_request_leads_to_is_deleted() -> Result<()> {
    let place = start().await?;
    let iot = iot(&place);
    let undo = ["retire", SERIAL, "--yes"];
    // Thing type and group are there from now on, so that each attempt takes the same calls.
    run(&place, &REGISTER).await?;
    run(&place, &undo).await?;
    fs::remove_dir_all(place.folder().join("devices"))?;
    let registered = leave_stray(&place, &REGISTER, &undo).await?;
    let retire = ["retire", SERIAL, "--dry-run"];
    let text = run(&place, &retire).await?;
    ensure!(
        !text.contains(&registered.id),
        "nothing leads to it: {text}"
    );
    let retire = ["retire", SERIAL, "--yes", "--csr", "a.csr"];
    let text = run(&place, &retire).await?;
    ensure!(certificates(&iot).await?.is_empty(), "{text}");

    run(&place, &REGISTER).await?;
    leave_stray(&place, &ROTATE, &["bindings"]).await?;
    let retire = ["retire", SERIAL, "--yes", "--csr", "b.csr"];
    let text = run(&place, &retire).await?;
    ensure!(certificates(&iot).await?.is_empty(), "{text}");
    let text = refused(&place, &["retire", "lock-1", "--csr", "b.csr"]).await?;
    ensure!(text.contains("not the serial number lock-1"), "{text}");
    place.cloud.shutdown().await;
    Ok(())
}
