//! What the command line asks for, and what it lacks.

use std::process::Stdio;

use tokio::time::timeout;

use super::{Stack, command, thermostat, thing};
use crate::world::DEADLINE;

#[tokio::test]
async fn a_thing_may_do_everything_if_the_command_line_says_so() {
    let directory = thermostat();
    let stack = Stack::start(directory, &["--thing", "cellar=*"]).await;
    let mut cellar = thing(&stack.ready, "cellar").await;
    cellar.subscribe("any/topic").await;
    cellar.publish("any/topic", "{}").await;
    assert_eq!(cellar.json().await.0, "any/topic");
    stack.stop().await;
}

#[tokio::test]
async fn a_refusal_names_every_option_that_the_template_needs() {
    let directory = thermostat();
    let path = directory.path().join("template.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let types = "\n  Bus: {Type: AWS::Bus::Line}\n  Tram: {Type: AWS::Tram::Line}\n\n  RoomPolicy:";
    std::fs::write(&path, text.replacen("\n  RoomPolicy:", types, 1)).unwrap();
    let mut command = command(&directory, &[]);
    command.stdout(Stdio::null());
    let output = timeout(DEADLINE, command.output()).await.unwrap().unwrap();
    let refused = String::from_utf8(output.stderr).unwrap();
    assert!(
        refused.contains("Bus: resource type AWS::Bus::Line is not supported"),
        "{refused}"
    );
    let all = "not supported in all: --inert AWS::Bus::Line --inert AWS::Tram::Line\n";
    assert!(refused.ends_with(all), "{refused}");
    assert_eq!(refused.lines().count(), 1, "{refused}");
}
