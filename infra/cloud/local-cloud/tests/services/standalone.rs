//! The stand-alone binary, started from the command line with a stack that uses none of our crates
//! and used by a real MQTT client.

mod argument;
mod external;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use rumqttc_v4::{MqttOptions, TlsConfiguration, Transport};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, interval, timeout};

use crate::world::{Client, DEADLINE, tls};

/// A running stack; dropping it ends the stack.
struct Stack {
    child: Child,
    directory: TempDir,
    ready: Value,
}

/// A copy of the thermostat that a test may change.
fn thermostat() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/thermostat");
    let functions = directory.path().join("functions/regulate");
    std::fs::create_dir_all(&functions).unwrap();
    for file in [
        "template.yaml",
        "functions/regulate/bootstrap",
        "functions/regulate/aws.py",
    ] {
        std::fs::copy(example.join(file), directory.path().join(file)).unwrap();
    }
    directory
}

fn command(directory: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local-cloud"));
    command
        .arg("--template")
        .arg(directory.path().join("template.yaml"))
        .arg("--ready-file")
        .arg(directory.path().join("ready.json"))
        .args(["--thing", "attic=room"])
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    if !arguments.contains(&"--log") {
        command.args(["--log", "json"]);
    }
    command
}

/// A thing with this name, connected.
async fn thing(ready: &Value, name: &str) -> Client {
    let read = |path: &Value| std::fs::read_to_string(path.as_str().unwrap()).unwrap();
    let files = &ready["things"][name];
    let config = tls(
        &read(&ready["ca"]),
        &read(&files["cert"]),
        &read(&files["key"]),
    );
    let (host, port) = ready["mqtts"].as_str().unwrap().split_once(':').unwrap();
    let mut settings = MqttOptions::new(name, (host, port.parse().unwrap()));
    settings.set_transport(Transport::Tls(TlsConfiguration::Rustls(config)));
    let mut client = Client::start(settings);
    client.connected().await;
    client
}

impl Stack {
    async fn start(directory: TempDir, arguments: &[&str]) -> Self {
        let log = std::fs::File::create(directory.path().join("log")).unwrap();
        let mut command = command(&directory, arguments);
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().unwrap();
        let mut stack = Self {
            child,
            directory,
            ready: Value::Null,
        };
        let file = stack.file("ready.json");
        stack.until("ready", |_| file.exists()).await;
        stack.ready = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        stack
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.file("log")).unwrap()
    }

    /// Waits until `fits` accepts the log.
    async fn until(&self, what: &str, fits: impl Fn(&str) -> bool) {
        let patience = Instant::now() + DEADLINE;
        let mut glances = interval(std::time::Duration::from_millis(20));
        while !fits(&self.log()) {
            assert!(Instant::now() < patience, "never {what}:\n{}", self.log());
            glances.tick().await;
        }
    }

    /// The sensor and heating of the attic, connected and listening.
    async fn room(&self) -> Client {
        let mut client = thing(&self.ready, "attic").await;
        client.subscribe("rooms/attic/heating").await;
        client
    }

    /// Sends Ctrl-C and waits for a clean end.
    async fn stop(mut self) -> TempDir {
        let pid = self.child.id().unwrap().to_string();
        let sent = Command::new("kill").args(["-INT", &pid]).status().await;
        assert!(sent.unwrap().success());
        let ended = timeout(DEADLINE, self.child.wait()).await;
        assert!(ended.unwrap().unwrap().success(), "{}", self.log());
        assert!(!self.file("ready.json").exists());
        self.directory
    }
}

// AWS same(template): a function whose folder holds an executable `bootstrap` runs as it is
// AWS different(functions): provided.al2023 contains no Python; here a script runs with the
//     interpreters of this machine
#[tokio::test]
async fn the_thermostat_heats_a_cold_room_and_keeps_its_readings() {
    let stack = Stack::start(thermostat(), &["--parameter", "TargetDegrees=19"]).await;
    let mut room = stack.room().await;
    for (degrees, on) in [(17.5, true), (19.5, false)] {
        let measured = json!({ "degrees": degrees }).to_string();
        room.publish("rooms/attic/temperature", &measured).await;
        let (topic, answer) = room.json().await;
        assert_eq!(topic, "rooms/attic/heating");
        assert_eq!(answer, json!({"on": on, "target": 19.0}), "{degrees}");
    }
    assert_eq!(stack.ready["outputs"]["TableName"], "local-Readings");
    stack.stop().await;
}

