//! Errors that need what a transcript cannot have: a port that is taken, a stack that runs on the
//! same directory, a stack of another template, a stack that ends, a folder without a checkout.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::World;
use e2e::place::text;
use e2e::proxy::{Proxy, Stop};
use e2e::world::program;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;

/// How long a command may take. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);

/// A command that selects no account in AWS.
fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars() {
        if name.starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).stdin(Stdio::null());
    command
        .env_remove("REMOTE_LOCK_CHECKOUT")
        .kill_on_drop(true);
    command
}

async fn ended(command: &mut Command) -> Result<Output> {
    let output = tokio::time::timeout(DEADLINE, command.output()).await;
    output.context("it goes on")?.context("run lockctl")
}

/// Runs `lockctl local` without building, and demands that it fails with one line that begins and
/// ends so.
async fn refuse_local(arguments: &[&str], begin: &str, end: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut local = command(&program("lockctl")?, folder.path());
    local.args(["local", "--no-build", "--headless", "--log", "json"]);
    let output = ended(local.args(arguments)).await?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(1), "{arguments:?}: {errors}");
    ensure!(errors.lines().count() == 1, "{errors}");
    ensure!(errors.starts_with(begin), "{errors}");
    ensure!(errors.trim().ends_with(end), "{errors}");
    Ok(())
}

#[tokio::test]
async fn a_console_port_that_is_taken_is_named_with_the_option() -> Result<()> {
    let taken = TcpListener::bind("127.0.0.1:0").context("take a port")?;
    let port = taken.local_addr()?.port();
    let begin = format!("lockctl: listen on port {port} for the console: Address already in use");
    let end = "; choose another with --port, or leave it out for a free one";
    refuse_local(&["--memory", "--port", &port.to_string()], &begin, end).await
}

#[tokio::test]
async fn a_data_directory_that_a_stack_uses_is_refused() -> Result<()> {
    let world = World::start_with(&["--no-button-devices"]).await?;
    let data = world.data_dir();
    let data = data.to_str().context("the path is not UTF-8")?;
    let pid = world.pid()?;
    let begin = format!("lockctl: a stack already runs on {data} (process {pid}): ");
    let end = "use it (`lockctl status`), or choose another --data-dir";
    refuse_local(&["--data-dir", data], &begin, end).await
}

#[tokio::test]
async fn a_device_that_ends_at_once_ends_the_start() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut local = command(&program("lockctl")?, folder.path());
    local.args([
        "local",
        "--no-build",
        "--memory",
        "--headless",
        "--log",
        "json",
    ]);
    let output = ended(local.args(["--buttons", "0", "--device-set", "no.such=1"])).await?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(1), "{errors}");
    ensure!(errors.contains("no setting no.such"), "{errors}");
    let wanted =
        "lockctl: the device lock-1 has ended: the lines above say why; check --device-set";
    ensure!(errors.trim().ends_with(wanted), "{errors}");
    Ok(())
}

/// Runs a command that fails, with a ready file in which one value is another. Returns all that it
/// prints.
async fn run_with(world: &World, name: &str, value: &str, arguments: &[&str]) -> Result<String> {
    let mut ready: Value = world.ready().clone();
    ready[name] = value.into();
    let file = world.folder().join("other.json");
    std::fs::write(&file, ready.to_string()).context("write the ready file")?;
    let mut lockctl = command(&program("lockctl")?, world.folder());
    let output = ended(lockctl.args(arguments).arg("--ready-file").arg(&file)).await?;
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed).trim().to_owned();
    ensure!(output.status.code() == Some(1), "{arguments:?}: {printed}");
    Ok(printed)
}

#[tokio::test]
async fn a_call_that_fails_midway_is_followed_by_what_to_repeat() -> Result<()> {
    let world = World::start_with(&["--memory", "--no-button-devices"]).await?;
    world.until_settled("lock-1", "locked").await?;
    let poison = world.ready()["outputs"]["PoisonQueueUrl"].as_str();
    let send = world.sqs().send_message().message_body("{}");
    send.queue_url(poison.context("no queue")?).send().await?;
    for (service, calls, arguments, wanted) in [
        (
            "sqs",
            2,
            &["failures", "--redrive"][..],
            "sent back before it: 0; repeat `lockctl failures --redrive` after 60 s: ",
        ),
        (
            "iot",
            4,
            &["pause"],
            "some rules may be switched, others not: repeat `lockctl pause`: ",
        ),
        (
            "iot",
            1,
            &["pause", "--rule", "missing"],
            "find the stack's rules under other names: ",
        ),
        (
            "dynamodb",
            4,
            &["recover", "lock-1", "--running"],
            "lock-1: write the decision: ",
        ),
    ] {
        let proxy = Proxy::start(world.at(service), calls, Stop::Before).await?;
        let printed = run_with(&world, service, &proxy.address, arguments).await?;
        ensure!(printed.contains(wanted), "{arguments:?}: {printed}");
    }
    Ok(())
}

#[tokio::test]
async fn a_stack_of_an_older_template_is_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let template = folder.path().join("template.yaml");
    let older = text()?.replace("\n  FailureQueueUrl:\n", "\n  OtherQueueUrl:\n");
    std::fs::write(&template, older).context("write the template")?;
    let template = template.to_str().context("the path is not UTF-8")?;
    let options = ["--memory", "--no-button-devices", "--template", template];
    let world = World::start_with(&options).await?;
    assert_eq!(
        run_with(&world, "table", world.at("table"), &["failures"]).await?,
        "lockctl: the stack has no output FailureQueueUrl: deploy the template of this lockctl"
    );
    let doctor = run_with(&world, "table", world.at("table"), &["doctor"]).await?;
    let wanted = "the stack has no output FailureQueueUrl";
    ensure!(doctor.contains(wanted), "{doctor}");
    Ok(())
}

