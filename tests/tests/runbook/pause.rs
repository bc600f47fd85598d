//! `lockctl pause` and `lockctl resume`.

use anyhow::{Context, Result};
use e2e::World;
use serde_json::Value;

/// The states of `pause` and `resume` in an answer: rule, found state, state now.
pub fn states(answer: &Value) -> Vec<[String; 3]> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rules = answer["rules"].as_array().into_iter().flatten();
    let rows = rules.map(|row| ["rule", "was", "is"].map(|name| text(&row[name])));
    rows.collect()
}

/// The rows of the rules of the stack that are switched.
pub fn rows(was: &str, is: &str) -> [[String; 3]; 4] {
    let names =
        ["button", "request", "lock_only", "report"].map(|end| format!("remote_lock_{end}"));
    names.map(|name| [name, was.to_owned(), is.to_owned()])
}

/// Waits until the rules have handled every message that was published before.
pub async fn drain_rules(world: &World) -> Result<()> {
    let before = world.log()?.rule_failures("RuleNotFound");
    let topic = "$aws/rules/no_such_rule/drained";
    let publish = world.iot_data().publish().topic(topic).qos(1);
    publish.send().await.context("publish to a missing rule")?;
    let is_drained = |log: &e2e::log::Log| log.rule_failures("RuleNotFound") > before;
    world.until_log("the missing rule", is_drained).await?;
    Ok(())
}

#[tokio::test]
async fn presses_are_lost_between_pause_and_resume() -> Result<()> {
    let world = World::start_with(&["--memory", "--no-button-devices"]).await?;
    world.until_settled("lock-1", "locked").await?;
    let paused = world.lockctl_json(&["pause"]).await?;
    assert_eq!(states(&paused), rows("enabled", "disabled"));
    let again = world.lockctl_json(&["pause"]).await?;
    assert_eq!(states(&again), rows("disabled", "disabled"));

    world
        .lockctl_json(&["press", "button-1", "--no-wait"])
        .await?;
    drain_rules(&world).await?;
    let resumed = world.lockctl_json(&["resume"]).await?;
    assert_eq!(states(&resumed), rows("disabled", "enabled"));
    let again = world.lockctl_json(&["resume"]).await?;
    assert_eq!(states(&again), rows("enabled", "enabled"));

    world.lockctl_json(&["press", "button-1"]).await?;
    let opened = world.until_settled("lock-1", "unlocked").await?;
    let events = opened["history"].as_array().into_iter().flatten();
    let texts = events.filter_map(|event| event["text"].as_str());
    let presses = texts.filter(|text| text.contains("button-1 SINGLE"));
    assert_eq!(presses.count(), 1, "{:#}", opened["history"]);
    Ok(())
}

#[tokio::test]
async fn a_rule_under_another_name_is_offered_and_nothing_is_switched() -> Result<()> {
    let world = World::start().await?;
    let rule = ["pause", "--rule", "other", "--rule", "remote_lock_button"];
    let refused = world.lockctl(&rule).await?;
    let text = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success(), "{text}");
    for part in [
        "nothing is switched: rule other does not exist",
        "remote_lock_button (iotbutton/+)",
        "--rule remote_lock_button --rule remote_lock_lock_only --rule remote_lock_report",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let one = world
        .lockctl_json(&["pause", "--rule", "remote_lock_button"])
        .await?;
    assert_eq!(states(&one), rows("enabled", "disabled")[..1]);
    let human = world.lockctl(&["pause"]).await?;
    let text = String::from_utf8(human.stdout)?;
    for line in [
        "remote_lock_button: was already disabled",
        "remote_lock_report: was enabled, is disabled now",
        "presses, requests and reports are lost until `lockctl resume`",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    Ok(())
}
