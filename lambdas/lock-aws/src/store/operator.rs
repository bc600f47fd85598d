//! The account of the table, and the service's time. For operators, not for functions.
//!
//! An operator's clock may be minutes off, and its signed requests are still accepted. A binding or
//! a request would then get the wrong time, so an operator uses the service's.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::{Intercept, context};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;
use lock_core::time::{UnixMillis, UnixSeconds};

use super::{Store, StoreError, Task};
use crate::clock::{self, Clock};
use crate::error::CallError;

/// Largest difference, in ms, at which two clocks count as equal: the service's time has whole
/// seconds, and its answer takes time.
const AGREE_MS: u64 = 2_000;

/// A table's account, and a clock that shows the service's time.
#[derive(Debug, Clone)]
pub struct TableInfo {
    /// The id of the account that owns it.
    pub account: String,
    /// The system's clock, corrected to the service's time.
    pub clock: Clock,
}

impl Store {
    /// Describes the table: its account, so that an operator sees where a command goes, and the
    /// service's time, so that an operator's acts are ordered with those of the functions.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the call fails or the table does not exist.
    pub async fn describe(&self) -> Result<TableInfo, StoreError> {
        let date = Date::default();
        let call = self.client.describe_table().table_name(&self.table);
        let answer = call.customize().interceptor(date.clone()).send().await;
        let answer = answer.map_err(|error| self.failed(Task::Describe, &error))?;
        let arn = answer
            .table
            .and_then(|table| table.table_arn)
            .unwrap_or_default();
        // arn:aws:dynamodb:<region>:<account>:table/<name>
        let account = arn.split(':').nth(4).map(str::to_owned);
        let account = account.ok_or_else(|| {
            let answer = format!("the table's ARN has no account: {arn:?}");
            self.error(Task::Describe, CallError::Unreadable(answer))
        })?;
        let clock = match *date.lock() {
            Some(read) => Clock::corrected(behind_ms(read)),
            None => Clock::system(),
        };
        Ok(TableInfo { account, clock })
    }
}

/// The date of an answer, and the local time of its arrival.
type Read = (UnixSeconds, UnixMillis);

/// Keeps the date of an answer.
#[derive(Debug, Clone, Default)]
struct Date(Arc<Mutex<Option<Read>>>);

impl Date {
    /// Ignores poison: the value is replaced as a whole.
    fn lock(&self) -> MutexGuard<'_, Option<Read>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Date {
    fn name(&self) -> &'static str {
        "Date"
    }

    fn read_before_deserialization(
        &self,
        context: &context::BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
        let second = date.and_then(|date| u64::try_from(date.secs()).ok());
        if let Some(second) = second {
            *self.lock() = Some((UnixSeconds(second), clock::now()));
        }
        Ok(())
    }
}

/// How far this machine's clock is behind the service's, or 0 if they agree. Counts from the end of
/// the service's second, so that nothing is dated too early.
fn behind_ms((there, here): Read) -> i64 {
    let (from, to) = (
        there.0.saturating_mul(1000),
        there.0.saturating_add(1).saturating_mul(1000),
    );
    let agree = from.saturating_sub(AGREE_MS)..=to.saturating_add(AGREE_MS);
    if agree.contains(&here.0) {
        return 0;
    }
    i64::try_from(to).unwrap_or(i64::MAX) - i64::try_from(here.0).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_corrected_only_if_it_is_off_by_more_than_seconds_can_show() {
        // this machine's time, while the service is in second 1,000 => correction
        for (here, wanted) in [
            (1_000_000, 0),
            (1_000_999, 0),
            (998_000, 0),
            (1_003_000, 0),
            (997_999, 3_001),
            (1_003_001, -2_001),
            (760_000, 241_000),
            (1_241_000, -240_000),
        ] {
            let read = (UnixSeconds(1_000), UnixMillis(here));
            assert_eq!(behind_ms(read), wanted, "{here}");
        }
    }
}
