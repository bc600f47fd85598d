//! `lockctl console`: the page of an account's doors, with the operator's credentials, on loopback.

mod console;
mod gate;
mod page;
mod read;

use anyhow::{Context, Result, ensure};
use e2e::World;
use e2e::page::Page;
use e2e::place::{Place, STACK};
use e2e::shell::succeeds;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::console::{Console, DEADLINE};

/// A stack with a settled lock, and somebody's shell for it as for an account.
async fn world() -> Result<World> {
    let world = World::start().await?;
    world.until_settled("lock-1", "locked").await?;
    Ok(world)
}

#[tokio::test]
async fn a_page_shows_the_doors_of_an_account_and_their_history() -> Result<()> {
    let world = world().await?;
    let label = ["label", "lock-1", "Front door", "--room", "Hall"];
    succeeds(&world.lockctl(&label).await?)?;
    let console = Console::start(world.shell()?.command(&["console"])?).await?;
    assert!(console.says("target: stack remote-lock (table remote-lock), account "));
    assert!(console.says("--allow-requests lets it lock and unlock"));
    assert!(console.says("Ctrl-C ends it"));

    let state = console.json("state").await?;
    let can = json!({ "switch": false, "request": false, "trace": false });
    assert_eq!((&state["can"], &state["error"]), (&can, &Value::Null));
    let target = state["target"].as_str().context("no target")?;
    assert!(target.starts_with("stack remote-lock "), "{target}");
    let shown = world.lock("lock-1").await?;
    for field in [
        "thing", "label", "room", "record", "shadow", "history", "error",
    ] {
        assert_eq!(state["locks"][0][field], shown[field], "{field}");
    }
    assert_eq!(state["locks"][0]["device"], Value::Null);
    assert_eq!(state["buttons"][0]["lock"], "lock-1");

    let mut page = Page::open_at(&console.read_url("stream")).await?;
    let (kind, first) = page.next().await?;
    assert_eq!((kind.as_str(), &first["can"]), ("state", &can));
    world.press("button-1", "LONG").await?;
    let fits =
        |change: &Value| change["locks"]["lock-1"]["fields"]["record"]["state"] == "unlocked";
    page.until("change", "of the opened door", fits).await?;

    // An ignored press changes nothing but the history.
    succeeds(&world.lockctl(&["revoke", "button-1"]).await?)?;
    world.press("button-1", "LONG").await?;
    let ignored = |change: &Value| {
        let front = &change["locks"]["lock-1"]["lists"]["history"]["front"];
        let mut lines = front.as_array().into_iter().flatten();
        lines.any(|line| line["reason"] == "revoked" && line["kind"] == "press")
    };
    page.until("change", "with the ignored press", ignored)
        .await?;

    let all = console.json("history?thing=lock-1").await?["events"].clone();
    let shown = world.lock("lock-1").await?["history"].clone();
    let count = |events: &Value| events.as_array().map_or(0, Vec::len);
    ensure!(count(&all) >= 5, "{all:#}");
    assert_eq!(all, shown, "as the laptop's own console shows it");
    let pressed = console
        .json("history?thing=lock-1&who=button-1&why=pressed")
        .await?;
    assert_eq!(count(&pressed["events"]), 1, "{pressed:#}");
    let csv = console.get("history?thing=lock-1&format=csv").await?;
    assert_eq!(
        csv.headers()["content-disposition"],
        "attachment; filename=\"lock-1.csv\""
    );
    let csv = csv.text().await?;
    assert_eq!(csv.lines().count(), count(&all) + 1, "{csv}");
    console.end().await
}

#[tokio::test]
async fn another_door_is_shown_once_it_is_registered() -> Result<()> {
    let world = world().await?;
    let console = Console::start(world.shell()?.command(&["console"])?).await?;
    let mut page = Page::open_at(&console.read_url("stream")).await?;
    page.next().await?;
    let register = ["register", "lock", "lock-2", "--record-only"];
    succeeds(&world.lockctl(&register).await?)?;
    let has_two = |state: &Value| state["locks"][1]["thing"] == "lock-2";
    page.until("state", "with two locks", has_two).await?;
    succeeds(&world.lockctl(&["forget", "lock-2", "--gone"]).await?)?;
    let has_one = |state: &Value| state["locks"].as_array().is_some_and(|all| all.len() == 1);
    page.until("state", "with one lock", has_one).await?;
    console.end().await
}

