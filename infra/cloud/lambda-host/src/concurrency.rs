//! Limits on concurrent invocations: of one function, and of all functions together.
//!
//! Must not know: processes, whose number has its own limit.
//!
//! Source: AWS Lambda developer guide, "Configuring reserved concurrency".

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::FunctionError;

/// Concurrency that AWS keeps for functions without a reservation.
const UNRESERVED_MIN: u64 = 100;

/// The concurrency of one function.
#[derive(Debug, Clone)]
pub(super) struct Concurrency {
    free: Arc<Semaphore>,
    is_disabled: bool,
}

/// Divides an account's concurrency: functions with a reservation get their own, the others share
/// the rest.
///
/// # Errors
///
/// [`FunctionError::Concurrency`] if too little is left unreserved.
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
            is_disabled: own == 0,
        },
        None => Concurrency {
            free: Arc::clone(&shared),
            is_disabled: false,
        },
    };
    Ok(functions.iter().map(of).collect())
}

fn semaphore(permits: u64) -> Arc<Semaphore> {
    let permits = usize::try_from(permits).unwrap_or(usize::MAX);
    Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)))
}

impl Concurrency {
    /// A permit to run, until it is dropped; `None` if the limit is reached.
    pub fn try_enter(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).try_acquire_owned().ok()
    }

    /// Whether the function must never run: its reserved concurrency is 0.
    pub fn is_disabled(&self) -> bool {
        self.is_disabled
    }
}
