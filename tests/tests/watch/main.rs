//! `lockctl watch`, `status`, `history` and a question as a person sees them: on a terminal, and
//! against AWS.

mod aws;
mod screen;
mod terminal;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::World;

use crate::screen::Screen;
use crate::terminal::Terminal;

/// How long a step may take. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);

/// Three doors; the name of the first is wider than a small terminal.
async fn house() -> Result<World> {
    let world = World::start_with(&["--memory", "--locks", "3"]).await?;
    for lock in ["lock-1", "lock-2", "lock-3"] {
        world.until_settled(lock, "locked").await?;
    }
    let front = ["label", "lock-1", "Front door of the old house"];
    let front = [&front[..], &["--room", "Hall downstairs"]].concat();
    for arguments in [&front[..], &["label", "lock-2", "Garage"]] {
        let output = world.lockctl(arguments).await?;
        ensure!(output.status.success(), "{output:?}");
    }
    Ok(world)
}

/// The end of the first door's name, which no fold divides.
const NAMES: [&str; 3] = ["(lock-1)", "(lock-2)", "lock-3"];

/// Watches the house on a terminal of this width, through one press, until Ctrl-C.
async fn watch(columns: usize, variables: &[(&str, &str)]) -> Result<Terminal> {
    let world = house().await?;
    let mut terminal = Terminal::start(&world, columns, variables, &["watch"])?;
    terminal
        .until("three locks", |screen| {
            screen.words().matches(" locked, ").count() == 3
        })
        .await?;
    world.press("button-1", "LONG").await?;
    terminal
        .until("the press and the open door", |screen| {
            let text = screen.words();
            let is_renewed = text.contains(" unlocked, acknowledged") || !screen.has_cursor_moves();
            is_renewed && text.contains("LONG: unlock") && text.contains("reports unlocked")
        })
        .await?;
    // The ages go on, several times.
    let before = terminal.screen.erasures;
    terminal
        .until("the ages renewed", |screen| {
            !screen.has_cursor_moves() || screen.erasures > before + 2
        })
        .await?;
    terminal.interrupt().await?;
    Ok(terminal)
}

#[tokio::test]
async fn a_table_is_redrawn_in_place_and_ctrl_c_leaves_the_terminal_as_it_was() -> Result<()> {
    for columns in [80, 40] {
        let terminal = watch(columns, &[]).await?;
        let screen = &terminal.screen;
        let text = screen.text();
        // The blank row separates the events from the table.
        let (events, table) = text.trim_end().rsplit_once("\n\n").context("no table")?;
        assert!(events.starts_with("target: local"), "{text}");
        assert!(
            !events.contains(" locked, "),
            "a table is left behind:\n{text}"
        );
        for name in NAMES {
            assert_eq!(table.matches(name).count(), 1, "{name} in:\n{text}");
        }
        assert!(screen.colours > 0, "no colours:\n{text}");
        assert_eq!(screen.wraps, 0, "a line wider than {columns}:\n{text}");
        assert!(screen.is_fresh(), "cursor, or the rest of ^C:\n{text}");
    }
    Ok(())
}

#[tokio::test]
async fn no_color_leaves_the_table_in_place_without_colours() -> Result<()> {
    let terminal = watch(80, &[("NO_COLOR", "1")]).await?;
    let screen = &terminal.screen;
    assert_eq!(screen.colours, 0);
    assert!(
        screen.has_cursor_moves() && screen.is_fresh(),
        "{}",
        screen.text()
    );
    Ok(())
}

#[tokio::test]
async fn a_dumb_terminal_gets_lines_alone() -> Result<()> {
    let terminal = watch(200, &[("TERM", "dumb")]).await?;
    let screen = &terminal.screen;
    assert_eq!(screen.escapes, 0, "{}", screen.text());
    assert!(screen.is_fresh(), "{}", screen.text());
    Ok(())
}

