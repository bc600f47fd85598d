//! How `lockctl` finds its stack: from the environment or a data directory, or with a clear error.

use std::process::{Output, Stdio};

use anyhow::{Context, Result};
use e2e::World;
use e2e::world::program;
use tokio::process::Command;

/// Every variable that concerns AWS.
const VARIABLES: [&str; 9] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_IOT_DATA_PLANE",
];

/// Runs `lockctl` with these arguments and only these variables.
async fn lockctl(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Output> {
    let mut command = Command::new(program("lockctl")?);
    for name in VARIABLES {
        command.env_remove(name);
    }
    command
        .args(arguments)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .context("run lockctl")
}

fn stderr_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

/// A directory without a running stack.
fn empty_directory() -> Result<tempfile::TempDir> {
    tempfile::tempdir().context("create a directory")
}

#[tokio::test]
async fn a_profile_or_a_region_in_the_environment_does_not_hide_a_running_stack() -> Result<()> {
    let world = World::start_with(&["--no-button-devices"]).await?;
    world.until_settled("lock-1", "locked").await?;
    let data = world.data_dir();
    let data = data.to_str().context("the path is not UTF-8")?;
    for variables in [
        &[("AWS_PROFILE", "work")][..],
        &[("AWS_PROFILE", "work"), ("AWS_REGION", "eu-west-1")],
        &[("AWS_DEFAULT_REGION", "eu-west-1")],
        &[("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_REGION", "eu-west-1")],
    ] {
        let output = lockctl(&["status", "--data-dir", data], variables).await?;
        assert!(
            output.status.success(),
            "{variables:?}: {}",
            stderr_of(&output)
        );
        let text = String::from_utf8(output.stdout)?;
        let first = text.lines().next().unwrap_or_default();
        assert!(
            first.starts_with("target: local (http://"),
            "{variables:?}: {first}"
        );
    }
    // Complete credentials mean AWS, even while a stack runs; what is missing then is an error.
    let keys = [("AWS_ACCESS_KEY_ID", "A"), ("AWS_SECRET_ACCESS_KEY", "S")];
    let output = lockctl(&["status", "--data-dir", data], &keys).await?;
    assert!(!output.status.success());
    let wanted = "lockctl: AWS settings are incomplete: environment variable AWS_REGION is not \
                  set; set it, or unset AWS_ACCESS_KEY_ID to use a laptop stack";
    assert_eq!(stderr_of(&output), wanted);
    Ok(())
}

#[tokio::test]
async fn without_a_stack_lockctl_names_what_the_environment_lacks() -> Result<()> {
    let directory = empty_directory()?;
    let data = directory.path().to_str().context("the path is not UTF-8")?;
    for (variables, wanted) in [
        (&[][..], "the environment has no AWS credentials"),
        (
            &[("AWS_PROFILE", "work")],
            "AWS_PROFILE alone does not select an account",
        ),
    ] {
        let output = lockctl(&["status", "--data-dir", data], variables).await?;
        let text = stderr_of(&output);
        assert!(!output.status.success() && text.contains(wanted), "{text}");
        assert!(text.contains(&format!("no stack runs on {data}")), "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn no_connection_no_permission_and_no_table_are_different_errors() -> Result<()> {
    let world = World::start_with(&["--memory", "--no-button-devices"]).await?;
    let directory = empty_directory()?;
    let data = directory.path().to_str().context("the path is not UTF-8")?;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").context("bind a port")?;
    let closed = format!("http://{}", listener.local_addr()?);
    drop(listener);
    let credentials = &world.ready()["credentials"];
    let key = credentials["accessKeyId"].as_str().context("no key")?;
    let secret = credentials["secretAccessKey"]
        .as_str()
        .context("no secret")?;
    let region = world.at("region");
    for (endpoint, secret, stack, wanted, advice) in [
        (
            closed.as_str(),
            secret,
            "remote-lock",
            "describe table remote-lock: no connection: ",
            format!("nothing answers at {closed}"),
        ),
        (
            world.at("dynamodb"),
            "not the secret",
            "remote-lock",
            "describe table remote-lock: InvalidSignatureException: ",
            "log in again, or ask for permission".to_owned(),
        ),
        (
            world.at("dynamodb"),
            secret,
            "no-such-stack",
            "describe table no-such-stack: ResourceNotFoundException: ",
            "is --stack the name of your stack".to_owned(),
        ),
    ] {
        let variables = [
            ("AWS_ACCESS_KEY_ID", key),
            ("AWS_SECRET_ACCESS_KEY", secret),
            ("AWS_REGION", region),
            ("AWS_ENDPOINT_URL", endpoint),
        ];
        let arguments = ["status", "--data-dir", data, "--stack", stack];
        let output = lockctl(&arguments, &variables).await?;
        let text = stderr_of(&output);
        assert!(!output.status.success(), "{text}");
        assert!(text.starts_with(&format!("lockctl: {wanted}")), "{text}");
        assert!(text.contains(&advice), "{text}");
        assert_eq!(text.matches(wanted).count(), 1, "not printed once: {text}");
        assert_eq!(text.lines().count(), 1, "not one line: {text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_fault_that_could_never_strike_is_refused_with_the_possible_targets() -> Result<()> {
    let directory = empty_directory()?;
    let data = directory.path().to_str().context("the path is not UTF-8")?;
    for (fault, wanted) in [
        (
            "kill:nosuch.after-commit@1",
            "no function nosuch; the template has functions press (PressFunction)",
        ),
        (
            "throttle:nosuch.read@1",
            "no function or table nosuch; the template has functions press",
        ),
        (
            "power:lock-9@t=1s",
            "no device lock-9 runs here; the devices are button-1, lock-1",
        ),
    ] {
        let arguments = [
            "local",
            "--no-build",
            "--memory",
            "--headless",
            "--data-dir",
            data,
            "--fault",
            fault,
        ];
        let output = lockctl(&arguments, &[]).await?;
        let text = stderr_of(&output);
        assert!(
            !output.status.success() && text.contains(wanted),
            "{fault}: {text}"
        );
    }
    Ok(())
}
