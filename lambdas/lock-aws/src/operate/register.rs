//! The register of locks and buttons: what joins it, what is bound to what, what leaves it. Must not know certificates nor
//! things of the registry: a name is what a certificate's policy will be asked for.

use lock_core::binding::Binding;
use lock_core::event::Subject;
use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::Record;
use lock_core::{
    BindWish, ForgetRefusal, decide_bind, decide_forget, decide_register_button,
    decide_register_lock, decide_unbind,
};

use super::Operated;
use crate::perform::{PerformError, Performed, Steps};
use crate::{Cloud, StoreError};

/// What became of a registration.
#[derive(Debug)]
pub enum Registered {
    /// It is registered now.
    Now(Box<Operated>),
    /// It was registered already; nothing was changed.
    Already,
}

/// What became of a binding.
#[derive(Debug)]
pub enum Bound {
    /// The button commands the lock now.
    Done {
        /// The binding that this one replaces.
        before: Box<Binding>,
        /// What was done.
        operated: Box<Operated>,
    },
    /// The button is not registered; nothing was changed.
    UnknownButton,
    /// The lock is not registered; nothing was changed.
    UnknownLock,
}

/// A button that commands nothing any more.
#[derive(Debug)]
pub struct Unbound {
    /// The binding until now.
    pub before: Binding,
    /// What was done.
    pub operated: Operated,
}

/// What became of forgetting a lock.
#[derive(Debug)]
pub enum Forgotten {
    /// It is registered no more.
    Done(Box<Operated>),
    /// It was not registered.
    Unknown,
    /// It must not be forgotten now; nothing was changed.
    Refused(ForgetRefusal),
}

impl Cloud {
    /// Registers a lock: from now on it is commanded, and its reports and requests count (C9). May be repeated.
    ///
    /// *Errors*: [`PerformError`].
    pub async fn register_lock(
        &self,
        lock: &LockName,
        actor: Option<&str>,
        limits: &Limits,
    ) -> Result<Registered, PerformError> {
        let mut steps = Steps::default();
        while steps.may_decide() {
            let known = self.store.read_record(lock).await?;
            let now = self.clock.now();
            let Some(decision) = decide_register_lock(lock, known.as_ref(), actor, now, limits)
            else {
                return self.listed(Subject::Lock(lock.clone())).await;
            };
            if self.commit(&decision, &mut steps).await? == Performed::Done {
                return Ok(Registered::Now(Box::new(
                    self.operated(decision, steps).await,
                )));
            }
        }
        Err(steps.exhausted())
    }

    /// Registers a button, bound to no lock: its presses are ignored, with that reason. May be repeated.
    ///
    /// *Errors*: [`PerformError`].
    pub async fn register_button(
        &self,
        button: &ButtonSerial,
        actor: Option<&str>,
        limits: &Limits,
    ) -> Result<Registered, PerformError> {
        let mut steps = Steps::default();
        while steps.may_decide() {
            let known = self.store.read_binding(button).await?;
            let now = self.clock.now();
            let Some(decision) = decide_register_button(button, known.as_ref(), actor, now, limits)
            else {
                return self.listed(Subject::Button(button.clone())).await;
            };
            if self.commit(&decision, &mut steps).await? == Performed::Done {
                return Ok(Registered::Now(Box::new(
                    self.operated(decision, steps).await,
                )));
            }
        }
        Err(steps.exhausted())
    }

    /// What has a record or a binding is on the list too: it may be older than the list.
    async fn listed(&self, subject: Subject) -> Result<Registered, PerformError> {
        self.store.list(&subject).await?;
        Ok(Registered::Already)
    }

