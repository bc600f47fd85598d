//! What an operator does that decides about locks: revoke a button (C11), recover after a table restore (C12), and the
//! register of locks and buttons. Each loads, asks the core, commits and publishes, as the functions do. Must not be used by
//! the functions.

mod register;

pub use register::{Bound, Forgotten, Registered, Unbound};

use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::Record;
use lock_core::{Decision, decide_recover, decide_revoke};

use crate::Cloud;
use crate::perform::{PerformError, Performed, Steps};

/// How long an operator's command is tried to be published; after it the sweep sends it. *Units*: ms.
const PUBLISH_MS: u64 = 2_000;

/// Something an operator did: in the table, in any case.
#[derive(Debug)]
pub struct Operated {
    /// What was decided and committed.
    pub decision: Decision,
    /// Why its command, if it has one, is not published yet; the sweep then sends it.
    pub unpublished: Option<PerformError>,
}

/// A lock that was recovered.
#[derive(Debug)]
pub struct Recovered {
    /// Its record, as read before.
    pub before: Record,
    /// What was done.
    pub operated: Operated,
}

impl Cloud {
    /// Takes a button's right away and, where its lock is open or may be about to open, locks it (C11): one transaction, then
    /// the command, as the functions do it. May be repeated. None if the button is not registered.
    ///
    /// *Errors*: [`PerformError`]; nothing is then revoked, or, where the outcome is unknown, all of it: ask again.
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
            let record = match &binding.lock {
                Some(lock) => self.store.read_record(lock).await?,
                None => None,
            };
            let now = self.clock.now();
            let decision = decide_revoke(&binding, record.as_ref(), actor, now, limits);
            if self.commit(&decision, &mut steps).await? == Performed::Done {
                return Ok(Some(self.operated(decision, steps).await));
            }
        }
        Err(steps.exhausted())
    }

    /// Stops believing what a restored table says of a lock, until the lock is heard: the sweep then reads its shadow
    /// (C12). None if the lock is not registered.
    ///
    /// *Errors*: [`PerformError`].
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

    async fn operated(&self, decision: Decision, mut steps: Steps) -> Operated {
        let deadline = self.clock.now().plus(PUBLISH_MS);
        let published = self.publish(&decision, deadline, &mut steps).await;
        Operated {
            decision,
            unpublished: published.err(),
        }
    }
}
