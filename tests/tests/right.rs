//! Every permission that the template gives a function is needed: without its statement the call is
//! refused, and without a denial the forbidden call is allowed.
//!
//! No function's process and no device runs here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use aws_credential_types::Credentials;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_iotdataplane::config::{BehaviorVersion, Region};
use local_cloud::{EventKind, LocalCloud, Options, Ports};
use sam_template::Template;
use serde_json::Value;

const REGION: &str = "us-east-1";
const ACCOUNT: &str = "123456789012";
const STACK: &str = "doors";

/// A call, by the permission it needs.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Call {
    Get,
    Put,
    Update,
    Query,
    Publish(&'static str),
    Shadow,
    Receive,
    Delete,
    Look,
}

/// A statement of the template: function, name, and the calls it decides.
type Row = (&'static str, &'static str, &'static [Call]);

const RECORD: &[Call] = &[Call::Get, Call::Put, Call::Update];
const COMMAND: &[Call] = &[Call::Publish("remote-lock/lock-1")];
const REQUEST: &[Call] = &[Call::Publish("remote-lock/lock-1/request")];

const QUEUE: &[Call] = &[Call::Receive, Call::Delete, Call::Look];

/// The only statement that denies.
const DENIAL: &str = "NoRequest";

const STATEMENTS: [Row; 14] = [
    ("press", "Record", RECORD),
    ("press", "Command", COMMAND),
    ("press", DENIAL, REQUEST),
    ("report", "Record", RECORD),
    ("report", "Command", COMMAND),
    ("report", DENIAL, REQUEST),
    ("report", "Shadow", &[Call::Shadow]),
    ("sweep", "Record", RECORD),
    ("sweep", "Due", &[Call::Query]),
    ("sweep", "Command", COMMAND),
    ("sweep", DENIAL, REQUEST),
    ("sweep", "Shadow", &[Call::Shadow]),
    ("failure", "Line", &[Call::Get, Call::Put]),
    ("failure", SOURCE, QUEUE),
];

/// The statement that Lambda needs to create an event source; without it nothing starts.
const SOURCE: &str = "Queue";

/// A refusal in the words of the service.
type Refusal = String;

impl Call {
    /// Action and resource as refusals name them.
    fn right(self) -> (&'static str, String) {
        let at = |service: &str| format!("arn:aws:{service}:{REGION}:{ACCOUNT}");
        let table = format!("{}:table/{STACK}", at("dynamodb"));
        let queue = format!("{}:{STACK}-FailureQueue", at("sqs"));
        match self {
            Self::Get => ("dynamodb:GetItem", table),
            Self::Put => ("dynamodb:PutItem", table),
            Self::Update => ("dynamodb:UpdateItem", table),
            Self::Query => ("dynamodb:Query", format!("{table}/index/due")),
            Self::Publish(topic) => ("iot:Publish", format!("{}:topic/{topic}", at("iot"))),
            Self::Shadow => ("iot:GetThingShadow", format!("{}:thing/lock-1", at("iot"))),
            Self::Receive => ("sqs:ReceiveMessage", queue),
            Self::Delete => ("sqs:DeleteMessage", queue),
            Self::Look => ("sqs:GetQueueAttributes", queue),
        }
    }

    /// Makes the call as a function. Returns the refusal if it has no permission.
    async fn make(self, function: &Function) -> Result<Option<Refusal>> {
        let key = |name: &str| AttributeValue::S(name.to_owned());
        let table = &function.table;
        match self {
            Self::Get => {
                let call = table.get_item().table_name(STACK);
                let call = call.key("pk", key("a")).key("sk", key("b"));
                refusal(call.send().await)
            }
            Self::Put => {
                let call = table.put_item().table_name(STACK);
                let call = call.item("pk", key("a")).item("sk", key("b"));
                refusal(call.send().await)
            }
            Self::Update => {
                let call = table.update_item().table_name(STACK);
                let call = call.key("pk", key("a")).key("sk", key("b"));
                refusal(call.send().await)
            }
            Self::Query => {
                let call = table.query().table_name(STACK).index_name("due");
                let call = call.key_condition_expression("dueShard = :shard");
                let call = call.expression_attribute_values(":shard", key("0"));
                refusal(call.send().await)
            }
            Self::Publish(topic) => refusal(function.data.publish().topic(topic).send().await),
            Self::Shadow => {
                let call = function.data.get_thing_shadow().thing_name("lock-1");
                refusal(call.send().await)
            }
            Self::Receive | Self::Delete | Self::Look => {
                anyhow::bail!("{self:?} is a call of the event source, not of the function")
            }
        }
    }
}

/// The clients that a function calls the services with.
struct Function {
    table: aws_sdk_dynamodb::Client,
    data: aws_sdk_iotdataplane::Client,
}

impl Function {
    fn new(cloud: &LocalCloud, name: &str) -> Result<Self> {
        let keys = cloud.credentials_of(name).context("no such function")?;
        let token = Some(keys.session_token);
        let keys = Credentials::from_keys(keys.access_key_id, keys.secret_access_key, token);
        let http = aws_smithy_http_client::Builder::new().build_http();
        let table = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(&cloud.endpoints().dynamodb)
            .credentials_provider(keys.clone())
            .http_client(http.clone());
        let data = aws_sdk_iotdataplane::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(&cloud.endpoints().iot_data)
            .credentials_provider(keys)
            .http_client(http);
        Ok(Self {
            table: aws_sdk_dynamodb::Client::from_conf(table.build()),
            data: aws_sdk_iotdataplane::Client::from_conf(data.build()),
        })
    }
}

/// The refusal, if a permission is missing. Other failures do not matter here.
fn refusal<T, E>(answer: Result<T, SdkError<E>>) -> Result<Option<Refusal>>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    SdkError<E>: Debug,
{
    let Err(error) = answer else { return Ok(None) };
    match error.code() {
        Some("AccessDeniedException" | "ForbiddenException") => {
            let message = error.message().context("a refusal without a message")?;
            Ok(Some(message.to_owned()))
        }
        Some("ResourceNotFoundException") => Ok(None),
        _ => Err(error.into()),
    }
}

fn template() -> Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    std::fs::read_to_string(path).context("read the template")
}

