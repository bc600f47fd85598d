//! `lockctl watch` where no console says that something has changed: against AWS it asks.

use anyhow::{Context, Result, ensure};
use e2e::World;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdout};

use crate::DEADLINE;

struct Watch {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Watch {
    fn start(world: &World, arguments: &[&str]) -> Result<Self> {
        let mut child = world.shell()?.command(arguments)?.spawn()?;
        let output = child.stdout.take().context("no standard output")?;
        Ok(Self {
            child,
            output: BufReader::new(output),
        })
    }

    async fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        let read = tokio::time::timeout(DEADLINE, self.output.read_line(&mut line));
        ensure!(read.await.context("no line")?? > 0, "the output ended");
        Ok(line)
    }

    /// The lines until the command has ended as done.
    async fn end(mut self) -> Result<String> {
        let mut rest = String::new();
        let ended = async {
            self.output.read_to_string(&mut rest).await?;
            self.child.wait().await
        };
        let ended = tokio::time::timeout(DEADLINE, ended).await;
        let status = ended.context("watch goes on")??;
        ensure!(status.success(), "{status}: {rest}");
        Ok(rest)
    }
}

#[tokio::test]
async fn a_watch_of_an_account_asks_and_shows_a_press_as_it_happens() -> Result<()> {
    let world = World::start().await?;
    world.until_settled("lock-1", "locked").await?;
    let mut people = Watch::start(&world, &["watch", "--count", "2"])?;
    let mut script = Watch::start(&world, &["watch", "--count", "2", "--output", "json"])?;
    let target = people.line().await?;
    assert!(target.starts_with("target: stack remote-lock"), "{target}");
    assert!(!target.contains("local ("), "{target}");
    let table = people.line().await?;
    assert!(table.starts_with("lock-1       locked, "), "{table}");
    let first: Value = serde_json::from_str(&script.line().await?)?;
    assert_eq!(first["locks"][0]["state"], "locked", "{first}");

    world.press("button-1", "LONG").await?;
    let rest = people.end().await?;
    assert!(rest.contains("button-1 LONG: unlock"), "{rest}");
    assert!(rest.contains("reports unlocked"), "{rest}");
    let documents = serde_json::Deserializer::from_str(&script.end().await?)
        .into_iter()
        .collect::<Result<Vec<Value>, _>>()?;
    let events = documents.iter().filter(|it| it["event"].is_object());
    assert_eq!(events.count(), 2, "{documents:?}");
    let is_open = |it: &Value| it["locks"][0]["state"] == "unlocked";
    assert!(documents.iter().any(is_open), "{documents:?}");
    Ok(())
}
