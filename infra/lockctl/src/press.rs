//! `lockctl press`: publishes what a button publishes, and reports the outcome.
//!
//! Must not know: what a press means; the functions decide that.

use anyhow::{Context, Result};
use laptop::view;
use lock_core::action::ClickType;
use lock_core::event::{Event, Kind, Subject};
use lock_core::name::ButtonSerial;
use serde_json::json;

use crate::answer::Answer;
use crate::cli::PressArgs;
use crate::outcome::Watch;
use crate::target::Target;

/// Runs `lockctl press`.
pub async fn run(target: &Target, args: &PressArgs) -> Result<Answer> {
    let (button, click) = (&args.button, ClickType::from(args.click));
    let cloud = &target.cloud;
    let binding = cloud.store.read_binding(button).await?;
    let mut subjects = vec![Subject::Button(button.clone())];
    subjects.extend(binding.and_then(|binding| binding.lock).map(Subject::Lock));
    let mut watch = Watch::start(target).await;
    // The rule gives a press its id and returns nothing: the event of this press is the one that
    // was not there before.
    let before = watch.events(&subjects).await?;
    // Without a sequence, like the AWS IoT Button.
    let message = json!({ "serialNumber": button, "clickType": click });
    let topic = button.press_topic();
    let published = cloud.publisher.publish(topic, &message).await;
    published.with_context(|| format!("press {button}"))?;
    let body = json!({ "button": button, "clickType": click });
    let mut body = view::button(body, &watch.names, button);
    if args.no_wait {
        body["outcome"] = json!("pressed");
        let line = format!("pressed {} {click}", watch.names.button(button));
        return Ok(Answer::new(vec![line], body));
    }
    let find_own = |events: &[Event]| own_event(events, &before, button, click);
    let outcome = Box::pin(watch.outcome(&subjects, find_own)).await?;
    Ok(outcome.answer(&watch, "the press", body))
}

/// The first event about a press of `button` that is new or counts more presses than before:
/// ignored presses of one button for one reason share an event.
fn own_event(
    events: &[Event],
    before: &[Event],
    button: &ButtonSerial,
    click: ClickType,
) -> Option<Event> {
    let is_new = |event: &&Event| {
        let known = before.iter().find(|known| {
            (&known.subject, known.at, &known.key) == (&event.subject, event.at, &event.key)
        });
        match known {
            None => {
                let is_shared = event.count.unwrap_or(1) > 1;
                is_shared || event.click.is_none_or(|clicked| clicked == click)
            }
            Some(known) => (known.count, known.last_at) != (event.count, event.last_at),
        }
    };
    let presses = events
        .iter()
        .filter(|event| event.kind == Kind::Press && event.button.as_ref() == Some(button));
    presses
        .filter(is_new)
        .min_by_key(|event| event.last_at.unwrap_or(event.at))
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

    fn event(at: u64, key: &str, click: ClickType) -> Event {
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
            ..event(at, key, ClickType::Long)
        }
    }

    #[test]
    fn the_event_of_a_press_is_the_one_that_was_not_there_before() {
        let single = |at, key| event(at, key, ClickType::Single);
        let other_button = Event {
            button: Some(ButtonSerial::new("button-2").expect("a name")),
            ..single(9, "z")
        };
        let request = Event {
            kind: Kind::Request,
            ..single(9, "r")
        };
        let before = [single(1, "a"), shared(2, "s", 3, 5)];
        // events afterwards => key of the press's own event
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
                vec![event(8, "l", ClickType::Long), single(9, "c")],
                Some("c"),
            ),
        ] {
            let found = own_event(&after, &before, &button(), ClickType::Single);
            let key = found.as_ref().map(|event| event.key.as_str());
            assert_eq!(key, wanted, "{after:?}");
        }
    }
}
