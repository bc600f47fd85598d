//! Settings of AWS IoT for a whole account: logging, audits and their schedule. They have no effect
//! here; their properties are checked.
//!
//! Source: the CloudFormation reference of each type.

use super::error::TemplateError;
use super::fields::Fields;

const LOG_LEVELS: [&str; 5] = ["ERROR", "WARN", "INFO", "DEBUG", "DISABLED"];

const SCHEDULED_AUDIT: &str = "AWS::IoT::ScheduledAudit";
const FREQUENCIES: [&str; 4] = ["DAILY", "WEEKLY", "BIWEEKLY", "MONTHLY"];

const AUDIT_CHECKS: [&str; 17] = [
    "AuthenticatedCognitoRoleOverlyPermissiveCheck",
    "CaCertificateExpiringCheck",
    "CaCertificateKeyQualityCheck",
    "ConflictingClientIdsCheck",
    "DeviceCertificateAgeCheck",
    "DeviceCertificateExpiringCheck",
    "DeviceCertificateKeyQualityCheck",
    "DeviceCertificateSharedCheck",
    "IntermediateCaRevokedForActiveDeviceCertificatesCheck",
    "IoTPolicyPotentialMisConfigurationCheck",
    "IotPolicyOverlyPermissiveCheck",
    "IotRoleAliasAllowsAccessToUnusedServicesCheck",
    "IotRoleAliasOverlyPermissiveCheck",
    "LoggingDisabledCheck",
    "RevokedCaCertificateStillActiveCheck",
    "RevokedDeviceCertificateStillActiveCheck",
    "UnauthenticatedCognitoRoleOverlyPermissiveCheck",
];

/// Whether the type is one of these.
pub(super) fn is_known(kind: &str) -> bool {
    [
        "AWS::IoT::Logging",
        "AWS::IoT::AccountAuditConfiguration",
        SCHEDULED_AUDIT,
    ]
    .contains(&kind)
}

/// Checks the properties of such a resource.
pub(super) fn read(kind: &str, mut fields: Fields) -> Result<(), TemplateError> {
    if kind == SCHEDULED_AUDIT {
        return read_schedule(fields);
    }
    fields.need_text("AccountId")?;
    fields.need_text("RoleArn")?;
    if kind == "AWS::IoT::Logging" {
        let level = fields.need_text("DefaultLogLevel")?;
        if !LOG_LEVELS.contains(&level.as_str()) {
            let reason = format!("it must be one of {}", LOG_LEVELS.join(", "));
            return Err(fields.refused("DefaultLogLevel", &level, &reason));
        }
        return fields.finish();
    }
    let mut checks = fields.need_map("AuditCheckConfigurations")?;
    for name in AUDIT_CHECKS {
        if let Some(mut check) = checks.map(name)? {
            check.boolean("Enabled")?;
            check.accept(&["Configuration"]);
            check.finish()?;
        }
    }
    checks.finish()?;
    if let Some(mut targets) = fields.map("AuditNotificationTargetConfigurations")? {
        if let Some(mut target) = targets.map("Sns")? {
            target.boolean("Enabled")?;
            target.accept(&["RoleArn", "TargetArn"]);
            target.finish()?;
        }
        targets.finish()?;
    }
    fields.finish()
}

/// Checks when an audit runs and what it checks.
fn read_schedule(mut fields: Fields) -> Result<(), TemplateError> {
    let frequency = fields.need_text("Frequency")?;
    if !FREQUENCIES.contains(&frequency.as_str()) {
        let reason = format!("it must be one of {}", FREQUENCIES.join(", "));
        return Err(fields.refused("Frequency", &frequency, &reason));
    }
    if fields.list("TargetCheckNames")?.is_none() {
        return Err(fields.missing("TargetCheckNames"));
    }
    // A weekly audit needs its day, as a monthly one does.
    let (day, other) = match frequency.as_str() {
        "WEEKLY" | "BIWEEKLY" => ("DayOfWeek", "DayOfMonth"),
        "MONTHLY" => ("DayOfMonth", "DayOfWeek"),
        _ => {
            fields.accept(&["ScheduledAuditName", "Tags"]);
            return fields.finish();
        }
    };
    fields.need_text(day)?;
    fields.accept(&["ScheduledAuditName", "Tags", other]);
    fields.finish()
}
