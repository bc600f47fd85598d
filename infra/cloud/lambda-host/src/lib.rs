//! Lambda functions as real processes behind the Lambda Runtime API.
//!
//! Must not know: who invokes a function, what it does, rules, tables.

mod concurrency;
mod environment;
mod exit;
mod instance;
mod log;
mod memory;
mod notice;
mod pool;
mod queue;
mod replace;
mod runtime_api;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinSet;

pub use log::keeps_line;
pub use notice::{Failure, Notice, Outcome, Usage};
use pool::{Attempt, Event, Pool};
pub use replace::Replacement;

/// Largest payload of an asynchronous invocation, bytes. *Source*: "Lambda quotas", raised from 256 KB in 2025.
pub const ASYNC_PAYLOAD_BYTES_MAX: usize = 1024 * 1024;
/// Largest payload of a synchronous invocation, bytes.
pub const SYNC_PAYLOAD_BYTES_MAX: usize = 6 * 1024 * 1024;

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

/// How often an event for a function is delivered, and how much later.
pub type FateOfEvent = Arc<dyn Fn(&sam_template::Function) -> (u32, Duration) + Send + Sync>;

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
    pub credentials_for: Arc<dyn Fn(&sam_template::Function) -> Credentials + Send + Sync>,
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
    /// Processes at once per function; further events wait for one, as no AWS event would have to.
    pub concurrency: usize,
    /// Invocations at once of all functions together; past it they are throttled.
    pub account_concurrency: u64,
    /// How long a process may take to ask for its first event, before it is started over as part of that event's time.
    pub init_limit: Duration,
    /// Factor on retry waits and event age: 1.0 is real time.
    pub time_scale: f64,
}

