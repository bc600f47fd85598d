//! Every value that the template allows starts every function, and a function that cannot start
//! reports why.
//!
//! Parameters and functions are read from the template, so that new ones are covered too.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::world::program;
use lambda_host::Outcome;
use local_cloud::{LocalCloud, Options, Ports};
use lock_aws::Settings;
use sam_template::{Declaration, Template};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::process::Command;

/// How long a step may take. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);

/// Environment variables that the Lambda service sets.
const FROM_LAMBDA: [(&str, &str); 5] = [
    ("AWS_REGION", "us-east-1"),
    ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "secret"),
    ("AWS_SESSION_TOKEN", "token"),
    ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
];

fn text() -> Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    std::fs::read_to_string(path).context("read the template")
}

fn parse(text: &str, parameters: BTreeMap<String, String>) -> Result<Template> {
    let context = sam_template::Context {
        stack_name: "doors".to_owned(),
        region: "us-east-1".to_owned(),
        account: "123456789012".to_owned(),
        parameters,
        inert: [].into(),
    };
    Ok(Template::parse("template.yaml", text, &context)?)
}

/// Default, minimum and maximum; or the default, the first and the last allowed value.
fn limits(parameter: &Declaration) -> BTreeSet<String> {
    let allowed = parameter.allowed.iter().flatten();
    let ends = [allowed.clone().next(), allowed.last()];
    let bounds = [&parameter.default, &parameter.least, &parameter.most];
    let bounds = bounds.into_iter().filter_map(Option::as_ref);
    ends.into_iter().flatten().chain(bounds).cloned().collect()
}

/// Reads the settings of every function; an error names the function and the parameters.
fn settings_of(template: &Template, parameters: &BTreeMap<String, String>) -> Result<usize> {
    for function in &template.functions {
        let lookup = |name: &str| {
            let of_lambda = FROM_LAMBDA.iter().find(|(known, _)| *known == name);
            let own = function.environment.get(name).cloned();
            own.or_else(|| of_lambda.map(|(_, value)| (*value).to_owned()))
        };
        Settings::from_lookup(&lookup)
            .with_context(|| format!("{} with {parameters:?}", function.binary))?;
    }
    Ok(template.functions.len())
}

/// The environment of every function.
fn environments(template: &Template) -> Vec<&BTreeMap<String, String>> {
    template.functions.iter().map(|f| &f.environment).collect()
}

#[test]
fn every_limit_that_the_template_allows_starts_every_function() -> Result<()> {
    let text = text()?;
    let plain = parse(&text, BTreeMap::new())?;
    let mut starts = 0;
    // Each parameter alone; and the bounds of all numbers that reach a function, together.
    let mut combinations = vec![BTreeMap::new()];
    for parameter in sam_template::parameters("template.yaml", &text)? {
        let values = limits(&parameter);
        ensure!(!values.is_empty(), "{}: no value at all", parameter.name);
        let mut reaches = false;
        for value in &values {
            let alone = BTreeMap::from([(parameter.name.clone(), value.clone())]);
            let template = parse(&text, alone.clone())?;
            starts += settings_of(&template, &alone)?;
            reaches |= environments(&template) != environments(&plain);
        }
        if reaches && parameter.kind == "Number" {
            let others: Vec<BTreeMap<String, String>> = std::mem::take(&mut combinations);
            for value in parameter.least.iter().chain(&parameter.most) {
                combinations.extend(others.iter().cloned().map(|mut all| {
                    all.insert(parameter.name.clone(), value.clone());
                    all
                }));
            }
        }
    }
    for parameters in combinations {
        starts += settings_of(&parse(&text, parameters.clone())?, &parameters)?;
    }
    // Two values of each of the six numbers that a function reads, for five functions or more.
    ensure!(starts >= 2_usize.pow(6) * 5, "only {starts} starts");
    Ok(())
}

#[test]
fn a_number_starts_every_function_in_any_spelling() -> Result<()> {
    let text = text()?;
    for parameter in sam_template::parameters("template.yaml", &text)? {
        if parameter.kind != "Number" || parameter.allowed.is_some() {
            continue;
        }
        let name = &parameter.name;
        let mut taken = 0;
        for limit in limits(&parameter) {
            let whole = limit.parse::<u64>();
            whole.with_context(|| format!("{name}: rounding may leave the bounds"))?;
            for written in [
                format!("{limit}.0"),
                format!("{limit}.4"),
                format!("{limit}.5"),
                format!("{limit}e0"),
                format!("{limit}.0E+0"),
                format!("+{limit}"),
                format!("0{limit}"),
            ] {
                let parameters = BTreeMap::from([(name.clone(), written)]);
                // A value above its maximum is refused before anything is deployed.
                if let Ok(template) = parse(&text, parameters.clone()) {
                    settings_of(&template, &parameters)?;
                    taken += 1;
                }
            }
        }
        ensure!(taken >= 17, "{name}: only {taken} spellings were accepted");
    }
    Ok(())
}

