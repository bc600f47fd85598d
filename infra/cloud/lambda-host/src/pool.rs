//! The processes of one function: one for each concurrent event, kept warm between events.
//!
//! Must not know: retries, where events come from.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use super::concurrency::Concurrency;
use super::external::{self, External};
use super::instance::Instance;
use super::log::{self, Platform};
use super::runtime_api::Job;
use super::{Failure, Notice, Outcome, Usage, Wiring, lock};

/// One function and its processes.
pub(super) struct Pool {
    pub function: sam_template::Function,
    binary: PathBuf,
    pub wiring: Wiring,
    /// When it was made, milliseconds since the Unix epoch.
    pub changed_ms: u64,
    concurrency: Concurrency,
    running: AtomicUsize,
    slots: Semaphore,
    idle: Mutex<Vec<Instance>>,
    kill: watch::Sender<u64>,
}

/// An event for a function.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub request_id: String,
    pub payload: Bytes,
    /// The alias or version that the caller named; empty for the function itself.
    pub qualifier: String,
    /// The caller's client context, JSON.
    pub client_context: Option<String>,
}

impl Event {
    pub fn new(payload: Vec<u8>, qualifier: String) -> Self {
        Self {
            request_id: uuid::Uuid::new_v4().to_string(),
            payload: payload.into(),
            qualifier,
            client_context: None,
        }
    }
}

/// The result of an attempt to run an event.
#[derive(Debug)]
pub(super) enum Attempt {
    /// It ran to its end.
    Ended(Outcome),
    /// The concurrency limit is reached.
    Throttled,
    /// The function must never run.
    Disabled,
    /// No process became free in time.
    NoProcess,
}

/// The end of an allowed time, and its length.
#[derive(Clone, Copy)]
struct Limit {
    deadline: Instant,
    deadline_ms: u64,
    limit: Duration,
}

/// A process that is ready for an event.
struct Ready {
    instance: Instance,
    init_ms: Option<f64>,
    /// Start and end of the event's time.
    begun: Instant,
    limit: Limit,
}

/// Counts an invocation until it is dropped.
struct Running<'a>(&'a AtomicUsize);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pool {
    pub fn new(
        function: sam_template::Function,
        binary: PathBuf,
        wiring: Wiring,
        concurrency: Concurrency,
    ) -> Self {
        let is_external = wiring.external.contains_key(&function.logical_id);
        let slots = if is_external {
            1
        } else {
            wiring.tuning.concurrency.max(1)
        };
        Self {
            slots: Semaphore::new(slots),
            changed_ms: wiring.surroundings.now_ms(),
            concurrency,
            running: AtomicUsize::new(0),
            function,
            binary,
            wiring,
            idle: Mutex::new(Vec::new()),
            kill: watch::Sender::new(0),
        }
    }

    /// Runs one attempt of an event. It waits for a process up to `max_wait`; `age_ms` is reported.
    pub async fn attempt(&self, event: &Event, age_ms: Option<u64>, max_wait: Duration) -> Attempt {
        if self.concurrency.is_disabled() {
            return Attempt::Disabled;
        }
        let Some(_permit) = self.concurrency.try_enter() else {
            return Attempt::Throttled;
        };
        let Ok(slot) = tokio::time::timeout(max_wait, self.slots.acquire()).await else {
            return Attempt::NoProcess;
        };
        let _slot = slot.expect("the slots are never closed");
        let running = self.running.fetch_add(1, Ordering::Relaxed) + 1;
        let _running = Running(&self.running);
        let warm = self.take_idle();
        let begun = Instant::now();
        self.notify(Notice::Invoked {
            function: self.function.name.clone(),
            request_id: event.request_id.clone(),
            cold: warm.is_none() && self.external().is_none(),
            running,
            age_ms,
        });
        let (outcome, usage) = match self.external() {
            Some(external) => self.run_outside(external, event).await,
            None => self.run(warm, event).await,
        };
        self.log(&Platform::End {
            id: &event.request_id,
            usage: &usage,
            outcome: &outcome,
        });
        self.notify(Notice::Completed {
            function: self.function.name.clone(),
            request_id: event.request_id.clone(),
            duration_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            usage,
            outcome: outcome.clone(),
        });
        Attempt::Ended(outcome)
    }

    async fn run(&self, warm: Option<Instance>, event: &Event) -> (Outcome, Usage) {
        let begun = Instant::now();
        let ready = match warm {
            Some(instance) => Ok(Ready {
                instance,
                init_ms: None,
                begun,
                limit: self.time_limit(),
            }),
            None => self.start(&event.request_id).await,
        };
        let mut ready = match ready {
            Ok(ready) => ready,
            Err(failure) => {
                let usage = Usage {
                    duration_ms: milliseconds(begun),
                    ..Usage::default()
                };
                return (Outcome::Failure(failure), usage);
            }
        };
        let id = &event.request_id;
        self.log(&Platform::Start { id });
        let limit = ready.limit;
        let job = self.job(event, limit.deadline_ms);
        let (outcome, reusable) = ready
            .instance
            .invoke(job, limit.deadline, limit.limit)
            .await;
        let usage = Usage {
            duration_ms: milliseconds(ready.begun),
            init_ms: ready.init_ms,
            memory_mb: ready.instance.memory_mb(),
        };
        if reusable {
            let mut idle = lock(&self.idle);
            idle.push(ready.instance);
        } else {
            ready.instance.stop().await;
        }
        (outcome, usage)
    }

