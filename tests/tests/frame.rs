//! The console's page over a stream of the test's own: it applies differences, and asks for the
//! whole state again when one is missing.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::browser::Browser;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// How long a step may take. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);

/// The page's server. The test writes the streams, each of which is open until the test ends.
struct Server {
    address: SocketAddr,
    streams: mpsc::UnboundedReceiver<TcpStream>,
}

impl Server {
    async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (sender, streams) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(answer(connection, sender.clone()));
            }
        });
        Ok(Self { address, streams })
    }

    /// The next stream that the page opens.
    async fn stream(&mut self) -> Result<TcpStream> {
        let opened = tokio::time::timeout(DEADLINE, self.streams.recv()).await;
        opened
            .context("the page opened no stream")?
            .context("the server has ended")
    }
}

async fn answer(
    mut connection: TcpStream,
    streams: mpsc::UnboundedSender<TcpStream>,
) -> Result<()> {
    let mut lines = BufReader::new(&mut connection).lines();
    let request = lines.next_line().await?.context("no request")?;
    while lines
        .next_line()
        .await?
        .is_some_and(|line| !line.is_empty())
    {}
    let (kind, body) = match request.split(' ').nth(1) {
        Some("/") => ("text/html", include_str!("../../infra/console/index.html")),
        Some("/console.js") => (
            "text/javascript",
            include_str!("../../infra/console/console.js"),
        ),
        Some("/api/metrics") => (
            "application/json",
            r#"{"functions":[],"rules":[],"written":[]}"#,
        ),
        Some("/api/stream") => {
            let head = "HTTP/1.1 200 -\r\ncontent-type: text/event-stream\r\n\r\n";
            connection.write_all(head.as_bytes()).await?;
            streams.send(connection)?;
            return Ok(());
        }
        _ => ("text/css", ""),
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 -\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await?;
    Ok(connection.write_all(body.as_bytes()).await?)
}

async fn send(stream: &mut TcpStream, event: &str, data: &Value) -> Result<()> {
    let text = format!("event: {event}\ndata: {data}\n\n");
    Ok(stream.write_all(text.as_bytes()).await?)
}

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

fn tab(label: &str) -> String {
    format!("//*[@id='locks']//*[@data-lock='lock-1'][normalize-space()='{label} (lock-1)']")
}

#[tokio::test]
async fn browser_page_applies_differences_and_asks_for_the_whole_state_after_a_gap() -> Result<()> {
    let mut server = Server::start().await?;
    let browser = Browser::start(1200, 1060).await?;
    browser.open(&format!("http://{}", server.address)).await?;

    let mut first = server.stream().await?;
    send(&mut first, "state", &state(1, "Front")).await?;
    browser.find(&tab("Front")).await?;
    let newest = json!({ "at": 1_763_779_512_345_u64, "text": "c" });
    let changed = json!({
        "fields": { "label": "Back" },
        "lists": { "history": { "front": [newest], "keep": [0, 1] } },
    });
    let change = json!({ "number": 2, "locks": { "lock-1": changed } });
    send(&mut first, "change", &change).await?;
    browser.find(&tab("Back")).await?;
    let texts = "return [...document.querySelectorAll('#history span')].map(it => it.innerText);";
    assert_eq!(browser.run(texts).await?, json!(["c", "b"]));

    // Number 3 is missing. The first stream stays open, so the page itself leaves it.
    let lost = json!({ "fields": { "label": "Lost" } });
    let change = json!({ "number": 4, "locks": { "lock-1": lost } });
    send(&mut first, "change", &change).await?;
    let mut second = server.stream().await?;
    send(&mut second, "state", &state(4, "Whole")).await?;
    browser.find(&tab("Whole")).await?;
    let change = json!({ "number": 5, "locks": { "lock-1": { "fields": { "label": "Next" } } } });
    send(&mut second, "change", &change).await?;
    browser.find(&tab("Next")).await?;
    browser.close().await
}
