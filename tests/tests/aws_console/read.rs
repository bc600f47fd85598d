//! What `lockctl console` reads: nothing while nobody looks, and what fails is shown.

use std::time::Duration;

use anyhow::{Context, Result};
use e2e::page::Page;
use e2e::proxy::{Proxy, Stop};

use crate::console::{Console, DEADLINE, secrets};
use crate::world;

/// Longer than the longest pause between two reads.
const LONGEST_PAUSE: Duration = Duration::from_secs(12);

/// Waits until another number of calls is left.
async fn until_called(proxy: &Proxy, left: usize) {
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    while proxy.left() == left {
        looks.tick().await;
    }
}

#[tokio::test]
async fn nothing_is_read_while_nobody_looks() -> Result<()> {
    let world = world().await?;
    let proxy = Proxy::start(world.at("dynamodb"), 1_000_000, Stop::Before).await?;
    let shell = world.shell()?;
    let shell = shell.with("AWS_ENDPOINT_URL_DYNAMODB", &proxy.address);
    let console = Console::start(shell.command(&["console"])?).await?;
    let begun = proxy.left();
    let called = tokio::time::timeout(LONGEST_PAUSE, until_called(&proxy, begun)).await;
    assert!(called.is_err(), "nobody has looked yet");
    let mut page = Page::open_at(&console.read_url("stream")).await?;
    page.next().await?;
    let seen = proxy.left();
    assert!(seen < begun);
    let called = tokio::time::timeout(DEADLINE, until_called(&proxy, seen)).await;
    called.context("it is read once and no more")?;
    drop(page);
    // What has begun may end.
    let silent = async {
        let mut left = proxy.left();
        while tokio::time::timeout(LONGEST_PAUSE, until_called(&proxy, left))
            .await
            .is_ok()
        {
            left = proxy.left();
        }
    };
    let silent = tokio::time::timeout(DEADLINE, silent).await;
    silent.context("nobody looks any more, and it is read")?;
    console.end().await
}

#[tokio::test]
async fn what_cannot_be_read_is_shown_with_what_was_known() -> Result<()> {
    let world = world().await?;
    let console = Console::start(world.shell()?.command(&["console"])?).await?;
    let before = console.json("state").await?;
    let secrets = secrets(&world)?;
    drop(world.stop().await?);
    let asked = tokio::time::timeout(DEADLINE, console.json("state")).await;
    let after = asked.context("no state while the account is away")??;
    let error = after["error"].as_str().unwrap_or_default();
    assert!(error.contains("no connection"), "{after:#}");
    assert!(error.contains("check the network"), "{error}");
    assert_eq!(after["locks"], before["locks"]);
    let history = console.get("history?thing=lock-1").await?;
    assert_eq!(history.status().as_u16(), 502);
    let texts = [after.to_string(), history.text().await?];
    for secret in secrets {
        assert!(!texts.concat().contains(&secret), "{texts:?}");
    }
    console.end().await
}
