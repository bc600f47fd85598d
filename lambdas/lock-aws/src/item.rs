//! DynamoDB items: keys, and the core's types as attribute values. Must not know: the client.

mod deserializer;
mod image;
mod serializer;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use lock_core::event::{Event, Slot, Subject};
use lock_core::name::{ButtonSerial, LockName};
use lock_core::time::UnixMillis;
use lock_core::write::RequestMark;
use serde::Serialize;
use serde::de::DeserializeOwned;

use deserializer::Attributes;
use serializer::AttributeSerializer;

pub use image::item_of_image;

/// An item: attribute values by name.
pub type Item = HashMap<String, AttributeValue>;

/// Attribute name of the partition key.
pub const PK: &str = "pk";
/// Attribute name of the sort key.
pub const SK: &str = "sk";

/// Beginning of an event's sort key.
const EVENT: &str = "event#";

/// Sort key of a record.
const RECORD: &str = "record";
/// Sort key of a binding.
const BINDING: &str = "binding";

/// Partition of the list of registered locks and buttons.
pub const THINGS: &str = "things";

/// The primary key of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Partition key: `lock#lock-1`.
    pub pk: String,
    /// Sort key: `record`.
    pub sk: String,
}

/// An item that does not have the form its key requires.
#[derive(Debug, thiserror::Error)]
pub enum ItemError {
    /// An attribute is binary or a set, which no item here has.
    #[error("attribute {0} has a type that no item here has")]
    Type(String),
    /// An attribute in a record of the stream is not in DynamoDB's JSON.
    #[error("attribute {0} is not DynamoDB JSON")]
    Image(String),
    /// A number is not whole, or too large.
    #[error("attribute {0} is not a whole number")]
    Number(String),
    /// An entry of the list of registered things is malformed.
    #[error("list entry {0:?} names neither a lock nor a button")]
    Listed(String),
    /// The attributes do not form the record, binding or event they should.
    #[error("item does not have the form that its key requires")]
    Shape(#[source] serde::de::value::Error),
}

impl Key {
    fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        let (pk, sk) = (pk.into(), sk.into());
        Self { pk, sk }
    }

    /// `lock#<thing>` / `record`.
    pub fn record(lock: &LockName) -> Self {
        Self::new(format!("lock#{lock}"), RECORD)
    }

    /// `button#<serial>` / `binding`.
    pub fn binding(button: &ButtonSerial) -> Self {
        Self::new(format!("button#{button}"), BINDING)
    }

    /// `request#<thing>#<requestId>` / `request`. A name does not contain `#`.
    pub fn request(lock: &LockName, request_id: &str) -> Self {
        Self::new(format!("request#{lock}#{request_id}"), "request")
    }

    /// `lock#<thing>` or `button#<serial>` / `event#<at>#<key>`. 13 digits of milliseconds sort by
    /// time until 2286.
    pub fn event(event: &Event) -> Self {
        Self::line(&event.subject, event.at, &event.key)
    }

    /// The prefix of the sort keys of lines at `at`.
    pub fn event_at(at: UnixMillis) -> String {
        format!("{EVENT}{:013}", at.0)
    }

    /// The lock whose record has this key, if it is that of a record.
    pub fn lock_of_record(&self) -> Option<LockName> {
        let name = self.pk.strip_prefix("lock#");
        let name = name.filter(|_| self.sk == RECORD)?;
        LockName::new(name).ok()
    }

    /// Whether a binding has this key.
    pub fn is_binding(&self) -> bool {
        self.sk == BINDING
    }

    /// Whether an event has this key.
    pub fn is_event(&self) -> bool {
        self.sk.starts_with(EVENT)
    }

    /// `things` / `lock#<thing>` or `button#<serial>`: an entry of the list of registered things.
    /// One partition, so that an operator finds every lock and button without scanning the table.
    pub fn listing(subject: &Subject) -> Self {
        Self::new(THINGS, Self::history(subject))
    }

