//! A function that is not started by the stack but by the test, as a person does with a debugger.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::{Stack, thermostat};
use crate::world::DEADLINE;

/// The function, started as a person does from the file that the stack wrote.
fn start_by_hand(stack: &Stack, command: &str) -> Child {
    let file = stack.ready["functions"]["Regulate"]["environment"].as_str();
    let script = format!("set -a; . '{}'; exec {command}", file.unwrap());
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).stdout(Stdio::piped());
    shell.kill_on_drop(true);
    shell.spawn().unwrap()
}

#[tokio::test]
async fn a_function_that_is_not_started_waits_for_a_process_at_one_address() {
    // It need not be there to be waited for.
    let directory = thermostat();
    let bootstrap = directory.path().join("functions/regulate/bootstrap");
    let code = std::fs::read(&bootstrap).unwrap();
    std::fs::remove_file(&bootstrap).unwrap();
    let stack = Stack::start(directory, &["--no-start", "Regulate", "--log", "pretty"]).await;
    let waiting = &stack.ready["functions"]["Regulate"];
    let api = waiting["runtimeApi"].as_str().unwrap();
    let line = format!("waits          Regulate: start it with AWS_LAMBDA_RUNTIME_API={api}");
    stack.until("printed", |log| log.contains(&line)).await;
    let mut room = stack.room().await;
    let measured = json!({ "degrees": 17.5 }).to_string();
    room.publish("rooms/attic/temperature", &measured).await;
    std::fs::write(&bootstrap, code).unwrap();
    let executable: std::fs::Permissions = PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&bootstrap, executable).unwrap();
    let command = format!("'{}'", bootstrap.display());
    let first = start_by_hand(&stack, &command);
    let (_, answer) = room.json().await;
    assert_eq!(answer, json!({"on": true, "target": 20.0}));
    drop(first);

    // A changed template goes to the process that starts next.
    let template = stack.file("template.yaml");
    let text = std::fs::read_to_string(&template).unwrap();
    std::fs::write(&template, text.replacen("Default: 20", "Default: 15", 1)).unwrap();
    let file = PathBuf::from(waiting["environment"].as_str().unwrap());
    let is_new = |_: &str| {
        let text = std::fs::read_to_string(&file).unwrap();
        text.lines()
            .any(|line| line.starts_with("TARGET") && line.ends_with("=15"))
    };
    stack.until("applied", is_new).await;
    let _second = start_by_hand(&stack, &command);
    room.publish("rooms/attic/temperature", &measured).await;
    let (_, answer) = room.json().await;
    assert_eq!(answer, json!({"on": false, "target": 15.0}));
    stack.stop().await;
}

#[tokio::test]
async fn a_handler_that_is_not_started_comes_with_the_program_that_calls_it() {
    let directory = thermostat();
    let template = directory.path().join("template.yaml");
    let text = std::fs::read_to_string(&template).unwrap();
    let text = text.replacen("Runtime: provided.al2023", "Runtime: python3.12", 1);
    let text = text.replacen("Handler: bootstrap", "Handler: hear.hear", 1);
    std::fs::write(&template, text).unwrap();
    let hear = directory.path().join("functions/regulate/hear.py");
    let code = "def hear(event, context):\n    print('got', event['degrees'])\n";
    std::fs::write(hear, code).unwrap();
    let stack = Stack::start(directory, &["--no-start", "Regulate", "--log", "pretty"]).await;
    let command = stack.ready["functions"]["Regulate"]["command"].as_str();
    let command = command.unwrap().to_owned();
    assert!(command.starts_with("python3 -B -u "), "{command}");
    stack.until("printed", |log| log.contains(&command)).await;
    let room = stack.room().await;
    let measured = json!({ "degrees": 17.5 }).to_string();
    room.publish("rooms/attic/temperature", &measured).await;
    let mut process = start_by_hand(&stack, &command);
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let line = timeout(DEADLINE, lines.next_line()).await.unwrap().unwrap();
    assert_eq!(line.as_deref(), Some("got 17.5"));
    stack.stop().await;
}
