//! A setting's value, and the settings of a device by their dotted keys.

use std::collections::BTreeMap;
use std::ffi::CString;

/// Settings by their dotted key, such as `lock.relock_s`.
pub type Values = BTreeMap<String, Value>;

/// Value of one setting; its type never changes.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text as C sees it.
    Text(CString),
    Int(i64),
    Bool(bool),
    Double(f64),
}
