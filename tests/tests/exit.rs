//! How `lockctl` ends: its exit status by outcome, Ctrl-C, and outside a checkout.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::World;
use e2e::world::program;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

/// How long a step may take. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);

#[tokio::test]
async fn a_lock_that_does_not_answer_ends_with_a_status_of_its_own() -> Result<()> {
    let ttl = [
        "--memory",
        "--no-button-devices",
        "--parameter",
        "CommandTtlMs=5000",
    ];
    let world = World::start_with(&ttl).await?;
    world.until_settled("lock-1", "locked").await?;
    let done = world.lockctl(&["lock", "lock-1"]).await?;
    assert_eq!(done.status.code(), Some(0));
    world.power("lock-1", false).await?;
    let silent = world.lockctl(&["unlock", "lock-1"]).await?;
    let text = String::from_utf8_lossy(&silent.stdout);
    assert_eq!(silent.status.code(), Some(4), "{text}");
    assert!(text.contains("no answer in"), "{text}");
    Ok(())
}

#[tokio::test]
async fn ctrl_c_ends_a_watch_as_done() -> Result<()> {
    let world = World::start().await?;
    world.until_settled("lock-1", "locked").await?;
    for arguments in [&["watch"][..], &["history", "lock-1", "--follow"]] {
        let mut child = Command::new(program("lockctl")?)
            .args(arguments)
            .arg("--ready-file")
            .arg(world.ready_file())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("run lockctl")?;
        let stdout = child.stdout.take().context("no output")?;
        let mut lines = BufReader::new(stdout).lines();
        let mut seen = Vec::new();
        // The target, and a lock or an event.
        while seen.len() < 2 {
            let line = tokio::time::timeout(DEADLINE, lines.next_line()).await;
            seen.push(line.context("no line")??.context("the output ended")?);
        }
        ensure!(
            !seen.concat().contains('\x1b'),
            "coloured without a terminal: {seen:?}"
        );
        let pid = child.id().context("it has ended")?.to_string();
        let sent = Command::new("kill").args(["-INT", &pid]).status().await?;
        ensure!(sent.success(), "SIGINT could not be sent");
        let ended = tokio::time::timeout(DEADLINE, child.wait()).await;
        let status = ended.context("it goes on after Ctrl-C")??;
        assert_eq!(status.code(), Some(0), "{arguments:?}");
    }
    Ok(())
}

#[tokio::test]
async fn an_installed_lockctl_works_in_an_empty_folder() -> Result<()> {
    let world = World::start().await?;
    world.until_settled("lock-1", "locked").await?;
    let folder = tempfile::tempdir()?;
    let installed = folder.path().join("lockctl");
    std::fs::copy(program("lockctl")?, &installed).context("copy lockctl")?;
    let run = async |arguments: &[&str]| {
        let run = Command::new(&installed)
            .args(arguments)
            .current_dir(folder.path())
            // As if the checkout that it was built from were gone.
            .env("REMOTE_LOCK_CHECKOUT", folder.path())
            .env_remove("AWS_ACCESS_KEY_ID")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        tokio::time::timeout(DEADLINE, run)
            .await
            .context("it goes on")?
            .context("run lockctl")
    };
    let ready = world.ready_file();
    let ready = ready.to_str().context("the path is not UTF-8")?;
    for arguments in [
        &["status", "--ready-file", ready][..],
        &["schema"],
        &["man"],
    ] {
        let output = run(arguments).await?;
        ensure!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let local = run(&["local"]).await?;
    let text = String::from_utf8_lossy(&local.stderr);
    assert_eq!(local.status.code(), Some(1), "{text}");
    assert!(text.contains("is not a checkout of this project"), "{text}");
    assert!(text.contains("--checkout"), "{text}");
    // Alone in its folder it has no functions to run.
    let template = e2e::place::path();
    let template = template.to_str().context("the path is not UTF-8")?;
    let local = run(&["local", "--no-build", "--memory", "--template", template]).await?;
    let text = String::from_utf8_lossy(&local.stderr);
    assert_eq!(local.status.code(), Some(1), "{text}");
    assert!(text.starts_with("lockctl: no program "), "{text}");
    let advice = "/press: build it with `cargo build`, or leave out --no-build";
    assert!(text.trim().ends_with(advice), "{text}");
    Ok(())
}