impl Default for Tuning {
    fn default() -> Self {
        Tuning {
            concurrency: 4,
            account_concurrency: 1000,
            init_limit: Duration::from_secs(10),
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
    /// A variable that Lambda refuses.
    #[error("configure function {function}: environment variable {variable}: {reason}")]
    Variable {
        /// Function name.
        function: String,
        /// Its name.
        variable: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// More concurrency is reserved than there is.
    #[error(
        "configure function {function}: its ReservedConcurrentExecutions leave less than {least} of the account's \
         concurrency to functions that reserve none"
    )]
    Concurrency {
        /// Function name.
        function: String,
        /// What has to be left.
        least: u64,
    },
    /// A payload over the limit.
    #[error("invoke {function}: payload of {bytes} bytes, {most} at most")]
    TooLarge {
        /// Function name or ARN.
        function: String,
        /// Its size.
        bytes: usize,
        /// The limit.
        most: usize,
    },
    /// As many invocations are at work as may be.
    #[error("invoke {function}: rate exceeded")]
    Throttled {
        /// Function name or ARN.
        function: String,
        /// Whether the function's own reserved concurrency is the limit.
        reserved: bool,
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
    pools: RwLock<Vec<Arc<Pool>>>,
    /// Events on their way; aborting one drops, and so kills, its process.
    deliveries: Mutex<JoinSet<()>>,
    closed: std::sync::atomic::AtomicBool,
}

impl Functions {
    /// Prepares the functions; processes start with the first event.
    ///
    /// Errors: [`FunctionError::NoBinary`] when `wiring` has no executable for a function's binary,
    /// [`FunctionError::Variable`], [`FunctionError::Concurrency`].
    pub fn start(
        functions: Vec<sam_template::Function>,
        wiring: Wiring,
    ) -> Result<Functions, FunctionError> {
        let pools = replace::pools(functions, &wiring, |_, _| None)?;
        Ok(Functions {
            inner: Arc::new(Inner {
                pools: RwLock::new(pools),
                deliveries: Mutex::default(),
                closed: false.into(),
            }),
        })
    }

    /// Queues an event for the function with this ARN, name or logical id; returns its request id at once.
    ///
    /// Must be called within a tokio runtime. Errors: [`FunctionError::Unknown`], [`FunctionError::Closed`],
    /// [`FunctionError::TooLarge`].
    pub fn invoke_async(
        &self,
        arn_or_name: &str,
        payload: Vec<u8>,
    ) -> Result<String, FunctionError> {
        let pool = self.pool(arn_or_name)?;
        check_size(arn_or_name, &payload, ASYNC_PAYLOAD_BYTES_MAX)?;
        let event = Event::new(payload);
        let request_id = event.request_id.clone();
        let (copies, delay) = (pool.wiring.fate_of_event)(&pool.function);
        let deliveries = (0..copies)
            .map(|_| queue::deliver(Arc::clone(&pool), event.clone(), delay))
            .collect();
        // Told first, so that nothing of the event is told before it.
        pool.tell(Notice::Queued {
            function: pool.function.name.clone(),
            request_id: request_id.clone(),
        });
        self.spawn(arn_or_name, deliveries)?;
        Ok(request_id)
    }

    /// Whether there is a function with this ARN, name or logical id.
    pub fn knows(&self, arn_or_name: &str) -> bool {
        self.pool(arn_or_name).is_ok()
    }

    /// Runs one event and waits for its outcome. It runs to its end even if the caller no longer waits.
    ///
    /// `client_context` is handed to the runtime as it is. Errors: [`FunctionError::Unknown`], [`FunctionError::Closed`],
    /// [`FunctionError::TooLarge`], [`FunctionError::Throttled`].
    pub async fn invoke(
        &self,
        arn_or_name: &str,
        payload: Vec<u8>,
        client_context: Option<String>,
    ) -> Result<Outcome, FunctionError> {
        let pool = self.pool(arn_or_name)?;
        check_size(arn_or_name, &payload, SYNC_PAYLOAD_BYTES_MAX)?;
        let mut event = Event::new(payload);
        event.client_context = client_context;
        let (sender, outcome) = oneshot::channel();
        let reserved = pool.function.reserved_concurrency.is_some();
        let attempt = async move {
            let attempt = pool.attempt(&event, None, Duration::MAX).await;
            if matches!(attempt, Attempt::Throttled | Attempt::Off) {
                pool.tell(Notice::Throttled {
                    function: pool.function.name.clone(),
                    request_id: event.request_id,
                    wait_ms: None,
                });
            }
            // Whoever no longer waits misses nothing.
            let _ = sender.send(attempt);
        };
        self.spawn(arn_or_name, vec![attempt])?;
        match outcome.await {
            Ok(Attempt::Ended(outcome)) => Ok(outcome),
            Ok(Attempt::Throttled | Attempt::Off) => Err(FunctionError::Throttled {
                function: arn_or_name.to_owned(),
                reserved,
            }),
            Ok(Attempt::NoProcess) | Err(_) => Err(FunctionError::Closed(arn_or_name.to_owned())),
        }
    }

    fn spawn(
        &self,
        arn_or_name: &str,
        work: Vec<impl Future<Output = ()> + Send + 'static>,
    ) -> Result<(), FunctionError> {
        let mut deliveries = self.inner.deliveries.lock().expect("no holder panics");
        if self.inner.closed.load(std::sync::atomic::Ordering::Acquire) {
            return Err(FunctionError::Closed(arn_or_name.to_owned()));
        }
        while deliveries.try_join_next().is_some() {}
        for work in work {
            deliveries.spawn(work);
        }
        Ok(())
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
        for pool in self.pools() {
            pool.stop().await;
        }
    }

    fn pools(&self) -> Vec<Arc<Pool>> {
        self.inner.pools.read().expect("no holder panics").clone()
    }

    fn pool(&self, arn_or_name: &str) -> Result<Arc<Pool>, FunctionError> {
        self.pools()
            .into_iter()
            .find(|pool| {
                let function = &pool.function;
                [&function.arn, &function.name, &function.logical_id]
                    .into_iter()
                    .any(|name| name == arn_or_name)
            })
            .ok_or_else(|| FunctionError::Unknown(arn_or_name.to_owned()))
    }
}

fn check_size(function: &str, payload: &[u8], most: usize) -> Result<(), FunctionError> {
    if payload.len() <= most {
        return Ok(());
    }
    Err(FunctionError::TooLarge {
        function: function.to_owned(),
        bytes: payload.len(),
        most,
    })
}
