//! Wiring of the press function. Must not decide anything.

use anyhow::Context;
use lambda_runtime::{LambdaEvent, service_fn};
use lock_aws::{Cloud, Settings, clock, log};
use press::handler::Handler;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    log::start();
    let settings = Settings::from_env().context("read settings")?;
    let handler = Handler::new(Cloud::start(&settings).await, settings.limits);
    let run = lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| {
        let (handler, event) = (&handler, event);
        async move {
            let deadline = clock::from_system(event.context.deadline());
            handler.handle(&event.payload, deadline).await
        }
    }));
    run.await
        .map_err(|error| anyhow::anyhow!(error))
        .context("serve invocations")
}
