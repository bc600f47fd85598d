//! The table as an operator sees it: registers locks and buttons, binds them, and reads records and
//! histories at the end.
//!
//! Must not know: which presses were made.

use anyhow::{Context, Result};
use lock_aws::Cloud;
use lock_core::BindWish;
use lock_core::binding::Actions;
use lock_core::event::Event;
use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName, Subject};
use lock_core::record::{Record, Status};
use lock_core::time::UnixMillis;

use crate::Options;

/// Actor of registrations and bindings in the history.
const ACTOR: &str = "load";

/// The locks and buttons of a run.
pub struct Doors {
    cloud: Cloud,
    pub locks: Vec<LockName>,
    pub buttons: Vec<ButtonSerial>,
}

impl Doors {
    /// Registers `lock-1`, … and `button-1`, …, and binds each button to a lock in turn.
    pub async fn register(cloud: Cloud, options: &Options) -> Result<Self> {
        let (locks, buttons) = (options.locks, options.buttons);
        let lock = |number| LockName::new(format!("lock-{number}")).context("name a lock");
        let button =
            |number| ButtonSerial::new(format!("button-{number}")).context("name a button");
        let doors = Self {
            cloud,
            locks: (1..=locks).map(lock).collect::<Result<_>>()?,
            buttons: (1..=buttons).map(button).collect::<Result<_>>()?,
        };
        let limits = doors.cloud.store.read_limits().await?;
        let limits = limits.unwrap_or_else(Limits::longest);
        for lock in &doors.locks {
            let registered = doors.cloud.register_lock(lock, Some(ACTOR), &limits).await;
            registered.with_context(|| format!("register {lock}"))?;
        }
        for (button, lock) in doors.buttons.iter().zip(doors.locks.iter().cycle()) {
            doors.bind(button, lock, &limits).await?;
        }
        Ok(doors)
    }

    async fn bind(&self, button: &ButtonSerial, lock: &LockName, limits: &Limits) -> Result<()> {
        let cloud = &self.cloud;
        let registered = cloud.register_button(button, Some(ACTOR), limits).await;
        registered.with_context(|| format!("register {button}"))?;
        let wish = BindWish {
            actions: Actions::default(),
            forget_last_press: false,
        };
        let bound = cloud.bind(button, lock, &wish, Some(ACTOR), limits).await;
        bound.with_context(|| format!("bind {button} to {lock}"))?;
        Ok(())
    }

    /// Number of the lock of button `button`, both from 0.
    pub fn lock_of(&self, button: usize) -> usize {
        button % self.locks.len()
    }

    /// Every record.
    pub async fn read_records(&self) -> Result<Vec<Record>> {
        let records = self.cloud.store.read_records(&self.locks).await;
        records.context("read the records")
    }

    /// Number of locks whose record is not settled.
    pub async fn count_unsettled(&self) -> Result<usize> {
        let records = self.read_records().await?;
        let settled = records.iter().filter(|r| r.status == Status::Settled);
        Ok(self.locks.len() - settled.count())
    }

    /// Every history line of every lock and button.
    pub async fn read_lines(&self) -> Result<Vec<Event>> {
        let locks = self.locks.iter().cloned().map(Subject::Lock);
        let buttons = self.buttons.iter().cloned().map(Subject::Button);
        let mut lines = Vec::new();
        for subject in locks.chain(buttons) {
            let store = &self.cloud.store;
            let read = store.read_history_since(&subject, UnixMillis(0)).await;
            lines.extend(read.with_context(|| format!("read the history of {subject:?}"))?);
        }
        Ok(lines)
    }
}
