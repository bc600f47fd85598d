//! A proxy in front of a service of AWS that stops at a call, as if the network or the program had
//! ended there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// How long a program may take. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);

/// What happens to the call at which it stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The service never gets the call.
    Before,
    /// The service has carried it out, but the caller gets no answer.
    After,
}

/// A running proxy; it ends when it is dropped.
pub struct Proxy {
    /// Its address: `http://127.0.0.1:<port>`.
    pub address: String,
    state: Arc<State>,
    _tasks: JoinSet<()>,
}

struct State {
    target: String,
    stop: Stop,
    /// Calls that still pass.
    left: AtomicUsize,
    struck: Notify,
}

impl Proxy {
    /// Starts a proxy that passes `calls` calls on to `target`, and stops at the next one.
    pub async fn start(target: &str, calls: usize, stop: Stop) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}", listener.local_addr()?);
        let state = Arc::new(State {
            target: target.trim_start_matches("http://").to_owned(),
            stop,
            left: AtomicUsize::new(calls),
            struck: Notify::new(),
        });
        let mut tasks = JoinSet::new();
        let shared = Arc::clone(&state);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                connections.spawn(async move {
                    // A connection that breaks shows as an error of the caller.
                    let _ = state.serve(client).await;
                });
            }
        });
        Ok(Self {
            address,
            state,
            _tasks: tasks,
        })
    }

    /// Calls that still pass.
    pub fn left(&self) -> usize {
        self.state.left.load(Ordering::SeqCst)
    }

    /// Runs a program that calls through it, and kills the program at the call at which it stops.
    /// Returns whether it was killed; it was not if it ended well before that call.
    pub async fn kill_at_stop(&self, command: &mut Command) -> Result<bool> {
        let mut child = command.spawn().context("run the program")?;
        let race = async {
            tokio::select! {
                () = self.state.struck.notified() => {
                    child.kill().await.context("kill the program")?;
                    Ok(true)
                }
                status = child.wait() => {
                    let status = status.context("wait for the program")?;
                    ensure!(status.success(), "the program ended with {status}");
                    Ok(false)
                }
            }
        };
        let killed = tokio::time::timeout(DEADLINE, race).await;
        killed.context("the program neither ended nor made a call")?
    }
}

impl State {
    async fn serve(&self, mut client: TcpStream) -> Result<()> {
        let mut server = TcpStream::connect(&self.target).await?;
        while let Some(request) = read_message(&mut client).await? {
            let one_less = |left: usize| left.checked_sub(1);
            let passed = self
                .left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
            let passes = passed.is_ok();
            if passes || self.stop == Stop::After {
                server.write_all(&request).await?;
                let answer = read_message(&mut server).await?;
                if passes {
                    client.write_all(&answer.context("no answer")?).await?;
                }
            }
            if !passes {
                self.struck.notify_one();
                std::future::pending::<()>().await;
            }
        }
        Ok(())
    }
}

/// A whole request or answer; `None` at the end of the connection.
async fn read_message(stream: &mut TcpStream) -> Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let mut lines = head.lines();
            let length = lines.find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.map_or(Ok(0), |length| length.trim().parse())?;
            if bytes.len() >= end + 4 + length {
                return Ok(Some(bytes));
            }
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
}
