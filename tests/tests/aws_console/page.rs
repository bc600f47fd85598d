//! The page in a browser, at the width of a phone.

use anyhow::{Context, Result, ensure};
use e2e::browser::Browser;
use e2e::inspect::Inspector;
use serde_json::json;

use crate::console::Console;
use crate::world;

/// Keys, as `WebDriver` names them.
const ENTER: &str = "\u{E007}";
const ESCAPE: &str = "\u{E00C}";
const TAB: &str = "\u{E004}";

#[tokio::test]
async fn browser_page_of_an_account_unlocks_after_a_confirmation() -> Result<()> {
    let world = world().await?;
    let arguments = ["console", "--allow-requests", "--actor", "carol"];
    let console = Console::start(world.shell()?.command(&arguments)?).await?;
    let (browser, inspector) = (Browser::start_phone(390, 844).await?, Inspector::new()?);
    let inspect = async |what: &str| {
        let found = inspector.inspect(&browser).await?;
        ensure!(found.is_empty(), "{what}: {found:#?}");
        Ok(())
    };
    browser
        .open(&format!("{}/#token={}", console.origin, console.token))
        .await?;
    let card = "//*[@data-lock='lock-1']//h2/a";
    browser.find(card).await?;
    inspect("all doors").await?;
    browser.click(&browser.find(card).await?).await?;
    browser
        .find("//*[@id='latch'][@data-word='locked']")
        .await?;
    let address = browser.run("return location.href").await?;
    assert_eq!(address, json!(format!("{}/#/door/lock-1", console.origin)));
    // What only a laptop has is not there: neither to see nor to reach with the keyboard.
    let hidden = "return [...document.querySelectorAll('[data-needs]')].filter((each) =>
      each.getAttribute('data-needs') !== 'request' && each.getClientRects().length > 0).length;";
    assert_eq!(browser.run(hidden).await?, json!(0));
    inspect("a door").await?;

    let unlock = "//*[@id='ask-unlock'][@aria-disabled='false']";
    let is_open = "return document.getElementById('confirm').open;";
    let focused = "return document.activeElement.textContent;";
    browser.click(&browser.find(unlock).await?).await?;
    assert_eq!(browser.run(is_open).await?, json!(true));
    assert_eq!(browser.run(focused).await?, json!("Cancel"));
    browser.press_keys(ESCAPE).await?;
    assert_eq!(browser.run(is_open).await?, json!(false));
    assert_eq!(
        browser.run(focused).await?,
        json!("Unlock…"),
        "the focus comes back"
    );
    browser.press_keys(ENTER).await?;
    assert_eq!(browser.run(focused).await?, json!("Cancel"));
    inspect("the question").await?;
    browser.press_keys(TAB).await?;
    browser.press_keys(ENTER).await?;
    let answer = "//*[@id='asked'][contains(., 'lock-1 is unlocked after')]";
    browser.find(answer).await.context("the answer is shown")?;
    for (xpath, what) in [
        ("//*[@id='latch'][@data-word='unlocked']", "the latch"),
        (
            "//*[@id='history'][contains(., 'carol requests unlock')]",
            "who asked",
        ),
        (
            "//*[@id='agreement'][@data-agreement='same']",
            "that both agree",
        ),
    ] {
        browser
            .find(xpath)
            .await
            .with_context(|| format!("the page shows {what}"))?;
    }
    world.until_settled("lock-1", "unlocked").await?;
    inspect("the answer").await?;
    browser.close().await?;
    console.end().await
}

#[tokio::test]
async fn browser_page_without_the_token_says_which_address_opens_it() -> Result<()> {
    let world = world().await?;
    let console = Console::start(world.shell()?.command(&["console"])?).await?;
    let browser = Browser::start_phone(390, 844).await?;
    browser.open(&console.origin).await?;
    let words = "//*[@id='gone'][contains(., 'only the whole address')]";
    browser.find(words).await.context("the page says why")?;
    // The whole address in the same tab.
    browser
        .open(&format!("{}/#token={}", console.origin, console.token))
        .await?;
    browser
        .find("//*[@data-lock='lock-1']")
        .await
        .context("the door is shown")?;
    let asks = "return document.getElementById('ask-unlock').getClientRects().length;";
    browser
        .click(&browser.find("//*[@data-lock='lock-1']//h2/a").await?)
        .await?;
    browser
        .find("//*[@id='latch'][@data-word='locked']")
        .await?;
    assert_eq!(
        browser.run(asks).await?,
        json!(0),
        "a page that only shows has no button"
    );
    browser.close().await?;
    console.end().await
}
