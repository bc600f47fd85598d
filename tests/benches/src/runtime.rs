//! The Lambda Runtime API for one function process at a time.
//!
//! Must not know: what an event means.
//!
//! Source: AWS Lambda developer guide, "Using the Lambda runtime API for custom runtimes".

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use tokio::io::BufStream;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;

use crate::http::{read_request, write_answer};

/// Longest time that a function may take for anything.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);

/// What the function did.
enum Note {
    /// Asked for an event.
    Asked(Instant),
    /// Answered one.
    Answered(Instant),
    /// Failed, with its words.
    Failed(String),
}

/// The events that wait, and when the last one was given.
struct Queue {
    events: mpsc::UnboundedReceiver<String>,
    notes: mpsc::UnboundedSender<Note>,
    given: mpsc::UnboundedSender<Instant>,
}

/// A running Runtime API.
pub struct Runtime {
    /// Host and port.
    pub address: String,
    events: mpsc::UnboundedSender<String>,
    notes: mpsc::UnboundedReceiver<Note>,
    given: mpsc::UnboundedReceiver<Instant>,
}

/// How long an event took.
pub struct Taken {
    /// When the function asked for it.
    pub asked: Instant,
    /// When it was answered.
    pub answered: Instant,
    /// From event to answer.
    pub time: Duration,
}

impl Runtime {
    /// Starts it on loopback.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("listen")?;
        let address = listener.local_addr()?.to_string();
        let (events, events_in) = mpsc::unbounded_channel();
        let (notes_out, notes) = mpsc::unbounded_channel();
        let (given_out, given) = mpsc::unbounded_channel();
        let queue = Arc::new(Mutex::new(Queue {
            events: events_in,
            notes: notes_out.clone(),
            given: given_out,
        }));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (queue, notes) = (Arc::clone(&queue), notes_out.clone());
                tokio::spawn(async move {
                    if let Err(error) = talk(stream, &queue, &notes).await {
                        let _ = notes.send(Note::Failed(format!("{error:#}")));
                    }
                });
            }
        });
        Ok(Self {
            address,
            events,
            notes,
            given,
        })
    }

    /// Gives the function an event and waits for its answer.
    pub async fn invoke(&mut self, event: String) -> Result<Taken> {
        self.events.send(event).context("queue an event")?;
        let Note::Asked(asked) = self.note().await? else {
            bail!("the function answered without an event");
        };
        let given = timeout(ANSWER_TIME_MAX, self.given.recv()).await;
        let given = given
            .context("the event was not taken")?
            .context("the queue ended")?;
        let Note::Answered(answered) = self.note().await? else {
            bail!("the function asked for two events");
        };
        let time = answered - given;
        Ok(Taken {
            asked,
            answered,
            time,
        })
    }

    /// Forgets that the function has asked for another event, as it is about to be ended.
    pub fn forget(&mut self) {
        while self.notes.try_recv().is_ok() {}
    }

    async fn note(&mut self) -> Result<Note> {
        let note = timeout(ANSWER_TIME_MAX, self.notes.recv()).await;
        match note.context("the function does not answer")? {
            Some(Note::Failed(why)) => bail!("the function failed: {why}"),
            Some(note) => Ok(note),
            None => bail!("the Runtime API ended"),
        }
    }
}

async fn talk(
    stream: TcpStream,
    queue: &Mutex<Queue>,
    notes: &mpsc::UnboundedSender<Note>,
) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufStream::new(stream);
    while let Some(request) = read_request(&mut stream).await? {
        let arrived = Instant::now();
        let part = request.path.rsplit('/').next().unwrap_or_default();
        match (request.method.as_str(), part) {
            ("GET", "next") => give(&mut stream, queue, arrived).await?,
            ("POST", "response") => {
                let _ = notes.send(Note::Answered(arrived));
                write_answer(&mut stream, 202, &[], b"").await?;
            }
            (method, _) => {
                let words = String::from_utf8_lossy(&request.body).into_owned();
                let _ = notes.send(Note::Failed(format!("{method} {}: {words}", request.path)));
                write_answer(&mut stream, 202, &[], b"").await?;
            }
        }
    }
    Ok(())
}

/// Waits for an event and gives it to the function that asked at `arrived`.
async fn give(
    stream: &mut BufStream<TcpStream>,
    queue: &Mutex<Queue>,
    arrived: Instant,
) -> Result<()> {
    let mut queue = queue.lock().await;
    // A process that was ended no longer waits; its place must not swallow the next one's event.
    let event = tokio::select! {
        biased;
        _ = tokio::io::AsyncBufReadExt::fill_buf(stream) => return Ok(()),
        event = queue.events.recv() => event,
    };
    let Some(event) = event else { return Ok(()) };
    let _ = queue.notes.send(Note::Asked(arrived));
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH)? + ANSWER_TIME_MAX;
    let deadline = deadline.as_millis().to_string();
    let headers = [
        ("content-type", "application/json"),
        (
            "lambda-runtime-aws-request-id",
            "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
        ),
        ("lambda-runtime-deadline-ms", deadline.as_str()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:123456789012:function:press",
        ),
    ];
    let given = Instant::now();
    write_answer(stream, 200, &headers, event.as_bytes()).await?;
    let _ = queue.given.send(given);
    Ok(())
}
