//! What the operators of conditions compare, and how.
//!
//! Source: IAM user guide, "IAM JSON policy elements: Condition operators". Must not know: which key a value is of.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::pattern::Pattern;

/// An operator without its quantifier and `IfExists`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Comparison {
    /// Texts; wildcards are literal.
    Text { ignore_case: bool, negated: bool },
    /// Texts with wildcards.
    Like { negated: bool },
    /// ARNs, with wildcards part by part; `ArnEquals` and `ArnLike` are the same.
    Arn { negated: bool },
    /// Numbers.
    Numeric(Order),
    /// Moments, as ISO 8601 or as seconds since the Unix epoch.
    Date(Order),
    /// An address in a range.
    Ip { negated: bool },
    /// `true` or `false`.
    Bool,
    /// Whether the key is absent.
    Null,
}

/// How an ordered value lies to the expected one.
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
    fn parse(suffix: &str) -> Option<Order> {
        Some(match suffix {
            "Equals" => Order::Equals,
            "NotEquals" => Order::NotEquals,
            "LessThan" => Order::Less,
            "LessThanEquals" => Order::LessOrEqual,
            "GreaterThan" => Order::Greater,
            "GreaterThanEquals" => Order::GreaterOrEqual,
            _ => return None,
        })
    }

    /// A negated order holds here where the positive one does: whoever asks turns it round.
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Order::Equals | Order::NotEquals => ordering == Ordering::Equal,
            Order::Less => ordering == Ordering::Less,
            Order::LessOrEqual => ordering != Ordering::Greater,
            Order::Greater => ordering == Ordering::Greater,
            Order::GreaterOrEqual => ordering != Ordering::Less,
        }
    }
}

impl Comparison {
    /// By its name in a document.
    pub fn parse(name: &str) -> Option<Comparison> {
        let text = |ignore_case, negated| Comparison::Text {
            ignore_case,
            negated,
        };
        Some(match name {
            "StringEquals" => text(false, false),
            "StringNotEquals" => text(false, true),
            "StringEqualsIgnoreCase" => text(true, false),
            "StringNotEqualsIgnoreCase" => text(true, true),
            "StringLike" => Comparison::Like { negated: false },
            "StringNotLike" => Comparison::Like { negated: true },
            "ArnEquals" | "ArnLike" => Comparison::Arn { negated: false },
            "ArnNotEquals" | "ArnNotLike" => Comparison::Arn { negated: true },
            "IpAddress" => Comparison::Ip { negated: false },
            "NotIpAddress" => Comparison::Ip { negated: true },
            "Bool" => Comparison::Bool,
            "Null" => Comparison::Null,
            other => match other.strip_prefix("Numeric") {
                Some(order) => Comparison::Numeric(Order::parse(order)?),
                None => Comparison::Date(Order::parse(other.strip_prefix("Date")?)?),
            },
        })
    }

    /// Whether a value agrees where it equals none of the expected ones.
    pub fn is_negated(self) -> bool {
        match self {
            Comparison::Text { negated, .. }
            | Comparison::Like { negated }
            | Comparison::Arn { negated }
            | Comparison::Ip { negated } => negated,
            Comparison::Numeric(order) | Comparison::Date(order) => order == Order::NotEquals,
            Comparison::Bool | Comparison::Null => false,
        }
    }

    /// Whether a text can be an expected value at all.
    pub fn accepts(self, text: &str) -> bool {
        match self {
            Comparison::Numeric(_) => number(text).is_some(),
            Comparison::Date(_) => moment(text).is_some(),
            Comparison::Ip { .. } => Range::parse(text).is_some(),
            Comparison::Bool | Comparison::Null => {
                ["true", "false"].contains(&text.to_ascii_lowercase().as_str())
            }
            _ => true,
        }
    }

    /// Whether a value is what one expected value says, negation aside.
    pub fn equal(
        self,
        expected: &Pattern,
        value: &str,
        variables: &BTreeMap<String, String>,
    ) -> bool {
        match self {
            Comparison::Like { .. } => return expected.matches(value, variables),
            Comparison::Arn { .. } => return expected.matches_arn(value, variables),
            _ => {}
        }
        let Some(expected) = expected.text(variables) else {
            return false;
        };
        match self {
            Comparison::Numeric(order) => {
                let pair = number(value).zip(number(&expected));
                let ordering = pair.and_then(|(value, expected)| value.partial_cmp(&expected));
                ordering.is_some_and(|ordering| order.holds(ordering))
            }
            Comparison::Date(order) => {
                let pair = moment(value).zip(moment(&expected));
                pair.is_some_and(|(value, expected)| order.holds(value.cmp(&expected)))
            }
            Comparison::Ip { .. } => {
                let pair = Range::parse(&expected).zip(value.parse().ok());
                pair.is_some_and(|(range, address)| range.contains(address))
            }
            Comparison::Text {
                ignore_case: false, ..
            } => value == expected,
            _ => value.to_lowercase() == expected.to_lowercase(),
        }
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Seconds since the Unix epoch of `2026-03-01T12:00:00Z` or `2026-03-01`, or given as a number.
/// Only UTC is accepted; fractions of a second are ignored.
fn moment(text: &str) -> Option<u64> {
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

/// Addresses that begin with the same bits.
struct Range {
    first: IpAddr,
    bits: u32,
}

impl Range {
    /// `203.0.113.0/24`, `2001:db8::/32`, or one address.
    fn parse(text: &str) -> Option<Range> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().ok()?)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().ok()?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Range { first, bits })
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
