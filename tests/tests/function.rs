//! The functions as Lambda runs them: an event of any JSON reaches the function, and a failure is
//! reported once.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use e2e::program::program;
use lambda_host::Outcome;
use local_cloud::{EventKind, LocalCloud, Options, Ports};
use sam_template::{Context, Template};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long a step may take. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);

fn report(version: &str) -> String {
    format!(
        r#"{{"thing":"lock-1","shadowVersion":17,"timestamp":1763779513,"clientToken":"7-1",
            "reported":{{"lock":"locked","version":{version},"result":"executed",
            "source":"remote","bootCount":7,"clock":"synced"}}}}"#
    )
}

fn press(click: &str) -> String {
    format!(
        r#"{{"button":"button-1","clickType":{click},"receivedAt":1763779513000,"pressId":"p1"}}"#
    )
}

/// The template's services, after `change`, with the real functions.
async fn cloud(change: impl Fn(String) -> String) -> Result<(LocalCloud, TempDir)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let text = std::fs::read_to_string(path).context("read the template")?;
    let folder = tempfile::tempdir()?;
    let template = folder.path().join("template.yaml");
    let text = change(text);
    std::fs::write(&template, &text)?;
    let context = Context {
        stack_name: "doors".to_owned(),
        region: "us-east-1".to_owned(),
        account: "123456789012".to_owned(),
        parameters: BTreeMap::new(),
        inert: [].into(),
    };
    let mut binaries = BTreeMap::new();
    for function in Template::parse("template.yaml", &text, &context)?.functions {
        let binary = program(&function.binary)?;
        binaries.insert(function.binary, binary);
    }
    let options = Options {
        template,
        parameters: context.parameters,
        stack_name: context.stack_name,
        region: context.region,
        account: context.account,
        data_dir: None,
        binaries,
        no_start: Vec::new(),
        ports: Ports::default(),
        seed: 1,
        time_scale: 1.0,
        faults: Vec::new(),
        import_retained: false,
        inert: [].into(),
    };
    Ok((LocalCloud::start(options).await?, folder))
}

async fn invoke(cloud: &LocalCloud, function: &str, event: &str) -> Result<Outcome> {
    let name = logical_id(function);
    let invoked = cloud.functions().invoke(&name, event.into(), None);
    Ok(tokio::time::timeout(DEADLINE, invoked).await??)
}

/// Whether a text contains a debug dump: `Error { code: 1 }`, `Some(1)`.
fn is_dump(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_type = |word: &str| {
        let name = word.rsplit(|c: char| !c.is_alphanumeric()).next();
        name.is_some_and(|name| name.starts_with(char::is_uppercase))
    };
    let is_struct = |pair: &[&str]| is_type(pair[0]) && pair[1].starts_with('{');
    words.windows(2).any(is_struct) || ["Some(", "Ok(", "Err("].iter().any(|v| text.contains(v))
}

#[test]
fn a_debug_dump_differs_from_a_sentence() {
    for dump in [
        "failed: Error { code: 1 }",
        r#""message":"Diagnostic { error_type"#,
        "no answer: Err(Timeout)",
        "from Some(3)",
    ] {
        assert!(is_dump(dump), "{dump}");
    }
    for sentence in [
        "The table nowhere does not exist.",
        r#"{"level":"ERROR","fields":{"message":"Requested resource not found"}}"#,
    ] {
        assert!(!is_dump(sentence), "{sentence}");
    }
}

/// Logical id of a function, by its binary.
fn logical_id(function: &str) -> String {
    let (first, rest) = function.split_at(1);
    format!("{}{rest}Function", first.to_uppercase())
}

#[tokio::test]
async fn an_event_of_any_json_reaches_the_function_and_succeeds() -> Result<()> {
    let (cloud, _folder) = cloud(|text| text).await?;
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    let mut events = vec![
        ("sweep", r#"{"time":1e400}"#.to_owned()),
        ("sweep", deep.clone()),
        ("press", press(r#""SINGLE""#)),
        ("report", report("7")),
    ];
    for odd in ["1e400", "-1e999", &deep, r#""\ud800""#, r#"{"a":1e400}"#] {
        events.push(("press", press(odd)));
        events.push(("press", odd.to_owned()));
        events.push(("report", report(odd)));
        events.push(("report", odd.to_owned()));
    }
    for (function, event) in events {
        let outcome = invoke(&cloud, function, &event).await?;
        let case = format!("{function} {event}: {outcome:?}");
        assert!(matches!(outcome, Outcome::Success(_)), "{case}");
    }
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_failure_is_one_sentence_in_the_log_and_in_the_result() -> Result<()> {
    let (cloud, _folder) =
        cloud(|text| text.replace("TABLE_NAME: !Ref Table", "TABLE_NAME: nowhere")).await?;
    for (function, event) in [
        ("press", press(r#""SINGLE""#)),
        ("report", report("7")),
        ("sweep", "{}".to_owned()),
    ] {
        let mut events = cloud.subscribe();
        let mut failed = Vec::new();
        // Twice: the log of the first invocation precedes that of the second.
        for _ in 0..2 {
            match invoke(&cloud, function, &event).await? {
                Outcome::Failure(failure) => failed.push(failure),
                Outcome::Success(_) => bail!("{function} found a table"),
            }
        }
        let mut logged: Vec<Value> = Vec::new();
        let lines = async {
            while logged
                .iter()
                .filter(|line| line["phase"] == "invocation")
                .count()
                < 2
            {
                let event = events.recv().await?;
                if let EventKind::FunctionLog {
                    function: name,
                    line,
                } = &event.kind
                    && name.ends_with(&logical_id(function))
                {
                    let line = serde_json::from_str(line).with_context(|| line.clone())?;
                    logged.push(line);
                }
            }
            anyhow::Ok(())
        };
        let lines = tokio::time::timeout(DEADLINE, lines).await;
        lines.with_context(|| format!("{function}: {logged:#?}"))??;
        let errors: Vec<&Value> = logged
            .iter()
            .filter(|line| line["level"] == "ERROR")
            .collect();
        assert_eq!(errors.len(), 2, "{function}: {logged:#?}");
        let dump = logged.iter().find(|line| is_dump(&line.to_string()));
        assert_eq!(dump, None, "{function}");
        for (line, failure) in errors.iter().zip(&failed) {
            assert_eq!(line["message"], json!(failure.message), "{function}");
            assert_eq!(line["code"], json!(failure.error_type), "{function}");
            let is_one_sentence = !failure.message.contains(['\n', '\t']);
            assert!(is_one_sentence, "{}", failure.message);
            assert!(failure.message.contains("nowhere"), "{}", failure.message);
        }
    }
    cloud.shutdown().await;
    Ok(())
}
