//! Contains a panic: it ends the piece of work it happens in, with an error in the log, and nothing
//! else.
//!
//! A panic is a bug in this program, never an answer to a client. This needs a build that unwinds,
//! as every build does except one with `--release`. Must not know: what the work is.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// The message of a panic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panicked(String);

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "panicked: {}", self.0)
    }
}

impl std::error::Error for Panicked {}

/// Runs `work`. After a panic, use only state that is sound at every point of `work`.
///
/// # Errors
/// [`Panicked`]; `work` is dropped.
pub async fn contain<T>(work: impl Future<Output = T>) -> Result<T, Panicked> {
    let mut work = pin!(work);
    std::future::poll_fn(
        |context| match contain_call(|| work.as_mut().poll(context)) {
            Ok(poll) => poll.map(Ok),
            Err(panicked) => Poll::Ready(Err(panicked)),
        },
    )
    .await
}

/// Calls `work`. After a panic, use only state that is sound at every point of `work`.
///
/// # Errors
/// [`Panicked`].
pub fn contain_call<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    let called = catch_unwind(AssertUnwindSafe(work));
    called.map_err(|payload| Panicked(message(payload.as_ref())))
}

/// Runs `work`, and logs a panic as an error of `what`.
pub async fn contain_logged(what: &str, work: impl Future<Output = ()>) {
    if let Err(panicked) = contain(work).await {
        tracing::error!(%panicked, "{what}");
    }
}

/// The message of a panic; `panic!` and its relatives always make it text.
fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("with a value that is not text").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::captured::Captured;

    #[tokio::test]
    async fn work_that_panics_is_an_error_with_the_panics_message() {
        let seven = contain(async { 7 }).await;
        assert_eq!(seven, Ok(7));
        let digit = || "x".parse::<u8>().map_err(|_| "not a digit");
        for (text, expected) in [
            (contain(async { panic!("plain") }).await, "plain"),
            (contain(async { panic!("{}", 3 + 4) }).await, "7"),
            (
                contain(async { _ = digit().unwrap() }).await,
                "called `Result::unwrap()` on an `Err` value: \"not a digit\"",
            ),
        ] {
            assert_eq!(text, Err::<(), _>(Panicked(expected.to_owned())));
        }
    }

    #[tokio::test]
    async fn a_panic_after_a_wait_is_contained_as_well() {
        let late = contain(async {
            tokio::task::yield_now().await;
            panic!("late");
        });
        assert_eq!(late.await, Err::<(), _>(Panicked("late".to_owned())));
    }

    #[tokio::test]
    async fn a_logged_panic_ends_only_its_own_piece_of_work() {
        let (log, _capturing) = Captured::begin();
        let mut done = Vec::new();
        for n in 1..=3 {
            let work = async {
                assert_ne!(n, 2, "two");
                done.push(n);
            };
            contain_logged("count", work).await;
        }
        assert_eq!(done, [1, 3]);
        let text = log.text();
        assert_eq!(text.lines().filter(|l| l.contains("ERROR")).count(), 1);
        assert!(text.contains("count") && text.contains("two"), "{text}");
    }
}