#[tokio::test]
async fn a_dynamic_reference_has_the_value_of_its_option() {
    let directory = thermostat();
    let path = directory.path().join("template.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let reference = "'{{resolve:ssm:/degrees}}'";
    std::fs::write(&path, text.replacen("!Ref TargetDegrees", reference, 1)).unwrap();
    let stack = Stack::start(directory, &["--resolve", "ssm:/degrees=19"]).await;
    let mut room = stack.room().await;
    let measured = json!({ "degrees": 17.5 }).to_string();
    room.publish("rooms/attic/temperature", &measured).await;
    assert_eq!(room.json().await.1, json!({"on": true, "target": 19.0}));
    stack.stop().await;
}

#[tokio::test]
async fn a_stack_without_a_log_works_and_prints_nothing() {
    let stack = Stack::start(thermostat(), &["--log", "none"]).await;
    let mut room = stack.room().await;
    let measured = json!({ "degrees": 17.5 }).to_string();
    room.publish("rooms/attic/temperature", &measured).await;
    assert_eq!(room.json().await.0, "rooms/attic/heating");
    assert_eq!(stack.log(), "");
    stack.stop().await;
}

#[tokio::test]
async fn a_wrong_template_or_argument_is_reported_in_one_line_and_nothing_runs() {
    let rows: [(&str, &str, &[&str], &str); 11] = [
        // (text in the template, its replacement, arguments, expected output)
        (
            "Handler: bootstrap",
            "Handlr: bootstrap",
            &[],
            "template.yaml:34:7: Regulate: unknown property Handlr: did you mean Handler?",
        ),
        (
            "functions/regulate",
            "functions/nowhere",
            &[],
            "Regulate: no executable: put one named `bootstrap` into",
        ),
        (
            "",
            "",
            &["--parameter", "TargetDegrees=31"],
            "TargetDegrees: the value cannot be \"31\": MaxValue is 30",
        ),
        (
            "",
            "",
            &["--parameter", "Target"],
            "--parameter Target: write it as NAME=VALUE",
        ),
        (
            "",
            "",
            &["--thing", "cellar=rom"],
            "--thing cellar=rom: Policy rom not found: the template has room",
        ),
        ("", "", &["--thing", "cellar"], "write it as NAME=POLICY"),
        (
            "",
            "",
            &["--fault", "kill:Regulate@1"],
            "parse fault kill:Regulate@1: no .<step>; write it as kill:<function>.<step>@<when>",
        ),
        (
            "!Ref TargetDegrees",
            "'{{resolve:ssm:/degrees}}'",
            &[],
            "Regulate: dynamic reference {{resolve:ssm:/degrees}} is not supported: nothing here \
             holds its value: give it with --resolve ssm:/degrees=VALUE",
        ),
        (
            "",
            "",
            &["--resolve", "ssm:/degrees"],
            "--resolve ssm:/degrees: write it as NAME=VALUE",
        ),
        (
            "",
            "",
            &["--no-start", "Regulator"],
            "--no-start Regulator: no such function; the template has Regulate",
        ),
        (
            "",
            "",
            &["--fault", "power:attic@t=1s+1s"],
            "--fault power:attic@t=1s+1s: power: devices are not run here",
        ),
    ];
    for (from, to, arguments, expected) in rows {
        let directory = thermostat();
        let path = directory.path().join("template.yaml");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let mut command = command(&directory, arguments);
        let output = timeout(DEADLINE, command.output()).await.unwrap().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{expected}");
        assert!(said.contains(expected), "{said}\n   want {expected}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[tokio::test]
async fn a_stack_whose_output_is_closed_ends_as_at_ctrl_c() {
    let directory = thermostat();
    let mut command = command(&directory, &[]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let ready = directory.path().join("ready.json");
    let patience = Instant::now() + DEADLINE;
    let mut glances = interval(std::time::Duration::from_millis(20));
    while !ready.exists() {
        assert!(Instant::now() < patience, "never ready");
        glances.tick().await;
    }
    let written: Value = serde_json::from_slice(&std::fs::read(&ready).unwrap()).unwrap();
    drop(child.stdout.take());
    // An event, which is written to the closed output.
    let _room = thing(&written, "attic").await;
    let output = timeout(DEADLINE, child.wait_with_output());
    let output = output.await.unwrap().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.starts_with("local-cloud: write to standard output: "),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(!ready.exists());
}

// AWS different(template): a changed stack is updated by a deployment; here a changed file is
//     applied when it is saved
#[tokio::test]
async fn a_changed_template_or_function_is_applied_while_the_stack_runs_and_a_broken_one_is_not() {
    let stack = Stack::start(thermostat(), &[]).await;
    let mut room = stack.room().await;
    let mut answer = async |degrees: f64| {
        let measured = json!({ "degrees": degrees }).to_string();
        room.publish("rooms/attic/temperature", &measured).await;
        room.json().await.1
    };
    assert_eq!(answer(17.5).await, json!({"on": true, "target": 20.0}));

    // A parameter's default: the function runs again with the new environment; the connection
    // stays.
    let change = |file: &str, from: &str, to: &str| {
        let path = stack.file(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from}");
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
    };
    let events = |kind: &str| {
        let kind = format!("\"kind\":\"{kind}\"");
        move |log: &str| log.lines().filter(|line| line.contains(&kind)).count()
    };
    let (taken, refused) = (events("reloaded"), events("reloadRefused"));
    change("template.yaml", "Default: 20", "Default: 15");
    stack.until("reloaded", |log| taken(log) == 1).await;
    assert_eq!(answer(17.5).await, json!({"on": false, "target": 15.0}));

    // A broken template: the error names file and line, and the old one keeps running.
    change("template.yaml", "Timeout: 10", "Timeout: ten");
    stack.until("refused", |log| refused(log) == 1).await;
    assert!(
        stack
            .log()
            .contains("template.yaml:36:16: Regulate: Timeout must be a whole number"),
        "{}",
        stack.log()
    );
    assert_eq!(answer(14.0).await, json!({"on": true, "target": 15.0}));
    change("template.yaml", "Timeout: ten", "Timeout: 10");

    // The function's source.
    change(
        "functions/regulate/bootstrap",
        "degrees < TARGET",
        "degrees < TARGET - 2",
    );
    stack.until("reloaded again", |log| taken(log) == 2).await;
    assert_eq!(answer(14.0).await, json!({"on": false, "target": 15.0}));

    // A rule's statement.
    change(
        "template.yaml",
        "topic(2) AS room, degrees,",
        "topic(2) AS room, degrees - 10 AS degrees,",
    );
    stack
        .until("reloaded the rule", |log| taken(log) == 3)
        .await;
    assert_eq!(answer(14.0).await, json!({"on": true, "target": 15.0}));

    // What holds data waits for a restart.
    change(
        "template.yaml",
        "AttributeName: room, AttributeType: S",
        "AttributeName: room, AttributeType: B",
    );
    stack.until("refused again", |log| refused(log) == 2).await;
    assert!(
        stack
            .log()
            .contains("a table has changed, and it holds data: restart to apply the change")
    );
    assert_eq!(answer(14.0).await, json!({"on": true, "target": 15.0}));
    stack.stop().await;
}

/// A stack with a user pool, whose attribute an output and a table's name need.
const POOL: &str = "Resources:
  Pool: {Type: AWS::Cognito::UserPool}
  Hut: {Type: AWS::IoT::Thing, Properties: {ThingName: !Sub 'hut-${Pool.ProviderName}'}}
  Room:
    Type: AWS::IoT::Policy
    Properties: {PolicyName: room, PolicyDocument: {Version: '2012-10-17', Statement: []}}
";

fn pool() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("template.yaml"), POOL).unwrap();
    directory
}

// AWS different(template): AWS makes every resource; here `--inert TYPE` makes a type that nothing
//     runs a name with made-up attributes, and the start says what is missing
#[tokio::test]
async fn a_stack_with_a_type_that_nothing_runs_starts_if_it_is_asked_for() {
    let refused = command(&pool(), &[]).output().await.unwrap();
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success(), "{text}");
    assert!(
        text.contains("template.yaml:3:")
            && text.contains("Hut: Pool.ProviderName has no value")
            && text.contains("--inert AWS::Cognito::UserPool"),
        "{text}"
    );
    let stack = Stack::start(pool(), &["--inert", "AWS::Cognito::UserPool"]).await;
    let log = stack.log();
    assert!(
        log.contains("template.yaml:2:3: Pool: AWS::Cognito::UserPool is a name only"),
        "{log}"
    );
    stack.stop().await;
}