#[tokio::test]
async fn a_page_that_may_ask_unlocks_and_the_history_says_who() -> Result<()> {
    let world = world().await?;
    let arguments = ["console", "--allow-requests", "--actor", "carol"];
    let console = Console::start(world.shell()?.command(&arguments)?).await?;
    assert!(console.says("locks and unlocks as carol"));
    assert_eq!(console.json("state").await?["can"]["request"], true);
    let (status, body) = console.ask("lock-1", &json!({ "want": "unlock" })).await?;
    assert_eq!(
        (status, &body["outcome"]),
        (200, &json!("settled")),
        "{body}"
    );
    assert_eq!(body["record"]["state"], "unlocked", "{body}");
    let text = body["text"].as_str().context("no text")?;
    assert!(text.starts_with("carol requests unlock: unlock "), "{text}");
    assert!(text.contains("lock-1 is unlocked after "), "{text}");
    world.until_settled("lock-1", "unlocked").await?;
    let question = "history?thing=lock-1&who=carol&why=requested";
    let history = console.json(question).await?;
    let asked = &history["events"][0];
    assert_eq!(
        (&asked["kind"], &asked["actor"]),
        (&json!("request"), &json!("carol"))
    );
    let (status, body) = console.ask("lock-1", &json!({ "want": "lock" })).await?;
    assert_eq!(
        (status, &body["record"]["state"]),
        (200, &json!("locked")),
        "{body}"
    );
    world.until_settled("lock-1", "locked").await?;

    for (lock, body, status, words) in [
        (
            "lock-9",
            json!({ "want": "unlock" }),
            404,
            "no lock lock-9 is registered",
        ),
        (
            "%23",
            json!({ "want": "unlock" }),
            404,
            "nothing is called \"#\"",
        ),
        (
            "lock-1",
            json!({ "want": "toggle" }),
            422,
            "unknown variant `toggle`",
        ),
        ("lock-1", json!({}), 422, "missing field `want`"),
        (
            "lock-1",
            json!({ "want": "lock", "actor": "eve" }),
            422,
            "unknown field `actor`",
        ),
    ] {
        let (found, answer) = console.ask(lock, &body).await?;
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(
            found == status && error.contains(words),
            "{body}: {found} {answer}"
        );
    }
    let newest = world.lock("lock-1").await?["history"][0].clone();
    assert_eq!(
        newest["decision"], "settled",
        "nothing more was asked: {newest}"
    );
    console.end().await
}

#[tokio::test]
async fn a_page_that_only_shows_refuses_a_request_and_has_nothing_of_a_laptop() -> Result<()> {
    let world = world().await?;
    let console = Console::start(world.shell()?.command(&["console"])?).await?;
    for body in [
        json!({ "want": "unlock" }),
        json!({ "want": "lock" }),
        json!(7),
    ] {
        let (status, answer) = console.ask("lock-1", &body).await?;
        let error = answer["error"].as_str().unwrap_or_default();
        assert_eq!(status, 403, "{answer}");
        assert!(
            error.contains("start `lockctl console --allow-requests`"),
            "{error}"
        );
    }
    for path in ["metrics", "ways", "messages", "nowhere"] {
        assert_eq!(console.get(path).await?.status().as_u16(), 404, "{path}");
    }
    for path in [
        "devices/button-1/press",
        "devices/lock-1/power",
        "devices/lock-1/door",
        "buttons/button-1/revoke",
        "buttons/button-1/restore",
        "faults",
    ] {
        let (status, answer) = console.post(path, &json!({})).await?;
        let error = answer["error"].as_str().unwrap_or_default();
        assert_eq!(status, 404, "{path}: {answer}");
        assert_eq!(error, format!("this console has no /api/{path}"));
    }
    let lock = world.lock("lock-1").await?;
    assert_eq!(lock["record"]["state"], "locked");
    assert_eq!(lock["device"]["powered"], true);
    console.end().await
}

#[tokio::test]
async fn a_running_laptop_stack_is_shown_as_an_account_is() -> Result<()> {
    let world = world().await?;
    let ready = world.ready_file();
    let ready = ready.to_str().context("the path is not UTF-8")?;
    let mut command = world
        .shell()?
        .command(&["console", "--ready-file", ready])?;
    for variable in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        command.env_remove(variable);
    }
    let console = Console::start(command).await?;
    assert!(console.says("target: local (http://127.0.0.1:"));
    let mut page = Page::open_at(&console.read_url("stream")).await?;
    let (_, first) = page.next().await?;
    assert_eq!(first["locks"][0]["record"]["state"], "locked", "{first}");
    world.press("button-1", "LONG").await?;
    let fits =
        |change: &Value| change["locks"]["lock-1"]["fields"]["record"]["state"] == "unlocked";
    page.until("change", "of the opened door", fits).await?;
    console.end().await
}

