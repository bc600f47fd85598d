//! Progress of long steps: a spinner for people, nothing for scripts.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use local_cloud::cli::Log;

/// A long step that is under way.
pub struct Progress {
    log: Log,
    bar: ProgressBar,
}

impl Progress {
    /// Shows that `step` has begun.
    pub fn begin(log: Log, step: &str) -> Self {
        if log != Log::Pretty {
            let bar = ProgressBar::hidden();
            return Self { log, bar };
        }
        let bar = ProgressBar::new_spinner().with_prefix(step.to_owned());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { log, bar }
    }

    /// Shows what the step is working on.
    pub fn show(&self, message: &str) {
        self.bar.set_message(message.to_owned());
    }

    /// Prints `done` with the time that the step took.
    pub fn end(self, done: &str) {
        self.bar.finish_and_clear();
        if self.log == Log::Pretty {
            println!("{done} in {:.1} s", self.bar.elapsed().as_secs_f64());
        }
    }
}

/// A step that failed leaves no spinner behind.
impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
