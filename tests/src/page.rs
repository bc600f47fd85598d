//! The console's live stream, as a page reads it.
//!
//! Must not know: what an event of the stream says.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::World;

/// How long an event may take to come. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);

/// Every part that a press passes, in order.
pub const PLACES: [&str; 10] = [
    "button",
    "broker",
    "rule",
    "function",
    "transaction",
    "command",
    "latch",
    "shadow",
    "report-rule",
    "record",
];

/// An open stream.
pub struct Page {
    answer: reqwest::Response,
    /// What came after the last whole event.
    rest: Vec<u8>,
}

impl Page {
    /// Opens the stream of a world.
    pub async fn open(world: &World) -> Result<Self> {
        Self::open_at(&format!("{}/api/stream", world.at("console"))).await
    }

    /// Opens the stream at this address.
    pub async fn open_at(url: &str) -> Result<Self> {
        let answer = reqwest::get(url).await?.error_for_status()?;
        let rest = Vec::new();
        Ok(Self { answer, rest })
    }

    /// The next event: its kind and its data.
    pub async fn next(&mut self) -> Result<(String, Value)> {
        loop {
            while let Some(end) = self.rest.windows(2).position(|two| two == b"\n\n") {
                let event: Vec<u8> = self.rest.drain(..end + 2).collect();
                if let Some(event) = parse(&String::from_utf8(event)?)? {
                    return Ok(event);
                }
            }
            let more = tokio::time::timeout(DEADLINE, self.answer.chunk()).await;
            let more = more.context("the stream is silent")??;
            self.rest
                .extend(more.context("the stream has ended")?.iter());
        }
    }

    /// The first event of this kind that fits.
    pub async fn until(
        &mut self,
        kind: &str,
        what: &str,
        fits: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let mut last = Value::Null;
        let seen = async {
            loop {
                let (next, data) = self.next().await?;
                if next == kind {
                    last = data;
                    if fits(&last) {
                        return Ok(last.clone());
                    }
                }
            }
        };
        match tokio::time::timeout(DEADLINE, seen).await {
            Ok(found) => found,
            Err(_) => bail!("no {kind} {what} came; the last one was {last:#}"),
        }
    }
}

/// `None` for a comment, which only keeps the stream open.
fn parse(text: &str) -> Result<Option<(String, Value)>> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    match (field("event:"), field("data:")) {
        (Some(kind), Some(data)) => {
            let data = serde_json::from_str(data).with_context(|| format!("no JSON: {data}"))?;
            Ok(Some((kind.trim().to_owned(), data)))
        }
        _ => Ok(None),
    }
}
