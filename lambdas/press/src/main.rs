//! Entry point of the press function. Must not know: what is decided.

/// A press costs less CPU than with the system's allocator (infra/docs/decisions/).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    lock_aws::serve(|cloud, settings| press::handler::Handler::new(cloud, settings.limits))
}
