//! The console in a headless Chromium, over a whole stack: press the button, see the door change.

use std::path::Path;

use anyhow::{Context, Result};
use e2e::World;
use e2e::browser::Browser;
use e2e::inspect::{Inspector, hold_still};
use serde_json::json;

/// A phone's screen.
const PHONE: (u32, u32) = (390, 844);

/// The button of the door's page that presses `button-1` once, when it can.
const SINGLE: &str = "//*[@data-button='button-1']//*[@data-click='SINGLE'][not(@disabled)]";

/// What the door's page shows after a press, as an `XPath` and in words. The paths contain the
/// text, since the page may redraw an element between a search and a read.
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
        "//*[@id='agreement'][@data-agreement='same']",
        "lock and cloud are shown to agree",
    ),
    (
        "//*[@id='history'][contains(., 'unlock')]",
        "the history shows the unlock",
    ),
];

/// Opens a page of the console: the part of its address after the number sign.
async fn open(browser: &Browser, world: &World, route: &str) -> Result<()> {
    browser
        .open(&format!("{}/#{route}", world.at("console")))
        .await
}

async fn label(world: &World, arguments: &[&str]) -> Result<()> {
    let output = world.lockctl(&[&["label"], arguments].concat()).await?;
    anyhow::ensure!(output.status.success(), "{output:?}");
    Ok(())
}

async fn keep_picture(browser: &Browser, name: &str) -> Result<()> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(path, browser.screenshot().await?).context("write the picture")
}

#[tokio::test]
async fn browser_press_on_the_page_moves_the_door() -> Result<()> {
    let world = World::start_with_page(&["--memory"]).await?;
    world.until_settled("lock-1", "locked").await?;
    let browser = Browser::start(1200, 1060).await?;
    open(&browser, &world, "/door/lock-1").await?;
    browser
        .find("//*[@id='door'][@data-latch='locked']")
        .await
        .context("find the door shown locked")?;
    browser.click(&browser.find(SINGLE).await?).await?;
    for (xpath, expected) in AFTER_PRESS {
        browser.find(xpath).await.context(expected)?;
    }
    world.until_settled("lock-1", "unlocked").await?;
    keep_picture(&browser, "pressed.png").await?;

    open(&browser, &world, "/metrics").await?;
    browser
        .find("//*[@id='metrics']//*[@data-metric='press']//td[2][normalize-space()='1']")
        .await
        .context("the metrics show one invocation for one press")?;
    assert_eq!(browser.complaints().await?, Vec::<String>::new());
    browser.close().await
}

