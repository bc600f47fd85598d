//! Progress of the start: a spinner for people, nothing for scripts.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::Log;

/// Shows steps that take their time.
pub struct Steps {
    log: Log,
}

impl Steps {
    pub fn new(log: Log) -> Self {
        Self { log }
    }

    /// Begins a step that may take its time.
    pub fn begin(&self, what: &str) -> ProgressBar {
        if self.log == Log::Json {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new_spinner().with_prefix(what.to_owned());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }

    /// Ends a step, and says what was done and how long it took.
    pub fn end(&self, bar: &ProgressBar, done: &str) {
        bar.finish_and_clear();
        if self.log == Log::Pretty {
            println!("{done} in {:.1} s", bar.elapsed().as_secs_f64());
        }
    }
}
