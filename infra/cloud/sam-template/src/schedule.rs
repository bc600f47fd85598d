//! Reads `AWS::Scheduler::Schedule`, and the `ScheduleV2` and `Schedule` events of a function.
//!
//! Source: the CloudFormation reference of `AWS::Scheduler::Schedule`, the SAM reference of
//! `ScheduleV2` and `Schedule`.

use std::time::Duration;

use serde_json::Value;

use super::error::TemplateError;
use super::fields::Fields;
use super::identity::{Identity, Owner};
use super::resource::{Schedule, ScheduleKind};

/// Bounds of a schedule's retry policy. The policy is checked but never needed: an invocation only
/// enters the function's queue, which always accepts it.
const RETRY_ATTEMPTS: std::ops::RangeInclusive<u64> = 0..=185;
const RETRY_AGE_S: std::ops::RangeInclusive<u64> = 60..=86_400;

/// The group of a schedule that names none.
const GROUP: &str = "default";

/// Reads a schedule resource.
pub(super) fn read(
    id: &str,
    identity: Identity,
    mut fields: Fields,
) -> Result<Schedule, TemplateError> {
    let group = fields.text("GroupName")?;
    let group = group.unwrap_or_else(|| GROUP.to_owned());
    let arn = identity.arn().replace("/default/", &format!("/{group}/"));
    let mut window = fields.need_map("FlexibleTimeWindow")?;
    check_window(&mut window)?;
    window.finish()?;
    let mut target = fields.need_map("Target")?;
    let function_arn = target.need_text("Arn")?;
    let role_arn = Some(target.need_text("RoleArn")?);
    let input = read_input(&mut target)?;
    check_delivery(&mut target)?;
    target.finish()?;
    let schedule = Schedule {
        logical_id: id.to_owned(),
        name: identity.name,
        arn,
        group,
        kind: ScheduleKind::Scheduler,
        period: read_period(&mut fields, "ScheduleExpression")?,
        input,
        enabled: is_enabled(&mut fields)?,
        function_arn,
        role_arn,
    };
    fields.accept(&["Name", "Description", "ScheduleExpressionTimezone"]);
    fields.finish()?;
    Ok(schedule)
}

/// The schedule that SAM generates from a `ScheduleV2` event.
pub(super) fn from_schedule_v2(
    owner: &Owner<'_>,
    id: String,
    mut fields: Fields,
) -> Result<Schedule, TemplateError> {
    if let Some(mut window) = fields.map("FlexibleTimeWindow")? {
        check_window(&mut window)?;
        window.finish()?;
    }
    let unnamed = fields.boolean("OmitName")?.unwrap_or(false);
    let name = match (fields.text("Name")?, unnamed) {
        (Some(name), _) => name,
        (None, true) => format!("{}-{id}", owner.stack_name),
        (None, false) => id.clone(),
    };
    fields.accept(&[
        "Description",
        "ScheduleExpressionTimezone",
        "PermissionsBoundary",
    ]);
    let group = fields.text("GroupName")?;
    let group = group.unwrap_or_else(|| GROUP.to_owned());
    let arn = owner.arn("scheduler", &format!("schedule/{group}/{name}"));
    let mut schedule = from_event(owner, ScheduleKind::Scheduler, (id, name, arn), fields)?;
    schedule.group = group;
    Ok(schedule)
}

/// The EventBridge rule that SAM generates from a `Schedule` event.
pub(super) fn from_schedule(
    owner: &Owner<'_>,
    id: String,
    mut fields: Fields,
) -> Result<Schedule, TemplateError> {
    let name = fields.text("Name")?;
    let name = name.unwrap_or_else(|| format!("{}-{id}", owner.stack_name));
    let arn = owner.arn("events", &format!("rule/{name}"));
    let switched = fields.boolean("Enabled")?;
    fields.accept(&["Description"]);
    let mut schedule = from_event(owner, ScheduleKind::Rule, (id, name, arn), fields)?;
    schedule.enabled &= switched.unwrap_or(true);
    Ok(schedule)
}

