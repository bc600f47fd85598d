//! What a process remembers between two messages: bindings, and predictions of records.
//! Must not know: how a message is decided.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lock_core::binding::Binding;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::predict::{Prediction, predict_from_binding};
use lock_core::record::Record;

/// Maximum number of bindings, and of predictions, that a process keeps.
const KEPT_MAX: usize = 1_024;

/// Bindings and predictions. Old ones are safe: every commit checks what it depends on (C3).
#[derive(Debug, Default)]
pub struct Memory {
    bindings: Mutex<HashMap<ButtonSerial, Binding>>,
    predictions: Mutex<HashMap<LockName, Prediction>>,
}

impl Memory {
    /// The binding of a button as last read or committed.
    pub fn binding(&self, button: &ButtonSerial) -> Option<Binding> {
        open(&self.bindings).get(button).cloned()
    }

    /// Keeps a binding as read or committed; `None` if the button is not registered.
    pub fn keep_binding(&self, button: &ButtonSerial, binding: Option<&Binding>) {
        keep(&self.bindings, button, binding.cloned());
    }

    /// The record of a lock as predicted: from what this process has seen of it, else from the note
    /// of the button's last press.
    pub fn predict(&self, lock: &LockName, binding: Option<&Binding>) -> Option<Record> {
        match open(&self.predictions).get(lock) {
            Some(prediction) => prediction.predict(),
            None => binding.and_then(predict_from_binding),
        }
    }

    /// Keeps a record as read, found or committed; `None` if the lock is not registered.
    pub fn keep_record(&self, lock: &LockName, record: Option<&Record>) {
        let Some(record) = record.cloned() else {
            return keep(&self.predictions, lock, None);
        };
        let known = open(&self.predictions).remove(lock);
        let prediction = match known {
            Some(mut known) => {
                known.note(record);
                known
            }
            None => Prediction::of(record),
        };
        keep(&self.predictions, lock, Some(prediction));
    }
}

/// Keeps or forgets a value. A full map is emptied.
fn keep<K: Hash + Eq + Clone, V>(map: &Mutex<HashMap<K, V>>, key: &K, value: Option<V>) {
    let mut map = open(map);
    map.remove(key);
    let Some(value) = value else { return };
    if map.len() >= KEPT_MAX {
        map.clear();
    }
    map.insert(key.clone(), value);
}

/// Ignores poison: a panic elsewhere leaves at worst an old value, which is safe.
fn open<K, V>(map: &Mutex<HashMap<K, V>>) -> MutexGuard<'_, HashMap<K, V>> {
    map.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use lock_core::time::UnixMillis;

    use super::*;

    #[test]
    fn a_full_memory_starts_over() {
        let memory = Memory::default();
        let button = |n: usize| ButtonSerial::new(format!("button-{n}")).expect("a name");
        for n in 0..=KEPT_MAX {
            let binding = Binding::new(button(n), 1);
            memory.keep_binding(&button(n), Some(&binding));
        }
        assert!(memory.binding(&button(0)).is_none());
        assert!(memory.binding(&button(KEPT_MAX)).is_some());
        assert_eq!(open(&memory.bindings).len(), 1);
    }

    #[test]
    fn what_is_not_registered_is_forgotten() {
        let memory = Memory::default();
        let lock = LockName::new("lock-1").expect("a name");
        memory.keep_record(&lock, Some(&Record::created(lock.clone(), UnixMillis(1))));
        assert_eq!(open(&memory.predictions).len(), 1);
        memory.keep_record(&lock, None);
        assert_eq!(open(&memory.predictions).len(), 0);
    }
}
