//! `lockctl bind`, `unbind` and `bindings`: which button commands which lock.

use anyhow::{Context, Result};
use laptop::{PRESS_COUNTS_AFTER, unknown, view, when};
use lock_aws::{Bound, Register, Unbound};
use lock_core::BindWish;
use lock_core::action::ClickType;
use lock_core::binding::{Actions, Binding};
use lock_core::label::Names;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::time::UnixMillis;
use serde_json::json;

use crate::answer::Answer;
use crate::cli::{BindArgs, UnbindArgs};
use crate::lock_command::{LockCommand, add_to};
use crate::sentence::name_columns;
use crate::target::{Operator, Target};
use crate::terminal::pad;

/// Runs `lockctl bind`. Returns when a press counts.
pub async fn bind(target: &Target, args: &BindArgs) -> Result<Answer> {
    let clicks = [
        (ClickType::Single, args.single.into()),
        (ClickType::Double, args.double.into()),
        (ClickType::Long, args.long.into()),
    ];
    let wish = BindWish {
        actions: Actions(clicks.into()),
        forget_last_press: args.forget_last_press,
    };
    let by = target.operator(&args.actor).await;
    let mut answer = bind_button(&by, &args.button, &args.lock, &wish).await?;
    answer.lines.extend(by.note);
    Ok(answer)
}

/// Binds a button to a lock, and waits until a press counts.
pub async fn bind_button(
    by: &Operator<'_>,
    button: &ButtonSerial,
    lock: &LockName,
    wish: &BindWish,
) -> Result<Answer> {
    let bound = by.cloud.bind(button, lock, wish, by.actor, &by.limits);
    let bound = bound
        .await
        .with_context(|| format!("bind {button} to {lock}"))?;
    let (before, decision) = match bound {
        Bound::Done { before, decision } => (before, decision),
        Bound::UnknownButton => return Err(unknown::button(by.cloud, button).await?),
        Bound::UnknownLock => return Err(unknown::lock(by.cloud, lock).await?),
    };
    tokio::time::sleep(PRESS_COUNTS_AFTER).await;
    let write = decision.writes.binding.as_ref();
    let after = write.and_then(|write| write.apply(Some(&before)));
    let after = after.unwrap_or_else(|| (*before).clone());
    let command = LockCommand::of(&decision);
    Ok(bound_answer(
        &before,
        &after,
        &by.names,
        wish,
        command.as_ref(),
    ))
}

/// The answer about a button whose binding changed from `before` to `after`.
pub fn bound_answer(
    before: &Binding,
    after: &Binding,
    names: &Names,
    wish: &BindWish,
    command: Option<&LockCommand>,
) -> Answer {
    let mut lines = Vec::new();
    if let Some(lock) = &after.lock {
        let clicks = list_clicks(&after.actions);
        let (button, title) = (names.button(&after.button), names.lock(lock));
        lines.push(format!("{button} now commands {title}: {clicks}"));
        lines.extend(replaced_line(before, lock, names));
    }
    if wish.forget_last_press {
        lines.push("its last sequence is forgotten: the next press counts".to_owned());
    }
    let locked = before.lock.as_ref().zip(command);
    lines.extend(locked.map(|(old_lock, command)| command.line(old_lock, names)));
    let after = view::button(json!(after), names, &after.button);
    Answer::new(
        lines,
        add_to(json!({ "binding": after, "before": before }), command),
    )
}

/// One line about what a new binding to `lock` replaces.
fn replaced_line(before: &Binding, lock: &LockName, names: &Names) -> Option<String> {
    let revoked = if before.enabled {
        ""
    } else {
        ", and was revoked"
    };
    match &before.lock {
        Some(old_lock) if old_lock == lock && before.enabled => Some(format!(
            "it already commanded {}: {}",
            names.lock(lock),
            list_clicks(&before.actions)
        )),
        Some(old_lock) => {
            let old_lock = names.lock(old_lock);
            Some(format!("it commanded {old_lock} before{revoked}"))
        }
        None => before
            .bound_at
            .map(|_| "it commanded no lock before".to_owned()),
    }
}

/// Runs `lockctl unbind`.
pub async fn unbind(target: &Target, args: &UnbindArgs) -> Result<Answer> {
    let button = &args.button;
    let by = target.operator(&args.actor).await;
    let unbound = by.cloud.unbind(button, by.actor, &by.limits).await;
    let Some(Unbound { before, decision }) = unbound.with_context(|| format!("unbind {button}"))?
    else {
        return Err(unknown::button(by.cloud, button).await?);
    };
    let mut answer = unbound_answer(&before, &by.names, LockCommand::of(&decision).as_ref());
    answer.lines.extend(by.note);
    Ok(answer)
}

