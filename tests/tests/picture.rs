//! The README's pictures, made by the real page in a headless Chromium: a door after a press, all
//! doors on a phone, and two moving pictures: a press, and a power cut in the middle of an unlock.
//! `UPDATE_PICTURE=1` writes them to the docs, otherwise they go to the test output.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::World;
use e2e::animation::Animation;
use e2e::browser::Browser;

/// The screen of the moving pictures: the door's page down to the way of the press.
const SCREEN: (u32, u32) = (1120, 1060);
/// How long the last frame stays before the picture begins again.
const REST_MS: u16 = 2_500;
/// Pause between two frames.
const FRAME: Duration = Duration::from_millis(80);

/// Waits until what moves on the page has come to rest.
const REST: &str = "
    const ends = ({ effect }) => effect.getTiming().iterations !== Infinity;
    const moving = document.getAnimations().filter(ends);
    return Promise.all(moving.map(({ finished }) => finished)).then(() => true);
";
const SINGLE: &str = "//*[@data-button='button-1']//*[@data-click='SINGLE'][not(@disabled)]";
const UNLOCKED: &str = "//*[@id='door'][@data-latch='unlocked']";
const DONE: &str = "//*[@id='way'][@data-end='done']";
const AGREED: &str = "//*[@id='agreement'][@data-agreement='same']";

fn path(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    if std::env::var_os("UPDATE_PICTURE").is_some() {
        root.join("infra/docs").join(name)
    } else {
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
    }
}

fn write(name: &str, file: &[u8]) -> Result<()> {
    std::fs::write(path(name), file).with_context(|| format!("write {name}"))
}

/// A stack with a door that people have given a name.
async fn stack() -> Result<World> {
    let world = World::start_with_page(&["--memory", "--locks", "2", "--buttons", "2"]).await?;
    world.until_settled("lock-1", "locked").await?;
    world.until_settled("lock-2", "locked").await?;
    for label in [
        &["lock-1", "Front door", "--room", "Hall"][..],
        &["lock-2", "Cellar"],
        &["button-1", "fob"],
        &["button-2", "stairs"],
    ] {
        let output = world.lockctl(&[&["label"], label].concat()).await?;
        ensure!(output.status.success(), "{output:?}");
    }
    Ok(world)
}

async fn open(browser: &Browser, world: &World, route: &str) -> Result<()> {
    let page = format!("{}/#{route}", world.at("console"));
    browser.open(&page).await
}

/// Takes frames while `act` runs.
async fn film(browser: &Browser, act: impl Future<Output = Result<()>>) -> Result<Animation> {
    let mut animation = Animation::default();
    let mut shot = browser.screenshot().await?;
    let mut taken = Instant::now();
    tokio::pin!(act);
    let mut frames = tokio::time::interval(FRAME);
    let mut acted = None;
    while acted.is_none() {
        tokio::select! {
            outcome = &mut act => acted = Some(outcome),
            _ = frames.tick() => {}
        }
        let shown = taken.elapsed();
        animation.add(&shot, u16::try_from(shown.as_millis())?)?;
        shot = browser.screenshot().await?;
        taken = Instant::now();
    }
    acted.transpose()?;
    animation.add(&shot, REST_MS)?;
    Ok(animation)
}

#[tokio::test]
async fn browser_a_press_is_filmed() -> Result<()> {
    let world = stack().await?;
    let browser = Browser::start(SCREEN.0, SCREEN.1).await?;
    open(&browser, &world, "/door/lock-1").await?;
    let press = browser.find(SINGLE).await?;
    // A press takes some 30 ms. So that an eye can follow it, its calls take longer here.
    for fault in [
        "slow:press.commit@1+500ms",
        "slow:press.publish@1+500ms",
        "delay:$aws/things/lock-1/shadow/update@1+500ms",
    ] {
        world.arm(fault).await?;
    }
    let animation = film(&browser, async {
        browser.click(&press).await?;
        browser.find(UNLOCKED).await?;
        browser.find(DONE).await?;
        browser.find(AGREED).await?;
        browser.run(REST).await.map(drop)
    })
    .await?;
    ensure!(animation.len() > 2, "{} frames", animation.len());
    write("press.png", &animation.file()?)?;
    browser.close().await?;

    // The same door on a larger screen, and all doors on a phone.
    let browser = Browser::start(1200, 1060).await?;
    open(&browser, &world, "/door/lock-1").await?;
    browser.find(DONE).await?;
    write("console.png", &browser.screenshot().await?)?;
    browser.close().await?;
    let phone = Browser::start_phone(390, 844).await?;
    open(&phone, &world, "/").await?;
    let unlocked = "//*[@data-lock='lock-1']//*[@data-part='state'][@data-word='unlocked']";
    phone.find(unlocked).await?;
    write("phone.png", &phone.screenshot().await?)?;
    phone.close().await
}

#[tokio::test]
async fn browser_a_power_cut_in_an_unlock_is_filmed() -> Result<()> {
    let world = stack().await?;
    let browser = Browser::start(SCREEN.0, SCREEN.1).await?;
    open(&browser, &world, "/door/lock-1").await?;
    let press = browser.find(SINGLE).await?;
    let power = browser.find("//*[@id='power']").await?;
    // The lock's report comes so late that the power is gone before the cloud knows of the unlock.
    world
        .arm("delay:$aws/things/lock-1/shadow/update@1+3s")
        .await?;
    let animation = film(&browser, async {
        browser.click(&press).await?;
        browser.find(UNLOCKED).await?;
        browser.click(&power).await?;
        browser
            .find("//*[@id='device'][@data-word='no power']")
            .await?;
        // The report that was under way: the cloud believes in an open door.
        browser
            .find("//*[@id='known'][@data-word='unlocked']")
            .await?;
        browser.click(&power).await?;
        browser
            .find("//*[@id='door'][@data-latch='locked']")
            .await?;
        browser
            .find("//*[@id='known'][@data-word='locked']")
            .await?;
        browser.find(AGREED).await?;
        browser.run(REST).await.map(drop)
    })
    .await?;
    // The door did not stay open: the lock came back in its safe state, and the record knows it.
    world.until_settled("lock-1", "locked").await?;
    ensure!(animation.len() > 2, "{} frames", animation.len());
    write("power-cut.png", &animation.file()?)?;
    browser.close().await
}
