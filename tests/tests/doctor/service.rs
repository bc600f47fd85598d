//! Links of the services: an alarm, the failure queue, the table, a function's code, the stack's
//! state, the region.
//!
//! Must not know: devices.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use e2e::World;
use e2e::place::{Place, REGION, STACK, options, template, text};
use e2e::shell::{Shell, succeeds};
use e2e::world::program;
use local_cloud::{LocalCloud, Options};
use serde_json::Value;

use crate::{DEADLINE, first_broken, until_named};

const DOCTOR: [&str; 5] = ["doctor", "--output", "json", "--stack", STACK];
/// Nothing listens there.
const NOWHERE: &str = "http://127.0.0.1:1";
/// A region of the list in the template's rule `RegionHasIot`.
const REGION_WITHOUT_IOT: &str = "eu-central-2";
/// When the alarm of the poison queue is on.
const ALARM: &str = "!GetAtt PoisonQueue.QueueName}]
      Statistic: Maximum
      Period: 60
      EvaluationPeriods: 1
      Threshold: 0
      ComparisonOperator: GreaterThan";

/// The options of a stack whose functions are the real programs.
fn real_options(template_file: PathBuf) -> Result<Options> {
    let functions = template()?.functions.into_iter();
    let binaries = functions.map(|function| {
        let path = program(&function.binary)?;
        Ok((function.binary, path))
    });
    Ok(Options {
        binaries: binaries.collect::<Result<_>>()?,
        ..options(template_file)?
    })
}

fn shell_of(cloud: &LocalCloud, region: &str, folder: &Path) -> Shell {
    Shell::of_cloud(cloud, region, cloud.credentials(), folder)
}

async fn named(shell: &Shell) -> Result<Option<(String, String)>> {
    first_broken(&shell.lockctl(&DOCTOR).await?)
}

/// The template with one text replaced.
fn changed(old: &str, new: &str) -> Result<String> {
    let whole = text()?;
    ensure!(whole.matches(old).count() == 1, "{old}");
    Ok(whole.replace(old, new))
}

/// Minutes of the stack are short, so that the alarm changes soon.
#[tokio::test]
async fn an_alarm_that_is_on_is_named_until_it_is_off() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, text()?)?;
    let file = path.to_str().context("the path is not UTF-8")?;
    let arguments = ["--memory", "--watch", "--time-scale", "0.1", "--template"];
    let world = World::start_with(&[&arguments[..], &[file]].concat()).await?;
    world.until_settled("lock-1", "locked").await?;
    until_named(&world, None).await?;
    // An empty queue is enough for it now.
    let on = format!("{ALARM}OrEqualTo");
    std::fs::write(&path, changed(ALARM, &on)?)?;
    let deadline = Instant::now() + DEADLINE;
    loop {
        let fix = until_named(&world, Some("alarms")).await?;
        ensure!(fix.contains("infra/docs/RUNBOOK.md"), "{fix}");
        // On a slow machine the short minutes may make another alarm go on for a while.
        if fix.contains("remote-lock-poison-queue") {
            break;
        }
        ensure!(Instant::now() < deadline, "{fix}");
    }
    std::fs::write(&path, text()?)?;
    until_named(&world, None).await?;
    Ok(())
}

#[tokio::test]
async fn a_failure_that_is_not_recorded_and_a_table_that_is_gone_are_named() -> Result<()> {
    let arguments = ["--memory", "--parameter", "ProtectTable=false"];
    let world = World::start_with(&arguments).await?;
    world.until_settled("lock-1", "locked").await?;
    until_named(&world, None).await?;
    let outputs = &world.ready()["outputs"];
    let url = outputs["FailureQueueUrl"].as_str().context("no queue")?;
    let send = world.sqs().send_message().queue_url(url);
    send.message_body("unreadable").send().await?;
    // It stays for ten receives, 20 minutes.
    let fix = until_named(&world, Some("failure queue")).await?;
    ensure!(fix.contains("--name FailureFunction"), "{fix}");

    let delete = world.dynamodb().delete_table();
    let deleted = delete.table_name(world.at("table")).send().await;
    deleted.context("delete the table")?;
    let fix = until_named(&world, Some("table")).await?;
    for part in ["list-backups", "Restore the table"] {
        ensure!(fix.contains(part), "{fix}");
    }
    Ok(())
}

