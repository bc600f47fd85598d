//! Entry point of the sweep function. Must not know: what is decided.

fn main() -> std::process::ExitCode {
    lock_aws::serve(|cloud, settings| sweep::handler::Handler::new(cloud, settings.limits))
}
