//! When to look again, and at what: a laptop stack's console says what changes; AWS is asked, less
//! and less often while nothing happens.
//!
//! Must not know: what is looked at.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Pause after a change.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// Pause while nothing happens.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// What to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// Everything.
    All,
    /// The locks and buttons with these names: nothing else has changed since the last look.
    At(BTreeSet<String>),
}

/// A source of reasons to look again.
#[derive(Debug)]
pub struct Pulse {
    /// The stream of a console; without one the pause alone decides.
    console: Option<Console>,
    pause: Duration,
}

#[derive(Debug)]
struct Console {
    stream: BufReader<TcpStream>,
    /// The line so far: a wait may end within a line.
    line: Vec<u8>,
    /// Whether the next data is of a change.
    is_change: bool,
    /// Number of the last frame.
    number: u64,
}

/// A change, as the console's stream has it.
#[derive(Debug, Deserialize)]
struct Change {
    number: u64,
    /// The names of what was written.
    written: BTreeSet<String>,
    /// Whether anything else may have changed.
    more: bool,
}

impl Pulse {
    /// Connects to the console at this URL, if there is one. Without a connection it asks.
    pub async fn start(console: Option<&str>) -> Self {
        let console = match console {
            Some(url) => connect(url).await.ok(),
            None => None,
        };
        Self {
            console,
            pause: PAUSE_MIN,
        }
    }

    /// Waits until it is time to look again. `has_changed` says whether the last look found
    /// something.
    pub async fn wait(&mut self, has_changed: bool) -> Look {
        self.pause = next_pause(self.pause, has_changed);
        let Some(console) = &mut self.console else {
            tokio::time::sleep(self.pause).await;
            return Look::All;
        };
        match tokio::time::timeout(PAUSE_MAX, console.next()).await {
            Ok(Some(look)) => look,
            // The stack may have things that its console does not show.
            Err(_) => Look::All,
            Ok(None) => {
                self.console = None;
                Look::All
            }
        }
    }
}

impl Console {
    /// The next reason to look; `None` after the end of the stream.
    async fn next(&mut self) -> Option<Look> {
        loop {
            let read = self.stream.read_until(b'\n', &mut self.line).await;
            if read.is_err() || !self.line.ends_with(b"\n") {
                return None;
            }
            let line = std::mem::take(&mut self.line);
            if let Some(look) = self.look(&String::from_utf8_lossy(&line)) {
                return Some(look);
            }
        }
    }

    /// The reason to look that a line is, if it is one.
    fn look(&mut self, line: &str) -> Option<Look> {
        if let Some(event) = line.strip_prefix("event:") {
            self.is_change = event.trim() == "change";
        }
        let data = line.strip_prefix("data:")?;
        let change = serde_json::from_str::<Change>(data);
        let change = change.ok().filter(|_| self.is_change);
        let Some(change) = change else {
            // The whole state, of which only the number is needed.
            let number = serde_json::from_str::<Whole>(data).map(|whole| whole.number);
            self.number = number.unwrap_or_default();
            return Some(Look::All);
        };
        let is_next = change.number == self.number + 1;
        self.number = change.number;
        if change.more || !is_next {
            return Some(Look::All);
        }
        (!change.written.is_empty()).then_some(Look::At(change.written))
    }
}

/// The whole state, as the console's stream has it.
#[derive(Debug, Deserialize)]
struct Whole {
    number: u64,
}

fn next_pause(pause: Duration, has_changed: bool) -> Duration {
    if has_changed {
        PAUSE_MIN
    } else {
        (pause * 3 / 2).min(PAUSE_MAX)
    }
}

async fn connect(url: &str) -> std::io::Result<Console> {
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(host).await?;
    // HTTP/1.0 has no chunks between the lines.
    let request = format!(
        "GET /api/stream?part=board HTTP/1.0\r\nHost: {host}\r\nAccept: text/event-stream\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    Ok(Console {
        stream: BufReader::new(stream),
        line: Vec::new(),
        is_change: false,
        number: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_to_ten_seconds_and_a_change_resets_it() {
        let mut pause = PAUSE_MIN;
        let mut looks = 0;
        while pause < PAUSE_MAX {
            pause = next_pause(pause, false);
            looks += 1;
        }
        assert_eq!((looks, pause), (6, PAUSE_MAX));
        assert_eq!(next_pause(pause, false), PAUSE_MAX);
        assert_eq!(next_pause(pause, true), PAUSE_MIN);
    }

    #[tokio::test]
    async fn the_console_says_what_to_look_at_and_its_end_leaves_the_pause() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (accepted, mut pulse) =
            tokio::join!(listener.accept(), Pulse::start(Some(url.as_str())));
        let (mut server, _) = accepted.expect("a connection");
        let at = |name: &str| Look::At(BTreeSet::from([name.to_owned()]));
        let lock = r#"{"lock-1":{"fields":{}}}"#;
        for (event, data, expected) in [
            (
                "state",
                r#"{"locks":[],"number":7}"#.to_owned(),
                Some(Look::All),
            ),
            (
                "change",
                format!(r#"{{"number":8,"written":["lock-1"],"more":false,"locks":{lock}}}"#),
                Some(at("lock-1")),
            ),
            // A device alone has changed: nothing that was written.
            (
                "change",
                r#"{"number":9,"written":[],"more":false}"#.to_owned(),
                None,
            ),
            (
                "change",
                r#"{"number":10,"written":["button-7"],"more":false}"#.to_owned(),
                Some(at("button-7")),
            ),
            (
                "change",
                r#"{"number":11,"written":["lock-1"],"more":true}"#.to_owned(),
                Some(Look::All),
            ),
            // Number 12 is missing.
            (
                "change",
                r#"{"number":13,"written":["lock-1"],"more":false}"#.to_owned(),
                Some(Look::All),
            ),
        ] {
            let text = format!(": alive\nevent: {event}\ndata: {data}\n\n");
            server.write_all(text.as_bytes()).await.expect("sent");
            if let Some(expected) = expected {
                assert_eq!(pulse.wait(false).await, expected, "{text}");
            }
        }
        drop(server);
        assert_eq!(pulse.wait(false).await, Look::All);
        assert!(pulse.console.is_none());
    }
}
