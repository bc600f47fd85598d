//! `infra/docs/OPERATING.md`, walked against the local cloud: each section in a house of its own,
//! its commands in order, with the output that the document shows.

mod desk;
mod hand;
mod house;
mod page;
mod shown;

use anyhow::{Context, Result};

use crate::house::House;
use crate::page::{Section, Step};

/// The section whose door and button the other sections begin with.
const FIRST: &str = "The first door";

/// Walks a section of the document, after the first one.
async fn walk(title: &str) -> Result<()> {
    let sections = page::read()?;
    let find = |title: &str| -> Result<&Section> {
        let found = sections.iter().find(|section| section.title == title);
        found.with_context(|| format!("OPERATING.md has no section {title:?}"))
    };
    let mut steps: Vec<&Step> = find(FIRST)?.steps.iter().collect();
    if title != FIRST {
        steps.extend(&find(title)?.steps);
    }
    let mut house = House::start().await?;
    for step in steps {
        let done = house.follow(step).await;
        done.with_context(|| format!("OPERATING.md:{}: {}", step.line, step.command))?;
    }
    Ok(())
}

#[tokio::test]
async fn the_first_door_is_opened_by_its_button() -> Result<()> {
    walk("The first door").await
}

#[tokio::test]
async fn a_second_door_and_a_third_button_are_added() -> Result<()> {
    walk("A second door, a third button").await
}

#[tokio::test]
async fn every_day_is_watched() -> Result<()> {
    walk("Every day").await
}

#[tokio::test]
async fn a_lost_button_is_revoked_enabled_and_retired() -> Result<()> {
    walk("A button was lost").await
}

#[tokio::test]
async fn a_device_gets_new_keys() -> Result<()> {
    walk("New keys for a device").await
}

#[tokio::test]
async fn a_house_is_moved() -> Result<()> {
    walk("Moving house").await
}

#[tokio::test]
async fn a_failure_is_found() -> Result<()> {
    walk("When something fails").await
}
