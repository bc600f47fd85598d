//! The way of a press, as the console draws it while it happens.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use aws_sdk_iotdataplane::primitives::Blob;
use e2e::World;
use e2e::page::{PLACES, Page};
use serde_json::{Value, json};

/// Sweeps every 1.2 s, and a wide quiet window for a busy machine.
const QUICK: [&str; 5] = [
    "--memory",
    "--time-scale",
    "0.02",
    "--parameter",
    "QuietWindowMs=4999",
];

fn names(way: &Value) -> Vec<&str> {
    let steps = way["steps"].as_array().into_iter().flatten();
    steps.filter_map(|step| step["name"].as_str()).collect()
}

fn detail<'a>(way: &'a Value, name: &str) -> &'a str {
    let mut steps = way["steps"].as_array().into_iter().flatten();
    let step = steps.find(|step| step["name"] == name);
    step.and_then(|step| step["detail"].as_str())
        .unwrap_or_default()
}

/// A page, and the ways that it has seen to their end.
struct Reader {
    page: Page,
    ended: BTreeSet<String>,
}

impl Reader {
    async fn open(world: &World) -> Result<Self> {
        Ok(Self {
            page: Page::open(world).await?,
            ended: BTreeSet::new(),
        })
    }

    /// The next way that has ended as `kind` and fits.
    async fn end(&mut self, kind: &str, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        let what = format!("that ended as {kind}");
        let fits = |way: &Value| way["end"]["kind"] == kind && fits(way);
        self.ended(&what, fits).await
    }

    /// The next way that has ended, however.
    async fn next_end(&mut self) -> Result<Value> {
        let has_end = |way: &Value| way["end"].is_object();
        self.ended("that ended", has_end).await
    }

    async fn ended(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        let id = |way: &Value| way["id"].to_string();
        let is_next = |way: &Value| !self.ended.contains(&id(way)) && fits(way);
        let way = self.page.until("way", what, is_next).await?;
        self.ended.insert(id(&way));
        Ok(way)
    }
}

fn any(_: &Value) -> bool {
    true
}

/// Publishes a press without a sequence.
async fn press_over_rest(world: &World) -> Result<()> {
    let press = json!({ "serialNumber": "button-1", "clickType": "LONG" });
    let publish = world.iot_data().publish().qos(1);
    let publish = publish.topic("iotbutton/button-1");
    let publish = publish.payload(Blob::new(press.to_string()));
    publish.send().await.context("publish the press")?;
    Ok(())
}

#[tokio::test]
async fn a_press_is_followed_from_the_button_to_the_record() -> Result<()> {
    let world = World::start_with(&QUICK).await?;
    let mut reader = Reader::open(&world).await?;
    for kind in ["state", "ways", "messages"] {
        assert_eq!(reader.page.next().await?.0, kind);
    }
    world.press("button-1", "SINGLE").await?;
    let is_press = |message: &Value| message["topic"] == "iotbutton/button-1";
    let message = reader
        .page
        .until("message", "of the press", is_press)
        .await?;
    assert_eq!(message["client"], "button-1", "{message}");
    assert_eq!(message["cut"], false, "{message}");
    let way = reader.end("done", any).await?;
    assert_eq!(names(&way), PLACES, "{way:#}");
    assert_eq!(
        (&way["button"], &way["lock"]),
        (&json!("button-1"), &json!("lock-1"))
    );
    assert_eq!(way["end"]["where"], "record", "{way:#}");
    let at = |name: &str| {
        let mut steps = way["steps"].as_array().into_iter().flatten();
        let step = steps.find(|step| step["name"] == name);
        step.and_then(|step| step["at"].as_u64()).context("no time")
    };
    let serial = [
        "broker",
        "rule",
        "function",
        "transaction",
        "command",
        "shadow",
        "record",
    ];
    for pair in serial.windows(2) {
        assert!(at(pair[0])? <= at(pair[1])?, "{pair:?}: {way:#}");
    }

    // A page that opens later gets what was there, whole.
    let mut late = Page::open(&world).await?;
    late.next().await?;
    let (kind, ways) = late.next().await?;
    assert_eq!(kind, "ways");
    assert_eq!(ways.as_array().and_then(|ways| ways.last()), Some(&way));
    let (kind, messages) = late.next().await?;
    assert_eq!(kind, "messages");
    let messages = messages.as_array().context("no list")?;
    assert!(messages.contains(&message), "{messages:#?}");
    Ok(())
}