fn from_event(
    owner: &Owner<'_>,
    kind: ScheduleKind,
    (logical_id, name, arn): (String, String, String),
    mut fields: Fields,
) -> Result<Schedule, TemplateError> {
    let expression = match kind {
        ScheduleKind::Scheduler => "ScheduleExpression",
        ScheduleKind::Rule => "Schedule",
    };
    let input = read_input(&mut fields)?;
    let role_arn = match kind {
        ScheduleKind::Scheduler => fields.text("RoleArn")?,
        ScheduleKind::Rule => None,
    };
    check_delivery(&mut fields)?;
    let schedule = Schedule {
        logical_id,
        name,
        arn,
        group: GROUP.to_owned(),
        kind,
        period: read_period(&mut fields, expression)?,
        input,
        enabled: is_enabled(&mut fields)?,
        function_arn: owner.target_arn(),
        role_arn,
    };
    fields.finish()?;
    Ok(schedule)
}

/// Checks retry policy and dead-letter queue: see [`RETRY_ATTEMPTS`].
fn check_delivery(fields: &mut Fields) -> Result<(), TemplateError> {
    if let Some(mut retry) = fields.map("RetryPolicy")? {
        retry.integer("MaximumRetryAttempts", RETRY_ATTEMPTS)?;
        retry.integer("MaximumEventAgeInSeconds", RETRY_AGE_S)?;
        retry.finish()?;
    }
    if let Some(mut letters) = fields.map("DeadLetterConfig")? {
        letters.need_text("Arn")?;
        letters.finish()?;
    }
    Ok(())
}

fn check_window(window: &mut Fields) -> Result<(), TemplateError> {
    let mode = window.need_text("Mode")?;
    if mode == "OFF" {
        return Ok(());
    }
    let reason = "only OFF is supported";
    Err(window.refused("Mode", &mode, reason))
}

fn is_enabled(fields: &mut Fields) -> Result<bool, TemplateError> {
    let state = fields.text("State")?;
    match state.as_deref() {
        None | Some("ENABLED") => Ok(true),
        Some("DISABLED") => Ok(false),
        Some(other) => {
            let reason = "it must be ENABLED or DISABLED";
            Err(fields.refused("State", other, reason))
        }
    }
}

fn read_input(fields: &mut Fields) -> Result<Option<String>, TemplateError> {
    let Some(text) = fields.text("Input")? else {
        return Ok(None);
    };
    if serde_json::from_str::<Value>(&text).is_err() {
        let reason = "a function accepts only JSON";
        return Err(fields.refused("Input", &text, reason));
    }
    Ok(Some(text))
}

fn read_period(fields: &mut Fields, key: &str) -> Result<Duration, TemplateError> {
    let expression = fields.need_text(key)?;
    parse_rate(&expression).map_err(|reason| fields.refused(key, &expression, reason))
}

/// Parses `rate(5 minutes)`; AWS's smallest unit is a minute.
fn parse_rate(expression: &str) -> Result<Duration, &'static str> {
    const FORM: &str = "a rate is written rate(5 minutes), in minutes, hours or days";
    if expression.starts_with("cron(") || expression.starts_with("at(") {
        return Err("only rate(…) is supported");
    }
    let inner = expression.strip_prefix("rate(").ok_or(FORM)?;
    let inner = inner.strip_suffix(')').ok_or(FORM)?;
    let (count, unit) = inner.split_once(' ').ok_or(FORM)?;
    let count: u64 = count.parse().map_err(|_| FORM)?;
    let minutes: u64 = match unit {
        "minute" | "minutes" => 1,
        "hour" | "hours" => 60,
        "day" | "days" => 24 * 60,
        _ => return Err(FORM),
    };
    match count.checked_mul(minutes * 60) {
        Some(seconds) if seconds > 0 => Ok(Duration::from_secs(seconds)),
        _ => Err(FORM),
    }
}
