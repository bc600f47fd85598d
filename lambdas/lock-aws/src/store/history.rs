//! Histories: the lines about one lock or button, newest first. Must not know: what a line means.
//!
//! A line that ignored presses share is stored under its minute, before the other lines of that
//! minute, but its time is that of its last press. So the shared lines of the minute that a history
//! ends in are read too, however many lines are between.

use std::cmp::Reverse;

use aws_sdk_dynamodb::types::AttributeValue;
use lock_core::event::{Event, Subject};
use lock_core::limits::REPEAT_EVENT_MS;
use lock_core::time::UnixMillis;

use super::{Store, StoreError, Task};
use crate::item::{Item, ItemError, Key, SK, from_item};

/// Lines read beyond the limit, usually enough to reach the end of a minute.
const MORE: usize = 8;
/// Each page is this much larger than the one before: a page is short if its lines have expired.
const PAGE_GROWTH: usize = 16;
/// Longest page, in lines: about 400 KB, far from a call's longest wait.
const PAGE_MAX: usize = 1_000;
/// The end of a range of sort keys: `$` follows the `#` after a time, and the one after `event`.
const END: char = '$';

/// How many lines of a history are wanted, and of which time.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// At most this many: the newest.
    pub limit: usize,
    /// None that has expired at this time: DynamoDB deletes them late.
    pub now: UnixMillis,
    /// None whose last event was before this time.
    pub since: Option<UnixMillis>,
    /// None whose first event was at this time or later.
    pub until: Option<UnixMillis>,
}

/// The lines of a subject between two sort keys, read page by page, newest first.
struct Range<'a> {
    subject: &'a Subject,
    from: String,
    to: String,
    /// Leaves out those that have expired at this time.
    unexpired_at: Option<UnixMillis>,
    /// The key after which the next page begins.
    start: Option<Item>,
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
        let (since, until) = (None, None);
        let wanted = Wanted {
            limit,
            now,
            since,
            until,
        };
        self.find_history(subject, wanted, |_| true).await
    }

    /// The wanted lines of a lock or button that are accepted, newest first. It reads back to the
    /// last of them, and to the end of a page.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if a call fails or a line is malformed.
    pub async fn find_history(
        &self,
        subject: &Subject,
        wanted: Wanted,
        accepts: impl Fn(&Event) -> bool,
    ) -> Result<Vec<Event>, StoreError> {
        let limit = wanted.limit;
        let accepts = |line: &Event| {
            let is_late = |since| last_time(line) >= since;
            let is_early = |until| line.at < until;
            wanted.since.is_none_or(is_late) && wanted.until.is_none_or(is_early) && accepts(line)
        };
        let mut range = Range::of(subject, wanted);
        let mut lines = Vec::new();
        let mut page_lines = PAGE_MAX.min(limit.saturating_add(MORE));
        while lines.len() < limit {
            let page = self.read_page(&mut range, Some(page_lines)).await?;
            lines.extend(page.into_iter().filter(&accepts));
            page_lines = PAGE_MAX.min(page_lines * PAGE_GROWTH);
            if range.start.is_none() {
                break;
            }
        }
        let end = limit.checked_sub(1).and_then(|end| lines.get(end));
        if let Some(end) = end
            && let Some(shared) = range.shared_lines(minute_of(end.at))
        {
            let shared = self.read_all(shared).await?;
            lines.extend(shared.into_iter().filter(&accepts));
        }
        sort(&mut lines);
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
        let range = Range {
            from: Key::event_at(minute_of(since)),
            ..Range::all(subject)
        };
        let mut lines = self.read_all(range).await?;
        lines.retain(|line| last_time(line) >= since);
        sort(&mut lines);
        Ok(lines)
    }

    /// All lines of a range that are left to read.
    async fn read_all(&self, mut range: Range<'_>) -> Result<Vec<Event>, StoreError> {
        let mut lines = self.read_page(&mut range, None).await?;
        while range.start.is_some() {
            lines.extend(self.read_page(&mut range, None).await?);
        }
        Ok(lines)
    }

    /// The next page of a range; without a number of lines it is as long as DynamoDB makes one.
    async fn read_page(
        &self,
        range: &mut Range<'_>,
        lines: Option<usize>,
    ) -> Result<Vec<Event>, StoreError> {
        let task = || Task::ReadHistory(range.subject.clone());
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let mut query = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .scan_index_forward(false)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", AttributeValue::S(Key::history(range.subject)))
            .expression_attribute_values(":from", text(&range.from))
            .expression_attribute_values(":to", text(&range.to))
            .set_limit(lines.map(|lines| i32::try_from(lines).unwrap_or(i32::MAX)))
            .set_exclusive_start_key(range.start.take());
        if let Some(now) = range.unexpired_at {
            let now = AttributeValue::N(now.seconds().0.to_string());
            query = query
                .filter_expression("#ttl > :now")
                .expression_attribute_names("#ttl", "ttl")
                .expression_attribute_values(":now", now);
        }
        let page = query.send().await;
        let page = page.map_err(|error| self.failed(task(), &error))?;
        let lines = page.items().iter().map(from_item).collect();
        let lines: Result<_, ItemError> = lines;
        let lines = lines.map_err(|error| self.error(task(), error.into()))?;
        range.start = page.last_evaluated_key;
        Ok(lines)
    }
}

impl<'a> Range<'a> {
    /// All lines of a lock or button.
    fn all(subject: &'a Subject) -> Self {
        Self {
            subject,
            from: "event#".to_owned(),
            to: format!("event{END}"),
            unexpired_at: None,
            start: None,
        }
    }

    /// The lines of a lock or button among which are all that are wanted.
    fn of(subject: &'a Subject, wanted: Wanted) -> Self {
        let all = Self::all(subject);
        let begin = |at| Key::event_at(minute_of(at));
        Self {
            from: wanted.since.map_or(all.from, begin),
            // No key is only a time, so none of this one is in the range.
            to: wanted.until.map_or(all.to, Key::event_at),
            unexpired_at: Some(wanted.now),
            subject,
            start: None,
        }
    }

    /// The shared lines of a minute that this range has not reached; `None` if it has.
    fn shared_lines(self, minute: UnixMillis) -> Option<Self> {
        let from = Key::event_at(minute);
        let to = format!("{from}{END}");
        let last = self.start.as_ref()?.get(SK)?.as_s().ok()?;
        let (is_past, is_inside) = (*last < from, *last <= to);
        (!is_past).then(|| Self {
            start: self.start.filter(|_| is_inside),
            from,
            to,
            ..self
        })
    }
}

/// Sorts lines, newest first.
fn sort(lines: &mut [Event]) {
    lines.sort_by_key(|line| Reverse(last_time(line)));
}

/// The minute under which a shared line of this time is stored.
fn minute_of(at: UnixMillis) -> UnixMillis {
    UnixMillis(at.0 - at.0 % REPEAT_EVENT_MS)
}

/// The time of the last event on a line.
pub fn last_time(line: &Event) -> UnixMillis {
    line.last_at.unwrap_or(line.at)
}
