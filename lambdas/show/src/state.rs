//! Shows the state of a lock to readers when its record changes, or when one asks, and keeps what
//! the next states need. Must not know: what a state says.
//!
//! A state is published again if its change is delivered again, and so are those after it, in
//! their order: the last one is always the newest.

use lock_aws::stream::Record;
use lock_aws::{Cloud, Kept};
use lock_core::binding::Binding;
use lock_core::limits::Limits;
use lock_core::name::LockName;
use lock_core::record::Record as LockRecord;
use lock_core::state::{State, battery_changes, since, subjects};

use crate::error::ShowError;

/// Publishes the state of `lock` after a change of its record, or removes it with its record.
pub(crate) async fn show(
    cloud: &Cloud,
    limits: &Limits,
    lock: &LockName,
    record: &Record<'_>,
) -> Result<(), ShowError> {
    let (store, now) = (&cloud.store, cloud.clock.now());
    let kept = store.read_since(lock).await?;
    if record.is_removal() {
        if kept.is_some() {
            store.keep_since(lock, None, now).await?;
        }
        return publish(cloud, lock, "").await;
    }
    let new: LockRecord = record.read_new()?;
    let old: Option<LockRecord> = record.read_old();
    let since = since(old.as_ref(), &new, kept);
    if since != kept {
        store.keep_since(lock, since, now).await?;
    }
    let batteries = store.read_batteries(lock).await?;
    let names = store.read_labels(&subjects(&new)).await?;
    let text = State::of(&new, since, &batteries, &names, now, limits).to_json();
    publish(cloud, lock, &text).await
}

/// Publishes a state, or the empty message that removes it: kept first, so that an answer
/// to a reader in between has it.
async fn publish(cloud: &Cloud, lock: &LockName, text: &str) -> Result<(), ShowError> {
    let kept = cloud.publisher.tell(lock.state_topic(), text, Kept::Yes);
    kept.await?;
    let live = cloud.publisher.tell(lock.live_topic(), text, Kept::No);
    live.await?;
    Ok(())
}

/// Publishes the state that the broker keeps once more, for a reader that asks. If it is replaced
/// meanwhile, the newer one follows, so that an older one is never the last.
pub(crate) async fn repeat(cloud: &Cloud, lock: &LockName) -> Result<(), ShowError> {
    let mut sent = None;
    loop {
        let kept = cloud.publisher.read_kept(&lock.state_topic()).await?;
        if kept == sent {
            return Ok(());
        }
        let text = kept.as_deref().unwrap_or_default();
        let live = cloud.publisher.tell(lock.live_topic(), text, Kept::No);
        live.await?;
        sent = kept;
    }
}

/// Keeps the battery of a button for the states of its lock, after a change of its binding.
///
/// Two buttons of one lock that are pressed at once may hide one reading until the next press.
pub(crate) async fn keep_batteries(cloud: &Cloud, record: &Record<'_>) -> Result<(), ShowError> {
    if record.is_removal() {
        return Ok(());
    }
    let (store, now) = (&cloud.store, cloud.clock.now());
    let new: Binding = record.read_new()?;
    let old: Option<Binding> = record.read_old();
    for (lock, battery_mv) in battery_changes(old.as_ref(), &new) {
        let known = store.read_batteries(&lock).await?;
        let mut batteries = known.clone();
        match battery_mv {
            Some(battery_mv) => batteries.insert(new.button.clone(), battery_mv),
            None => batteries.remove(&new.button),
        };
        if batteries != known {
            store.keep_batteries(&lock, batteries, now).await?;
        }
    }
    Ok(())
}
