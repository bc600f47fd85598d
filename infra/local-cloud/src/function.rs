//! Lambda functions as real processes behind the Lambda Runtime API.
//!
//! Must not know: who invokes a function, what it does, rules, tables.

mod environment;
mod instance;
mod pool;
mod queue;
mod runtime_api;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;

use crate::template;
use pool::Pool;

/// Credentials handed to a function's processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: String,
    /// Session token.
    pub session_token: String,
}

/// What happens in and around functions.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// An invocation was handed to a process.
    Invoked {
        /// Function name.
        function: String,
        /// Request id.
        request_id: String,
        /// Whether a process had to be started for it.
        cold: bool,
    },
    /// An invocation ended.
    Completed {
        /// Function name.
        function: String,
        /// Request id.
        request_id: String,
        /// Time from the start of the attempt (a cold start included) to its end, milliseconds.
        duration_ms: u64,
        /// How it ended.
        outcome: Outcome,
    },
    /// A process wrote a line to standard output or standard error.
    Log {
        /// Function name.
        function: String,
        /// The line without its end.
        line: String,
    },
    /// A failed asynchronous event waits for its next attempt.
    Retrying {
        /// Function name.
        function: String,
        /// Request id, the same for each attempt.
        request_id: String,
        /// Attempts made so far.
        attempts: u32,
        /// Time to the next attempt, milliseconds.
        wait_ms: u64,
    },
    /// An asynchronous event was given up.
    GivenUp {
        /// Function name.
        function: String,
        /// Request id.
        request_id: String,
        /// On-failure destination.
        destination: Option<String>,
        /// The record for the destination.
        record: Value,
    },
}

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The handler answered with these bytes.
    Success(Vec<u8>),
    /// The handler, the runtime or the time limit ended it.
    Failure {
        /// Error type such as `Runtime.ExitError`.
        error_type: String,
        /// Text.
        message: String,
    },
}

/// How often an event for a function is delivered, and how much later.
pub type FateOfEvent = Arc<dyn Fn(&template::Function) -> (u32, Duration) + Send + Sync>;

/// What functions need from outside.
#[derive(Clone)]
pub struct Wiring {
    /// Executable by binary name.
    pub binaries: BTreeMap<String, PathBuf>,
    /// Environment added to every function's own (endpoints).
    pub env: BTreeMap<String, String>,
    /// Region.
    pub region: String,
    /// Account id.
    pub account: String,
    /// Told everything that happens.
    pub events: Arc<dyn Fn(Notice) + Send + Sync>,
    /// Credentials of each function.
    pub credentials_for: Arc<dyn Fn(&template::Function) -> Credentials + Send + Sync>,
    /// What becomes of each event in a function's queue: how often it is delivered, and how much later.
    pub fate_of_event: FateOfEvent,
    /// The clock, epoch milliseconds.
    pub now_ms: Arc<dyn Fn() -> u64 + Send + Sync>,
    /// Limits and time scale.
    pub tuning: Tuning,
}

/// Settings that differ between a laptop run and a test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tuning {
    /// Processes at once per function.
    pub concurrency: usize,
    /// Factor on retry waits and event age: 1.0 is real time.
    pub time_scale: f64,
}

impl Default for Tuning {
    fn default() -> Self {
        Tuning {
            concurrency: 4,
            time_scale: 1.0,
        }
    }
}

/// Why functions cannot be started or invoked.
#[derive(Debug, thiserror::Error)]
pub enum FunctionError {
    /// No executable was given for a function's binary.
    #[error("start function {function}: no executable for binary {binary}")]
    NoBinary {
        /// Function name.
        function: String,
        /// Binary name.
        binary: String,
    },
    /// The name or ARN is not that of a function.
    #[error("invoke {0}: no such function")]
    Unknown(String),
    /// The functions have been shut down.
    #[error("invoke {0}: functions are shut down")]
    Closed(String),
}

/// All functions of a template; dropping the last clone ends their processes.
#[derive(Clone)]
pub struct Functions {
    inner: Arc<Inner>,
}

struct Inner {
    pools: Vec<Arc<Pool>>,
    /// Events on their way; aborting one drops, and so kills, its process.
    deliveries: Mutex<JoinSet<()>>,
    closed: std::sync::atomic::AtomicBool,
}

impl Functions {
    /// Prepares the functions; processes start with the first event.
    ///
    /// Errors: [`FunctionError::NoBinary`] when `wiring` has no executable for a function's binary.
    pub fn start(
        functions: Vec<template::Function>,
        wiring: Wiring,
    ) -> Result<Functions, FunctionError> {
        let pools = functions
            .into_iter()
            .map(|function| match wiring.binaries.get(&function.binary) {
                Some(binary) => Ok(Arc::new(Pool::new(
                    function,
                    binary.clone(),
                    wiring.clone(),
                ))),
                None => Err(FunctionError::NoBinary {
                    function: function.name,
                    binary: function.binary,
                }),
            })
            .collect::<Result<_, _>>()?;
        Ok(Functions {
            inner: Arc::new(Inner {
                pools,
                deliveries: Mutex::default(),
                closed: false.into(),
            }),
        })
    }

    /// Queues an event for the function with this ARN, name or logical id; returns its request id at once.
    ///
    /// Must be called within a tokio runtime. Errors: [`FunctionError::Unknown`], [`FunctionError::Closed`].
    pub fn invoke_async(
        &self,
        arn_or_name: &str,
        payload: Vec<u8>,
    ) -> Result<String, FunctionError> {
        let pool = self.pool(arn_or_name)?;
        let mut deliveries = self.inner.deliveries.lock().expect("no holder panics");
        if self.inner.closed.load(std::sync::atomic::Ordering::Acquire) {
            return Err(FunctionError::Closed(arn_or_name.to_owned()));
        }
        while deliveries.try_join_next().is_some() {}
        let request_id = uuid::Uuid::new_v4().to_string();
        let (copies, delay) = (pool.wiring.fate_of_event)(&pool.function);
        for _ in 0..copies {
            let (pool, payload) = (Arc::clone(&pool), payload.clone());
            deliveries.spawn(queue::deliver(pool, request_id.clone(), payload, delay));
        }
        Ok(request_id)
    }

    /// Kills every process of a function, as a fault; an event at work fails with `Runtime.ExitError`.
    pub fn kill(&self, arn_or_name: &str) -> Result<(), FunctionError> {
        self.pool(arn_or_name).map(|pool| pool.kill())
    }

    /// Ends every process and drops what is queued.
    pub async fn shutdown(&self) {
        let mut deliveries = {
            let mut deliveries = self.inner.deliveries.lock().expect("no holder panics");
            self.inner
                .closed
                .store(true, std::sync::atomic::Ordering::Release);
            std::mem::take(&mut *deliveries)
        };
        deliveries.shutdown().await;
        for pool in &self.inner.pools {
            pool.stop().await;
        }
    }

    fn pool(&self, arn_or_name: &str) -> Result<Arc<Pool>, FunctionError> {
        self.inner
            .pools
            .iter()
            .find(|pool| {
                let function = &pool.function;
                [&function.arn, &function.name, &function.logical_id]
                    .into_iter()
                    .any(|name| name == arn_or_name)
            })
            .cloned()
            .ok_or_else(|| FunctionError::Unknown(arn_or_name.to_owned()))
    }
}
