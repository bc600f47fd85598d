//! `lockctl recover`: after a restore of the table, marks locks as unknown until they report. Also
//! repairs a version that is far ahead of the clock.
//!
//! Must not know: which version is chosen; the core decides that.

use anyhow::{Context, Result, bail};
use laptop::{unknown, view};
use lock_core::binding::Binding;
use lock_core::field::Refusal;
use lock_core::label::Names;
use lock_core::name::LockName;
use lock_core::reason::Reason;
use lock_core::record::Record;
use lock_core::report::ReportEvent;
use lock_core::time::UnixMillis;
use serde_json::json;

use crate::answer::Answer;
use crate::cli::RecoverArgs;
use crate::lock_command::LockCommand;
use crate::rule;
use crate::target::{Operator, Target};

/// What a recovery did to one lock.
#[derive(Debug)]
pub struct Recovery {
    /// The lock.
    pub lock: LockName,
    /// What its unreadable report means for the version of the command.
    pub warning: Option<String>,
    /// The committed command.
    pub outcome: Result<LockCommand>,
}

/// Runs `lockctl recover`. A failure for one lock does not stop the others; the command then fails
/// at the end.
pub async fn run(target: &Target, args: &RecoverArgs) -> Result<Answer> {
    let store = &target.cloud.store;
    let register = store.read_register().await?;
    let locks = match &args.lock {
        Some(lock) => std::slice::from_ref(lock),
        None => &register.locks,
    };
    if let Some(lock) = &args.lock
        && !register.locks.contains(lock)
    {
        return Err(unknown::lock(&target.cloud, lock).await?);
    }
    if !args.running {
        rule::check_paused(target, &args.rules).await?;
    }
    // Read first: a read that fails after the changes would hide which of them were made.
    let bindings = store.read_bindings(&register.buttons).await?;
    let by = target.operator(&args.actor).await;
    let mut recoveries = Vec::new();
    for lock in locks {
        let recovery = recover(&by, lock).await;
        if let Some(warning) = &recovery.warning {
            tracing::warn!("{warning}");
        }
        recoveries.push(recovery);
    }
    let enabled = enabled_buttons(&bindings, args.lock.as_ref());
    let mut answer = recovered_answer(&recoveries, &by.names, &enabled);
    answer.lines.extend(by.note);
    Ok(answer)
}

/// The answer: what was done to each lock, and the `enabled` buttons that may command them.
pub fn recovered_answer(recoveries: &[Recovery], names: &Names, enabled: &[String]) -> Answer {
    let (mut lines, mut shown, mut failed) = (Vec::new(), Vec::new(), 0);
    for recovery in recoveries {
        let lock = &recovery.lock;
        let title = names.lock(lock);
        let mut body = json!({ "lock": lock, "recovered": recovery.outcome.is_ok() });
        match &recovery.outcome {
            Ok(command) => lines.push(format!(
                "{title}: unknown until it reports; {command}, after it has read its shadow"
            )),
            Err(error) => {
                failed += 1;
                let error = format!("{error:#}");
                lines.push(format!("{title}: {error}"));
                body["error"] = json!(error);
            }
        }
        if let Some(warning) = &recovery.warning {
            body["warning"] = json!(warning);
        }
        shown.push(view::lock(body, names, lock));
    }
    if recoveries.is_empty() {
        lines.push("no locks to recover".to_owned());
    }
    if !enabled.is_empty() {
        lines.push(format!(
            "buttons enabled in the table: {}; repeat each revocation newer than the backup \
             (`lockctl revoke BUTTON`)",
            enabled.join(", ")
        ));
    }
    if failed > 0 {
        let all = recoveries.len();
        lines.push(format!("{failed} of {all} locks were not recovered"));
    }
    Answer {
        lines,
        body: json!({ "locks": shown, "enabledButtons": enabled }),
        has_failed: failed > 0,
    }
}

async fn recover(by: &Operator<'_>, lock: &LockName) -> Recovery {
    // Before the record: what the table gives out later is in the record.
    let (report, warning) = match read_report(by, lock).await {
        Ok(Ok(report)) => (Ok(report), None),
        Ok(Err(refusal)) => (Ok(None), Some(warning(&by.names, lock, &refusal))),
        Err(error) => (Err(error), None),
    };
    let outcome = match report {
        Ok(report) => commit(by, lock, report.as_ref()).await,
        Err(error) => Err(error),
    };
    Recovery {
        lock: lock.clone(),
        warning,
        outcome,
    }
}

