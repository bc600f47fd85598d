//! The connections that a function's program opens before it asks for its first event.
//! Must not know: what the function does.

use std::net::Ipv4Addr;
use std::process::Stdio;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::process::Command;

/// How long a program may take to ask for an event. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);

/// What a program has connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// The table.
    pub table: bool,
    /// The data plane of AWS `IoT`.
    pub iot: bool,
}

/// Starts a function's program with these variables, and ends it when it asks for an event.
///
/// # Panics
///
/// If it never asks.
pub async fn opening_of(program: &str, variables: &[(&str, &str)]) -> Opening {
    let (table, iot, api) = (listen().await, listen().await, listen().await);
    let at = |listener: &TcpListener| listener.local_addr().expect("an address").to_string();
    let mut child = Command::new(program)
        .env_clear()
        .env("TABLE_NAME", "remote-lock")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "AKIDTEST")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        // Only a connection with TLS is opened early; nobody answers these.
        .env(
            "AWS_ENDPOINT_URL_DYNAMODB",
            format!("https://{}", at(&table)),
        )
        .env(
            "AWS_ENDPOINT_URL_IOT_DATA_PLANE",
            format!("https://{}", at(&iot)),
        )
        .env("AWS_LAMBDA_RUNTIME_API", at(&api))
        .env("AWS_LAMBDA_FUNCTION_NAME", "f")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "g")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "s")
        .envs(variables.iter().copied())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("the program starts");
    let asked = tokio::time::timeout(DEADLINE, api.accept()).await;
    asked
        .expect("the program asks for an event in time")
        .expect("a connection");
    let opening = Opening {
        table: is_connected(table),
        iot: is_connected(iot),
    };
    child.kill().await.expect("the program ends");
    opening
}

async fn listen() -> TcpListener {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    listener.expect("a free port")
}

/// Whether a connection waits to be accepted. The listener does not block.
fn is_connected(listener: TcpListener) -> bool {
    let listener = listener.into_std().expect("a listener");
    listener.accept().is_ok()
}
