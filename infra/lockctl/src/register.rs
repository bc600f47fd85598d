//! `lockctl register`: makes a lock or a button known. The laptop mode registers its own the same way. Issues no
//! certificates.

use anyhow::{Context, Result};
use lock_aws::Registered;
use lock_core::BindWish;
use lock_core::binding::Actions;
use lock_core::name::{ButtonSerial, LockName};
use serde_json::json;

use crate::answer::Answer;
use crate::cli::{RegisterButtonArgs, RegisterLockArgs, RegisterThing};
use crate::target::{Known, Target};
use crate::{bind, unknown};

/// Answers `register`.
pub async fn run(target: &Target, thing: &RegisterThing) -> Result<Answer> {
    match thing {
        RegisterThing::Lock(args) => lock(target, args).await,
        RegisterThing::Button(args) => button(target, args).await,
    }
}

async fn lock(target: &Target, args: &RegisterLockArgs) -> Result<Answer> {
    let (name, known) = (&args.name, target.limits().await);
    let registered = register_lock(target, name, &args.actor.name, known).await?;
    let mut lines = vec![match &registered {
        Registered::Now(_) => format!("{name} is registered: unknown until it reports"),
        Registered::Already => format!("{name} was registered already: nothing is changed"),
    }];
    lines.extend(known.note());
    Ok(Answer {
        target: target.name().to_owned(),
        lines,
        body: json!({ "lock": name, "registered": word(&registered) }),
        is_no: false,
    })
}

async fn button(target: &Target, args: &RegisterButtonArgs) -> Result<Answer> {
    let (name, known) = (&args.name, target.limits().await);
    if let Some(lock) = &args.lock
        && target.cloud().store.read_record(lock).await?.is_none()
    {
        // Before anything is written: a button that is registered and not bound was not asked for.
        return Err(unknown::lock(target, lock).await?);
    }
    let registered = register_button(target, name, &args.actor.name, known).await?;
    let mut lines = vec![match &registered {
        Registered::Now(_) => format!("{name} is registered"),
        Registered::Already => format!("{name} was registered already"),
    }];
    let mut body = json!({ "button": name, "registered": word(&registered) });
    match &args.lock {
        Some(lock) => {
            let wish = BindWish {
                actions: Actions::default(),
                forget_last_press: false,
            };
            let bound = bind::bind(target, name, lock, &wish, &args.actor.name, known).await?;
            tokio::time::sleep(laptop::COUNTS_AFTER).await;
            lines.extend(bound.lines);
            body["bound"] = bound.body;
        }
        None => lines.push(format!(
            "its presses are ignored until `lockctl bind {name} LOCK`, unless it is bound already (`lockctl bindings`)"
        )),
    }
    lines.extend(known.note());
    Ok(Answer {
        target: target.name().to_owned(),
        lines,
        body,
        is_no: false,
    })
}

/// Registers a lock; one that is registered stays as it is.
pub async fn register_lock(
    target: &Target,
    lock: &LockName,
    actor: &str,
    known: Known,
) -> Result<Registered> {
    let limits = known.or_longest();
    let registered = target.cloud().register_lock(lock, Some(actor), &limits);
    registered.await.with_context(|| format!("register {lock}"))
}

/// Registers a button; one that is registered stays as it is.
pub async fn register_button(
    target: &Target,
    button: &ButtonSerial,
    actor: &str,
    known: Known,
) -> Result<Registered> {
    let limits = known.or_longest();
    let registered = target.cloud().register_button(button, Some(actor), &limits);
    registered
        .await
        .with_context(|| format!("register {button}"))
}

fn word(registered: &Registered) -> &'static str {
    match registered {
        Registered::Now(_) => "now",
        Registered::Already => "already",
    }
}
