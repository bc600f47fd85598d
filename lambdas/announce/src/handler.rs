//! Reads the changed events of a batch, and sends what they announce, in their order.
//! Must not know: the words of an announcement.
//!
//! | a record that | ends in | the rest of the batch |
//! |---|---|---|
//! | announces nothing | success | goes on |
//! | announces, sent now or before | a mark, success | goes on |
//! | cannot be sent or marked | failure | is not tried, so that the order is kept |
//! | is not an event, under an event's key | failure | goes on: no later delivery cures it |
//!
//! Each announcement has a mark, written after it is sent. So a repeated delivery sends nothing
//! again, except after a crash between the two.

use lock_aws::settings::Lookup;
use lock_aws::stream::{ImageError, Record};
use lock_aws::{
    AnnounceSettings, BatchFunction, Cloud, Handled, Handling, Notifier, NotifyError,
    SettingsError, StoreError, chain,
};
use lock_core::announce::announcements;
use lock_core::event::Event;
use lock_core::label::Names;
use lock_core::time::UnixMillis;
use serde_json::Value;

use crate::zone::Zone;

/// What a deployment chooses.
#[derive(Debug, Clone)]
pub struct Options {
    /// The topic that announcements are sent to.
    pub topic_arn: String,
    /// Whether unlocks are announced as well.
    pub unlocks: bool,
    /// The readers' time zone.
    pub zone: Zone,
}

/// The announce function.
#[derive(Debug)]
pub struct Handler {
    cloud: Cloud,
    notifier: Notifier,
    options: Options,
}

/// Why a record failed.
#[derive(Debug, thiserror::Error)]
pub enum AnnounceError {
    /// The record or its item is not what a key of an event promises. No later delivery cures it.
    #[error("{0}")]
    Malformed(&'static str),
    /// The item is not an event. No later delivery cures it.
    #[error("an item under an event's key is not an event")]
    NoEvent(#[source] ImageError),
    /// A mark was not read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An announcement was not sent.
    #[error(transparent)]
    Notify(#[from] NotifyError),
    /// The function's time ended first.
    #[error("timed out; the next delivery goes on")]
    Deadline,
}

impl AnnounceError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) | Self::NoEvent(_) => "malformed",
            Self::Store(_) => "store",
            Self::Notify(_) => "notify",
            Self::Deadline => "deadline",
        }
    }

    /// Whether a later delivery may cure it.
    fn is_curable(&self) -> bool {
        !matches!(self, Self::Malformed(_) | Self::NoEvent(_))
    }
}

impl Options {
    /// Reads the settings of this function alone.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for the first variable that is missing or invalid.
    pub fn read(lookup: Lookup<'_>) -> Result<Self, SettingsError> {
        let settings = AnnounceSettings::from_lookup(lookup)?;
        Ok(Self {
            topic_arn: settings.topic_arn,
            unlocks: settings.unlocks,
            zone: Zone::new(&settings.time_zone)?,
        })
    }
}

impl Handler {
    /// A handler of the stream's batches.
    pub fn new(cloud: Cloud, notifier: Notifier, options: Options) -> Self {
        Self {
            cloud,
            notifier,
            options,
        }
    }

    /// Sends and marks what a record announces and no earlier delivery sent.
    async fn announce(&self, record: &Record<'_>) -> Result<(), AnnounceError> {
        if record.is_removal() {
            return Ok(());
        }
        let key = record.key();
        let key = key.ok_or(AnnounceError::Malformed("the record has no key pk, sk"))?;
        if !key.is_event() {
            return Ok(());
        }
        let event: Event = record.read_new().map_err(AnnounceError::NoEvent)?;
        // Nothing was announced from an item that was not an event.
        let old: Option<Event> = record.read_old();
        let (store, now) = (&self.cloud.store, self.cloud.clock.now());
        let write = |at| self.options.zone.write(at, now);
        let unlocks = self.options.unlocks;
        if announcements(old.as_ref(), &event, unlocks, &Names::default(), &write).is_empty() {
            return Ok(());
        }
        let names = self.read_labels(&event).await;
        for announcement in announcements(old.as_ref(), &event, unlocks, &names, &write) {
            let code = announcement.code;
            if store.is_announced(&key, code).await? {
                continue;
            }
            self.notifier.send(&event.subject, &announcement).await?;
            tracing::info!(
                announced = code,
                name = event.subject.name(),
                behind_ms = self.cloud.clock.now().since(event.at),
                "{}",
                announcement.text
            );
            store.mark_announced(&key, code, now).await?;
        }
        Ok(())
    }
}

impl Handler {
    /// The labels of the event's lock and button. A failed read is logged and leaves them out: an
    /// alert does not wait for a label.
    async fn read_labels(&self, event: &Event) -> Names {
        let read = self.cloud.store.read_labels(&event.subjects()).await;
        read.unwrap_or_else(|error| {
            let (code, error) = ("store", chain(&error));
            tracing::error!(code, "announced without labels: {error}");
            Names::default()
        })
    }
}

impl BatchFunction for Handler {
    type Record<'a> = Record<'a>;
    const SOURCE: &'static str = "a table's stream";

    fn read(record: &Value) -> Result<Record<'_>, &'static str> {
        Record::read(record)
    }

    fn id<'a>(record: &'a Record<'_>) -> &'a str {
        record.sequence
    }

    fn handle_record<'a, 'r: 'a>(
        &'a self,
        record: &'a Record<'r>,
        deadline: UnixMillis,
    ) -> Handling<'a> {
        Box::pin(async move {
            let announce = Box::pin(self.announce(record));
            let done = self.cloud.clock.before(deadline, announce).await;
            let Err(error) = done.unwrap_or(Err(AnnounceError::Deadline)) else {
                return Handled::Done;
            };
            let (code, sequence) = (error.code(), record.sequence);
            tracing::error!(code, sequence, "not announced: {}", chain(&error));
            if error.is_curable() {
                Handled::FailedInOrder
            } else {
                Handled::Failed
            }
        })
    }
}
