//! Runs Lambda functions as processes behind the Lambda Runtime API.
//!
#![doc = include_str!("../README.md")]

mod command;
mod concurrency;
mod description;
mod environment;
mod exit;
mod external;
mod instance;
mod interpreter;
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
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinSet;

pub use command::HandlerProgram;
pub use description::Description;
pub use external::{Awaited, External};
pub use interpreter::{FoundInterpreter, find_interpreter, interpreter_names};
pub use log::keeps_line;
pub use notice::{Failure, Notice, Outcome, Usage};
use pool::{Attempt, Event, Pool};
pub use replace::Replacement;

/// Largest payload of an asynchronous invocation, bytes; raised from 256 KB in 2025. Source:
/// "Lambda quotas".
pub const ASYNC_PAYLOAD_BYTES_MAX: usize = 1024 * 1024;
/// Largest payload of a synchronous invocation, bytes. Source: "Lambda quotas".
pub const SYNC_PAYLOAD_BYTES_MAX: usize = 6 * 1024 * 1024;

/// Credentials in the environment of a function's processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: String,
    /// Session token.
    pub session_token: String,
}

/// What the embedding program provides to this crate.
pub trait Surroundings: Send + Sync {
    /// Receives a notice of every event in and around the functions.
    fn observe(&self, notice: Notice);

    /// The credentials of a function's processes.
    fn credentials_of(&self, function: &sam_template::Function) -> Credentials;

    /// How many copies of an asynchronous event are delivered, and after what delay. An injected
    /// fault can drop, duplicate or delay the event.
    fn fate_of_event(&self, _function: &sam_template::Function) -> (u32, Duration) {
        (1, Duration::ZERO)
    }

    /// The time, milliseconds since the Unix epoch.
    fn now_ms(&self) -> u64;
}

/// What a host needs to run functions.
#[derive(Clone)]
pub struct Wiring {
    /// Path of the executable by [`sam_template::Function::binary`], or of the folder with the code
    /// of a function whose runtime has an interpreter.
    pub binaries: BTreeMap<String, PathBuf>,
    /// Path of the interpreter by runtime, such as `python3.12`.
    pub interpreters: BTreeMap<String, PathBuf>,
    /// Folder of each layer by its ARN.
    pub layers: BTreeMap<String, PathBuf>,
    /// Functions whose process somebody else starts, such as a debugger, by logical id. They need
    /// no executable.
    pub external: BTreeMap<String, External>,
    /// Variables added to every function's environment, such as endpoints.
    pub env: BTreeMap<String, String>,
    /// AWS region, such as `us-east-1`.
    pub region: String,
    /// AWS account id, twelve digits.
    pub account: String,
    /// Events, credentials, faults and the clock.
    pub surroundings: Arc<dyn Surroundings>,
    /// Limits and time scale.
    pub tuning: Tuning,
}

/// Settings that differ between a laptop run and a test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tuning {
    /// Concurrent processes per function. Further events wait for a free process; AWS would start
    /// another.
    pub concurrency: usize,
    /// Concurrent invocations of all functions together; further ones are throttled.
    pub account_concurrency: u64,
    /// Time for a process to request its first event. After that the process is restarted, and the
    /// restart counts as part of the event's time.
    pub init_limit: Duration,
    /// Factor for the real length of retry waits: 1.0 is real time.
    pub time_scale: f64,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            concurrency: 16,
            account_concurrency: 1000,
            init_limit: Duration::from_secs(10),
            time_scale: 1.0,
        }
    }
}

/// Why functions cannot be started or invoked.
#[derive(Debug, thiserror::Error)]
pub enum FunctionError {
    /// [`Wiring::binaries`] has no executable for a function.
    #[error("start function {function}: no executable for binary {binary}: name one in `binaries`")]
    NoBinary {
        /// Function name.
        function: String,
        /// Binary name.
        binary: String,
    },
    /// An environment variable that Lambda refuses.
    #[error("configure function {function}: environment variable {variable}: {reason}")]
    Variable {
        /// Function name.
        function: String,
        /// Name of the variable.
        variable: String,
        /// Why it is refused, and what to do.
        reason: &'static str,
    },
    /// The functions reserve too much concurrency.
    #[error(
        "configure function {function}: its ReservedConcurrentExecutions leaves less than \
         {least} of the account's concurrency to functions without a reservation: reduce it"
    )]
    Concurrency {
        /// Function name.
        function: String,
        /// Concurrency that must stay unreserved.
        least: u64,
    },
    /// The payload is over the limit.
    #[error("invoke {function}: payload of {bytes} bytes exceeds the limit of {most}")]
    TooLarge {
        /// Function name or ARN.
        function: String,
        /// Size of the payload.
        bytes: usize,
        /// Limit for this kind of invocation.
        most: usize,
    },
    /// The concurrency limit is reached.
    #[error("invoke {function}: rate exceeded")]
    Throttled {
        /// Function name or ARN.
        function: String,
        /// Whether the function's own reserved concurrency is the limit.
        reserved: bool,
    },
    /// No function has this name or ARN.
    #[error("invoke {0}: no such function")]
    Unknown(String),
    /// The functions are shut down.
    #[error("invoke {0}: functions are shut down")]
    Closed(String),
}

/// All functions of a template. Dropping the last clone kills their processes.
#[derive(Clone)]
pub struct Functions {
    inner: Arc<Inner>,
}

struct Inner {
    pools: Mutex<Vec<Arc<Pool>>>,
    /// Deliveries in progress; aborting one drops, and so kills, its process.
    deliveries: Mutex<JoinSet<()>>,
    closed: std::sync::atomic::AtomicBool,
}