    /// Has a process that is not started here run the event.
    async fn run_outside(&self, external: &External, event: &Event) -> (Outcome, Usage) {
        let begun = Instant::now();
        let id = &event.request_id;
        self.log(&Platform::Start { id });
        let deadline_ms = self.wiring.surroundings.now_ms() + external::TIME_MS;
        let outcome = external.invoke(self.job(event, deadline_ms)).await;
        let usage = Usage {
            duration_ms: milliseconds(begun),
            ..Usage::default()
        };
        (outcome, usage)
    }

    fn job(&self, event: &Event, deadline_ms: u64) -> Job {
        Job {
            request_id: event.request_id.clone(),
            deadline_ms,
            function_arn: self.arn(&event.qualifier),
            trace_id: trace_id(),
            client_context: event.client_context.clone(),
            payload: event.payload.clone(),
        }
    }

    /// Where this function's process is waited for, if it is not started here.
    pub fn external(&self) -> Option<&External> {
        self.wiring.external.get(&self.function.logical_id)
    }

    /// Starts a process. As in AWS, a failed initialisation is retried once within the invocation's
    /// time.
    async fn start(&self, id: &str) -> Result<Ready, Failure> {
        let begun = Instant::now();
        let init_limit = self.wiring.tuning.init_limit;
        self.log(&Platform::InitStart);
        let first = self.start_once(begun + init_limit, init_limit).await;
        let duration_ms = milliseconds(begun);
        let failure = first.as_ref().err();
        self.log(&Platform::InitReport {
            duration_ms,
            failure,
        });
        if let Ok(instance) = first {
            return Ok(Ready {
                instance,
                init_ms: Some(duration_ms),
                begun: Instant::now(),
                limit: self.time_limit(),
            });
        }
        let (begun, limit) = (Instant::now(), self.time_limit());
        match self.start_once(limit.deadline, limit.limit).await {
            Ok(instance) => Ok(Ready {
                instance,
                init_ms: None,
                begun,
                limit,
            }),
            Err(mut failure) => {
                // Lambda's own messages now name the invocation.
                let own = ["Runtime.", "Sandbox."];
                let is_ours = own.iter().any(|kind| failure.error_type.starts_with(kind));
                if is_ours && failure.message.starts_with("Error: ") {
                    let message = format!("RequestId: {id} {}", failure.message);
                    failure = Failure::new(&failure.error_type, message);
                }
                Err(failure)
            }
        }
    }

    async fn start_once(&self, deadline: Instant, limit: Duration) -> Result<Instance, Failure> {
        let kill = self.kill.subscribe();
        let mut instance =
            Instance::start(&self.function, &self.binary, &self.wiring, kill).await?;
        match instance.initialise(deadline, limit).await {
            Ok(()) => Ok(instance),
            Err(failure) => {
                instance.stop().await;
                Err(failure)
            }
        }
    }

    fn take_idle(&self) -> Option<Instance> {
        let mut idle = lock(&self.idle);
        while let Some(mut instance) = idle.pop() {
            if instance.is_alive() {
                return Some(instance);
            }
        }
        None
    }

    /// ARN of the function with this qualifier.
    pub fn arn(&self, qualifier: &str) -> String {
        match qualifier {
            "" => self.function.arn.clone(),
            qualifier => format!("{}:{qualifier}", self.function.arn),
        }
    }

    /// The version that runs for this qualifier.
    pub fn version(&self, qualifier: &str) -> &'static str {
        match qualifier {
            "" => "$LATEST",
            _ => self.function.version(),
        }
    }

    /// Path of the executable.
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// Kills every process of the function, busy or idle. One that is not started here only loses
    /// its event.
    pub fn kill(&self) {
        self.kill.send_modify(|generation| *generation += 1);
        // Dropping the idle processes kills them.
        lock(&self.idle).clear();
        if let Some(external) = self.external() {
            external.abandon();
        }
    }

    /// Kills the idle processes and waits for their end.
    pub async fn stop(&self) {
        let idle = std::mem::take(&mut *lock(&self.idle));
        for instance in idle {
            instance.stop().await;
        }
    }

    pub fn notify(&self, notice: Notice) {
        self.wiring.surroundings.observe(notice);
    }

    fn log(&self, event: &Platform) {
        for line in log::lines(&self.function, self.wiring.surroundings.now_ms(), event) {
            let function = self.function.name.clone();
            self.notify(Notice::Log { function, line });
        }
    }

    /// The function's timeout, starting now.
    fn time_limit(&self) -> Limit {
        let seconds = self.function.timeout_s;
        let limit = Duration::from_secs(seconds);
        Limit {
            deadline: Instant::now() + limit,
            deadline_ms: self.wiring.surroundings.now_ms() + seconds * 1000,
            limit,
        }
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// An X-Ray trace header, not sampled.
fn trace_id() -> String {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let parent = uuid::Uuid::new_v4().simple().to_string();
    format!(
        "Root=1-{}-{};Parent={};Sampled=0",
        &id[..8],
        &id[8..],
        &parent[..16]
    )
}
