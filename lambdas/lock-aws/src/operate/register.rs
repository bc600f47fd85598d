//! The register of locks and buttons: registering, binding, forgetting.
//! Must not know: certificates and things of the device registry.

use lock_core::binding::Binding;
use lock_core::event::Subject;
use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::{
    BindWish, Decision, ForgetRefusal, decide_bind, decide_forget, decide_register_button,
    decide_register_lock, decide_unbind,
};

use crate::Cloud;
use crate::perform::{PerformError, Performed, Steps};
use crate::store::StoreError;

/// Outcome of a registration.
#[derive(Debug)]
pub enum Registered {
    /// The lock or button is registered now.
    Now(Box<Decision>),
    /// It was registered before; nothing changed.
    Already,
}

/// Outcome of binding a button.
#[derive(Debug)]
pub enum Bound {
    /// The button is bound to the lock.
    Done {
        /// The binding before the act.
        before: Box<Binding>,
        /// The committed decision.
        decision: Box<Decision>,
    },
    /// The button is not registered; nothing changed.
    UnknownButton,
    /// The lock is not registered; nothing changed.
    UnknownLock,
}

/// Outcome of enabling a button.
#[derive(Debug)]
pub enum Enabled {
    /// The button commands its lock again, with this former binding.
    Done(Box<Binding>),
    /// The button was not revoked; nothing changed.
    Already(Box<Binding>),
    /// The button is not bound to a lock; nothing changed.
    Unbound,
    /// The button is not registered; nothing changed.
    UnknownButton,
    /// The button's lock is no longer registered; nothing changed.
    UnknownLock(LockName),
}

/// An unbound button and its former binding.
#[derive(Debug)]
pub struct Unbound {
    /// The binding before the act.
    pub before: Binding,
    /// The committed decision.
    pub decision: Decision,
}

/// Outcome of forgetting a lock.
#[derive(Debug)]
pub enum Forgotten {
    /// The lock is no longer registered.
    Done(Box<Decision>),
    /// The lock was not registered.
    Unknown,
    /// The lock must not be forgotten now; nothing changed.
    Refused(ForgetRefusal),
}

