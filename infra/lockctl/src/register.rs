//! `lockctl register`: adds a lock or a button to the register. Issues no certificates.

use anyhow::{Context, Result};
use laptop::view;
use lock_aws::Registered;
use lock_core::BindWish;
use lock_core::binding::Actions;
use lock_core::event::Subject;
use lock_core::label::LabelWish;
use serde_json::json;

use crate::answer::Answer;
use crate::cli::{RegisterButtonArgs, RegisterLockArgs, RegisterThing};
use crate::target::Target;
use crate::{bind, label, unknown};

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
    let registered = by.cloud.register_lock(name, by.actor, &by.limits).await;
    let registered = registered.with_context(|| format!("register {name}"))?;
    let mut lines = vec![match &registered {
        Registered::Now(_) => {
            format!("{name} is registered; its state is unknown until it reports")
        }
        Registered::Already => format!("{name} was already registered: nothing changed"),
    }];
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
    let registered = by.cloud.register_button(name, by.actor, &by.limits).await;
    let registered = registered.with_context(|| format!("register {name}"))?;
    let mut lines = vec![match &registered {
        Registered::Now(_) => format!("{name} is registered"),
        Registered::Already => format!("{name} was already registered"),
    }];
    let wish = LabelWish {
        label: args.label.clone(),
        ..LabelWish::default()
    };
    lines.extend(label::apply(&mut by, Subject::Button(name.clone()), &wish).await?);
    let body = json!({ "button": name, "registered": word(&registered) });
    let mut body = view::button(body, &by.names, name);
    match &args.lock {
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

fn word(registered: &Registered) -> &'static str {
    match registered {
        Registered::Now(_) => "now",
        Registered::Already => "already",
    }
}
