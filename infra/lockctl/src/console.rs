//! `lockctl console`: the page of the doors on loopback, with the operator's credentials, until
//! Ctrl-C.
//!
//! The credentials stay in this process: the page has the token of this start alone.
//!
//! Must not know: what the page shows.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use laptop::remote::{Ask, RemoteConsole, Want, listen};
use laptop::{About, Can, PolledBoard, Read};
use serde_json::json;
use uuid::Uuid;

use crate::advice;
use crate::cli::{Actor, ConsoleArgs, Output, RequestArgs};
use crate::pulse::{Look, Pulse};
use crate::request;
use crate::screen::Screen;
use crate::target::Target;

/// Pause after a failed read. It doubles with each further one.
const RETRY_FIRST: Duration = Duration::from_secs(2);
/// Longest pause after a failed read.
const RETRY_MAX: Duration = Duration::from_secs(60);

/// Runs `lockctl console` until it is dropped.
///
/// # Errors
///
/// The port is taken, or the table cannot be read.
pub async fn run(target: &Target, args: &ConsoleArgs, output: Output) -> Result<()> {
    // Wrong credentials or a wrong stack are an error here, not on a page.
    target.cloud.store.read_register().await?;
    let listener = listen(args.port).await?;
    let address = listener.local_addr().context("find the console's port")?;
    let token = Uuid::new_v4().simple().to_string();
    let about = About {
        can: Can {
            request: args.allow_requests,
            ..Can::default()
        },
        target: Some(target.name.clone()),
    };
    let mut board = PolledBoard::new(target.cloud.clone(), about, advice::sentence);
    let console = RemoteConsole {
        sheet: Arc::clone(board.sheet()),
        cloud: target.cloud.clone(),
        token: token.as_str().into(),
        ask: args.allow_requests.then(|| ask(target, &args.actor)),
    };
    let screen = Screen::new(output);
    let url = format!("http://{address}/#token={token}");
    print(screen, target, args, &url, output)?;
    tokio::select! {
        outcome = console.serve(listener) => outcome,
        () = keep(&mut board, target) => Ok(()),
    }
}

fn print(
    mut screen: Screen,
    target: &Target,
    args: &ConsoleArgs,
    url: &str,
    output: Output,
) -> Result<()> {
    if output == Output::Json {
        let body = json!({
            "target": target.name, "console": url, "allowsRequests": args.allow_requests,
        });
        return screen.print(&[body.to_string()], &[]);
    }
    let rights = if args.allow_requests {
        let actor = &args.actor.name;
        format!("it shows doors and history, and locks and unlocks as {actor}")
    } else {
        "it shows doors and history; --allow-requests lets it lock and unlock".to_owned()
    };
    let lines = [
        screen.title(&target.name),
        format!("open {url}"),
        "only this whole address opens it, as long as this runs: keep it to yourself".to_owned(),
        rights,
        "Ctrl-C ends it".to_owned(),
    ];
    screen.print(&lines, &[])
}

/// What the page's buttons do: what `lockctl lock` and `lockctl unlock` do.
fn ask(target: &Target, actor: &Actor) -> Ask {
    let (target, name) = (target.clone(), actor.name.clone());
    Arc::new(move |lock, want| {
        let target = target.clone();
        let args = RequestArgs {
            lock,
            actor: Actor { name: name.clone() },
            request_id: None,
            no_wait: false,
        };
        Box::pin(async move {
            let asked = match want {
                Want::Lock => request::lock(&target, &args).await,
                Want::Unlock => request::unlock(&target, &args).await,
            };
            let answer = asked.map_err(|error| advice::sentence(&error))?;
            Ok(answer.body)
        })
    })
}

/// Keeps the board up to date while somebody looks. A failed read is repeated, after longer and
/// longer pauses.
async fn keep(board: &mut PolledBoard, target: &Target) {
    loop {
        board.sheet().touched().await;
        let mut pulse = Pulse::start(target.console.as_deref()).await;
        let (mut at, mut failures) = (Look::All, 0);
        while board.sheet().is_seen() {
            let read = match &at {
                Look::All => board.read(None).await,
                Look::At(names) => board.read(Some(names)).await,
            };
            failures = if read == Read::Failed {
                failures + 1
            } else {
                0
            };
            at = tokio::select! {
                () = board.sheet().touched() => Look::All,
                look = next(&mut pulse, read == Read::Changed, failures) => look,
            };
        }
    }
}

async fn next(pulse: &mut Pulse, has_changed: bool, failures: u32) -> Look {
    match failures {
        0 => pulse.wait(has_changed).await,
        _ => {
            tokio::time::sleep(retry_pause(failures)).await;
            Look::All
        }
    }
}

/// The pause after so many failed reads in a row.
fn retry_pause(failures: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
    RETRY_FIRST.saturating_mul(doubled).min(RETRY_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_after_a_failure_doubles_up_to_a_minute() {
        let seconds = [1, 2, 5, 6, 40].map(|failures| retry_pause(failures).as_secs());
        assert_eq!(seconds, [2, 4, 32, 60, 60]);
    }
}
