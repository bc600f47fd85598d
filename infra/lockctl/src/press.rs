//! `lockctl press`: publishes what a button would publish, and says what came of it. The functions decide.

use anyhow::{Context, Result};
use lock_core::action::ClickType;
use lock_core::event::{Event, Kind, Subject};
use lock_core::name::ButtonSerial;
use serde_json::json;

use crate::answer::Answer;
use crate::cli::PressArgs;
use crate::outcome::{Watch, with_outcome};
use crate::target::Target;

/// Answers `press`.
pub async fn run(target: &Target, args: &PressArgs) -> Result<Answer> {
    let (button, click) = (&args.button, ClickType::from(args.click));
    let cloud = target.cloud();
    let binding = cloud.store.read_binding(button).await?;
    let mut subjects = vec![Subject::Button(button.clone())];
    subjects.extend(binding.and_then(|binding| binding.lock).map(Subject::Lock));
    let mut watch = Watch::start(target).await;
    // The rule gives a press its id, and does not answer it: the line of this press is the one that was not there before.
    let before = watch.lines(&subjects).await?;
    // It counts nothing, as the AWS IoT Button does not.
    let message = json!({ "serialNumber": button, "clickType": click });
    let topic = button.press_topic();
    let published = cloud.publisher.publish(topic, &message).await;
    published.with_context(|| format!("press {button}"))?;
    let mut body = json!({ "button": button, "clickType": click });
    if args.no_wait {
        body["outcome"] = json!("pressed");
        return Ok(Answer {
            target: target.name().to_owned(),
            lines: vec![format!("pressed {button} {click}")],
            body,
            is_no: false,
        });
    }
    let own = |lines: &[Event]| own(lines, &before, button, click);
    let outcome = watch.outcome(&subjects, own).await?;
    let summary = outcome.summary(&watch, "the press");
    Ok(Answer {
        target: target.name().to_owned(),
        body: with_outcome(body, &summary),
        lines: summary.lines,
        is_no: summary.is_no,
    })
}

/// The first line about a press of `button` that was not there before, or that counts more than before: ignored presses of
/// one button for one reason share a line.
fn own(
    lines: &[Event],
    before: &[Event],
    button: &ButtonSerial,
    click: ClickType,
) -> Option<Event> {
    let is_new = |line: &&Event| {
        let known = before.iter().find(|known| {
            (&known.subject, known.at, &known.key) == (&line.subject, line.at, &line.key)
        });
        match known {
            None => {
                let of_many = line.count.unwrap_or(1) > 1;
                of_many || line.click.is_none_or(|clicked| clicked == click)
            }
            Some(known) => (known.count, known.last_at) != (line.count, line.last_at),
        }
    };
    let pressed = lines
        .iter()
        .filter(|line| line.kind == Kind::Press && line.button.as_ref() == Some(button));
    pressed
        .filter(is_new)
        .min_by_key(|line| line.last_at.unwrap_or(line.at))
        .cloned()
}

#[cfg(test)]
mod tests {
    use lock_core::limits::Limits;
    use lock_core::name::LockName;
    use lock_core::reason::{Reason, Verdict};
    use lock_core::time::UnixMillis;

    use super::*;

    fn button() -> ButtonSerial {
        ButtonSerial::new("button-1").expect("a name")
    }

    fn line(at: u64, key: &str, click: ClickType) -> Event {
        let subject = Subject::Lock(LockName::new("lock-1").expect("a name"));
        let limits = Limits::default();
        Event {
            button: Some(button()),
            click: Some(click),
            ..Event::new(
                subject,
                Kind::Press,
                UnixMillis(at),
                key.to_owned(),
                &limits,
            )
        }
        .with_decision(Verdict::Ignored, Reason::STALE)
    }

    fn shared(at: u64, key: &str, count: u32, last_at: u64) -> Event {
        Event {
            count: Some(count),
            last_at: Some(UnixMillis(last_at)),
            ..line(at, key, ClickType::Long)
        }
    }

    #[test]
    fn the_presss_own_line_is_the_one_that_was_not_there_before() {
        let single = |at, key| line(at, key, ClickType::Single);
        let other_button = Event {
            button: Some(ButtonSerial::new("button-2").expect("a name")),
            ..single(9, "z")
        };
        let request = Event {
            kind: Kind::Request,
            ..single(9, "r")
        };
        let before = [single(1, "a"), shared(2, "s", 3, 5)];
        // lines afterwards => key of the press's own
        for (after, wanted) in [
            (vec![single(1, "a"), shared(2, "s", 3, 5)], None),
            (
                vec![single(8, "b"), single(1, "a"), shared(2, "s", 3, 5)],
                Some("b"),
            ),
            (vec![single(1, "a"), shared(2, "s", 4, 8)], Some("s")),
            (
                vec![shared(7, "t", 2, 8), single(1, "a"), shared(2, "s", 3, 5)],
                Some("t"),
            ),
            (
                vec![shared(7, "t", 1, 7), single(1, "a"), shared(2, "s", 3, 5)],
                None,
            ),
            (vec![other_button, request, single(1, "a")], None),
            (vec![single(9, "c"), single(8, "b")], Some("b")),
            (
                vec![line(8, "l", ClickType::Long), single(9, "c")],
                Some("c"),
            ),
        ] {
            let found = own(&after, &before, &button(), ClickType::Single);
            let key = found.as_ref().map(|line| line.key.as_str());
            assert_eq!(key, wanted, "{after:?}");
        }
    }
}
