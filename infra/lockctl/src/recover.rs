//! `lockctl recover`: after a table restore, believes nothing in it until each lock is heard; and repairs a version that was
//! driven far ahead of the clock.

use anyhow::{Context, Result, anyhow};
use lock_core::binding::Binding;
use lock_core::name::LockName;
use lock_core::reason::Reason;
use lock_core::record::Record;
use lock_core::time::UnixMillis;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::bind::unpublished;
use crate::cli::RecoverArgs;
use crate::target::{Known, Target};
use crate::unknown;

/// Answers `recover`. Goes on past a lock that fails, and then fails.
pub async fn run(target: &Target, args: &RecoverArgs) -> Result<Answer> {
    let register = target.cloud().store.read_register().await?;
    let locks = match &args.lock {
        Some(lock) => std::slice::from_ref(lock),
        None => &register.locks,
    };
    let known = target.limits().await;
    let (mut lines, mut shown, mut failed) = (Vec::new(), Vec::new(), 0);
    for lock in locks {
        match recover(target, lock, &args.actor.name, known).await {
            Ok(line) => {
                lines.push(line);
                shown.push(json!({ "lock": lock, "recovered": true }));
            }
            Err(error) => {
                failed += 1;
                let error = format!("{error:#}");
                lines.push(format!("{lock}: {error}"));
                shown.push(json!({ "lock": lock, "recovered": false, "error": error }));
            }
        }
    }
    if locks.is_empty() {
        lines.push("no locks: nothing to recover".to_owned());
    }
    let bindings = target
        .cloud()
        .store
        .read_bindings(&register.buttons)
        .await?;
    let enabled = enabled(&bindings, args.lock.as_ref());
    if !enabled.is_empty() {
        lines.push(format!(
            "enabled as in the table: {}; after a restore, revoke again what was revoked since (`lockctl revoke BUTTON`)",
            enabled.join(", ")
        ));
    }
    if failed > 0 {
        lines.push(format!("{failed} of {} locks not recovered", locks.len()));
    }
    lines.extend(known.note());
    Ok(Answer {
        target: target.name().to_owned(),
        lines,
        body: json!({ "locks": Value::Array(shown), "enabledButtons": enabled }),
        is_no: failed > 0,
    })
}

async fn recover(target: &Target, lock: &LockName, actor: &str, known: Known) -> Result<String> {
    let limits = known.or_longest();
    let recovered = target.cloud().recover(lock, Some(actor), &limits).await;
    let Some(recovered) = recovered.context("write what was decided")? else {
        return Err(unknown::lock(target, lock).await?);
    };
    if let Some(problem) = problem(
        &recovered.before,
        &recovered.operated.decision.reason,
        target.now(),
    ) {
        return Err(anyhow!(problem));
    }
    let version = recovered.operated.decision.writes.event.version;
    let version = version.unwrap_or_default();
    let sent = match unpublished(&recovered.operated) {
        None => format!("a lock command is sent ({version})"),
        Some(error) => format!("its lock command ({version}) could not be sent now: {error}"),
    };
    Ok(format!(
        "{lock}: not believed until heard; {sent}, and its shadow is read within a minute"
    ))
}

/// What a recovery cannot cure: the lock itself holds a version that leaves no room for commands.
fn problem(before: &Record, reason: &Reason, now: UnixMillis) -> Option<String> {
    let reported = before
        .reported
        .as_ref()
        .map(|reported| reported.report.version);
    let holds = before.holds_implausible_version(now);
    match reported {
        Some(version) if holds || *reason == Reason::NO_VERSION_LEFT => Some(format!(
            "the lock itself reports version {}: erase its flash, then run recover again",
            version.0
        )),
        _ if *reason == Reason::NO_VERSION_LEFT => Some(reason.text()),
        _ => None,
    }
}

/// Buttons that the table lets command the locks in question: a backup does not know what was revoked after it.
fn enabled(bindings: &[Binding], lock: Option<&LockName>) -> Vec<String> {
    let asked = |binding: &&Binding| match (&binding.lock, lock) {
        (Some(bound), Some(asked)) => bound == asked,
        (bound, None) => bound.is_some(),
        (None, Some(_)) => false,
    };
    let enabled = bindings.iter().filter(|binding| binding.enabled);
    enabled
        .filter(asked)
        .map(|binding| binding.button.to_string())
        .collect()
}

#[cfg(test)]
mod tests {
    use lock_core::command::Version;
    use lock_core::limits::VERSION_MAX;
    use lock_core::record::Reported;
    use lock_core::time::UnixSeconds;

    use super::*;

    #[test]
    fn a_lock_that_itself_holds_an_impossible_version_is_not_called_recovered() {
        let now = UnixMillis(1_763_779_512_345);
        let day_ms = 86_400_000;
        let lock = LockName::new("lock-1").expect("a name");
        // the lock's own version, the record's => the problem names it
        for (reported, own, stuck) in [
            (now.0, now.0, false),
            (now.0 + day_ms, now.0, false),
            (now.0 + day_ms + 1, now.0, true),
            (VERSION_MAX - 1, now.0, true),
            (VERSION_MAX - 1, VERSION_MAX - 1, false),
        ] {
            let report = json!({
                "lock": "locked", "version": reported, "result": "executed", "source": "boot", "refused": null,
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
            let said = problem(&before, &Reason::RECOVERED, now);
            let wanted = stuck.then(|| {
                format!("the lock itself reports version {reported}: erase its flash, then run recover again")
            });
            assert_eq!(said, wanted, "{reported} beyond {own}");
        }
        let never_heard = Record::created(lock, now);
        assert_eq!(problem(&never_heard, &Reason::RECOVERED, now), None);
        let none_left = problem(&never_heard, &Reason::NO_VERSION_LEFT, now);
        assert_eq!(none_left.as_deref(), Some("no version left"));
    }
}