/// Where the door's page shows labels, as an `XPath` and in words.
const LABELS: [(&str, &str); 4] = [
    (
        "//*[@id='door-name'][normalize-space()='Front door, Hall']",
        "the heading is the lock's label and its room",
    ),
    (
        "//*[@id='door-thing'][normalize-space()='lock-1']",
        "the lock's name is shown",
    ),
    (
        "//*[@data-button='button-1']/h3[normalize-space()='fob button-1']",
        "the button shows its label and its name",
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
    label(&world, &["lock-1", "Front door", "--room", "Hall"]).await?;
    label(&world, &["button-1", "fob"]).await?;
    let browser = Browser::start(1200, 1060).await?;
    open(&browser, &world, "/door/lock-1").await?;
    browser.click(&browser.find(SINGLE).await?).await?;
    for (xpath, expected) in LABELS {
        browser.find(xpath).await.context(expected)?;
    }
    keep_picture(&browser, "label.png").await?;
    open(&browser, &world, "/").await?;
    let card = "//*[@id='locks']/*[@data-lock='lock-1']";
    for part in [
        "//h2[normalize-space()='Front door, Hall lock-1']",
        "//*[@data-part='state'][@data-word='unlocked']",
        "//*[@data-part='who'][normalize-space()='fob']",
        "//*[@data-press='button-1'][normalize-space()='Press fob']",
    ] {
        let shown = browser.find(&format!("{card}{part}")).await;
        shown.with_context(|| format!("the card shows {part}"))?;
    }
    keep_picture(&browser, "overview.png").await?;
    browser.close().await
}

/// Every page, and an element that shows that it is drawn.
const ROUTES: [(&str, &str); 6] = [
    (
        "/",
        "//*[@data-lock='lock-2'][.//*[@data-part='state'][@data-word='locked']]",
    ),
    (
        "/door/lock-1",
        "//*[@id='history']//*[contains(., 'unlock')]",
    ),
    (
        "/messages",
        "//h1[@id='messages-title'][not(ancestor::*[@hidden])]",
    ),
    (
        "/alerts",
        "//h1[@id='alerts-title'][not(ancestor::*[@hidden])]",
    ),
    ("/metrics", "//*[@id='metrics']//*[@data-metric='press']"),
    ("/faults", "//*[@id='fault-kind']/option"),
];

#[tokio::test]
async fn browser_every_page_of_a_running_stack_is_good() -> Result<()> {
    let world = World::start_with_page(&["--memory", "--locks", "2"]).await?;
    world.until_settled("lock-1", "locked").await?;
    world.until_settled("lock-2", "locked").await?;
    // The longest labels: of several words, and of one.
    let words = "Front door of the old house by the river";
    let word = "Donaudampfschifffahrtsgesellschaftskabin";
    label(&world, &["lock-1", words, "--room", word]).await?;
    label(&world, &["lock-2", word]).await?;
    label(&world, &["button-1", word]).await?;
    let desktop = Browser::start(1200, 1060).await?;
    open(&desktop, &world, "/door/lock-1").await?;
    desktop.click(&desktop.find(SINGLE).await?).await?;
    let text = format!("//*[@id='history'][contains(., '{word} (button-1) SINGLE: unlock')]");
    desktop.find(&text).await?;
    check_every_page(&desktop, &world, "desktop").await?;
    desktop.close().await?;
    let phone = Browser::start_phone(PHONE.0, PHONE.1).await?;
    check_every_page(&phone, &world, "phone").await?;
    phone.close().await
}

async fn check_every_page(browser: &Browser, world: &World, screen: &str) -> Result<()> {
    let inspector = Inspector::new()?;
    hold_still(browser, "light").await?;
    for (route, drawn) in ROUTES {
        open(browser, world, route).await?;
        browser.find(drawn).await.context(route)?;
        let wrong = inspector.inspect(browser).await?;
        assert_eq!(wrong, Vec::<String>::new(), "{route} on a {screen}");
        let name = route.rsplit('/').next().filter(|name| !name.is_empty());
        let name = format!("{screen}-{}.png", name.unwrap_or("overview"));
        keep_picture(browser, &name).await?;
    }
    Ok(())
}

#[tokio::test]
async fn browser_a_lost_button_is_revoked_and_the_history_says_what_its_press_did() -> Result<()> {
    let world = World::start_with_page(&["--memory"]).await?;
    world.until_settled("lock-1", "locked").await?;
    let browser = Browser::start(1200, 1060).await?;
    open(&browser, &world, "/door/lock-1").await?;
    let permission = |label: &str| {
        format!("//*[@data-button='button-1']//button[@aria-label='{label} button-1']")
    };
    let revoke = browser.find(&permission("Revoke")).await?;
    browser.click(&revoke).await?;
    browser
        .find("//*[@data-button='button-1'][@data-revoked='true']")
        .await?;
    browser.click(&browser.find(SINGLE).await?).await?;
    let ignored = "ignored: revoked";
    browser
        .find(&format!("//*[@id='history'][contains(., '{ignored}')]"))
        .await?;
    browser
        .find("//*[@id='way'][@data-end='ignored']//*[@data-step='function'][@data-state='ended']")
        .await?;
    // The filter leaves one event, and the file has the same.
    let why = "//*[@id='why']/option[@value='revoked']";
    browser.click(&browser.find(why).await?).await?;
    browser
        .find("//*[@id='history'][not(li[not(contains(., 'revoke'))])]")
        .await?;
    let csv = "return fetch(document.getElementById('export-csv').href).then(it => it.text());";
    let csv = browser.run(csv).await?;
    let csv = csv.as_str().context("no file")?;
    assert!(csv.contains(",press,ignored,revoked,button-1,"), "{csv}");
    assert!(!csv.contains("first report"), "{csv}");
    let shown = world.lock("lock-1").await?;
    assert_eq!(shown["record"]["state"], "locked", "{shown:#}");
    browser
        .click(&browser.find(&permission("Restore")).await?)
        .await?;
    browser
        .find("//*[@data-button='button-1'][@data-revoked='false']")
        .await?;
    browser.close().await
}

/// The keys of `WebDriver`. Source: <https://www.w3.org/TR/webdriver2/#keyboard-actions>
const ENTER: &str = "\u{e007}";
const TAB: &str = "\u{e004}";

#[tokio::test]
async fn browser_a_door_can_be_opened_with_the_keyboard_alone() -> Result<()> {
    let world = World::start_with_page(&["--memory"]).await?;
    world.until_settled("lock-1", "locked").await?;
    let browser = Browser::start(1200, 1060).await?;
    open(&browser, &world, "/").await?;
    browser
        .find("//*[@data-press='button-1'][not(@disabled)]")
        .await?;
    focus_with_tab(&browser, "[data-lock='lock-1'] a").await?;
    browser.press_keys(ENTER).await?;
    browser
        .find("//*[@id='door-content'][not(@hidden)]")
        .await?;
    // The focus is on the heading of the new page, and the button is behind it.
    let focused = "return document.activeElement.id;";
    assert_eq!(browser.run(focused).await?, json!("door-name"));
    focus_with_tab(&browser, "[data-button='button-1'] [data-click='SINGLE']").await?;
    browser.press_keys(ENTER).await?;
    for (xpath, expected) in AFTER_PRESS {
        browser.find(xpath).await.context(expected)?;
    }
    // The drawings of the press have not taken the focus away, so a second one needs no way back.
    let click = "return document.activeElement.dataset.click;";
    assert_eq!(browser.run(click).await?, json!("SINGLE"));
    browser.close().await
}

/// Presses Tab until an element that fits has the focus.
async fn focus_with_tab(browser: &Browser, selector: &str) -> Result<()> {
    let script = format!("return document.activeElement.matches(\"{selector}\");");
    for _ in 0..40 {
        if browser.run(&script).await? == json!(true) {
            return Ok(());
        }
        browser.press_keys(TAB).await?;
    }
    anyhow::bail!("40 times Tab did not reach {selector}")
}
