//! `lockctl register` and `rotate` end before and after each file that they write or move.
//! Repeated, the command leaves a folder whose key fits the active certificate.
//!
//! A kill at a call of the control plane leaves AWS `IoT` as it is at that time. Then files are
//! taken away, or moved back, to what the folder had.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use e2e::place::{Place, STACK};
use e2e::proxy::Stop;

use crate::account::{Certificate, certificates, check_complete, check_key, files, iot, whole};
use crate::command::run;
use crate::kill::{Kill, Service, kill_at};

/// Most calls before a file. More means that it is never written.
const CALLS_MAX: usize = 40;

/// What is left of the file that was being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Draft {
    Nothing,
    Empty,
    Half,
    Whole,
}

const DRAFTS: [Draft; 4] = [Draft::Nothing, Draft::Empty, Draft::Half, Draft::Whole];

/// The files of a device's folder, in the order in which they are written.
fn list_files(name: &str) -> [String; 5] {
    let file = |end: &str| format!("{name}.{end}.pem");
    let rest = ["ca.pem", "conf9.json", "README.md"].map(str::to_owned);
    let [authority, settings, readme] = rest;
    [file("key"), file("crt"), authority, settings, readme]
}

fn registration(name: &str) -> [&str; 7] {
    let (level, power_on) = ("--unlocked-level", "--power-on");
    ["register", "lock", name, level, "1", power_on, "locked"]
}

fn folder(place: &Place, name: &str) -> PathBuf {
    place.folder().join("devices").join(name)
}

/// Kills `lockctl` before the call after the first `calls` on the control plane.
async fn kill(place: &Place, arguments: &[&str], calls: usize) -> Result<()> {
    let kill = Kill {
        service: Service::Control,
        calls,
        stop: Stop::Before,
    };
    let was_killed = kill_at(place, arguments, kill).await?;
    ensure!(was_killed, "{arguments:?} makes no more than {calls} calls");
    Ok(())
}

/// Where an attempt ends: the call at which it is killed, the number of files that it has written
/// by then, how many of them stay, and what is left of the next one.
#[derive(Debug, Clone, Copy)]
struct End {
    calls: usize,
    written: usize,
    kept: usize,
    draft: Draft,
}

/// Every end among files that are written in a row. Before the call after `calls[0]` there is the
/// first file, and before the call after `calls[1]` there are all of them.
fn list_ends(calls: [usize; 2], files: usize) -> Vec<End> {
    let end = |kept: usize, draft: Draft| End {
        calls: calls[usize::from(kept > 0)],
        written: if kept > 0 { files } else { 1 },
        kept,
        draft,
    };
    let written = (0..files).flat_map(|kept| DRAFTS.map(|draft| end(kept, draft)));
    let after_first = End {
        kept: 1,
        ..end(0, Draft::Nothing)
    };
    let after_last = end(files, Draft::Nothing);
    written.chain([after_first, after_last]).collect()
}

/// How many calls `lockctl` makes before it has written a file. Each attempt has its own device.
async fn count_calls(attempt: impl AsyncFn(&str, usize) -> Result<PathBuf>) -> Result<usize> {
    for calls in 0..CALLS_MAX {
        let name = format!("count-{calls}");
        if attempt(&name, calls).await?.exists() {
            return Ok(calls);
        }
    }
    bail!("the file is not written within {CALLS_MAX} calls")
}

/// Takes the files back to what they were at the end, and the folder too if it was not there.
fn take_back(folder: &Path, files: &[String], end: End) -> Result<()> {
    for (place, file) in files.iter().enumerate() {
        let path = folder.join(file);
        let is_written = place < end.written;
        ensure!(path.exists() == is_written, "{}: {end:?}", path.display());
        if is_written && place >= end.kept {
            let text = fs::read(&path)?;
            fs::remove_file(&path)?;
            if place == end.kept {
                write_draft(&path, &text, end.draft)?;
            }
        }
    }
    if end.kept == 0 && end.draft == Draft::Nothing {
        fs::remove_dir(folder).context("the folder has something else")?;
    }
    Ok(())
}

