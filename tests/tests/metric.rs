//! The console's metrics: what `CloudWatch` would count for a press.

use anyhow::{Context, Result};
use e2e::World;
use serde_json::{Value, json};

fn row<'a>(rows: &'a Value, name: &str) -> Result<&'a Value> {
    let rows = rows.as_array().context("no rows")?;
    let found = rows.iter().find(|row| row["name"] == name);
    found.with_context(|| format!("no {name} in {rows:?}"))
}

#[tokio::test]
async fn the_console_counts_what_a_press_invoked() -> Result<()> {
    let world = World::start().await?;
    world.until_settled("lock-1", "locked").await?;
    let before = world.metrics().await?;
    assert!(row(&before["functions"], "press").is_err(), "{before:#}");
    world.press("button-1", "SINGLE").await?;
    world.until_settled("lock-1", "unlocked").await?;
    world
        .until_log("the end of the press", |log| {
            log.successes("PressFunction") == 1
        })
        .await?;
    let after = world.metrics().await?;
    let press = row(&after["functions"], "press")?;
    assert_eq!(
        [&press["invocations"], &press["errors"], &press["throttles"]],
        [&json!(1), &json!(0), &json!(0)]
    );
    assert!(
        press["durationMs"]["maximum"].as_f64() > Some(0.0),
        "{press}"
    );
    let rules = after["rules"].as_array().context("rules")?;
    let matched = |rule: &&Value| rule["matches"].as_u64() > Some(0) && rule["failures"] == 0;
    assert_eq!(
        rules.iter().filter(matched).count(),
        rules.len(),
        "{rules:?}"
    );
    assert!(rules.len() >= 2, "the press and the report: {rules:?}");
    Ok(())
}

#[tokio::test]
async fn a_cloud_without_locks_and_buttons_has_nothing_to_count() -> Result<()> {
    let world = World::start_with(&["--memory", "--locks", "0", "--buttons", "0"]).await?;
    let none = json!({ "functions": [], "rules": [], "written": [] });
    assert_eq!(world.metrics().await?, none);
    Ok(())
}
