//! Entry point of the press function. Must not know: what is decided.

fn main() -> std::process::ExitCode {
    lock_aws::serve(|cloud, settings| press::handler::Handler::new(cloud, settings.limits))
}
