//! One process of a function. It receives one event at a time; dropping its handle kills it.
//!
//! Must not know: other processes, retries, queues.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Child;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::runtime_api::{Job, Report, RuntimeApi, Users};
use super::{Failure, Notice, Outcome, Wiring, command, environment, exit, log, memory};

/// A running process and its Runtime API; dropping it kills the process.
pub(super) struct Instance {
    child: Child,
    pid: u32,
    /// Memory limit of the function, MB.
    memory_mb: u64,
    api: RuntimeApi,
    kill: watch::Receiver<u64>,
    _logs: JoinSet<()>,
}

impl Instance {
    /// Starts the process. Call [`Instance::initialise`] before the first event.
    pub async fn start(
        function: &sam_template::Function,
        binary: &Path,
        wiring: &Wiring,
        kill: watch::Receiver<u64>,
    ) -> Result<Self, Failure> {
        let start_failure = |error: std::io::Error| {
            let message = format!("start {}: {error}", binary.display());
            Failure::new("Runtime.InvalidEntrypoint", message)
        };
        let api = RuntimeApi::start(Users::One).await.map_err(start_failure)?;
        let stream = uuid::Uuid::new_v4().simple().to_string();
        let variables = environment::variables(function, wiring, binary, api.address, &stream);
        let mut child = command::command(function, binary, wiring)?
            .env_clear()
            .envs(variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A separate process group: Ctrl-C at the terminal reaches only the caller, which then
            // ends its functions.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(start_failure)?;
        let mut logs = JoinSet::new();
        if let Some(stdout) = child.stdout.take() {
            logs.spawn(forward(stdout, function.clone(), wiring.clone()));
        }
        if let Some(stderr) = child.stderr.take() {
            logs.spawn(forward(stderr, function.clone(), wiring.clone()));
        }
        let pid = child
            .id()
            .ok_or_else(|| exit::failure("", child_status(&mut child)))?;
        Ok(Self {
            pid,
            memory_mb: function.memory_mb,
            child,
            api,
            kill,
            _logs: logs,
        })
    }

    /// Waits until the process requests its first event, at most until `deadline`. The message of a
    /// time-out contains `limit`.
    pub async fn initialise(&mut self, deadline: Instant, limit: Duration) -> Result<(), Failure> {
        let memory = memory::exceeded(self.pid, self.memory_mb);
        tokio::pin!(memory);
        loop {
            tokio::select! {
                biased;
                report = self.api.reports.recv() => match report {
                    Some(Report::Ready) => return Ok(()),
                    Some(Report::InitError(failure)) => return Err(failure),
                    Some(_) => {}
                    None => return Err(stopped()),
                },
                status = self.child.wait() => return Err(exit::failure("", status)),
                () = &mut memory => return Err(exit::out_of_memory("")),
                () = tokio::time::sleep_until(deadline) => return Err(timed_out("", limit)),
            }
        }
    }

    /// Runs one event until `deadline`. Returns false if the process must not be used again.
    pub async fn invoke(
        &mut self,
        job: Job,
        deadline: Instant,
        limit: Duration,
    ) -> (Outcome, bool) {
        let id = job.request_id.clone();
        if self.api.jobs.send(job).await.is_err() {
            return (Outcome::Failure(stopped()), false);
        }
        let memory = memory::exceeded(self.pid, self.memory_mb);
        tokio::pin!(memory);
        loop {
            let failure = tokio::select! {
                biased;
                report = self.api.reports.recv() => match report {
                    Some(Report::Response(body)) => return (Outcome::Success(body), true),
                    Some(Report::Error(failure)) => return (Outcome::Failure(failure), true),
                    Some(Report::InitError(failure)) => failure,
                    Some(Report::Ready | Report::Abandoned) => continue,
                    None => stopped(),
                },
                status = self.child.wait() => exit::failure(&id, status),
                // Killed on request; the next iteration sees the exit.
                Ok(()) = self.kill.changed() => {
                    if let Err(error) = self.child.start_kill() {
                        tracing::debug!(%error, "process had ended before it was killed");
                    }
                    continue;
                }
                () = &mut memory => exit::out_of_memory(&id),
                () = tokio::time::sleep_until(deadline) => timed_out(&id, limit),
            };
            return (Outcome::Failure(failure), false);
        }
    }

    /// Peak memory of the process so far, MB, if the system reports it.
    pub fn memory_mb(&self) -> Option<u64> {
        memory::peak_mb(self.pid)
    }

    /// Whether the process can run another event.
    pub fn is_alive(&mut self) -> bool {
        let is_spared = !self.kill.has_changed().unwrap_or(true);
        is_spared && matches!(self.child.try_wait(), Ok(None))
    }

    /// Kills the process and waits for its end.
    pub async fn stop(mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::debug!(%error, "process had ended before it was killed");
        }
    }
}

/// The exit status of a process that has already ended.
fn child_status(child: &mut Child) -> std::io::Result<std::process::ExitStatus> {
    child
        .try_wait()?
        .ok_or_else(|| std::io::ErrorKind::NotFound.into())
}

pub(super) fn stopped() -> Failure {
    Failure::new("Runtime.Unknown", "runtime api stopped")
}

fn timed_out(id: &str, limit: Duration) -> Failure {
    let seconds = limit.as_secs_f64();
    let text = format!("Error: Task timed out after {seconds:.2} seconds");
    let text = match id {
        "" => text,
        id => format!("RequestId: {id} {text}"),
    };
    Failure::new("Sandbox.Timedout", text)
}

/// Reports each line of a process's output, unless Lambda would drop it.
async fn forward(stream: impl AsyncRead + Unpin, function: sam_template::Function, wiring: Wiring) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                if log::keeps_line(&function, &line) {
                    let function = function.name.clone();
                    wiring.surroundings.observe(Notice::Log { function, line });
                }
            }
        }
    }
}
