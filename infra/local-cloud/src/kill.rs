//! Ends a function's process at the step of its work that a fault names, seen by the request it makes.
//!
//! Must not know the services; each asks before and after what it does for a function.

use std::sync::Arc;

use tokio::sync::watch;

use crate::caller::Caller;
use crate::fault::{Faults, Step};
use crate::function::Functions;

/// The request came from a process that has just been ended: there is nobody to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Withheld;

/// Carries out `kill` faults.
#[derive(Clone)]
pub struct Killer {
    /// Which, and when.
    pub faults: Arc<Faults>,
    /// Whose processes.
    pub functions: Functions,
    /// Until when answers are withheld.
    pub stopping: watch::Receiver<bool>,
}

impl Killer {
    /// Lets the caller live, or ends its process and withholds the answer for as long as the services run.
    pub async fn strike(&self, caller: &Caller, step: Step) -> Result<(), Withheld> {
        let Some(function) = &caller.function else {
            return Ok(());
        };
        if !self.faults.kills(&function.names(), step) {
            return Ok(());
        }
        if let Err(error) = self.functions.kill(&function.name) {
            tracing::error!(%error, "inject fault");
        }
        let mut stopping = self.stopping.clone();
        // A sender that is gone means the same.
        let _ = stopping.wait_for(|stop| *stop).await;
        Err(Withheld)
    }
}