fn write_draft(path: &Path, text: &[u8], draft: Draft) -> Result<()> {
    let text = match draft {
        Draft::Nothing => return Ok(()),
        Draft::Empty => &[],
        Draft::Half => &text[..text.len() / 2],
        Draft::Whole => text,
    };
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    Ok(fs::write(name, text)?)
}

/// Registers the device again. Checks that it is complete, and that there is one certificate more
/// than `before`.
async fn check_registration(place: &Place, name: &str, before: usize) -> Result<Certificate> {
    let iot = iot(place);
    let text = run(place, &registration(name)).await?;
    let wanted = (name, "remote-lock-lock", STACK, "doors-lock");
    let folder = folder(place, name);
    let made = check_complete(&iot, wanted, &folder).await.context(text)?;
    let files = files(&folder)?;
    ensure!(files == whole(name), "{files:?}");
    let all = certificates(&iot).await?.len();
    ensure!(all == before + 1, "{before} certificates, then {all}");
    Ok(made)
}

#[tokio::test]
async fn a_registration_that_ends_at_any_file_is_completed_by_the_next() -> Result<()> {
    let place = Place::start().await?;
    let iot = iot(&place);
    // The type and the group are there from now on, so that each device takes the same calls.
    check_registration(&place, "first", 0).await?;
    let until = async |file: usize| {
        let attempt = async |name: &str, calls: usize| {
            let name = format!("{name}-{file}");
            kill(&place, &registration(&name), calls).await?;
            Ok(folder(&place, &name).join(&list_files(&name)[file]))
        };
        count_calls(attempt).await
    };
    let calls = [until(0).await?, until(4).await?];
    for (number, end) in list_ends(calls, 5).into_iter().enumerate() {
        let name = format!("lock-{number}");
        let before = certificates(&iot).await?.len();
        kill(&place, &registration(&name), end.calls).await?;
        take_back(&folder(&place, &name), &list_files(&name), end)?;
        let checked = check_registration(&place, &name, before).await;
        checked.with_context(|| format!("{end:?}"))?;
    }

    // The next attempt writes these files even if they are there.
    for file in ["first.crt.pem", "ca.pem", "README.md"] {
        let path = folder(&place, "first").join(file);
        write_draft(&path, &fs::read(&path)?, Draft::Half)?;
        let before = certificates(&iot).await?.len() - 1;
        let checked = check_registration(&place, "first", before).await;
        checked.context(file)?;
    }
    place.cloud.shutdown().await;
    Ok(())
}

/// A registered device, before its rotation.
struct Before {
    certificate: Certificate,
    key: Vec<u8>,
    certificates: usize,
}

fn key(name: &str) -> String {
    format!("{name}.key.pem")
}

fn certificate(name: &str) -> String {
    format!("{name}.crt.pem")
}

async fn register(place: &Place, name: &str) -> Result<Before> {
    let before = certificates(&iot(place)).await?.len();
    Ok(Before {
        certificate: check_registration(place, name, before).await?,
        key: fs::read(folder(place, name).join(key(name)))?,
        certificates: before + 1,
    })
}

