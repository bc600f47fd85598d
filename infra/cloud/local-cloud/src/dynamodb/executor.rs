//! The thread that works on the database, one request after the other.
//!
//! Requests that took turns on the runtime's threads left it idle between two turns, until the next
//! one was scheduled. Must not know: what a request is for, and who calls.

use std::io;
use std::sync::{Arc, mpsc};
use std::thread;

use dynoxide::Database;
use serde_json::Value;
use tokio::sync::oneshot;

use super::execution::{self, Answer};
use super::token::Tokens;
use crate::contain::{Panicked, contain_call};

/// Carries out requests. Clones share the thread, which ends with the last of them.
#[derive(Clone)]
pub struct Executor {
    jobs: mpsc::Sender<Job>,
}

struct Job {
    operation: String,
    body: Arc<Value>,
    done: oneshot::Sender<Result<Option<Answer>, Panicked>>,
}

impl Executor {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// The system starts no further thread.
    pub fn start(database: Database) -> io::Result<Self> {
        let (jobs, waiting) = mpsc::channel::<Job>();
        let work = move || {
            let mut tokens = Tokens::default();
            for job in waiting {
                let (operation, body) = (&job.operation, &*job.body);
                let done =
                    contain_call(|| execution::execute((&database, &mut tokens), operation, body));
                // Whoever asked may have left.
                let _ = job.done.send(done);
            }
        };
        thread::Builder::new()
            .name("dynamodb".to_owned())
            .spawn(work)?;
        Ok(Self { jobs })
    }

    /// Carries out an operation with this body, as [`execution::execute`] does.
    ///
    /// # Errors
    ///
    /// The work panicked.
    pub async fn execute(
        &self,
        operation: &str,
        body: Arc<Value>,
    ) -> Result<Option<Answer>, Panicked> {
        let (done, answer) = oneshot::channel();
        let operation = operation.to_owned();
        let job = Job {
            operation,
            body,
            done,
        };
        // The thread lives as long as this sender.
        self.jobs.send(job).expect("the thread is there");
        answer.await.expect("the thread answers each request")
    }
}
