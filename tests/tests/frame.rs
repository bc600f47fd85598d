//! The console's page over a stream of the test's own: it applies differences, asks for the whole
//! state again when one is missing, and shows ways and messages as they come.

use std::time::Duration;

use anyhow::Result;
use e2e::browser::Browser;
use e2e::frame::{Server, send};
use e2e::inspect::{Inspector, hold_still};
use e2e::page::PLACES;
use serde_json::{Value, json};

/// A whole state with this number, whose only lock has this label.
fn state(number: u32, label: &str) -> Value {
    let event = |text: &str| json!({ "at": 1_763_779_512_345_u64, "text": text });
    json!({
        "number": number,
        "locks": [{ "thing": "lock-1", "label": label, "history": [event("b"), event("a")] }],
        "buttons": [],
        "alerts": [],
    })
}

/// The heading of the door's page with this label.
fn heading(label: &str) -> String {
    format!("//*[@id='door-name'][normalize-space()='{label}']")
}

#[tokio::test]
async fn browser_page_applies_differences_and_asks_for_the_whole_state_after_a_gap() -> Result<()> {
    let mut server = Server::start().await?;
    let browser = Browser::start(1200, 1060).await?;
    let page = format!("http://{}/#/door/lock-1", server.address);
    browser.open(&page).await?;

    let mut first = server.stream().await?;
    send(&mut first, "state", &state(1, "Front")).await?;
    browser.find(&heading("Front")).await?;
    let newest = json!({ "at": 1_763_779_512_345_u64, "text": "c" });
    let changed = json!({
        "fields": { "label": "Back" },
        "lists": { "history": { "front": [newest], "keep": [0, 1] } },
    });
    let change = json!({ "number": 2, "locks": { "lock-1": changed } });
    send(&mut first, "change", &change).await?;
    browser.find(&heading("Back")).await?;
    let texts = "return [...document.querySelectorAll('#history span')].map(it => it.innerText);";
    assert_eq!(browser.run(texts).await?, json!(["c", "b"]));

    // Number 3 is missing. The first stream stays open, so the page itself leaves it.
    let lost = json!({ "fields": { "label": "Lost" } });
    let change = json!({ "number": 4, "locks": { "lock-1": lost } });
    send(&mut first, "change", &change).await?;
    let mut second = server.stream().await?;
    send(&mut second, "state", &state(4, "Whole")).await?;
    browser.find(&heading("Whole")).await?;
    let change = json!({ "number": 5, "locks": { "lock-1": { "fields": { "label": "Next" } } } });
    send(&mut second, "change", &change).await?;
    browser.find(&heading("Next")).await?;
    browser.close().await
}

#[tokio::test]
async fn browser_page_says_that_the_server_is_gone_and_goes_on_after_its_restart() -> Result<()> {
    let mut server = Server::start().await?;
    let browser = Browser::start(1200, 1060).await?;
    hold_still(&browser, "light").await?;
    let page = format!("http://{}/#/door/lock-1", server.address);
    browser.open(&page).await?;
    let mut stream = server.stream().await?;
    send(&mut stream, "state", &state(1, "Front")).await?;
    browser.find(&heading("Front")).await?;
    drop(stream);
    let gone = "//*[@id='gone'][not(@hidden)][contains(., 'no connection to lockctl')]";
    browser.find(gone).await?;
    let wrong = Inspector::new()?.inspect(&browser).await?;
    // The browser itself says on its console that the stream has ended.
    let wrong = wrong
        .iter()
        .filter(|text| !text.contains("ERR_INCOMPLETE_CHUNKED_ENCODING"));
    assert_eq!(wrong.collect::<Vec<_>>(), Vec::<&String>::new());
    let mut stream = server.stream().await?;
    send(&mut stream, "state", &state(1, "Back")).await?;
    browser.find(&heading("Back")).await?;
    browser
        .find("//*[@id='link'][@data-live='true'][normalize-space()='live']")
        .await?;
    browser.close().await
}

/// A settled lock with a button and a history, as the server shows them.
fn door(number: u32) -> (Value, Value) {
    let (lock, button) = (format!("lock-{number}"), format!("button-{number}"));
    let device = json!({ "powered": true, "network": true, "connected": true, "latch": "locked" });
    let reported = json!({ "at": 1_763_779_512_345_u64 });
    let events = (0..12_u64).map(|at| {
        json!({ "at": 1_763_779_512_345 - at, "key": at.to_string(), "kind": "press",
            "decision": "command", "reason": "pressed", "action": "lock", "button": button,
            "text": "SINGLE: lock" })
    });
    let shown = json!({
        "thing": lock, "device": device, "history": events.collect::<Vec<_>>(),
        "record": { "state": "locked", "status": "settled", "certainty": "acknowledged",
            "version": 7, "reported": reported },
        "shadow": { "reported": { "lock": "locked" }, "version": 7 },
    });
    (
        shown,
        json!({ "thing": button, "lock": lock, "device": device }),
    )
}

