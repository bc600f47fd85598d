//! The `main` of every function: settings, start-up, then one event at a time.
//! Must not know: what a function does.
//!
//! An error has three readers, and each gets the same sentence: the log (one line with a stable
//! code), the Runtime API (Lambda retries, and at last puts the event and this error into the
//! failure queue), and an operator who reads either.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::pin::Pin;
use std::process::ExitCode;
use std::time::Duration;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use lock_core::time::UnixMillis;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::clock::{self, Stopwatch};
use crate::settings::{Lookup, process};
use crate::start::Connections;
use crate::{Cloud, PerformError, Settings, SettingsError, chain, log};

/// Longest wait for the Runtime API, on the same machine, to accept a failed start, in ms.
const REPORT_MS: u64 = 1_000;

/// Why an invocation failed. The next delivery of the event cures it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failed {
    /// The stable code, the error's type for Lambda.
    pub code: &'static str,
    /// What failed and why, in one sentence.
    pub message: String,
}

impl Failed {
    /// A failure with the text of `error` and its causes.
    pub fn new(code: &'static str, error: &(dyn std::error::Error + 'static)) -> Self {
        Self {
            code,
            message: chain(error),
        }
    }
}

impl From<PerformError> for Failed {
    fn from(error: PerformError) -> Self {
        Self::new(error.code(), &error)
    }
}

/// One invocation, boxed, since the SDK's futures are too deeply nested to be laid out unboxed.
pub type Invocation<'a, Answer> = Pin<Box<dyn Future<Output = Result<Answer, Failed>> + Send + 'a>>;

/// A function, as its loop sees it.
pub trait Function: Sync {
    /// The answer of an invocation; `()` if no caller waits for it.
    type Answer: Serialize;

    /// Handles `event`, a JSON text, before `deadline`.
    ///
    /// The function parses the text itself, with [`parse_event`](lock_core::field::parse_event). A
    /// typed event would fail before the function runs (on a number beyond a double, say), with no
    /// code, no line and no end of retries.
    fn invoke<'a>(&'a self, event: &'a str, deadline: UnixMillis) -> Invocation<'a, Self::Answer>;
}

/// Reads the settings, makes the function and serves its events until the process ends.
///
/// A failed start is logged, reported to the Runtime API, and ends with a non-zero status.
pub fn serve<F: Function>(new: impl FnOnce(Cloud, &Settings) -> F) -> ExitCode {
    let new = |cloud, settings: &Settings, ()| new(cloud, settings);
    run(Connections::All, |_| Ok(()), new)
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn run<F: Function, Own>(
    connections: Connections,
    read: impl FnOnce(Lookup<'_>) -> Result<Own, SettingsError>,
    new: impl FnOnce(Cloud, &Settings, Own) -> F,
) -> ExitCode {
    log::start();
    let settings = Settings::from_env().and_then(|settings| Ok((settings, read(&process)?)));
    let (settings, own) = match settings {
        Ok(settings) => settings,
        Err(error) => return cannot_start(&chain(&error)),
    };
    let cloud = Cloud::start(&settings, connections).await;
    let function = new(cloud, &settings, own);
    let service = service_fn(
        |event: LambdaEvent<Box<RawValue>>| -> Invoked<'_, F::Answer> {
            let function = &function;
            Box::pin(async move {
                let deadline = clock::from_system(event.context.deadline());
                invoke(function, event.payload.get(), deadline).await
            })
        },
    );
    match lambda_runtime::run(service).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error = chain(&*error);
            tracing::error!(
                phase = "loop",
                code = "runtime",
                "the Runtime API failed: {error}"
            );
            ExitCode::FAILURE
        }
    }
}

type Invoked<'a, Answer> = Pin<Box<dyn Future<Output = Result<Answer, Diagnostic>> + Send + 'a>>;

async fn invoke<F: Function>(
    function: &F,
    event: &str,
    deadline: UnixMillis,
) -> Result<F::Answer, Diagnostic> {
    let total = Stopwatch::start();
    function.invoke(event, deadline).await.map_err(|failed| {
        let Failed { code, message } = failed;
        let total_ms = total.elapsed_ms();
        tracing::error!(phase = "invocation", code, total_ms, "{message}");
        Diagnostic {
            error_type: code.to_owned(),
            error_message: message,
        }
    })
}

/// Logs and reports that a setting keeps the function from starting.
fn cannot_start(why: &str) -> ExitCode {
    let message =
        format!("cannot start: {why}; correct the template or its parameters, and deploy again");
    tracing::error!(phase = "start", code = "settings", "{message}");
    // There is no Runtime API if the program is started at a shell.
    if let Ok(api) = std::env::var("AWS_LAMBDA_RUNTIME_API")
        && let Err(error) = report_failed_start(&api, &message)
    {
        tracing::warn!("could not report the failed start to the Runtime API: {error}");
    }
    ExitCode::FAILURE
}

/// Reports to the Runtime API at `api` (host and port) why initialisation failed, so that the
/// caller of the function gets the reason instead of an exit status. `lambda_runtime` keeps its own
/// call for this private.
///
/// Source: AWS Lambda developer guide, "Using the Lambda runtime API for custom runtimes".
fn report_failed_start(api: &str, message: &str) -> std::io::Result<()> {
    const TYPE: &str = "Runtime.ConfigInvalid";
    let body = json!({"errorType": TYPE, "errorMessage": message, "stackTrace": []}).to_string();
    let length = body.len();
    let wait = Duration::from_millis(REPORT_MS);
    let address = api.to_socket_addrs()?.next();
    let address = address.ok_or(std::io::ErrorKind::AddrNotAvailable)?;
    let mut connection = TcpStream::connect_timeout(&address, wait)?;
    connection.set_write_timeout(Some(wait))?;
    connection.set_read_timeout(Some(wait))?;
    let head = format!(
        "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nhost: {api}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\
         lambda-runtime-function-error-type: {TYPE}\r\n\r\n"
    );
    connection.write_all(format!("{head}{body}").as_bytes())?;
    // Waits for the answer: the report may be lost if the process ends before it.
    connection.read_exact(&mut [0])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers an event with its text, unless it is empty.
    struct Echo;

    impl Function for Echo {
        type Answer = String;

        fn invoke<'a>(&'a self, event: &'a str, deadline: UnixMillis) -> Invocation<'a, String> {
            Box::pin(async move {
                match event {
                    "{}" => Err(Failed {
                        code: "store",
                        message: format!("read nothing until {}", deadline.0),
                    }),
                    text => Ok(text.to_owned()),
                }
            })
        }
    }

    #[tokio::test]
    async fn a_failed_invocation_is_its_code_and_its_sentence() {
        let failed = invoke(&Echo, "{}", UnixMillis(7)).await.unwrap_err();
        let (kind, words) = (failed.error_type.as_str(), failed.error_message.as_str());
        assert_eq!((kind, words), ("store", "read nothing until 7"));
        let answer = invoke(&Echo, r#"{"a":1e400}"#, UnixMillis(7)).await;
        assert_eq!(answer, Ok(r#"{"a":1e400}"#.to_owned()));
    }
}