/// A missing right is not a broken link: the table may be whole.
#[tokio::test]
async fn a_table_that_may_not_be_read_is_unknown_and_its_policy_is_named() -> Result<()> {
    let place = Place::start().await?;
    let (whole, right) = (text()?, "[dynamodb:DescribeTable, ");
    ensure!(whole.contains(right), "{right}");
    place.change(&whole.replace(right, "[")).await?;
    let doctor = ["doctor", "--output", "json"];
    let (output, _) = place.run("DoctorPolicy", &doctor).await?;
    let body: Value = serde_json::from_slice(&output.stdout).context("no JSON")?;
    let links = body["links"].as_array().context("no links")?;
    let table = links.iter().find(|link| link["link"] == "table");
    let table = table.context("no link table")?;
    ensure!(table["state"] == "unknown", "{table}");
    let why = table["why"].as_str().unwrap_or_default();
    for part in ["dynamodb:DescribeTable", "attach the policy"] {
        ensure!(why.contains(part), "{why}");
    }
    place.cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_function_without_its_code_is_named_until_the_code_is_back() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("template.yaml");
    std::fs::write(&file, text()?)?;
    let mut options = real_options(file)?;
    let [code, away] = ["press", "away"].map(|name| folder.path().join(name));
    std::fs::copy(program("press")?, &code).context("copy the program")?;
    options.binaries.insert("press".to_owned(), code.clone());
    let cloud = LocalCloud::start(options).await?;
    let shell = shell_of(&cloud, REGION, folder.path());
    let whole = named(&shell).await?;
    ensure!(whole.is_none(), "{whole:?}");
    std::fs::rename(&code, &away)?;
    let found = named(&shell).await?;
    let (title, fix) = found.context("nothing is broken")?;
    ensure!(title == "function press", "{title}");
    ensure!(fix == "sam build && sam deploy --stack-name doors", "{fix}");
    std::fs::rename(&away, &code)?;
    let fixed = named(&shell).await?;
    ensure!(fixed.is_none(), "{fixed:?}");
    cloud.shutdown().await;
    Ok(())
}

/// CloudFormation cannot delete a policy that a certificate has.
#[tokio::test]
async fn a_stack_that_could_not_be_deleted_is_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("template.yaml");
    std::fs::write(&file, text()?)?;
    let cloud = LocalCloud::start(real_options(file)?).await?;
    let shell = shell_of(&cloud, REGION, folder.path());
    let register = ["register", "button", "button-1", "--stack", STACK];
    succeeds(&shell.lockctl(&register).await?)?;
    let deletion = cloud.delete_stack().await;
    ensure!(deletion.is_err(), "the stack is deleted");
    let found = named(&shell).await?;
    let (title, fix) = found.context("nothing is broken")?;
    ensure!(title == "stack", "{title}: {fix}");
    ensure!(fix.contains("\"Delete the stack\""), "{fix}");
    cloud.shutdown().await;
    Ok(())
}

/// The template refuses such a region, but a stack of an older template may be there.
#[tokio::test]
async fn a_region_without_iot_is_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("template.yaml");
    let listed = format!("ca-west-1, {REGION_WITHOUT_IOT}, ");
    std::fs::write(&file, changed(&listed, "ca-west-1, ")?)?;
    let cloud = LocalCloud::start(Options {
        region: REGION_WITHOUT_IOT.to_owned(),
        ..real_options(file)?
    });
    let cloud = cloud.await?;
    let shell = shell_of(&cloud, REGION_WITHOUT_IOT, folder.path());
    // Nothing answers for AWS IoT there.
    for shell in [shell.clone(), shell.with("AWS_ENDPOINT_URL_IOT", NOWHERE)] {
        let found = named(&shell).await?;
        let (title, fix) = found.context("nothing is broken")?;
        ensure!(title == "region", "{title}: {fix}");
        ensure!(fix.contains("export AWS_REGION=us-east-1"), "{fix}");
    }
    cloud.shutdown().await;
    Ok(())
}
