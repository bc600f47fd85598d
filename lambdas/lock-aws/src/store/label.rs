//! Labels of locks and buttons: attributes of their entries in the list of registered things.
//! Must not know: where they are shown.
//!
//! A label is for people. One that cannot be used is left out with a warning, and nothing fails.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use lock_core::event::Subject;
use lock_core::label::{Label, LabelWish, Labels, Names};

use super::commit::code;
use super::expression::Expression;
use super::{Store, StoreError, Task};
use crate::item::{Item, Key, listed};

/// Attribute of the label.
const LABEL: &str = "label";
/// Attribute of the room.
const ROOM: &str = "room";
/// The condition that the entry exists: a label registers nothing.
const LISTED: &str = "attribute_exists(pk)";

impl Store {
    /// The labels of these locks and buttons. Those without any are left out.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if a call fails or an entry is malformed.
    pub async fn read_labels(&self, subjects: &[Subject]) -> Result<Names, StoreError> {
        let keys: Vec<Key> = subjects.iter().map(Key::listing).collect();
        let mut names = Names::default();
        for item in self.read_items(&Task::ReadLabels, &keys).await? {
            let subject = listed(&item);
            let subject = subject.map_err(|error| self.error(Task::ReadLabels, error.into()))?;
            let labels = labels_of(&subject, &item);
            names.insert(subject, labels);
        }
        Ok(names)
    }

    /// Changes the labels of a registered lock or button. Returns its labels afterwards, or `None`
    /// if it is not registered: then nothing changes. May be repeated. An empty wish only reads.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the call fails.
    pub async fn set_label(
        &self,
        subject: &Subject,
        wish: &LabelWish,
    ) -> Result<Option<Labels>, StoreError> {
        if wish.is_empty() {
            let key = Key::listing(subject);
            let items = self.read_items(&Task::ReadLabels, &[key]).await?;
            return Ok(items.first().map(|item| labels_of(subject, item)));
        }
        let mut expression = Expression::default();
        for (path, label) in [(LABEL, &wish.label), (ROOM, &wish.room)] {
            match label {
                Some(label) => expression.set(path, label),
                None if wish.clear => expression.remove(path),
                None => {}
            }
        }
        let parts = expression.into_parts();
        let values = Some(parts.values).filter(|values| !values.is_empty());
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::listing(subject).to_item()))
            .update_expression(parts.update)
            .condition_expression(LISTED)
            .set_expression_attribute_names(Some(parts.names))
            .set_expression_attribute_values(values)
            .return_values(ReturnValue::AllNew);
        match call.send().await {
            Ok(answer) => {
                let item = answer.attributes.unwrap_or_default();
                Ok(Some(labels_of(subject, &item)))
            }
            Err(error) if code(&error) == Some("ConditionalCheckFailedException") => Ok(None),
            Err(error) => Err(self.failed(Task::ChangeLabels(subject.clone()), &error)),
        }
    }
}

/// The labels in an entry of the list.
pub(super) fn labels_of(subject: &Subject, item: &Item) -> Labels {
    Labels {
        label: label(subject, item, LABEL),
        room: label(subject, item, ROOM),
    }
}

fn label(subject: &Subject, item: &Item, path: &str) -> Option<Label> {
    let why = match item.get(path)? {
        AttributeValue::S(text) => match Label::new(text) {
            Ok(label) => return Some(label),
            Err(error) => error.to_string(),
        },
        _ => "not a text".to_owned(),
    };
    let name = subject.name();
    tracing::warn!("the {path} of {name} is not shown: {why}; `lockctl label {name}` replaces it");
    None
}
