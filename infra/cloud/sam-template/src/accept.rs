//! Resource types that are valid but have no effect here. Their properties are still checked.
//!
//! Source: the CloudFormation reference of each type.

use super::alarm;
use super::error::TemplateError;
use super::fields::Fields;

struct Accepted {
    kind: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
}

const ACCEPTED: &[Accepted] = &[
    Accepted {
        kind: "AWS::Logs::LogGroup",
        required: &[],
        optional: &[
            "LogGroupName",
            "KmsKeyId",
            "LogGroupClass",
            "DataProtectionPolicy",
            "Tags",
        ],
    },
    Accepted {
        kind: "AWS::Logs::MetricFilter",
        required: &["FilterPattern", "LogGroupName", "MetricTransformations"],
        optional: &["FilterName", "ApplyOnTransformedLogs"],
    },
    // Its properties have a reader of their own.
    Accepted {
        kind: "AWS::CloudWatch::Dashboard",
        required: &[],
        optional: &[],
    },
    Accepted {
        kind: "AWS::Scheduler::ScheduleGroup",
        required: &[],
        optional: &["Name", "Tags"],
    },
];

/// Retention periods of CloudWatch Logs, days.
const RETENTION_DAYS: [u64; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

/// Whether the type is accepted without effect.
pub(super) fn is_accepted(kind: &str) -> bool {
    ACCEPTED.iter().any(|accepted| accepted.kind == kind)
}

/// Checks the properties of such a resource.
pub(super) fn read(kind: &str, mut fields: Fields) -> Result<(), TemplateError> {
    if kind == "AWS::CloudWatch::Dashboard" {
        return alarm::read_dashboard(fields);
    }
    if let Some(days) = fields.integer("RetentionInDays", 1..=3653)?
        && !RETENTION_DAYS.contains(&days)
    {
        let allowed: Vec<String> = RETENTION_DAYS.iter().map(u64::to_string).collect();
        let reason = format!("allowed values: {}", allowed.join(", "));
        return Err(fields.refused("RetentionInDays", &days.to_string(), &reason));
    }
    for accepted in ACCEPTED.iter().filter(|accepted| accepted.kind == kind) {
        for name in accepted.required {
            if fields.take(name).is_none() {
                return Err(fields.missing(name));
            }
        }
        fields.accept(accepted.optional);
    }
    fields.finish()
}
