//! The console in a real headless Chromium: press the button, see the door change, keep the picture.
//! `UPDATE_PICTURE=1` puts the picture into the docs; without it the picture goes beside the other test output.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::World;
use e2e::browser::Browser;
use fantoccini::Locator;

const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test]
async fn browser_press_on_the_page_moves_the_door() -> Result<()> {
    // Not headless: this world serves the page.
    let world = World::with_page(&["--memory"]).await?;
    world.until_settled("lock-1", "locked").await?;
    let browser = Browser::start(1200, 1060).await?;
    let page = &browser.page;
    page.goto(world.at("console")).await?;
    let wait = || page.wait().at_most(PATIENCE);
    wait()
        .for_element(Locator::Css("#door[data-latch=locked]"))
        .await
        .context("the door is shown locked")?;

    let single = Locator::Css("[data-button=button-1] [data-click=SINGLE]:enabled");
    wait()
        .for_element(single)
        .await
        .context("the button can be pressed")?
        .click()
        .await?;
    wait()
        .for_element(Locator::Css("#door[data-latch=unlocked]"))
        .await
        .context("the door opens")?;
    let settled = "#record [data-field=status][data-word=settled] ";
    wait()
        .for_element(Locator::Css(
            "#record [data-field=state][data-word=unlocked]",
        ))
        .await
        .context("the record follows")?;
    wait()
        .for_element(Locator::Css(settled.trim()))
        .await
        .context("the record settles")?;
    wait()
        .for_element(Locator::Css(
            "#shadow [data-field=lock][data-word=unlocked]",
        ))
        .await
        .context("the shadow follows")?;
    // The page draws both again as they change, so an element that was found may be gone before its text is read.
    wait()
        .for_element(Locator::XPath("//*[@id='history'][contains(., 'unlock')]"))
        .await
        .context("the events tell of it")?;
    world.until_settled("lock-1", "unlocked").await?;
    let counted =
        "//*[@id='metrics'][not(@hidden)]//*[@data-metric='press']//td[2][normalize-space()='1']";
    wait()
        .for_element(Locator::XPath(counted))
        .await
        .context("the metrics tell of one press, one invocation")?;

    let picture = page.screenshot().await?;
    std::fs::write(picture_path(), picture).context("keep the picture")?;
    browser.close().await
}

fn picture_path() -> std::path::PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    if std::env::var_os("UPDATE_PICTURE").is_some() {
        root.join("infra/docs/console.png")
    } else {
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("console.png")
    }
}
