//! How many invocations may be at work at once: of one function, and of all together.
//!
//! *Source*: AWS Lambda developer guide, "Configuring reserved concurrency". Must not know processes; how many of those this
//! machine is given is another matter, and makes invocations wait where AWS would run them.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::FunctionError;

/// What AWS keeps for functions that reserve nothing.
const UNRESERVED_MIN: u64 = 100;

/// What one function may take.
#[derive(Debug, Clone)]
pub(super) struct Concurrency {
    free: Arc<Semaphore>,
    is_off: bool,
}

/// Shares an account's concurrency out: those that reserve get their own, the others share the rest.
///
/// Errors: [`FunctionError::Concurrency`] when too little is left.
pub(super) fn share(
    functions: &[sam_template::Function],
    account: u64,
) -> Result<Vec<Concurrency>, FunctionError> {
    let mut left = account;
    for function in functions {
        let wanted = function.reserved_concurrency.unwrap_or(0);
        left = match left.checked_sub(wanted) {
            Some(left) if wanted == 0 || left >= UNRESERVED_MIN => left,
            _ => {
                return Err(FunctionError::Concurrency {
                    function: function.name.clone(),
                    least: UNRESERVED_MIN,
                });
            }
        };
    }
    let shared = semaphore(left);
    let of = |function: &sam_template::Function| match function.reserved_concurrency {
        Some(own) => Concurrency {
            free: semaphore(own),
            is_off: own == 0,
        },
        None => Concurrency {
            free: Arc::clone(&shared),
            is_off: false,
        },
    };
    Ok(functions.iter().map(of).collect())
}

fn semaphore(permits: u64) -> Arc<Semaphore> {
    let permits = usize::try_from(permits).unwrap_or(usize::MAX);
    Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)))
}

impl Concurrency {
    /// The right to run, until it is dropped; none when as many run as may.
    pub fn enter(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).try_acquire_owned().ok()
    }

    /// Whether the function may never run: its reserved concurrency is 0.
    pub fn is_off(&self) -> bool {
        self.is_off
    }
}
