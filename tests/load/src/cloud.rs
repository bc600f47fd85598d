//! The local cloud of a run: the project's template and functions, and a thing for each device.
//!
//! Must not know: what the devices do.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use lock_aws::{Access, OperatorEndpoints};
use running_cloud::RunningCloud;
use serde_json::json;

use crate::Options;

/// Name of the stack, with which its policies begin.
const STACK: &str = "load";
/// The functions' programs, by their names in the template.
const FUNCTIONS: [&str; 6] = ["press", "report", "sweep", "failure", "announce", "show"];

/// Starts the cloud with these faults and waits until it is ready. Tables are files, so that a
/// history that grows is not memory that grows; in memory, as no disk carries a commit per write
/// at these rates.
///
/// # Errors
/// A program is missing, or the cloud does not start.
pub async fn start(options: &Options, faults: &[String]) -> Result<RunningCloud> {
    let directory = tempfile::tempdir_in(&options.data_in);
    let directory = directory.context("create a directory for the cloud's data")?;
    let mut words: Vec<OsString> = vec!["--template".into(), options.template.clone().into()];
    words.extend(["--data-dir".into(), directory.path().join("data").into()]);
    words.extend(["--no-watch", "--log", "none", "--stack", STACK].map(OsString::from));
    words.extend(["--seed".into(), options.seed.to_string().into()]);
    words.extend(["--time-scale".into(), options.time_scale.to_string().into()]);
    for name in FUNCTIONS {
        let path = program(options, name)?;
        words.extend([
            "--binary".into(),
            format!("{name}={}", path.display()).into(),
        ]);
    }
    for fault in faults {
        words.extend(["--fault".into(), fault.into()]);
    }
    for (kind, count) in [("lock", options.locks), ("button", options.buttons)] {
        for number in 1..=count {
            let thing = format!("{kind}-{number}={STACK}-{kind}");
            words.extend(["--thing".into(), thing.into()]);
        }
    }
    RunningCloud::start(&program(options, "local-cloud")?, words, directory).await
}

/// Host and port of the broker.
///
/// # Errors
/// The ready file has no such address.
pub fn broker(cloud: &RunningCloud) -> Result<(String, u16)> {
    let (host, port) = cloud
        .entry("mqtts")?
        .rsplit_once(':')
        .context("the broker's address has no port")?;
    let port = port.parse().context("read the broker's port")?;
    Ok((host.to_owned(), port))
}

/// Paths of the CA's certificate, and of a thing's certificate and key.
///
/// # Errors
/// The ready file has no such thing.
pub fn files(cloud: &RunningCloud, thing: &str) -> Result<[String; 3]> {
    let paths = cloud.files(thing)?;
    Ok(paths.map(|path| path.display().to_string()))
}

/// The services that an operator calls.
///
/// # Errors
/// The ready file lacks one.
pub fn access(cloud: &RunningCloud) -> Result<Access> {
    let at = |name: &str| cloud.entry(name).map(str::to_owned);
    Ok(Access {
        region: at("region")?,
        access_key_id: at("credentials.accessKeyId")?,
        secret_access_key: at("credentials.secretAccessKey")?,
        session_token: None,
        dynamodb: Some(at("dynamodb")?),
        iot_data: Some(at("iotData")?),
        sns: None,
        operator: OperatorEndpoints::default(),
    })
}

/// Messages of a queue that wait or are being handled; `output` is the output with its URL.
///
/// # Errors
/// There is no such queue.
pub async fn count_messages(cloud: &RunningCloud, output: &str) -> Result<u64> {
    const COUNTS: [&str; 2] = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
    ];
    let url = cloud.entry(&format!("outputs.{output}"))?;
    let body = json!({ "QueueUrl": url, "AttributeNames": COUNTS });
    let answer = cloud
        .call("sqs", "AmazonSQS.GetQueueAttributes", &body)
        .await?;
    COUNTS.iter().try_fold(0, |sum, name| {
        let count = answer["Attributes"][name].as_str();
        let count = count.with_context(|| format!("{output} has no {name}"))?;
        Ok(sum
            + count
                .parse::<u64>()
                .with_context(|| format!("read {name}"))?)
    })
}

fn program(options: &Options, name: &str) -> Result<PathBuf> {
    let path = options.programs.join(name);
    ensure!(
        path.is_file(),
        "no program {}: `cargo xtask load` builds it",
        path.display()
    );
    Ok(path)
}
