//! The filters of an event source: patterns that a record must match to reach the function.
//!
//! Must not know: where a record comes from. Source: AWS Lambda developer guide, "Control which
//! events Lambda sends to your function"; EventBridge user guide, "Comparison operators".

#[cfg(test)]
mod tests;

use serde_json::{Map, Number, Value};

/// Why a pattern is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct PatternError {
    /// Dotted path inside the pattern.
    path: String,
    problem: String,
}

/// The filters of a source. A record matches if one of them does, or if there is none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filters(Vec<Pattern>);

/// What a value must be like.
#[derive(Debug, Clone, PartialEq)]
enum Pattern {
    /// An object whose members match.
    Members(Vec<(String, Self)>),
    /// A value that one of these conditions accepts.
    AnyOf(Vec<Condition>),
}

#[derive(Debug, Clone, PartialEq)]
enum Condition {
    Equals(Value),
    EqualsIgnoreCase(String),
    Prefix(String),
    Suffix(String),
    AnythingBut(Vec<Value>),
    Exists(bool),
    /// Comparisons that must all hold.
    Numeric(Vec<(Comparison, f64)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Filters {
    /// Reads the patterns of a source.
    ///
    /// # Errors
    ///
    /// The number of the first pattern that is wrong, from 1, and a [`PatternError`].
    pub fn read(patterns: &[Value]) -> Result<Self, (usize, PatternError)> {
        let read = patterns.iter().enumerate().map(|(index, pattern)| {
            let members = pattern.as_object();
            let members = members.ok_or_else(|| refuse("pattern", "must be an object"));
            let pattern = members.and_then(|members| Pattern::of_members("", members));
            pattern.map_err(|error| (index + 1, error))
        });
        read.collect::<Result<_, _>>().map(Self)
    }

    pub fn accepts(&self, record: &Value) -> bool {
        let Self(patterns) = self;
        patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(Some(record)))
    }
}

impl Pattern {
    fn of_members(path: &str, members: &Map<String, Value>) -> Result<Self, PatternError> {
        let read = members.iter().map(|(name, value)| {
            let path = match path {
                "" => name.clone(),
                path => format!("{path}.{name}"),
            };
            if name == "$or" {
                return Err(refuse(&path, "is not supported: use several filters"));
            }
            let pattern = match value {
                Value::Object(members) if !members.is_empty() => Self::of_members(&path, members)?,
                Value::Array(conditions) if !conditions.is_empty() => {
                    let read = conditions.iter().map(|c| Condition::read(&path, c));
                    Self::AnyOf(read.collect::<Result<_, _>>()?)
                }
                _ => return Err(refuse(&path, "must be an object or a list, and not empty")),
            };
            Ok((name.clone(), pattern))
        });
        read.collect::<Result<_, _>>().map(Self::Members)
    }

    /// Whether a value matches; `None` is a missing one.
    fn matches(&self, value: Option<&Value>) -> bool {
        match (self, value) {
            (Self::Members(_), Some(Value::Array(items))) => {
                items.iter().any(|item| self.matches(Some(item)))
            }
            (Self::Members(members), value) => members.iter().all(|(name, pattern)| {
                let member = value.and_then(|value| value.get(name));
                pattern.matches(member)
            }),
            (Self::AnyOf(conditions), value) => conditions.iter().any(|c| c.holds_for(value)),
        }
    }
}

impl Condition {
    fn read(path: &str, condition: &Value) -> Result<Self, PatternError> {
        let (name, argument) = match condition {
            Value::Object(operator) => match operator.iter().next() {
                Some(only) if operator.len() == 1 => only,
                _ => return Err(refuse(path, "a condition has one operator")),
            },
            Value::Array(_) => return Err(refuse(path, "a list in a list matches nothing")),
            scalar => return Ok(Self::Equals(scalar.clone())),
        };
        let path = format!("{path}.{name}");
        let text = || match argument {
            Value::String(text) => Ok(text.clone()),
            _ => Err(refuse(&path, "must be text")),
        };
        Ok(match name.as_str() {
            "prefix" => Self::Prefix(text()?),
            "suffix" => Self::Suffix(text()?),
            "equals-ignore-case" => Self::EqualsIgnoreCase(text()?.to_lowercase()),
            "exists" => match argument {
                Value::Bool(exists) => Self::Exists(*exists),
                _ => return Err(refuse(&path, "must be true or false")),
            },
            "anything-but" => match argument {
                Value::String(_) | Value::Number(_) => Self::AnythingBut(vec![argument.clone()]),
                Value::Array(items)
                    if items.iter().all(|i| i.is_string() || i.is_number())
                        && !items.is_empty() =>
                {
                    Self::AnythingBut(items.clone())
                }
                _ => return Err(refuse(&path, "must be text, a number or a list of them")),
            },
            "numeric" => Self::Numeric(read_comparisons(&path, argument)?),
            _ => {
                let known = "is not supported: use prefix, suffix, equals-ignore-case, \
                             anything-but, exists or numeric";
                return Err(refuse(&path, known));
            }
        })
    }

