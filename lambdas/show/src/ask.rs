//! A reader's wish to get the states of some locks once more, as a topic rule delivers it.
//! Must not know: how a state is published.

use lock_core::name::{LockName, NameError};
use serde_json::Value;

/// The names in a wish, as in the topic `remote-lock-ask/lock-1,lock-2`. AWS permits no `,` in a
/// thing's name.
const SEPARATOR: char = ',';

/// The locks that an event asks for; `None` if it is another kind of event. Shape:
/// `{"locks":"lock-1,lock-2","payload":"b25saW5l"}`. The payload, whatever it is, has no meaning.
///
/// # Errors
///
/// The first name that is not one.
pub(crate) fn asked(event: &Value) -> Option<Result<Vec<LockName>, NameError>> {
    let locks = event["locks"].as_str()?;
    Some(locks.split(SEPARATOR).map(LockName::new).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_names_of_a_wish_are_read_and_a_batch_is_not_a_wish() {
        let names = asked(&json!({"locks": "lock-1,lock-2", "payload": "b25saW5l"}));
        let names = names.unwrap().unwrap();
        assert_eq!(
            names.iter().map(LockName::as_str).collect::<Vec<_>>(),
            ["lock-1", "lock-2"]
        );
        assert!(asked(&json!({"locks": "lock-1,"})).unwrap().is_err());
        assert!(asked(&json!({"Records": []})).is_none());
    }
}