/// Begins the rotation again. Checks that the new key and certificate are in the folder and the old
/// ones in `old`, and that both certificates are active.
async fn check_rotation(place: &Place, name: &str, old: &Before) -> Result<()> {
    let text = run(place, &["rotate", name]).await?;
    let folder = folder(place, name);
    let new = fs::read_to_string(folder.join(certificate(name)))?;
    ensure!(new != old.certificate.pem, "the certificate is old: {text}");
    check_key(&folder, name, &new).context("the new files")?;
    let of_old = folder.join("old");
    check_key(&of_old, name, &old.certificate.pem).context("the old files")?;
    let kept = fs::read(of_old.join(key(name)))?;
    ensure!(kept == old.key, "the old key is not in old");

    let iot = iot(place);
    let attached = iot.list_thing_principals().thing_name(name).send().await?;
    let all = certificates(&iot).await?;
    for pem in [&new, &old.certificate.pem] {
        let found = all.iter().find(|one| one.pem == *pem);
        let found = found.context("a certificate of the folder is gone")?;
        ensure!(found.is_active, "{found:?}");
        ensure!(attached.principals().contains(&found.arn), "{found:?}");
    }
    let (count, wanted) = (all.len(), old.certificates + 1);
    ensure!(count == wanted, "{count} certificates, not {wanted}");
    let mut names = whole(name);
    names.push(("old".to_owned(), 0o700));
    names.sort();
    ensure!(files(&folder)? == names, "{:?}", files(&folder)?);
    let names = [(certificate(name), 0o644), (key(name), 0o600)];
    ensure!(files(&of_old)? == names, "{:?}", files(&of_old)?);
    Ok(())
}

#[tokio::test]
async fn a_rotation_that_ends_at_any_new_file_is_completed_by_the_next() -> Result<()> {
    let place = Place::start().await?;
    let new = |name: &str| [key(name), certificate(name)];
    let until = async |file: usize| {
        let attempt = async |name: &str, calls: usize| {
            let name = format!("{name}-{file}");
            register(&place, &name).await?;
            kill(&place, &["rotate", &name], calls).await?;
            Ok(folder(&place, &name).join("new").join(&new(&name)[file]))
        };
        count_calls(attempt).await
    };
    let calls = [until(0).await?, until(1).await?];
    for (number, end) in list_ends(calls, 2).into_iter().enumerate() {
        let name = format!("lock-{number}");
        let old = register(&place, &name).await?;
        kill(&place, &["rotate", &name], end.calls).await?;
        take_back(&folder(&place, &name).join("new"), &new(&name), end)?;
        let checked = check_rotation(&place, &name, &old).await;
        checked.with_context(|| format!("{end:?}"))?;
    }
    place.cloud.shutdown().await;
    Ok(())
}

/// What `rotate` does with the folder once AWS `IoT` has everything, in its order.
#[derive(Debug, Clone, Copy)]
enum Move {
    MakeOld,
    Keep(fn(&str) -> String),
    Place(fn(&str) -> String),
    RemoveNew,
}

const MOVES: [Move; 6] = [
    Move::MakeOld,
    Move::Keep(certificate),
    Move::Place(certificate),
    Move::Keep(key),
    Move::Place(key),
    Move::RemoveNew,
];

impl Move {
    fn undo(self, folder: &Path, name: &str) -> std::io::Result<()> {
        let (old, new) = (folder.join("old"), folder.join("new"));
        match self {
            Self::MakeOld => fs::remove_dir(old),
            Self::Keep(file) => fs::rename(old.join(file(name)), folder.join(file(name))),
            Self::Place(file) => fs::rename(folder.join(file(name)), new.join(file(name))),
            Self::RemoveNew => fs::create_dir(new),
        }
    }
}

#[tokio::test]
async fn a_rotation_that_ends_at_any_move_of_a_file_is_completed_by_the_next() -> Result<()> {
    let place = Place::start().await?;
    for made in 0..=MOVES.len() {
        let name = format!("lock-{made}");
        let old = register(&place, &name).await?;
        check_rotation(&place, &name, &old).await?;
        let folder = folder(&place, &name);
        for undone in MOVES[made..].iter().rev() {
            let undone = undone.undo(&folder, &name);
            undone.with_context(|| format!("{made} moves"))?;
        }
        let checked = check_rotation(&place, &name, &old).await;
        checked.with_context(|| format!("{made} moves"))?;
    }
    place.cloud.shutdown().await;
    Ok(())
}
