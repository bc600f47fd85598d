//! Functions on numbers. They also accept numeric strings.

use super::super::number::{Arithmetic, Number, Rounding};
use super::super::value::{self, Value};
use super::{Arguments, Function, function};

pub(super) const FUNCTIONS: &[Function] = &[
    function("abs", 1, 1, |_, a| Some(Value::Number(number(a, 0)?.abs()))),
    function("sign", 1, 1, |_, a| {
        Some(Value::Number(number(a, 0)?.sign()))
    }),
    function("ceil", 1, 1, |_, a| rounded(a, Rounding::Up)),
    function("floor", 1, 1, |_, a| rounded(a, Rounding::Down)),
    function("round", 1, 1, |_, a| rounded(a, Rounding::Nearest)),
    function("trunc", 2, 2, |_, a| {
        let places = number(a, 1)?.to_int(Rounding::Down)?.clamp(0, 34);
        let truncated = number(a, 0)?.truncated(i64::try_from(places).ok()?)?;
        Some(Value::Number(truncated))
    }),
    function("mod", 2, 2, |_, a| remainder(a)),
    function("remainder", 2, 2, |_, a| remainder(a)),
    function("power", 2, 2, |_, a| binary(a, f64::powf)),
    function("atan2", 2, 2, |_, a| binary(a, f64::atan2)),
    function("sqrt", 1, 1, |_, a| unary(a, f64::sqrt)),
    function("exp", 1, 1, |_, a| unary(a, f64::exp)),
    function("ln", 1, 1, |_, a| unary(a, f64::ln)),
    function("log", 1, 1, |_, a| unary(a, f64::log10)),
    function("sin", 1, 1, |_, a| unary(a, f64::sin)),
    function("cos", 1, 1, |_, a| unary(a, f64::cos)),
    function("tan", 1, 1, |_, a| unary(a, f64::tan)),
    function("asin", 1, 1, |_, a| unary(a, f64::asin)),
    function("acos", 1, 1, |_, a| unary(a, f64::acos)),
    function("atan", 1, 1, |_, a| unary(a, f64::atan)),
    function("sinh", 1, 1, |_, a| unary(a, f64::sinh)),
    function("cosh", 1, 1, |_, a| unary(a, f64::cosh)),
    function("tanh", 1, 1, |_, a| unary(a, f64::tanh)),
    function("bitand", 2, 2, |_, a| bitwise(a, |l, r| l & r)),
    function("bitor", 2, 2, |_, a| bitwise(a, |l, r| l | r)),
    function("bitxor", 2, 2, |_, a| bitwise(a, |l, r| l ^ r)),
    function("bitnot", 1, 1, |_, a| {
        // The reference's example, 2 for 13, inverts four bits; its text says all bits.
        Some(Value::int(!number(a, 0)?.to_int(Rounding::Down)?))
    }),
    function("nanvl", 2, 2, |_, a| match &a[0] {
        None | Some(Value::Null) => a[1].clone(),
        Some(first) => Some(first.clone()),
    }),
];

fn number(arguments: Arguments<'_>, index: usize) -> Option<Number> {
    value::to_number(arguments[index].as_ref()?)
}

fn rounded(arguments: Arguments<'_>, rounding: Rounding) -> Option<Value> {
    number(arguments, 0)?.to_int(rounding).map(Value::int)
}

fn unary(arguments: Arguments<'_>, change: fn(f64) -> f64) -> Option<Value> {
    let changed = change(number(arguments, 0)?.to_double());
    Number::from_double(changed).map(Value::Number)
}

fn binary(arguments: Arguments<'_>, combine: fn(f64, f64) -> f64) -> Option<Value> {
    let (left, right) = (number(arguments, 0)?, number(arguments, 1)?);
    Number::from_double(combine(left.to_double(), right.to_double())).map(Value::Number)
}

fn remainder(arguments: Arguments<'_>) -> Option<Value> {
    let (left, right) = (number(arguments, 0)?, number(arguments, 1)?);
    Number::calculate(Arithmetic::Remainder, &left, &right).map(Value::Number)
}

fn bitwise(arguments: Arguments<'_>, combine: fn(i128, i128) -> i128) -> Option<Value> {
    let left = number(arguments, 0)?.to_int(Rounding::Down)?;
    let right = number(arguments, 1)?.to_int(Rounding::Down)?;
    Some(Value::int(combine(left, right)))
}
