//! Real processes behind the Runtime API: the example `probe`, which does what each event says.

mod alias;
mod ending;
mod external;
mod handler;
mod limit;
mod log;
mod retry;

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::*;

const NOW_MS: u64 = 1_770_000_000_000;
/// Longest time that any step may take.
const PATIENCE: Duration = Duration::from_secs(90);

struct World {
    functions: Functions,
    notices: mpsc::UnboundedReceiver<Notice>,
}

/// The executable of the example `probe`, which cargo builds with the tests.
fn probe() -> PathBuf {
    let test = std::env::current_exe().expect("a test has an executable");
    let target = test.ancestors().nth(2).expect("target/<profile>/deps/test");
    let probe = target.join("examples/probe");
    assert!(
        probe.exists(),
        "{} is missing: build the examples too (cargo build --examples)",
        probe.display()
    );
    probe
}

fn function() -> sam_template::Function {
    sam_template::Function {
        logical_id: "Regulate".to_owned(),
        name: "home-Regulate".to_owned(),
        arn: "arn:aws:lambda:us-east-1:123456789012:function:home-Regulate".to_owned(),
        binary: "probe".to_owned(),
        runtime: "provided.al2023".to_owned(),
        handler: "bootstrap".to_owned(),
        timeout_s: 5,
        memory_mb: 256,
        environment: BTreeMap::new(),
        log_format: Some("JSON".to_owned()),
        log_level: Some("DEBUG".to_owned()),
        system_log_level: Some("WARN".to_owned()),
        log_group: None,
        alias: None,
        event_qualifier: None,
        max_retries: 0,
        max_event_age_s: 21_600,
        on_failure: Some("arn:aws:sqs:us-east-1:123456789012:failures".to_owned()),
        role_arn: "arn:aws:iam::123456789012:role/home-RegulateRole".to_owned(),
        role_is_own: true,
        role_policies: Vec::new(),
        reserved_concurrency: None,
        code_uri: ".".to_owned(),
        inline_code: None,
        layers: Vec::new(),
        published: false,
        permissions: Vec::new(),
    }
}

/// Sends each notice to the test.
struct Observer(mpsc::UnboundedSender<Notice>);

impl Surroundings for Observer {
    fn observe(&self, notice: Notice) {
        let _ = self.0.send(notice);
    }

    fn credentials_of(&self, function: &sam_template::Function) -> Credentials {
        Credentials {
            access_key_id: format!("key-of-{}", function.logical_id),
            secret_access_key: "secret".to_owned(),
            session_token: "token".to_owned(),
        }
    }

    fn now_ms(&self) -> u64 {
        NOW_MS
    }
}

fn world(adjust: impl FnOnce(&mut sam_template::Function, &mut Wiring)) -> World {
    let (sender, notices) = mpsc::unbounded_channel();
    let mut function = function();
    let mut wiring = Wiring {
        binaries: BTreeMap::from([("probe".to_owned(), probe())]),
        interpreters: BTreeMap::new(),
        layers: BTreeMap::new(),
        external: BTreeMap::new(),
        env: BTreeMap::from([(
            "AWS_ENDPOINT_URL_DYNAMODB".to_owned(),
            "http://d".to_owned(),
        )]),
        region: "us-east-1".to_owned(),
        account: "123456789012".to_owned(),
        surroundings: Arc::new(Observer(sender)),
        tuning: Tuning {
            concurrency: 2,
            time_scale: 0.001,
            ..Tuning::default()
        },
    };
    adjust(&mut function, &mut wiring);
    World {
        functions: Functions::start(vec![function], wiring).expect("the binary is there"),
        notices,
    }
}

impl World {
    fn send(&self, event: Value) -> String {
        self.functions
            .invoke_async("home-Regulate", event.to_string().into_bytes())
            .expect("the function is known")
    }