#[tokio::test]
async fn status_and_history_are_coloured_on_a_terminal_that_allows_it() -> Result<()> {
    let world = house().await?;
    for arguments in [&["status"][..], &["history"], &["history", "lock-1"]] {
        for (variables, has_colours) in [
            (&[][..], true),
            (&[("NO_COLOR", "1")], false),
            (&[("TERM", "dumb")], false),
        ] {
            let terminal = Terminal::start(&world, 120, variables, arguments)?;
            let screen = terminal.end().await?;
            let text = screen.text();
            assert!(text.contains("locked"), "{arguments:?}: {text}");
            assert_eq!(screen.escapes > 0, has_colours, "{arguments:?}: {text}");
            assert_eq!(screen.colours, screen.escapes, "{arguments:?}: {text}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn json_is_never_coloured_nor_broken() -> Result<()> {
    let world = house().await?;
    let arguments = ["watch", "--output", "json"];
    let mut terminal = Terminal::start(&world, 400, &[], &arguments)?;
    terminal
        .until("a line", |screen| screen.text().contains("\"locks\""))
        .await?;
    assert_eq!(terminal.screen.escapes, 0);
    terminal.interrupt().await
}

#[tokio::test]
async fn progress_takes_one_row_however_narrow_the_terminal_is() -> Result<()> {
    let world = World::start_with(&["--memory", "--no-button-devices"]).await?;
    world.until_settled("lock-1", "locked").await?;
    world.power("lock-1", false).await?;
    let arguments = ["unlock", "lock-1"];
    let mut terminal = Terminal::start(&world, 30, &[], &arguments)?;
    let waited_s = |screen: &Screen| {
        let text = screen.text();
        let (_, waited) = text.split_once("outcome: ")?;
        waited.split(' ').next()?.parse::<u64>().ok()
    };
    for least_s in [2, 4] {
        let is_later = |screen: &Screen| waited_s(screen).is_some_and(|s| s >= least_s);
        terminal.until("progress", is_later).await?;
        let text = terminal.screen.text();
        assert_eq!(text.matches("waiting").count(), 1, "{text}");
        assert!(!text.contains("at most"), "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn history_goes_on_in_lines_that_fit_until_ctrl_c() -> Result<()> {
    let world = house().await?;
    let arguments = ["history", "--follow"];
    let mut terminal = Terminal::start(&world, 40, &[], &arguments)?;
    terminal
        .until("the first events", |screen| {
            screen.words().contains("registers")
        })
        .await?;
    world.press("button-1", "LONG").await?;
    terminal
        .until("the press", |screen| {
            screen.words().contains("LONG: unlock")
        })
        .await?;
    terminal.interrupt().await?;
    let screen = &terminal.screen;
    assert_eq!(screen.wraps, 0, "{}", screen.text());
    assert!(screen.colours > 0 && screen.is_fresh(), "{}", screen.text());
    Ok(())
}

#[tokio::test]
async fn a_device_is_retired_only_if_its_name_is_typed() -> Result<()> {
    let world = house().await?;
    let question = "Retire button-1? Type its name:";
    let retire = ["retire", "button-1"];
    let mut terminal = Terminal::start(&world, 200, &[], &retire)?;
    let asks = |screen: &Screen| screen.words().contains(question);
    terminal.until("the question", asks).await?;
    terminal.type_line("yes").await?;
    let answer = "button-1 is not retired: its name was not typed; repeat the command, and type \
                  button-1";
    let is_refused = |screen: &Screen| screen.words().contains(answer);
    terminal.until("the refusal", is_refused).await?;

    let mut terminal = Terminal::start(&world, 200, &[], &retire)?;
    terminal.until("the question again", asks).await?;
    terminal.type_line("button-1").await?;
    let is_done = |screen: &Screen| screen.words().contains("button-1 is retired;");
    terminal.until("the end", is_done).await?;
    Ok(())
}