#[tokio::test]
async fn browser_a_hundred_doors_take_little_script_and_nothing_shifts() -> Result<()> {
    const DOORS: u32 = 100;
    /// Of the page's thread, the driver's own scripts included.
    const LIMIT: Duration = Duration::from_millis(100);
    let mut server = Server::start().await?;
    let browser = Browser::start(1200, 1060).await?;
    hold_still(&browser, "light").await?;
    browser.open(&format!("http://{}", server.address)).await?;
    let (locks, buttons): (Vec<Value>, Vec<Value>) = (1..=DOORS).map(door).unzip();
    let all = json!({ "number": 1, "locks": locks, "buttons": buttons, "alerts": [] });
    let mut stream = server.stream().await?;
    send(&mut stream, "state", &all).await?;
    browser.find("//*[@data-lock='lock-100']").await?;
    // One door after another is unlocked; the last change unlocks all.
    let unlocked = |number: u32| {
        let mut record = door(number).0["record"].take();
        record["state"] = json!("unlocked");
        let event = json!({ "at": 1_763_779_520_000_u64, "key": "new", "text": "unlock",
            "kind": "press", "action": "unlock", "reason": "pressed" });
        json!({ "fields": { "record": record },
            "lists": { "history": { "front": [event], "keep": [0, 11] } } })
    };
    let shows = |count: u32| format!("//*[@id='summary'][contains(., '{count} unlocked')]");
    let before = browser.script_time().await?;
    for number in 1..DOORS {
        let changed = json!({ format!("lock-{number}"): unlocked(number) });
        let change = json!({ "number": number + 1, "locks": changed });
        send(&mut stream, "change", &change).await?;
    }
    browser.find(&shows(DOORS - 1)).await?;
    let between = browser.script_time().await?;
    let every = (1..=DOORS).map(|number| (format!("lock-{number}"), unlocked(number)));
    let every: serde_json::Map<String, Value> = every.collect();
    let change = json!({ "number": DOORS + 1, "locks": every });
    send(&mut stream, "change", &change).await?;
    browser.find(&shows(DOORS)).await?;
    let after = browser.script_time().await?;
    let (each, last) = ((between - before) / (DOORS - 1), after - between);
    println!("script of an update: {each:?} for one door, {last:?} for all");
    assert!(!each.is_zero() && !last.is_zero(), "nothing was measured");
    assert!(each < LIMIT, "{each:?} of script for a change of one door");
    assert!(last < LIMIT, "{last:?} of script for a change of all");
    let wrong = Inspector::new()?.inspect(&browser).await?;
    assert_eq!(wrong, Vec::<String>::new());
    browser.close().await
}

/// A way with the first of these steps, one every 10 ms.
fn way(steps: usize, end: &Value) -> Value {
    let step = |(at, name): (u64, &&str)| json!({ "name": name, "at": 1000 + at * 10 });
    let steps: Vec<Value> = (0..).zip(PLACES.iter().take(steps)).map(step).collect();
    json!({ "id": "w", "button": "button-1", "lock": "lock-1", "at": 1000, "steps": steps,
        "end": end })
}

#[tokio::test]
async fn browser_the_way_of_a_press_grows_and_says_where_and_why_it_ended() -> Result<()> {
    let mut server = Server::start().await?;
    let browser = Browser::start(1200, 1060).await?;
    let page = format!("http://{}/#/door/lock-1", server.address);
    browser.open(&page).await?;
    let mut stream = server.stream().await?;
    send(&mut stream, "state", &state(1, "Front")).await?;
    send(&mut stream, "ways", &json!([way(2, &Value::Null)])).await?;
    let step = |name: &str, state: &str, when: &str| {
        format!(
            "//*[@id='way']//*[@data-step='{name}'][@data-state='{state}']\
             [.//*[@data-part='when'][normalize-space()='{when}']]"
        )
    };
    browser.find(&step("broker", "done", "+10 ms")).await?;
    browser.find(&step("rule", "next", "…")).await?;
    let end = json!({ "kind": "ignored", "where": "function", "why": "too old to open anything" });
    send(&mut stream, "way", &way(4, &end)).await?;
    browser.find(&step("function", "ended", "+30 ms")).await?;
    browser.find(&step("latch", "never", "–")).await?;
    let sentence = "Ignored at “Function”: too old to open anything";
    browser
        .find(&format!(
            "//*[@id='way']//*[normalize-space()='{sentence}']"
        ))
        .await?;
    browser.find("//*[@id='ways']//*[@data-choose='w']").await?;
    browser.close().await
}

#[tokio::test]
async fn browser_messages_are_filtered_and_held() -> Result<()> {
    let mut server = Server::start().await?;
    let browser = Browser::start(1200, 1060).await?;
    let page = format!("http://{}/#/messages", server.address);
    browser.open(&page).await?;
    let mut stream = server.stream().await?;
    let message = |id: u32, topic: &str| {
        json!({ "id": id, "at": 1000, "topic": topic, "client": null, "qos": 1,
            "payload": "{\"a\":1}", "cut": false })
    };
    send(&mut stream, "state", &state(1, "Front")).await?;
    let first = json!([
        message(1, "iotbutton/button-1"),
        message(2, "remote-lock/lock-1")
    ]);
    send(&mut stream, "messages", &first).await?;
    browser.find("//*[@id='message-list'][count(li)=2]").await?;
    let filter = browser.find("//*[@id='topic']").await?;
    browser.click(&filter).await?;
    browser.press_keys("remote-lock/+").await?;
    browser.find("//*[@id='message-list'][count(li)=1]").await?;
    browser
        .click(&browser.find("//*[@id='pause']").await?)
        .await?;
    send(&mut stream, "message", &message(3, "remote-lock/lock-2")).await?;
    browser
        .find("//*[@id='message-count'][contains(., '1 waiting')]")
        .await?;
    browser.find("//*[@id='message-list'][count(li)=1]").await?;
    browser
        .click(&browser.find("//*[@id='pause']").await?)
        .await?;
    browser.find("//*[@id='message-list'][count(li)=2]").await?;
    browser.close().await
}
