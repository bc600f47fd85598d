//! Metrics in log lines: the embedded metric format.
//!
//! Source: CloudWatch user guide, "Specification: Embedded metric format".

use serde_json::{Map, Value};

use super::{Datum, Key};

/// Metrics in one directive.
const METRICS_MAX: usize = 100;
/// Values of one metric in one line.
const VALUES_MAX: usize = 100;
/// Dimensions of one metric.
const DIMENSIONS_MAX: usize = 30;
/// Characters in a dimension's value.
const VALUE_CHARS_MAX: usize = 1024;

/// A line that claims to hold metrics but is malformed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read embedded metrics: {problem}")]
pub struct EmbeddedError {
    /// What is wrong.
    pub problem: String,
}

fn wrong<T>(problem: impl Into<String>) -> Result<T, EmbeddedError> {
    let problem = problem.into();
    Err(EmbeddedError { problem })
}

/// The metrics in a line; none if it is not a JSON object with `_aws.CloudWatchMetrics`.
///
/// # Errors
///
/// [`EmbeddedError`] if the line breaks the specification or a limit of CloudWatch.
pub fn read(line: &str) -> Result<Vec<Datum>, EmbeddedError> {
    // Most lines are skipped before they are parsed.
    if !line.contains("\"_aws\"") {
        return Ok(Vec::new());
    }
    let Ok(Value::Object(line)) = serde_json::from_str::<Value>(line) else {
        return Ok(Vec::new());
    };
    let directives = match line
        .get("_aws")
        .and_then(|aws| aws.get("CloudWatchMetrics"))
    {
        None => return Ok(Vec::new()),
        Some(Value::Array(directives)) => directives,
        Some(_) => return wrong("_aws.CloudWatchMetrics is not a list"),
    };
    let Some(at_ms) = line["_aws"].get("Timestamp").and_then(Value::as_u64) else {
        return wrong("_aws.Timestamp is not a number of milliseconds");
    };
    let mut data = Vec::new();
    for directive in directives {
        read_directive(directive, &line, at_ms, &mut data)?;
    }
    Ok(data)
}

fn read_directive(
    directive: &Value,
    line: &Map<String, Value>,
    at_ms: u64,
    data: &mut Vec<Datum>,
) -> Result<(), EmbeddedError> {
    let namespace = match directive["Namespace"].as_str() {
        Some(namespace) if !namespace.is_empty() && namespace.len() <= VALUE_CHARS_MAX => namespace,
        _ => return wrong("Namespace is not a string of 1 to 1024 characters"),
    };
    let Some(sets) = directive["Dimensions"].as_array() else {
        return wrong("Dimensions is not a list of lists");
    };
    let Some(metrics) = directive["Metrics"].as_array() else {
        return wrong("Metrics is not a list");
    };
    if metrics.len() > METRICS_MAX {
        return wrong(format!("{} metrics, {METRICS_MAX} at most", metrics.len()));
    }
    for set in sets {
        let dimensions = read_dimensions(set, line)?;
        for metric in metrics {
            let Some(name) = metric["Name"].as_str() else {
                return wrong("a metric has no Name");
            };
            let unit = match &metric["Unit"] {
                Value::Null => "None",
                Value::String(unit) => unit,
                _ => return wrong(format!("Unit of {name} is not a string")),
            };
            if !matches!(metric["StorageResolution"].as_u64(), None | Some(1 | 60)) {
                return wrong(format!("StorageResolution of {name} is neither 1 nor 60"));
            }
            data.push(Datum {
                key: Key {
                    namespace: namespace.to_owned(),
                    name: name.to_owned(),
                    dimensions: dimensions.clone(),
                },
                unit: unit.to_owned(),
                at_ms,
                values: read_values(name, line)?,
            });
        }
    }
    Ok(())
}

fn read_dimensions(
    set: &Value,
    line: &Map<String, Value>,
) -> Result<std::collections::BTreeMap<String, String>, EmbeddedError> {
    let Some(names) = set.as_array() else {
        return wrong("Dimensions is not a list of lists");
    };
    if names.len() > DIMENSIONS_MAX {
        let count = names.len();
        return wrong(format!("{count} dimensions, {DIMENSIONS_MAX} at most"));
    }
    let mut dimensions = std::collections::BTreeMap::new();
    for name in names {
        let name = name.as_str().unwrap_or_default();
        match line.get(name).and_then(Value::as_str) {
            Some(value) if !value.is_empty() && value.chars().count() <= VALUE_CHARS_MAX => {
                dimensions.insert(name.to_owned(), value.to_owned());
            }
            _ => {
                let problem = format!("dimension {name:?} is not a string of 1 to 1024 characters");
                return wrong(problem);
            }
        }
    }
    Ok(dimensions)
}

fn read_values(name: &str, line: &Map<String, Value>) -> Result<Vec<f64>, EmbeddedError> {
    let values = match line.get(name) {
        Some(Value::Array(values)) => values.iter().map(Value::as_f64).collect(),
        Some(value) => value.as_f64().map(|value| vec![value]),
        None => None,
    };
    match values {
        Some(values) if values.len() <= VALUES_MAX => Ok(values),
        Some(values) => {
            let count = values.len();
            wrong(format!("{count} values of {name}, {VALUES_MAX} at most"))
        }
        None => wrong(format!("{name} is neither a number nor a list of numbers")),
    }
}