#[tokio::test]
async fn a_watch_whose_stack_ends_says_so_and_then_fails() -> Result<()> {
    let world = World::start_with(&["--memory", "--no-button-devices"]).await?;
    let mut watch = command(&program("lockctl")?, world.folder());
    watch
        .args(["watch", "--ready-file"])
        .arg(world.ready_file());
    let mut watch = watch
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("run lockctl")?;
    let mut stdout = BufReader::new(watch.stdout.take().context("no output")?);
    let mut stderr = watch.stderr.take().context("no errors")?;
    let mut text = String::new();
    let first = tokio::time::timeout(DEADLINE, stdout.read_line(&mut text)).await;
    first.context("it printed nothing")??;
    // The folder must outlive the command.
    let _folder = world.stop().await?;
    let (mut errors, both) = (String::new(), async {
        stdout.read_to_string(&mut text).await
    });
    let read = tokio::time::timeout(DEADLINE, both).await;
    read.context("it goes on without a stack")??;
    stderr.read_to_string(&mut errors).await?;
    let status = watch.wait().await?;
    assert_eq!(status.code(), Some(1), "{errors}");
    let tried = text.lines().filter(|line| line.starts_with("failed: "));
    assert_eq!(tried.count(), 5, "{text}");
    ensure!(text.contains("; it is tried again"), "{text}");
    let advice = "; check the network and AWS_REGION, or whether `lockctl local` still runs; then \
                  repeat the command";
    ensure!(errors.trim().ends_with(advice), "{errors}");
    Ok(())
}

/// A copy of `lockctl` that was built in a folder which is gone: the folder's name is another one
/// of the same length.
fn install(folder: &Path) -> Result<PathBuf> {
    let installed = folder.join("lockctl");
    let mut bytes = std::fs::read(program("lockctl")?).context("read lockctl")?;
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let built_in = checkout.context("no checkout")?.join("infra/laptop");
    let built_in = built_in.to_str().context("the path is not UTF-8")?;
    let gone = format!("/{}", "x".repeat(built_in.len() - 1));
    let mut replaced = 0;
    let mut at = 0;
    while let Some(found) = bytes[at..]
        .windows(built_in.len())
        .position(|bytes| bytes == built_in.as_bytes())
    {
        let place = at + found;
        bytes[place..place + gone.len()].copy_from_slice(gone.as_bytes());
        at = place + gone.len();
        replaced += 1;
    }
    ensure!(replaced > 0, "lockctl does not know where it was built");
    std::fs::copy(program("lockctl")?, &installed).context("copy lockctl")?;
    std::fs::write(&installed, bytes).context("write lockctl")?;
    Ok(installed)
}

#[tokio::test]
async fn an_installed_lockctl_far_from_any_checkout_says_what_local_needs() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let installed = install(folder.path())?;
    let output = ended(command(&installed, folder.path()).arg("local")).await?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        errors.trim(),
        "lockctl: `lockctl local` builds and runs the functions and the virtual device, so it \
         needs a checkout of this project, and none is here or where lockctl was built; run it \
         inside a checkout, or give --checkout DIR; every other command works without one"
    );
    assert_eq!(output.status.code(), Some(1));
    let schema = ended(command(&installed, folder.path()).arg("schema")).await?;
    ensure!(schema.status.success(), "schema needs no checkout");
    Ok(())
}

#[tokio::test]
async fn an_answer_that_cannot_be_written_fails_and_one_that_nobody_reads_does_not() -> Result<()> {
    let world = World::start_with(&["--memory", "--no-button-devices"]).await?;
    world.until_settled("lock-1", "locked").await?;
    let ready = world.ready_file();
    let ready = ready.to_str().context("the path is not UTF-8")?;
    for arguments in [&["status"][..], &["schema"], &["watch", "--count", "1"]] {
        let mut lockctl = command(&program("lockctl")?, world.folder());
        lockctl.args(arguments).args(["--ready-file", ready]);
        let full = std::fs::File::options().write(true).open("/dev/full");
        lockctl.stdout(full.context("open /dev/full")?);
        let child = lockctl.stderr(Stdio::piped()).spawn()?;
        let output = tokio::time::timeout(DEADLINE, child.wait_with_output()).await;
        let output = output.context("it goes on")??;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(
            errors.starts_with("lockctl: write the answer: "),
            "{errors}"
        );
        ensure!(output.status.code() == Some(1), "{arguments:?}: {errors}");
    }
    world.lockctl(&["revoke", "button-1"]).await?;
    for (arguments, code) in [
        (&["status"][..], 0),
        (&["schema"], 0),
        (&["watch", "--count", "1"], 0),
        (&["press", "button-1"], 3),
    ] {
        let mut lockctl = command(&program("lockctl")?, world.folder());
        lockctl.args(arguments).args(["--ready-file", ready]);
        let (reader, writer) = std::io::pipe().context("make a pipe")?;
        drop(reader);
        let child = lockctl.stdout(writer).stderr(Stdio::piped()).spawn()?;
        drop(lockctl);
        let output = tokio::time::timeout(DEADLINE, child.wait_with_output()).await;
        let output = output.context("it goes on")??;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(errors.is_empty(), "{arguments:?}: {errors}");
        ensure!(output.status.code() == Some(code), "{arguments:?}");
    }
    Ok(())
}
