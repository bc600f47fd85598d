//! Histories: the lines about one lock or button, newest first. Must not say what they mean.
//!
//! A line that several ignored presses share is kept under the minute that it is for, before other lines of that minute,
//! and counts by the last of its presses. So a history is read to the end of the minute that it ends in, and then put in
//! order.

use std::cmp::Reverse;

use aws_sdk_dynamodb::types::AttributeValue;
use lock_core::event::{Event, Subject};
use lock_core::limits::REPEAT_EVENT_MS;
use lock_core::time::UnixMillis;

use super::{Store, StoreError, Task};
use crate::item::{Item, Key, from_item};

/// Lines read over those asked for: as a rule, enough to see the end of a minute.
const MORE: usize = 8;

/// Which lines are read.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    /// As many of those that are not over at this time.
    Newest(usize, UnixMillis),
    /// All since this time.
    Since(UnixMillis),
}

impl Store {
    /// The history of a lock or a button, newest first, at most `limit` lines, without those whose time is over at `now`
    /// (DynamoDB drops them late). *Errors*: [`StoreError`].
    pub async fn history(
        &self,
        subject: &Subject,
        limit: usize,
        now: UnixMillis,
    ) -> Result<Vec<Event>, StoreError> {
        let mut lines = self.read_lines(subject, Wanted::Newest(limit, now)).await?;
        lines.truncate(limit);
        Ok(lines)
    }

    /// The lines of a lock or a button since `since`, newest first. *Errors*: [`StoreError`].
    pub async fn history_since(
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
                // The character after `#`: past every line, before whatever else is of this lock.
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
            lines.retain(|line| newest(line) >= since);
        }
        lines.sort_by_key(|line| Reverse(newest(line)));
        Ok(lines)
    }
}

/// Whether the lines read so far, in the order of their keys, hold all that are wanted.
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

/// The minute that a shared line of this time is kept under.
fn minute_of(at: UnixMillis) -> UnixMillis {
    UnixMillis(at.0 - at.0 % REPEAT_EVENT_MS)
}

/// When the last of what a line speaks for came.
fn newest(line: &Event) -> UnixMillis {
    line.last_at.unwrap_or(line.at)
}
