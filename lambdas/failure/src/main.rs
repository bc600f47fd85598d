//! Entry point of the failure function. Must not know: what is decided.

fn main() -> std::process::ExitCode {
    lock_aws::serve_batch(
        |_| Ok(()),
        |cloud, settings, ()| failure::handler::Handler::new(cloud, settings.limits),
    )
}
