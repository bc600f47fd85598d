//! Links of the account: credentials, addresses, the stack, functions that fail.

use anyhow::{Context, Result, ensure};
use e2e::World;
use e2e::place::Place;
use e2e::shell::Shell;

use crate::first_broken;

const DOCTOR: [&str; 3] = ["doctor", "--output", "json"];
/// Nothing listens there.
const NOWHERE: &str = "http://127.0.0.1:1";

async fn named(shell: &Shell, more: &[&str]) -> Result<(String, String)> {
    let output = shell.lockctl(&[&DOCTOR[..], more].concat()).await?;
    let found = first_broken(&output)?;
    found.with_context(|| format!("nothing is broken: {output:?}"))
}

#[tokio::test]
async fn the_way_to_the_account_is_judged_first() -> Result<()> {
    let world = World::start_with(&["--memory", "--no-button-devices"]).await?;
    let shell = world.shell()?;
    let cases = [
        (
            shell.clone().with("AWS_SECRET_ACCESS_KEY", "other"),
            &[][..],
            "credentials",
            "export-credentials",
        ),
        (
            shell.clone().with("AWS_SECRET_ACCESS_KEY", ""),
            &["--data-dir", "absent"],
            "credentials",
            "export-credentials",
        ),
        (
            shell
                .clone()
                .with("AWS_ENDPOINT_URL_CLOUDFORMATION", NOWHERE),
            &[],
            "region",
            "AWS_ENDPOINT_URL",
        ),
        (
            shell.clone(),
            &["--stack", "other"],
            "stack",
            "sam deploy --stack-name other",
        ),
    ];
    for (shell, more, title, part) in cases {
        let (found, fix) = named(&shell, more).await?;
        ensure!(
            found == title && fix.contains(part),
            "{title}: {found}, {fix}"
        );
    }
    Ok(())
}

/// The programs of these functions end at once.
#[tokio::test]
async fn a_function_whose_invocations_fail_is_named() -> Result<()> {
    let place = Place::start().await?;
    let keys = place.cloud.credentials().clone();
    // Nobody answers, so the press function is the first link that fails.
    let register = ["register", "lock", "lock-1", "--record-only"];
    let registered = place.lockctl(&keys, &register).await?;
    ensure!(registered.status.success(), "{registered:?}");
    let deadline = std::time::Instant::now() + crate::DEADLINE;
    loop {
        let request = place
            .lockctl(&keys, &["lock", "lock-1", "--no-wait"])
            .await?;
        ensure!(request.status.success(), "{request:?}");
        let output = place.lockctl(&keys, &DOCTOR).await?;
        let found = first_broken(&output)?;
        match found {
            Some((title, fix)) if title == "function press" => {
                ensure!(fix.contains("--name PressFunction"), "{fix}");
                break;
            }
            other => ensure!(std::time::Instant::now() < deadline, "{other:?}"),
        }
    }
    place.cloud.shutdown().await;
    Ok(())
}
