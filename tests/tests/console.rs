//! What the console's server answers beyond the live board: histories, and a button's permission.

use anyhow::{Context, Result};
use e2e::World;
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn get(world: &World, path: &str) -> Result<reqwest::Response> {
    let url = format!("{}/api/{path}", world.at("console"));
    Ok(reqwest::get(url).await?)
}

async fn events(world: &World, question: &str) -> Result<Vec<Value>> {
    let answer = get(world, &format!("history?{question}")).await?;
    let body: Value = answer.error_for_status()?.json().await?;
    let events = body["events"].as_array().cloned();
    events.with_context(|| format!("no events in {body}"))
}

fn heading<'a>(answer: &'a reqwest::Response, name: &str) -> &'a str {
    let value = answer.headers().get(name);
    value.and_then(|value| value.to_str().ok()).unwrap_or("")
}

#[tokio::test]
async fn a_history_is_filtered_by_who_and_why_and_saved_as_a_file() -> Result<()> {
    let world = World::start().await?;
    let labelled = world.lockctl(&["label", "button-1", "=hall"]).await?;
    assert!(labelled.status.success(), "{labelled:?}");
    world.press("button-1", "LONG").await?;
    world.until_settled("lock-1", "unlocked").await?;

    let all = events(&world, "thing=lock-1").await?;
    let times: Vec<_> = all.iter().map(|event| event["at"].as_u64()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "newest first: {times:?}");
    let shown = world.lock("lock-1").await?["history"].clone();
    assert_eq!(json!(all), shown, "as the board shows it");
    let newest = events(&world, "thing=lock-1&limit=1").await?;
    assert_eq!(newest, all[..1]);
    let pressed = events(&world, "thing=lock-1&who=%3Dhall&why=pressed").await?;
    assert_eq!(pressed.len(), 1, "{pressed:#?}");
    assert_eq!(pressed[0]["kind"], "press");
    assert!(
        events(&world, "thing=lock-1&who=nobody&why=")
            .await?
            .is_empty()
    );
    assert!(!events(&world, "thing=button-1").await?.is_empty());

    let csv = get(&world, "history?thing=lock-1&format=csv").await?;
    assert_eq!(heading(&csv, "content-type"), "text/csv; charset=utf-8");
    let disposition = heading(&csv, "content-disposition");
    assert_eq!(disposition, "attachment; filename=\"lock-1.csv\"");
    let text = csv.text().await?;
    let lines: Vec<&str> = text.split_terminator("\r\n").collect();
    assert_eq!(lines[0], "at,subject,kind,decision,reason,who,text");
    assert_eq!(lines.len(), all.len() + 1, "{text}");
    assert!(
        text.contains(",press,command,pressed,'=hall (button-1),'=hall (button-1) LONG"),
        "{text}"
    );
    let file = get(&world, "history?thing=lock-1&format=json-file").await?;
    let disposition = heading(&file, "content-disposition");
    assert_eq!(disposition, "attachment; filename=\"lock-1.json\"");
    assert_eq!(file.json::<Value>().await?["events"], json!(all));

    for (question, status, words) in [
        ("thing=lock-9", 404, "no lock lock-9 is registered"),
        ("thing=a%2Fb", 404, "nothing is called \"a/b\""),
        ("thing=lock-1&limit=1001", 400, "at most 1000"),
        ("thing=lock-1&format=xml", 400, "format"),
        ("who=x", 400, "thing"),
    ] {
        let answer = get(&world, &format!("history?{question}")).await?;
        assert_eq!(answer.status().as_u16(), status, "{question}");
        let body: Value = answer.json().await?;
        let error = body["error"].as_str().unwrap_or_default();
        assert!(error.contains(words), "{question}: {error}");
    }
    Ok(())
}

#[tokio::test]
async fn a_button_is_revoked_and_restored() -> Result<()> {
    let world = World::start().await?;
    let done = (StatusCode::NO_CONTENT, json!(""));
    for _ in 0..2 {
        assert_eq!(
            world
                .ask_console("buttons/button-1/revoke", &json!({}))
                .await?,
            done
        );
    }
    world.press("button-1", "LONG").await?;
    world
        .until_history("lock-1", "LONG: ignored: revoked")
        .await?;
    for _ in 0..2 {
        assert_eq!(
            world
                .ask_console("buttons/button-1/restore", &json!({}))
                .await?,
            done
        );
    }
    world.press("button-1", "LONG").await?;
    world.until_settled("lock-1", "unlocked").await?;
    world
        .until_history("lock-1", "console revokes button-1")
        .await?;

    for (path, status, words) in [
        ("button-9/revoke", 404, "no button button-9 is registered"),
        ("lock-1/restore", 404, "lock-1 is a lock"),
        ("%23/revoke", 404, "nothing is called \"#\""),
    ] {
        let (found, body) = world
            .ask_console(&format!("buttons/{path}"), &json!({}))
            .await?;
        assert_eq!(found.as_u16(), status, "{path}: {body}");
        let error = body["error"].as_str().unwrap_or_default();
        assert!(error.contains(words), "{path}: {error}");
    }
    let unbound = world.lockctl(&["unbind", "button-1"]).await?;
    assert!(unbound.status.success(), "{unbound:?}");
    let (status, body) = world
        .ask_console("buttons/button-1/restore", &json!({}))
        .await?;
    assert_eq!(status, StatusCode::CONFLICT, "{body}");
    assert!(
        body["error"]
            .as_str()
            .is_some_and(|error| error.contains("not bound"))
    );
    // A form of another page cannot do it.
    let url = format!("{}/api/buttons/button-1/revoke", world.at("console"));
    let answer = reqwest::Client::new().post(url).body("{}").send().await?;
    assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    Ok(())
}
