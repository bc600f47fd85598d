//! An operator's acts that decide about locks: revoke a button (C11), recover after a table restore
//! (C12), and change the register of locks and buttons. Each loads, decides, commits and publishes,
//! as the functions do. For operators, not for functions.

mod register;

pub use register::{Bound, Forgotten, Registered, Unbound};

use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::Record;
use lock_core::{Decision, decide_recover, decide_revoke};

use crate::Cloud;
use crate::perform::{PerformError, Performed, Steps};

/// Longest time spent publishing an operator's command, in ms. After that the sweep sends it.
const PUBLISH_MS: u64 = 2_000;

/// A committed act of an operator.
#[derive(Debug)]
pub struct Operated {
    /// The decision, which is committed.
    pub decision: Decision,
    /// Why its command, if any, is not published yet. The sweep sends it.
    pub unpublished: Option<PerformError>,
}

/// A recovered lock and its former record.
#[derive(Debug)]
pub struct Recovered {
    /// The record before the act.
    pub before: Record,
    /// The committed act.
    pub operated: Operated,
}

impl Cloud {
    /// Disables a button and locks its lock if that is open or may be about to open (C11), in one
    /// transaction, then publishes the command. May be repeated. `None` if the button is not
    /// registered.
    ///
    /// # Errors
    ///
    /// [`PerformError`]. Nothing is revoked, or, if the outcome is unknown, possibly everything:
    /// repeat the call.
    pub async fn revoke(
        &self,
        button: &ButtonSerial,
        actor: Option<&str>,
        limits: &Limits,
    ) -> Result<Option<Operated>, PerformError> {
        let mut steps = Steps::default();
        while steps.may_decide() {
            let Some(binding) = self.store.read_binding(button).await? else {
                return Ok(None);
            };
            let record = self.store.read_record(binding.lock.as_ref()).await?;
            let now = self.clock.now();
            let decision = decide_revoke(&binding, record.as_ref(), actor, now, limits);
            if self.commit(&decision, &mut steps).await? == Performed::Done {
                return Ok(Some(self.operated(decision, steps).await));
            }
        }
        Err(steps.exhausted())
    }

    /// Distrusts a lock's record after a table restore until the sweep has read the lock's shadow
    /// (C12). `None` if the lock is not registered.
    ///
    /// # Errors
    ///
    /// [`PerformError`] if nothing was committed, or the outcome is unknown.
    pub async fn recover(
        &self,
        lock: &LockName,
        actor: Option<&str>,
        limits: &Limits,
    ) -> Result<Option<Recovered>, PerformError> {
        let mut steps = Steps::default();
        while steps.may_decide() {
            let Some(before) = self.store.read_record(lock).await? else {
                return Ok(None);
            };
            let decision = decide_recover(&before, actor, self.clock.now(), limits);
            if self.commit(&decision, &mut steps).await? == Performed::Done {
                let operated = self.operated(decision, steps).await;
                return Ok(Some(Recovered { before, operated }));
            }
        }
        Err(steps.exhausted())
    }

    /// Publishes the command of a committed decision.
    async fn operated(&self, decision: Decision, mut steps: Steps) -> Operated {
        let deadline = self.clock.now().plus(PUBLISH_MS);
        let published = self.publish(&decision, deadline, &mut steps).await;
        Operated {
            decision,
            unpublished: published.err(),
        }
    }
}
