//! The board of a cloud that does not say what changes: it is read again and again while somebody
//! looks.
//!
//! A read of everything costs the list, the records and the bindings, in batches. History and
//! shadow are read of the locks that differ, and of a few others in turn: an ignored press may
//! leave its line without changing anything else.
//!
//! Must not know: when to read, or who looks.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Error, Result};
use lock_aws::Cloud;
use lock_core::name::LockName;

use super::frame::{About, State};
use super::sheet::Sheet;
use super::source::{Listed, Source};

/// Locks whose history and shadow are read in turn, although their records are the same.
const IN_TURN: usize = 8;

/// What a read found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// Nothing differs.
    Same,
    /// Something differs.
    Changed,
    /// A call has failed; the page shows why.
    Failed,
}

/// What the page shows, and what was read for it.
pub struct PolledBoard {
    cloud: Cloud,
    sheet: Arc<Sheet>,
    source: Source,
    listed: Listed,
    /// Where the next turn begins.
    turn: usize,
    /// Error and advice in one sentence.
    explain: fn(&Error) -> String,
}

impl PolledBoard {
    /// An empty board.
    pub fn new(cloud: Cloud, about: About, explain: fn(&Error) -> String) -> Self {
        Self {
            cloud,
            sheet: Arc::new(Sheet::new(about)),
            source: Source::default(),
            listed: Listed::default(),
            turn: 0,
            explain,
        }
    }

    /// What it shows, for those who look.
    pub fn sheet(&self) -> &Arc<Sheet> {
        &self.sheet
    }

    /// Reads the locks and buttons with these names, or everything, and shows it. If a call fails,
    /// what was read before stays, with the error.
    pub async fn read(&mut self, names: Option<&BTreeSet<String>>) -> Read {
        let update = self.sheet.begin_update();
        let outcome = match names {
            Some(names) => self.read_named(names).await,
            None => self.read_all().await,
        };
        let error = outcome.err().map(|error| (self.explain)(&error));
        let has_failed = error.is_some() || self.source.failed_parts().next().is_some();
        let has_changed = self.show(error);
        self.sheet.end_update(update);
        match (has_failed, has_changed) {
            (true, _) => Read::Failed,
            (false, true) => Read::Changed,
            (false, false) => Read::Same,
        }
    }

    async fn read_all(&mut self) -> Result<()> {
        let (listed, mut chosen) = self.source.read_table(&self.cloud).await?;
        self.listed = listed;
        chosen.extend(self.take_turn());
        self.read_closely(chosen).await;
        Ok(())
    }

    async fn read_named(&mut self, names: &BTreeSet<String>) -> Result<()> {
        let locks = self.listed.locks.iter();
        let locks = locks.filter(|lock| names.contains(lock.as_str()));
        let locks: Vec<_> = locks.cloned().collect();
        let buttons = self.listed.buttons.iter();
        let buttons = buttons.filter(|button| names.contains(button.as_str()));
        let buttons: Vec<_> = buttons.cloned().collect();
        let read = self.source.read_items(&self.cloud, &locks, &buttons);
        let mut chosen = read.await?;
        chosen.extend(locks);
        self.read_closely(chosen).await;
        Ok(())
    }

    /// Reads history and shadow of these locks, and again of those whose last read failed.
    async fn read_closely(&mut self, mut chosen: BTreeSet<LockName>) {
        let failed = self.source.failed_parts().filter_map(|part| part.thing());
        let failed = failed.filter_map(|thing| LockName::new(thing).ok());
        chosen.extend(failed);
        chosen.retain(|lock| self.listed.locks.binary_search(lock).is_ok());
        self.source.read_closely(&self.cloud, &chosen).await;
    }

    /// The locks whose turn it is.
    fn take_turn(&mut self) -> Vec<LockName> {
        let locks = &self.listed.locks;
        let count = locks.len().min(IN_TURN);
        let begin = self.turn;
        self.turn = (begin + count) % locks.len().max(1);
        let turn = locks.iter().cycle().skip(begin).take(count);
        turn.cloned().collect()
    }

    /// Shows what was read. Returns whether it differs from what was shown.
    fn show(&self, error: Option<String>) -> bool {
        let now = self.cloud.clock.now();
        let locks = self.listed.locks.iter().map(|lock| {
            let shown = self.source.show_lock(lock, None, now);
            (lock.to_string(), shown)
        });
        let buttons = self.listed.buttons.iter().map(|button| {
            let shown = self.source.show_button(button, None);
            (button.to_string(), shown)
        });
        self.sheet.replace(State {
            locks: locks.collect(),
            buttons: buttons.collect(),
            alerts: Vec::new(),
            error,
        })
    }
}

#[cfg(test)]
mod tests;
