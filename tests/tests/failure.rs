//! Events that were given up: they leave an event with an alert in the history, and an unreadable
//! failure stays in its queue.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::World;
use e2e::world::has_event;
use running_cloud::call;
use serde_json::{Value, json};

/// How long a queue may take to reach the expected depth.
const DEADLINE: Duration = Duration::from_secs(120);

/// A stack whose button is an MQTT client of the test, with short minutes.
async fn bare(time_scale: &str) -> Result<World> {
    let arguments = [
        "--memory",
        "--no-button-devices",
        "--time-scale",
        time_scale,
    ];
    let world = World::start_with(&arguments).await?;
    world.until_settled("lock-1", "locked").await?;
    Ok(world)
}

fn press(sequence: u64) -> String {
    json!({ "serialNumber": "button-1", "clickType": "SINGLE", "batteryVoltage": "1568mV",
        "sequence": sequence })
    .to_string()
}

/// A queue of the stack.
struct Queue<'a> {
    world: &'a World,
    url: String,
}

impl<'a> Queue<'a> {
    fn new(world: &'a World, id: &str) -> Self {
        let (region, stack) = (world.at("region"), world.at("table"));
        let url = format!("https://sqs.{region}.amazonaws.com/123456789012/{stack}-{id}");
        Self { world, url }
    }

    /// Calls SQS as the operator.
    async fn call(&self, operation: &str, more: &Value) -> Result<Value> {
        let world = self.world;
        let mut body = more.clone();
        body["QueueUrl"] = self.url.as_str().into();
        let credentials = &world.ready()["credentials"];
        let text = |name: &str| credentials[name].as_str().unwrap_or_default();
        let key = (text("accessKeyId"), text("secretAccessKey"));
        let target = format!("AmazonSQS.{operation}");
        let place = (world.at("region"), "sqs");
        let sent = call::send(world.at("iot"), &target, &body, key, place).await;
        sent.with_context(|| operation.to_owned())
    }

    /// Number of messages that are visible, and that are being handled.
    async fn depth(&self) -> Result<(String, String)> {
        let answer = self.call("GetQueueAttributes", &json!({})).await?;
        let count = |name: &str| answer["Attributes"][name].as_str().map(str::to_owned);
        let visible = count("ApproximateNumberOfMessages").context("no count")?;
        let at_work = count("ApproximateNumberOfMessagesNotVisible").context("no count")?;
        Ok((visible, at_work))
    }

    async fn until_depth(&self, visible: &str, at_work: &str) -> Result<()> {
        let patience = tokio::time::Instant::now() + DEADLINE;
        let mut glances = tokio::time::interval(Duration::from_millis(50));
        loop {
            let seen = self.depth().await?;
            if seen == (visible.to_owned(), at_work.to_owned()) {
                return Ok(());
            }
            ensure!(
                tokio::time::Instant::now() < patience,
                "{} never had {visible} visible and {at_work} hidden messages; last seen {seen:?}",
                self.url
            );
            glances.tick().await;
        }
    }
}

/// The events of a history whose text contains `text`.
async fn lines(world: &World, name: &str, text: &str) -> Result<Vec<Value>> {
    let answer = world.lockctl_json(&["history", name]).await?;
    let lines = answer["history"].as_array().cloned().unwrap_or_default();
    let contains = |line: &Value| line.to_string().contains(text);
    Ok(lines.into_iter().filter(contains).collect())
}

#[tokio::test]
async fn a_press_whose_function_always_dies_leaves_an_event_with_an_alert() -> Result<()> {
    for step in ["before-read", "before-commit"] {
        let world = bare("0.01").await?;
        world.arm(&format!("kill:press.{step}@1-3")).await?;
        // SQS delivers the failure twice; the history has one event.
        world.arm("twice:failure@1-9").await?;
        let mut button = world.client("button-1").await?;
        button.publish("iotbutton/button-1", &press(7)).await?;
        let lock = world
            .until_history("lock-1", "button-1 SINGLE: given up: event age (2 attempts")
            .await?;
        ensure!(has_event(&lock, "[alert: given-up]"), "{step}: {lock:#}");
        assert_eq!(lock["device"]["movements"], 0, "{step}");
        assert_eq!(lock["record"]["state"], "locked", "{step}");
        world
            .until_log("the press's failure twice", |log| {
                let logged = log.function_log("FailureFunction");
                let messages = logged.iter().filter_map(|line| line["message"].as_str());
                let of_press = |message: &&str| message.starts_with("button-1 SINGLE: given up");
                messages.filter(of_press).count() == 2
            })
            .await?;
        assert_eq!(
            lines(&world, "lock-1", "given-up").await?.len(),
            1,
            "{step}"
        );
        Queue::new(&world, "FailureQueue")
            .until_depth("0", "0")
            .await?;
        let poison = Queue::new(&world, "PoisonQueue").depth().await?;
        assert_eq!(poison, ("0".to_owned(), "0".to_owned()), "{step}");
        world.log()?.check_invariants()?;
    }
    Ok(())
}

#[tokio::test]
async fn a_press_that_was_committed_and_given_up_has_both_events() -> Result<()> {
    let world = bare("0.01").await?;
    world.arm("kill:press.before-publish@1-3").await?;
    let mut button = world.client("button-1").await?;
    button.publish("iotbutton/button-1", &press(7)).await?;
    let lock = world.until_history("lock-1", "given up: event age").await?;
    ensure!(has_event(&lock, "SINGLE: unlock v"), "{lock:#}");
    Ok(())
}

#[tokio::test]
async fn a_request_that_was_given_up_is_in_the_history_of_its_lock() -> Result<()> {
    let world = bare("0.01").await?;
    world.arm("kill:press.before-commit@1-3").await?;
    let output = world.lockctl(&["lock", "lock-1", "--no-wait"]).await?;
    ensure!(output.status.success(), "{output:?}");
    let lock = world
        .until_history("lock-1", "requests lock: given up: event age")
        .await?;
    ensure!(has_event(&lock, "[alert: given-up]"), "{lock:#}");
    Ok(())
}

#[tokio::test]
async fn an_unreadable_failure_stays_in_its_queue_with_an_alert() -> Result<()> {
    let world = bare("0.005").await?;
    let failures = Queue::new(&world, "FailureQueue");
    let sent = json!({ "MessageBody": "this is not a failure event" });
    let id = failures.call("SendMessage", &sent).await?["MessageId"].clone();
    let poison = Queue::new(&world, "PoisonQueue");
    poison.until_depth("1", "0").await?;
    failures.until_depth("0", "0").await?;
    // The message stays after it is read: only a person deletes it.
    let look = json!({ "VisibilityTimeout": 0 });
    for _ in 0..2 {
        let seen = poison.call("ReceiveMessage", &look).await?;
        let message = &seen["Messages"][0];
        assert_eq!(message["MessageId"], id);
        assert_eq!(message["Body"], sent["MessageBody"]);
    }
    poison.until_depth("1", "0").await?;
    let log = world.log()?;
    let logged = log.function_log("FailureFunction");
    let alerts: Vec<&Value> = logged
        .iter()
        .filter(|line| line["message_id"] == id)
        .collect();
    assert_eq!(alerts.len(), 10, "not one for each receive: {alerts:#?}");
    for (receives, line) in (1..).zip(alerts) {
        assert_eq!(line["level"], "ERROR", "{line}");
        assert_eq!(line["code"], "malformed", "{line}");
        assert_eq!(line["alert"], "given-up", "{line}");
        assert_eq!(line["receives"], receives, "{line}");
    }
    assert_eq!(log.errors("FailureFunction"), [""; 0]);
    Ok(())
}
