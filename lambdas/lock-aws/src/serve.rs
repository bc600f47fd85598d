//! What every function's `main` is: settings, start, then an event at a time, and whatever fails said once, in one line.
//! Must not know what a function does.
//!
//! An error has three readers, and each gets the same sentence: the log (one line with a stable code), whoever keeps the
//! event (the Runtime API: Lambda tries again and at last hands the event and this error to the failure queue), and an
//! operator who looks at either.

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
use crate::{Cloud, PerformError, Settings, chain, log};

/// Longest wait for the Runtime API to take the word that a function cannot start; it is on the same machine. *Units*: ms.
const TELL_MS: u64 = 1_000;

/// Why an invocation failed: whoever delivers the event again makes it good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failed {
    /// The stable code.
    pub code: &'static str,
    /// One sentence: what failed, and why.
    pub message: String,
}

impl Failed {
    /// A failure that `error` and its causes say all about.
    pub fn new(code: &'static str, error: &(dyn std::error::Error + 'static)) -> Failed {
        Failed {
            code,
            message: chain(error),
        }
    }
}

impl From<PerformError> for Failed {
    fn from(error: PerformError) -> Failed {
        Failed::new(error.code(), &error)
    }
}

/// One invocation, boxed: the SDK's futures are too deeply nested for the compiler to lay out unboxed.
pub type Invocation<'a, Answer> = Pin<Box<dyn Future<Output = Result<Answer, Failed>> + Send + 'a>>;

/// A function, as far as its loop is concerned.
pub trait Function: Sync {
    /// What an invocation answers; an event that nobody waits for is answered `()`.
    type Answer: Serialize;

    /// Handles one event, of which `event` is the JSON text, within `deadline`.
    ///
    /// The text is any JSON: what this program cannot hold (a number beyond a double, say) would end a typed reading before
    /// there is a code, a line or an end of retries, so it is the function that reads it, by
    /// [`parse_event`](lock_core::field::parse_event).
    fn invoke<'a>(&'a self, event: &'a str, deadline: UnixMillis) -> Invocation<'a, Self::Answer>;
}

/// Reads the settings, makes the function and serves its events until the process is ended.
///
/// A function that cannot start says so in its log and to the Runtime API, and ends with a status that is not zero.
pub async fn run<F: Function>(make: impl FnOnce(Cloud, &Settings) -> F) -> ExitCode {
    log::start();
    let settings = match Settings::from_env() {
        Ok(settings) => settings,
        Err(error) => return cannot_start(&chain(&error)),
    };
    let function = make(Cloud::start(&settings).await, &settings);
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
                "the Runtime API ends: {error}"
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

/// Says that a setting keeps the function from starting.
fn cannot_start(why: &str) -> ExitCode {
    let message =
        format!("cannot start: {why}; correct the template or its parameters, and deploy again");
    tracing::error!(phase = "start", code = "settings", "{message}");
    // Without a Runtime API, at a shell say, the line above is all there is to tell.
    if let Ok(api) = std::env::var("AWS_LAMBDA_RUNTIME_API")
        && let Err(error) = tell_runtime_api(&api, &message)
    {
        tracing::warn!("could not report the failed start to the Runtime API: {error}");
    }
    ExitCode::FAILURE
}

/// Reports to the Runtime API at `api` (host and port) why initialisation failed, so that the function's caller gets the
/// reason and not an exit status.
///
/// *Source*: AWS Lambda developer guide, "Using the Lambda runtime API for custom runtimes" (Initialization error). The crate
/// `lambda_runtime` has this call for itself alone.
fn tell_runtime_api(api: &str, message: &str) -> std::io::Result<()> {
    const TYPE: &str = "Runtime.ConfigInvalid";
    let body = json!({"errorType": TYPE, "errorMessage": message, "stackTrace": []}).to_string();
    let length = body.len();
    let wait = Duration::from_millis(TELL_MS);
    let address = api.to_socket_addrs()?.next();
    let address = address.ok_or(std::io::ErrorKind::AddrNotAvailable)?;
    let mut connection = TcpStream::connect_timeout(&address, wait)?;
    connection.set_write_timeout(Some(wait))?;
    connection.set_read_timeout(Some(wait))?;
    let head = format!(
        "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nhost: {api}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\nlambda-runtime-function-error-type: {TYPE}\r\n\r\n"
    );
    connection.write_all(format!("{head}{body}").as_bytes())?;
    // Once there is an answer it was heard: a process that ends before that may take its words with it.
    connection.read_exact(&mut [0])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers one event with what it was given, unless that is empty.
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
        let told = invoke(&Echo, "{}", UnixMillis(7)).await.unwrap_err();
        let (kind, words) = (told.error_type.as_str(), told.error_message.as_str());
        assert_eq!((kind, words), ("store", "read nothing until 7"));
        let answer = invoke(&Echo, r#"{"a":1e400}"#, UnixMillis(7)).await;
        assert_eq!(answer, Ok(r#"{"a":1e400}"#.to_owned()));
    }
}
