//! Wiring of the sweep function. Must not decide anything.

use std::process::ExitCode;

use lock_aws::serve;
use sweep::handler::Handler;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    serve::run(|cloud, settings| Handler::new(cloud, settings.limits)).await
}
