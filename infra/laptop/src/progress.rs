//! Progress of a long step: what it works on, how far it is, and for how long. A terminal shows it
//! in one line that changes, anything else gets a plain line now and then, a script nothing.
//!
//! Must not know: what the step does.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use local_cloud::cli::Log;

/// Time between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// A long step that is under way.
pub struct Progress {
    step: String,
    log: Log,
    begun: Instant,
    bar: ProgressBar,
    /// When the next plain line is due; `None` if a bar is shown, or nothing.
    line_at: Option<Instant>,
    count: Option<(u64, u64)>,
}

impl Progress {
    /// Shows that `step` has begun.
    pub fn begin(log: Log, step: &str) -> Self {
        let (is_shown, begun) = (log == Log::Pretty, Instant::now());
        let has_bar = is_shown && io::stderr().is_terminal();
        let bar = if has_bar {
            ProgressBar::new_spinner().with_prefix(step.to_owned())
        } else {
            ProgressBar::hidden()
        };
        let progress = Self {
            step: step.to_owned(),
            log,
            begun,
            bar,
            line_at: (is_shown && !has_bar).then(|| begun + LINE_EVERY),
            count: None,
        };
        progress.draw("{spinner} {prefix}, {elapsed} {wide_msg}");
        progress.bar.enable_steady_tick(Duration::from_millis(120));
        progress
    }

    /// Shows what the step is working on.
    pub fn show(&mut self, message: &str) {
        self.bar.set_message(message.to_owned());
        let now = Instant::now();
        if self.line_at.is_some_and(|at| at <= now) {
            self.line_at = Some(now + LINE_EVERY);
            println!("{}", self.line(message, now));
        }
    }

    /// Shows how far the step is.
    pub fn count(&mut self, done: u64, all: u64) {
        if self.count.replace((done, all)).is_none() {
            self.draw("{spinner} {prefix}: {pos} of {len}, {elapsed} {bar:20} {wide_msg}");
        }
        self.bar.set_length(all);
        self.bar.set_position(done);
    }

    /// Prints `done` with the time that the step took.
    pub fn end(self, done: &str) {
        self.bar.finish_and_clear();
        if self.log == Log::Pretty {
            println!("{done} in {:.1} s", self.begun.elapsed().as_secs_f64());
        }
    }

    fn draw(&self, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
    }

    /// `building press: 12 of 345, 35 s (serde)`
    fn line(&self, message: &str, now: Instant) -> String {
        let count = self.count.map(|(done, all)| format!(": {done} of {all}"));
        let seconds = (now - self.begun).as_secs();
        let message = match message {
            "" => String::new(),
            message => format!(" ({message})"),
        };
        let count = count.unwrap_or_default();
        format!("{}{count}, {seconds} s{message}", self.step)
    }
}

/// A step that failed leaves no spinner behind.
impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_line_says_what_and_how_far_and_for_how_long() {
        let mut progress = Progress::begin(Log::None, "building press");
        let now = progress.begun + Duration::from_secs(35);
        assert_eq!(progress.line("", now), "building press, 35 s");
        progress.count(12, 345);
        let line = progress.line("serde", now);
        assert_eq!(line, "building press: 12 of 345, 35 s (serde)");
    }
}
