//! How far each source has read its stream. With a data directory the positions outlive a restart.
//!
//! Must not know: what is in a stream.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex as StdMutex};

use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::age::Ages;
use crate::storage::{Shelf, StorageError};
use crate::sync::lock;
use sam_template::{EventSource, SourceKind, StartingPosition};

const DIRECTORY: &str = "positions";

/// A position as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Stored {
    /// Sequence number of the last record that is done with; `None` at the start of the stream.
    after: Option<String>,
}

/// The position of one source, and what else its batches share.
#[derive(Debug)]
pub struct Position {
    stored: Stored,
    name: String,
    shelf: Option<Shelf>,
    pub ages: Ages,
}

/// The right to read a source: one batch of a shard is processed at a time.
pub type Lease = OwnedMutexGuard<Position>;

/// The positions of all sources; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Positions {
    shelf: Option<Shelf>,
    by_name: Arc<StdMutex<BTreeMap<String, Arc<Mutex<Position>>>>>,
}

impl Positions {
    /// The positions in a data directory; without one they are in memory.
    ///
    /// # Errors
    ///
    /// See [`StorageError`].
    pub fn open(data_dir: Option<PathBuf>) -> Result<Self, StorageError> {
        let Some(directory) = data_dir else {
            return Ok(Self::default());
        };
        let positions = Self {
            shelf: Some(Shelf::open(directory.join(DIRECTORY))?),
            by_name: Arc::default(),
        };
        let shelf = positions.shelf.iter();
        for (name, stored) in shelf
            .map(Shelf::load)
            .next()
            .transpose()?
            .unwrap_or_default()
        {
            positions.insert(name, stored);
        }
        Ok(positions)
    }

    /// Whether this source has read before.
    pub fn has(&self, source: &EventSource) -> bool {
        lock(&self.by_name).contains_key(&name(source))
    }

    /// Starts a source after this sequence number, or at the start of its stream.
    pub fn begin(&self, source: &EventSource, after: Option<String>) {
        let name = name(source);
        let stored = Stored { after };
        put(self.shelf.as_ref(), &name, Some(&stored));
        self.insert(name, stored);
    }

    /// Forgets all sources but these: one that is created again starts as a new one.
    pub fn keep(&self, sources: &[EventSource]) {
        let kept: Vec<String> = sources.iter().map(name).collect();
        lock(&self.by_name).retain(|name, _| {
            let is_kept = kept.contains(name);
            if !is_kept {
                put(self.shelf.as_ref(), name, None);
            }
            is_kept
        });
    }

    /// Waits for the right to read a source; `None` if it was never begun.
    pub async fn lease(&self, source: &EventSource) -> Option<Lease> {
        let position = lock(&self.by_name).get(&name(source)).cloned()?;
        Some(position.lock_owned().await)
    }

    fn insert(&self, name: String, stored: Stored) {
        let position = Position {
            stored,
            name: name.clone(),
            shelf: self.shelf.clone(),
            ages: Ages::default(),
        };
        lock(&self.by_name).insert(name, Arc::new(Mutex::new(position)));
    }
}

impl Position {
    /// Sequence number of the last record that is done with.
    pub fn after(&self) -> Option<&str> {
        self.stored.after.as_deref()
    }

    pub fn move_to(&mut self, number: &str) {
        self.stored.after = Some(number.to_owned());
        put(self.shelf.as_ref(), &self.name, Some(&self.stored));
    }
}

/// A source with another stream, function or start is another source, as in CloudFormation, which
/// replaces it.
fn name(source: &EventSource) -> String {
    let start = match &source.kind {
        SourceKind::Queue { .. } => "",
        SourceKind::Stream(reading) => match reading.start {
            StartingPosition::TrimHorizon => "TRIM_HORIZON",
            StartingPosition::Latest => "LATEST",
        },
    };
    let identity = [&source.source_arn, &source.function_arn, start].join(" ");
    format!("{}-{:x}", source.logical_id, md5::compute(identity))
}

/// A position that cannot be stored is only behind after a restart: records are repeated.
fn put(shelf: Option<&Shelf>, name: &str, stored: Option<&Stored>) {
    let outcome = shelf.map(|shelf| shelf.put(name, stored));
    if let Some(Err(error)) = outcome {
        let error = crate::narrate::chain(&error);
        tracing::error!(name, error, "store the position in a stream");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sam_template::StreamReading;

    fn source(id: &str, function: &str) -> EventSource {
        EventSource {
            logical_id: id.to_owned(),
            source_arn: "arn:stream".to_owned(),
            function_arn: function.to_owned(),
            batch_size: 1,
            window_s: 0,
            reports_item_failures: false,
            enabled: true,
            kind: SourceKind::Stream(StreamReading {
                start: StartingPosition::Latest,
                bisects: false,
                retries_max: None,
                age_max_s: None,
                filters: Vec::new(),
                on_failure: None,
            }),
        }
    }

    #[tokio::test]
    async fn positions_outlive_a_restart_and_belong_to_one_source() {
        let directory = tempfile::tempdir().unwrap();
        let open = || Positions::open(Some(directory.path().to_owned())).unwrap();
        let (a, b) = (source("A", "arn:f"), source("B", "arn:f"));
        let positions = open();
        assert!(!positions.has(&a));
        assert!(positions.lease(&a).await.is_none());
        positions.begin(&a, None);
        positions.begin(&b, Some("7".to_owned()));
        positions.lease(&a).await.unwrap().move_to("9");
        let positions = open();
        assert_eq!(positions.lease(&a).await.unwrap().after(), Some("9"));
        assert_eq!(positions.lease(&b).await.unwrap().after(), Some("7"));
        assert!(!positions.has(&source("A", "arn:g")));
        positions.keep(std::slice::from_ref(&b));
        let positions = open();
        assert_eq!((positions.has(&a), positions.has(&b)), (false, true));
    }

    #[tokio::test]
    async fn only_one_batch_of_a_source_is_at_work() {
        let positions = Positions::default();
        let a = source("A", "arn:f");
        positions.begin(&a, None);
        let lease = positions.lease(&a).await;
        let mut second = Box::pin(positions.lease(&a));
        let limit = std::time::Duration::from_millis(20);
        assert!(tokio::time::timeout(limit, &mut second).await.is_err());
        drop(lease);
        assert!(second.await.is_some());
    }
}
