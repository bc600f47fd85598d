//! The same work on many things, a few at once.
//!
//! Must not know: what the work is.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Most things that are worked on at once: enough to hide the network's delay, too few for a table
/// to refuse them.
const MOST: usize = 8;

/// Does `work` on each item. The results are in the order of the items.
///
/// # Errors
///
/// The first error, as soon as it is there. The rest is given up.
pub async fn run_each<'a, T, R, E, F>(
    items: &'a [T],
    work: impl Fn(&'a T) -> F,
) -> Result<Vec<R>, E>
where
    F: Future<Output = Result<R, E>>,
{
    let mut left = items.iter().enumerate();
    let mut running: Vec<(usize, Pin<Box<F>>)> = Vec::new();
    let mut done = BTreeMap::new();
    poll_fn(|context| {
        loop {
            let free = MOST - running.len();
            let next = left.by_ref().take(free);
            running.extend(next.map(|(n, item)| (n, Box::pin(work(item)))));
            if running.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let ended = poll_each(&mut running, context);
            if ended.is_empty() {
                return Poll::Pending;
            }
            for (n, result) in ended {
                match result {
                    Ok(result) => done.insert(n, result),
                    Err(error) => return Poll::Ready(Err(error)),
                };
            }
        }
    })
    .await?;
    Ok(done.into_values().collect())
}

/// Goes on with all that is running. Returns the results of what has ended.
fn poll_each<F: Future>(
    running: &mut Vec<(usize, Pin<Box<F>>)>,
    context: &mut Context<'_>,
) -> Vec<(usize, F::Output)> {
    let mut ended = Vec::new();
    running.retain_mut(|(n, work)| match work.as_mut().poll(context) {
        Poll::Pending => true,
        Poll::Ready(result) => {
            ended.push((*n, result));
            false
        }
    });
    ended
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use tokio::task::yield_now;

    use super::*;

    /// What was seen of the work on some items.
    #[derive(Debug, Default)]
    struct Seen {
        at_work: Cell<usize>,
        /// Largest number of items at once.
        most: Cell<usize>,
        /// Items in the order in which they ended.
        ended: RefCell<Vec<u32>>,
    }

    /// Works on each item for as long as it says; 13 fails.
    async fn work_on(items: &[u32]) -> (Result<Vec<u32>, String>, Seen) {
        let seen = Seen::default();
        let work = |long: &u32| {
            let (long, seen) = (*long, &seen);
            async move {
                seen.at_work.set(seen.at_work.get() + 1);
                seen.most.set(seen.most.get().max(seen.at_work.get()));
                for _ in 0..long {
                    yield_now().await;
                }
                seen.at_work.set(seen.at_work.get() - 1);
                seen.ended.borrow_mut().push(long);
                if long == 13 {
                    return Err("unlucky".to_owned());
                }
                Ok(long)
            }
        };
        let results = run_each(items, work).await;
        (results, seen)
    }

    #[tokio::test]
    async fn at_most_eight_are_at_work_and_the_results_are_in_order() {
        let many: Vec<u32> = (0..40).rev().filter(|n| *n != 13).collect();
        for (items, most) in [(&[][..], 0), (&[0], 1), (&[3, 1, 2], 3), (&many, MOST)] {
            let (results, seen) = work_on(items).await;
            assert_eq!(results.as_deref(), Ok(items));
            assert_eq!(seen.most.get(), most, "{items:?}");
        }
    }

    #[tokio::test]
    async fn nothing_waits_for_one_that_takes_long() {
        let mut items = vec![99];
        items.extend([1; 20]);
        let (results, seen) = work_on(&items).await;
        assert_eq!(results.as_deref(), Ok(&items[..]));
        assert_eq!(seen.ended.borrow().last(), Some(&99));
    }

    #[tokio::test]
    async fn the_first_error_ends_it() {
        let (results, seen) = work_on(&[20, 13, 12, 30]).await;
        assert_eq!(results, Err("unlucky".to_owned()));
        assert_eq!(*seen.ended.borrow(), [12, 13]);
    }
}
