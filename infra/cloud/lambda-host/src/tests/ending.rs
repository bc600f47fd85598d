//! How processes end: with the functions or by a kill.

use serde_json::json;

use super::super::{Functions, Notice, Outcome};
use super::{PATIENCE, world};

/// Waits until a process has exited or is a zombie.
async fn wait_for_exit(pid: u64) {
    let ended = async {
        loop {
            let status = std::fs::read_to_string(format!("/proc/{pid}/stat"));
            match status {
                Err(_) => return,
                Ok(text) if text.contains(") Z ") => return,
                Ok(_) => tokio::task::yield_now().await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, ended)
        .await
        .expect("the process ends");
}

#[tokio::test]
async fn no_process_outlives_shutdown_kill_or_the_last_handle() {
    type End = fn(Functions) -> std::pin::Pin<Box<dyn Future<Output = ()>>>;
    let ends: [(&str, End); 3] = [
        ("shutdown", |f| Box::pin(async move { f.shutdown().await })),
        ("drop", |f| Box::pin(async move { drop(f) })),
        ("kill", |f| {
            Box::pin(async move { f.kill("Regulate").expect("known") })
        }),
    ];
    for (name, end) in ends {
        let mut world = world(|_, _| {});
        let pid = world.answer(json!({"do": "echo"})).await["pid"].as_u64();
        world.send(json!({"do": "hang"}));
        world
            .expect(|notice| matches!(notice, Notice::Invoked { .. }).then_some(()))
            .await;
        end(world.functions).await;
        wait_for_exit(pid.unwrap_or_else(|| panic!("{name}: the probe has a pid"))).await;
    }
}

// AWS same(functions): a process that dies fails its event with Runtime.ExitError and the signal;
//     the next event gets a new process
#[tokio::test]
async fn a_killed_process_fails_its_event_and_the_next_event_gets_a_new_one() {
    let mut world = world(|_, _| {});
    world.answer(json!({"do": "echo"})).await;
    world.send(json!({"do": "hang"}));
    world
        .expect(|notice| matches!(notice, Notice::Invoked { .. }).then_some(()))
        .await;
    world.functions.kill("Regulate").expect("known");
    let Outcome::Failure(failure) = world.outcome().await else {
        panic!("the process is gone");
    };
    assert_eq!(failure.error_type, "Runtime.ExitError");
    let text = "Error: Runtime exited with error: signal: killed";
    assert!(failure.message.ends_with(text), "{}", failure.message);
    assert_eq!(world.answer(json!({"do": "echo"})).await["count"], 1);
    world.functions.shutdown().await;
}
