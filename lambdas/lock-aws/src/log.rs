//! Logs in Lambda's form: one JSON object, or one line of text, per entry on standard output.
//! Must not know: what is logged.

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;

/// Starts logging in the format of `AWS_LAMBDA_LOG_FORMAT`, at the level of `AWS_LAMBDA_LOG_LEVEL`,
/// else `RUST_LOG`, else `info`. A second call changes nothing.
pub fn start() {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let level = variable("AWS_LAMBDA_LOG_LEVEL").or_else(|| variable("RUST_LOG"));
    let level = level.as_deref().map_or(Level::INFO, level_of);
    let json =
        variable("AWS_LAMBDA_LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("json"));
    let kept = tracing_subscriber::registry()
        .with(LevelFilter::from_level(level))
        .with(filter_fn(|metadata| !is_repeated(metadata)));
    let lines = tracing_subscriber::fmt::layer()
        .with_target(false)
        .with_ansi(false);
    // Fails if logging was started before, as in a test.
    let _ = if json {
        let lines = lines
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false);
        tracing::subscriber::set_global_default(kept.with(lines))
    } else {
        tracing::subscriber::set_global_default(kept.with(lines))
    };
}

/// Whether an entry is `lambda_runtime`'s dump of an error that a handler returned, which
/// [`serve`](crate::serve()) has logged as a sentence. The same module's entry about a panic, with
/// a field `error`, is kept.
fn is_repeated(metadata: &Metadata<'_>) -> bool {
    metadata.target() == "lambda_runtime::layers::panic"
        && metadata.fields().field("error").is_none()
}

/// The level of a word of Lambda's or `tracing`'s; anything else, such as a directive, is `info`.
fn level_of(word: &str) -> Level {
    match word.to_ascii_lowercase().as_str() {
        "fatal" => Level::ERROR,
        word => word.parse().unwrap_or(Level::INFO),
    }
}
