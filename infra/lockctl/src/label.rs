//! `lockctl label`: what people call a lock or a button. No decision depends on it.

use anyhow::{Context, Result, bail};
use laptop::view;
use lock_core::event::Subject;
use lock_core::label::{LabelWish, Labels, Names};
use lock_core::name::{ButtonSerial, LockName};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::cli::LabelArgs;
use crate::target::{Operator, Target};

/// Runs `lockctl label`. A board that is lock and button under one name gets the label as both.
pub async fn run(target: &Target, args: &LabelArgs) -> Result<Answer> {
    let (name, store) = (&args.name, &target.cloud.store);
    let register = store.read_register().await?;
    let wish = LabelWish {
        label: args.text.clone(),
        room: args.room.clone(),
        clear: args.clear,
    };
    let mut subjects = Vec::new();
    if register.locks.contains(name) {
        subjects.push(Subject::Lock(name.clone()));
    } else if wish.room.is_some() {
        bail!(
            "{name} is not a registered lock: only a lock has a room; `lockctl status` shows all"
        );
    }
    let button = ButtonSerial::new(name.as_str()).expect("one rule holds for both names");
    if register.buttons.contains(&button) {
        subjects.push(Subject::Button(button));
    }
    if subjects.is_empty() {
        bail!(
            "no lock or button {name} is registered: `lockctl status` and `lockctl bindings` show \
             all names"
        );
    }
    let mut names = register.names;
    for subject in &subjects {
        let labels = change(target, subject, &wish).await?;
        names.insert(subject.clone(), labels);
    }
    Ok(labelled_answer(name, &subjects, &names))
}

async fn change(target: &Target, subject: &Subject, wish: &LabelWish) -> Result<Labels> {
    let wish = LabelWish {
        room: match subject {
            Subject::Lock(_) => wish.room.clone(),
            Subject::Button(_) => None,
        },
        ..wish.clone()
    };
    let name = subject.name();
    let labels = target.cloud.store.set_label(subject, &wish).await;
    labels
        .with_context(|| format!("label {name}"))?
        .with_context(|| format!("{name} was forgotten in the meantime: nothing changed"))
}

/// Labels what was just registered. Its labels are in `by.names` afterwards, and in the returned
/// line. Does nothing if no label was given.
pub async fn apply(
    by: &mut Operator<'_>,
    subject: Subject,
    wish: &LabelWish,
) -> Result<Option<String>> {
    if wish.is_empty() {
        return Ok(None);
    }
    let name = subject.name();
    let labels = by.cloud.store.set_label(&subject, wish).await;
    let labels = labels
        .with_context(|| format!("label {name}"))?
        .with_context(|| format!("{name} was forgotten in the meantime: it has no label"))?;
    by.names.insert(subject.clone(), labels);
    Ok(Some(shown_line(&subject, &by.names)))
}

/// The answer about `name`, with its labels among `names`.
pub fn labelled_answer(name: &LockName, subjects: &[Subject], names: &Names) -> Answer {
    let mut lines: Vec<String> = Vec::new();
    let mut body = json!({ "name": name });
    for subject in subjects {
        lines.push(shown_line(subject, names));
        lines.extend(same_line(subject, names));
        body = add_labels(body, subject, names);
    }
    lines.dedup();
    Answer::new(lines, body)
}

fn add_labels(body: Value, subject: &Subject, names: &Names) -> Value {
    match subject {
        Subject::Lock(lock) => view::lock(body, names, lock),
        Subject::Button(button) => view::button(body, names, button),
    }
}

/// `lock-1 is shown as Front door, Hall (lock-1)`.
fn shown_line(subject: &Subject, names: &Names) -> String {
    let (name, title) = (subject.name(), names.subject(subject));
    if name == title {
        return format!("{name} has no label: it is shown by its name alone");
    }
    format!("{name} is shown as {title}")
}

/// A hint at other locks or buttons of the same kind with the same label.
fn same_line(subject: &Subject, names: &Names) -> Option<String> {
    let labels = match subject {
        Subject::Lock(lock) => names.of_lock(lock),
        Subject::Button(button) => names.of_button(button),
    };
    let label = labels.label.as_ref()?;
    let is_other = |other: &Subject| {
        let is_lock = |subject: &Subject| matches!(subject, Subject::Lock(_));
        is_lock(other) == is_lock(subject) && other != subject
    };
    let same = names.find(label.as_str()).into_iter().filter(is_other);
    let same: Vec<String> = same.map(|other| other.name().to_owned()).collect();
    (!same.is_empty()).then(|| format!("the same label is in use for {}", same.join(", ")))
}

#[cfg(test)]
mod tests {
    use lock_core::label::Label;

    use super::*;

    fn label(text: &str) -> Label {
        Label::new(text).expect("a label")
    }

    fn lock(name: &str) -> Subject {
        Subject::Lock(LockName::new(name).expect("a name"))
    }

    #[test]
    fn the_answer_shows_the_name_as_others_will_see_it() {
        let name = LockName::new("lock-1").expect("a name");
        let mut names = Names::default();
        let answer = labelled_answer(&name, &[lock("lock-1")], &names);
        let wanted = ["lock-1 has no label: it is shown by its name alone"];
        assert_eq!(answer.lines, wanted);
        assert_eq!(
            answer.body,
            json!({ "name": "lock-1", "label": null, "room": null })
        );

        let front = Labels {
            label: Some(label("Front door")),
            room: Some(label("Hall")),
        };
        names.insert(lock("lock-1"), front.clone());
        names.insert(lock("lock-2"), front);
        let answer = labelled_answer(&name, &[lock("lock-1")], &names);
        let wanted = [
            "lock-1 is shown as Front door, Hall (lock-1)",
            "the same label is in use for lock-2",
        ];
        assert_eq!(answer.lines, wanted);
        assert_eq!(
            answer.body,
            json!({ "name": "lock-1", "label": "Front door", "room": "Hall" })
        );
    }

    #[test]
    fn a_board_that_is_lock_and_button_is_shown_as_both() {
        let name = LockName::new("x").expect("a name");
        let button = Subject::Button(ButtonSerial::new("x").expect("a name"));
        let mut names = Names::default();
        for (subject, room) in [(lock("x"), Some(label("Hall"))), (button.clone(), None)] {
            let labels = Labels {
                label: Some(label("Gate")),
                room,
            };
            names.insert(subject, labels);
        }
        let answer = labelled_answer(&name, &[lock("x"), button], &names);
        assert_eq!(
            answer.lines,
            ["x is shown as Gate, Hall (x)", "x is shown as Gate (x)",]
        );
        assert_eq!(answer.body["room"], "Hall");
    }
}