#[tokio::test]
async fn a_duplicate_and_a_lost_command_come_out_right() -> Result<()> {
    let world = World::start_with(&QUICK).await?;
    let mut reader = Reader::open(&world).await?;
    world.arm("duplicate:iotbutton/+@1").await?;
    world.press("button-1", "LONG").await?;
    // The copy is ignored, or it sends the command again if the lock has not answered yet.
    let is_copied = |way: &Value| {
        let is_ignored = detail(way, "function").contains("a copy was ignored");
        is_ignored || detail(way, "command").contains("sent 2 times")
    };
    let way = reader.end("done", is_copied).await?;
    assert!(detail(&way, "rule").ends_with("matched 2 times"), "{way:#}");
    assert_eq!(names(&way), PLACES, "{way:#}");

    world.arm("drop:remote-lock/lock-1@1").await?;
    world.press("button-1", "DOUBLE").await?;
    let way = reader.end("done", any).await?;
    let command = detail(&way, "command");
    assert!(command.starts_with("lock v"), "{way:#}");
    assert!(command.contains("sent 2 times"), "{way:#}");
    Ok(())
}

#[tokio::test]
async fn an_ignored_press_ends_where_it_was_ignored_with_the_reason() -> Result<()> {
    let world = World::start_with(&QUICK).await?;
    let mut reader = Reader::open(&world).await?;
    // Without a sequence, the second one is in the quiet window of the first. Two processes take
    // them, so the second may be decided first, and then the first is superseded.
    press_over_rest(&world).await?;
    press_over_rest(&world).await?;
    let mut ways = [reader.next_end().await?, reader.next_end().await?];
    ways.sort_by_key(|way| way["end"]["kind"].to_string());
    let [done, ignored] = &ways;
    assert_eq!(done["end"]["kind"], "done", "{done:#}");
    assert_eq!(ignored["end"]["kind"], "ignored", "{ignored:#}");
    assert_eq!(ignored["end"]["where"], "function", "{ignored:#}");
    let why = ignored["end"]["why"].as_str().context("no reason")?;
    let reasons = ["ignored: quiet window", "ignored: superseded"];
    assert!(reasons.contains(&why), "{ignored:#}");
    assert_eq!(
        names(ignored),
        ["button", "broker", "rule", "function", "transaction"],
        "{ignored:#}"
    );
    world.until_history("lock-1", why).await?;
    Ok(())
}

#[tokio::test]
async fn two_presses_at_once_have_a_way_each() -> Result<()> {
    let world = World::start_with(&["--memory", "--locks", "2", "--buttons", "2"]).await?;
    let mut reader = Reader::open(&world).await?;
    let (one, two) = tokio::join!(
        world.press("button-1", "SINGLE"),
        world.press("button-2", "SINGLE")
    );
    one.and(two)?;
    let mut ways = [
        reader.end("done", any).await?,
        reader.end("done", any).await?,
    ];
    ways.sort_by_key(|way| way["button"].to_string());
    for (way, (button, lock)) in ways
        .iter()
        .zip([("button-1", "lock-1"), ("button-2", "lock-2")])
    {
        assert_eq!(
            (&way["button"], &way["lock"]),
            (&json!(button), &json!(lock))
        );
        assert_eq!(names(way), PLACES, "{way:#}");
    }
    Ok(())
}
