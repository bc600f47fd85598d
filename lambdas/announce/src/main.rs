//! Entry point of the announce function. Must not know: what is announced.

fn main() -> std::process::ExitCode {
    lock_aws::serve_batch(
        announce::handler::Options::read,
        |cloud, settings, options| {
            let notifier = lock_aws::Notifier::new(&settings.access, &options.topic_arn);
            announce::handler::Handler::new(cloud, notifier, options)
        },
    )
}
