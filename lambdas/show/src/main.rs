//! Entry point of the show function. Must not know: what is shown.

fn main() -> std::process::ExitCode {
    lock_aws::serve_batch(
        |_| Ok(()),
        |cloud, settings, ()| show::handler::Handler::new(cloud, settings.limits),
    )
}
