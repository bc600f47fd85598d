//! Progress of a long wait, on a terminal: what is waited for, and for how long already.

use std::io::Write;
use std::time::Duration;

use crate::terminal::has_cursor;

/// Seconds after which a wait is explained.
const SILENT_S: u64 = 2;

/// What takes long when a history is read.
pub const READING: &str = "reading the history";

/// Waits for `work`, and shows on standard error for how long. `most_s` is the longest that it can
/// take.
pub async fn during<T>(what: &str, most_s: Option<u64>, work: impl Future<Output = T>) -> T {
    if !has_cursor(&std::io::stderr()) {
        return work.await;
    }
    let mut line = Line { is_shown: false };
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    let mut waited_s = 0;
    tokio::pin!(work);
    seconds.tick().await;
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = seconds.tick() => {
                waited_s += 1;
                if waited_s >= SILENT_S {
                    line.show(&progress(what, waited_s, most_s));
                }
            }
        }
    }
}

fn progress(what: &str, waited_s: u64, most_s: Option<u64>) -> String {
    match most_s {
        Some(most_s) => format!("{what}: {waited_s} s of at most {most_s} s"),
        None => format!("{what}: {waited_s} s"),
    }
}

/// The line of progress, which leaves nothing behind.
struct Line {
    is_shown: bool,
}

impl Line {
    fn show(&mut self, text: &str) {
        self.is_shown = true;
        // In a narrow terminal it is cut: a second line would be left behind.
        write_error(&format!("\r\x1b[K\x1b[?7l{text}\x1b[?7h"));
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.is_shown {
            write_error("\r\x1b[K");
        }
    }
}

/// Progress that cannot be shown is not worth a failure.
fn write_error(text: &str) {
    let mut output = std::io::stderr().lock();
    let _ = output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_gives_the_time_waited_and_the_longest_time() {
        let wait = "waiting for the outcome";
        assert_eq!(
            progress(wait, 3, Some(40)),
            "waiting for the outcome: 3 s of at most 40 s"
        );
        assert_eq!(progress("working", 3, None), "working: 3 s");
    }
}
