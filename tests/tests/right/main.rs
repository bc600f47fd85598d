//! Every permission that the template gives a function's role is needed: without its statement the
//! call is refused, and without a denial or a condition the forbidden call is allowed.
//!
//! Must not know: the functions' code. Each process prints its environment and ends.

mod call;
mod statement;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use local_cloud::{EventKind, LocalCloud, Options, Ports};
use sam_template::Template;
use serde_json::Value;

use call::{Call, Function};
use statement::{DENIAL, FORBIDDEN, FUNCTIONS, LOG, Row, SET_UP, STATEMENTS};

const REGION: &str = "us-east-1";
const ACCOUNT: &str = "123456789012";
const STACK: &str = "doors";
/// How long a function's first line may take. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);

fn template() -> Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    std::fs::read_to_string(path).context("read the template")
}

/// Logical id of a function's resource of this kind, by its binary: `PressRole`.
fn logical_id(function: &str, kind: &str) -> String {
    let (first, rest) = function.split_at(1);
    format!("{}{rest}{kind}", first.to_uppercase())
}

/// The lines of the statements of the functions' roles, by logical id of the role and name of the
/// statement.
fn statements(template: &str) -> BTreeMap<(String, String), std::ops::Range<usize>> {
    let mut found = BTreeMap::new();
    let mut resource = "";
    let lines: Vec<&str> = template.lines().collect();
    for (start, line) in lines.iter().enumerate() {
        let indent = |line: &str| line.len() - line.trim_start().len();
        if indent(line) == 2 && line.ends_with(':') {
            resource = line.trim().trim_end_matches(':');
        }
        let is_of_role = FUNCTIONS.iter().any(|f| resource == logical_id(f, "Role"));
        let name = line.trim_start().strip_prefix("- Sid: ");
        let Some(name) = name.filter(|_| is_of_role) else {
            continue;
        };
        let rest = &lines[start + 1..];
        let length = rest.iter().take_while(|l| indent(l) > indent(line)).count();
        let key = (resource.to_owned(), name.to_owned());
        assert_eq!(found.insert(key, start..start + 1 + length), None, "{name}");
    }
    found
}

/// A program that prints lines and ends: what a function's process prints is its log.
fn printer() -> Result<PathBuf> {
    let places = ["/usr/bin/env", "/bin/env"].map(PathBuf::from);
    let found = places.into_iter().find(|place| place.exists());
    found.context("this system has no `env`")
}

/// The services of this template.
async fn cloud(folder: &Path, template: &str) -> Result<LocalCloud> {
    let path = folder.join("template.yaml");
    std::fs::write(&path, template).context("write the changed template")?;
    let printer = printer()?;
    let binaries = FUNCTIONS.map(|name| (name.to_owned(), printer.clone()));
    let options = Options {
        template: path,
        parameters: BTreeMap::new(),
        stack_name: STACK.to_owned(),
        region: REGION.to_owned(),
        account: ACCOUNT.to_owned(),
        data_dir: None,
        binaries: binaries.into(),
        no_start: Vec::new(),
        ports: Ports::default(),
        seed: 1,
        time_scale: 1.0,
        faults: Vec::new(),
        import_retained: false,
        inert: [].into(),
    };
    LocalCloud::start(options).await.context("start the cloud")
}

