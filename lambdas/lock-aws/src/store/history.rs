//! Histories: the lines about one lock or button, newest first. Must not know: what a line means.
//!
//! A line that ignored presses share is stored under its minute, before the other lines of that
//! minute, but its time is that of its last press. So a history is read to the end of the minute it
//! ends in, and then sorted.

use std::cmp::Reverse;

use aws_sdk_dynamodb::types::AttributeValue;
use lock_core::event::{Event, Subject};
use lock_core::limits::REPEAT_EVENT_MS;
use lock_core::time::UnixMillis;

use super::{Store, StoreError, Task};
use crate::item::{Item, Key, from_item};

/// Lines read beyond the limit, usually enough to reach the end of a minute.
const MORE: usize = 8;

/// The lines to read.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    /// This many of those that have not expired at this time.
    Newest(usize, UnixMillis),
    /// All lines since this time.
    Since(UnixMillis),
}

impl Store {
    /// The history of a lock or button, newest first, at most `limit` lines, without those expired
    /// at `now` (DynamoDB deletes them late).
    ///
    /// # Errors
    ///
    /// [`StoreError`] if a call fails or a line is malformed.
    pub async fn read_history(
        &self,
        subject: &Subject,
        limit: usize,
        now: UnixMillis,
    ) -> Result<Vec<Event>, StoreError> {
        let mut lines = self.read_lines(subject, Wanted::Newest(limit, now)).await?;
        lines.truncate(limit);
        Ok(lines)
    }

    /// The lines of a lock or button since `since`, newest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if a call fails or a line is malformed.
    pub async fn read_history_since(
        &self,
        subject: &Subject,
        since: UnixMillis,
    ) -> Result<Vec<Event>, StoreError> {
        self.read_lines(subject, Wanted::Since(since)).await
    }

    async fn read_lines(
        &self,
        subject: &Subject,
        wanted: Wanted,
    ) -> Result<Vec<Event>, StoreError> {
        let task = || Task::ReadHistory(subject.clone());
        let from = match wanted {
            Wanted::Newest(..) => "event#".to_owned(),
            Wanted::Since(since) => Key::event_at(minute_of(since)),
        };
        let mut lines: Vec<Event> = Vec::new();
        let mut start: Option<Item> = None;
        while !is_enough(&lines, wanted) {
            let mut query = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .scan_index_forward(false)
                .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
                .expression_attribute_values(":pk", AttributeValue::S(Key::history(subject)))
                .expression_attribute_values(":from", AttributeValue::S(from.clone()))
                // `$` follows `#`, so this is past every line and before any other item.
                .expression_attribute_values(":to", AttributeValue::S("event$".to_owned()))
                .set_exclusive_start_key(start.take());
            if let Wanted::Newest(limit, now) = wanted {
                let now = AttributeValue::N(now.seconds().0.to_string());
                query = query
                    .filter_expression("#ttl > :now")
                    .expression_attribute_names("#ttl", "ttl")
                    .expression_attribute_values(":now", now)
                    .limit(i32::try_from(limit.saturating_add(MORE)).unwrap_or(i32::MAX));
            }
            let page = query.send().await;
            let page = page.map_err(|error| self.failed(task(), &error))?;
            for item in page.items() {
                let line = from_item(item);
                lines.push(line.map_err(|error| self.error(task(), error.into()))?);
            }
            match page.last_evaluated_key {
                Some(key) => start = Some(key),
                None => break,
            }
        }
        if let Wanted::Since(since) = wanted {
            lines.retain(|line| last_time(line) >= since);
        }
        lines.sort_by_key(|line| Reverse(last_time(line)));
        Ok(lines)
    }
}

/// Whether the lines read so far, in key order, contain all that are wanted.
fn is_enough(lines: &[Event], wanted: Wanted) -> bool {
    let Wanted::Newest(limit, _) = wanted else {
        return false;
    };
    if limit == 0 {
        return true;
    }
    match (lines.get(limit - 1), lines.last()) {
        (Some(end), Some(last)) => minute_of(last.at) < minute_of(end.at),
        _ => false,
    }
}

/// The minute under which a shared line of this time is stored.
fn minute_of(at: UnixMillis) -> UnixMillis {
    UnixMillis(at.0 - at.0 % REPEAT_EVENT_MS)
}

/// The time of the last event on a line.
fn last_time(line: &Event) -> UnixMillis {
    line.last_at.unwrap_or(line.at)
}
