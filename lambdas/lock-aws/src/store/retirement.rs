//! The mark of a retired button, in its entry in the list of registered things.
//! Must not know: certificates and things of the device registry.
//!
//! The button's binding stays, unbound: its last sequence is what refuses a press that the broker
//! delivers again after the button was registered once more (C3). So the mark only hides it.

use lock_core::binding::Binding;
use lock_core::event::Subject;
use lock_core::name::ButtonSerial;
use lock_core::time::UnixMillis;

use super::commit::code;
use super::expression::Expression;
use super::{Register, Store, StoreError, Task};
use crate::item::{Item, Key};

/// Attribute of the time at which the button was retired.
const RETIRED_AT: &str = "retiredAt";
/// The condition that the entry exists: a mark registers nothing.
const LISTED: &str = "attribute_exists(pk)";
/// The condition that there is a mark to remove.
const MARKED: &str = "attribute_exists(retiredAt)";

impl Store {
    /// Marks a registered button as retired at this time, or removes its mark. May be repeated.
    /// Nothing changes if the button is not listed.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the call fails.
    pub async fn set_retired(
        &self,
        button: &ButtonSerial,
        at: Option<UnixMillis>,
    ) -> Result<(), StoreError> {
        let subject = Subject::Button(button.clone());
        let mut expression = Expression::default();
        match at {
            Some(at) => expression.set(RETIRED_AT, &at),
            None => expression.remove(RETIRED_AT),
        }
        let parts = expression.into_parts();
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::listing(&subject).to_item()))
            .update_expression(parts.update)
            .condition_expression(if at.is_some() { LISTED } else { MARKED })
            .set_expression_attribute_names(Some(parts.names))
            .set_expression_attribute_values(Some(parts.values).filter(|it| !it.is_empty()));
        match call.send().await {
            Err(error) if code(&error) != Some("ConditionalCheckFailedException") => {
                Err(self.failed(Task::MarkRetired(subject), &error))
            }
            _ => Ok(()),
        }
    }
}

impl Register {
    /// Whether the button of `binding` is retired: marked, and not bound since. An operator's lists
    /// leave it out.
    pub fn is_retired(&self, binding: &Binding) -> bool {
        let retired = self.retired.get(&binding.button);
        let is_later = |at: &UnixMillis| binding.bound_at.is_none_or(|bound_at| bound_at <= *at);
        binding.lock.is_none() && retired.is_some_and(is_later)
    }
}

/// The mark in an entry of the list. One that cannot be read hides nothing.
pub(super) fn retired_at(item: &Item) -> Option<UnixMillis> {
    let at = item.get(RETIRED_AT)?.as_n().ok()?;
    at.parse().ok().map(UnixMillis)
}
