//! Whose table it is, and what time it is there. Must not be used by the functions.
//!
//! An operator's machine may have a clock that is minutes off, and its requests are signed nevertheless. A binding or a
//! request made by such a clock would count as earlier or later than it was, so an operator goes by the service's time.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;
use lock_core::time::{UnixMillis, UnixSeconds};

use super::{Store, StoreError, Task};
use crate::clock::{self, Clock};
use crate::error::CallError;

/// Clocks that differ by no more than this agree: the service's time comes in whole seconds, and takes its way here.
/// *Units*: ms.
const AGREE_MS: u64 = 2_000;

/// What an operator sees of the table.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The account that it is in.
    pub account: String,
    /// The time there.
    pub clock: Clock,
}

impl Store {
    /// Looks at the table: whose it is, from its own ARN, so that an operator sees where a command goes; and what time it is
    /// there, so that what an operator does has its place among what the functions do.
    ///
    /// *Errors*: [`StoreError`]; a table that does not exist is one.
    pub async fn look(&self) -> Result<Seen, StoreError> {
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
        let clock = match date.read() {
            Some(read) => Clock::corrected(behind_ms(read)),
            None => Clock::system(),
        };
        Ok(Seen { account, clock })
    }
}

/// The date of an answer, and when it came here.
type Read = (UnixSeconds, UnixMillis);

/// Takes the date of an answer, where it has one.
#[derive(Debug, Clone, Default)]
struct Date(Arc<Mutex<Option<Read>>>);

impl Date {
    fn read(&self) -> Option<Read> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Date {
    fn name(&self) -> &'static str {
        "Date"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
        let second = date.and_then(|date| u64::try_from(date.secs()).ok());
        if let Some(second) = second {
            let mut read = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            *read = Some((UnixSeconds(second), clock::now()));
        }
        Ok(())
    }
}

/// How far this machine's clock is behind the service's; 0 where they agree. The end of the service's second counts, so that
/// what is done now is never earlier than it is.
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
    fn a_clock_is_put_right_only_where_it_is_wrong_by_more_than_seconds_can_tell() {
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
