//! The console's page over a stream of the test's own: what the page gets, the test writes.
//!
//! Must not know: what an event of the stream says.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// How long a step may take. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);
/// The kinds of faults.
const FAULTS: &str = r#"{"kinds":[{"name":"drop","form":"drop:<topic filter>@<when>",
"what":"messages are lost in the broker","example":"drop:remote-lock/+@5%"}],
"notes":"<when>: 5%, 3 or 2-4\n<time>: 200ms, 20s, 3m"}"#;

/// The page's server. The test writes the streams, each of which is open until the test ends.
pub struct Server {
    /// Where it serves the page.
    pub address: SocketAddr,
    streams: mpsc::UnboundedReceiver<TcpStream>,
}

impl Server {
    /// Serves the page until the process ends.
    pub async fn start() -> Result<Self> {
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
    pub async fn stream(&mut self) -> Result<TcpStream> {
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
    let path = request.split(' ').nth(1).context("no path")?;
    if path == "/api/stream" {
        let head = "HTTP/1.1 200 -\r\ncontent-type: text/event-stream\r\n\r\n";
        connection.write_all(head.as_bytes()).await?;
        streams.send(connection)?;
        return Ok(());
    }
    let (kind, body) = match path.split_once('?').map_or(path, |(path, _)| path) {
        "/api/metrics" => (
            "application/json",
            r#"{"functions":[],"rules":[],"written":[]}"#.to_owned(),
        ),
        "/api/faults" => ("application/json", FAULTS.to_owned()),
        "/api/history" => ("application/json", r#"{"events":[]}"#.to_owned()),
        "/" => ("text/html", read("index.html")?),
        file if file.ends_with(".js") => ("text/javascript", read(&file[1..])?),
        file => ("text/css", read(&file[1..])?),
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 -\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await?;
    Ok(connection.write_all(body.as_bytes()).await?)
}

/// A file of the page, as it is in the checkout.
fn read(name: &str) -> Result<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/console");
    std::fs::read_to_string(folder.join(name)).with_context(|| format!("read {name}"))
}

/// Sends an event of this kind.
pub async fn send(stream: &mut TcpStream, event: &str, data: &Value) -> Result<()> {
    let text = format!("event: {event}\ndata: {data}\n\n");
    Ok(stream.write_all(text.as_bytes()).await?)
}
