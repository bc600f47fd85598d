//! Errors about names that are not registered, with a hint about the likely mistake, for lockctl
//! and for the console.
//!
//! Must not know: the caller.

use anyhow::{Result, anyhow};
use lock_aws::{Cloud, Register};
use lock_core::event::Subject;
use lock_core::name::{ButtonSerial, LockName};

/// The error about a lock that is not registered.
///
/// # Errors
///
/// The register cannot be read.
pub async fn lock(cloud: &Cloud, lock: &LockName) -> Result<anyhow::Error> {
    let register = cloud.store.read_register().await?;
    Ok(anyhow!(lock_text(lock, &register)))
}

/// The error about a button that is not registered.
///
/// # Errors
///
/// The register cannot be read.
pub async fn button(cloud: &Cloud, button: &ButtonSerial) -> Result<anyhow::Error> {
    let register = cloud.store.read_register().await?;
    Ok(anyhow!(button_text(button, &register)))
}

fn lock_text(lock: &LockName, register: &Register) -> String {
    let locks: Vec<&str> = register.locks.iter().map(LockName::as_str).collect();
    let buttons: Vec<&str> = register.buttons.iter().map(ButtonSerial::as_str).collect();
    let called = called(lock.as_str(), register, |known| {
        matches!(known, Subject::Lock(_))
    });
    called.unwrap_or_else(|| text("lock", lock.as_str(), &locks, ("button", &buttons)))
}

fn button_text(button: &ButtonSerial, register: &Register) -> String {
    let locks: Vec<&str> = register.locks.iter().map(LockName::as_str).collect();
    let buttons: Vec<&str> = register.buttons.iter().map(ButtonSerial::as_str).collect();
    let called = called(button.as_str(), register, |known| {
        matches!(known, Subject::Button(_))
    });
    called.unwrap_or_else(|| text("button", button.as_str(), &buttons, ("lock", &locks)))
}

/// The error text about a name that is a label of one lock or button of the wanted kind.
fn called(name: &str, register: &Register, is_kind: fn(&Subject) -> bool) -> Option<String> {
    let found = register.names.find(name).into_iter().filter(is_kind);
    let names: Vec<String> = found.map(|known| known.name().to_owned()).collect();
    (!names.is_empty()).then(|| {
        let names = names.join(", ");
        format!("{name} is a label, and commands take a name: {names}")
    })
}

/// The error text about a `name` that is not one of `names`, the registered names of its `kind`.
/// `other` is the other kind with its names.
fn text(kind: &str, name: &str, names: &[&str], other: (&str, &[&str])) -> String {
    let near = names.iter().find(|known| known.eq_ignore_ascii_case(name));
    let hint = match near {
        _ if other.1.contains(&name) => format!("{name} is a {}", other.0),
        Some(near) => format!("did you mean {near}?"),
        None => format!("`lockctl register {kind} {name}` registers it"),
    };
    format!("no {kind} {name} is registered: {hint}")
}

#[cfg(test)]
mod tests {
    use lock_core::label::{Label, Labels};

    use super::*;

    #[test]
    fn the_error_about_an_unknown_name_suggests_a_known_one() {
        let register = Register {
            locks: vec![LockName::new("lock-1").expect("a name")],
            buttons: vec![ButtonSerial::new("G030JF").expect("a name")],
            ..Register::default()
        };
        for (name, as_lock, as_button) in [
            (
                "Lock-1",
                "no lock Lock-1 is registered: did you mean lock-1?",
                "no button Lock-1 is registered: `lockctl register button Lock-1` registers it",
            ),
            (
                "lock-9",
                "no lock lock-9 is registered: `lockctl register lock lock-9` registers it",
                "no button lock-9 is registered: `lockctl register button lock-9` registers it",
            ),
            (
                "g030jf",
                "no lock g030jf is registered: `lockctl register lock g030jf` registers it",
                "no button g030jf is registered: did you mean G030JF?",
            ),
        ] {
            let lock = LockName::new(name).expect("a name");
            assert_eq!(lock_text(&lock, &register), as_lock);
            let button = ButtonSerial::new(name).expect("a name");
            assert_eq!(button_text(&button, &register), as_button);
        }
        let swapped = LockName::new("G030JF").expect("a name");
        assert_eq!(
            lock_text(&swapped, &register),
            "no lock G030JF is registered: G030JF is a button"
        );
        let swapped = ButtonSerial::new("lock-1").expect("a name");
        assert_eq!(
            button_text(&swapped, &register),
            "no button lock-1 is registered: lock-1 is a lock"
        );
    }

    #[test]
    fn a_label_in_the_place_of_a_name_is_answered_with_the_name() {
        let lock = LockName::new("lock-1").expect("a name");
        let labels = Labels {
            label: Some(Label::new("Garage").expect("a label")),
            room: None,
        };
        let mut register = Register {
            locks: vec![lock.clone()],
            ..Register::default()
        };
        register.names.insert(Subject::Lock(lock), labels);
        let asked = LockName::new("garage").expect("a name");
        assert_eq!(
            lock_text(&asked, &register),
            "garage is a label, and commands take a name: lock-1"
        );
        let asked = ButtonSerial::new("garage").expect("a name");
        assert_eq!(
            button_text(&asked, &register),
            "no button garage is registered: `lockctl register button garage` registers it"
        );
    }
}
