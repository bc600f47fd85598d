//! `lockctl retire`: removes a device for good. Takes it out of the register, and its thing and
//! certificates out of AWS `IoT`. The history stays.
//!
//! The register comes first: it refuses a lock that may be open. Each step checks what is there, so
//! the command is repeated after any failure.

mod plan;
mod stray;

use std::io::{IsTerminal, Write};

use anyhow::{Context, Result, bail};
use lock_aws::registry::{Call, Outcome, Thing};
use lock_aws::{Forgotten, Registry};
use lock_core::event::Subject;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::{decide_forget, time::UnixMillis};
use serde_json::json;

use crate::answer::Answer;
use crate::bind::retired_lines;
use crate::cli::RetireArgs;
use crate::forget::advice;
use crate::lock_command::LockCommand;
use crate::register::key;
use crate::status_code::refuse;
use crate::target::{Operator, Target};

/// What the register has under a name.
#[derive(Debug, Default)]
struct Registered {
    lock: Option<LockName>,
    button: Option<ButtonSerial>,
    /// Whether something is known of the name, though it may no longer be registered.
    has_history: bool,
}

/// Runs `lockctl retire`.
pub async fn run(target: &Target, args: &RetireArgs) -> Result<Answer> {
    let name = args.name.as_str();
    let request = args.csr.as_deref();
    let request = request.map(|path| key::read_request_file(path, name));
    let request = request.transpose()?.map(|request| request.key);
    let by = target.operator(&args.actor).await;
    let registered = find(&by, &args.name).await?;
    let registry = target.registry();
    let thing = registry.find_thing(name).await?;
    // A device that may be in a stranger's hands is retired even if this fails.
    let strays = stray::find(&registry, (&args.devices, request), name, thing.as_ref()).await;
    let (strays, unfound) = match strays {
        Ok(strays) => (strays, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let calls = plan::plan(thing.as_ref(), &strays);
    if thing.is_none() && !registered.is_known() && calls.is_empty() {
        if let Some(error) = unfound {
            return Err(error);
        }
        bail!(
            "{name} is neither registered nor a thing of AWS IoT: `lockctl status` and `lockctl \
             bindings` show all"
        );
    }
    let steps = list_steps(&by, &registered, args.gone, &calls).await?;
    if args.dry_run {
        if let Some(error) = unfound {
            return Err(error);
        }
        let mut lines = vec!["nothing is changed (--dry-run); the calls would be:".to_owned()];
        lines.extend(steps.iter().map(|step| format!("  {step}")));
        return Ok(Answer::new(
            lines,
            json!({ "name": name, "dryRun": true, "calls": steps }),
        ));
    }
    if !args.yes {
        confirm(&target.name, name, &steps)?;
    }
    let mut lines = leave_register(&by, &registered, args).await?;
    lines.extend(shared_lines(thing.as_ref()));
    if thing.is_none() {
        lines.push(format!("thing {name}: already gone"));
    }
    let failure = remove(&registry, &calls, &mut lines).await.or(unfound);
    let has_failed = failure.is_some();
    lines.push(match failure {
        Some(error) => format!(
            "failed: {error:#}; repeat `lockctl retire {name}`: it continues with what is left"
        ),
        None => format!(
            "{name} is retired; `lockctl history {name}` stays, and its folder, {}, may be deleted",
            args.devices.join(name).display()
        ),
    });
    lines.extend(by.note);
    let body = json!({ "name": name, "retired": !has_failed, "steps": lines });
    Ok(Answer {
        lines,
        body,
        has_failed,
    })
}

impl Registered {
    fn is_known(&self) -> bool {
        self.lock.is_some() || self.button.is_some() || self.has_history
    }
}

async fn find(by: &Operator<'_>, name: &LockName) -> Result<Registered> {
    let store = &by.cloud.store;
    let register = store.read_register().await?;
    let mut buttons = register.buttons.into_iter();
    let now = by.cloud.clock.now();
    let mut has_history = has_lines(by, Subject::Lock(name.clone()), now).await?;
    if let Ok(serial) = ButtonSerial::new(name.as_str()) {
        has_history |= has_lines(by, Subject::Button(serial), now).await?;
    }
    Ok(Registered {
        lock: register.locks.contains(name).then(|| name.clone()),
        button: buttons.find(|button| button.as_str() == name.as_str()),
        has_history,
    })
}

async fn has_lines(by: &Operator<'_>, subject: Subject, now: UnixMillis) -> Result<bool> {
    let lines = by.cloud.store.read_history(&subject, 1, now).await?;
    Ok(!lines.is_empty())
}

/// What will be done, one line each. Refuses a lock that cannot be forgotten.
async fn list_steps(
    by: &Operator<'_>,
    registered: &Registered,
    gone: bool,
    calls: &[Call],
) -> Result<Vec<String>> {
    let mut steps = Vec::new();
    if let Some(lock) = &registered.lock
        && let Some(record) = by.cloud.store.read_record(lock).await?
    {
        let bindings = by.cloud.store.read_all_bindings().await?;
        let now = by.cloud.clock.now();
        let decided = decide_forget(&record, &bindings, gone, by.actor, now, &by.limits);
        if let Err(refusal) = decided {
            let text = format!("{lock} is not retired: {}", advice(&refusal));
            return Err(refuse(text));
        }
        steps.push(format!("forget lock {lock}"));
    }
    if let Some(button) = &registered.button {
        steps.push(format!("unbind button {button}"));
        steps.push(format!("mark button {button} as retired"));
    }
    steps.extend(calls.iter().map(ToString::to_string));
    Ok(steps)
}

/// Asks on the terminal whether to go on.
fn confirm(target: &str, name: &str, steps: &[String]) -> Result<()> {
    if !std::io::stdin().is_terminal() {
        bail!(
            "{name} is not retired: nobody can confirm it here; pass --yes, or look first with \
             --dry-run"
        );
    }
    let mut text = std::io::stderr();
    writeln!(text, "target: {target}")?;
    for step in steps {
        writeln!(text, "  {step}")?;
    }
    write!(
        text,
        "The device can never connect again. Retire {name}? Type its name: "
    )?;
    text.flush()?;
    let mut typed = String::new();
    std::io::stdin()
        .read_line(&mut typed)
        .context("read the answer")?;
    if typed.trim() != name {
        bail!("{name} is not retired: its name was not typed; repeat the command, and type {name}");
    }
    Ok(())
}

/// Forgets the lock, unbinds the button. Returns a line for each.
async fn leave_register(
    by: &Operator<'_>,
    registered: &Registered,
    args: &RetireArgs,
) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    if let Some(lock) = &registered.lock {
        let forgotten = by.cloud.forget(lock, args.gone, by.actor, &by.limits).await;
        match forgotten.with_context(|| format!("forget {lock}"))? {
            Forgotten::Done(_) => {
                lines.push(format!("lock {} is forgotten", by.names.lock(lock)));
            }
            Forgotten::Unknown => lines.push(format!("lock {lock}: already gone")),
            Forgotten::Refused(refusal) => {
                let text = format!("{lock} is not retired: {}", advice(&refusal));
                return Err(refuse(text));
            }
        }
    }
    if let Some(button) = &registered.button {
        let unbound = by.cloud.unbind(button, by.actor, &by.limits).await;
        if let Some(unbound) = unbound.with_context(|| format!("unbind {button}"))? {
            let command = LockCommand::of(&unbound.decision);
            lines.extend(retired_lines(&unbound.before, &by.names, command.as_ref()));
            let retired = by.cloud.retire_button(button).await;
            retired.with_context(|| format!("mark {button} as retired"))?;
        }
    }
    if lines.is_empty() {
        lines.push(format!("{} in the register: already gone", args.name));
    }
    Ok(lines)
}

/// A line for each certificate that stays, because another thing has it too.
fn shared_lines(thing: Option<&Thing>) -> Vec<String> {
    let Some(thing) = thing else {
        return Vec::new();
    };
    let stays = plan::shared(thing);
    let lines = stays.map(|certificate| {
        let others = certificate
            .things
            .iter()
            .filter(|name| **name != thing.name);
        let others: Vec<&str> = others.map(String::as_str).collect();
        format!(
            "certificate {} stays, and can still connect: it is attached to {} too",
            certificate.id,
            others.join(", ")
        )
    });
    lines.collect()
}

/// Makes the calls on AWS `IoT`, with a line for each. Returns the error that stopped it.
async fn remove(
    registry: &Registry,
    calls: &[Call],
    lines: &mut Vec<String>,
) -> Option<anyhow::Error> {
    for call in calls {
        match registry.perform(call).await {
            Ok(Outcome::Done) => lines.push(call.to_string()),
            Ok(Outcome::AlreadyGone) => lines.push(format!("{call}: already gone")),
            Err(error) => return Some(error.into()),
        }
    }
    None
}
