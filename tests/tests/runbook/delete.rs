//! The sections "Delete the stack" and "Create the stack on a retained table".

use std::process::Output;

use anyhow::{Context, Result};
use e2e::place::{self, REGION, STACK};
use e2e::shell::{Shell, succeeds};
use local_cloud::{LocalCloud, Options};

async fn lockctl(cloud: &LocalCloud, arguments: &[&str]) -> Result<Output> {
    let folder = tempfile::tempdir()?;
    let shell = Shell::of_cloud(cloud, REGION, cloud.credentials(), folder.path());
    let arguments = [arguments, &["--stack", STACK]].concat();
    let output = shell.lockctl(&arguments).await?;
    succeeds(&output).with_context(|| format!("{arguments:?}"))?;
    Ok(output)
}

/// A registered lock whose certificate has the stack's policy.
async fn add_lock(cloud: &LocalCloud) -> Result<()> {
    let registry = cloud.registry();
    registry.create_thing("front-door")?;
    let certificate = registry.create_keys_and_certificate()?;
    registry.attach_policy(&format!("{STACK}-lock"), &certificate.arn)?;
    registry.attach_thing_principal("front-door", &certificate.arn)?;
    lockctl(cloud, &["register", "lock", "front-door", "--record-only"]).await?;
    Ok(())
}

#[tokio::test]
async fn a_stack_with_a_device_is_deleted_after_retire_and_its_table_is_used_again() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let mut options = Options {
        data_dir: Some(directory.path().to_owned()),
        ..place::options(place::path())?
    };
    let cloud = LocalCloud::start(options.clone()).await?;
    add_lock(&cloud).await?;
    let error = cloud.delete_stack().await.err();
    let error = error.context("a stack with a device was deleted")?;
    let failed: Vec<&str> = error.failed.iter().map(|f| f.logical_id.as_str()).collect();
    assert_eq!(failed, ["LockPolicy"], "{error}");

    lockctl(&cloud, &["retire", "front-door", "--yes"]).await?;
    let deleted = cloud.delete_stack().await.context("delete the rest")?;
    assert_eq!(deleted.deleted, ["LockPolicy"]);
    cloud.shutdown().await;

    let exists = LocalCloud::start(options.clone()).await.err();
    let exists = exists.context("a table was created that exists")?;
    assert!(exists.to_string().contains("already exists"), "{exists}");
    options.import_retained = true;
    let cloud = LocalCloud::start(options).await?;
    let history = lockctl(&cloud, &["history", "front-door"]).await?;
    let text = String::from_utf8(history.stdout)?;
    assert!(text.contains("forgotten"), "{text}");
    add_lock(&cloud).await?;
    lockctl(&cloud, &["pause"]).await?;
    lockctl(&cloud, &["recover", "--all"]).await?;
    lockctl(&cloud, &["resume"]).await?;
    cloud.shutdown().await;
    Ok(())
}
