//! One process of a function: started, given one event at a time, ended by its handle.
//!
//! Must not know: other processes, retries, queues.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::template;

use super::runtime_api::{Failure, Job, Report, RuntimeApi};
use super::{Notice, Outcome, Wiring, environment};

/// A running process and its Runtime API; dropping it kills the process.
pub(super) struct Instance {
    child: Child,
    api: RuntimeApi,
    kill: watch::Receiver<u64>,
    _logs: JoinSet<()>,
}

impl Instance {
    /// Starts the process; it is not ready before [`Instance::initialise`].
    pub async fn start(
        function: &template::Function,
        binary: &Path,
        wiring: &Wiring,
        kill: watch::Receiver<u64>,
    ) -> Result<Instance, Failure> {
        let entrypoint = |error: std::io::Error| {
            let message = format!("start {}: {error}", binary.display());
            Failure::new("Runtime.InvalidEntrypoint", message)
        };
        let api = RuntimeApi::start().await.map_err(entrypoint)?;
        let stream = uuid::Uuid::new_v4().simple().to_string();
        let variables = environment::variables(function, wiring, binary, api.address, &stream);
        let mut child = Command::new(binary)
            .env_clear()
            .envs(variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own: Ctrl-C at the terminal is for whoever runs the cloud, who then ends its functions.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(entrypoint)?;
        let mut logs = JoinSet::new();
        if let Some(stdout) = child.stdout.take() {
            logs.spawn(forward(stdout, function.name.clone(), wiring.clone()));
        }
        if let Some(stderr) = child.stderr.take() {
            logs.spawn(forward(stderr, function.name.clone(), wiring.clone()));
        }
        Ok(Instance {
            child,
            api,
            kill,
            _logs: logs,
        })
    }

    /// Waits until the process asks for its first event.
    pub async fn initialise(&mut self, limit: Duration) -> Result<(), Failure> {
        loop {
            tokio::select! {
                biased;
                report = self.api.reports.recv() => match report {
                    Some(Report::Ready) => return Ok(()),
                    Some(Report::InitError(failure)) => return Err(failure),
                    Some(_) => {}
                    None => return Err(Failure::new("Runtime.Unknown", "runtime api stopped")),
                },
                status = self.child.wait() => return Err(exited("", status)),
                () = tokio::time::sleep(limit) => {
                    let text = format!("initialisation timed out after {:.2} seconds", limit.as_secs_f64());
                    return Err(Failure::new("Sandbox.Timedout", text));
                }
            }
        }
    }

    /// Runs one event; false when the process must not be used again.
    pub async fn invoke(&mut self, job: Job, limit: Duration) -> (Outcome, bool) {
        let id = job.request_id.clone();
        let deadline = Instant::now() + limit;
        if self.api.jobs.send(job).await.is_err() {
            return (
                failed(Failure::new("Runtime.Unknown", "runtime api stopped")),
                false,
            );
        }
        loop {
            tokio::select! {
                biased;
                report = self.api.reports.recv() => match report {
                    Some(Report::Response(body)) => return (Outcome::Success(body), true),
                    Some(Report::Error(failure)) => return (failed(failure), true),
                    Some(Report::InitError(failure)) => return (failed(failure), false),
                    Some(Report::Ready) => {}
                    None => return (failed(Failure::new("Runtime.Unknown", "runtime api stopped")), false),
                },
                status = self.child.wait() => return (failed(exited(&id, status)), false),
                // Killed from outside: the exit is seen in the next round.
                Ok(()) = self.kill.changed() => {
                    if let Err(error) = self.child.start_kill() {
                        tracing::debug!(%error, "process had ended before it was killed");
                    }
                }
                () = tokio::time::sleep_until(deadline) => {
                    let text = format!(
                        "RequestId: {id} Error: Task timed out after {:.2} seconds",
                        limit.as_secs_f64()
                    );
                    return (failed(Failure::new("Sandbox.Timedout", text)), false);
                }
            }
        }
    }

    /// Whether the process can take another event.
    pub fn is_alive(&mut self) -> bool {
        let spared = !self.kill.has_changed().unwrap_or(true);
        spared && matches!(self.child.try_wait(), Ok(None))
    }

    /// Kills the process and waits for its end.
    pub async fn stop(mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::debug!(%error, "process had ended before it was killed");
        }
    }
}

fn failed(failure: Failure) -> Outcome {
    Outcome::Failure {
        error_type: failure.error_type,
        message: failure.message,
    }
}

fn exited(id: &str, status: std::io::Result<ExitStatus>) -> Failure {
    let reason = match status {
        Ok(status) if status.success() => "Runtime exited without providing a reason".to_owned(),
        Ok(status) => format!("Runtime exited with error: {status}"),
        Err(error) => format!("Runtime exited: {error}"),
    };
    let message = if id.is_empty() {
        format!("Error: {reason}")
    } else {
        format!("RequestId: {id} Error: {reason}")
    };
    Failure::new("Runtime.ExitError", message)
}

/// Hands on each line of a process's output.
async fn forward(stream: impl AsyncRead + Unpin, function: String, wiring: Wiring) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => (wiring.events)(Notice::Log {
                function: function.clone(),
                line: String::from_utf8_lossy(&line).trim_end().to_owned(),
            }),
        }
    }
}