/// Logical id of a function, by its binary.
fn logical_id(function: &str) -> String {
    let (first, rest) = function.split_at(1);
    format!("{}{rest}Function", first.to_uppercase())
}

/// The lines of the template's statements, by logical id of the function and name of the statement.
fn statements(template: &str) -> BTreeMap<(String, String), std::ops::Range<usize>> {
    let mut found = BTreeMap::new();
    let mut resource = "";
    let lines: Vec<&str> = template.lines().collect();
    for (start, line) in lines.iter().enumerate() {
        let indent = |line: &str| line.len() - line.trim_start().len();
        if indent(line) == 2 && line.ends_with(':') {
            resource = line.trim().trim_end_matches(':');
        }
        let Some(name) = line.trim_start().strip_prefix("- Sid: ") else {
            continue;
        };
        let rest = &lines[start + 1..];
        let length = rest.iter().take_while(|l| indent(l) > indent(line)).count();
        let key = (resource.to_owned(), name.to_owned());
        assert_eq!(found.insert(key, start..start + 1 + length), None, "{name}");
    }
    found
}

/// The services of this template, without any function's process.
async fn cloud(folder: &Path, template: &str) -> Result<LocalCloud> {
    let path = folder.join("template.yaml");
    std::fs::write(&path, template).context("write the changed template")?;
    let never_run: PathBuf = std::env::current_exe().context("find an executable")?;
    let binaries = ["press", "report", "sweep", "failure", "announce"];
    let binaries = binaries.map(|name| (name.to_owned(), never_run.clone()));
    let options = Options {
        template: path,
        parameters: BTreeMap::new(),
        stack_name: STACK.to_owned(),
        region: REGION.to_owned(),
        account: ACCOUNT.to_owned(),
        data_dir: None,
        binaries: binaries.into(),
        ports: Ports::default(),
        seed: 1,
        time_scale: 1.0,
        faults: Vec::new(),
        import_retained: false,
    };
    LocalCloud::start(options).await.context("start the cloud")
}

/// Makes every call; each must be refused exactly if `refused` holds, in the expected words and
/// with an event that names the role.
async fn check(cloud: &LocalCloud, refused: impl Fn(&Row) -> bool) -> Result<()> {
    for row in STATEMENTS.iter().filter(|(_, name, _)| *name != SOURCE) {
        let (name, statement, calls) = row;
        let function = Function::new(cloud, name)?;
        for call in *calls {
            let mut events = cloud.subscribe();
            let answer = call.make(&function).await?;
            let case = format!("{name} {statement} {call:?}: {answer:?}");
            ensure!(answer.is_some() == refused(row), "{case}");
            let (action, resource) = call.right();
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
            let role = format!("{STACK}-{}Role", logical_id(name));
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

#[test]
fn every_statement_and_action_of_a_function_is_tested_here() -> Result<()> {
    let context = sam_template::Context {
        stack_name: STACK.to_owned(),
        region: REGION.to_owned(),
        account: ACCOUNT.to_owned(),
        parameters: BTreeMap::new(),
    };
    let template = Template::parse("template.yaml", &template()?, &context)?;
    let mut declared = BTreeSet::new();
    for function in &template.functions {
        for policy in &function.role_policies {
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
    for (function, statement, _) in STATEMENTS {
        let key = (logical_id(function), statement.to_owned());
        let lines = statements(&whole)
            .remove(&key)
            .context("no such statement")?;
        let kept = whole.lines().enumerate();
        let kept = kept.filter(|(number, _)| !lines.contains(number));
        let changed: Vec<&str> = kept.map(|(_, line)| line).collect();
        let folder = tempfile::tempdir()?;
        let started = cloud(folder.path(), &changed.join("\n")).await;
        if statement == SOURCE {
            let error = started
                .err()
                .context("started without the permissions of the event source")?;
            let (action, resource) = Call::Receive.right();
            let words = format!(
                "{}: its execution role may not call {action} on {resource}",
                logical_id(function)
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
        let checked = check(&cloud, refused).await;
        checked.with_context(|| format!("without {statement} of {function}"))?;
        cloud.shutdown().await;
    }
    Ok(())
}
