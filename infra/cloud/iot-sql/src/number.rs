//! Numbers of rule SQL: Int and Decimal with 34 digits, and their arithmetic.
//!
//! Must not know: values of other types.
//!
//! Source: AWS IoT developer guide, "Data types" and "Operators".

use std::fmt;
use std::num::NonZeroU64;

use bigdecimal::num_bigint::Sign;
use bigdecimal::{BigDecimal, RoundingMode, ToPrimitive, Zero};

use super::Version;

/// Most digits of an Int or a Decimal.
const DIGITS_MAX: u64 = 34;
/// Largest Int: 34 nines.
const INT_MAX: i128 = 10_i128.pow(34) - 1;
/// Largest exponent of a Decimal, positive or negative.
const EXPONENT_MAX: i64 = 999;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Number {
    Int(i128),
    Decimal(BigDecimal),
}

/// How a fraction is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rounding {
    /// Towards minus infinity.
    Down,
    /// To the nearest integer, halves away from zero.
    Nearest,
    /// Towards plus infinity.
    Up,
    /// Towards zero.
    CutOff,
}

/// The arithmetic operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Plus,
    Minus,
    Times,
    Divide,
    Remainder,
}

impl Number {
    /// Reads a number as SQL and JSON write it; `None` if it is out of range.
    /// The caller has checked that `text` has the form of a number.
    pub fn read(text: &str) -> Option<Self> {
        if let Ok(int) = text.parse::<i128>()
            && int.abs() <= INT_MAX
        {
            return Some(Self::Int(int));
        }
        Self::bounded(&text.parse().ok()?)
    }

    /// A Decimal from a double; `None` for NaN and infinities.
    pub fn from_double(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        Self::bounded(&format!("{value:?}").parse().ok()?)
    }

    /// Rounds to [`DIGITS_MAX`]; `None` above the largest magnitude, zero below the smallest.
    fn bounded(value: &BigDecimal) -> Option<Self> {
        if value.is_zero() {
            return Some(Self::Decimal(
                value.with_scale(value.fractional_digit_count().clamp(0, 34)),
            ));
        }
        let digits = NonZeroU64::new(DIGITS_MAX).expect("34 is not zero");
        let value = if value.digits() > DIGITS_MAX {
            value.with_precision_round(digits, RoundingMode::HalfEven)
        } else {
            value.clone()
        };
        let magnitude = (value.digits() as i64 - 1).saturating_sub(value.fractional_digit_count());
        if magnitude > EXPONENT_MAX {
            return None;
        }
        Some(Self::Decimal(if magnitude < -EXPONENT_MAX {
            BigDecimal::zero()
        } else {
            value
        }))
    }

    /// The number in the form of the version: since 2016 a whole Decimal is an Int.
    pub fn in_version(self, version: Version) -> Self {
        match &self {
            Self::Decimal(decimal) if version == Version::V2016 && decimal.is_integer() => {
                whole(decimal).map_or(self, Number::Int)
            }
            _ => self,
        }
    }

    /// The same number as a Decimal.
    pub fn to_decimal(&self) -> BigDecimal {
        match self {
            Self::Int(int) => BigDecimal::from(*int),
            Self::Decimal(decimal) => decimal.clone(),
        }
    }

    /// The nearest double; NaN if there is none.
    pub fn to_double(&self) -> f64 {
        match self {
            Self::Int(int) => *int as f64,
            Self::Decimal(decimal) => decimal.to_f64().unwrap_or(f64::NAN),
        }
    }

    /// The number rounded to an Int; `None` if it has too many digits.
    pub fn to_int(&self, rounding: Rounding) -> Option<i128> {
        match self {
            Self::Int(int) => Some(*int),
            Self::Decimal(decimal) => {
                let mode = match rounding {
                    Rounding::Down => RoundingMode::Floor,
                    Rounding::Nearest => RoundingMode::HalfUp,
                    Rounding::Up => RoundingMode::Ceiling,
                    Rounding::CutOff => RoundingMode::Down,
                };
                whole(&decimal.with_scale_round(0, mode))
            }
        }
    }

