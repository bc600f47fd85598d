//! Kills a function's process at the step of its work that a fault names, or withholds the answer
//! to its request, with or without cutting the connection.
//!
//! The services ask before and after they act for a function. Must not know: the services.

use std::sync::Arc;

use tokio::sync::watch;

use crate::caller::Caller;
use crate::fault::{Call, CallEffect, Faults, ObservedCall, Step};
use crate::socket;
use lambda_host::Functions;

/// An answer was withheld until the services ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Withheld;

/// Carries out faults of functions' steps and calls.
#[derive(Clone)]
pub struct Killer {
    pub faults: Arc<Faults>,
    pub functions: Functions,
    pub stopping: watch::Receiver<bool>,
}

impl Killer {
    /// Kills the caller's process if a fault strikes this step, and then withholds the answer.
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

    /// The effect that the caller of this must carry out, after the delay of a slowed call. A cut
    /// is a loss for which `withhold` also cuts the connection.
    pub async fn fate_of(&self, caller: &Caller, call: Call) -> Option<CallEffect> {
        // Only calls to the database have other callers.
        caller.function.as_ref()?;
        self.fate_of_operation(caller, call, (None, &[])).await
    }

    /// The same for an operation of the database on these tables, by any caller.
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
        let observed = ObservedCall {
            names: &names,
            call,
            operation,
        };
        let (fate, delay) = self.faults.fate_of_call(&observed);
        if !delay.is_zero() {
            let mut stopping = self.stopping.clone();
            // Until the delay is over or the services end.
            let _ = tokio::time::timeout(delay, stopping.wait_for(|stop| *stop)).await;
        }
        let (fate, cuts) = match fate? {
            CallEffect::CutRequest => (CallEffect::LostRequest, true),
            CallEffect::CutAnswer => (CallEffect::LostAnswer, true),
            other => (other, false),
        };
        if cuts {
            socket::mark_for_cut();
        }
        Some(fate)
    }

    /// Never answers; the caller gives up, which drops this, or the services end. Cuts a connection
    /// that is marked for it.
    pub async fn withhold(&self) -> Withheld {
        socket::cut_if_marked();
        let mut stopping = self.stopping.clone();
        // A closed channel means the same.
        let _ = stopping.wait_for(|stop| *stop).await;
        Withheld
    }
}