/// Receives a function's first request to the Runtime API: its first line and its body.
async fn first_request(listener: TcpListener) -> Result<(String, Value)> {
    let (mut connection, _) = listener.accept().await?;
    let mut request = Vec::new();
    let body_at = loop {
        let mut more = [0; 4096];
        let read = connection.read(&mut more).await?;
        ensure!(read > 0, "the connection ended before its request");
        request.extend_from_slice(&more[..read]);
        let head = String::from_utf8_lossy(&request).to_lowercase();
        let length = head.split("content-length: ").nth(1);
        let length = length.and_then(|rest| rest.split("\r\n").next()?.parse::<usize>().ok());
        if let (Some(length), Some(end)) = (length, head.find("\r\n\r\n"))
            && request.len() >= end + 4 + length
        {
            break end + 4;
        }
    };
    let answer = b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n";
    connection.write_all(answer).await?;
    let line = String::from_utf8_lossy(&request[..body_at]).into_owned();
    let line = line.lines().next().unwrap_or_default().to_owned();
    Ok((line, serde_json::from_slice(&request[body_at..])?))
}

#[tokio::test]
async fn a_function_that_cannot_start_reports_why_in_one_line_and_to_the_runtime_api() -> Result<()>
{
    let template = parse(&text()?, BTreeMap::new())?;
    for function in &template.functions {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut command = Command::new(program(&function.binary)?);
        command
            .env_clear()
            .envs(&function.environment)
            .envs(FROM_LAMBDA)
            .env("AWS_LAMBDA_RUNTIME_API", listener.local_addr()?.to_string())
            .env("QUIET_WINDOW_MS", "30000")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let run = async {
            tokio::try_join!(first_request(listener), async {
                Ok(command.output().await?)
            })
        };
        let ((request, error), output) = tokio::time::timeout(DEADLINE, run)
            .await
            .with_context(|| format!("{} did not end", function.binary))??;
        let printed = String::from_utf8_lossy(&output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr);
        let case = format!("{}: {printed}{stderr}", function.binary);
        assert_eq!(
            (output.status.code(), stderr.as_ref()),
            (Some(1), ""),
            "{case}"
        );
        let [line] = printed.lines().collect::<Vec<_>>()[..] else {
            anyhow::bail!("not exactly one line: {case}");
        };
        let line: Value = serde_json::from_str(line).with_context(|| case.clone())?;
        let why = "cannot start: environment variable QUIET_WINDOW_MS does not fit: \
                   quiet window of 30000 ms: wanted less than the command's life of 30000 ms; \
                   correct the template or its parameters, and deploy again";
        assert_eq!(
            (&line["level"], &line["code"], &line["message"]),
            (&json!("ERROR"), &json!("settings"), &json!(why)),
            "{case}"
        );
        assert_eq!(request, "POST /2018-06-01/runtime/init/error HTTP/1.1");
        assert_eq!(
            (&error["errorType"], &error["errorMessage"]),
            (&json!("Runtime.ConfigInvalid"), &json!(why))
        );
    }
    Ok(())
}

#[tokio::test]
async fn invoking_a_function_that_cannot_start_returns_the_reason() -> Result<()> {
    // The template refuses every value that would do, so its maximum is raised.
    let lifted = text()?.replace("MaxValue: 4999", "MaxValue: 10000");
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, &lifted)?;
    let parameters = [("CommandTtlMs", "5000"), ("QuietWindowMs", "10000")];
    let parameters: BTreeMap<String, String> = parameters
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert!(
        parse(&text()?, parameters.clone()).is_err(),
        "the template accepts a value above its maximum"
    );
    let template = parse(&lifted, parameters.clone())?;
    let binaries = template.functions.iter().map(|function| {
        let binary = program(&function.binary)?;
        Ok((function.binary.clone(), binary))
    });
    let cloud = LocalCloud::start(Options {
        template: path,
        parameters,
        stack_name: "doors".to_owned(),
        region: "us-east-1".to_owned(),
        account: "123456789012".to_owned(),
        data_dir: None,
        binaries: binaries.collect::<Result<_>>()?,
        no_start: Vec::new(),
        ports: Ports::default(),
        seed: 1,
        time_scale: 1.0,
        faults: Vec::new(),
        import_retained: false,
        inert: [].into(),
    })
    .await?;
    for function in &template.functions {
        let invoked = cloud
            .functions()
            .invoke(&function.arn, b"{}".to_vec(), None);
        let outcome = tokio::time::timeout(DEADLINE, invoked).await??;
        let Outcome::Failure(failure) = outcome else {
            anyhow::bail!("{} started", function.binary);
        };
        let why = "cannot start: environment variable QUIET_WINDOW_MS does not fit: ";
        assert!(failure.message.starts_with(why), "{failure:?}");
        assert_eq!(failure.error_type, "Runtime.ConfigInvalid");
    }
    cloud.shutdown().await;
    Ok(())
}
