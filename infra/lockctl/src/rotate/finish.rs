//! The end of a rotation: the old certificates are cut off, the device is seen with the new one,
//! and the old ones are deleted. A device that is not seen gets its old certificate back.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use lock_aws::Registry;
use lock_aws::registry::{RegistryError, Thing};
use serde_json::json;

use super::plan::{End, Sight, end};
use crate::answer::Answer;
use crate::cli::RotateArgs;

/// Wait between two looks for the device.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Ends the old certificates, if the device comes with the new one.
pub async fn run(registry: &Registry, thing: &Thing, args: &RotateArgs) -> Result<Answer> {
    let (name, wait_s) = (&thing.name, args.wait);
    let end =
        end(thing, args.seen).with_context(|| format!("the rotation of {name} is not finished"))?;
    let Some(end) = end else {
        let line = format!("{name} has one certificate: no rotation of it has begun");
        let body = json!({ "name": name, "finished": false, "steps": [] });
        return Ok(Answer::new(vec![line], body));
    };
    let mut lines = Vec::new();
    for call in &end.cut {
        registry.perform(call).await?;
        lines.push(call.to_string());
    }
    match end.sight {
        Sight::Connection => {
            let seen = see(registry, name, wait_s).await;
            if !matches!(seen, Ok(true)) {
                return restore(registry, name, &end, seen.err(), wait_s, lines).await;
            }
            lines.push(format!("{name} is connected with its new certificate"));
        }
        Sight::Operator => lines.push(format!(
            "nobody but you has seen {name} with its new certificate (--seen); AWS ends a \
             connection with the old one within minutes"
        )),
        Sight::Earlier => {}
    }
    for change in &end.revoke {
        registry.make(change).await?;
        lines.push(change.to_string());
    }
    for call in &end.remove {
        registry.perform(call).await?;
        lines.push(call.to_string());
    }
    registry.make(&end.forget).await?;
    lines.push(format!(
        "{name} is rotated; the files in `old`, in its folder, may be deleted"
    ));
    let body = json!({ "name": name, "finished": true, "steps": lines });
    Ok(Answer::new(lines, body))
}

/// Ends the device's connection and waits until it has a new one. The old certificates are cut off,
/// so that only the new one can have made it. Returns whether it came.
async fn see(registry: &Registry, client: &str, wait_s: u64) -> Result<bool> {
    let before = registry.find_connection(client).await?;
    let before_ms = before.map_or(0, |before| before.since_ms);
    registry.end_connection(client).await?;
    let is_terminal = std::io::stderr().is_terminal();
    let looks = Duration::from_secs(wait_s).as_millis() / LOOK_EVERY.as_millis();
    for look in 0..=looks {
        let now = registry.find_connection(client).await?;
        if now.is_some_and(|now| now.is_connected && now.since_ms > before_ms) {
            return Ok(true);
        }
        if is_terminal && look % 4 == 0 {
            let waited = look / 2;
            let mut text = std::io::stderr();
            let line =
                format!("waiting for {client} with its new certificate: {waited} of {wait_s} s");
            writeln!(text, "{line}").context("show the progress")?;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(false)
}

/// Makes the old certificates active again.
async fn restore(
    registry: &Registry,
    name: &str,
    end: &End,
    error: Option<anyhow::Error>,
    wait_s: u64,
    mut lines: Vec<String>,
) -> Result<Answer> {
    for change in &end.restore {
        let restored = registry.make(change).await;
        if let Err(restoring) = restored {
            bail!(
                "{name} is cut off: {}; run `lockctl rotate {name} --finish` again",
                lock_aws::chain(&restoring)
            );
        }
        lines.push(change.to_string());
    }
    let old = "its old certificate is active again";
    lines.push(match error {
        Some(error) if is_not_offered(&error) => format!(
            "{name} is not rotated: its connection cannot be looked at here ({error:#}); {old}; \
             look whether it reports with its new certificate, and run `lockctl rotate {name} \
             --finish --seen`"
        ),
        Some(error) => {
            let why = format!("its connection is not known: {error:#}");
            not_seen(name, &why, old)
        }
        None => {
            let why = format!("it was not seen with its new certificate within {wait_s} s");
            not_seen(name, &why, old)
        }
    });
    let body = json!({ "name": name, "finished": false, "steps": lines });
    Ok(Answer {
        lines,
        body,
        has_failed: true,
    })
}

fn not_seen(name: &str, why: &str, old: &str) -> String {
    format!(
        "{name} is not rotated: {why}; {old}; bring the new files to the board, and repeat \
         `lockctl rotate {name} --finish`"
    )
}

/// Whether a look at the connection failed because AWS does not offer it here.
fn is_not_offered(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<RegistryError>();
    error.is_some_and(RegistryError::is_not_offered)
}
