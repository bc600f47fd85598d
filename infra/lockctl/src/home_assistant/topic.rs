//! The topics of a bridge and its doors: in AWS `IoT`, and on the broker in the house.

use lock_core::name::LockName;

use super::choice::Door;

/// Where a door is asked for something: the same topic on both sides. A door that is lock-only has
/// one on which an unlock is refused.
pub fn request(door: &Door) -> String {
    let lock = &door.lock;
    if door.lock_only {
        format!("remote-lock/{lock}/request/lock")
    } else {
        format!("remote-lock/{lock}/request")
    }
}

/// Where a bridge asks AWS `IoT` for the states of its doors.
pub fn cloud_ask(doors: &[Door]) -> String {
    let names: Vec<&str> = doors.iter().map(|door| door.lock.as_str()).collect();
    format!("remote-lock-ask/{}", names.join(","))
}

/// Where the broker in the house says whether its line to AWS `IoT` is up: `1` or `0`.
pub fn line(bridge: &str) -> String {
    format!("remote-lock-bridge/{bridge}")
}

/// Where a client of the house asks for the states of all doors of a bridge.
pub fn ask(bridge: &str) -> String {
    format!("remote-lock-bridge/{bridge}/ask")
}

/// A lock's state on the broker in the house.
pub fn state(lock: &LockName) -> String {
    format!("remote-lock/{lock}/state")
}

/// A lock's events on the broker in the house.
pub fn event(lock: &LockName) -> String {
    format!("remote-lock/{lock}/event")
}

/// The name of a door in Home Assistant, whose ids have no `:`. Two locks never share one.
pub fn object(lock: &LockName) -> String {
    let name = lock.as_str().replace('_', "__").replace(':', "_c");
    format!("remote-lock-{name}")
}

/// Where Home Assistant learns about a door.
pub fn discovery(prefix: &str, lock: &LockName) -> String {
    format!("{prefix}/device/{}/config", object(lock))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_in_home_assistant_differ_and_have_its_characters() {
        let names = ["a:b", "a_cb", "a_b", "a__b", "a-b", "a:_b", "a_:b"];
        let of = |name: &str| object(&LockName::new(name).expect("a name"));
        let objects: BTreeSet<String> = names.into_iter().map(of).collect();
        assert_eq!(objects.len(), names.len(), "{objects:?}");
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        assert!(objects.iter().all(|object| object.chars().all(fits)));
    }
}
