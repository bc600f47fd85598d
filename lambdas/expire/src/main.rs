//! Wiring of the expire function. Must not decide anything, nor know who invokes it.

use std::pin::Pin;

use anyhow::Context;
use expire::handler::Handler;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use lock_aws::{Cloud, Settings, clock, log};
use serde_json::Value;

/// One invocation, boxed: the SDK's futures are too deeply nested for the compiler to lay out unboxed.
type Invocation<'a> = Pin<Box<dyn Future<Output = Result<(), Diagnostic>> + Send + 'a>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    log::start();
    let settings = Settings::from_env().context("read settings")?;
    let handler = Handler::new(Cloud::start(&settings).await, settings.limits);
    let run = lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| -> Invocation<'_> {
        let handler = &handler;
        Box::pin(async move {
            let deadline = clock::from_system(event.context.deadline());
            let swept = handler.handle(deadline).await;
            swept.map(|_| ()).map_err(|error| Diagnostic {
                error_type: error.code().to_owned(),
                error_message: error.to_string(),
            })
        })
    }));
    run.await
        .map_err(|error| anyhow::anyhow!(error))
        .context("serve invocations")
}
