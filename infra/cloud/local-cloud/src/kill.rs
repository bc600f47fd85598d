//! Ends a function's process at the step of its work that a fault names, seen by the request it makes; or leaves the
//! request without an answer, its connection whole or cut.
//!
//! Must not know the services; each asks before and after what it does for a function.

use std::sync::Arc;

use tokio::sync::watch;

use crate::caller::Caller;
use crate::fault::{Asked, Call, CallEffect, Faults, Step};
use crate::socket;
use lambda_host::Functions;

/// There is nobody to answer, or the answer is lost: the services ended before the caller gave up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Withheld;

/// Carries out faults of functions' steps and calls.
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
        Err(self.withhold().await)
    }

    /// What is to become of a call, once the time is over that it is slowed down by; the caller of this carries it out.
    /// A cut is a loss whose answer, once withheld, takes the connection with it.
    pub async fn fate_of(&self, caller: &Caller, call: Call) -> Option<CallEffect> {
        // Only the database knows other callers.
        caller.function.as_ref()?;
        self.fate_of_operation(caller, call, (None, &[])).await
    }

    /// The same of an operation of the database on these tables, whoever calls.
    pub async fn fate_of_operation(
        &self,
        caller: &Caller,
        call: Call,
        (operation, tables): (Option<&str>, &[String]),
    ) -> Option<CallEffect> {
        let mut names: Vec<&str> = tables.iter().map(String::as_str).collect();
        if let Some(function) = &caller.function {
            names.extend(function.names());
        }
        let asked = Asked {
            names: &names,
            call,
            operation,
        };
        let (fate, delay) = self.faults.fate_of_call(&asked);
        if !delay.is_zero() {
            let mut stopping = self.stopping.clone();
            // Whichever comes first, the end of the services or of the time.
            let _ = tokio::time::timeout(delay, stopping.wait_for(|stop| *stop)).await;
        }
        let (fate, cuts) = match fate? {
            CallEffect::CutRequest => (CallEffect::LostRequest, true),
            CallEffect::CutAnswer => (CallEffect::LostAnswer, true),
            other => (other, false),
        };
        if cuts {
            socket::doom();
        }
        Some(fate)
    }

    /// Never answers: whoever asked has to give up, which ends this, or the services end. A doomed connection is cut.
    pub async fn withhold(&self) -> Withheld {
        socket::cut_if_doomed();
        let mut stopping = self.stopping.clone();
        // A sender that is gone means the same.
        let _ = stopping.wait_for(|stop| *stop).await;
        Withheld
    }
}