    fn holds_for(&self, value: Option<&Value>) -> bool {
        match (self, value) {
            // `exists` concerns leaves: an object is not one.
            (Self::Exists(exists), value) => {
                *exists == value.is_some_and(|value| !value.is_object())
            }
            (_, None) => false,
            (_, Some(Value::Array(items))) => items.iter().any(|item| self.accepts(item)),
            (_, Some(value)) => self.accepts(value),
        }
    }

    fn accepts(&self, value: &Value) -> bool {
        let is_text = |accepts: &dyn Fn(&str) -> bool| value.as_str().is_some_and(accepts);
        match self {
            Self::Equals(wanted) => is_equal(wanted, value),
            Self::EqualsIgnoreCase(wanted) => is_text(&|text| text.to_lowercase() == *wanted),
            Self::Prefix(prefix) => is_text(&|text| text.starts_with(prefix)),
            Self::Suffix(suffix) => is_text(&|text| text.ends_with(suffix)),
            Self::AnythingBut(others) => {
                (value.is_string() || value.is_number())
                    && others.iter().all(|other| !is_equal(other, value))
            }
            Self::Exists(exists) => *exists,
            Self::Numeric(comparisons) => value.as_f64().is_some_and(|number| {
                let mut comparisons = comparisons.iter();
                comparisons.all(|(comparison, bound)| comparison.holds(number, *bound))
            }),
        }
    }
}

impl Comparison {
    fn of_sign(sign: &str) -> Option<Self> {
        Some(match sign {
            "=" => Self::Equal,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    fn holds(self, number: f64, bound: f64) -> bool {
        match self {
            Self::Equal => number == bound,
            Self::Less => number < bound,
            Self::LessOrEqual => number <= bound,
            Self::Greater => number > bound,
            Self::GreaterOrEqual => number >= bound,
        }
    }
}

/// Reads `[">", 1, "<=", 5]`.
fn read_comparisons(path: &str, list: &Value) -> Result<Vec<(Comparison, f64)>, PatternError> {
    const FORM: &str = "must be a list of one or two comparisons, such as [\">\", 0, \"<=\", 5]";
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let pairs = items.chunks(2).map(|pair| match pair {
        [sign, bound] => {
            let sign = sign.as_str().and_then(Comparison::of_sign)?;
            Some((sign, bound.as_f64()?))
        }
        _ => None,
    });
    match pairs.collect::<Option<Vec<_>>>() {
        Some(pairs) if (1..=2).contains(&pairs.len()) => Ok(pairs),
        _ => Err(refuse(path, FORM)),
    }
}

/// Numbers are equal by value, everything else as written.
fn is_equal(wanted: &Value, value: &Value) -> bool {
    let number = |value: &Value| value.as_number().and_then(Number::as_f64);
    match (number(wanted), number(value)) {
        (Some(wanted), Some(value)) => wanted == value,
        _ => wanted == value,
    }
}

fn refuse(path: &str, problem: &str) -> PatternError {
    PatternError {
        path: path.to_owned(),
        problem: problem.to_owned(),
    }
}
