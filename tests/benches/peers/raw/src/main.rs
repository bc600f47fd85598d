//! The floor: a press by hand, on hyper and aws-sigv4, one connection for each service.
//!
//! Must not know: the product. It does a press's calls and nothing for safety beyond them.

mod line;
mod press;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use hyper::Method;
use serde_json::{Value, json};

use line::Line;
use press::Peer;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-raw: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Opens both connections at once, then takes one event after the other.
async fn serve() -> Result<()> {
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").context("read AWS_LAMBDA_RUNTIME_API")?;
    let mut runtime = Line::new(&format!("http://{api}"), None)?;
    let mut peer = Peer::from_env()?;
    peer.open().await;
    loop {
        let path = "/2018-06-01/runtime/invocation/next";
        let next = runtime.send(Method::GET, path, &[], Vec::new()).await?;
        let id = next.header("lambda-runtime-aws-request-id")?;
        let began = Instant::now();
        let outcome = peer.press(&next.body).await;
        let (part, body) = match &outcome {
            Ok(done) => {
                let total_ms = began.elapsed().as_secs_f64() * 1e3;
                let line = json!({"level": "INFO", "target": "press", "done": done,
                    "total_ms": total_ms});
                println!("{line}");
                ("response", Value::Null)
            }
            Err(error) => {
                let text = format!("{error:#}");
                ("error", json!({"errorType": "raw", "errorMessage": text}))
            }
        };
        let path = format!("/2018-06-01/runtime/invocation/{id}/{part}");
        let body = body.to_string().into_bytes();
        runtime.send(Method::POST, &path, &[], body).await?;
    }
}
