//! When to look again: a laptop stack's console says when something changes; AWS is asked, less and
//! less often while nothing happens.
//!
//! Must not know: what is looked at.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Pause after a change.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// Pause while nothing happens.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// A source of reasons to look again.
#[derive(Debug)]
pub struct Pulse {
    /// The stream of a console; without one the pause alone decides.
    console: Option<TcpStream>,
    pause: Duration,
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
    pub async fn wait(&mut self, has_changed: bool) {
        self.pause = next_pause(self.pause, has_changed);
        let Some(console) = &mut self.console else {
            return tokio::time::sleep(self.pause).await;
        };
        let mut bytes = [0; 4096];
        // Every message means that something may have changed; its content is not needed.
        let read = tokio::time::timeout(PAUSE_MAX, console.read(&mut bytes)).await;
        if let Ok(Ok(0) | Err(_)) = read {
            self.console = None;
        }
    }
}

fn next_pause(pause: Duration, has_changed: bool) -> Duration {
    if has_changed {
        PAUSE_MIN
    } else {
        (pause * 3 / 2).min(PAUSE_MAX)
    }
}

async fn connect(url: &str) -> std::io::Result<TcpStream> {
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let mut console = TcpStream::connect(host).await?;
    let request =
        format!("GET /api/stream HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n\r\n");
    console.write_all(request.as_bytes()).await?;
    Ok(console)
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
    async fn a_message_of_the_console_ends_the_wait_and_its_end_leaves_the_pause() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (accepted, mut pulse) =
            tokio::join!(listener.accept(), Pulse::start(Some(url.as_str())));
        let (mut server, _) = accepted.expect("a connection");
        server.write_all(b"event: state\n").await.expect("sent");
        pulse.wait(false).await;
        assert!(pulse.console.is_some());
        drop(server);
        pulse.wait(false).await;
        assert!(pulse.console.is_none());
    }
}
