//! Conditions as data: the core checks them on a value, and a table renders them as an expression.
//! Must not know: which conditions a write has.

use serde::Serialize;

use crate::record::{Reported, Status};
use crate::report::Latch;

/// A condition on one attribute, named by its path as stored: `command.nextSendAt`.
#[derive(Debug, Clone, Copy)]
pub enum Condition<'a> {
    /// The attribute has this value, or, with `None`, is absent.
    Equal(&'static str, Option<Operand<'a>>),
    /// The attribute is absent, or a number below this one.
    Below(&'static str, u64),
}

/// The value of an attribute. Serializes as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Operand<'a> {
    /// Whether a binding is enabled.
    Flag(bool),
    /// A version, revision, sequence or time.
    Number(u64),
    /// The status of a record.
    Status(Status),
    /// The latch as last reported.
    Latch(Latch),
    /// The last report used.
    Reported(&'a Reported),
}

impl<'a> Condition<'a> {
    /// Whether it holds for an item with this `attribute` at each path.
    pub(super) fn holds(self, attribute: impl Fn(&str) -> Option<Operand<'a>>) -> bool {
        match self {
            Self::Equal(path, wanted) => attribute(path) == wanted,
            Self::Below(path, limit) => match attribute(path) {
                Some(Operand::Number(number)) => number < limit,
                value => value.is_none(),
            },
        }
    }
}
