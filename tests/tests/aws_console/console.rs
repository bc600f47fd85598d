//! A running `lockctl console`, asked as its page asks.
//!
//! Must not know: what it shows.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::World;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How long a step may take. Generous: test machines are shared.
pub const DEADLINE: Duration = Duration::from_secs(120);
/// The last line that it prints once it serves.
const LAST: &str = "Ctrl-C ends it";

/// A running console, which ends when it is dropped.
pub struct Console {
    child: Child,
    /// What it has printed.
    pub lines: Vec<String>,
    /// `http://127.0.0.1:<port>`.
    pub origin: String,
    /// What every answer needs.
    pub token: String,
    pub http: reqwest::Client,
}

/// The keys of a stack's operator.
pub fn secrets(world: &World) -> Result<[String; 2]> {
    let text = |name: &str| {
        let text = world.ready()["credentials"][name].as_str();
        let text = text.filter(|text| text.len() >= 16);
        text.map(str::to_owned)
            .with_context(|| format!("no {name} to look for"))
    };
    Ok([text("accessKeyId")?, text("secretAccessKey")?])
}

impl Console {
    /// Starts it, and returns once it serves.
    pub async fn start(mut command: Command) -> Result<Self> {
        let mut child = command.spawn().context("run lockctl console")?;
        let output = child.stdout.take().context("no standard output")?;
        let mut output = BufReader::new(output).lines();
        let mut lines: Vec<String> = Vec::new();
        while lines.last().is_none_or(|line| line != LAST) {
            let line = tokio::time::timeout(DEADLINE, output.next_line()).await;
            let line = line.context("no line")??;
            lines.push(line.with_context(|| format!("it has ended: {lines:?}"))?);
        }
        let mut opens = lines.iter().filter_map(|line| line.strip_prefix("open "));
        let address = opens.next().context("no address")?;
        let parts = address.split_once("/#token=").context("no token")?;
        let (origin, token) = (parts.0.to_owned(), parts.1.to_owned());
        ensure!(token.len() >= 32, "a short token: {token}");
        Ok(Self {
            child,
            lines,
            origin,
            token,
            http: reqwest::Client::new(),
        })
    }

    /// Whether it has printed a line with this text.
    pub fn says(&self, text: &str) -> bool {
        self.lines.iter().any(|line| line.contains(text))
    }

    /// An address of its API.
    pub fn url(&self, path: &str) -> String {
        format!("{}/api/{path}", self.origin)
    }

    /// An address of its API for what has no headers.
    pub fn read_url(&self, path: &str) -> String {
        let sign = if path.contains('?') { '&' } else { '?' };
        format!("{}{sign}token={}", self.url(path), self.token)
    }

    /// What it answers to the page.
    pub async fn get(&self, path: &str) -> Result<Response> {
        let request = self.http.get(self.url(path)).bearer_auth(&self.token);
        Ok(request.send().await?)
    }

    /// The body of an answer.
    pub async fn json(&self, path: &str) -> Result<Value> {
        Ok(self.get(path).await?.error_for_status()?.json().await?)
    }

    /// Sends what the page sends when it changes something: status and body of the answer.
    pub async fn post(&self, path: &str, body: &Value) -> Result<(u16, Value)> {
        let request = self.http.post(self.url(path)).bearer_auth(&self.token);
        let request = request.header("origin", &self.origin).json(body);
        let answer = request.send().await?;
        let status: StatusCode = answer.status();
        let text = answer.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(json!(text));
        Ok((status.as_u16(), body))
    }

    /// Asks a lock, as the page's buttons do.
    pub async fn ask(&self, lock: &str, body: &Value) -> Result<(u16, Value)> {
        self.post(&format!("locks/{lock}/request"), body).await
    }

    /// Ends it with Ctrl-C, which is its end and no failure.
    pub async fn end(mut self) -> Result<()> {
        let pid = self.child.id().context("it has ended already")?.to_string();
        let sent = Command::new("kill").args(["-INT", &pid]).status().await?;
        ensure!(sent.success(), "SIGINT could not be sent");
        let ended = tokio::time::timeout(DEADLINE, self.child.wait()).await;
        let status = ended.context("it goes on after Ctrl-C")??;
        ensure!(
            status.code() == Some(0),
            "after Ctrl-C it ended with {status}"
        );
        Ok(())
    }
}
