//! Whose table it is. Must not be used by the functions.

use super::{Store, StoreError, Task};
use crate::error::CallError;

impl Store {
    /// The account that the table is in, from the table's own ARN; for an operator, who should see where a command goes.
    ///
    /// *Errors*: [`StoreError`]; a table that does not exist is one.
    pub async fn account(&self) -> Result<String, StoreError> {
        let call = self.client.describe_table().table_name(&self.table);
        let answer = call.send().await;
        let answer = answer.map_err(|error| self.failed(Task::Describe, &error))?;
        let arn = answer
            .table
            .and_then(|table| table.table_arn)
            .unwrap_or_default();
        // arn:aws:dynamodb:<region>:<account>:table/<name>
        let account = arn.split(':').nth(4).map(str::to_owned);
        account.ok_or_else(|| {
            let answer = format!("the table's ARN has no account: {arn:?}");
            self.error(Task::Describe, CallError::Unreadable(answer))
        })
    }
}
