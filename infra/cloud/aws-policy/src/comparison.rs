//! The operators of conditions: what they compare, and how.
//!
//! Must not know: which key a value belongs to.
//!
//! Source: IAM user guide, "IAM JSON policy elements: Condition operators".

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::pattern::Pattern;

/// An operator without its quantifier and `IfExists`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Comparison {
    /// Compares texts; wildcards are literal.
    Text { ignore_case: bool, negated: bool },
    /// Texts with wildcards.
    Like { negated: bool },
    /// ARNs, with wildcards part by part; `ArnEquals` and `ArnLike` are the same.
    Arn { negated: bool },
    /// Numbers.
    Numeric(Order),
    /// Times, as ISO 8601 or as seconds since the Unix epoch.
    Date(Order),
    /// An address in a range.
    Ip { negated: bool },
    /// `true` or `false`.
    Bool,
    /// Whether the key is absent.
    Null,
}

/// The expected order of a value and the value it is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Order {
    Equals,
    NotEquals,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    fn parse(suffix: &str) -> Option<Self> {
        Some(match suffix {
            "Equals" => Self::Equals,
            "NotEquals" => Self::NotEquals,
            "LessThan" => Self::Less,
            "LessThanEquals" => Self::LessOrEqual,
            "GreaterThan" => Self::Greater,
            "GreaterThanEquals" => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    /// `NotEquals` holds here if `Equals` does: the caller negates it.
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equals | Self::NotEquals => ordering == Ordering::Equal,
            Self::Less => ordering == Ordering::Less,
            Self::LessOrEqual => ordering != Ordering::Greater,
            Self::Greater => ordering == Ordering::Greater,
            Self::GreaterOrEqual => ordering != Ordering::Less,
        }
    }
}

impl Comparison {
    /// The operator with this name in a document.
    pub fn parse(name: &str) -> Option<Self> {
        let text = |ignore_case, negated| Self::Text {
            ignore_case,
            negated,
        };
        Some(match name {
            "StringEquals" => text(false, false),
            "StringNotEquals" => text(false, true),
            "StringEqualsIgnoreCase" => text(true, false),
            "StringNotEqualsIgnoreCase" => text(true, true),
            "StringLike" => Self::Like { negated: false },
            "StringNotLike" => Self::Like { negated: true },
            "ArnEquals" | "ArnLike" => Self::Arn { negated: false },
            "ArnNotEquals" | "ArnNotLike" => Self::Arn { negated: true },
            "IpAddress" => Self::Ip { negated: false },
            "NotIpAddress" => Self::Ip { negated: true },
            "Bool" => Self::Bool,
            "Null" => Self::Null,
            other => match other.strip_prefix("Numeric") {
                Some(order) => Self::Numeric(Order::parse(order)?),
                None => Self::Date(Order::parse(other.strip_prefix("Date")?)?),
            },
        })
    }

    /// Whether the operator holds when no expected value matches.
    pub fn is_negated(self) -> bool {
        match self {
            Self::Text { negated, .. }
            | Self::Like { negated }
            | Self::Arn { negated }
            | Self::Ip { negated } => negated,
            Self::Numeric(order) | Self::Date(order) => order == Order::NotEquals,
            Self::Bool | Self::Null => false,
        }
    }

    /// Whether a text is valid as an expected value.
    pub fn accepts(self, text: &str) -> bool {
        match self {
            Self::Numeric(_) => parse_number(text).is_some(),
            Self::Date(_) => parse_moment(text).is_some(),
            Self::Ip { .. } => Range::parse(text).is_some(),
            Self::Bool | Self::Null => {
                ["true", "false"].contains(&text.to_ascii_lowercase().as_str())
            }
            _ => true,
        }
    }

    /// Whether a value matches one expected value, before any negation.
    pub fn equal(
        self,
        expected: &Pattern,
        value: &str,
        variables: &BTreeMap<String, String>,
    ) -> bool {
        match self {
            Self::Like { .. } => return expected.matches(value, variables),
            Self::Arn { .. } => return expected.matches_arn(value, variables),
            _ => {}
        }
        let Some(expected) = expected.text(variables) else {
            return false;
        };
        match self {
            Self::Numeric(order) => {
                let pair = parse_number(value).zip(parse_number(&expected));
                let ordering = pair.and_then(|(value, expected)| value.partial_cmp(&expected));
                ordering.is_some_and(|ordering| order.holds(ordering))
            }
            Self::Date(order) => {
                let pair = parse_moment(value).zip(parse_moment(&expected));
                pair.is_some_and(|(value, expected)| order.holds(value.cmp(&expected)))
            }
            Self::Ip { .. } => {
                let pair = Range::parse(&expected).zip(value.parse().ok());
                pair.is_some_and(|(range, address)| range.contains(address))
            }
            Self::Text {
                ignore_case: false, ..
            } => value == expected,
            _ => value.to_lowercase() == expected.to_lowercase(),
        }
    }
}

fn parse_number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Seconds since the Unix epoch of `2026-03-01T12:00:00Z` or `2026-03-01`, or given as a number.
/// Only UTC is accepted; fractions of a second are ignored.
fn parse_moment(text: &str) -> Option<u64> {
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let date_time: DateTime = match text.strip_suffix('Z') {
        Some(date_time) if date_time.contains('T') => date_time.parse().ok()?,
        Some(_) => return None,
        None => text.parse::<Date>().ok()?.at(0, 0, 0, 0),
    };
    let moment = date_time.to_zoned(TimeZone::UTC).ok()?.timestamp();
    u64::try_from(moment.as_second()).ok()
}

/// A range of addresses with the same leading bits.
struct Range {
    first: IpAddr,
    bits: u32,
}

impl Range {
    /// `203.0.113.0/24`, `2001:db8::/32`, or one address.
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().ok()?)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().ok()?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Self { first, bits })
    }

    fn contains(&self, address: IpAddr) -> bool {
        let shifted = |value: u128, width: u32| value.checked_shr(width - self.bits);
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                shifted(first.to_bits().into(), 32) == shifted(address.to_bits().into(), 32)
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                shifted(first.to_bits(), 128) == shifted(address.to_bits(), 128)
            }
            _ => false,
        }
    }
}
