//! Wiring of the report function. Must not decide anything.

use std::process::ExitCode;

use lock_aws::serve;
use report::handler::Handler;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    serve::run(|cloud, settings| Handler::new(cloud, settings.limits)).await
}
