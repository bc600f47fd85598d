//! Numbers of rule SQL: Int and Decimal of 34 digits, and their arithmetic.
//!
//! Source: AWS IoT developer guide, "Data types" and "Operators". Must not know: values that are no numbers.

use std::fmt;
use std::num::NonZeroU64;

use bigdecimal::num_bigint::Sign;
use bigdecimal::{BigDecimal, RoundingMode, ToPrimitive, Zero};

use super::Version;

/// Digits of an Int or a Decimal.
const DIGITS_MAX: u64 = 34;
/// Largest Int: 34 nines.
const INT_MAX: i128 = 10_i128.pow(34) - 1;
/// Powers of ten that a Decimal reaches in both directions.
const EXPONENT_MAX: i64 = 999;

/// A number.
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
    /// To the nearest, halves away from zero.
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
    /// Reads a number as SQL and JSON write it; none where it is out of range.
    ///
    /// `text` must have the form of a number already.
    pub fn read(text: &str) -> Option<Number> {
        if let Ok(int) = text.parse::<i128>()
            && int.abs() <= INT_MAX
        {
            return Some(Number::Int(int));
        }
        Number::bounded(&text.parse().ok()?)
    }

    /// A Decimal of double precision; none for what is no number.
    pub fn from_double(value: f64) -> Option<Number> {
        if !value.is_finite() {
            return None;
        }
        Number::bounded(&format!("{value:?}").parse().ok()?)
    }

    /// Rounded to the digits there are, none beyond the largest magnitude, zero below the smallest.
    fn bounded(value: &BigDecimal) -> Option<Number> {
        if value.is_zero() {
            return Some(Number::Decimal(
                value.with_scale(value.fractional_digit_count().clamp(0, 34)),
            ));
        }
        let digits = NonZeroU64::new(DIGITS_MAX).expect("34 is not zero");
        let value = match value.digits() > DIGITS_MAX {
            true => value.with_precision_round(digits, RoundingMode::HalfEven),
            false => value.clone(),
        };
        let magnitude = (value.digits() as i64 - 1).saturating_sub(value.fractional_digit_count());
        if magnitude > EXPONENT_MAX {
            return None;
        }
        Some(Number::Decimal(match magnitude < -EXPONENT_MAX {
            true => BigDecimal::zero(),
            false => value,
        }))
    }

    /// As the version sees it: since 2016 a whole Decimal is an Int.
    pub fn seen_by(self, version: Version) -> Number {
        match &self {
            Number::Decimal(decimal) if version == Version::V2016 && decimal.is_integer() => {
                whole(decimal).map_or(self, Number::Int)
            }
            _ => self,
        }
    }

    /// The same number as a Decimal.
    pub fn decimal(&self) -> BigDecimal {
        match self {
            Number::Int(int) => BigDecimal::from(*int),
            Number::Decimal(decimal) => decimal.clone(),
        }
    }

    /// With double precision.
    pub fn double(&self) -> f64 {
        match self {
            Number::Int(int) => *int as f64,
            Number::Decimal(decimal) => decimal.to_f64().unwrap_or(f64::NAN),
        }
    }

    /// The Int nearby; none where it has too many digits.
    pub fn to_int(&self, rounding: Rounding) -> Option<i128> {
        match self {
            Number::Int(int) => Some(*int),
            Number::Decimal(decimal) => {
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

    /// Cut to so many decimal places, without zeros at the end.
    pub fn truncated(&self, places: i64) -> Option<Number> {
        match self {
            Number::Int(_) => Some(self.clone()),
            Number::Decimal(decimal) => {
                let cut = decimal
                    .with_scale_round(places, RoundingMode::Down)
                    .normalized();
                match cut.is_integer() {
                    true => whole(&cut).map(Number::Int),
                    false => Number::bounded(&cut),
                }
            }
        }
    }

    /// Int by Int is Int, anything else is Decimal; none by zero and out of range.
    pub fn calculate(operator: Arithmetic, left: &Number, right: &Number) -> Option<Number> {
        let by_zero = matches!(operator, Arithmetic::Divide | Arithmetic::Remainder);
        if by_zero && right.decimal().is_zero() {
            return None;
        }
        if let (Number::Int(left), Number::Int(right)) = (left, right) {
            let int = match operator {
                Arithmetic::Plus => left.checked_add(*right),
                Arithmetic::Minus => left.checked_sub(*right),
                Arithmetic::Times => left.checked_mul(*right),
                Arithmetic::Divide => left.checked_div(*right),
                Arithmetic::Remainder => left.checked_rem(*right),
            };
            if let Some(int) = int.filter(|int| int.abs() <= INT_MAX) {
                return Some(Number::Int(int));
            }
        }
        let (left, right) = (left.decimal(), right.decimal());
        Number::bounded(&match operator {
            Arithmetic::Plus => left + right,
            Arithmetic::Minus => left - right,
            Arithmetic::Times => left * right,
            Arithmetic::Divide => left / right,
            Arithmetic::Remainder => left % right,
        })
    }

    /// Whether both are the same number, `5` and `5.0` being so.
    pub fn equals(&self, other: &Number) -> bool {
        match (self, other) {
            (Number::Int(left), Number::Int(right)) => left == right,
            _ => self.decimal() == other.decimal(),
        }
    }

    /// Without its sign.
    pub fn abs(&self) -> Number {
        match self {
            Number::Int(int) => Number::Int(int.abs()),
            Number::Decimal(decimal) => Number::Decimal(decimal.abs()),
        }
    }

    /// -1, 0 or 1.
    pub fn sign(&self) -> Number {
        Number::Int(match self.decimal().sign() {
            Sign::Minus => -1,
            Sign::NoSign => 0,
            Sign::Plus => 1,
        })
    }
}

/// A whole Decimal as an Int, where it has no more digits than an Int.
fn whole(decimal: &BigDecimal) -> Option<i128> {
    decimal.to_i128().filter(|int| int.abs() <= INT_MAX)
}

/// An Int in standard notation; a Decimal with an exponent where that is far from the point (as Java writes it).
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimal = match self {
            Number::Int(int) => return write!(f, "{int}"),
            Number::Decimal(decimal) => decimal,
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

/// Whether the text is one that is converted: `^-?\d+(\.\d+)?((?i)E-?\d+)?$`.
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
