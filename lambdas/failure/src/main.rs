//! Wiring of the failure function. Must not decide anything.

use std::process::ExitCode;

use failure::handler::Handler;
use lock_aws::serve;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    serve::run(|cloud, settings| Handler::new(cloud, settings.limits)).await
}