impl Functions {
    /// Prepares the functions; processes start with the first event.
    ///
    /// # Errors
    ///
    /// [`FunctionError::NoBinary`], [`FunctionError::Variable`], [`FunctionError::Concurrency`].
    pub fn start(
        functions: Vec<sam_template::Function>,
        wiring: Wiring,
    ) -> Result<Self, FunctionError> {
        let pools = replace::pools(functions, &wiring, |_, _| None)?;
        Ok(Self {
            inner: Arc::new(Inner {
                pools: Mutex::new(pools),
                deliveries: Mutex::default(),
                closed: false.into(),
            }),
        })
    }

    /// Queues an event for the function with this ARN, name or logical id. An ARN or name may end
    /// with an alias or version. Returns its request id without waiting.
    ///
    /// # Errors
    ///
    /// [`FunctionError::Unknown`], [`FunctionError::Closed`], [`FunctionError::TooLarge`].
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn invoke_async(
        &self,
        arn_or_name: &str,
        payload: Vec<u8>,
    ) -> Result<String, FunctionError> {
        let (pool, qualifier) = self.target(arn_or_name)?;
        check_size(arn_or_name, &payload, ASYNC_PAYLOAD_BYTES_MAX)?;
        let event = Event::new(payload, qualifier);
        let request_id = event.request_id.clone();
        let (copies, delay) = pool.wiring.surroundings.fate_of_event(&pool.function);
        let deliveries = (0..copies)
            .map(|_| queue::deliver(Arc::clone(&pool), event.clone(), delay))
            .collect();
        // Before the deliveries start, so that this notice is the event's first.
        pool.notify(Notice::Queued {
            function: pool.function.name.clone(),
            request_id: request_id.clone(),
        });
        self.spawn(arn_or_name, deliveries)?;
        Ok(request_id)
    }

    /// The version that an invocation of this ARN, name or logical id runs; `None` if there is no
    /// such function, version or alias.
    pub fn version_of(&self, arn_or_name: &str) -> Option<&'static str> {
        let (pool, qualifier) = self.target(arn_or_name).ok()?;
        Some(pool.version(&qualifier))
    }

    /// ARN of the function with this name or ARN, with the alias or version that it ends with.
    pub fn arn_of(&self, arn_or_name: &str) -> Option<String> {
        let (pool, qualifier) = self.target(arn_or_name).ok()?;
        Some(pool.arn(&qualifier))
    }

    /// Runs one event and waits for its outcome. The event runs to its end even if the caller stops
    /// waiting. `client_context` is passed to the runtime unchanged.
    ///
    /// # Errors
    ///
    /// [`FunctionError::Unknown`], [`FunctionError::Closed`], [`FunctionError::TooLarge`],
    /// [`FunctionError::Throttled`].
    pub async fn invoke(
        &self,
        arn_or_name: &str,
        payload: Vec<u8>,
        client_context: Option<String>,
    ) -> Result<Outcome, FunctionError> {
        let (pool, qualifier) = self.target(arn_or_name)?;
        check_size(arn_or_name, &payload, SYNC_PAYLOAD_BYTES_MAX)?;
        let mut event = Event::new(payload, qualifier);
        event.client_context = client_context;
        let (sender, outcome) = oneshot::channel();
        let reserved = pool.function.reserved_concurrency.is_some();
        let attempt = async move {
            let attempt = pool.attempt(&event, None, Duration::MAX).await;
            if matches!(attempt, Attempt::Throttled | Attempt::Disabled) {
                pool.notify(Notice::Throttled {
                    function: pool.function.name.clone(),
                    request_id: event.request_id,
                    wait_ms: None,
                });
            }
            // The caller may have stopped waiting.
            let _ = sender.send(attempt);
        };
        self.spawn(arn_or_name, vec![attempt])?;
        match outcome.await {
            Ok(Attempt::Ended(outcome)) => Ok(outcome),
            Ok(Attempt::Throttled | Attempt::Disabled) => Err(FunctionError::Throttled {
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
        let mut deliveries = lock(&self.inner.deliveries);
        if self.inner.closed.load(std::sync::atomic::Ordering::Acquire) {
            return Err(FunctionError::Closed(arn_or_name.to_owned()));
        }
        while deliveries.try_join_next().is_some() {}
        for work in work {
            deliveries.spawn(work);
        }
        Ok(())
    }

    /// Kills every process of a function, to inject a fault. A running event fails with
    /// `Runtime.ExitError`.
    ///
    /// # Errors
    ///
    /// [`FunctionError::Unknown`].
    pub fn kill(&self, arn_or_name: &str) -> Result<(), FunctionError> {
        self.target(arn_or_name).map(|(pool, _)| pool.kill())
    }

    /// Kills every process and drops all queued events.
    pub async fn shutdown(&self) {
        let mut deliveries = {
            let mut deliveries = lock(&self.inner.deliveries);
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
        lock(&self.inner.pools).clone()
    }

    /// The function that a caller names, and the qualifier in its name.
    fn target(&self, arn_or_name: &str) -> Result<(Arc<Pool>, String), FunctionError> {
        let selected = |pool: Arc<Pool>| {
            let by_id = (pool.function.logical_id == arn_or_name).then_some("");
            let qualifier = pool.function.qualifier_in(arn_or_name).or(by_id)?;
            Some((Arc::clone(&pool), qualifier.to_owned()))
        };
        let found = self.pools().into_iter().find_map(selected);
        found.ok_or_else(|| FunctionError::Unknown(arn_or_name.to_owned()))
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

/// Locks a mutex whether or not a thread panicked while it held the lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