/// The answer about a button that was unbound; `before` is its previous binding.
pub fn unbound_answer(before: &Binding, names: &Names, command: Option<&LockCommand>) -> Answer {
    let button = &before.button;
    let mut lines = vec![match &before.lock {
        Some(_) => format!("{}; it stays registered", left_text(before, names)),
        None => format!("{}: nothing changed", left_text(before, names)),
    }];
    let locked = before.lock.as_ref().zip(command);
    lines.extend(locked.map(|(old_lock, command)| command.line(old_lock, names)));
    Answer::new(
        lines,
        add_to(
            view::button(json!({ "button": button, "before": before }), names, button),
            command,
        ),
    )
}

/// `button-1 no longer commands lock-1`; `before` is the binding before it was unbound.
fn left_text(before: &Binding, names: &Names) -> String {
    let title = names.button(&before.button);
    match &before.lock {
        Some(lock) => format!("{title} no longer commands {}", names.lock(lock)),
        None => format!("{title} was not bound to a lock"),
    }
}

/// The lines about a button that was retired; `before` is its previous binding.
pub fn retired_lines(
    before: &Binding,
    names: &Names,
    command: Option<&LockCommand>,
) -> Vec<String> {
    let text = left_text(before, names);
    let mut lines = vec![format!("{text}; `lockctl bindings` leaves it out")];
    let locked = before.lock.as_ref().zip(command);
    lines.extend(locked.map(|(old_lock, command)| command.line(old_lock, names)));
    lines
}

/// Runs `lockctl bindings`.
pub async fn list(target: &Target) -> Result<Answer> {
    let store = &target.cloud.store;
    let register = store.read_register().await?;
    let bindings = store.read_bindings(&register.buttons).await?;
    Ok(list_answer(&register, &bindings))
}

/// The answer about all registered buttons.
pub fn list_answer(register: &Register, bindings: &[Binding]) -> Answer {
    let names = &register.names;
    let is_retired = |binding: &&Binding| register.is_retired(binding);
    let (retired, bindings): (Vec<&Binding>, Vec<&Binding>) = bindings.iter().partition(is_retired);
    let titles: Vec<String> = bindings.iter().map(|it| names.button(&it.button)).collect();
    let columns = name_columns(&titles);
    let line = |(title, binding): (&String, _)| {
        format!("{} {}", pad(title, columns), binding_text(binding, names))
    };
    let mut lines: Vec<String> = titles
        .iter()
        .zip(bindings.iter().copied())
        .map(line)
        .collect();
    for button in &register.buttons {
        let mut known = bindings.iter().chain(&retired);
        if !known.any(|binding| binding.button == *button) {
            lines.push(format!(
                "{}: registered, but its binding is missing; `lockctl register button {button} \
                 --record-only` creates it",
                names.button(button)
            ));
        }
    }
    if lines.is_empty() {
        let yet = if retired.is_empty() { " yet" } else { "" };
        lines.push(format!(
            "no buttons{yet}: `lockctl register button NAME` registers one"
        ));
    }
    let retired: Vec<&str> = retired.iter().map(|it| it.button.as_str()).collect();
    if !retired.is_empty() {
        lines.push(format!(
            "retired, and left out: {}; `lockctl history BUTTON` still answers",
            retired.join(", ")
        ));
    }
    let shown = bindings
        .iter()
        .map(|binding| view::button(json!(binding), names, &binding.button));
    let shown: Vec<_> = shown.collect();
    Answer::new(lines, json!({ "bindings": shown, "retired": retired }))
}

/// `commands lock-1: single toggle, double lock, long unlock (since 2026-11-22 14:03:21)`.
fn binding_text(binding: &Binding, names: &Names) -> String {
    let since = |at: UnixMillis| format!(" (since {})", when::date(at.0));
    let since = binding.bound_at.map_or_else(String::new, since);
    match &binding.lock {
        Some(lock) if binding.enabled => {
            let clicks = list_clicks(&binding.actions);
            format!("commands {}: {clicks}{since}", names.lock(lock))
        }
        Some(lock) => format!("revoked: no longer commands {}", names.lock(lock)),
        None => format!("not bound to a lock{since}"),
    }
}

/// `single toggle, double lock, long unlock`.
fn list_clicks(actions: &Actions) -> String {
    let words = actions
        .0
        .iter()
        .map(|(click, intent)| format!("{} {intent}", click.as_str().to_ascii_lowercase()));
    words.collect::<Vec<_>>().join(", ")
}
