//! `lockctl register`: gives a lock or button its identity in AWS `IoT` and the folder that its
//! board needs, then adds it to the register.

pub mod enrol;
pub mod folder;
pub mod key;
pub mod kind;
pub mod name;
pub mod plan;

use anyhow::{Context, Result};
use laptop::{unknown, view};
use lock_aws::Registered;
use lock_core::BindWish;
use lock_core::binding::Actions;
use lock_core::event::Subject;
use lock_core::label::{Label, LabelWish};
use lock_core::name::{ButtonSerial, LockName};
use serde_json::json;

use self::enrol::Device;
use self::kind::Kind;
use crate::answer::Answer;
use crate::cli::{RegisterButtonArgs, RegisterLockArgs, RegisterThing};
use crate::target::{Operator, Target};
use crate::{bind, label};

/// Runs `lockctl register`.
pub async fn run(target: &Target, thing: &RegisterThing) -> Result<Answer> {
    match thing {
        RegisterThing::Lock(args) => lock(target, args).await,
        RegisterThing::Button(args) => button(target, args).await,
    }
}

async fn lock(target: &Target, args: &RegisterLockArgs) -> Result<Answer> {
    let name = &args.name;
    let mut by = target.operator(&args.actor).await;
    let device = Device {
        name: name.as_str(),
        kind: Kind::Lock,
        latch: args.unlocked_level.zip(args.power_on),
        csr: None,
        args: &args.identity,
    };
    let mut lines = identify(target, &device).await?;
    if args.identity.dry_run {
        lines.push(format!("  register lock {name}"));
        lines.extend(dry_label(name.as_str(), [&args.label, &args.room]));
        return Ok(dry_answer(name.as_str(), lines));
    }
    let registered = by.cloud.register_lock(name, by.actor, &by.limits).await;
    let registered = registered.with_context(|| format!("register {name}"))?;
    lines.push(match &registered {
        Registered::Now(_) => {
            format!("{name} is registered; its state is unknown until it reports")
        }
        Registered::Already => format!("{name} was already registered: nothing changed"),
    });
    let wish = LabelWish {
        label: args.label.clone(),
        room: args.room.clone(),
        clear: false,
    };
    lines.extend(label::apply(&mut by, Subject::Lock(name.clone()), &wish).await?);
    lines.extend(by.note);
    let body = json!({ "lock": name, "registered": word(&registered) });
    Ok(Answer::new(lines, view::lock(body, &by.names, name)))
}

async fn button(target: &Target, args: &RegisterButtonArgs) -> Result<Answer> {
    let name = &args.name;
    let mut by = target.operator(&args.actor).await;
    if let Some(lock) = &args.lock
        && by.cloud.store.read_record(lock).await?.is_none()
    {
        // Checked first: nobody asked for a button that is registered but not bound.
        return Err(unknown::lock(by.cloud, lock).await?);
    }
    let device = Device {
        name: name.as_str(),
        kind: if args.genuine {
            Kind::GenuineButton
        } else {
            Kind::Button
        },
        latch: None,
        csr: args.csr.as_deref(),
        args: &args.identity,
    };
    let mut lines = identify(target, &device).await?;
    if args.identity.dry_run {
        lines.push(format!("  register button {name}"));
        lines.extend(dry_label(name.as_str(), [&args.label, &None]));
        let bind = |lock| format!("  bind {name} to {lock}");
        lines.extend(args.lock.as_ref().map(bind));
        return Ok(dry_answer(name.as_str(), lines));
    }
    let registered = by.cloud.register_button(name, by.actor, &by.limits).await;
    let registered = registered.with_context(|| format!("register {name}"))?;
    lines.push(match &registered {
        Registered::Now(_) => format!("{name} is registered"),
        Registered::Already => format!("{name} was already registered"),
    });
    let wish = LabelWish {
        label: args.label.clone(),
        ..LabelWish::default()
    };
    lines.extend(label::apply(&mut by, Subject::Button(name.clone()), &wish).await?);
    let body = json!({ "button": name, "registered": word(&registered) });
    let mut body = view::button(body, &by.names, name);
    match &args.lock {
        // What its clicks ask for may have been chosen since: a repeated registration keeps it.
        Some(lock) if has_bound(&by, name, lock).await? => {
            let shown = (by.names.button(name), by.names.lock(lock));
            lines.push(format!("{} already commands {}", shown.0, shown.1));
        }
        Some(lock) => {
            let wish = BindWish {
                actions: Actions::default(),
                forget_last_press: false,
            };
            let bound = bind::bind_button(&by, name, lock, &wish).await?;
            lines.extend(bound.lines);
            body["bound"] = bound.body;
        }
        None => lines.push(format!(
            "presses of an unbound button are ignored: `lockctl bind {name} LOCK` binds it, \
             `lockctl bindings` shows all"
        )),
    }
    lines.extend(by.note);
    Ok(Answer::new(lines, body))
}

/// Whether a button commands this lock already.
async fn has_bound(by: &Operator<'_>, button: &ButtonSerial, lock: &LockName) -> Result<bool> {
    let binding = by.cloud.store.read_binding(button).await?;
    Ok(binding.is_some_and(|binding| binding.enabled && binding.lock.as_ref() == Some(lock)))
}

/// The identity of a device, with a line for each step; nothing with `--record-only`.
async fn identify(target: &Target, device: &Device<'_>) -> Result<Vec<String>> {
    if device.args.record_only {
        return Ok(Vec::new());
    }
    Box::pin(enrol::run(target, device)).await
}

/// The call that sets the labels that were given, if any was.
fn dry_label(name: &str, labels: [&Option<Label>; 2]) -> Option<String> {
    let given: Vec<&str> = labels.into_iter().flatten().map(Label::as_str).collect();
    (!given.is_empty()).then(|| format!("  label {name}: {}", given.join(", ")))
}

/// The answer of a dry run.
fn dry_answer(name: &str, lines: Vec<String>) -> Answer {
    let body = json!({ "name": name, "dryRun": true, "calls": lines });
    Answer::new(lines, body)
}

fn word(registered: &Registered) -> &'static str {
    match registered {
        Registered::Now(_) => "now",
        Registered::Already => "already",
    }
}
