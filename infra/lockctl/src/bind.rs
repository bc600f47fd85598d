//! `lockctl bind`, `unbind` and `bindings`: which button commands which lock.

use anyhow::{Context, Result};
use laptop::{COUNTS_AFTER, when};
use lock_aws::{Bound, Operated};
use lock_core::BindWish;
use lock_core::action::ClickType;
use lock_core::binding::{Actions, Binding};
use lock_core::name::{ButtonSerial, LockName};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::cli::{BindArgs, UnbindArgs};
use crate::target::{Known, Target};
use crate::unknown;

/// What was done, for people and for scripts.
pub struct Summary {
    /// For people.
    pub lines: Vec<String>,
    /// For scripts.
    pub body: Value,
}

/// Answers `bind`, once a press counts.
pub async fn run(target: &Target, args: &BindArgs) -> Result<Answer> {
    let clicks = [
        (ClickType::Single, args.single.into()),
        (ClickType::Double, args.double.into()),
        (ClickType::Long, args.long.into()),
    ];
    let wish = BindWish {
        actions: Actions(clicks.into()),
        forget_last_press: args.forget_last_press,
    };
    let known = target.limits().await;
    let (button, lock, actor) = (&args.button, &args.lock, &args.actor.name);
    let Summary { mut lines, body } = bind(target, button, lock, &wish, actor, known).await?;
    tokio::time::sleep(COUNTS_AFTER).await;
    lines.extend(known.note());
    Ok(Answer {
        target: target.name().to_owned(),
        lines,
        body,
        is_no: false,
    })
}

/// Lets a button command a lock, and says what that replaces.
pub async fn bind(
    target: &Target,
    button: &ButtonSerial,
    lock: &LockName,
    wish: &BindWish,
    actor: &str,
    known: Known,
) -> Result<Summary> {
    let limits = known.or_longest();
    let bound = target
        .cloud()
        .bind(button, lock, wish, Some(actor), &limits);
    let bound = bound
        .await
        .with_context(|| format!("bind {button} to {lock}"))?;
    let (before, operated) = match bound {
        Bound::Done { before, operated } => (before, operated),
        Bound::UnknownButton => return Err(unknown::button(target, button).await?),
        Bound::UnknownLock => return Err(unknown::lock(target, lock).await?),
    };
    let after = after(&operated, &before);
    let clicks = clicks(&after.actions);
    let mut lines = vec![format!("{button} commands {lock} from now on: {clicks}")];
    lines.extend(replaced(&before, lock));
    if wish.forget_last_press {
        lines.push("how far it had counted is forgotten".to_owned());
    }
    lines.extend(
        before
            .lock
            .as_ref()
            .and_then(|left| locked(&operated, left)),
    );
    Ok(Summary {
        lines,
        body: json!({ "binding": after, "before": before, "locked": locked_version(&operated),
            "unpublished": unpublished(&operated) }),
    })
}

/// What a new binding to `lock` replaces.
fn replaced(before: &Binding, lock: &LockName) -> Option<String> {
    let revoked = if before.enabled {
        ""
    } else {
        ", and was revoked"
    };
    match &before.lock {
        Some(left) if left == lock && before.enabled => Some(format!(
            "it commanded {lock} already: {}",
            clicks(&before.actions)
        )),
        Some(left) => Some(format!("it commanded {left} until now{revoked}")),
        None if before.bound_at.is_some() => Some("it commanded no lock until now".to_owned()),
        None => None,
    }
}

/// Answers `unbind`.
pub async fn unbind(target: &Target, args: &UnbindArgs) -> Result<Answer> {
    let (button, actor) = (&args.button, &args.actor.name);
    let known = target.limits().await;
    let limits = known.or_longest();
    let unbound = target.cloud().unbind(button, Some(actor), &limits);
    let unbound = unbound.await.with_context(|| format!("unbind {button}"))?;
    let Some(unbound) = unbound else {
        return Err(unknown::button(target, button).await?);
    };
    let operated = &unbound.operated;
    let mut lines = vec![match &unbound.before.lock {
        Some(lock) => {
            format!("{button} commands {lock} no more: it stays registered, bound to no lock")
        }
        None => format!("{button} was bound to no lock: nothing is changed"),
    }];
    lines.extend(
        unbound
            .before
            .lock
            .as_ref()
            .and_then(|left| locked(operated, left)),
    );
    lines.extend(known.note());
    Ok(Answer {
        target: target.name().to_owned(),
        lines,
        body: json!({ "button": button, "before": unbound.before, "locked": locked_version(operated),
            "unpublished": unpublished(operated) }),
        is_no: false,
    })
}

/// Answers `bindings`.
pub async fn list(target: &Target) -> Result<Answer> {
    let register = target.cloud().store.register().await?;
    let bindings = target
        .cloud()
        .store
        .read_bindings(&register.buttons)
        .await?;
    let mut lines: Vec<String> = bindings.iter().map(sentence).collect();
    for button in &register.buttons {
        if !bindings.iter().any(|binding| binding.button == *button) {
            lines.push(format!(
                "{button}: on the list, but its binding is gone; `lockctl register button {button}` makes it new"
            ));
        }
    }
    if lines.is_empty() {
        lines.push("no buttons yet: `lockctl register button NAME` makes one known".to_owned());
    }
    Ok(Answer {
        target: target.name().to_owned(),
        lines,
        body: json!({ "bindings": bindings }),
        is_no: false,
    })
}

/// `button-1  commands lock-1: single toggle, double lock, long unlock (since 2026-11-22 14:03:21)`.
fn sentence(binding: &Binding) -> String {
    let since = |at: lock_core::time::UnixMillis| format!(" (since {})", when::date(at.0));
    let since = binding.bound_at.map_or_else(String::new, since);
    let known = match &binding.lock {
        Some(lock) if binding.enabled => {
            format!("commands {lock}: {}{since}", clicks(&binding.actions))
        }
        Some(lock) => format!("revoked: it may not command {lock} any more"),
        None => format!("bound to no lock{since}"),
    };
    format!("{:<12} {known}", binding.button.as_str())
}

/// `single toggle, double lock, long unlock`.
fn clicks(actions: &Actions) -> String {
    let words = actions
        .0
        .iter()
        .map(|(click, intent)| format!("{} {intent}", click.as_str().to_ascii_lowercase()));
    words.collect::<Vec<_>>().join(", ")
}

/// The binding as an operation has left it.
fn after(operated: &Operated, before: &Binding) -> Binding {
    let write = operated.decision.writes.binding.as_ref();
    let after = write.and_then(|write| write.apply(Some(before)));
    after.unwrap_or_else(|| before.clone())
}

/// What was done about the lock that a button can no longer command, if anything.
pub fn locked(operated: &Operated, lock: &LockName) -> Option<String> {
    let publish = operated.decision.publish.as_ref()?;
    let version = publish.command.version;
    Some(match unpublished(operated) {
        None => format!("{lock} is not known to be locked: a lock command is sent ({version})"),
        Some(error) => format!(
            "{lock} is not known to be locked: its lock command ({version}) is committed, and the sweeper sends it within a \
             minute, since it could not be sent now: {error}"
        ),
    })
}

/// The version of the lock command of an operation, if it has one.
pub fn locked_version(operated: &Operated) -> Option<u64> {
    let publish = operated.decision.publish.as_ref()?;
    Some(publish.command.version.0)
}

/// Why the lock command of an operation is not sent yet.
pub fn unpublished(operated: &Operated) -> Option<String> {
    operated
        .unpublished
        .as_ref()
        .map(|error| lock_aws::chain(error))
}