/// Makes every call; each must be refused exactly if `refused` holds, in the expected words and
/// with an event that names the role.
async fn check(cloud: &LocalCloud, refused: impl Fn(&Row) -> bool) -> Result<()> {
    for row in &STATEMENTS {
        let (name, statement, calls) = row;
        if SET_UP.contains(statement) || *statement == LOG {
            continue;
        }
        let function = Function::new(cloud, name)?;
        for call in *calls {
            let mut events = cloud.subscribe();
            let answer = call.make(&function).await?;
            let case = format!("{name} {statement} {call:?}: {answer:?}");
            ensure!(answer.is_some() == refused(row), "{case}");
            let (action, resource) = call.refused_right();
            let mut missing = Vec::new();
            while let Ok(event) = events.try_recv() {
                if let EventKind::MissingRight {
                    role, statement, ..
                } = &event.kind
                {
                    missing.push((role.clone(), statement.clone()));
                }
            }
            let Some(refusal) = answer else {
                ensure!(missing.is_empty(), "{case} {missing:?}");
                continue;
            };
            let words = format!("is not authorized to perform: {action} on resource: {resource} ");
            ensure!(refusal.contains(&words), "{case}");
            let role = format!("{STACK}-{}", logical_id(name, "Role"));
            ensure!(refusal.contains(&role), "{case}");
            let [(of, statement)] = missing.as_slice() else {
                anyhow::bail!("{case} {missing:?}");
            };
            ensure!(of.ends_with(&role), "{case} {of}");
            ensure!(
                statement.contains(action) && statement.contains(&resource),
                "{case} {statement}"
            );
        }
    }
    Ok(())
}

/// Runs each function; its lines must be lost exactly if it is the `silent` one.
async fn check_logs(cloud: &LocalCloud, silent: Option<&str>) -> Result<()> {
    for function in FUNCTIONS {
        let mut events = cloud.subscribe();
        let name = format!("{STACK}-{}", logical_id(function, "Function"));
        let role = format!("{STACK}-{}", logical_id(function, "Role"));
        let accepted = cloud.functions().invoke_async(&name, b"{}".to_vec());
        accepted.with_context(|| format!("invoke {name}"))?;
        let is_lost = async {
            loop {
                match &events.recv().await?.kind {
                    EventKind::FunctionLog { function, .. } if *function == name => {
                        return anyhow::Ok(false);
                    }
                    EventKind::MissingRight {
                        role: of,
                        statement,
                        ..
                    } if of.ends_with(&role) && statement.contains("logs:PutLogEvents") => {
                        return Ok(true);
                    }
                    _ => {}
                }
            }
        };
        let is_lost = tokio::time::timeout(DEADLINE, is_lost).await;
        let is_lost = is_lost.with_context(|| format!("{name} printed nothing"))??;
        ensure!(is_lost == (silent == Some(function)), "{name}: {is_lost}");
    }
    Ok(())
}

#[test]
fn every_statement_and_action_of_a_function_is_tested_here() -> Result<()> {
    let context = sam_template::Context {
        stack_name: STACK.to_owned(),
        region: REGION.to_owned(),
        account: ACCOUNT.to_owned(),
        parameters: BTreeMap::new(),
        inert: [].into(),
    };
    let template = Template::parse("template.yaml", &template()?, &context)?;
    let mut declared = BTreeSet::new();
    for function in &template.functions {
        assert_eq!(
            function.role_policies,
            Vec::<Value>::new(),
            "a second place"
        );
        let role = template.roles.iter().find(|r| r.arn == function.role_arn);
        for policy in &role.context("a function without a role")?.documents {
            let statements = policy["Statement"].as_array();
            for statement in statements.context("a policy without a document")? {
                let name = statement["Sid"]
                    .as_str()
                    .context("a statement without a name")?;
                let actions = match &statement["Action"] {
                    Value::Array(actions) => actions.clone(),
                    one => vec![one.clone()],
                };
                for action in actions {
                    let action = action.as_str().context("an action that is not a string")?;
                    let row = (&function.binary, name, action);
                    declared.insert(format!("{row:?}"));
                }
            }
        }
    }
    let known = STATEMENTS.iter().flat_map(|(function, name, calls)| {
        let rows = calls
            .iter()
            .map(move |call| (function, name, call.right().0));
        rows.map(|row| format!("{row:?}"))
    });
    assert_eq!(declared, known.collect());
    Ok(())
}

#[tokio::test]
async fn with_the_whole_template_only_denied_calls_are_refused() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let cloud = cloud(folder.path(), &template()?).await?;
    check(&cloud, |(_, statement, _)| *statement == DENIAL).await?;
    check_logs(&cloud, None).await?;
    cloud.shutdown().await;
    Ok(())
}

