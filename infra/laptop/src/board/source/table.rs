//! Reads of a whole table where nobody says what has changed: the list, the records and the
//! bindings in batches, then history and shadow of chosen locks.
//!
//! Must not know: which locks are chosen, or when.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use futures_util::stream::{self, StreamExt};
use lock_aws::Cloud;
use lock_core::event::Subject;
use lock_core::name::{ButtonSerial, LockName};

use super::{EVENTS_SHOWN, Source};
use crate::READS_AT_ONCE;
use crate::board::part::Part;

/// The locks and buttons of a table, in order. Retired buttons are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    pub locks: Vec<LockName>,
    pub buttons: Vec<ButtonSerial>,
}

impl Source {
    /// Reads what the table lists, with all labels, records and bindings. Returns it, and the locks
    /// that differ from the last read.
    ///
    /// # Errors
    ///
    /// A call fails. What was read before stays.
    pub async fn read_table(&mut self, cloud: &Cloud) -> Result<(Listed, BTreeSet<LockName>)> {
        let mut register = cloud.store.read_register().await?;
        let retired = std::mem::take(&mut register.retired);
        register
            .buttons
            .retain(|button| !retired.contains_key(button));
        let (locks, buttons) = (register.locks, register.buttons);
        let changed = self.read_items(cloud, &locks, &buttons).await?;
        if self.limits.is_none() {
            self.limits = cloud.store.read_limits().await?;
        }
        self.names = register.names;
        self.locks
            .retain(|lock, _| locks.binary_search(lock).is_ok());
        self.bindings
            .retain(|button, _| buttons.binary_search(button).is_ok());
        let known = &self.locks;
        self.failed.retain(|part, _| match part {
            Part::History(lock) | Part::Shadow(lock) => known.contains_key(lock),
            _ => false,
        });
        Ok((Listed { locks, buttons }, changed))
    }

    /// Reads the records and bindings of these. Returns the locks that differ from the last read.
    ///
    /// # Errors
    ///
    /// A call fails. What was read before stays.
    pub async fn read_items(
        &mut self,
        cloud: &Cloud,
        locks: &[LockName],
        buttons: &[ButtonSerial],
    ) -> Result<BTreeSet<LockName>> {
        let store = &cloud.store;
        let (records, bindings) =
            tokio::join!(store.read_records(locks), store.read_bindings(buttons));
        let records = records?.into_iter().map(|it| (it.lock.clone(), it));
        let bindings = bindings?.into_iter().map(|it| (it.button.clone(), it));
        let mut records: BTreeMap<_, _> = records.collect();
        let mut bindings: BTreeMap<_, _> = bindings.collect();
        let mut changed = BTreeSet::new();
        for lock in locks {
            let (record, is_new) = (records.remove(lock), !self.locks.contains_key(lock));
            let known = self.lock(lock);
            if is_new || known.record != record {
                known.record = record;
                changed.insert(lock.clone());
            }
        }
        for button in buttons {
            let binding = bindings.remove(button);
            let before = self.bindings.get(button);
            if before == binding.as_ref() {
                continue;
            }
            // A press has changed it, or it has another lock: of both there is a new event.
            let both = [before, binding.as_ref()].into_iter().flatten();
            changed.extend(both.filter_map(|binding| binding.lock.clone()));
            match binding {
                Some(binding) => self.bindings.insert(button.clone(), binding),
                None => self.bindings.remove(button),
            };
        }
        Ok(changed)
    }

    /// Reads history and shadow of these locks. A read that fails leaves what was read before, with
    /// the error.
    pub async fn read_closely(&mut self, cloud: &Cloud, locks: &BTreeSet<LockName>) {
        let reads = locks.iter().cloned().map(|lock| {
            let cloud = cloud.clone();
            async move {
                let (subject, now) = (Subject::Lock(lock.clone()), cloud.clock.now());
                let history = cloud.store.read_history(&subject, EVENTS_SHOWN, now);
                let shadow = cloud.publisher.get_shadow(&lock);
                let (history, shadow) = tokio::join!(history, shadow);
                (lock, history, shadow)
            }
        });
        let mut reads = stream::iter(reads).buffered(READS_AT_ONCE);
        while let Some((lock, history, shadow)) = reads.next().await {
            let history = history.map(|history| self.lock(&lock).history = history);
            let shadow = shadow.map(|shadow| self.lock(&lock).shadow = shadow);
            let history = history.map_err(anyhow::Error::from);
            let shadow = shadow.map_err(anyhow::Error::from);
            self.note(&Part::History(lock.clone()), history.as_ref().map(drop));
            self.note(&Part::Shadow(lock), shadow.as_ref().map(drop));
        }
    }
}
