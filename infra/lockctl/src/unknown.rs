//! Names that are not registered: an error that says so, and what was perhaps meant. Registers nothing.

use anyhow::{Result, anyhow};
use lock_aws::Register;
use lock_core::name::{ButtonSerial, LockName};

use crate::target::Target;

/// The error about a lock that is not registered.
pub async fn lock(target: &Target, lock: &LockName) -> Result<anyhow::Error> {
    let register = target.cloud().store.read_register().await?;
    Ok(anyhow!(lock_text(lock, &register)))
}

/// The error about a button that is not registered.
pub async fn button(target: &Target, button: &ButtonSerial) -> Result<anyhow::Error> {
    let register = target.cloud().store.read_register().await?;
    Ok(anyhow!(button_text(button, &register)))
}

fn lock_text(lock: &LockName, register: &Register) -> String {
    let is_button = register.buttons.iter().any(|b| b.as_str() == lock.as_str());
    let known = register.locks.iter().map(LockName::as_str);
    let meant = match (is_button, near(lock.as_str(), known)) {
        (true, _) => format!("{lock} is a button"),
        (false, Some(near)) => format!("did you mean {near}?"),
        (false, None) => format!("`lockctl register lock {lock}` registers it"),
    };
    format!("no lock {lock} is registered: {meant}")
}

fn button_text(button: &ButtonSerial, register: &Register) -> String {
    let is_lock = register.locks.iter().any(|l| l.as_str() == button.as_str());
    let known = register.buttons.iter().map(ButtonSerial::as_str);
    let meant = match (is_lock, near(button.as_str(), known)) {
        (true, _) => format!("{button} is a lock"),
        (false, Some(near)) => format!("did you mean {near}?"),
        (false, None) => format!("`lockctl register button {button}` registers it"),
    };
    format!("no button {button} is registered: {meant}")
}

/// A known name that differs in its capitals only.
fn near<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_not_registered_is_said_with_what_was_perhaps_meant() {
        let register = Register {
            locks: vec![LockName::new("lock-1").expect("a name")],
            buttons: vec![ButtonSerial::new("G030JF").expect("a name")],
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
}
