//! Faults on the console: armed by name while the stack runs, ended, and noted in a journal.

use anyhow::{Context, Result};
use e2e::World;
use e2e::page::Page;
use reqwest::StatusCode;
use serde_json::{Value, json};

/// What the server answers, with the error if there is one.
async fn post(world: &World, path: &str, body: &Value) -> Result<(StatusCode, String)> {
    let (status, answer) = world.ask_console(path, body).await?;
    let error = answer["error"].as_str().unwrap_or_default();
    Ok((status, error.to_owned()))
}

async fn faults(world: &World) -> Result<Value> {
    let answer = reqwest::get(format!("{}/api/faults", world.at("console"))).await?;
    Ok(answer.error_for_status()?.json().await?)
}

#[tokio::test]
async fn each_kind_of_fault_is_listed_armed_by_its_example_and_ended() -> Result<()> {
    let world = World::start().await?;
    let all = faults(&world).await?;
    let kinds = all["kinds"].as_array().context("no kinds")?;
    let help = world.lockctl(&["local", "--fault", "help"]).await?;
    let help = String::from_utf8(help.stdout)?;
    assert_eq!((kinds.len(), &all["armed"]), (19, &json!([])), "{all:#}");
    for kind in kinds {
        let form = kind["form"].as_str().context("no form")?;
        assert!(help.contains(form), "{form}");
        let body = json!({ "fault": kind["example"] });
        let answer = post(&world, "faults", &body).await?;
        assert_eq!(answer.0, StatusCode::NO_CONTENT, "{body}: {answer:?}");
    }
    let armed = faults(&world).await?["armed"].clone();
    let armed = armed.as_array().context("no list")?;
    // A drift begins at once, for good, and is then no longer armed.
    assert!(armed.len() >= 18, "{armed:#?}");
    for text in armed {
        let body = json!({ "fault": text });
        // One may have struck since.
        let (status, error) = post(&world, "faults/end", &body).await?;
        assert!(
            status == StatusCode::NO_CONTENT || status == StatusCode::NOT_FOUND,
            "{error}"
        );
    }
    let left = faults(&world).await?["armed"].clone();
    assert_eq!(left, json!([]));
    for (body, words) in [
        (json!({ "fault": "drop" }), "no colon"),
        (
            json!({ "fault": "drop:a@x" }),
            "write it as drop:<topic filter>@<when>",
        ),
        (
            json!({ "fault": "kill:door.after-commit@1" }),
            "no function door",
        ),
        (
            json!({ "fault": "power:lock-9@t=0s" }),
            "no device lock-9 runs here",
        ),
    ] {
        let (status, error) = post(&world, "faults", &body).await?;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert!(error.contains(words), "{body}: {error}");
    }
    let (status, error) = post(&world, "faults/end", &json!({ "fault": "drop:a@1" })).await?;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(error.contains("is not armed"), "{error}");
    Ok(())
}

#[tokio::test]
async fn the_journal_of_the_faults_grows_on_the_page_as_they_strike() -> Result<()> {
    let world = World::start().await?;
    world.until_settled("lock-1", "locked").await?;
    let mut page = Page::open(&world).await?;
    let empty = page.until("faults", "at the beginning", |_| true).await?;
    assert_eq!(empty, json!({ "armed": [], "journal": [] }));
    world.arm("duplicate:iotbutton/+@1").await?;
    page.until("faults", "with one armed", |all| {
        all["armed"] == json!(["duplicate:iotbutton/+@1"])
    })
    .await?;
    world.press("button-1", "LONG").await?;
    let struck = page.until("fault", "that struck", |_| true).await?;
    let entry = &struck["entry"];
    assert_eq!(entry["fault"], "duplicate:iotbutton/+@1", "{struck:#}");
    assert_eq!(entry["target"], "iotbutton/button-1");
    assert_eq!(entry["what"], "occurrence 1");
    assert_eq!(struck["armed"], json!([]), "it is spent");

    world.arm("network:lock-1@t=0s+1s").await?;
    let text = "network:lock-1@t=0ms+1000ms";
    for what in ["begins", "ends"] {
        let of_lock = |struck: &Value| struck["entry"]["what"] == what;
        let struck = page.until("fault", what, of_lock).await?;
        assert_eq!(struck["entry"]["fault"], text, "{struck:#}");
        assert_eq!(struck["entry"]["target"], "lock-1");
    }
    world
        .until("lock-1", "connected again", |lock| {
            lock["device"]["connected"] == true && lock["device"]["network"] == true
        })
        .await?;
    // A page that opens later has the whole journal, oldest first.
    let all = faults(&world).await?;
    let journal = all["journal"].as_array().context("no journal")?;
    let whats: Vec<_> = journal.iter().map(|entry| entry["what"].as_str()).collect();
    assert_eq!(whats, [Some("occurrence 1"), Some("begins"), Some("ends")]);
    assert_eq!((journal[0]["id"].as_u64(), &journal[0]), (Some(1), entry));
    Ok(())
}
