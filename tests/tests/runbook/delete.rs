//! The sections "Delete the stack" and "Create the stack on a retained table".

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Output, Stdio};

use anyhow::{Context, Result};
use e2e::world::program;
use local_cloud::{LocalCloud, Options, Ports};
use sam_template::Template;
use tokio::process::Command;

const REGION: &str = "us-east-1";
const ACCOUNT: &str = "123456789012";
const STACK: &str = "doors";

/// A stack in which no process of a function is ever needed.
fn options(data_dir: &Path) -> Result<Options> {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let context = sam_template::Context {
        stack_name: STACK.to_owned(),
        region: REGION.to_owned(),
        account: ACCOUNT.to_owned(),
        parameters: BTreeMap::new(),
    };
    let functions = Template::load(&template, &context)?.functions;
    let binaries = functions
        .into_iter()
        .map(|f| Ok((f.binary.clone(), program(&f.binary)?)))
        .collect::<Result<_>>()?;
    Ok(Options {
        template,
        parameters: BTreeMap::new(),
        stack_name: STACK.to_owned(),
        region: REGION.to_owned(),
        account: ACCOUNT.to_owned(),
        data_dir: Some(data_dir.to_owned()),
        import_retained: false,
        binaries,
        ports: Ports::default(),
        seed: 1,
        time_scale: 1.0,
        faults: Vec::new(),
    })
}

async fn lockctl(cloud: &LocalCloud, arguments: &[&str]) -> Result<Output> {
    let (endpoints, keys) = (cloud.endpoints(), cloud.credentials());
    let run = Command::new(program("lockctl")?)
        .args(arguments)
        .args(["--stack", STACK])
        .env("AWS_ACCESS_KEY_ID", &keys.access_key_id)
        .env("AWS_SECRET_ACCESS_KEY", &keys.secret_access_key)
        .env_remove("AWS_SESSION_TOKEN")
        .env("AWS_REGION", REGION)
        .env("AWS_ENDPOINT_URL_DYNAMODB", &endpoints.dynamodb)
        .env("AWS_ENDPOINT_URL_IOT_DATA_PLANE", &endpoints.iot_data)
        .env("AWS_ENDPOINT_URL_IOT", &endpoints.iot)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = run.await.context("run lockctl")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{arguments:?}: {errors}");
    Ok(output)
}

/// A registered lock whose certificate has the stack's policy.
async fn add_lock(cloud: &LocalCloud) -> Result<()> {
    let registry = cloud.registry();
    registry.create_thing("front-door")?;
    let certificate = registry.create_keys_and_certificate()?;
    registry.attach_policy(&format!("{STACK}-lock"), &certificate.arn)?;
    registry.attach_thing_principal("front-door", &certificate.arn)?;
    lockctl(cloud, &["register", "lock", "front-door"]).await?;
    Ok(())
}

#[tokio::test]
async fn a_stack_with_a_device_is_deleted_after_retire_and_its_table_is_used_again() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let mut options = options(directory.path())?;
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
