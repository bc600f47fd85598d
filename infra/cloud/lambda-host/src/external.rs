//! A function whose process somebody else starts, such as a debugger: its events wait at an address
//! that stays the same.
//!
//! Must not know: retries, where events come from.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::runtime_api::{Exchange, Job, Report, RuntimeApi, Users};
use super::{Functions, HandlerProgram, Outcome, command, environment, exit, instance};

/// The time for an event in its deadline header, milliseconds: a day. It is not enforced, so
/// that a breakpoint may hold the process.
pub(super) const TIME_MS: u64 = 24 * 60 * 60 * 1000;

/// The Runtime API of one function whose processes are started elsewhere, one after another. It
/// listens until the last clone is dropped.
#[derive(Clone)]
pub struct External {
    address: SocketAddr,
    exchange: Arc<Exchange>,
    api: Arc<Mutex<RuntimeApi>>,
}

/// A function that waits for its process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// Logical id of the function.
    pub logical_id: String,
    /// Function name.
    pub function: String,
    /// Address of its Runtime API.
    pub address: SocketAddr,
    /// The environment that its process needs, with credentials, but without `PATH`.
    pub environment: BTreeMap<String, String>,
    /// What calls the handler; `None` if the code is an executable.
    pub program: Option<HandlerProgram>,
}

impl External {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// No port can be opened.
    pub async fn listen() -> std::io::Result<Self> {
        let api = RuntimeApi::start(Users::Successive).await?;
        Ok(Self {
            address: api.address,
            exchange: Arc::clone(&api.exchange),
            api: Arc::new(Mutex::new(api)),
        })
    }

    /// Waits until a process takes the event and ends it.
    pub(super) async fn invoke(&self, job: Job) -> Outcome {
        let mut api = self.api.lock().await;
        // What a process reported between two events concerns none.
        while api.reports.try_recv().is_ok() {}
        let id = job.request_id.clone();
        if api.jobs.send(job).await.is_err() {
            return Outcome::Failure(instance::stopped());
        }
        loop {
            return match api.reports.recv().await {
                Some(Report::Response(body)) => Outcome::Success(body),
                Some(Report::Error(failure)) => Outcome::Failure(failure),
                // The next process may start.
                Some(Report::Ready | Report::InitError(_)) => continue,
                Some(Report::Abandoned) => Outcome::Failure(exit::unexplained(&id)),
                None => Outcome::Failure(instance::stopped()),
            };
        }
    }

    /// Fails the event that a process is running.
    pub(super) fn abandon(&self) {
        self.exchange.abandon();
    }
}

impl Functions {
    /// The functions that are not started here, in the order of the template.
    pub fn awaited(&self) -> Vec<Awaited> {
        let of = |pool: &Arc<super::Pool>| {
            let address = pool.external()?.address;
            let (function, wiring) = (&pool.function, &pool.wiring);
            let stream = "external";
            let binary = pool.binary();
            let mut environment = environment::variables(function, wiring, binary, address, stream);
            environment.remove("PATH");
            Some(Awaited {
                logical_id: function.logical_id.clone(),
                function: function.name.clone(),
                address,
                environment,
                program: command::handler_program(function),
            })
        };
        self.pools().iter().filter_map(of).collect()
    }
}
