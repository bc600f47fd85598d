//! Entry point of the report function. Must not know: what is decided.

fn main() -> std::process::ExitCode {
    lock_aws::serve(|cloud, settings| report::handler::Handler::new(cloud, settings.limits))
}
