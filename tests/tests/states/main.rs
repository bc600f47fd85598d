//! Every page of the console in every state that it can be in, on a desktop and on a phone, light
//! and dark: nothing that axe-core objects to, nothing cut off, no shift of the layout, no
//! complaint on the browser's console.

mod list;

use anyhow::{Context, Result};
use e2e::browser::Browser;
use e2e::frame::{Server, send};
use e2e::inspect::{Inspector, hold_still};

use self::list::{board, lock, states};

/// Looks at every state on one screen. Returns what is wrong.
async fn look(browser: &Browser, scheme: &str) -> Result<Vec<String>> {
    let inspector = Inspector::new()?;
    let mut server = Server::start().await?;
    let mut wrong = Vec::new();
    for state in states() {
        // Another address: the number sign alone would load nothing.
        browser.open("about:blank").await?;
        hold_still(browser, scheme).await?;
        let page = format!("http://{}/#{}", server.address, state.route);
        browser.open(&page).await?;
        let mut stream = server.stream().await?;
        for (event, data) in &state.events {
            send(&mut stream, event, data).await?;
        }
        for path in &state.clicks {
            browser.click(&browser.find(path).await?).await?;
        }
        browser.find(state.drawn).await.context(state.name)?;
        let found = inspector.inspect(browser).await.context(state.name)?;
        wrong.extend(found.iter().map(|text| format!("{}: {text}", state.name)));
    }
    Ok(wrong)
}

async fn check(browser: Browser, scheme: &str) -> Result<()> {
    let wrong = look(&browser, scheme).await?;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    browser.close().await
}

#[tokio::test]
async fn browser_every_state_is_good_on_a_light_desktop() -> Result<()> {
    check(Browser::start(1200, 1060).await?, "light").await
}

#[tokio::test]
async fn browser_every_state_is_good_on_a_dark_desktop() -> Result<()> {
    check(Browser::start(1200, 1060).await?, "dark").await
}

#[tokio::test]
async fn browser_every_state_is_good_on_a_light_phone() -> Result<()> {
    check(Browser::start_phone(390, 844).await?, "light").await
}

#[tokio::test]
async fn browser_every_state_is_good_on_a_dark_phone() -> Result<()> {
    check(Browser::start_phone(390, 844).await?, "dark").await
}

/// The inspection finds what it is for.
#[tokio::test]
async fn browser_a_bad_page_is_found_out() -> Result<()> {
    let browser = Browser::start(1200, 1060).await?;
    let mut server = Server::start().await?;
    browser.open(&format!("http://{}/", server.address)).await?;
    let mut stream = server.stream().await?;
    send(
        &mut stream,
        "state",
        &board(&[lock("lock-1", "locked")], &[]),
    )
    .await?;
    browser.find("//*[@data-lock='lock-1']").await?;
    let spoil = "
        const add = (parent, html) => parent.insertAdjacentHTML('afterbegin', html);
        add(document.body, '<div id=tall></div><button id=nameless></button>');
        document.getElementById('nameless').style.marginLeft = '3000px';
        console.error('a complaint');
        return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {
            document.getElementById('tall').style.height = '300px';
            setTimeout(done, 100);
        })));
    ";
    browser.run(spoil).await?;
    let found = Inspector::new()?.inspect(&browser).await?.join("\n");
    for word in [
        "axe button-name: #nameless",
        "cut off: BUTTON",
        "layout shift of",
        "a complaint",
    ] {
        assert!(found.contains(word), "no {word} in {found}");
    }
    browser.close().await
}