    /// Waits for the first notice for which `pick` returns a value, and returns that value.
    async fn expect<T>(&mut self, pick: impl Fn(&Notice) -> Option<T>) -> T {
        let wait = async {
            loop {
                let notice = self.notices.recv().await.expect("functions are running");
                if let Some(found) = pick(&notice) {
                    return found;
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait)
            .await
            .expect("within the deadline")
    }

    async fn outcome(&mut self) -> Outcome {
        self.expect(|notice| match notice {
            Notice::Completed { outcome, .. } => Some(outcome.clone()),
            _ => None,
        })
        .await
    }

    async fn answer(&mut self, event: Value) -> Value {
        self.send(event);
        match self.outcome().await {
            Outcome::Success(body) => serde_json::from_slice(&body).expect("the probe sends json"),
            Outcome::Failure(failure) => panic!("{}", failure.message),
        }
    }

    async fn failure(&mut self, event: Value) -> (String, String) {
        self.send(event);
        match self.outcome().await {
            Outcome::Success(body) => panic!("{}", String::from_utf8_lossy(&body)),
            Outcome::Failure(failure) => (failure.error_type, failure.message),
        }
    }
}

// AWS same(functions): the Runtime API sends request id, deadline, function ARN and trace id with
//     each event
#[tokio::test]
async fn an_event_arrives_with_every_documented_header() {
    let mut world = world(|_, _| {});
    let id = world.send(json!({"do": "echo", "degrees": 21}));
    let Outcome::Success(body) = world.outcome().await else {
        panic!("the probe answers");
    };
    let answer: Value = serde_json::from_slice(&body).expect("json");
    assert_eq!(answer["event"]["degrees"], 21);
    let headers = &answer["headers"];
    assert_eq!(headers["lambda-runtime-aws-request-id"], id);
    assert_eq!(
        headers["lambda-runtime-deadline-ms"],
        (NOW_MS + 5000).to_string()
    );
    assert_eq!(
        headers["lambda-runtime-invoked-function-arn"],
        function().arn
    );
    let trace = headers["lambda-runtime-trace-id"].as_str();
    assert!(trace.is_some_and(|t| t.starts_with("Root=1-") && t.contains("Sampled=0")));
    world.functions.shutdown().await;
}

// AWS same(functions): a process runs one event after another, and only its first is a cold start
#[tokio::test]
async fn a_process_stays_warm_and_its_first_event_is_cold() {
    let mut world = world(|_, _| {});
    let mut pids = Vec::new();
    for (count, cold) in [(1, true), (2, false), (3, false)] {
        world.send(json!({"do": "echo"}));
        let was_cold = world
            .expect(|notice| match notice {
                Notice::Invoked { cold, .. } => Some(*cold),
                _ => None,
            })
            .await;
        assert_eq!(was_cold, cold);
        let Outcome::Success(body) = world.outcome().await else {
            panic!("the probe answers");
        };
        let answer: Value = serde_json::from_slice(&body).expect("json");
        assert_eq!(answer["count"], count);
        pids.push(answer["pid"].clone());
    }
    assert!(pids.iter().all(|pid| pid == &pids[0]), "{pids:?}");
    world.functions.shutdown().await;
}

// AWS different(functions): AWS runs events concurrently up to the concurrency limit; here they
//     wait for one of 16 processes
#[tokio::test]
async fn concurrent_events_get_separate_processes_up_to_the_limit() {
    let mut world = world(|function, _| function.timeout_s = 1);
    for _ in 0..3 {
        world.send(json!({"do": "hang"}));
    }
    // Two start at once, the third only after one of them has timed out.
    let mut order = Vec::new();
    while order.len() < 6 {
        let step = world.expect(|notice| match notice {
            Notice::Invoked { .. } => Some("start"),
            Notice::Completed { .. } => Some("end"),
            _ => None,
        });
        order.push(step.await);
    }
    assert_eq!(order[..3], ["start", "start", "end"]);
    world.functions.shutdown().await;
}

#[tokio::test]
async fn a_process_gets_only_its_own_environment() {
    let mut world = world(|function, _| {
        let table = ("TABLE".to_owned(), "readings".to_owned());
        function.environment = BTreeMap::from([table]);
    });
    let environment = world.answer(json!({"do": "environment"})).await;
    let expected = [
        ("TABLE", "readings"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "http://d"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "key-of-Regulate"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_SESSION_TOKEN", "token"),
        ("AWS_LAMBDA_FUNCTION_NAME", "home-Regulate"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("AWS_LAMBDA_LOG_LEVEL", "DEBUG"),
        ("_HANDLER", "bootstrap"),
    ];
    for (name, value) in expected {
        assert_eq!(environment[name], value, "{name}");
    }
    let task_root = environment["LAMBDA_TASK_ROOT"].as_str().unwrap_or_default();
    assert!(probe().starts_with(task_root), "{task_root}");
    for ours in ["HOME", "CARGO_MANIFEST_DIR", "NEXTEST", "USER"] {
        assert!(environment.get(ours).is_none(), "{ours} leaked");
    }
    world.functions.shutdown().await;
}

// AWS same(functions): errors of the handler, in the header alone, by exit, signal and timeout have
//     AWS's type and text
#[tokio::test]
async fn failures_have_lambdas_error_types() {
    let mut world = world(|function, _| function.timeout_s = 1);
    let cases = [
        ("fail", "Probe.Failed", "as asked"),
        ("fail-plain", "Probe.Plain", "no json"),
        ("abort", "Runtime.ExitError", "signal: aborted"),
        (
            "exit",
            "Runtime.ExitError",
            "Error: Runtime exited with error: exit status 3",
        ),
        (
            "hang",
            "Sandbox.Timedout",
            "Error: Task timed out after 1.00 seconds",
        ),
    ];
    for (what, error_type, text) in cases {
        let (kind, message) = world.failure(json!({"do": what})).await;
        assert_eq!(kind, error_type, "{what}");
        assert!(message.contains(text), "{what}: {message}");
    }
    // A reported error leaves the process alive; an exit or timeout does not.
    assert_eq!(world.answer(json!({"do": "echo"})).await["count"], 1);
    world.failure(json!({"do": "fail"})).await;
    assert_eq!(world.answer(json!({"do": "echo"})).await["count"], 3);
    world.functions.shutdown().await;
}

// AWS same(functions): a failed initialisation is retried once with the first event, which fails
//     with its error
#[tokio::test]
async fn a_failed_start_is_retried_once_then_reported() {
    for (mode, error_type, text) in [
        ("error", "Probe.Init", "no start"),
        (
            "exit",
            "Runtime.ExitError",
            "Error: Runtime exited with error: exit status 7",
        ),
    ] {
        let mut world = world(|function, _| {
            let mode = ("PROBE_INIT".to_owned(), mode.to_owned());
            function.environment = BTreeMap::from([mode]);
        });
        let (kind, message) = world.failure(json!({"do": "echo"})).await;
        assert_eq!(kind, error_type);
        assert!(message.contains(text), "{message}");
        world.functions.shutdown().await;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let mark = directory.path().join("mark").display().to_string();
    let mut world = world(|function, _| {
        let pairs = [("PROBE_INIT", "once".to_owned()), ("PROBE_MARK", mark)];
        function.environment = pairs.map(|(k, v)| (k.to_owned(), v)).into();
    });
    assert_eq!(world.answer(json!({"do": "echo"})).await["count"], 1);
    world.functions.shutdown().await;
}

// AWS same(functions): standard output and standard error go to the log
#[tokio::test]
async fn both_outputs_of_a_process_become_log_lines() {
    let mut world = world(|_, _| {});
    world.send(json!({"do": "print"}));
    let mut lines = Vec::new();
    while lines.len() < 2 {
        let line = world.expect(|notice| match notice {
            Notice::Log { line, .. } => Some(line.clone()),
            _ => None,
        });
        lines.push(line.await);
    }
    lines.sort();
    assert_eq!(lines, ["to stderr", "to stdout"]);
    world.functions.shutdown().await;
}

// AWS same(functions): a response to an event that has ended is refused
#[tokio::test]
async fn only_the_first_answer_to_an_event_counts() {
    let mut world = world(|_, _| {});
    world.send(json!({"do": "twice"}));
    // The process prints after its responses, so either may be seen first.
    let (mut outcome, mut line) = (None, None);
    while outcome.is_none() || line.is_none() {
        let notice = world.expect(|notice| Some(notice.clone())).await;
        match notice {
            Notice::Completed { outcome: seen, .. } => outcome = Some(seen),
            Notice::Log { line: seen, .. } => line = Some(seen),
            _ => {}
        }
    }
    assert_eq!(outcome, Some(Outcome::Success(b"1".to_vec())));
    assert_eq!(line.as_deref(), Some("statuses [400, 202, 400]"));
    assert_eq!(world.answer(json!({"do": "echo"})).await["count"], 2);
    world.functions.shutdown().await;
}

#[tokio::test]
async fn unknown_functions_missing_binaries_and_late_events_are_errors() {
    let world = world(|_, _| {});
    let unknown = world.functions.invoke_async("other", Vec::new());
    assert!(matches!(unknown, Err(FunctionError::Unknown(name)) if name == "other"));
    world.functions.shutdown().await;
    let late = world.functions.invoke_async(&function().arn, Vec::new());
    assert!(matches!(late, Err(FunctionError::Closed(_))));
    let mut wiring = None;
    self::world(|_, w| wiring = Some(w.clone()));
    let mut wiring = wiring.expect("set above");
    wiring.binaries.clear();
    let missing = Functions::start(vec![function()], wiring);
    let message = missing.err().map(|e| e.to_string());
    assert_eq!(
        message.as_deref(),
        Some(
            "start function home-Regulate: no executable for binary probe: name one in `binaries`"
        )
    );
}