    /// Truncated to `places` decimal places, without trailing zeros.
    pub fn truncated(&self, places: i64) -> Option<Self> {
        match self {
            Self::Int(_) => Some(self.clone()),
            Self::Decimal(decimal) => {
                let cut = decimal
                    .with_scale_round(places, RoundingMode::Down)
                    .normalized();
                if cut.is_integer() {
                    whole(&cut).map(Number::Int)
                } else {
                    Self::bounded(&cut)
                }
            }
        }
    }

    /// Int with Int yields Int, anything else Decimal; `None` for a division by zero or out of
    /// range.
    pub fn calculate(operator: Arithmetic, left: &Self, right: &Self) -> Option<Self> {
        let by_zero = matches!(operator, Arithmetic::Divide | Arithmetic::Remainder);
        if by_zero && right.to_decimal().is_zero() {
            return None;
        }
        if let (Self::Int(left), Self::Int(right)) = (left, right) {
            let int = match operator {
                Arithmetic::Plus => left.checked_add(*right),
                Arithmetic::Minus => left.checked_sub(*right),
                Arithmetic::Times => left.checked_mul(*right),
                Arithmetic::Divide => left.checked_div(*right),
                Arithmetic::Remainder => left.checked_rem(*right),
            };
            if let Some(int) = int.filter(|int| int.abs() <= INT_MAX) {
                return Some(Self::Int(int));
            }
        }
        let (left, right) = (left.to_decimal(), right.to_decimal());
        Self::bounded(&match operator {
            Arithmetic::Plus => left + right,
            Arithmetic::Minus => left - right,
            Arithmetic::Times => left * right,
            Arithmetic::Divide => left / right,
            Arithmetic::Remainder => left % right,
        })
    }

    /// Whether both are the same number: `5` equals `5.0`.
    pub fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Int(left), Self::Int(right)) => left == right,
            _ => self.to_decimal() == other.to_decimal(),
        }
    }

    /// The absolute value.
    pub fn abs(&self) -> Self {
        match self {
            Self::Int(int) => Self::Int(int.abs()),
            Self::Decimal(decimal) => Self::Decimal(decimal.abs()),
        }
    }

    /// The sign as a number: -1, 0 or 1.
    pub fn sign(&self) -> Self {
        Self::Int(match self.to_decimal().sign() {
            Sign::Minus => -1,
            Sign::NoSign => 0,
            Sign::Plus => 1,
        })
    }
}

/// A whole Decimal as an Int; `None` if it has too many digits.
fn whole(decimal: &BigDecimal) -> Option<i128> {
    decimal.to_i128().filter(|int| int.abs() <= INT_MAX)
}

/// An Int in standard notation; a Decimal as Java's `BigDecimal` writes it, with an exponent if
/// that is large.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimal = match self {
            Self::Int(int) => return write!(f, "{int}"),
            Self::Decimal(decimal) => decimal,
        };
        let (digits, scale) = decimal.as_bigint_and_exponent();
        let sign = if digits.sign() == Sign::Minus {
            "-"
        } else {
            ""
        };
        let digits = digits.magnitude().to_string();
        let exponent = digits.len() as i64 - 1 - scale;
        if scale == 0 {
            write!(f, "{sign}{digits}")
        } else if scale > 0 && exponent >= -6 {
            let places = usize::try_from(scale).expect("checked to be above 0");
            let padded = format!("{digits:0>width$}", width = places + 1);
            let (whole, fraction) = padded.split_at(padded.len() - places);
            write!(f, "{sign}{whole}.{fraction}")
        } else {
            let (first, rest) = digits.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            write!(f, "{sign}{first}{point}{rest}E{exponent:+}")
        }
    }
}

/// Whether a string converts to a number: `^-?\d+(\.\d+)?((?i)E-?\d+)?$`.
pub(super) fn reads_as_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let mantissa_reads = match mantissa.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(mantissa),
    };
    let exponent_reads = exponent.is_none_or(|e| digits(e.strip_prefix('-').unwrap_or(e)));
    mantissa_reads && exponent_reads
}