    /// Lets a button command a lock (C3); the lock that it leaves is locked where nobody can say that its door is shut. May
    /// be repeated.
    ///
    /// *Errors*: [`PerformError`]; as for [`Cloud::revoke`].
    pub async fn bind(
        &self,
        button: &ButtonSerial,
        lock: &LockName,
        wish: &BindWish,
        actor: Option<&str>,
        limits: &Limits,
    ) -> Result<Bound, PerformError> {
        let mut steps = Steps::default();
        let mut first: Option<Binding> = None;
        while steps.may_decide() {
            let Some(binding) = self.store.read_binding(button).await? else {
                return Ok(Bound::UnknownButton);
            };
            let Some(to) = self.store.read_record(lock).await? else {
                return Ok(Bound::UnknownLock);
            };
            let from = self.record_left(&binding, lock).await?;
            let (wish, now) = (wish.clone(), self.clock.now());
            let decision = decide_bind(&binding, from.as_ref(), &to, wish, actor, now, limits);
            let before = first.get_or_insert(binding).clone();
            if self.commit(&decision, &mut steps).await? == Performed::Done {
                let operated = self.operated(decision, steps).await;
                return Ok(Bound::Done {
                    before: Box::new(before),
                    operated: Box::new(operated),
                });
            }
        }
        Err(steps.exhausted())
    }

    /// The record of the lock that a button leaves when it is bound to `lock`.
    async fn record_left(
        &self,
        binding: &Binding,
        lock: &LockName,
    ) -> Result<Option<Record>, StoreError> {
        match binding.lock.as_ref().filter(|left| *left != lock) {
            Some(left) => self.store.read_record(left).await,
            None => Ok(None),
        }
    }

    /// Lets a button command nothing; it stays registered. Its lock is left as [`Cloud::bind`] leaves it. None if the button
    /// is not registered.
    ///
    /// *Errors*: [`PerformError`]; as for [`Cloud::revoke`].
    pub async fn unbind(
        &self,
        button: &ButtonSerial,
        actor: Option<&str>,
        limits: &Limits,
    ) -> Result<Option<Unbound>, PerformError> {
        let mut steps = Steps::default();
        while steps.may_decide() {
            let Some(before) = self.store.read_binding(button).await? else {
                return Ok(None);
            };
            let record = match &before.lock {
                Some(lock) => self.store.read_record(lock).await?,
                None => None,
            };
            let now = self.clock.now();
            let decision = decide_unbind(&before, record.as_ref(), actor, now, limits);
            if self.commit(&decision, &mut steps).await? == Performed::Done {
                let operated = self.operated(decision, steps).await;
                return Ok(Some(Unbound { before, operated }));
            }
        }
        Err(steps.exhausted())
    }

    /// Forgets a lock: nothing commands it any more, its reports and requests change nothing. `gone` as in
    /// [`decide_forget`].
    ///
    /// *Errors*: [`PerformError`].
    pub async fn forget(
        &self,
        lock: &LockName,
        gone: bool,
        actor: Option<&str>,
        limits: &Limits,
    ) -> Result<Forgotten, PerformError> {
        let mut steps = Steps::default();
        let mut tried = None;
        while steps.may_decide() {
            // The record before the bindings: one bound after this moves the record, and the deletion conflicts.
            let record = self.store.read_record(lock).await?;
            let Some(record) = record else {
                return Ok(match tried {
                    // The last commit was made, though its answer did not come.
                    Some(decision) => {
                        Forgotten::Done(Box::new(self.operated(decision, steps).await))
                    }
                    None => Forgotten::Unknown,
                });
            };
            let bindings = self.store.bindings().await?;
            let now = self.clock.now();
            let decision = match decide_forget(&record, &bindings, gone, actor, now, limits) {
                Ok(decision) => decision,
                Err(refusal) => return Ok(Forgotten::Refused(refusal)),
            };
            if self.commit(&decision, &mut steps).await? == Performed::Done {
                return Ok(Forgotten::Done(Box::new(
                    self.operated(decision, steps).await,
                )));
            }
            tried = Some(decision);
        }
        Err(steps.exhausted())
    }
}
