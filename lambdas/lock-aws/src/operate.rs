//! An operator's acts that decide about locks: revoke a button (C11), recover after a table restore
//! (C12), and change the register of locks and buttons. Each loads, decides and commits, as the
//! functions do, and publishes nothing: the sweep sends what is committed. For operators, not for
//! functions.

mod register;

pub use register::{Bound, Enabled, Forgotten, Registered, Unbound};

use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::Record;
use lock_core::report::ReportEvent;
use lock_core::{Decision, decide_recover, decide_revoke};

use crate::Cloud;
use crate::perform::{PerformError, Performed, Steps};

/// A recovered lock and its former record.
#[derive(Debug)]
pub struct Recovered {
    /// The record before the act.
    pub before: Record,
    /// The committed decision.
    pub decision: Decision,
}

impl Cloud {
    /// Disables a button and locks its lock if that is open or may be about to open (C11), in one
    /// transaction. The sweep sends the command. May be repeated. `None` if the button is not
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
    ) -> Result<Option<Decision>, PerformError> {
        let mut steps = Steps::default();
        while steps.may_decide() {
            let Some(binding) = self.store.read_binding(button).await? else {
                return Ok(None);
            };
            let record = self.store.read_record(binding.lock.as_ref()).await?;
            let now = self.clock.now();
            let decision = decide_revoke(&binding, record.as_ref(), actor, now, limits);
            if self.commit(&decision, &mut steps).await? == Performed::Done {
                return Ok(Some(decision));
            }
        }
        Err(steps.exhausted())
    }

    /// Distrusts a lock's record after a table restore until the sweep has read the lock's shadow
    /// (C12). `shadow` is the report in it, read before this call. `None` if the lock is not
    /// registered.
    ///
    /// # Errors
    ///
    /// [`PerformError`] if nothing was committed, or the outcome is unknown.
    pub async fn recover(
        &self,
        lock: &LockName,
        shadow: Option<&ReportEvent>,
        actor: Option<&str>,
        limits: &Limits,
    ) -> Result<Option<Recovered>, PerformError> {
        let mut steps = Steps::default();
        while steps.may_decide() {
            let Some(before) = self.store.read_record(lock).await? else {
                return Ok(None);
            };
            let decision = decide_recover(&before, shadow, actor, self.clock.now(), limits);
            if self.commit(&decision, &mut steps).await? == Performed::Done {
                return Ok(Some(Recovered { before, decision }));
            }
        }
        Err(steps.exhausted())
    }
}
