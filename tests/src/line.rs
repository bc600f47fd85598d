//! A TCP line between a client and a server that can stall, die silently, or be cut.
//!
//! Must not know: what the bytes mean.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long a new connection may take. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);

/// What happens to bytes. Connections are numbered from 1 in the order of their beginning.
#[derive(Debug, Clone, Copy, Default)]
struct Condition {
    /// Bytes wait, on every connection.
    is_held: bool,
    /// Connections up to this one stay open, but pass nothing more.
    stranded: usize,
    /// Connections up to this one are closed.
    cut: usize,
}

/// A running line; it ends when it is dropped.
pub struct Line {
    /// Where the client connects: `host:port`, with the server's host.
    pub address: String,
    condition: watch::Sender<Condition>,
    begun: watch::Receiver<usize>,
    _tasks: JoinSet<()>,
}

impl Line {
    /// Starts a line to a server at `host:port` on this machine.
    pub async fn start(target: &str) -> Result<Self> {
        let (host, _) = target.rsplit_once(':').context("the target has no port")?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("{host}:{}", listener.local_addr()?.port());
        let (condition, status) = watch::channel(Condition::default());
        let (count, begun) = watch::channel(0);
        let target = target.to_owned();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let number = *count.borrow() + 1;
                connections.spawn(serve(client, target.clone(), number, status.clone()));
                count.send_replace(number);
            }
        });
        Ok(Self {
            address,
            condition,
            begun,
            _tasks: tasks,
        })
    }

    /// Stalls every connection, also those that begin later: bytes wait and none is lost.
    pub fn hold(&self) {
        self.condition.send_modify(|now| now.is_held = true);
    }

    /// Lets the bytes go on that waited.
    pub fn resume(&self) {
        self.condition.send_modify(|now| now.is_held = false);
    }

    /// Leaves the present connections half-open: neither end notices, and nothing passes any more.
    pub fn strand(&self) {
        let begun = self.connections();
        self.condition.send_modify(|now| now.stranded = begun);
    }

    /// Closes the present connections.
    pub fn cut(&self) {
        let begun = self.connections();
        self.condition.send_modify(|now| now.cut = begun);
    }

    /// Number of connections so far.
    pub fn connections(&self) -> usize {
        *self.begun.borrow()
    }

    /// Waits for a connection that begins after the first `count`.
    pub async fn until_more_than(&self, count: usize) -> Result<()> {
        let mut begun = self.begun.clone();
        let more = tokio::time::timeout(DEADLINE, begun.wait_for(|number| *number > count));
        let more = more.await.context("nobody connects again")?;
        more.context("the line has ended")?;
        Ok(())
    }
}

async fn serve(
    client: TcpStream,
    target: String,
    number: usize,
    mut status: watch::Receiver<Condition>,
) {
    // A connection that breaks shows as an error of its ends.
    let Ok(server) = TcpStream::connect(&target).await else {
        return;
    };
    let (client_in, client_out) = client.into_split();
    let (server_in, server_out) = server.into_split();
    let up = pass(client_in, server_out, number, status.clone());
    let down = pass(server_in, client_out, number, status.clone());
    let both = async { tokio::join!(up, down) };
    tokio::select! {
        _ = both => {}
        _ = status.wait_for(|now| now.cut >= number) => {}
    }
}

/// Passes bytes on in one direction until its end.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    number: usize,
    mut status: watch::Receiver<Condition>,
) -> Result<()> {
    let mut bytes = vec![0; 16_384];
    loop {
        let count = from.read(&mut bytes).await?;
        let passes = |now: &Condition| !now.is_held && now.stranded < number;
        status.wait_for(passes).await?;
        if count == 0 {
            return Ok(to.shutdown().await?);
        }
        to.write_all(&bytes[..count]).await?;
    }
}
