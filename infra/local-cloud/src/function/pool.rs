//! The processes of one function: one per concurrent event, kept warm between events.
//!
//! Must not know: retries, where events come from.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use crate::template;

use super::instance::Instance;
use super::runtime_api::{Failure, Job};
use super::{Notice, Outcome, Wiring};

/// AWS gives initialisation this long; after that it starts over under the function's own time limit.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// One function and its processes.
pub(super) struct Pool {
    pub function: template::Function,
    binary: PathBuf,
    pub wiring: Wiring,
    slots: Semaphore,
    idle: Mutex<Vec<Instance>>,
    kill: watch::Sender<u64>,
}

impl Pool {
    pub fn new(function: template::Function, binary: PathBuf, wiring: Wiring) -> Pool {
        Pool {
            slots: Semaphore::new(wiring.tuning.concurrency.max(1)),
            function,
            binary,
            wiring,
            idle: Mutex::new(Vec::new()),
            kill: watch::Sender::new(0),
        }
    }

    /// Runs one attempt of an event; none when no process was free within `patience`.
    pub async fn attempt(
        &self,
        request_id: &str,
        payload: Bytes,
        patience: Duration,
    ) -> Option<Outcome> {
        let slot = tokio::time::timeout(patience, self.slots.acquire()).await;
        let _slot = slot.ok()?.expect("the slots are never closed");
        let warm = self.take_idle();
        let begun = Instant::now();
        let function = self.function.name.clone();
        self.tell(Notice::Invoked {
            function: function.clone(),
            request_id: request_id.to_owned(),
            cold: warm.is_none(),
        });
        let outcome = self.run(warm, request_id, payload).await;
        self.tell(Notice::Completed {
            function,
            request_id: request_id.to_owned(),
            duration_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            outcome: outcome.clone(),
        });
        Some(outcome)
    }

    async fn run(&self, warm: Option<Instance>, request_id: &str, payload: Bytes) -> Outcome {
        let mut instance = match warm {
            Some(instance) => instance,
            None => match self.start().await {
                Ok(instance) => instance,
                Err(Failure {
                    error_type,
                    message,
                }) => {
                    return Outcome::Failure {
                        error_type,
                        message,
                    };
                }
            },
        };
        let limit = self.time_limit();
        let timeout_ms = u64::try_from(limit.as_millis()).expect("at most 900 seconds");
        let job = Job {
            request_id: request_id.to_owned(),
            deadline_ms: (self.wiring.now_ms)() + timeout_ms,
            function_arn: self.function.arn.clone(),
            trace_id: trace_id(),
            payload,
        };
        let (outcome, reusable) = instance.invoke(job, limit).await;
        if reusable {
            self.idle.lock().expect("no holder panics").push(instance);
        } else {
            instance.stop().await;
        }
        outcome
    }

    /// Starts a process; like AWS, a failed initialisation is tried once more as part of the invocation.
    async fn start(&self) -> Result<Instance, Failure> {
        match self.start_once(INIT_LIMIT).await {
            Ok(instance) => Ok(instance),
            Err(first) => {
                self.tell(Notice::Log {
                    function: self.function.name.clone(),
                    line: format!(
                        "INIT_REPORT Status: error Error Type: {} {}",
                        first.error_type, first.message
                    ),
                });
                self.start_once(self.time_limit()).await
            }
        }
    }

    async fn start_once(&self, limit: Duration) -> Result<Instance, Failure> {
        let kill = self.kill.subscribe();
        let mut instance =
            Instance::start(&self.function, &self.binary, &self.wiring, kill).await?;
        match instance.initialise(limit).await {
            Ok(()) => Ok(instance),
            Err(failure) => {
                instance.stop().await;
                Err(failure)
            }
        }
    }

    fn take_idle(&self) -> Option<Instance> {
        let mut idle = self.idle.lock().expect("no holder panics");
        while let Some(mut instance) = idle.pop() {
            if instance.is_alive() {
                return Some(instance);
            }
        }
        None
    }

    /// Kills every process of the function, busy or idle.
    pub fn kill(&self) {
        self.kill.send_modify(|generation| *generation += 1);
        // Idle ones die by being dropped.
        self.idle.lock().expect("no holder panics").clear();
    }

    /// Ends the idle processes and waits for their end.
    pub async fn stop(&self) {
        let idle = std::mem::take(&mut *self.idle.lock().expect("no holder panics"));
        for instance in idle {
            instance.stop().await;
        }
    }

    pub fn tell(&self, notice: Notice) {
        (self.wiring.events)(notice);
    }

    fn time_limit(&self) -> Duration {
        Duration::from_secs(self.function.timeout_s)
    }
}

/// An X-Ray header that is not sampled.
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
