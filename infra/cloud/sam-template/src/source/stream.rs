//! Reads the settings that only the source of a stream has.
//!
//! Must not know: what a filter's pattern means.

use serde_json::Value;

use super::{Call, refuse_of_other_sources};
use crate::error::{Problem, TemplateError};
use crate::fields::Fields;
use crate::node::Node;
use crate::resource::{StartingPosition, StreamReading};

/// Most filters of a source, as an account starts with.
const FILTERS_MAX: usize = 5;
/// Longest pattern, characters.
const PATTERN_CHARS_MAX: usize = 4096;

/// Reads the settings, and the call on the destination that SAM allows the function.
pub(super) fn read(fields: &mut Fields) -> Result<(StreamReading, Option<Call>), TemplateError> {
    let of_queues = ["ScalingConfig"];
    refuse_of_other_sources(fields, &of_queues, "only a queue has this setting")?;
    let start = read_start(fields)?;
    read_factor(fields)?;
    let (on_failure, allowed) = read_destination(fields)?;
    let reading = StreamReading {
        start,
        bisects: fields
            .boolean("BisectBatchOnFunctionError")?
            .unwrap_or(false),
        retries_max: read_limit(fields, "MaximumRetryAttempts", (0, 10_000))?,
        age_max_s: read_limit(fields, "MaximumRecordAgeInSeconds", (60, 604_800))?,
        filters: read_filters(fields)?,
        on_failure,
    };
    Ok((reading, allowed))
}

fn read_start(fields: &mut Fields) -> Result<StartingPosition, TemplateError> {
    const TIMESTAMP: &str = "StartingPositionTimestamp";
    let reason = "only a Kinesis stream can be read from a time";
    refuse_of_other_sources(fields, &[TIMESTAMP], reason)?;
    match fields.need_text("StartingPosition")?.as_str() {
        "TRIM_HORIZON" => Ok(StartingPosition::TrimHorizon),
        "LATEST" => Ok(StartingPosition::Latest),
        other => {
            let reason = "a table's stream is read from TRIM_HORIZON or LATEST";
            Err(fields.refused("StartingPosition", other, reason))
        }
    }
}

fn read_factor(fields: &mut Fields) -> Result<(), TemplateError> {
    match fields.integer("ParallelizationFactor", 1..=10)? {
        None | Some(1) => Ok(()),
        Some(factor) => {
            let reason = "one batch of a shard is processed at a time here; remove it";
            Err(fields.refused("ParallelizationFactor", &factor.to_string(), reason))
        }
    }
}

/// A limit of which -1 means none, which is the default.
fn read_limit(
    fields: &mut Fields,
    key: &str,
    (least, most): (u64, u64),
) -> Result<Option<u64>, TemplateError> {
    let Some(node) = fields.take(key) else {
        return Ok(None);
    };
    let name = fields.name(key);
    let text = node.as_text().unwrap_or_default();
    let value: i64 = text
        .parse()
        .map_err(|_| fields.place.kind(node.at, &name, "a whole number"))?;
    if value == -1 {
        return Ok(None);
    }
    match u64::try_from(value) {
        Ok(value) if (least..=most).contains(&value) => Ok(Some(value)),
        _ => {
            let reason = format!("must be -1, or {least} to {most}");
            Err(fields.place.refused(node.at, &name, text, &reason))
        }
    }
}

fn read_filters(fields: &mut Fields) -> Result<Vec<Value>, TemplateError> {
    let Some(mut criteria) = fields.map("FilterCriteria")? else {
        return Ok(Vec::new());
    };
    let mut patterns = Vec::new();
    for mut filter in criteria.maps("Filters")? {
        if let Some(node) = filter.take("Pattern") {
            patterns.push(read_pattern(&filter, &node)?);
        }
        filter.finish()?;
    }
    if patterns.len() > FILTERS_MAX {
        let reason = format!("at most {FILTERS_MAX}");
        return Err(criteria.refused("Filters", &patterns.len().to_string(), &reason));
    }
    criteria.finish()?;
    Ok(patterns)
}

fn read_pattern(filter: &Fields, node: &Node) -> Result<Value, TemplateError> {
    let what = filter.name("Pattern");
    let not_json = || filter.place.kind(node.at, &what, "a JSON object as text");
    let text = node.as_text().ok_or_else(not_json)?;
    if text.chars().count() > PATTERN_CHARS_MAX {
        let reason = format!("at most {PATTERN_CHARS_MAX} characters");
        let start: String = text.chars().take(20).collect();
        return Err(filter
            .place
            .refused(node.at, &what, &format!("{start}…"), &reason));
    }
    let pattern: Value = serde_json::from_str(text).map_err(|_| not_json())?;
    match pattern {
        Value::Object(_) => Ok(pattern),
        _ => Err(not_json()),
    }
}

fn read_destination(fields: &mut Fields) -> Result<(Option<String>, Option<Call>), TemplateError> {
    let Some(mut config) = fields.map("DestinationConfig")? else {
        return Ok((None, None));
    };
    if let Some(node) = config.take("OnSuccess") {
        let what = format!("property {}", config.name("OnSuccess"));
        let problem = Problem::unsupported(what, "only failures have a destination; remove it");
        return Err(config.place.error(node.at, problem));
    }
    let failure = config.map("OnFailure")?;
    config.finish()?;
    let Some(mut failure) = failure else {
        return Ok((None, None));
    };
    let destination = failure.need_text("Destination")?;
    let mut allowed = None;
    // SAM has this property, and allows the call only if it is there.
    if failure.place.kind == "AWS::Serverless::Function"
        && let Some(kind) = failure.text("Type")?
    {
        let action = match kind.as_str() {
            "SQS" => "sqs:SendMessage",
            "SNS" => "sns:Publish",
            other => return Err(failure.refused("Type", other, "it must be SQS or SNS")),
        };
        allowed = Some((action, destination.clone()));
    }
    failure.finish()?;
    Ok((Some(destination), allowed))
}
