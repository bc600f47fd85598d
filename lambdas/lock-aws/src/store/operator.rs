//! What an operator does to bindings. Must not be used by the functions.

use aws_sdk_dynamodb::types::ReturnValue;
use lock_core::binding::{Actions, Binding};
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::Record;
use lock_core::time::UnixMillis;

use super::expression::Expression;
use super::{Store, StoreError};
use crate::item::{Key, from_item, to_item};

/// A binding just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The binding as it now stands.
    pub binding: Binding,
    /// Whether the lock had no record before; its first report then makes the system lock it (C9).
    pub created_record: bool,
}

impl Store {
    /// The account that the table is in, from the table's own ARN; for an operator, who should see where a command goes.
    ///
    /// *Errors*: [`StoreError`]; a table that does not exist is one.
    pub async fn account(&self) -> Result<String, StoreError> {
        let fail = |source| self.error("describe", "itself", source);
        let call = self.client.describe_table().table_name(&self.table);
        let answer = call.send().await.map_err(|error| fail(error.into()))?;
        let arn = answer
            .table
            .and_then(|table| table.table_arn)
            .unwrap_or_default();
        // arn:aws:dynamodb:<region>:<account>:table/<name>
        let account = arn.split(':').nth(4).map(str::to_owned);
        account.ok_or_else(|| fail(format!("the table's ARN has no account: {arn}").into()))
    }

    /// Binds a button to a lock, anew or for the first time: enabled, revision one higher, last press forgotten (C3). Creates
    /// the lock's record if there is none. May be repeated.
    ///
    /// *Errors*: [`StoreError`].
    pub async fn bind(
        &self,
        button: &ButtonSerial,
        lock: &LockName,
        actions: &Actions,
        now: UnixMillis,
    ) -> Result<Bound, StoreError> {
        let created_record = self.create_record(lock, now).await?;
        let mut expression = Expression::default();
        expression.set("button", button);
        expression.set("lock", lock);
        expression.set("actions", actions);
        expression.set("enabled", &true);
        // From the clock, not from 0: a binding that was deleted and made again must not repeat a revision that some process
        // still holds.
        expression.count("revision", &now);
        expression.remove("lastPress");
        let binding = self.change_binding("bind", button, expression).await?;
        let binding = binding.expect("an update without a condition always has an item after it");
        Ok(Bound {
            binding,
            created_record,
        })
    }

    /// Enables or disables a binding, its revision one higher, so that no decision made on the old one is committed (C3).
    /// None if the button has no binding.
    ///
    /// *Errors*: [`StoreError`].
    pub async fn set_enabled(
        &self,
        button: &ButtonSerial,
        enabled: bool,
    ) -> Result<Option<Binding>, StoreError> {
        let mut expression = Expression::default();
        expression.set("enabled", &enabled);
        expression.count("revision", &0);
        expression.require_item();
        self.change_binding("enable or disable binding of", button, expression)
            .await
    }

    /// Takes a binding away: the button is then unknown, and says so in its own history. Whether there was one.
    ///
    /// *Errors*: [`StoreError`].
    pub async fn unbind(&self, button: &ButtonSerial) -> Result<bool, StoreError> {
        let call = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(Key::binding(button).to_item()));
        let answer = call.return_values(ReturnValue::AllOld).send().await;
        let answer = answer
            .map_err(|error| self.error("delete binding of", button.as_str(), error.into()))?;
        Ok(answer.attributes.is_some_and(|item| !item.is_empty()))
    }

    /// Creates the record of a lock, at version 0, if there is none. Whether there was none.
    ///
    /// *Errors*: [`StoreError`].
    pub async fn create_record(
        &self,
        lock: &LockName,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let item = to_item(&Key::record(lock), &Record::created(lock.clone(), now));
        let call = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item));
        match call
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await
        {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                Ok(false)
            }
            Err(error) => Err(self.error("create record of", lock.as_str(), error.into())),
        }
    }

    async fn change_binding(
        &self,
        operation: &'static str,
        button: &ButtonSerial,
        expression: Expression,
    ) -> Result<Option<Binding>, StoreError> {
        let fail = |source| self.error(operation, button.as_str(), source);
        let parts = expression.parts();
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::binding(button).to_item()));
        let call = call
            .update_expression(parts.update)
            .set_condition_expression(parts.condition)
            .set_expression_attribute_names(parts.names)
            .set_expression_attribute_values(parts.values)
            .return_values(ReturnValue::AllNew);
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(fail(error.into())),
        };
        let item = answer.attributes.unwrap_or_default();
        from_item(&item)
            .map(Some)
            .map_err(|error| fail(error.into()))
    }
}