/// The report in a lock's shadow, if there is a shadow, or why it cannot be read.
async fn read_report(
    by: &Operator<'_>,
    lock: &LockName,
) -> Result<Result<Option<ReportEvent>, Refusal>> {
    let shadow = by.cloud.publisher.get_shadow(lock).await?;
    let report = shadow.map(|shadow| ReportEvent::parse_shadow(lock.clone(), &shadow));
    Ok(report.transpose())
}

/// What it means that a lock's report cannot be read: the version that the lock holds is unknown
/// (C12).
fn warning(names: &Names, lock: &LockName, refusal: &Refusal) -> String {
    format!(
        "{}: the report in its shadow cannot be read: {refusal}; the command's version is later \
         than the table and the clock know, and may repeat one that only the report showed; switch \
         the lock off and on, so that it reports again, and repeat the command",
        names.lock(lock)
    )
}

async fn commit(
    by: &Operator<'_>,
    lock: &LockName,
    report: Option<&ReportEvent>,
) -> Result<LockCommand> {
    let recovered = by.cloud.recover(lock, report, by.actor, &by.limits).await;
    let Some(recovered) = recovered.context("write the decision")? else {
        return Err(unknown::lock(by.cloud, lock).await?);
    };
    let reason = &recovered.decision.reason;
    if let Some(problem) = problem(&recovered.before, reason, by.cloud.clock.now()) {
        bail!(problem);
    }
    LockCommand::of(&recovered.decision).context("no lock command was decided")
}

/// What a recovery cannot repair: the lock itself holds a version that leaves no room for commands.
fn problem(before: &Record, reason: &Reason, now: UnixMillis) -> Option<String> {
    let reported = before.reported.as_ref();
    let reported = reported.map(|reported| reported.report.version);
    let is_ahead = before.holds_implausible_version(now);
    match reported {
        Some(version) if is_ahead || *reason == Reason::NO_VERSION_LEFT => Some(format!(
            "the lock itself reports version {}: erase its flash, then run recover again",
            version.0
        )),
        _ if *reason == Reason::NO_VERSION_LEFT => Some(reason.text()),
        _ => None,
    }
}

/// The enabled buttons that are bound to `lock`, or to any lock. A revocation that is newer than
/// the backup is not in the table.
fn enabled_buttons(bindings: &[Binding], lock: Option<&LockName>) -> Vec<String> {
    let may_command = |binding: &&Binding| {
        let bound = binding.lock.as_ref();
        binding.enabled && bound.is_some_and(|bound| lock.is_none_or(|lock| lock == bound))
    };
    let enabled = bindings.iter().filter(may_command);
    enabled.map(|binding| binding.button.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use lock_core::command::Version;
    use lock_core::limits::VERSION_MAX;
    use lock_core::record::Reported;
    use lock_core::time::UnixSeconds;

    use super::*;

    #[test]
    fn a_lock_that_itself_holds_an_implausible_version_is_not_recovered() {
        let now = UnixMillis(1_763_779_512_345);
        let day_ms = 86_400_000;
        let lock = LockName::new("lock-1").expect("a name");
        // reported version, record's version => whether recovery is impossible
        for (reported, own, stuck) in [
            (now.0, now.0, false),
            (now.0 + day_ms, now.0, false),
            (now.0 + day_ms + 1, now.0, true),
            (VERSION_MAX - 1, now.0, true),
            (VERSION_MAX - 1, VERSION_MAX - 1, false),
        ] {
            let report = json!({
                "lock": "locked", "version": reported, "result": "executed", "source": "boot",
                "refused": null,
                "bootCount": 1, "clock": "synced", "firmware": "1.0.0", "rssi": -61, "door": null
            });
            let before = Record {
                version: Version(own),
                reported: Some(Reported {
                    report: serde_json::from_value(report).expect("a report"),
                    shadow_version: 1,
                    shadow_at: UnixSeconds(1),
                    at: now,
                }),
                ..Record::created(lock.clone(), now)
            };
            let found = problem(&before, &Reason::RECOVERED, now);
            let wanted = stuck.then(|| {
                format!(
                    "the lock itself reports version {reported}: erase its flash, then run recover \
                     again"
                )
            });
            assert_eq!(found, wanted, "{reported} beyond {own}");
        }
        let unreported = Record::created(lock, now);
        assert_eq!(problem(&unreported, &Reason::RECOVERED, now), None);
        let none_left = problem(&unreported, &Reason::NO_VERSION_LEFT, now);
        assert_eq!(none_left.as_deref(), Some("no version left"));
    }
}