// AWS same(iam): each call of a function needs a statement of its role's policies; without it the
// call is refused, naming action and resource
#[tokio::test]
async fn without_a_statement_the_call_that_it_is_for_changes_its_answer_and_no_other() -> Result<()>
{
    let whole = template()?;
    assert_eq!(statements(&whole).len(), STATEMENTS.len());
    for (function, statement, calls) in STATEMENTS {
        let key = (logical_id(function, "Role"), statement.to_owned());
        let lines = statements(&whole)
            .remove(&key)
            .context("no such statement")?;
        let kept = whole.lines().enumerate();
        let kept = kept.filter(|(number, _)| !lines.contains(number));
        let changed: Vec<&str> = kept.map(|(_, line)| line).collect();
        let folder = tempfile::tempdir()?;
        let started = cloud(folder.path(), &changed.join("\n")).await;
        if SET_UP.contains(&statement) {
            let error = started
                .err()
                .with_context(|| format!("started without {statement} of {function}"))?;
            let (action, resource) = calls[0].right();
            let words = format!(
                "{}: its execution role may not call {action} on {resource}",
                logical_id(function, "Function")
            );
            ensure!(format!("{error:#}").contains(&words), "{error:#}");
            continue;
        }
        let cloud = started?;
        let refused = |row: &Row| {
            // Without an Allow its calls are refused; without a Deny they are allowed.
            let is_removed = (row.0, row.1) == (function, statement);
            (row.1 == DENIAL) != is_removed
        };
        let checked = match statement {
            LOG => check_logs(&cloud, Some(function)).await,
            _ => check(&cloud, refused).await,
        };
        checked.with_context(|| format!("without {statement} of {function}"))?;
        cloud.shutdown().await;
    }
    Ok(())
}

/// A line is never kept, and no command, request or press is published.
#[tokio::test]
async fn show_keeps_states_alone_and_publishes_no_command() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let cloud = cloud(folder.path(), &template()?).await?;
    let function = Function::new(&cloud, "show")?;
    for call in [
        Call::Retain("remote-lock-event/lock-1"),
        Call::Retain("remote-lock-live/lock-1"),
        Call::Kept("remote-lock/lock-1"),
        Call::Publish("remote-lock/lock-1"),
        Call::Publish("remote-lock/lock-1/request"),
        Call::Publish("iotbutton/button-1"),
    ] {
        let answer = call.make(&function).await?;
        assert!(answer.is_some(), "{call:?}");
    }
    cloud.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn announce_and_show_reach_their_own_and_labels_and_no_record_binding_or_event() -> Result<()>
{
    let whole = template()?;
    let conditions = [
        "ForAllValues:StringLike: {'dynamodb:LeadingKeys': ['announced#*']}",
        "ForAllValues:StringLike: {'dynamodb:LeadingKeys': ['shown#*']}",
        "ForAllValues:StringEquals: {'dynamodb:LeadingKeys': [things]}",
    ];
    let kept = whole
        .lines()
        .filter(|line| !conditions.contains(&line.trim()));
    let kept: Vec<&str> = kept.collect();
    let open = kept.join("\n").replace(
        "Resource: !GetAtt Table.Arn\n                Condition:\n",
        "Resource: !GetAtt Table.Arn\n",
    );
    assert_eq!(whole.lines().count(), open.lines().count() + 8);
    // Without the condition the calls are permitted: the condition is what refuses them.
    for (text, is_refused) in [(&whole, true), (&open, false)] {
        let folder = tempfile::tempdir()?;
        let cloud = cloud(folder.path(), text).await?;
        for name in ["announce", "show"] {
            let function = Function::new(&cloud, name)?;
            for call in FORBIDDEN {
                let answer = call.make(&function).await?;
                assert_eq!(answer.is_some(), is_refused, "{name} {call:?}: {answer:?}");
            }
        }
        cloud.shutdown().await;
    }
    Ok(())
}
