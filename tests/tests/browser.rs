//! The console in a headless Chromium: press the button, see the door change, take a picture.
//! `UPDATE_PICTURE=1` writes the picture to the docs, otherwise it goes to the test output.

use std::path::Path;

use anyhow::{Context, Result};
use e2e::World;
use e2e::browser::Browser;

/// What the page shows after a press, as an `XPath` and in words. The paths contain the text, since
/// the page may redraw an element between a search and a read.
const AFTER_PRESS: [(&str, &str); 6] = [
    (
        "//*[@id='door'][@data-latch='unlocked']",
        "the door is shown unlocked",
    ),
    (
        "//*[@id='record']//*[@data-field='state'][@data-word='unlocked']",
        "the record is shown unlocked",
    ),
    (
        "//*[@id='record']//*[@data-field='status'][@data-word='settled']",
        "the record is shown settled",
    ),
    (
        "//*[@id='shadow']//*[@data-field='lock'][@data-word='unlocked']",
        "the shadow is shown unlocked",
    ),
    (
        "//*[@id='history'][contains(., 'unlock')]",
        "the history shows the unlock",
    ),
    (
        "//*[@id='metrics'][not(@hidden)]//*[@data-metric='press']//td[2][normalize-space()='1']",
        "the metrics show one invocation for one press",
    ),
];

#[tokio::test]
async fn browser_press_on_the_page_moves_the_door() -> Result<()> {
    let world = World::start_with_page(&["--memory"]).await?;
    world.until_settled("lock-1", "locked").await?;
    let browser = Browser::start(1200, 1060).await?;
    browser.open(world.at("console")).await?;
    browser
        .find("//*[@id='door'][@data-latch='locked']")
        .await
        .context("find the door shown locked")?;
    let single = "//*[@data-button='button-1']//*[@data-click='SINGLE'][not(@disabled)]";
    browser.click(&browser.find(single).await?).await?;
    for (xpath, expected) in AFTER_PRESS {
        browser.find(xpath).await.context(expected)?;
    }
    world.until_settled("lock-1", "unlocked").await?;

    let picture = browser.screenshot().await?;
    std::fs::write(picture_path(), picture).context("write the picture")?;
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

/// Where the page shows labels, as an `XPath` and in words.
const LABELS: [(&str, &str); 4] = [
    (
        "//*[@id='locks']//*[@data-lock='lock-1'][normalize-space()='Front door, Hall (lock-1)']",
        "the lock's tab shows its label and its room",
    ),
    (
        "//*[@data-button='button-1']/h3[normalize-space()='fob (button-1)']",
        "the button shows its label",
    ),
    (
        "//*[@id='device'][starts-with(normalize-space(), 'Front door, Hall (lock-1): ')]",
        "the door shows its label",
    ),
    (
        "//*[@id='history'][contains(., 'fob (button-1) SINGLE: unlock')]",
        "the history shows the button's label",
    ),
];

#[tokio::test]
async fn browser_page_shows_what_people_call_the_door_and_the_button() -> Result<()> {
    let world = World::start_with_page(&["--memory", "--locks", "2"]).await?;
    world.until_settled("lock-1", "locked").await?;
    let label = ["label", "lock-1", "Front door", "--room", "Hall"];
    for arguments in [&label[..], &["label", "button-1", "fob"]] {
        let output = world.lockctl(arguments).await?;
        anyhow::ensure!(output.status.success(), "{output:?}");
    }
    let browser = Browser::start(1200, 1060).await?;
    browser.open(world.at("console")).await?;
    let single = "//*[@data-button='button-1']//*[@data-click='SINGLE'][not(@disabled)]";
    browser.click(&browser.find(single).await?).await?;
    for (xpath, expected) in LABELS {
        browser.find(xpath).await.context(expected)?;
    }
    let picture = browser.screenshot().await?;
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("label.png");
    std::fs::write(path, picture).context("write the picture")?;
    browser.close().await
}

/// The texts and boxes that reach beyond the right edge of the screen: what a phone cuts off.
const CUT_OFF: &str = "
    const edge = document.documentElement.clientWidth;
    const isCut = element => element.getBoundingClientRect().right > edge + 1;
    const cut = [...document.querySelectorAll('body *')].filter(isCut);
    const width = document.documentElement.scrollWidth;
    return [edge, width, ...cut.map(element => `${element.tagName} ${element.textContent}`)];
";

#[tokio::test]
async fn browser_page_fits_a_phone_whatever_people_call_their_doors() -> Result<()> {
    const PHONE: u32 = 390;
    let world = World::start_with_page(&["--memory", "--locks", "2"]).await?;
    world.until_settled("lock-1", "locked").await?;
    // The longest labels: of several words, and of one.
    let words = "Front door of the old house by the river";
    let word = "Donaudampfschifffahrtsgesellschaftskabin";
    for arguments in [
        &["label", "lock-1", words, "--room", word][..],
        &["label", "lock-2", word],
        &["label", "button-1", word],
    ] {
        let output = world.lockctl(arguments).await?;
        anyhow::ensure!(output.status.success(), "{output:?}");
    }
    let browser = Browser::start_phone(PHONE, 844).await?;
    browser.open(world.at("console")).await?;
    let single = "//*[@data-button='button-1']//*[@data-click='SINGLE'][not(@disabled)]";
    browser.click(&browser.find(single).await?).await?;
    for xpath in [
        &format!("//*[@id='locks']//*[@data-lock='lock-2'][contains(., '{word}')]"),
        &format!("//*[@id='device'][contains(., '{words}')]"),
        &format!("//*[@id='history'][contains(., '{word} (button-1) SINGLE: unlock')]"),
        "//*[@id='metrics'][not(@hidden)]//*[@data-metric='press']",
    ] {
        browser.find(xpath).await?;
    }
    let picture = browser.screenshot().await?;
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("phone.png");
    std::fs::write(path, picture).context("write the picture")?;
    assert_eq!(
        browser.run(CUT_OFF).await?,
        serde_json::json!([PHONE, PHONE])
    );
    browser.close().await
}