impl Cloud {
    /// Registers a lock. Only a registered lock gets commands, and only its reports and requests
    /// have an effect (C9). May be repeated.
    ///
    /// # Errors
    ///
    /// [`PerformError`] if nothing was committed, or the outcome is unknown.
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
                return self.already_registered(Subject::Lock(lock.clone())).await;
            };
            if self.commit(&decision, &mut steps).await? == Performed::Done {
                return Ok(Registered::Now(Box::new(decision)));
            }
        }
        Err(steps.exhausted())
    }

    /// Registers a button. It is not bound to a lock yet, so its presses are ignored. May be
    /// repeated.
    ///
    /// # Errors
    ///
    /// [`PerformError`] if nothing was committed, or the outcome is unknown.
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
                let subject = Subject::Button(button.clone());
                return self.already_registered(subject).await;
            };
            if self.commit(&decision, &mut steps).await? == Performed::Done {
                return Ok(Registered::Now(Box::new(decision)));
            }
        }
        Err(steps.exhausted())
    }

    /// Adds the subject to the list, in case its record or binding is older than the list, or the
    /// button was retired.
    async fn already_registered(&self, subject: Subject) -> Result<Registered, PerformError> {
        self.store.add_to_list(&subject).await?;
        if let Subject::Button(button) = &subject {
            self.store.set_retired(button, None).await?;
        }
        Ok(Registered::Already)
    }

    /// Marks a button as retired, after it was unbound: lists leave it out until it is registered
    /// or bound again. May be repeated.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the call fails.
    pub async fn retire_button(&self, button: &ButtonSerial) -> Result<(), StoreError> {
        self.store.set_retired(button, Some(self.clock.now())).await
    }

    /// Binds a button to a lock (C3). Its former lock gets a LOCK unless it is known to be locked.
    /// May be repeated.
    ///
    /// # Errors
    ///
    /// [`PerformError`], as for [`Cloud::revoke`].
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
            let left = binding.lock.as_ref().filter(|left| *left != lock);
            let from = self.store.read_record(left).await?;
            let (wish, now) = (wish.clone(), self.clock.now());
            let decision = decide_bind(&binding, from.as_ref(), &to, wish, actor, now, limits);
            let before = first.get_or_insert(binding).clone();
            if self.commit(&decision, &mut steps).await? == Performed::Done {
                return Ok(Bound::Done {
                    before: Box::new(before),
                    decision: Box::new(decision),
                });
            }
        }
        Err(steps.exhausted())
    }

    /// Undoes [`Cloud::revoke`]: binds a revoked button again to the lock and with the actions that
    /// it has (C3), so that a press made while it was revoked has no effect. May be repeated.
    ///
    /// # Errors
    ///
    /// [`PerformError`], as for [`Cloud::revoke`].
    pub async fn enable(
        &self,
        button: &ButtonSerial,
        actor: Option<&str>,
        limits: &Limits,
    ) -> Result<Enabled, PerformError> {
        let mut steps = Steps::default();
        let mut tried = false;
        while steps.may_decide() {
            let Some(binding) = self.store.read_binding(button).await? else {
                return Ok(Enabled::UnknownButton);
            };
            let Some(lock) = &binding.lock else {
                return Ok(Enabled::Unbound);
            };
            if binding.enabled {
                // After a commit of this loop whose answer was lost, it is done.
                return Ok(if tried {
                    Enabled::Done(Box::new(binding))
                } else {
                    Enabled::Already(Box::new(binding))
                });
            }
            let Some(to) = self.store.read_record(lock).await? else {
                return Ok(Enabled::UnknownLock(lock.clone()));
            };
            let wish = BindWish {
                actions: binding.actions.clone(),
                forget_last_press: false,
            };
            let now = self.clock.now();
            let decision = decide_bind(&binding, None, &to, wish, actor, now, limits);
            if self.commit(&decision, &mut steps).await? == Performed::Done {
                return Ok(Enabled::Done(Box::new(binding)));
            }
            tried = true;
        }
        Err(steps.exhausted())
    }

    /// Unbinds a button, which stays registered. Its former lock gets a LOCK as in [`Cloud::bind`].
    /// `None` if the button is not registered.
    ///
    /// # Errors
    ///
    /// [`PerformError`], as for [`Cloud::revoke`].
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
            let record = self.store.read_record(before.lock.as_ref()).await?;
            let now = self.clock.now();
            let decision = decide_unbind(&before, record.as_ref(), actor, now, limits);
            if self.commit(&decision, &mut steps).await? == Performed::Done {
                return Ok(Some(Unbound { before, decision }));
            }
        }
        Err(steps.exhausted())
    }

    /// Removes a lock from the register: it gets no more commands, and its reports and requests
    /// have no effect. `gone` as in [`decide_forget`].
    ///
    /// # Errors
    ///
    /// [`PerformError`] if nothing was committed, or the outcome is unknown.
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
            // The record before the bindings: a later binding changes the record, so that the
            // deletion conflicts.
            let Some(record) = self.store.read_record(lock).await? else {
                // A commit of this loop has succeeded if there was one, and its answer was lost.
                let Some(decision) = tried else {
                    return Ok(Forgotten::Unknown);
                };
                return Ok(Forgotten::Done(Box::new(decision)));
            };
            let bindings = self.store.read_all_bindings().await?;
            let now = self.clock.now();
            let decision = match decide_forget(&record, &bindings, gone, actor, now, limits) {
                Ok(decision) => decision,
                Err(refusal) => return Ok(Forgotten::Refused(refusal)),
            };
            if self.commit(&decision, &mut steps).await? == Performed::Done {
                return Ok(Forgotten::Done(Box::new(decision)));
            }
            tried = Some(decision);
        }
        Err(steps.exhausted())
    }
}