#[tokio::test]
async fn a_taken_port_a_wrong_stack_and_wrong_keys_end_the_start() -> Result<()> {
    let world = world().await?;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").context("take a port")?;
    let port = taken.local_addr()?.port().to_string();
    let shell = world.shell()?;
    let of_nobody = shell.clone().with("AWS_SECRET_ACCESS_KEY", "wrong");
    let begin = format!("lockctl: listen on port {port} for the console: Address already in use");
    for (shell, arguments, begin, end) in [
        (
            &shell,
            &["console", "--port", &port][..],
            begin.as_str(),
            "; choose another with --port, or leave it out for a free one",
        ),
        (
            &shell,
            &["console", "--stack", "elsewhere"],
            "lockctl: describe table elsewhere: ResourceNotFoundException: ",
            "is --stack the name of your stack, and AWS_REGION its region?",
        ),
        (
            &of_nobody,
            &["console"],
            "lockctl: describe table remote-lock: InvalidSignatureException: ",
            "log in again, or ask for permission",
        ),
    ] {
        let output = tokio::time::timeout(DEADLINE, shell.lockctl(arguments)).await;
        let output = output.with_context(|| format!("{arguments:?} goes on"))??;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.code() == Some(1), "{arguments:?}: {errors}");
        ensure!(output.stdout.is_empty(), "{arguments:?}: {output:?}");
        ensure!(errors.lines().count() == 1, "{errors}");
        ensure!(errors.starts_with(begin), "{errors}");
        ensure!(errors.trim().ends_with(end), "{errors}");
    }
    Ok(())
}

#[tokio::test]
async fn a_script_gets_the_address_as_json() -> Result<()> {
    let world = world().await?;
    let arguments = ["console", "--allow-requests", "--output", "json"];
    let mut child = world.shell()?.command(&arguments)?.spawn()?;
    let output = child.stdout.take().context("no standard output")?;
    let mut lines = BufReader::new(output).lines();
    let line = tokio::time::timeout(DEADLINE, lines.next_line()).await;
    let line = line.context("no line")??.context("it has ended")?;
    let shown: Value = serde_json::from_str(&line)?;
    let address = shown["console"].as_str().context("no address")?;
    let (origin, token) = address.split_once("/#token=").context("no token")?;
    let answer = reqwest::get(format!("{origin}/api/state?token={token}")).await?;
    let state: Value = answer.error_for_status()?.json().await?;
    assert_eq!(state["target"], shown["target"]);
    assert_eq!(
        (&state["can"]["request"], &shown["allowsRequests"]),
        (&json!(true), &json!(true))
    );
    child.kill().await.context("end it")
}

#[tokio::test]
async fn the_policy_of_a_viewer_is_enough_to_look_and_not_to_ask() -> Result<()> {
    let place = Place::start().await?;
    let owner = place.person("OwnerPolicy")?;
    for arguments in [
        &["register", "lock", "lock-1", "--record-only"][..],
        &["register", "button", "button-1", "--record-only"],
        &["bind", "button-1", "lock-1"],
    ] {
        succeeds(&place.lockctl(&owner, arguments).await?)?;
    }
    let shell = place.shell(&place.person("ViewerPolicy")?);
    let arguments = ["console", "--allow-requests", "--stack", STACK];
    let console = Console::start(shell.command(&arguments)?).await?;
    let state = console.json("state").await?;
    assert_eq!(state["error"], Value::Null);
    assert_eq!(state["locks"][0]["thing"], "lock-1", "{state:#}");
    assert_eq!(state["locks"][0]["error"], Value::Null);
    assert_eq!(state["buttons"][0]["lock"], "lock-1");
    let history = console.json("history?thing=lock-1").await?;
    assert_eq!(history["events"][0]["kind"], "bind", "{history:#}");
    let (status, answer) = console.ask("lock-1", &json!({ "want": "unlock" })).await?;
    let error = answer["error"].as_str().unwrap_or_default();
    assert_eq!(status, 502, "{answer}");
    assert!(
        error.starts_with("ask lock-1 to unlock: publish to "),
        "{error}"
    );
    assert!(
        error.ends_with("; log in again, or ask for permission"),
        "{error}"
    );
    console.end().await?;
    place.cloud.shutdown().await;
    Ok(())
}