    /// `deployment` / `limits`: the limits that the deployed functions decide with.
    pub fn limits() -> Self {
        Self::new("deployment", "limits")
    }

    /// `announced#<pk>` / `<code>#<sk>` of an event: the mark that its announcement was sent. Its
    /// sort key does not begin as an event's, so the announce function's filter leaves it out.
    pub fn announced(event: &Self, code: &str) -> Self {
        let Self { pk, sk } = event;
        Self::new(format!("announced#{pk}"), format!("{code}#{sk}"))
    }

    /// `shown#<thing>` / `part`: what the show function keeps for a lock's state messages.
    pub fn kept(lock: &LockName, part: &str) -> Self {
        Self::new(format!("shown#{lock}"), part)
    }

    /// Key of the line that ignored presses of one button for one reason share for a minute.
    pub fn shared_line(event: &Event, slot: &Slot) -> Self {
        Self::line(&event.subject, slot.at, &slot.key)
    }

    fn line(subject: &Subject, at: UnixMillis, key: &str) -> Self {
        Self::new(
            Self::history(subject),
            format!("{}#{key}", Self::event_at(at)),
        )
    }

    /// Partition key of the history of a lock or button.
    pub fn history(subject: &Subject) -> String {
        match subject {
            Subject::Lock(lock) => format!("lock#{lock}"),
            Subject::Button(button) => format!("button#{button}"),
        }
    }

    /// The key as attributes.
    pub fn to_item(&self) -> Item {
        let mut item = Item::with_capacity(2);
        self.add_to(&mut item);
        item
    }

    fn add_to(&self, item: &mut Item) {
        item.insert(PK.to_owned(), AttributeValue::S(self.pk.clone()));
        item.insert(SK.to_owned(), AttributeValue::S(self.sk.clone()));
    }
}

/// The lock or button of an entry of the list, whose sort key is `lock#lock-1` or
/// `button#button-1`.
///
/// # Errors
///
/// [`ItemError::Listed`] if the sort key names neither.
pub fn listed(item: &Item) -> Result<Subject, ItemError> {
    let listed = item.get(SK).and_then(|sk| sk.as_s().ok());
    let listed = listed.map_or("", String::as_str);
    let malformed = |_| ItemError::Listed(listed.to_owned());
    match listed.split_once('#') {
        Some(("lock", name)) => LockName::new(name).map(Subject::Lock).map_err(malformed),
        Some(("button", name)) => ButtonSerial::new(name)
            .map(Subject::Button)
            .map_err(malformed),
        _ => Err(ItemError::Listed(listed.to_owned())),
    }
}

/// A core value as an item under `key`.
pub fn to_item(key: &Key, value: &impl Serialize) -> Item {
    let mut item = match attribute_of(value, 2) {
        AttributeValue::M(attributes) => attributes,
        _ => Item::new(),
    };
    key.add_to(&mut item);
    item
}

/// The mark of a request as an item.
pub fn request_item(mark: &RequestMark) -> Item {
    let mut item = Key::request(&mark.lock, &mark.request_id).to_item();
    item.insert("lock".to_owned(), AttributeValue::S(mark.lock.to_string()));
    item.insert("at".to_owned(), AttributeValue::N(mark.at.0.to_string()));
    item.insert("ttl".to_owned(), AttributeValue::N(mark.ttl.0.to_string()));
    item
}

/// A core value from an item. Keys and unknown attributes are ignored.
///
/// # Errors
///
/// [`ItemError`] if the attributes do not form the value.
pub fn from_item<T: DeserializeOwned>(item: &Item) -> Result<T, ItemError> {
    T::deserialize(Attributes(item))
}

/// A core value as one attribute.
pub fn to_attribute(value: &impl Serialize) -> AttributeValue {
    attribute_of(value, 0)
}

fn attribute_of(value: &impl Serialize, spare: usize) -> AttributeValue {
    let attribute = value.serialize(AttributeSerializer { spare });
    attribute.expect("the core's types hold whole numbers, texts, lists and named members")
}
